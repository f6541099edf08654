# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The parser of the options of ``workmail_pat_revoke``."""

from __future__ import annotations

import os
from typing import Any, Mapping, NamedTuple

from .._domain.checks import check_plain, integer_option
from .._domain.conditions import check_size
from .._domain.digest import digest_of
from .._domain.errors import OptionError
from .._domain.policy import parse_policy
from .._domain.text import quoted
from .._domain.times import format_instant, parse_duration, resolve_as_of
from .._sweep.accounts import reject_empty_lists
from .._sweep.options import SweepOptions, parse_sweep_options
from .findings import check_can_revoke, check_findings, check_findings_can_revoke, check_findings_of_the_past
from .options import check_future, optional_conditions
from .plan import Limits, Protection
from .plan_file import OPTIONS, SavedPlan, read_plan
from .selection import FindingsSelection, PolicySelection, Selection

_LIMIT = 10
_OF_SWEEP = (
    *("organizations", "regions", "owners", "concurrency"),
    *("accounts", "exclude_accounts", "assume_role_name", "assume_role_arn", "assume_role_external_id"),
)


class RevocationRequest(NamedTuple):
    """The checked options of a revocation.

    ``saved`` is the plan that is carried out, or None. ``now`` is in microseconds since the epoch.
    """

    sweep: SweepOptions
    selection: Selection
    limits: Limits
    saved: SavedPlan | None
    now: int
    confirm: bool
    record_dir: str

    @property
    def as_of(self) -> int:
        """The instant at which the policy is evaluated, in microseconds since the epoch."""
        return self.selection.protection.as_of

    @property
    def plan_file(self) -> str | None:
        """The path of the plan that is carried out, or None."""
        return None if self.saved is None else self.saved.path


def parse_request(options: Mapping[str, Any], now: int) -> RevocationRequest:
    """Check the options, and read the plan if ``plan_file`` is set.

    Args:
        options: The options by name. See ``revoke_by_policy``.
        now: The present, in microseconds since the epoch.

    Returns:
        The request.

    Raises:
        OptionError: An option or the plan is not valid.
    """
    if options.get("organizations") is not None and not options["organizations"]:
        # An empty list can come from an expression or from a variable that was never set. It must not mean every
        # organization.
        raise OptionError(
            "organizations: the list is empty; expected at least one organization",
            hint="To revoke in every organization of the account, omit the option.",
        )
    # Check this now: a plan replaces these lists before parse_sweep_options can check them.
    reject_empty_lists(options)
    saved = None if options.get("plan_file") is None else read_plan(options["plan_file"])
    if saved is None:
        selection = _parse_selection(options, now)
        limits = Limits(
            integer_option(options, "max_tokens", _LIMIT, None), integer_option(options, "max_percent", _LIMIT, 100)
        )
    else:
        options = _with_plan(options, saved)
        selection, limits = saved.selection(now), saved.limits
    record_dir = options.get("record_dir")
    if not isinstance(record_dir, str) or not record_dir.strip():
        raise OptionError(f"record_dir: expected the path of a directory, got {quoted(record_dir)}")
    as_of = selection.protection.as_of
    wanted = {
        **{name: options.get(name) for name in _OF_SWEEP},
        "as_of": format_instant(as_of),
        "owners": bool(options.get("owners")) or selection.needs_owners,
        **selection.targets,
    }
    sweep = parse_sweep_options(wanted, now)._replace(as_of=as_of, select=selection.conditions)
    confirm = bool(options.get("confirm"))
    if confirm:
        check_future(options, as_of, now)
    return RevocationRequest(sweep, selection, limits, saved, now, confirm, record_dir)


def _parse_selection(options: Mapping[str, Any], now: int) -> Selection:
    protection = Protection(
        protected=optional_conditions(options.get("protected"), "protected"),
        grace=None if options.get("grace") is None else parse_duration(options["grace"], "grace"),
        as_of=resolve_as_of(options.get("as_of"), now),
        now=now,
    )
    if options.get("findings") is None:
        policy = parse_policy(options.get("policy"))
        check_can_revoke(policy)
        return PolicySelection(policy, protection)
    findings = check_findings(options["findings"])
    check_findings_can_revoke(findings)
    for option in ("organizations", "regions"):
        if options.get(option):
            raise OptionError(
                f"{option}: cannot be combined with findings, which name their own organizations and regions"
            )
    if not options.get("allow_future"):
        check_findings_of_the_past(findings, now)
    return FindingsSelection(findings, protection)


def _with_plan(options: Mapping[str, Any], saved: SavedPlan) -> dict[str, Any]:
    """Replace the options with those of a plan. An option that is set as well must have the same value."""
    planned = {**saved.options, "max_tokens": saved.limits.tokens, "max_percent": saved.limits.percent}
    for name in OPTIONS:
        value = options.get(name)
        check_size(value, name)
        given = value is not None and value != [] and name != "owners"
        if given and digest_of(value, name) != digest_of(planned[name]):
            raise OptionError(
                f"{name}: {quoted(value)} differs from {quoted(planned[name])}, which the plan was made with",
                hint="Omit it, or plan again.",
            )
    check_size(options.get("policy"), "policy")
    check_plain(options.get("findings"), "findings")
    for name in ("policy", "findings"):
        value = options.get(name)
        if value is not None and (name != saved.source or digest_of(value, name) != saved.digest):
            raise OptionError(
                f"{name}: the plan was made from another one; expected the {saved.source} with the digest "
                f"{saved.digest}",
                hint="Omit it, or plan again.",
            )
    directory = os.path.dirname(os.path.abspath(saved.path))
    return {
        **options,
        **planned,
        "organizations": planned["organizations"] or None,
        "regions": saved.regions,
        "record_dir": directory if options.get("record_dir") is None else options["record_dir"],
    }
