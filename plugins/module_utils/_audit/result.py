# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The result of an audit, which the module, the filters and the reports use. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from .._domain.coverage import Coverage
from .._domain.judge import judge
from .._domain.policy import SEVERITIES, Policy, severities_from
from .._domain.times import format_instant
from .._domain.tokens import Token

PASS, VIOLATIONS, INCOMPLETE = "pass", "violations", "incomplete"
# The version in galaxy.yml, copied because a module on a target host cannot read that file.
COLLECTION_VERSION = "0.1.0"
# The version of the format of a result. docs/audit.v1.schema.json describes the format.
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
        tokens: The tokens, at least those that violate a rule.
        as_of: The instant at which the tokens are evaluated, in microseconds since the epoch.
        coverage: The accounts and organizations that were read, and the errors.
        now: The present, in microseconds since the epoch.
        caller: The ARN of the caller, or None if it is not known.

    Returns:
        The result, with the fields in ``KEYS``. ``baseline`` is None.

    Raises:
        PatrolError: A rule or an exception cannot be evaluated. See ``judge``.
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
    """Count the findings of an audit, and determine its outcome.

    Args:
        audit: The result, with at least ``findings``, ``fixed``, ``policy``, ``summary`` and ``complete``.

    Returns:
        The result with ``outcome`` and all counts of findings. The outcome is ``incomplete`` if ``complete`` is false.
        Otherwise it is ``violations`` if a finding is neither muted nor known and has a severity of at least
        ``fail_on`` of the policy. Otherwise it is ``pass``.
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
