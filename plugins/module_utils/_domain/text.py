# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Text for messages and for the log of a CI pipeline. Pure: the standard library only."""

from __future__ import annotations

import difflib
import re
import reprlib
from typing import Any, Iterable, Sequence

_LONGEST_LINE = 400
_LONGEST_NAME = 64
# GitHub, Azure and TeamCity run commands that occur in a log: ::error::, ##[error], ##vso[...], ##teamcity[...].
_COMMAND = re.compile(r"#(?=#)|:(?=:)")
_COMMAND_WITHIN_A_LINE = re.compile(r"#(?=#)")


def printable(text: str, replacement: str = "?") -> str:
    """Replace the characters that could add a line or a header, or reverse the direction of writing.

    Args:
        text: The text, which can come from users or the service.
        replacement: The replacement of each character that is not printable.

    Returns:
        The text on one line, without control characters, lone surrogates and direction marks.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else replacement for character in text)


def shortened(text: str, longest: int) -> str:
    """Shorten text to a maximum length.

    Args:
        text: The text.
        longest: The maximum number of characters.

    Returns:
        The text, or its beginning followed by ``...``.
    """
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def join_sentences(*sentences: str) -> str:
    """Join sentences, and add the full stops that are missing between them.

    Args:
        sentences: The sentences, at least one.

    Returns:
        The text. No full stop is added to the last sentence.
    """
    text = sentences[0]
    for sentence in sentences[1:]:
        text += f" {sentence}" if text.endswith((".", "?", "!")) else f". {sentence}"
    return text


def log_part(text: str) -> str:
    """Make text safe to be part of a line in a log.

    Args:
        text: The text.

    Returns:
        Printable text with a space inside ``##``. ``::`` is not changed: it starts a command only at the beginning of a
        line, and it is part of many ARNs.
    """
    return _COMMAND_WITHIN_A_LINE.sub("# ", printable(text))


def without_commands(text: str) -> str:
    """Make the commands of CI pipelines in a text ineffective.

    Args:
        text: The text.

    Returns:
        The text with a space inside ``##`` and ``::``.
    """
    return _COMMAND.sub(lambda match: f"{match[0]} ", text)


def log_line(text: str) -> str:
    """Make text safe to be a line in a log.

    Args:
        text: The text.

    Returns:
        One line of printable characters without commands of CI pipelines, shortened if it is too long.
    """
    return without_commands(printable(shortened(text, _LONGEST_LINE)))


class _Short(reprlib.Repr):
    """Representations with a limited length.

    Unlike ``reprlib.Repr``, it also limits subclasses of ``str``, ``dict``, ``list`` and ``int``, which Ansible uses to
    tag values.
    """

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
        # Python refuses to convert an integer with thousands of digits to text.
        return super().repr_int(x, level) if x.bit_length() <= 1_000 else f"an integer of {x.bit_length()} bits"


_short = _Short()


def quoted(value: object) -> str:
    """Format a value for an error message, shortened if it is too long.

    Args:
        value: The value, of any type.

    Returns:
        The Python representation of the value.
    """
    return _short.repr(value)


def named(name: object) -> str:
    """Format the key of a mapping as part of a path. A long or unprintable key is quoted.

    Args:
        name: The key, of any type.

    Returns:
        The key, or its shortened Python representation.
    """
    if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable():
        return str(name)
    return quoted(name)


def nearest(name: object, known: Iterable[str]) -> str:
    """Suggest the known name that is most similar to an unknown name.

    Args:
        name: The unknown name, of any type.
        known: The known names.

    Returns:
        ``, did you mean NAME?``, or an empty string if no known name is similar.
    """
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    near = difflib.get_close_matches(name, list(known), 1)
    return f", did you mean {near[0]}?" if near else ""


def expected(name: object, known: Sequence[str]) -> str:
    """List the allowed names, after a suggestion if one of them is similar.

    Args:
        name: The name that is not allowed.
        known: The allowed names.

    Returns:
        Text that completes a sentence such as ``unknown option``.
    """
    near = nearest(name, known)
    return f"{near}{' Expected' if near else ', expected'} {', '.join(known)}"
