# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Which tokens a revocation is of, and which it leaves. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping, NamedTuple, Optional, Sequence, Tuple

from ._conditions import Conditions
from ._errors import OptionError, nearest, shown
from ._plain import mapping_at, text_at
from ._policy import SEVERITIES, Policy, judge
from ._tokens import Token, token_from_record

_CHANGED = "it has changed since it was found"

# By organization id and token id.
Key = Tuple[str, Optional[str]]
Findings = Sequence[Mapping[str, Any]]


class Planned(NamedTuple):
    """A token to revoke, the rules that ask for it, and one line about it for a person."""

    token: Token
    rule_ids: Sequence[str]
    message: str


class Left(NamedTuple):
    """A token that was found and is left, the rules that found it, one line about it for a person, and why."""

    token: Token
    rule_ids: Sequence[str]
    message: str
    reason: str


class Plan(NamedTuple):
    """What is to be revoked, what is left of the rest that was found, and ids that findings name and nobody has."""

    planned: Sequence[Planned]
    left: Sequence[Left]
    absent: Sequence[str]


class Guards(NamedTuple):
    """What keeps a token: C(protected) conditions, and C(grace) for a new one, judged at C(now)."""

    protected: Conditions | None
    grace: int | None
    as_of: int
    now: int

    def reason_to_leave(self, token: Token) -> str | None:
        """Why a token is not to be revoked; None if nothing keeps it.

        Raises:
            IndeterminateError: The service left out the time that a condition needs.
        """
        if token.personal_access_token_id is None:
            return "the service gives it no id"
        if self.protected is not None and self.protected.matches(token, self.as_of):
            return "protected"
        if self.grace is not None:
            if token.date_created is None:
                return "the service does not say when it was created, and there is a grace"
            if self.now - token.date_created <= self.grace:
                return "created within the grace"
        return None


class Limits(NamedTuple):
    """How many tokens may be revoked: in all, and in percent of the tokens of each organization."""

    tokens: int
    percent: int

    def broken(self, planned: Sequence[Planned], totals: Mapping[str, int]) -> list[str]:
        """Say which limits a plan is over.

        Args:
            planned: What is to be revoked.
            totals: How many tokens each organization has, by its id.
        """
        over = []
        if len(planned) > self.tokens:
            over.append(f"{len(planned)} tokens are planned, and max_tokens is {self.tokens}")
        counts: dict[str, int] = {}
        names: dict[str, str] = {}
        for entry in planned:
            organization_id = entry.token.organization_id
            counts[organization_id] = counts.get(organization_id, 0) + 1
            names[organization_id] = entry.token.organization_alias or organization_id
        for organization_id, count in counts.items():
            total = totals.get(organization_id, 0)
            if count * 100 > self.percent * total:
                over.append(
                    f"{count} of the {total} tokens of {names[organization_id]} are planned, and max_percent is "
                    f"{self.percent}"
                )
        return over


# Why a token that was planned is not to be revoked after all, now that it was read again; None if it still is.
Recheck = Callable[[Planned, Token], Optional[str]]


def plan_by_policy(policy: Policy, tokens: Iterable[Token], guards: Guards) -> tuple[Plan, Recheck]:
    """Plan to revoke every token with a violation: a finding, not muted, of at least the policy's C(fail_on).

    Args:
        policy: The policy.
        tokens: At least every token that a rule finds.
        guards: What keeps a token.

    Raises:
        PatrolError: From M(judge) and the guards.
    """
    known = {(token.organization_id, token.personal_access_token_id): token for token in tokens}
    as_of = guards.as_of
    counted = SEVERITIES[SEVERITIES.index(policy.fail_on) :]
    plan = _plan(judge(policy, known.values(), as_of).findings, known, guards, counted)

    def recheck(entry: Planned, fresh: Token) -> str | None:
        findings = judge(policy, [fresh], as_of).findings
        still = {finding["rule_id"] for finding in findings if not finding["muted"]}
        if still.isdisjoint(entry.rule_ids):
            return f"no longer found by {', '.join(entry.rule_ids)}"
        return guards.reason_to_leave(fresh)

    return plan, recheck


