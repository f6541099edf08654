# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The result of an audit, which module, filters and reports share. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Iterable

from .._domain.coverage import Coverage
from .._domain.judge import judge
from .._domain.policy import SEVERITIES, Policy
from .._domain.times import format_instant
from .._domain.tokens import Token

PASS, VIOLATIONS, INCOMPLETE = "pass", "violations", "incomplete"
# The version in galaxy.yml, which a module on a target does not have.
COLLECTION_VERSION = "0.1.0"
KEYS = (
    "outcome",
    "findings",
    "summary",
    "exceptions",
    "policy",
    "accounts",
    "organizations",
    "as_of",
    "audited_at",
    "caller",
    "collection_version",
    "complete",
    "errors",
)


def audit(
    policy: Policy,
    tokens: Iterable[Token],
    as_of: int,
    coverage: Coverage,
    now: int,
    caller: str | None = None,
) -> dict[str, Any]:
    """Check tokens against a policy.

    Args:
        policy: The policy.
        tokens: At least every token that a rule finds.
        as_of: The instant to judge at, in microseconds since the epoch.
        coverage: What was read.
        now: The present, in microseconds since the epoch.
        caller: The ARN that AWS STS gives for the credentials, if known.

    Returns:
        A dict with ``KEYS``. The outcome is ``incomplete`` unless everything was read, else ``violations`` if a finding
        that is not muted is at least as severe as the policy's ``fail_on``, else ``pass``.

    Raises:
        PatrolError: From ``judge``.
    """
    verdict = judge(policy, tokens, as_of)
    counted = [finding for finding in verdict.findings if not finding["muted"]]
    violations = sum(finding["severity"] in policy.failing_severities for finding in counted)
    by_rule = dict.fromkeys((rule.id for rule in policy.rules), 0)
    by_severity = dict.fromkeys(reversed(SEVERITIES), 0)
    for finding in counted:
        by_rule[finding["rule_id"]] += 1
        by_severity[finding["severity"]] += 1
    return {
        "outcome": INCOMPLETE if not coverage.complete else VIOLATIONS if violations else PASS,
        "findings": list(verdict.findings),
        "summary": {
            "accounts": coverage.accounts_read,
            "organizations": coverage.organizations_read,
            "tokens": coverage.tokens_read,
            "findings": len(verdict.findings),
            "violations": violations,
            "muted": len(verdict.findings) - len(counted),
            "by_rule": by_rule,
            "by_severity": by_severity,
        },
        "exceptions": {"expired": list(verdict.expired), "unused": list(verdict.unused)},
        "policy": {
            "file": None,
            "fail_on": policy.fail_on,
            "rules": [
                {"id": rule.id, "severity": rule.severity, "description": rule.description, "line": None}
                for rule in policy.rules
            ],
        },
        "accounts": [dict(account) for account in coverage.accounts],
        "organizations": [dict(organization) for organization in coverage.organizations],
        "as_of": format_instant(as_of),
        "audited_at": format_instant(now),
        "caller": caller,
        "collection_version": COLLECTION_VERSION,
        "complete": coverage.complete,
        "errors": list(coverage.errors),
    }
