# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Text for messages and for the log of a pipeline. Pure: the standard library only."""

from __future__ import annotations

import difflib
import re
import reprlib
from typing import Any, Iterable, Sequence

_LONGEST_LINE = 400
_LONGEST_NAME = 64
# GitHub, Azure and TeamCity read commands from a log: ::error::, ##[error], ##vso[...], ##teamcity[...].
_COMMAND = re.compile(r"#(?=#)|:(?=:)")
_COMMAND_WITHIN_A_LINE = re.compile(r"#(?=#)")


def printable(text: str, replacement: str = "?") -> str:
    """Replace the characters that could forge a line or a header, or turn the direction of text.

    Args:
        text: The text, which users or the service may have written.
        replacement: The text in place of each character that cannot be printed.

    Returns:
        The text on one line, without controls, lone surrogates and marks of direction.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else replacement for character in text)


def shortened(text: str, longest: int) -> str:
    """Cut text that is long.

    Args:
        text: The text.
        longest: How many characters it may have.

    Returns:
        The text, or its beginning followed by ``...``.
    """
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def join_sentences(*sentences: str) -> str:
    """Join sentences, each of which may lack its final full stop.

    Args:
        sentences: The sentences, at least one.

    Returns:
        The text. Its last sentence ends as it is given.
    """
    text = sentences[0]
    for sentence in sentences[1:]:
        text += f" {sentence}" if text.endswith((".", "?", "!")) else f". {sentence}"
    return text


def log_part(text: str) -> str:
    """Make a part of a line for a log, whatever users wrote into it.

    Args:
        text: The text.

    Returns:
        Printable text with a space inside ``##``. A command with ``::`` only works at the beginning of a line, and ARNs
        contain ``::``.
    """
    return _COMMAND_WITHIN_A_LINE.sub("# ", printable(text))


def without_commands(text: str) -> str:
    """Break up the commands of pipelines in text for a log.

    Args:
        text: The text.

    Returns:
        The text with a space inside ``##`` and ``::``.
    """
    return _COMMAND.sub(lambda match: f"{match[0]} ", text)


def log_line(text: str) -> str:
    """Make a line for a log, whatever users wrote into it.

    Args:
        text: The text.

    Returns:
        One line of printable characters without a command of a pipeline, cut if it is long.
    """
    return without_commands(printable(shortened(text, _LONGEST_LINE)))


class _Short(reprlib.Repr):
    """Bounded representations, also of subclasses (Ansible tags its values with them) and of nested aliases."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 120
        self.maxlevel = 3

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, str):
            return self.repr_str(str(x), level)
        if isinstance(x, dict):
            return self.repr_dict(x, level)
        if isinstance(x, list):
            return self.repr_list(x, level)
        if isinstance(x, int) and not isinstance(x, bool):
            return self.repr_int(x, level)
        return super().repr1(x, level)

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write integers of thousands of digits.
        return super().repr_int(x, level) if x.bit_length() <= 1_000 else f"an integer of {x.bit_length()} bits"


_short = _Short()


def quoted(value: object) -> str:
    """Write a value for the text of an error, shortened if it is long.

    Args:
        value: The value, of any type.

    Returns:
        The representation of the value in Python.
    """
    return _short.repr(value)


def named(name: object) -> str:
    """Write the key of a mapping for a path, shortened if it is long and quoted if it is not a printable name.

    Args:
        name: The key, of any type.

    Returns:
        The key itself, or its representation in Python.
    """
    if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable():
        return str(name)
    return quoted(name)


def nearest(name: object, known: Iterable[str]) -> str:
    """Suggest the known name that was probably meant.

    Args:
        name: The unknown name, of any type.
        known: The known names.

    Returns:
        ``, did you mean NAME?`` for the nearest of the known names, or an empty string if none is near.
    """
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    near = difflib.get_close_matches(name, list(known), 1)
    return f", did you mean {near[0]}?" if near else ""


def expected(name: object, known: Sequence[str]) -> str:
    """List the allowed names, after a suggestion if one of them is near.

    Args:
        name: The name that is not allowed.
        known: The allowed names.

    Returns:
        The end of a sentence about the name.
    """
    near = nearest(name, known)
    return f"{near}{' Expected' if near else ', expected'} {', '.join(known)}"
