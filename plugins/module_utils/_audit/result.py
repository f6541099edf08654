# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The result of an audit, which module, filters and reports share. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from .._domain.coverage import Coverage
from .._domain.judge import judge
from .._domain.policy import SEVERITIES, Policy, severities_from
from .._domain.times import format_instant
from .._domain.tokens import Token

PASS, VIOLATIONS, INCOMPLETE = "pass", "violations", "incomplete"
# The version in galaxy.yml, which a module on a target does not have.
COLLECTION_VERSION = "0.1.0"
# The version of the form of a result, which docs/audit.v1.schema.json describes.
SCHEMA_VERSION = 1
KEYS = (
    "outcome",
    "findings",
    "fixed",
    "summary",
    "exceptions",
    "policy",
    "baseline",
    "accounts",
    "organizations",
    "as_of",
    "audited_at",
    "caller",
    "collection_version",
    "schema_version",
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
        A dict with ``KEYS``, without a baseline. The outcome is as ``conclude`` finds it.

    Raises:
        PatrolError: From ``judge``.
    """
    verdict = judge(policy, tokens, as_of)
    return conclude(
        {
            "outcome": INCOMPLETE,
            "findings": list(verdict.findings),
            "fixed": [],
            "summary": {
                "accounts": coverage.accounts_read,
                "organizations": coverage.organizations_read,
                "tokens": coverage.tokens_read,
            },
            "exceptions": {"expired": list(verdict.expired), "unused": list(verdict.unused)},
            "policy": {
                "name": None,
                "file": None,
                "digest": policy.digest,
                "fail_on": policy.fail_on,
                "rules": [
                    {"id": rule.id, "severity": rule.severity, "description": rule.description, "line": None}
                    for rule in policy.rules
                ],
            },
            "baseline": None,
            "accounts": [dict(account) for account in coverage.accounts],
            "organizations": [dict(organization) for organization in coverage.organizations],
            "as_of": format_instant(as_of),
            "audited_at": format_instant(now),
            "caller": caller,
            "collection_version": COLLECTION_VERSION,
            "schema_version": SCHEMA_VERSION,
            "complete": coverage.complete,
            "errors": list(coverage.errors),
        }
    )


def conclude(audit: Mapping[str, Any]) -> dict[str, Any]:
    """Count the findings of an audit, and draw its outcome from them.

    Args:
        audit: The result with its findings, those that are fixed, its policy and whether it is complete.

    Returns:
        The result with the outcome and all counts of findings. The outcome is ``incomplete`` unless everything was
        read, else ``violations`` if a finding that is neither muted nor known is at least as severe as the policy's
        ``fail_on``, else ``pass``.
    """
    findings, policy = audit["findings"], audit["policy"]
    failing = severities_from(policy["fail_on"])
    by_rule = dict.fromkeys((rule["id"] for rule in policy["rules"]), 0)
    by_severity = dict.fromkeys(reversed(SEVERITIES), 0)
    new = known = violations = 0
    for finding in findings:
        if finding["muted"]:
            continue
        by_rule[finding["rule_id"]] += 1
        by_severity[finding["severity"]] += 1
        if finding["known"]:
            known += 1
        else:
            new += 1
            violations += finding["severity"] in failing
    return {
        **audit,
        "outcome": INCOMPLETE if not audit["complete"] else VIOLATIONS if violations else PASS,
        "summary": {
            **audit["summary"],
            "findings": len(findings),
            "violations": violations,
            "new": new,
            "known": known,
            "fixed": len(audit["fixed"]),
            "muted": len(findings) - new - known,
            "by_rule": by_rule,
            "by_severity": by_severity,
        },
    }
