# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as CSV: one row per finding, after one row for each error."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from ._shared import error_text, evidence, finding_status, one_line

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
_EVIDENCE = (
    "as_of",
    "audited_at",
    "caller",
    "collection_version",
    "schema_version",
    "policy_name",
    "policy_digest",
)
_HEADER = (
    "rule_id",
    "severity",
    "status",
    "muted",
    "exception_reason",
    "exception_expires",
    "host",
    *_TOKEN,
    *(f"owner_{field}" for field in _OWNER),
    *_TIMES,
    "scopes",
    "message",
    *_EVIDENCE,
)
# https://owasp.org/www-community/attacks/CSV_Injection, with the full-width forms. one_line removes line breaks and
# tabs. In programs with another separator, a cell can begin after a semicolon or a bar.
_FORMULA = re.compile(r"""(?:^(?=\s*{0})|(?<=[;|])(?=["\s]*{0}))""".format("[=+@\uff1d\uff0b\uff0d\uff20-]"))


def render(audit: Mapping[str, Any]) -> str:
    """Write the findings in the form of https://www.rfc-editor.org/rfc/rfc4180: comma, CRLF, every text in quotes.

    Rows with the severity ``incomplete`` name what could not be read, because the table would look complete without
    them. Fixed findings of a baseline come last.

    Args:
        audit: The result of an audit.

    Returns:
        The table with a header. An apostrophe precedes a text that a spreadsheet would read as a formula, with any
        usual separator.
    """
    # No byte order mark: Excel's text import does not need it, and simple readers treat it as part of the header.
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(_HEADER)
    about = evidence(audit)
    names = {entry["id"]: entry["name"] for entry in audit["accounts"]}
    for error in audit["errors"]:
        known = {
            **about,
            **error,
            "account_name": names.get(error.get("account_id")),
            "severity": "incomplete",
            "message": error_text(error),
        }
        writer.writerow([_cell(known.get(column)) for column in _HEADER])
    ending = [_cell(about[field]) for field in _EVIDENCE]
    for finding in audit["findings"]:
        writer.writerow([*_cells(finding, finding_status(audit, finding)), *ending])
    for finding in audit["fixed"]:
        writer.writerow([*_cells(finding, "fixed"), *ending])
    return out.getvalue()


def _cells(finding: Mapping[str, Any], status: str) -> list[object]:
    token, owner, exception = finding["token"], finding["token"].get("owner") or {}, finding["exception"] or {}
    row = [
        finding["rule_id"],
        finding["severity"],
        status,
        finding["muted"],
        exception.get("reason"),
        exception.get("expires"),
        finding.get("host"),
        *(token.get(field) for field in _TOKEN),
        *(owner.get(field) for field in _OWNER),
        *(token.get(field) for field in _TIMES),
        " ".join(str(scope) for scope in token.get("scopes") or []),
        finding["message"],
    ]
    return [_cell(value) for value in row]


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value
    return _FORMULA.sub("'", one_line(value))
