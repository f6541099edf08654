# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Check tokens against a policy, and return the findings. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from .errors import OptionError
from .policy import SEVERITIES, Policy, PolicyException
from .text import printable
from .times import format_instant
from .tokens import Token, in_order, to_record


class Verdict(NamedTuple):
    """The sorted findings, the expired exceptions, and the active exceptions that match no finding (``unused``)."""

    findings: Sequence[Mapping[str, Any]]
    expired: Sequence[Mapping[str, Any]]
    unused: Sequence[Mapping[str, Any]]


def judge(policy: Policy, tokens: Iterable[Token], as_of: int) -> Verdict:
    """Check tokens against a policy.

    Args:
        policy: The policy.
        tokens: The tokens, in any order; with their owners if the policy needs owners.
        as_of: The instant at which tokens and exceptions are evaluated, in microseconds since the epoch.

    Returns:
        Findings ``{rule_id, severity, revoke, description, message, known, muted, exception, token}``, sorted by
        severity (the highest first), rule ID, account ID, organization ID and token ID. ``known`` is False, and
        ``token`` is the result of ``to_record``. Each exception is a ``PolicyException.document``.

    Raises:
        OptionError: The policy needs owners, but a token has none.
        IndeterminateError: A token lacks a value that a rule or an exception needs.
    """
    rules = sorted(policy.rules, key=lambda rule: (-SEVERITIES.index(rule.severity), rule.id))
    expired = [exception for exception in policy.exceptions if exception.end <= as_of]
    active = [exception for exception in policy.exceptions if exception.end > as_of]
    used: set[int] = set()
    by_rule: dict[str, list[dict[str, Any]]] = {rule.id: [] for rule in rules}
    needs_owners = policy.needs_owners
    for token in sorted(in_order(list(tokens)), key=_by_place_and_id):
        if needs_owners and token.owner is None:
            raise OptionError(
                f"token {token.personal_access_token_id}: the policy has owner conditions, which need the owner of the "
                "token; gather the tokens with owners: true"
            )
        broken = [rule for rule in rules if rule.when.matches(token, as_of)]
        if not broken:
            continue
        matching = _matching(active, {rule.id for rule in broken}, token, as_of)
        used.update(matching)
        record, summary = to_record(token, as_of), _summary(token, as_of)
        for rule in broken:
            description = rule.description or rule.id
            muting = next((active[index] for index in matching if rule.id in active[index].rules), None)
            by_rule[rule.id].append(
                {
                    "rule_id": rule.id,
                    "severity": rule.severity,
                    "revoke": rule.revoke,
                    "description": description,
                    "message": f"{description}: {summary}",
                    "known": False,
                    "muted": muting is not None,
                    "exception": None if muting is None else muting.document,
                    "token": record,
                }
            )
    return Verdict(
        findings=[finding for rule in rules for finding in by_rule[rule.id]],
        expired=[exception.document for exception in expired],
        unused=[exception.document for index, exception in enumerate(active) if index not in used],
    )


def _by_place_and_id(token: Token) -> tuple[str, str, str]:
    return token.account_id or "", token.organization_id, token.personal_access_token_id or ""


def _matching(active: Sequence[PolicyException], broken: set[str], token: Token, as_of: int) -> list[int]:
    """Return the indexes of the exceptions that match the token and name a rule that the token breaks."""
    return [
        index
        for index, exception in enumerate(active)
        if not exception.rules.isdisjoint(broken) and exception.match.matches(token, as_of)
    ]


def _summary(token: Token, as_of: int) -> str:
    """Describe a token in one line of text for a reader."""
    owner = token.owner
    whom = (owner and (owner.email or owner.name)) or token.user_id or "unknown"
    created, used, expires = token.date_created, token.date_last_used, token.expires_time
    name = "without a name" if token.name is None else f'"{token.name}"'
    state = f" {owner.state or 'in an unknown state'}" if owner is not None and owner.state != "ENABLED" else ""
    return printable(
        f"{token.organization_alias or token.organization_id}, "
        f"token {token.personal_access_token_id or 'without an ID'} {name} of {whom}{state}, "
        f"{'creation unknown' if created is None else 'created ' + _day(created)}, "
        f"{'never used' if used is None else 'last used ' + _day(used)}, "
        f"{'no expiry' if expires is None else ('expired ' if expires <= as_of else 'expires ') + _day(expires)}"
    )


def _day(instant: int) -> str:
    return (format_instant(instant) or "")[:10]
