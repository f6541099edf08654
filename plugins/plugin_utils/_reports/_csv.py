# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as CSV, a row a finding, after a row for each thing that could not be read."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._texts import error_text, one_line, unread

_TOKEN = (
    "organization_id",
    "organization_alias",
    "region",
    "personal_access_token_id",
    "name",
    "user_id",
)
_OWNER = ("name", "email", "state")
_TIMES = (
    "date_created",
    "date_last_used",
    "expires_time",
    "expired",
    "never_used",
    "age_days",
    "unused_days",
    "lifetime_days",
    "expires_in_days",
)
_HEADER = (
    "rule_id",
    "severity",
    "muted",
    "exception_reason",
    "exception_expires",
    "account",
    *_TOKEN,
    *(f"owner_{field}" for field in _OWNER),
    *_TIMES,
    "scopes",
    "message",
)
# https://owasp.org/www-community/attacks/CSV_Injection, the full-width forms among them. What it says of line breaks
# and tabs is seen to by one_line.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def render(audit: Mapping[str, Any]) -> str:
    """The findings as U(https://www.rfc-editor.org/rfc/rfc4180) has it: comma, CRLF, every text in quotes.

    A text that a spreadsheet would take for a formula has an apostrophe before it. What could not be read is in rows of
    the severity C(incomplete), so that nobody takes the table for all there is.
    """
    # No byte order mark: Excel's import of text does without it, and naive readers take it for a part of the header.
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(_HEADER)
    for error in unread(audit):
        known = {**error, "severity": "incomplete", "message": error_text(error)}
        writer.writerow([_cell(known.get(column)) for column in _HEADER])
    for finding in audit["findings"]:
        token, owner, exception = finding["token"], finding["token"].get("owner") or {}, finding["exception"] or {}
        row = [
            finding["rule_id"],
            finding["severity"],
            finding["muted"],
            exception.get("reason"),
            exception.get("expires"),
            finding.get("account"),
            *(token.get(field) for field in _TOKEN),
            *(owner.get(field) for field in _OWNER),
            *(token.get(field) for field in _TIMES),
            " ".join(str(scope) for scope in token.get("scopes") or []),
            finding["message"],
        ]
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value
    text = one_line(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
