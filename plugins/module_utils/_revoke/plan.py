# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Which tokens a revocation plans to revoke, and which it leaves. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple, Sequence, Union

from .._domain.checks import check_plain, mapping_at, text_at
from .._domain.conditions import Conditions
from .._domain.errors import OptionError
from .._domain.judge import judge
from .._domain.policy import SEVERITIES, Policy
from .._domain.text import nearest, quoted
from .._domain.times import DAY
from .._domain.tokens import Owner, Token, TokenKey, key_of, token_from_record

CHANGED = "it has changed since it was found"
OWNER_CHANGED = "its owner has changed since it was found"
OTHER_USER = "it belongs to another user now"
OTHER_CREATION = "the service says another time of its creation than before"
USE_FORGOTTEN = "the service no longer says when it was last used"

_MOST_REASONS = 5

Findings = Sequence[Mapping[str, Any]]


class Planned(NamedTuple):
    """A token to revoke, the rules that ask for it, and one line about it for a person."""

    token: Token
    rule_ids: Sequence[str]
    message: str


class Skipped(NamedTuple):
    """A token that was found and is left, the rules that found it, one line about it for a person, and the reason."""

    token: Token
    rule_ids: Sequence[str]
    message: str
    reason: str


class Plan(NamedTuple):
    """The tokens to revoke, those that are left, and the IDs of tokens that do not exist.

    ``not_in_plan`` are the tokens that would be planned by now, if an earlier plan is carried out that lacks them.
    """

    planned: Sequence[Planned]
    left: Sequence[Skipped]
    absent: Sequence[str]
    not_in_plan: Sequence[Planned] = ()


class Protection(NamedTuple):
    """What keeps a token: ``protected`` conditions, judged at ``as_of``, and ``grace`` for a new one, from ``now``."""

    protected: Conditions | None
    grace: int | None
    as_of: int
    now: int

    def reason_to_leave(self, token: Token) -> str | None:
        """Say why a token is not to be revoked.

        Args:
            token: The token, with its owner if ``protected`` needs it.

        Returns:
            The reason, or None if nothing keeps the token.

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

    def broken(self, planned: Sequence[Planned], totals: Mapping[str, int | None]) -> list[str]:
        """Say which limits a plan is over.

        Args:
            planned: The tokens to revoke.
            totals: How many tokens each organization has, by its ID.

        Returns:
            A text for each limit.
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
            total = totals.get(organization_id) or 0
            if count * 100 > self.percent * total:
                over.append(
                    f"{count} of the {total} tokens of {names[organization_id]} are planned, and max_percent is "
                    f"{self.percent}"
                )
        return over


class PolicySelection(NamedTuple):
    """The tokens with a violation of a rule that may revoke: a finding, not muted, of at least ``fail_on``."""

    policy: Policy
    guards: Protection

    @property
    def needs_owners(self) -> bool:
        """Whether a rule, an exception or a protection looks at the owner of a token."""
        protected = self.guards.protected
        return self.policy.needs_owners or (protected is not None and protected.needs_owners)

    def plan(self, tokens: Iterable[Token]) -> Plan:
        """Plan to revoke the tokens.

        Args:
            tokens: At least every token that a rule finds.

        Raises:
            PatrolError: From ``judge`` and the guards.
        """
        known = by_key(tokens)
        findings = judge(self.policy, known.values(), self.guards.as_of).findings
        return _plan(findings, known, self.guards, self.policy.failing_severities)

    def recheck(self, entry: Planned, fresh: Token) -> str | None:
        """Say why a planned token is not to be revoked after all.

        Args:
            entry: The token as it was planned.
            fresh: The token as it was read just now, with its owner if ``needs_owners``.

        Returns:
            The reason, or None if everything that the plan says of the token still holds.

        Raises:
            PatrolError: From ``judge`` and the guards.
        """
        if fresh.user_id != entry.token.user_id:
            return OTHER_USER
        if fresh.date_created != entry.token.date_created:
            return OTHER_CREATION
        if fresh.date_last_used is None and entry.token.date_last_used is not None:
            return USE_FORGOTTEN
        findings = judge(self.policy, [fresh], self.guards.as_of).findings
        asking = {finding["rule_id"] for finding in findings if finding["revoke"] and not finding["muted"]}
        gone = [rule_id for rule_id in entry.rule_ids if rule_id not in asking]
        if gone:
            return f"no longer found by {', '.join(gone)}"
        return self.guards.reason_to_leave(fresh)


