# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The parts of a plan: tokens to revoke, skipped tokens, protection and limits. Pure: the standard library only."""

from __future__ import annotations

from typing import Iterable, Mapping, NamedTuple, Sequence

from .._domain.conditions import Conditions
from .._domain.tokens import Token, TokenKey


class Planned(NamedTuple):
    """A token to revoke, the IDs of the rules that require it, and a message that describes the token in one line."""

    token: Token
    rule_ids: Sequence[str]
    message: str


class Skipped(NamedTuple):
    """A token that is not revoked although a rule found it, and the reason. The other fields are as in ``Planned``."""

    token: Token
    rule_ids: Sequence[str]
    message: str
    reason: str


class Plan(NamedTuple):
    """The tokens to revoke, the skipped tokens, and the IDs of tokens that do not exist.

    If a saved plan is carried out, ``not_in_plan`` are the tokens that it does not contain, but a new plan would.
    """

    planned: Sequence[Planned]
    skipped: Sequence[Skipped]
    absent: Sequence[str]
    not_in_plan: Sequence[Planned] = ()


class Protection(NamedTuple):
    """The conditions and the grace period that prevent the revocation of tokens.

    ``protected`` is evaluated at the instant ``as_of``. A token is also protected until its age at the instant ``now``
    exceeds ``grace``. ``grace`` is in microseconds. ``as_of`` and ``now`` are in microseconds since the epoch.
    """

    protected: Conditions | None
    grace: int | None
    as_of: int
    now: int

    @property
    def needs_owners(self) -> bool:
        """Whether a condition needs the owner of a token."""
        return self.protected is not None and self.protected.needs_owners

    def reason_to_skip(self, token: Token) -> str | None:
        """Return the reason why a token must not be revoked.

        Args:
            token: The token, with its owner if ``needs_owners`` is true.

        Returns:
            The reason, or None if nothing protects the token.

        Raises:
            IndeterminateError: The token lacks a value that a condition needs.
        """
        if token.personal_access_token_id is None:
            return "AWS returns no ID for it"
        if self.protected is not None and self.protected.matches(token, self.as_of):
            return "protected"
        if self.grace is not None:
            if token.date_created is None:
                return "its creation time is unknown and a grace period applies"
            if self.now - token.date_created <= self.grace:
                return "created within the grace period"
        return None


class Limits(NamedTuple):
    """The maximum number of tokens to revoke in total, and the maximum percentage of the tokens of an organization."""

    tokens: int
    percent: int

    def exceeded(self, planned: Sequence[Planned], totals: Mapping[str, int | None]) -> list[str]:
        """Find the limits that a plan exceeds.

        Args:
            planned: The tokens to revoke.
            totals: The number of tokens of each organization, by organization ID.

        Returns:
            A text for each exceeded limit.
        """
        exceeded = []
        if len(planned) > self.tokens:
            exceeded.append(f"the plan has {len(planned)} tokens; max_tokens is {self.tokens}")
        counts: dict[str, int] = {}
        names: dict[str, str] = {}
        for entry in planned:
            organization_id = entry.token.organization_id
            counts[organization_id] = counts.get(organization_id, 0) + 1
            names[organization_id] = entry.token.organization_alias or organization_id
        for organization_id, count in counts.items():
            total = totals.get(organization_id) or 0
            if count * 100 > self.percent * total:
                exceeded.append(
                    f"the plan has {count} of the {total} tokens of {names[organization_id]}; max_percent is "
                    f"{self.percent}"
                )
        return exceeded


def by_key(tokens: Iterable[Token]) -> dict[TokenKey, Token]:
    """Index tokens by their keys, which removes duplicates.

    Args:
        tokens: The tokens.
    """
    return {token.key: token for token in tokens}
