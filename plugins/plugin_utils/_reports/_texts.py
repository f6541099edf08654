# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""What the formats of reports say in the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.patrol.workmail.plugins.module_utils._policy import SEVERITIES


def one_line(text: object, longest: int | None = None) -> str:
    """A value as text on one line, for formats in which line breaks and characters that cannot be seen do harm.

    Whitespace becomes a space and whatever else does not print a question mark: controls, lone surrogates, marks that
    turn the direction of text, and all that XML 1.0 forbids (U(https://www.w3.org/TR/xml/#charsets)).

    Args:
        text: The value; None is an empty text.
        longest: How many characters to keep, where there is a limit.
    """
    whole = "" if text is None else str(text)
    shown = whole if longest is None or len(whole) <= longest else f"{whole[: longest - 3]}..."
    if shown.isprintable():
        return shown
    return "".join(" " if char.isspace() else char if char.isprintable() else "?" for char in shown)


def organization_name(organization_id: str | None, alias: str | None, account: str | None = None) -> str:
    """What people call an organization: its alias, else its id; behind its account, where there are several."""
    name = alias or organization_id or "unknown"
    return one_line(name if account is None else f"{account}/{name}")


def failing(audit: Mapping[str, Any]) -> Sequence[str]:
    """The severities of which a finding that is not muted is a violation."""
    return SEVERITIES[SEVERITIES.index(audit["policy"]["fail_on"]) :]


def unread(audit: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The errors that kept an audit from being complete; never none of an audit that is not complete."""
    if audit["complete"] or audit["errors"]:
        errors: Sequence[Mapping[str, Any]] = audit["errors"]
        return errors
    return [
        {
            "msg": "the listing of tokens was not read from its beginning to its end",
            "error_code": "IncompleteAuditException",
            "organization_id": None,
        }
    ]


def error_text(error: Mapping[str, Any]) -> str:
    """What went wrong, in one line."""
    return one_line(f"{error['error_code']}: {error['msg']}")
