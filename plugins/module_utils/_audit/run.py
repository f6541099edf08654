# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""From options to a result: an audit of tokens. Facts do without it, since a module compiles all that it imports."""

from __future__ import annotations

from typing import Any, Mapping

from .._domain.conditions import Conditions
from .._domain.errors import attach_details
from .._domain.policy import parse_policy
from .._domain.times import current_instant
from .._domain.tokens import Token
from .._sweep.facts import open_session, organizations_of, tokens_read
from .._sweep.options import parse_sweep_options
from .._sweep.sweep import sweep
from .._workmail.session import Connect
from .result import audit


def gather_audit(options: Mapping[str, Any], connect: Connect, region: str | None) -> dict[str, Any]:
    """Sweep and hold the tokens against a policy, keeping only those that a rule finds.

    Args:
        options, connect, region: As for M(gather_facts), and the policy's document among the options as C(policy).
            Owners are fetched where the policy needs them, and with C(owners).

    Returns:
        As M(audit) does, and what it cost as M(gather_facts) does.

    Raises:
        PatrolError: An option or the policy is not valid, or the answer would not be whole; then its details have what
            it cost.
    """
    policy = parse_policy(options.get("policy"))
    owners = bool(options.get("owners")) or policy.needs_owners
    now = current_instant()
    checked = parse_sweep_options({**options, "owners": owners}, now)
    checked = checked._replace(select=_both(checked.select, policy.when))
    session = open_session(checked, options, connect, region)
    with attach_details(session.progress.as_result):
        found = sweep(checked, session)
    result = audit(
        policy,
        found.tokens,
        checked.as_of,
        organizations=organizations_of(found),
        tokens_read=tokens_read(found),
        organizations_read=sum(entry.complete for entry in found.organizations),
        complete=found.complete,
        errors=[error.as_result() for error in found.errors],
        now=now,
        caller=session.known_caller(),
    )
    return {**result, **session.progress.as_result()}


def _both(first: Conditions, second: Conditions) -> Conditions:
    def matches(token: Token, as_of: int) -> bool:
        return first.matches(token, as_of) and second.matches(token, as_of)

    return Conditions(matches, first.needs_owners or second.needs_owners)