class FindingsSelection(NamedTuple):
    """The tokens of findings that are not muted and may revoke, if nothing has changed since they were found."""

    findings: Findings
    guards: Protection

    @property
    def needs_owners(self) -> bool:
        """Whether a finding knows the owner of its token, or a protection looks at it."""
        protected = self.guards.protected
        return any(finding["token"].get("owner") is not None for finding in self.findings) or (
            protected is not None and protected.needs_owners
        )

    def plan(self, tokens: Iterable[Token]) -> Plan:
        """Plan to revoke the tokens.

        Args:
            tokens: The tokens as they are now, at least those of the findings.

        Raises:
            PatrolError: From the guards.
        """
        known = by_key(tokens)
        plan = _plan(self.findings, known, self.guards, SEVERITIES)
        found = {key_of(finding["token"]): token_from_record(finding["token"]) for finding in self.findings}
        planned: list[Planned] = []
        left = list(plan.left)
        for entry in plan.planned:
            reason = _difference(found[entry.token.key], entry.token)
            if reason is None:
                planned.append(entry)
            else:
                left.append(Skipped(*entry, reason=reason))
        return Plan(planned, left, plan.absent)

    def recheck(self, entry: Planned, fresh: Token) -> str | None:
        """Say why a planned token is not to be revoked after all; see ``PolicySelection.recheck``."""
        return _difference(entry.token, fresh) or self.guards.reason_to_leave(fresh)


Selection = Union[PolicySelection, FindingsSelection]


def plan_again(entries: Iterable[Planned], selection: Selection, tokens: Iterable[Token]) -> Plan:
    """Plan to revoke the tokens of an earlier plan of which everything that it says still holds.

    Args:
        entries: The tokens of the earlier plan, as they were when it was made.
        selection: How the earlier plan was made.
        tokens: The tokens as they are now, at least those of the earlier plan.

    Raises:
        PatrolError: From the selection.
    """
    known = by_key(tokens)
    planned: list[Planned] = []
    left: list[Skipped] = []
    absent: list[str] = []
    for entry in entries:
        fresh = known.get(entry.token.key)
        if fresh is None:
            absent.append(str(entry.token.personal_access_token_id))
            continue
        reason = selection.recheck(entry, fresh)
        if reason is None:
            planned.append(entry._replace(token=fresh))
        else:
            left.append(Skipped(fresh, entry.rule_ids, entry.message, reason))
    return Plan(planned, left, absent)


def beyond(entries: Iterable[Planned], plan: Plan) -> list[Planned]:
    """List the tokens of a plan that an earlier plan lacks.

    Args:
        entries: The tokens of the earlier plan.
        plan: The plan.
    """
    earlier = {entry.token.key for entry in entries}
    return [entry for entry in plan.planned if entry.token.key not in earlier]


def by_key(tokens: Iterable[Token]) -> dict[TokenKey, Token]:
    """Give the tokens by organization ID and token ID. One that was listed twice is in it once."""
    return {token.key: token for token in tokens}


def check_can_revoke(policy: Policy) -> None:
    """Check that a policy can revoke anything.

    Raises:
        OptionError: Says why none of its rules can.
    """
    if policy.can_revoke:
        return
    reasons = [
        f"{rule.id} has revoke: false"
        if not rule.revoke
        else f"{rule.id} has the severity {rule.severity}, which is below fail_on ({policy.fail_on})"
        for rule in policy.rules
    ]
    more = f" and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    raise OptionError(
        f"policy: none of its rules can revoke a token: {', '.join(reasons[:_MOST_REASONS])}{more}",
        hint="Such a policy only reports. Give a policy with a rule that may revoke.",
    )


def check_findings(findings: object, path: str = "findings") -> Findings:
    """Check that these are findings of an audit.

    Args:
        findings: The findings.
        path: What to call them in an error.

    Raises:
        OptionError: Names the place in the list and what it lacks.
    """
    if not isinstance(findings, (list, tuple)):
        raise OptionError(f"{path}: expected a list of findings of an audit, got {quoted(findings)}")
    check_plain(findings, path)
    for index, finding in enumerate(findings):
        here = f"{path}[{index}]"
        if not isinstance(finding, Mapping):
            raise OptionError(f"{here}: expected a finding of an audit, got {quoted(finding)}")
        missing = [
            key
            for key in ("rule_id", "severity", "revoke", "description", "message", "muted", "exception", "token")
            if key not in finding
        ]
        if missing:
            raise OptionError(f"{here}: not a finding of an audit, it lacks {', '.join(missing)}")
        for key in ("rule_id", "severity", "description", "message"):
            text_at(finding[key], f"{here}.{key}")
        for key in ("muted", "revoke"):
            if not isinstance(finding[key], bool):
                raise OptionError(f"{here}.{key}: expected true or false, got {quoted(finding[key])}")
        if finding["severity"] not in SEVERITIES:
            raise OptionError(
                f"{here}.severity: {quoted(finding['severity'])} is not one of {', '.join(SEVERITIES)}"
                f"{nearest(finding['severity'], SEVERITIES)}"
            )
        if finding["exception"] is not None:
            exception = mapping_at(finding["exception"], f"{here}.exception", ("reason",))
            text_at(exception["reason"], f"{here}.exception.reason")
        check_token(finding["token"], f"{here}.token")
    return findings


