# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The search for organizations: those of a sweep, and the organization that a module manages."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from .._domain.errors import PatrolError, ReplyError, in_account
from .._domain.text import nearest, quoted
from .._domain.tokens import Organization
from .._workmail import operations
from .._workmail.connection import Connection
from .._workmail.errors import FOREIGN_REPLY
from .._workmail.role import account_of_role
from .._workmail.session import Session
from .concurrency import WorkerPool
from .options import SweepOptions, is_organization_id, parse_organization_options

NOT_FOUND = "OrganizationNotFoundException"


class Place(NamedTuple):
    """A region of an account. ``account_id`` is None for the account of the credentials."""

    account_id: str | None
    region: str
    account_name: str | None = None


class OrganizationClient(NamedTuple):
    """An organization, and a client for its region."""

    organization: Organization
    client: Any


def connect_to_organization(options: Mapping[str, Any], connection: Connection) -> OrganizationClient:
    """Find the organization that a module manages, in the region of the connection.

    Args:
        options: The options by name: ``organization`` and the options of the role.
        connection: Makes the clients.

    Returns:
        The organization and its client.

    Raises:
        PatrolError: An option is not valid, the organization does not exist, or it is not Active.
    """
    checked = parse_organization_options(options)
    session = Session.open(connection, checked)
    if checked.role is not None:
        account_id = account_of_role(checked.role.arn)
        with in_account(account_id):
            session.assume(account_id)
    organization = find_organization(session, checked.organization)
    return OrganizationClient(organization, session.client(organization.region))


def find_organization(session: Session, name: str) -> Organization:
    """Find an organization by ID or alias in the regions of a session.

    Args:
        session: Makes the clients.
        name: The ID or alias, already checked.

    Returns:
        The organization.

    Raises:
        PatrolError: The organization does not exist or is not Active, several organizations have the alias, or a
            listing could not be read completely.
    """
    found, _unknown = _find(
        [name], False, session, [Place(None, region) for region in session.regions], WorkerPool(1, keep_going=False)
    )
    if len(found) > 1:
        raise _ambiguous(name, found)
    return found[0]


def discover(
    options: SweepOptions, session: Session, places: Sequence[Place], calls: WorkerPool
) -> tuple[list[Organization], list[str]]:
    """Find the organizations of a sweep.

    Args:
        options: The options of the sweep. ``organizations`` has the IDs or aliases; empty for all organizations.
        session: Makes the clients.
        places: The accounts and regions to search.
        calls: Runs the calls, and records the errors.

    Returns:
        The organizations, sorted by account, ID and region; and the names that do not exist, if ``skip_missing`` is
        set. Without names in the options, the organizations include those that are not readable.

    Raises:
        PatrolError: A listing could not be read completely, a name does not exist, a named organization is not
            readable, no organization is readable, or an organization is listed in two places. If ``keep_going`` is set,
            the error is added to ``calls`` instead.
    """
    names = options.organizations
    if not names:
        found = _listed(session, places, calls)
        if not calls.errors and not any(organization.readable for organization in found):
            calls.record_failure(_none_readable(places))
        return _by_id(found), []
    found, unknown = _find(names, options.skip_missing, session, places, calls)
    return _by_id(found), [f"organization {name}" for name in unknown]


def _find(
    names: Sequence[str], skip_missing: bool, session: Session, places: Sequence[Place], calls: WorkerPool
) -> tuple[list[Organization], list[str]]:
    """Return the organizations with the given names, and the names that do not exist."""
    if all(is_organization_id(name) for name in names):
        known = found = _described(names, session, places, calls)
    else:
        known = _listed(session, places, calls)
        found = [organization for organization in known if any(_is_called(organization, name) for name in names)]
    unknown = [name for name in names if not any(_is_called(organization, name) for organization in found)]
    # After an error, a name that was not found may belong to an organization that could not be read.
    if unknown and not skip_missing and not calls.errors:
        for name in unknown:
            calls.record_failure(_not_found(name, known, places))
    for organization in found:
        if not organization.readable:
            calls.record_failure(_not_readable(organization))
    return found, unknown


def _listed(session: Session, places: Sequence[Place], calls: WorkerPool) -> list[Organization]:
    def list_in(place: Place) -> list[Organization]:
        with in_account(place.account_id):
            found = operations.list_organizations(session.client(place.region, place.account_id))
        return [_in_account(organization, place) for organization in found]

    lists = calls.each(list_in, places)
    return _in_one_place([organization for found in lists if found is not None for organization in found], calls)


