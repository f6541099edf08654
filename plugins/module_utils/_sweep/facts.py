# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""From options to a result: the facts about tokens."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from .._domain.errors import attach_details
from .._domain.times import current_instant, format_instant
from .._domain.tokens import to_record
from .._workmail.progress import Progress, Tell
from .._workmail.session import Connect, Session
from .options import SweepOptions, parse_sweep_options
from .sweep import Sweep, sweep


class Facts(NamedTuple):
    """The result as users see it, and the names that the service does not know where these are passed over."""

    result: dict[str, Any]
    missing: Sequence[str]


def gather_facts(options: Mapping[str, Any], connect: Connect, region: str | None, tell: Tell | None = None) -> Facts:
    """Sweep and tell.

    Args:
        options: The options by name, those of the connection among them.
        connect: Makes a boto3 client, called as C(connect(service, region=…, config=…)).
        region: The connection's own region, if it has one.
        tell: Is told every few seconds how far the sweep has come, and at its end, if anybody.

    Returns:
        C(personal_access_tokens), C(summary), C(organizations), C(as_of), C(complete), C(errors), what it
        cost as C(elapsed), C(pages), C(calls) and C(retries), and C(next_token) where one listing is paged by hand.

    Raises:
        PatrolError: An option is not valid, or the answer would not be whole; then its details have what it cost.
    """
    checked = parse_sweep_options(options, current_instant())
    session = open_session(checked, options, connect, region, tell)
    with attach_details(session.progress.as_result):
        found = sweep(checked, session)
    if tell is not None:
        tell(str(session.progress))
    return Facts({**_result(checked, found), **session.progress.as_result()}, found.missing)


def open_session(
    checked: SweepOptions,
    options: Mapping[str, Any],
    connect: Connect,
    region: str | None,
    tell: Tell | None = None,
) -> Session:
    """The session of a sweep with options that were checked; the others as for M(gather_facts)."""
    return Session(
        connect,
        checked.regions,
        region,
        options.get("profile"),
        checked.role,
        checked.concurrency,
        Progress(tell),
    )


def _result(options: SweepOptions, found: Sweep) -> dict[str, Any]:
    result: dict[str, Any] = {
        "personal_access_tokens": [to_record(token, options.as_of) for token in found.tokens],
        "summary": summarize(found),
        "organizations": organizations_of(found),
        "as_of": format_instant(options.as_of),
        "complete": found.complete,
        "errors": [error.as_result() for error in found.errors],
    }
    if options.manual_paging:
        result["next_token"] = found.next_token
    return result


def organizations_of(found: Sweep) -> list[dict[str, Any]]:
    """The organizations of a sweep as results have them."""
    return [
        {
            "id": organization.id,
            "alias": organization.alias,
            "region": organization.region,
            "state": organization.state,
            "tokens": tally.tokens if tally is not None and complete else None,
        }
        for organization, tally, complete in found.organizations
    ]


def tokens_read(found: Sweep) -> int:
    """How many tokens a sweep read, selected or not."""
    return sum(entry.tally.tokens for entry in found.organizations if entry.tally is not None)


def summarize(found: Sweep) -> dict[str, Any]:
    """Count what was read: over all organizations, and for each that anything was read of by its id."""
    read = [(entry.organization, entry.tally) for entry in found.organizations if entry.tally is not None]
    fields = ("tokens", "selected", "expired", "never_used")
    return {
        "organizations": sum(entry.complete for entry in found.organizations),
        **{field: sum(getattr(tally, field) for _organization, tally in read) for field in fields},
        "by_organization": {
            organization.id: {"alias": organization.alias, **{field: getattr(tally, field) for field in fields}}
            for organization, tally in read
        },
    }
