# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The implementation of ``workmail_pat_info``, from its options to its result."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from .._domain.accounts import Account
from .._domain.coverage import Coverage
from .._domain.errors import PatrolError, attach_details
from .._domain.times import current_instant, format_instant
from .._domain.tokens import Organization, to_record
from .._workmail.connection import Connection
from .._workmail.progress import Progress
from .._workmail.session import Session
from .options import SweepOptions, parse_sweep_options
from .sweep import Sweep, sweep


class Facts(NamedTuple):
    """The facts about tokens.

    ``result`` is the result that users see. ``missing`` are the skipped names, which do not exist in the service.
    """

    result: dict[str, Any]
    missing: Sequence[str]


def gather_facts(options: Mapping[str, Any], connection: Connection, progress: Progress | None = None) -> Facts:
    """Read the facts about tokens.

    Args:
        options: The options by name.
        connection: Makes the clients.
        progress: Counts and shows the calls; None for a new counter that shows nothing.

    Returns:
        The facts. The result has ``personal_access_tokens``, ``summary``, ``accounts``, ``organizations``, ``users``,
        ``as_of``, ``complete`` and ``errors``; the cost as ``elapsed`` in seconds, ``pages``, ``calls`` and
        ``retries``; and ``next_token`` if the caller pages through a listing.

    Raises:
        PatrolError: An option is not valid, or the result would be incomplete. If the sweep has started, the details of
            the error contain the cost.
    """
    checked = parse_sweep_options(options, current_instant())
    session = Session.open(connection, checked, progress)
    with attach_details(session.progress.as_result):
        found = sweep(checked, session)
    session.progress.show_total()
    return Facts({**_result(checked, found), **session.progress.as_result()}, found.missing)


def _result(options: SweepOptions, found: Sweep) -> dict[str, Any]:
    coverage = coverage_of(found)
    result: dict[str, Any] = {
        "personal_access_tokens": [to_record(token, options.as_of) for token in found.tokens],
        "summary": {"accounts": coverage.accounts_read, **summarize(found)},
        "accounts": coverage.accounts,
        "organizations": coverage.organizations,
        "users": list(options.users),
        "as_of": format_instant(options.as_of),
        "complete": coverage.complete,
        "errors": coverage.errors,
    }
    if options.manual_paging:
        result["next_token"] = found.next_token
    return result


def coverage_of(found: Sweep) -> Coverage:
    """Return the coverage of a sweep. Each readable organization that was not read completely has an error."""
    errors = [error.as_result() for error in found.errors]
    named = {error["organization_id"] for error in errors}
    errors += [
        _not_read(entry.organization).as_result()
        for entry in found.organizations
        if entry.organization.readable and not entry.complete and entry.organization.id not in named
    ]
    return Coverage(
        accounts=_accounts(found),
        organizations=[
            {
                "account_id": organization.account_id,
                "account_name": organization.account_name,
                "id": organization.id,
                "alias": organization.alias,
                "region": organization.region,
                "state": organization.state,
                "tokens": tally.tokens if tally is not None and complete else None,
            }
            for organization, tally, complete in found.organizations
        ],
        tokens_read=sum(entry.tally.tokens for entry in found.organizations if entry.tally is not None),
        errors=errors,
    )


def _accounts(found: Sweep) -> list[dict[str, Any]]:
    """Return the records of the accounts of a sweep.

    Args:
        found: The sweep.

    Returns:
        The records. ``organizations`` and ``tokens`` are None if the account was not read completely.
    """
    result = []
    for account in found.accounts:
        read = was_read(account, found.errors)
        swept = [entry for entry in found.organizations if entry.organization.account_id == account.id]
        result.append(
            {
                "id": account.id,
                "name": account.name,
                "state": account.state,
                "role_arn": account.role_arn,
                "organizations": sum(entry.complete for entry in swept) if read else None,
                "tokens": sum(entry.tally.tokens for entry in swept if entry.tally is not None) if read else None,
            }
        )
    return result


def was_read(account: Account, errors: Sequence[PatrolError]) -> bool:
    """Return whether an account was read completely.

    Args:
        account: The account.
        errors: The errors of the sweep. An error without an account can concern every account.
    """
    return account.readable and not any(error.account_id in (None, account.id) for error in errors)


def _not_read(organization: Organization) -> PatrolError:
    return PatrolError(
        "the organization was not read completely",
        error_code="IncompleteSweepException",
        account_id=organization.account_id,
        organization_id=organization.id,
        region=organization.region,
        hint="Run again.",
    )


def summarize(found: Sweep) -> dict[str, Any]:
    """Count the tokens that were read: in total, and for each organization by its ID."""
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