def plan_by_findings(findings: Findings, tokens: Iterable[Token], guards: Guards) -> tuple[Plan, Recheck]:
    """Plan to revoke every token of findings that are not muted, as long as it is as it was when it was found.

    Args:
        findings: From M(check_findings).
        tokens: The tokens as they are now, at least those of the findings.
        guards: What keeps a token.

    Raises:
        PatrolError: From the guards.
    """
    known = {(token.organization_id, token.personal_access_token_id): token for token in tokens}
    plan = _plan(findings, known, guards, SEVERITIES)
    found = {_key(finding["token"]): token_from_record(finding["token"]) for finding in findings}
    unchanged: list[Planned] = []
    left = list(plan.left)
    for entry in plan.planned:
        before = found[(entry.token.organization_id, entry.token.personal_access_token_id)]
        if _facts(before) == _facts(entry.token):
            unchanged.append(entry)
        else:
            left.append(Left(*entry, reason=_CHANGED))

    def recheck(entry: Planned, fresh: Token) -> str | None:
        if _facts(fresh) != _facts(entry.token):
            return _CHANGED
        return guards.reason_to_leave(fresh)

    return Plan(unchanged, left, plan.absent), recheck


def check_findings(findings: object, path: str = "findings") -> Findings:
    """Check that these are findings of an audit.

    Raises:
        OptionError: Names the place in the list and what it lacks.
    """
    if not isinstance(findings, (list, tuple)):
        raise OptionError(f"{path}: expected a list of findings of an audit, got {shown(findings)}")
    for index, finding in enumerate(findings):
        here = f"{path}[{index}]"
        if not isinstance(finding, Mapping):
            raise OptionError(f"{here}: expected a finding of an audit, got {shown(finding)}")
        missing = [
            key for key in ("rule_id", "severity", "message", "muted", "exception", "token") if key not in finding
        ]
        if missing:
            raise OptionError(f"{here}: not a finding of an audit, it lacks {', '.join(missing)}")
        if not isinstance(finding["muted"], bool):
            raise OptionError(f"{here}.muted: expected true or false, got {shown(finding['muted'])}")
        for field in ("rule_id", "severity", "message"):
            text_at(finding[field], f"{here}.{field}")
        if finding["exception"] is not None:
            exception = mapping_at(finding["exception"], f"{here}.exception", ("reason",))
            text_at(exception["reason"], f"{here}.exception.reason")
        if finding["severity"] not in SEVERITIES:
            raise OptionError(
                f"{here}.severity: {shown(finding['severity'])} is not one of {', '.join(SEVERITIES)}"
                f"{nearest(finding['severity'], SEVERITIES)}"
            )
        token = token_from_record(finding["token"], f"{here}.token")
        for field in ("organization_id", "region", "personal_access_token_id"):
            value = getattr(token, field)
            if not isinstance(value, str) or not value:
                raise OptionError(f"{here}.token.{field}: expected a text, got {shown(value)}")
    return findings


def _key(record: Mapping[str, Any]) -> Key:
    return record["organization_id"], record["personal_access_token_id"]


def _facts(token: Token) -> Token:
    """What the service says of a token, for comparison."""
    return token._replace(
        organization_alias=None, scopes=None if token.scopes is None else tuple(token.scopes), owner=None, other=None
    )


def _plan(findings: Findings, tokens: Mapping[Key, Token], guards: Guards, counted: Sequence[str]) -> Plan:
    planned: list[Planned] = []
    left: list[Left] = []
    absent: list[str] = []
    by_token: dict[Key, list[Mapping[str, Any]]] = {}
    for finding in findings:
        by_token.setdefault(_key(finding["token"]), []).append(finding)
    for key, found in by_token.items():
        token = tokens.get(key)
        if token is None:
            absent.append(str(key[1]))
            continue
        asking = [finding for finding in found if not finding["muted"] and finding["severity"] in counted]
        counting = asking or found
        rule_ids = [str(finding["rule_id"]) for finding in counting]
        entry = Planned(token, rule_ids, str(counting[0]["message"]))
        reason = guards.reason_to_leave(token) if asking else _not_asking(found)
        if reason is None:
            planned.append(entry)
        else:
            left.append(Left(*entry, reason=reason))
    return Plan(planned, left, absent)


def _not_asking(found: Findings) -> str:
    if all(finding["muted"] for finding in found):
        return f"muted: {(found[0]['exception'] or {}).get('reason')}"
    return "its findings are less severe than fail_on"
