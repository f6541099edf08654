# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as CSV: one row per finding, after one row for everything that could not be read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from ._shared import error_text, one_line

_TOKEN = (
    "account_id",
    "account_name",
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
_AUDIT = ("as_of", "audited_at", "caller", "collection_version")
_HEADER = (
    "rule_id",
    "severity",
    "muted",
    "exception_reason",
    "exception_expires",
    "host",
    *_TOKEN,
    *(f"owner_{field}" for field in _OWNER),
    *_TIMES,
    "scopes",
    "message",
    *_AUDIT,
)
# https://owasp.org/www-community/attacks/CSV_Injection, with the full-width forms. one_line removes line breaks and
# tabs. Behind a semicolon or a bar, a cell begins in programs that are set to another separator.
_FORMULA = re.compile(r"""(?:^(?=\s*{0})|(?<=[;|])(?=["\s]*{0}))""".format("[=+@\uff1d\uff0b\uff0d\uff20-]"))


def render(audit: Mapping[str, Any]) -> str:
    """The findings as https://www.rfc-editor.org/rfc/rfc4180 has it: comma, CRLF, every text in quotes.

    An apostrophe precedes a text that a spreadsheet would read as a formula, with any usual separator. What could not
    be read is in rows of the severity ``incomplete``, because the table would look complete without them.
    """
    # No byte order mark: Excel's import of text does without it, and naive readers take it for a part of the header.
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(_HEADER)
    names = {entry["id"]: entry["name"] for entry in audit["accounts"]}
    for error in audit["errors"]:
        known = {
            **{key: audit[key] for key in _AUDIT},
            **error,
            "account_name": names.get(error.get("account_id")),
            "severity": "incomplete",
            "message": error_text(error),
        }
        writer.writerow([_cell(known.get(column)) for column in _HEADER])
    for finding in audit["findings"]:
        token, owner, exception = finding["token"], finding["token"].get("owner") or {}, finding["exception"] or {}
        row = [
            finding["rule_id"],
            finding["severity"],
            finding["muted"],
            exception.get("reason"),
            exception.get("expires"),
            finding.get("host"),
            *(token.get(field) for field in _TOKEN),
            *(owner.get(field) for field in _OWNER),
            *(token.get(field) for field in _TIMES),
            " ".join(str(scope) for scope in token.get("scopes") or []),
            finding["message"],
            *(audit[field] for field in _AUDIT),
        ]
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value
    return _FORMULA.sub("'", one_line(value))
