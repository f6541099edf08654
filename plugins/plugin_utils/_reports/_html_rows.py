# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The table of the page: a row per token with its findings as labels, as markup and as data for the script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from ...module_utils._domain.text import printable
from ...module_utils._domain.tokens import key_of
from ._shared import Places, finding_status

_UNKNOWN = "unknown"
_NEVER = "never"
# A finding is open if the audit has no baseline.
_URGENCY = ("open", "new", "known", "muted", "fixed")


class Label(NamedTuple):
    """A finding as a label of its token."""

    severity: str
    rule_id: str
    status: str
    note: str


class Row(NamedTuple):
    """A token with its findings. All text is as the page shows it."""

    name: str
    token_id: str
    owner: str
    owner_state: str
    place: tuple[str, ...]
    organization: str
    account: str
    created: str
    used: str
    expires: str
    labels: list[Label]


def rows_of(audit: Mapping[str, Any], places: Places, most: int) -> list[Row]:
    """Group the findings by token: first what is new, then what is known, muted and fixed, each the most severe first.

    Args:
        audit: The result of an audit.
        places: Its accounts and organizations.
        most: The maximum number of findings to include.
    """
    findings = [(finding, finding_status(audit, finding)) for finding in audit["findings"][:most]]
    findings += [(finding, "fixed") for finding in audit["fixed"][: most - len(findings)]]
    rows: dict[Any, Row] = {}
    for finding, status in findings:
        key = (status == "fixed", finding.get("host"), key_of(finding["token"]))
        row = rows.get(key)
        if row is None:
            rows[key] = row = _row(finding, places)
        row.labels.append(_label(finding, status))
    return sorted(rows.values(), key=lambda row: min(_URGENCY.index(label.status) for label in row.labels))


def owner_name(token: Mapping[str, Any]) -> str:
    """Return the display name of the owner of a token."""
    owner = token.get("owner") or {}
    return _text(owner.get("email") or owner.get("name") or token["user_id"] or _UNKNOWN)


def embedded(rows: Sequence[Row]) -> Markup:
    """Write rows as JSON for the script, with frequent texts stored only once.

    Returns:
        JSON that is safe in a script element: nothing in it ends the element or begins another.
    """
    texts: dict[str, int] = {}
    values = [
        [
            row.name,
            row.token_id,
            *(_number(text, texts) for text in (row.owner, row.owner_state, row.organization, row.account)),
            _number("\n".join(row.place), texts),
            row.created,
            row.used,
            row.expires,
            [_number(text, texts) for label in row.labels for text in label],
        ]
        for row in rows
    ]
    text = json.dumps({"rows": values, "texts": list(texts)}, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _number(text: str, texts: dict[str, int]) -> int:
    return texts.setdefault(text, len(texts))


def _row(finding: Mapping[str, Any], places: Places) -> Row:
    token = finding["token"]
    place = tuple(_text(part) for part in places.of_finding(finding))
    state = (token.get("owner") or {}).get("state")
    return Row(
        name=_text(token["name"] or ""),
        token_id=_text(token["personal_access_token_id"] or "without an id"),
        owner=owner_name(token),
        owner_state="" if state in (None, "ENABLED") else _text(state),
        place=place,
        organization=_text(token["organization_id"]),
        account=account_key(finding.get("host"), token.get("account_id")),
        created=_day(token["date_created"], _UNKNOWN),
        used=_day(token["date_last_used"], _NEVER),
        expires=_day(token["expires_time"], _NEVER),
        labels=[],
    )


def account_key(host: str | None, account_id: str | None) -> str:
    """Return the key that identifies an account in the filters of the page."""
    return _text(account_id or host or _UNKNOWN)


def _label(finding: Mapping[str, Any], status: str) -> Label:
    note = "" if status == "open" else status
    if status == "muted":
        note = f"muted until {finding['exception']['expires']}: {finding['exception']['reason']}"
    return Label(finding["severity"], _text(finding["rule_id"]), status, _text(note))


def _day(instant: str | None, otherwise: str) -> str:
    return str(instant)[:10] if instant else otherwise


def _text(value: object) -> str:
    """Replace characters that HTML forbids or that could change the direction of text."""
    return printable(str(value), "\ufffd")
