# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Audits in which one text is in the place of every text of users, and texts to test."""

from __future__ import annotations

from typing import Any

from audits import HOSTILE_NAMES, NOW, ORGANIZATIONS, audit_of, token
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY

NAMES = st.one_of(
    # Any text, including lone surrogates, which JSON can contain.
    st.text(st.characters(exclude_categories=())),
    st.text(st.sampled_from("`|\\*_[](){}<>!#@~&;:/.,=+-'\" \t\r\n\x00\u200b\u202e\ud800\uff1d\ufeffwhtps1a")),
    st.sampled_from(HOSTILE_NAMES),
    st.lists(st.sampled_from(HOSTILE_NAMES), min_size=2, max_size=3).map("".join),
)


def audit_named(name: str, complete: bool = False) -> dict[str, Any]:
    """Return an audit with a finding of each kind, an error and exceptions, and this text as each text of users."""
    error = {
        "msg": name,
        "error_code": "AccessDeniedException",
        "account_id": None,
        "organization_id": ORGANIZATIONS[2].id,
        "region": ORGANIZATIONS[2].region,
        "operation": "ListPersonalAccessTokens",
        "page": 1,
        "hint": name,
    }
    audit = audit_of(
        [
            token(1, expires_time=NOW - DAY),
            token(2, expires_time=None, name="svc-archive"),
            token(3, ORGANIZATIONS[1], date_last_used=None),
            token(4, ORGANIZATIONS[1], expires_time=None, owner=None),
        ],
        errors=[] if complete else [error],
    )
    for finding in audit["findings"]:
        finding["message"] = name
        finding["token"].update(name=name, scopes=[name])
        if finding["token"].get("owner"):
            finding["token"]["owner"].update(name=name, email=name, display_name=name)
        if finding["muted"]:
            finding["exception"] = {**finding["exception"], "reason": name or "none", "match": {"name": [name]}}
    for kind in ("expired", "unused"):
        audit["exceptions"][kind] = [
            {**exception, "reason": name or "none", "match": {"name": [name]}}
            for exception in audit["exceptions"][kind]
        ]
    for rule in audit["policy"]["rules"]:
        rule.update(description=name, line=7)
    audit["policy"]["file"] = name or None
    return audit
