# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Notices as files and as lines of a log, for the module ``workmail_pat_notices``."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..module_utils._domain.errors import OptionError, PatrolError
from ..module_utils._domain.text import log_line, quoted
from ..module_utils._files import decode_text, read_file
from ._directory import make_directory
from ._notices import DEFAULT_SUBJECT, Templates
from ._plugin_options import choice_option, directory_option, given_options

DELIVERIES = ("none", "mail", "eml", "auto")
_OPTIONS = (
    *("findings", "sender", "deadline", "subject", "text_template", "html_template"),
    *("delivery", "dest"),
)
_TEMPLATES = Path(__file__).parents[2] / "roles" / "notify" / "templates"
_LARGEST_TEMPLATE = 1_048_576
_MOST_MESSAGES = 20


class NoticeError(PatrolError):
    """Notices cannot be written."""

    error_code = "NoticeException"


class NoticeOptions(NamedTuple):
    """The checked options of the module ``workmail_pat_notices``. ``make_notices`` checks the findings."""

    findings: object
    templates: Templates
    sender: str | None
    deadline: object
    delivery: str
    directory: str


def parse_notice_options(arguments: Mapping[str, Any], find: Callable[[str], str]) -> NoticeOptions:
    """Check the options of the module ``workmail_pat_notices``, and read the templates.

    Args:
        arguments: The options by name, as the task has them. One with the value None has its default.
        find: Returns the path of a file that the user named, or raises FileNotFoundError.

    Returns:
        The options.

    Raises:
        OptionError: Names the option, the value and what is allowed.
    """
    given = given_options(arguments, _OPTIONS)
    delivery = choice_option(given.get("delivery", "none"), "delivery", DELIVERIES)
    if delivery != "none" and not given.get("sender"):
        raise OptionError(f"sender: expected an e-mail address, got {quoted(given.get('sender'))}")
    subject = given.get("subject", DEFAULT_SUBJECT)
    if not isinstance(subject, str) or not subject.strip():
        raise OptionError(f"subject: expected the text of a template, got {quoted(subject)}")
    return NoticeOptions(
        findings=given.get("findings"),
        templates=Templates(
            subject,
            _template(given, "text_template", "notice.txt.j2", find),
            _template(given, "html_template", "notice.html.j2", find),
        ),
        sender=given.get("sender"),
        deadline=given.get("deadline"),
        delivery=delivery,
        directory=directory_option(given.get("dest"), "dest") if delivery in ("eml", "auto") else "",
    )


def write_notices(notices: Sequence[Mapping[str, Any]], directory: str) -> list[str]:
    """Write each message into a new file of a directory, all of them or none.

    An existing file is never replaced and a link never followed. An existing directory keeps its mode.

    Args:
        notices: The notices that have a message.
        directory: The directory, which is made if it does not exist.

    Returns:
        The paths of the files.

    Raises:
        NoticeError: A file cannot be written. Those of this run are removed.
    """
    stamp = time_stamp()
    written: list[str] = []
    try:
        make_directory(directory)
        for notice in notices:
            path = os.path.join(directory, f"{stamp}.{notice['file']}")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            written.append(path)
            with open(descriptor, "w", encoding="ascii", newline="") as file:
                file.write(notice["eml"])
    except OSError as error:
        for path in written:
            with contextlib.suppress(OSError):
                os.unlink(path)
        raise NoticeError(
            f"dest: no notice was written to {quoted(directory)}: {error.strerror or error}",
            hint="Choose a directory that this user can write to.",
        ) from error
    return written


def time_stamp() -> str:
    """Return the current time in a form in which file names sort by time."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def message_lines(notices: Sequence[Mapping[str, Any]]) -> list[str]:
    """Make the lines of a log that show messages.

    Args:
        notices: The notices that have a message.

    Returns:
        Lines with the first messages, and the number of the others.
    """
    lines = []
    for notice in notices[:_MOST_MESSAGES]:
        lines += [f"To: {notice['to']}", f"Subject: {notice['subject']}", *notice["text"].splitlines()]
    rest = len(notices) - _MOST_MESSAGES
    lines += [f"... and {rest} more message{'' if rest == 1 else 's'}"] if rest > 0 else []
    return [log_line(line) for line in lines]


def problem_lines(notices: Sequence[Mapping[str, Any]]) -> list[str]:
    """Make the lines of a log that name the owners who cannot be notified.

    Args:
        notices: The notices that have no message.

    Returns:
        One line per notice.
    """
    return [
        log_line(
            f"{notice['name']} cannot be notified of "
            f"{', '.join(token['personal_access_token_id'] for token in notice['tokens'])}: {notice['reason']}"
        )
        for notice in notices
    ]


def _template(given: Mapping[str, Any], option: str, own: str, find: Callable[[str], str]) -> str:
    name = given.get(option, str(_TEMPLATES / own))
    if not isinstance(name, str) or not name.strip():
        raise OptionError(f"{option}: expected the path of a template, got {quoted(name)}")
    try:
        return decode_text(read_file(find(name), _LARGEST_TEMPLATE, option), option)
    except FileNotFoundError as error:
        raise OptionError(f"{option}: {quoted(name)} does not exist") from error
