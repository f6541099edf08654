# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The result of an audit, which module, filters and reports share. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from .._domain.judge import judge
from .._domain.policy import SEVERITIES, Policy
from .._domain.times import format_instant, resolve_as_of
from .._domain.tokens import Token
from .facts_check import check_facts

PASS, VIOLATIONS, INCOMPLETE = "pass", "violations", "incomplete"
# The version in galaxy.yml, which a module on a target does not have.
COLLECTION_VERSION = "0.1.0"
KEYS = (
    "outcome",
    "findings",
    "summary",
    "exceptions",
    "policy",
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
    organizations: Sequence[Mapping[str, Any]],
    tokens_read: int,
    organizations_read: int,
    complete: bool,
    errors: Sequence[Mapping[str, Any]],
    now: int,
    caller: str | None = None,
) -> dict[str, Any]:
    """Check tokens against a policy.

    Args:
        policy: The policy.
        tokens: At least every token that a rule finds.
        as_of: The instant to judge at, in microseconds since the epoch.
        organizations: The organizations found, as facts have them.
        tokens_read: How many tokens were read.
        organizations_read: How many organizations were read completely.
        complete: Whether every page of everything asked for was read.
        errors: What could not be read, as facts have it.
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
        "outcome": INCOMPLETE if not complete else VIOLATIONS if violations else PASS,
        "findings": list(verdict.findings),
        "summary": {
            "organizations": organizations_read,
            "tokens": tokens_read,
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
        "organizations": [dict(organization) for organization in organizations],
        "as_of": format_instant(as_of),
        "audited_at": format_instant(now),
        "caller": caller,
        "collection_version": COLLECTION_VERSION,
        "complete": complete,
        "errors": list(errors),
    }


def audit_facts(policy: Policy, facts: object, as_of: object, now: int, complete: object = None) -> dict[str, Any]:
    """Check facts that were gathered before against a policy.

    Args:
        policy: The policy.
        facts: The result of ``workmail_pat_info``, or a list of its records.
        as_of: The instant that the user wants; left out, that of the result, or now for a list.
        now: The present, in microseconds since the epoch.
        complete: What the user says of a list, as for ``check_facts``.

    Returns:
        As ``audit`` does. What the facts lack is among the errors.

    Raises:
        PatrolError: These are not facts, or from ``judge``.
    """
    checked = check_facts(facts, complete)
    return audit(
        policy,
        checked.tokens,
        resolve_as_of(checked.as_of if as_of is None else as_of, now),
        organizations=checked.organizations,
        tokens_read=checked.tokens_read,
        organizations_read=checked.organizations_read,
        complete=checked.complete,
        errors=checked.errors,
        now=now,
    )
