# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens, rules and selections for tests of plans."""

from __future__ import annotations

from typing import Any

from token_strategies import ACME, NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.judge import judge
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner, Token
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan import Protection
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.selection import PolicySelection

OPEN = Protection(None, None, NOW, NOW)
ANA = Owner("u-ana", "ana", "ana@acme.example", "Ana", "ENABLED")
BEN = Owner("u-ben", "ben", "ben@acme.example", "Ben", "DISABLED")


def token(token_id: str = "pat-1", **fields: Any) -> Token:
    """Return a token of Ana that has expired and that was last used 100 days ago."""
    known = {
        "organization_id": ACME.id,
        "organization_alias": ACME.alias,
        "region": ACME.region,
        "personal_access_token_id": token_id,
        "user_id": "u-ana",
        "name": "phone",
        "date_created": NOW - 300 * DAY,
        "date_last_used": NOW - 100 * DAY,
        "expires_time": NOW - DAY,
        "scopes": ["imap"],
        "owner": ANA,
    }
    return Token(**{**known, **fields})


def rule(rule_id: str, when: dict[str, Any], severity: str = "high", **more: Any) -> dict[str, Any]:
    return {"id": rule_id, "severity": severity, "when": when, **more}


EXPIRED = rule("expired", {"expired": True})
UNUSED = rule("unused", {"unused_for": "90d"})
ORPHANED = rule("orphaned", {"owner_state": ["DISABLED"]})


def selection(*rules: dict[str, Any], protection: Protection = OPEN, **policy: Any) -> PolicySelection:
    return PolicySelection(parse_policy({"version": 1, "rules": list(rules), **policy}), protection)


def findings_of(*found: Token, rules: tuple[dict[str, Any], ...] = (EXPIRED,), **policy: Any) -> list[Any]:
    return list(judge(parse_policy({"version": 1, "rules": list(rules), **policy}), found, NOW).findings)
