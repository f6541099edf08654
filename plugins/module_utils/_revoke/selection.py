# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The selection of the tokens to revoke: by a policy, by findings or by a saved plan.

Pure: the standard library only.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple, Protocol, Sequence

from .._domain.conditions import Conditions
from .._domain.judge import judge
from .._domain.policy import SEVERITIES, Policy
from .._domain.tokens import Owner, Token, TokenKey, key_of, token_from_record
from .findings import Findings
from .plan import Plan, Planned, Protection, Skipped, by_key

CHANGED = "it has changed since it was found"
OWNER_CHANGED = "its owner has changed since it was found"
OTHER_USER = "it belongs to another user now"
OTHER_CREATION = "its creation time is different from before"
USE_FORGOTTEN = "its time of last use is no longer returned"


class Selection(Protocol):
    """A selection of the tokens to revoke."""

    @property
    def protection(self) -> Protection:
        """The conditions and the grace period that prevent the revocation of a token."""

    @property
    def needs_owners(self) -> bool:
        """Whether ``plan`` and ``reason_to_skip`` need the owner of a token."""

    @property
    def targets(self) -> Mapping[str, Sequence[str]]:
        """The options ``organizations`` and ``regions`` of the sweep; empty if the selection does not restrict them."""

    @property
    def is_empty(self) -> bool:
        """Whether no token can be selected.

        If so, the sweep must be skipped: without an organization in its options, it would read every organization.
        """

    @property
    def conditions(self) -> Conditions:
        """Conditions that every token meets that is relevant for ``plan``."""

    def plan(self, tokens: Iterable[Token]) -> Plan:
        """Plan to revoke tokens.

        Args:
            tokens: The current tokens, at least those that meet ``conditions``.

        Returns:
            The plan.

        Raises:
            PatrolError: The policy or the protection cannot be evaluated for a token.
        """

    def reason_to_skip(self, planned: Planned, fresh: Token) -> str | None:
        """Return the reason why a planned token must not be revoked.

        Args:
            planned: The token in the plan.
            fresh: The token that was just read, with its owner if ``needs_owners`` is true.

        Returns:
            The reason, or None if the token still matches the plan and is not protected.

        Raises:
            PatrolError: The policy or the protection cannot be evaluated for the token.
        """


class PolicySelection(NamedTuple):
    """The selection of the tokens that violate a rule of a policy that may revoke.

    Only findings count that are not muted and have a severity of at least ``fail_on``.
    """

    policy: Policy
    protection: Protection

    @property
    def needs_owners(self) -> bool:
        """Whether a rule, an exception or the protection needs the owner of a token."""
        return self.policy.needs_owners or self.protection.needs_owners

    @property
    def targets(self) -> Mapping[str, Sequence[str]]:
        """Empty, because a policy applies to every organization."""
        return {}

    @property
    def is_empty(self) -> bool:
        """False, because a policy always has rules."""
        return False

    @property
    def conditions(self) -> Conditions:
        """The conditions of all rules, combined with "or" and evaluated at the instant of the protection."""
        when, as_of = self.policy.when, self.protection.as_of
        return Conditions(lambda token, _as_of: when.matches(token, as_of), self.needs_owners)

    def plan(self, tokens: Iterable[Token]) -> Plan:
        """Plan to revoke the tokens that violate the policy. See ``Selection``."""
        known = by_key(tokens)
        findings = judge(self.policy, known.values(), self.protection.as_of).findings
        return _plan(findings, known, self.protection, self.policy.failing_severities)

    def reason_to_skip(self, planned: Planned, fresh: Token) -> str | None:
        """Check that the token has the same user and is still found by every rule in the plan. See ``Selection``."""
        if fresh.user_id != planned.token.user_id:
            return OTHER_USER
        if fresh.date_created != planned.token.date_created:
            return OTHER_CREATION
        if fresh.date_last_used is None and planned.token.date_last_used is not None:
            return USE_FORGOTTEN
        findings = judge(self.policy, [fresh], self.protection.as_of).findings
        asking = {finding["rule_id"] for finding in findings if finding["revoke"] and not finding["muted"]}
        gone = [rule_id for rule_id in planned.rule_ids if rule_id not in asking]
        if gone:
            return f"no longer found by {', '.join(gone)}"
        return self.protection.reason_to_skip(fresh)


