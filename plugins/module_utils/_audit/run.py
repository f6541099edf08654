# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The implementation of ``workmail_pat_audit``, from its options to its result.

It is separate from ``gather_facts``, so ``workmail_pat_info`` does not have to import and compile it.
"""

from __future__ import annotations

from typing import Any, Mapping

from .._domain.conditions import all_of
from .._domain.errors import OptionError, attach_details
from .._domain.policy import parse_policy
from .._domain.times import current_instant
from .._sweep.facts import coverage_of
from .._sweep.options import parse_sweep_options
from .._sweep.sweep import sweep
from .._workmail.connection import Connection
from .._workmail.session import Session
from .baseline import Baseline, compare_with_baseline, read_baseline
from .result import audit


def gather_audit(options: Mapping[str, Any], connection: Connection) -> dict[str, Any]:
    """Read the tokens and check them against a policy. Only tokens that violate a rule stay in memory.

    Args:
        options: The options by name, including the documents ``policy`` and ``baseline``. Owners are read if ``owners``
            is set or the policy needs them.
        connection: Makes the clients.

    Returns:
        The result of ``audit``, and the cost, as in the result of ``gather_facts``.

    Raises:
        PatrolError: An option, the policy or the baseline is not valid, or the result would be incomplete. If the sweep
            has started, the details of the error contain the cost.
    """
    policy = parse_policy(options.get("policy"))
    now = current_instant()
    baseline = _baseline(options, now)
    owners = bool(options.get("owners")) or policy.needs_owners
    checked = parse_sweep_options({**options, "owners": owners}, now)
    checked = checked._replace(select=all_of([checked.select, policy.when]))
    session = Session.open(connection, checked)
    with attach_details(session.progress.as_result):
        found = sweep(checked, session)
    result = audit(
        policy,
        found.tokens,
        checked.as_of,
        coverage_of(found),
        now=now,
        caller=session.known_caller(),
    )
    if baseline is not None:
        with attach_details(session.progress.as_result):
            result = compare_with_baseline(result, baseline)
    return {**result, **session.progress.as_result()}


def _baseline(options: Mapping[str, Any], now: int) -> Baseline | None:
    if options.get("baseline") is None:
        return None
    for option in ("users", "select"):
        if options.get(option):
            raise OptionError(
                f"baseline: it cannot be combined with {option}, because findings of other tokens would look fixed"
            )
    return read_baseline(options["baseline"], options.get("baseline_max_age"), now)