def check_findings_can_revoke(findings: Findings, path: str = "findings") -> None:
    """Check that findings can revoke anything, if there are any.

    Args:
        findings: The findings of an audit.
        path: What to call them in an error.

    Raises:
        OptionError: The rules of all of them only report.
    """
    if findings and not any(finding["revoke"] for finding in findings):
        rules = sorted({str(finding["rule_id"]) for finding in findings})
        names = ", ".join(rules[:_MOST_REASONS]) + (" and more" if len(rules) > _MOST_REASONS else "")
        raise OptionError(
            f"{path}: none of them can revoke a token, since their rules have revoke: false in the policy ({names})",
            hint="Such rules only report. Give findings of a rule that may revoke.",
        )


def check_findings_of_the_past(findings: Findings, now: int) -> None:
    """Check that findings are not those of an audit of the future, which finds tokens for what they will be one day.

    Args:
        findings: The findings of an audit.
        now: The present, in microseconds since the epoch.

    Raises:
        OptionError: The derived fields of a token, such as ``expired`` or ``age_days``, are of an instant after now.
    """
    for index, finding in enumerate(findings):
        record = finding["token"]
        token = token_from_record(record)
        instants: list[float] = [
            base + sign * record[field] * DAY
            for field, base, sign in (
                ("age_days", token.date_created, 1),
                ("unused_days", token.last_activity, 1),
                ("expires_in_days", token.expires_time, -1),
            )
            if base is not None and isinstance(record.get(field), (int, float))
        ]
        if record.get("expired") is True and token.expires_time is not None:
            instants.append(token.expires_time)
        # Days are rounded to two decimals.
        if any(instant > now + DAY // 100 for instant in instants):
            raise OptionError(
                f"findings[{index}]: they are of an audit whose as_of is in the future, so tokens would be "
                "revoked that are still valid",
                hint="Audit without as_of, or set allow_future to true.",
            )


def check_token(record: object, path: str) -> Token:
    """Check the record of a token that can be found again.

    Args:
        record: The record.
        path: What to call it in an error.

    Raises:
        OptionError: Names the field that is missing or not valid.
    """
    token = token_from_record(record, path)
    for field in ("organization_id", "region", "personal_access_token_id"):
        value = getattr(token, field)
        if not isinstance(value, str) or not value:
            raise OptionError(f"{path}.{field}: expected a text, got {quoted(value)}")
    return token


def _facts(token: Token) -> Token:
    """What the service says about a token, for comparison."""
    return token._replace(
        organization_alias=None, scopes=None if token.scopes is None else tuple(token.scopes), owner=None, other=None
    )


def _owner_facts(owner: Owner | None) -> tuple[object, ...] | None:
    """What a condition can look at, for comparison."""
    if owner is None:
        return None
    return owner.user_id, owner.name, owner.email, owner.state, owner.identity_provider_user_id


def _difference(before: Token, fresh: Token) -> str | None:
    """Say what has changed. If the owner was not known before, no condition can have looked at it."""
    if _facts(before) != _facts(fresh):
        return CHANGED
    if before.owner is not None and _owner_facts(before.owner) != _owner_facts(fresh.owner):
        return OWNER_CHANGED
    return None


def _plan(findings: Findings, tokens: Mapping[TokenKey, Token], guards: Protection, severities: Sequence[str]) -> Plan:
    planned: list[Planned] = []
    left: list[Skipped] = []
    absent: list[str] = []
    by_token: dict[TokenKey, list[Mapping[str, Any]]] = {}
    for finding in findings:
        by_token.setdefault(key_of(finding["token"]), []).append(finding)
    for key, found in by_token.items():
        token = tokens.get(key)
        if token is None:
            absent.append(str(key[1]))
            continue
        asking = [
            finding
            for finding in found
            if finding["revoke"] and not finding["muted"] and finding["severity"] in severities
        ]
        counting = asking or found
        rule_ids = list(dict.fromkeys(str(finding["rule_id"]) for finding in counting))
        entry = Planned(token, rule_ids, str(counting[0]["message"]))
        reason = guards.reason_to_leave(token) if asking else _not_asking(found)
        if reason is None:
            planned.append(entry)
        else:
            left.append(Skipped(*entry, reason=reason))
    return Plan(planned, left, absent)


def _not_asking(found: Findings) -> str:
    loud = [finding for finding in found if not finding["muted"]]
    if not loud:
        return f"muted: {(found[0]['exception'] or {}).get('reason')}"
    if not any(finding["revoke"] for finding in loud):
        return "its rules have revoke: false"
    return "its findings are less severe than fail_on"
