# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The result of an audit, which module, filters and reports share. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from ._errors import OptionError, shown
from ._policy import SEVERITIES, Policy, judge
from ._time import format_instant, resolve_as_of
from ._tokens import Token, token_from_record

PASS, VIOLATIONS, INCOMPLETE = "pass", "violations", "incomplete"
KEYS = ("outcome", "findings", "summary", "exceptions", "policy", "organizations", "as_of", "complete", "errors")


def audit(
    policy: Policy,
    tokens: Iterable[Token],
    as_of: int,
    organizations: Sequence[Mapping[str, Any]],
    read: int,
    whole: int,
    complete: bool,
    errors: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Hold tokens against a policy and say how it comes out.

    Args:
        policy: The policy.
        tokens: At least every token that a rule finds.
        as_of: The instant to judge at, in microseconds since the epoch.
        organizations: The organizations found, as facts have them.
        read: How many tokens were read.
        whole: How many organizations were read whole.
        complete: Whether every page of everything asked for was read.
        errors: What could not be read, as facts have it.

    Returns:
        C(outcome), C(findings), C(summary), C(exceptions), C(policy), C(organizations), C(as_of), C(complete) and
        C(errors). The outcome is C(incomplete) unless all was read, else C(violations) where a finding that is not
        muted is at least as severe as the policy's C(fail_on), else C(pass).

    Raises:
        PatrolError: From M(judge).
    """
    verdict = judge(policy, tokens, as_of)
    counted = [finding for finding in verdict.findings if not finding["muted"]]
    failing = SEVERITIES[SEVERITIES.index(policy.fail_on) :]
    violated = any(finding["severity"] in failing for finding in counted)
    by_rule = dict.fromkeys((rule.id for rule in policy.rules), 0)
    by_severity = dict.fromkeys(reversed(SEVERITIES), 0)
    for finding in counted:
        by_rule[finding["rule_id"]] += 1
        by_severity[finding["severity"]] += 1
    return {
        "outcome": INCOMPLETE if not complete else VIOLATIONS if violated else PASS,
        "findings": list(verdict.findings),
        "summary": {
            "organizations": whole,
            "tokens": read,
            "findings": len(verdict.findings),
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
        "complete": complete,
        "errors": list(errors),
    }


def audit_facts(policy: Policy, facts: object, as_of: object, now: int) -> dict[str, Any]:
    """Hold facts in hand against a policy.

    Args:
        policy: The policy.
        facts: The result of C(workmail_pat_info), or a list of its records, which is taken to be complete.
        as_of: What the user says of it; left out, that of the result, or now for a list.
        now: The present, in microseconds since the epoch.

    Returns:
        As M(audit) does.

    Raises:
        PatrolError: These are no such facts, or from M(judge).
    """
    given: Mapping[str, Any] = facts if isinstance(facts, Mapping) else {"personal_access_tokens": facts}
    records = given.get("personal_access_tokens")
    if not isinstance(records, (list, tuple)):
        raise OptionError(
            "facts: expected a list of records of personal access tokens, or the result of workmail_pat_info, got "
            f"{shown(facts)}"
        )
    if isinstance(facts, Mapping):
        missing = [key for key in ("as_of", "complete", "errors", "organizations", "summary") if key not in facts]
        if missing:
            raise OptionError(f"facts: not a result of workmail_pat_info, it lacks {', '.join(missing)}")
        as_of = given["as_of"] if as_of is None else as_of
    instant = resolve_as_of(as_of, now)
    tokens = [token_from_record(record, f"facts[{index}]") for index, record in enumerate(records)]
    organizations = given.get("organizations", _organizations(tokens))
    return audit(
        policy,
        tokens,
        instant,
        organizations=organizations,
        read=given["summary"]["tokens"] if "summary" in given else len(tokens),
        whole=given["summary"]["organizations"] if "summary" in given else len(organizations),
        complete=given.get("complete", True) is True,
        errors=given.get("errors", []),
    )


def _organizations(tokens: Iterable[Token]) -> list[dict[str, Any]]:
    """The organizations that tokens in hand speak of; in which state they are is not known."""
    counts: dict[tuple[str, str | None, str], int] = {}
    for token in tokens:
        place = (token.organization_id, token.organization_alias, token.region)
        counts[place] = counts.get(place, 0) + 1
    return [
        {"id": place[0], "alias": place[1], "region": place[2], "state": None, "tokens": counts[place]}
        for place in sorted(counts, key=lambda place: place[0])
    ]
