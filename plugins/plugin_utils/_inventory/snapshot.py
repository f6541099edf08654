# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""A snapshot of WorkMail organizations: everything that was read, before anything is selected or judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._domain.accounts import Account
from ...module_utils._domain.conditions import parse_conditions
from ...module_utils._domain.errors import PatrolError, in_account
from ...module_utils._domain.tokens import Organization, Owner, Token
from ...module_utils._settings import settings_of
from ...module_utils._sweep.concurrency import WorkerPool
from ...module_utils._sweep.facts import was_read
from ...module_utils._sweep.options import SweepOptions
from ...module_utils._sweep.sweep import sweep
from ...module_utils._workmail import operations
from ...module_utils._workmail.errors import DENIED
from ...module_utils._workmail.session import Session


class OrganizationSnapshot(NamedTuple):
    """A WorkMail organization as it was read.

    Args:
        organization: The organization.
        complete: Whether it was read completely.
        tokens: Its tokens.
        users: Its users in order; None if owners were not requested.
        settings: The settings of its tokens; None if they were not requested or access to them was denied.
    """

    organization: Organization
    complete: bool
    tokens: Sequence[Token]
    users: Sequence[Owner] | None
    settings: Mapping[str, Any] | None


class AccountSnapshot(NamedTuple):
    """An AWS account as it was read.

    Args:
        account: The account.
        complete: Whether it was read completely; None if it was not to be read, because AWS Organizations lists it in
            another state than ``ACTIVE``.
        organizations: Its WorkMail organizations that were found, in whatever state.
    """

    account: Account
    complete: bool | None
    organizations: Sequence[Organization]


class Snapshot(NamedTuple):
    """Everything that was read, in order.

    Args:
        organizations: The WorkMail organizations whose tokens can be read.
        errors: The errors of everything that was not read completely.
        accounts: The AWS accounts, including those that were not read.
    """

    organizations: Sequence[OrganizationSnapshot]
    errors: Sequence[PatrolError]
    accounts: Sequence[AccountSnapshot] = ()


def fetch_snapshot(options: SweepOptions, session: Session, settings: bool) -> Snapshot:
    """Read all tokens of the organizations and users in the options, including tokens that are not selected.

    Args:
        options: The targets.
        session: The session to read with.
        settings: Whether to read the settings of the tokens as well.

    Returns:
        The snapshot.

    Raises:
        PatrolError: A target could not be read completely. With ``options.keep_going`` it is among the errors instead.
    """
    found = sweep(options._replace(select=parse_conditions({}, "select")), session, keep_owners=True)
    organizations = [entry.organization for entry in found.organizations if entry.organization.readable]
    complete = {entry.organization for entry in found.organizations if entry.complete}
    errors = list(found.errors)
    known: dict[Organization, Mapping[str, Any] | None] = {}
    if settings:
        calls = WorkerPool(options.concurrency, options.keep_going)
        readable = [organization for organization in organizations if organization in complete]

        def read(organization: Organization) -> dict[str, Any]:
            with in_account(organization.account_id):
                client = session.client(organization.region, organization.account_id)
                return {"read": _read_settings(client, organization)}

        for organization, answer in zip(readable, calls.each(read, readable), strict=True):
            if answer is None:
                complete.discard(organization)
            else:
                known[organization] = answer["read"]
        errors += calls.errors
    tokens: dict[tuple[str, str], list[Token]] = {}
    for token in found.tokens:
        tokens.setdefault((token.organization_id, token.region), []).append(token)
    return Snapshot(
        [
            OrganizationSnapshot(
                organization,
                organization in complete,
                tokens.get((organization.id, organization.region), []),
                _users_in_order(found.owners.get(organization)) if options.owners else None,
                known.get(organization),
            )
            for organization in organizations
        ],
        errors,
        [
            AccountSnapshot(
                account,
                was_read(account, errors) if account.readable else None,
                [entry.organization for entry in found.organizations if entry.organization.account_id == account.id],
            )
            for account in found.accounts
        ],
    )


def _read_settings(client: Any, organization: Organization) -> dict[str, Any] | None:
    try:
        configuration = operations.describe_identity_provider_configuration(client, organization.id)
    except PatrolError as error:
        if error.error_code in DENIED:
            return None
        raise
    return settings_of(configuration)


def _users_in_order(users: Mapping[str, Owner] | None) -> list[Owner]:
    return [users[user_id] for user_id in sorted(users)] if users else []