class FindingsSelection(NamedTuple):
    """The selection of the tokens of findings that are not muted and may revoke.

    A token that has changed since it was found is skipped.
    """

    findings: Findings
    protection: Protection

    @property
    def needs_owners(self) -> bool:
        """Whether a finding contains the owner of its token, or the protection needs owners."""
        known = any(finding["token"].get("owner") is not None for finding in self.findings)
        return known or self.protection.needs_owners

    @property
    def targets(self) -> Mapping[str, Sequence[str]]:
        """The organizations and regions of the findings."""
        return {
            option: sorted({finding["token"][field] for finding in self.findings})
            for option, field in (("organizations", "organization_id"), ("regions", "region"))
        }

    @property
    def is_empty(self) -> bool:
        """Whether there are no findings."""
        return not self.findings

    @property
    def conditions(self) -> Conditions:
        """The conditions that only the tokens of the findings meet."""
        keys = {key_of(finding["token"]) for finding in self.findings}
        return Conditions(lambda token, _as_of: token.key in keys, self.needs_owners)

    def plan(self, tokens: Iterable[Token]) -> Plan:
        """Plan to revoke the tokens of the findings. See ``Selection``."""
        known = by_key(tokens)
        plan = _plan(self.findings, known, self.protection, SEVERITIES)
        found = {key_of(finding["token"]): token_from_record(finding["token"]) for finding in self.findings}
        planned: list[Planned] = []
        skipped = list(plan.skipped)
        for entry in plan.planned:
            reason = _difference(found[entry.token.key], entry.token)
            if reason is None:
                planned.append(entry)
            else:
                skipped.append(Skipped(*entry, reason=reason))
        return Plan(planned, skipped, plan.absent)

    def reason_to_skip(self, planned: Planned, fresh: Token) -> str | None:
        """Check that the token has not changed and is not protected. See ``Selection``."""
        return _difference(planned.token, fresh) or self.protection.reason_to_skip(fresh)


class SavedSelection(NamedTuple):
    """The selection of the tokens of a saved plan.

    A token that no longer matches the plan is skipped. ``original`` is the selection that made the plan. ``latest`` is
    the selection that a new plan would use.
    """

    entries: Sequence[Planned]
    original: Selection
    latest: Selection

    @property
    def protection(self) -> Protection:
        """The protection of the original selection."""
        return self.original.protection

    @property
    def needs_owners(self) -> bool:
        """Whether the original selection needs the owner of a token."""
        return self.original.needs_owners

    @property
    def targets(self) -> Mapping[str, Sequence[str]]:
        """The organizations and regions of the original selection."""
        return self.original.targets

    @property
    def is_empty(self) -> bool:
        """Whether the original selection is empty."""
        return self.original.is_empty

    @property
    def conditions(self) -> Conditions:
        """The conditions that the tokens of the saved plan and those of the latest selection meet."""
        keys = {entry.token.key for entry in self.entries}
        latest = self.latest.conditions

        def matches(token: Token, as_of: int) -> bool:
            return token.key in keys or latest.matches(token, as_of)

        return Conditions(matches, self.needs_owners)

    def plan(self, tokens: Iterable[Token]) -> Plan:
        """Plan to revoke the tokens of the saved plan, and list new tokens in ``not_in_plan``. See ``Selection``."""
        known = by_key(tokens)
        planned: list[Planned] = []
        skipped: list[Skipped] = []
        absent: list[str] = []
        for entry in self.entries:
            fresh = known.get(entry.token.key)
            if fresh is None:
                absent.append(str(entry.token.personal_access_token_id))
                continue
            reason = self.reason_to_skip(entry, fresh)
            if reason is None:
                planned.append(entry._replace(token=fresh))
            else:
                skipped.append(Skipped(fresh, entry.rule_ids, entry.message, reason))
        earlier = {entry.token.key for entry in self.entries}
        latest = self.latest.plan(known.values())
        not_in_plan = [entry for entry in latest.planned if entry.token.key not in earlier]
        return Plan(planned, skipped, absent, not_in_plan)

    def reason_to_skip(self, planned: Planned, fresh: Token) -> str | None:
        """Return the reason of the original selection. See ``Selection``."""
        return self.original.reason_to_skip(planned, fresh)


def _facts(token: Token) -> Token:
    """Return a copy of a token that has only the fields to compare."""
    return token._replace(
        organization_alias=None, scopes=None if token.scopes is None else tuple(token.scopes), owner=None, other=None
    )


def _owner_facts(owner: Owner | None) -> tuple[object, ...] | None:
    """Return the fields of an owner to compare, which are those that conditions can use."""
    if owner is None:
        return None
    return owner.user_id, owner.name, owner.email, owner.state, owner.identity_provider_user_id


def _difference(before: Token, fresh: Token) -> str | None:
    """Return the reason to skip a token that has changed, or None.

    If the owner was not known before, it is not compared, because no condition can have used it.
    """
    if _facts(before) != _facts(fresh):
        return CHANGED
    if before.owner is not None and _owner_facts(before.owner) != _owner_facts(fresh.owner):
        return OWNER_CHANGED
    return None


def _plan(
    findings: Findings, tokens: Mapping[TokenKey, Token], protection: Protection, severities: Sequence[str]
) -> Plan:
    planned: list[Planned] = []
    skipped: list[Skipped] = []
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
        reason = protection.reason_to_skip(token) if asking else _reason_not_to_ask(found)
        if reason is None:
            planned.append(entry)
        else:
            skipped.append(Skipped(*entry, reason=reason))
    return Plan(planned, skipped, absent)


def _reason_not_to_ask(found: Findings) -> str:
    loud = [finding for finding in found if not finding["muted"]]
    if not loud:
        return f"muted: {(found[0]['exception'] or {}).get('reason')}"
    if not any(finding["revoke"] for finding in loud):
        return "its rules have revoke: false"
    return "its findings are less severe than fail_on"
