# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Audits of facts that were gathered before. Pure: the standard library only."""

from __future__ import annotations

from typing import Any

from ..module_utils._audit.baseline import Baseline, compare_with_baseline
from ..module_utils._audit.facts_check import check_facts
from ..module_utils._audit.result import audit
from ..module_utils._domain.errors import OptionError
from ..module_utils._domain.policy import Policy
from ..module_utils._domain.times import resolve_as_of


def audit_facts(
    policy: Policy,
    facts: object,
    as_of: object,
    now: int,
    complete: object = None,
    baseline: Baseline | None = None,
) -> dict[str, Any]:
    """Check facts that were gathered before against a policy.

    Args:
        policy: The policy.
        facts: The result of ``workmail_pat_info``, or a list of its records.
        as_of: The instant to judge at, as the user gives it. None is the instant of the result, or ``now`` for a list.
        now: The present, in microseconds since the epoch.
        complete: Whether a list is complete, as for ``check_facts``.
        baseline: An earlier audit to compare with, if any.

    Returns:
        A result in the form that ``audit`` returns. Its errors name what is missing from the facts.

    Raises:
        PatrolError: The value is not facts, organizations of the baseline are missing, or ``judge`` raises it.
    """
    checked = check_facts(facts, complete)
    if baseline is not None and checked.users:
        raise OptionError(
            "baseline: the facts are about some users only, so findings of other users would look fixed",
            hint="Gather the facts without users.",
        )
    result = audit(
        policy,
        checked.tokens,
        resolve_as_of(checked.as_of if as_of is None else as_of, now),
        checked.coverage,
        now=now,
    )
    return result if baseline is None else compare_with_baseline(result, baseline)
