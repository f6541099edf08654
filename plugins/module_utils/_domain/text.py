# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Text for the log of a pipeline. Pure: the standard library only."""

from __future__ import annotations

import re

_LONGEST_LINE = 400
# GitHub, Azure and TeamCity read commands from a log: ::error::, ##[error], ##vso[...], ##teamcity[...].
_COMMAND = re.compile(r"#(?=#)|:(?=:)")
_COMMAND_WITHIN_A_LINE = re.compile(r"#(?=#)")


def printable(text: str) -> str:
    """Make text for a place within a line of a log.

    Args:
        text: The text, which users or the service may have written.

    Returns:
        The text with a question mark for each character that cannot be printed, and with a space inside ``##``. A
        command with ``::`` only works at the beginning of a line, and ARNs contain ``::``.
    """
    text = "".join(character if character.isprintable() else "?" for character in text)
    return _COMMAND_WITHIN_A_LINE.sub("# ", text)


def without_commands(text: str) -> str:
    """Break up whatever a pipeline could read as a command in its log.

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
    text = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}..."
    return without_commands(printable(text))