def _described(ids: Sequence[str], session: Session, places: Sequence[Place], calls: WorkerPool) -> list[Organization]:
    def describe(asked: tuple[str, Place]) -> Organization | None:
        organization_id, place = asked
        try:
            with in_account(place.account_id):
                client = session.client(place.region, place.account_id)
                return _in_account(operations.describe_organization(client, organization_id), place)
        except PatrolError as error:
            if error.error_code == NOT_FOUND:
                return None
            raise

    found = calls.each(describe, [(organization_id, place) for organization_id in ids for place in places])
    return _in_one_place([organization for organization in found if organization is not None], calls)


def _in_account(organization: Organization, place: Place) -> Organization:
    if None not in (place.account_id, organization.account_id) and place.account_id != organization.account_id:
        raise ReplyError(
            f"its ARN shows that organization {organization.id} is in account {organization.account_id}",
            account_id=place.account_id,
            organization_id=organization.id,
            region=place.region,
            operation="DescribeOrganization",
            hint=FOREIGN_REPLY,
        )
    account_id = place.account_id or organization.account_id
    return organization._replace(account_id=account_id, account_name=place.account_name)


def _in_one_place(found: Sequence[Organization], calls: WorkerPool) -> list[Organization]:
    """Remove duplicates, and record an error for each organization that is in two places.

    Otherwise, the tokens of such an organization would be counted twice.
    """
    kept: dict[str, Organization] = {}
    for organization in found:
        first = kept.setdefault(organization.id, organization)
        if first.region != organization.region:
            calls.record_failure(_in_two_places(first, organization, "region", first.region))
        elif first.account_id != organization.account_id:
            calls.record_failure(_in_two_places(first, organization, "account", str(first.account_id)))
    return list(kept.values())


def _is_called(organization: Organization, name: str) -> bool:
    # Aliases are case-insensitive, because they are part of host names.
    return organization.id == name or (organization.alias or "").casefold() == name.casefold()


def _by_id(organizations: Sequence[Organization]) -> list[Organization]:
    return sorted(
        organizations, key=lambda organization: (organization.account_id or "", organization.id, organization.region)
    )


def _none_readable(places: Sequence[Place]) -> PatrolError:
    return PatrolError(
        "no organization is in state Active",
        error_code="NoOrganizationException",
        account_id=_one_account(places),
        region=_regions(places),
        hint="Check the region and the account.",
    )


def _in_two_places(first: Organization, second: Organization, kind: str, where: str) -> PatrolError:
    return ReplyError(
        f"organization {second.alias or second.id} is also listed in {kind} {where}",
        account_id=second.account_id,
        organization_id=second.id,
        region=second.region,
        hint=(
            "An organization is in one account and one region. Check whether endpoint_url answers for several of them."
        ),
    )


def _regions(places: Sequence[Place]) -> str:
    return ", ".join(dict.fromkeys(place.region for place in places))


def _one_account(places: Sequence[Place]) -> str | None:
    accounts = {place.account_id for place in places}
    return accounts.pop() if len(accounts) == 1 else None


def _ambiguous(name: str, found: Sequence[Organization]) -> PatrolError:
    ids = ", ".join(organization.id for organization in found)
    return ReplyError(
        f"organization: {name} is the alias of several organizations: {ids}",
        region=found[0].region,
        hint="Give the ID of the organization.",
    )


def _not_found(name: str, known: Sequence[Organization], places: Sequence[Place]) -> PatrolError:
    accounts = len({place.account_id for place in places})
    where = f"{_regions(places)} of {accounts} accounts" if accounts > 1 else _regions(places)
    aliases = sorted(organization.alias for organization in known if organization.alias)
    return PatrolError(
        f"no organization is called {name}{nearest(name, aliases)}",
        error_code=NOT_FOUND,
        account_id=_one_account(places),
        organization_id=name if is_organization_id(name) else None,
        region=_regions(places),
        hint=f"Check the region and the account: the organization was looked up in {where}.",
    )


def _not_readable(organization: Organization) -> PatrolError:
    return PatrolError(
        f"organization {organization.alias or organization.id} is in state {quoted(organization.state)}",
        error_code="OrganizationStateException",
        account_id=organization.account_id,
        organization_id=organization.id,
        region=organization.region,
        hint=(
            "Only an organization in state Active can list its tokens. Name the organizations to read without this one."
        ),
    )
