# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""From options to a result: an audit of tokens. Facts do without it, since a module compiles all that it imports."""

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
    """Read the tokens and check them against a policy, keeping only those that a rule finds.

    Args:
        options: The options by name, and the documents ``policy`` and, if any, ``baseline``. Owners are read with
            ``owners``, and if the policy needs them.
        connection: Makes the clients.

    Returns:
        The result of ``audit``, and the cost as ``gather_facts`` returns it.

    Raises:
        PatrolError: An option, the policy or the baseline is not valid, or the answer would be incomplete; then its
            details have the cost.
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
