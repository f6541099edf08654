# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Find organizations: those of a sweep, and the one that a module works on."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from .._domain.errors import PatrolError, ReplyError
from .._domain.text import nearest, quoted
from .._domain.tokens import Organization
from .._workmail import operations
from .._workmail.connection import Connection
from .._workmail.session import Session
from .concurrency import WorkerPool
from .options import SweepOptions, is_organization_id, parse_organization_options

NOT_FOUND = "OrganizationNotFoundException"


class OrganizationClient(NamedTuple):
    """An organization, and a client for its region."""

    organization: Organization
    client: Any


def connect_to_organization(options: Mapping[str, Any], connection: Connection) -> OrganizationClient:
    """Find the organization that a module works on, in the region of the connection.

    Args:
        options: The options by name: ``organization``, and those of the role.
        connection: Makes the clients.

    Returns:
        The organization and its client.

    Raises:
        PatrolError: An option is not valid, the organization does not exist, or it is not Active.
    """
    checked = parse_organization_options(options)
    session = Session.open(connection, checked)
    organization = find_organization(session, checked.organization)
    return OrganizationClient(organization, session.client(organization.region))


def find_organization(session: Session, name: str) -> Organization:
    """Find an organization by ID or alias in the regions of a session.

    Args:
        session: Has the clients.
        name: The ID or alias, checked.

    Returns:
        The organization.

    Raises:
        PatrolError: The organization does not exist, it is not Active, several have the alias, or a listing could not
            be read completely.
    """
    found, _unknown = _find([name], False, session, session.regions, WorkerPool(1, keep_going=False))
    if len(found) > 1:
        raise _ambiguous(name, found)
    return found[0]


def discover(
    options: SweepOptions, session: Session, regions: Sequence[str], calls: WorkerPool
) -> tuple[list[Organization], list[str]]:
    """Find the organizations of a sweep.

    Args:
        options: Name the organizations by ID or alias; no name means all.
        session: Has the clients.
        regions: The regions to look in.
        calls: Records the failures.

    Returns:
        The organizations by ID; if none was named, those that are not readable as well. Then the names that no
        organization has, if these are to be skipped.

    Raises:
        PatrolError: A listing could not be read completely; no organization has one of the names; one that was named is
            not readable; none was named and none is readable; one is in two regions.
    """
    names = options.organizations
    if not names:
        found = _listed(session, regions, calls)
        if not calls.errors and not any(organization.readable for organization in found):
            calls.record_failure(_none_readable(regions))
        return _by_id(found), []
    found, unknown = _find(names, options.skip_missing, session, regions, calls)
    return _by_id(found), [f"organization {name}" for name in unknown]


def _find(
    names: Sequence[str], skip_missing: bool, session: Session, regions: Sequence[str], calls: WorkerPool
) -> tuple[list[Organization], list[str]]:
    """Find the organizations with these names, and the names that no organization has."""
    if all(is_organization_id(name) for name in names):
        known = found = _described(names, session, regions, calls)
    else:
        known = _listed(session, regions, calls)
        found = [organization for organization in known if any(_is_called(organization, name) for name in names)]
    unknown = [name for name in names if not any(_is_called(organization, name) for organization in found)]
    # If a region could not be read, an unknown name may be one of its organizations.
    if unknown and not skip_missing and not calls.errors:
        for name in unknown:
            calls.record_failure(_not_found(name, known, regions))
    for organization in found:
        if not organization.readable:
            calls.record_failure(_not_readable(organization))
    return found, unknown


def _listed(session: Session, regions: Sequence[str], calls: WorkerPool) -> list[Organization]:
    lists = calls.each(lambda region: operations.list_organizations(session.client(region)), regions)
    return _in_one_region([organization for found in lists if found is not None for organization in found], calls)


def _described(ids: Sequence[str], session: Session, regions: Sequence[str], calls: WorkerPool) -> list[Organization]:
    def describe(place: tuple[str, str]) -> Organization | None:
        organization_id, region = place
        try:
            return operations.describe_organization(session.client(region), organization_id)
        except PatrolError as error:
            if error.error_code == NOT_FOUND:
                return None
            raise

    found = calls.each(describe, [(organization_id, region) for organization_id in ids for region in regions])
    return _in_one_region([organization for organization in found if organization is not None], calls)


def _in_one_region(found: Sequence[Organization], calls: WorkerPool) -> list[Organization]:
    """Keep the first of the organizations with an ID: the tokens of one that is read twice would count twice."""
    kept: dict[str, Organization] = {}
    for organization in found:
        first = kept.setdefault(organization.id, organization)
        if first.region != organization.region:
            calls.record_failure(_in_two_regions(first, organization))
    return list(kept.values())


def _is_called(organization: Organization, name: str) -> bool:
    # Aliases are part of host names, which know no case.
    return organization.id == name or (organization.alias or "").casefold() == name.casefold()


def _by_id(organizations: Sequence[Organization]) -> list[Organization]:
    return sorted(organizations, key=lambda organization: (organization.id, organization.region))


def _none_readable(regions: Sequence[str]) -> PatrolError:
    return PatrolError(
        "ListOrganizations shows no organization in state Active",
        error_code="NoOrganizationException",
        region=", ".join(regions),
        hint="This is usually the wrong region or account.",
    )


def _in_two_regions(first: Organization, second: Organization) -> PatrolError:
    return ReplyError(
        f"organization {second.alias or second.id} is listed in {first.region} as well",
        organization_id=second.id,
        region=second.region,
        hint="An organization is in one region. Check that endpoint_url does not answer for all regions.",
    )


def _ambiguous(name: str, found: Sequence[Organization]) -> PatrolError:
    ids = ", ".join(organization.id for organization in found)
    return ReplyError(
        f"organization: {name} is the alias of several organizations: {ids}",
        region=found[0].region,
        hint="Give the ID of the organization.",
    )


def _not_found(name: str, known: Sequence[Organization], regions: Sequence[str]) -> PatrolError:
    places = ", ".join(regions)
    aliases = sorted(organization.alias for organization in known if organization.alias)
    return PatrolError(
        f"no organization is called {name}{nearest(name, aliases)}",
        error_code=NOT_FOUND,
        organization_id=name if is_organization_id(name) else None,
        region=places,
        hint=f"This is usually the wrong region or account: it was looked for in {places}.",
    )


def _not_readable(organization: Organization) -> PatrolError:
    return PatrolError(
        f"organization {organization.alias or organization.id} is in state {quoted(organization.state)}",
        error_code="OrganizationStateException",
        organization_id=organization.id,
        region=organization.region,
        hint="Such an organization cannot list tokens. Leave it out.",
    )
