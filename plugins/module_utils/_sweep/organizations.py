# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Which organizations a sweep covers: those that were named, or all of them."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .._domain.errors import PatrolError, ReplyError
from .._domain.text import nearest, quoted
from .._domain.tokens import Organization
from .._workmail import operations
from .concurrency import WorkerPool
from .options import SweepOptions, is_organization_id

NOT_FOUND = "OrganizationNotFoundException"


def discover(
    options: SweepOptions, clients: Mapping[str, Any], calls: WorkerPool
) -> tuple[list[Organization], list[str]]:
    """Find the organizations of a sweep.

    Args:
        options: Those asked for by id or alias; none means all.
        clients: A WorkMail client for each region.
        calls: Takes the failures.

    Returns:
        The organizations by ID; if none was named, those that are not readable as well. Then the names that no
        organization has, if these are to be passed over.

    Raises:
        PatrolError: A listing could not be read completely; no organization has one of the names; one that was named is
            not readable; none was named and none is readable; one is in two regions.
    """
    names = options.organizations
    if not names:
        found = _listed(clients, calls)
        if not calls.errors and not any(organization.readable for organization in found):
            calls.failed(_none_readable(clients))
        return _by_id(found), []
    if all(is_organization_id(name) for name in names):
        known = found = _described(names, clients, calls)
    else:
        known = _listed(clients, calls)
        found = [organization for organization in known if any(_is_called(organization, name) for name in names)]
    unknown = [name for name in names if not any(_is_called(organization, name) for organization in found)]
    # Where a region could not be read, an unknown name may be one of its organizations.
    if unknown and not options.skip_missing and not calls.errors:
        for name in unknown:
            calls.failed(_not_found(name, known, clients))
    for organization in found:
        if not organization.readable:
            calls.failed(_not_readable(organization))
    return _by_id(found), [f"organization {name}" for name in unknown]


def _listed(clients: Mapping[str, Any], calls: WorkerPool) -> list[Organization]:
    lists = calls.each(operations.list_organizations, clients.values())
    return _in_one_region([organization for found in lists if found is not None for organization in found], calls)


def _described(ids: Sequence[str], clients: Mapping[str, Any], calls: WorkerPool) -> list[Organization]:
    def describe(place: tuple[Any, str]) -> Organization | None:
        try:
            return operations.describe_organization(*place)
        except PatrolError as error:
            if error.error_code == NOT_FOUND:
                return None
            raise

    found = calls.each(describe, [(client, organization_id) for organization_id in ids for client in clients.values()])
    return _in_one_region([organization for organization in found if organization is not None], calls)


def _in_one_region(found: Sequence[Organization], calls: WorkerPool) -> list[Organization]:
    """Keep the first of the organizations with an ID: the tokens of one that is read twice would count twice."""
    kept: dict[str, Organization] = {}
    for organization in found:
        first = kept.setdefault(organization.id, organization)
        if first.region != organization.region:
            calls.failed(_in_two_regions(first, organization))
    return list(kept.values())


def _is_called(organization: Organization, name: str) -> bool:
    # Aliases are part of host names, which know no case.
    return organization.id == name or (organization.alias or "").casefold() == name.casefold()


def _by_id(organizations: Sequence[Organization]) -> list[Organization]:
    return sorted(organizations, key=lambda organization: (organization.id, organization.region))


def _none_readable(clients: Mapping[str, Any]) -> PatrolError:
    return PatrolError(
        "ListOrganizations shows no organization in state Active",
        error_code="NoOrganizationException",
        region=", ".join(clients),
        hint="This is usually the wrong region or account.",
    )


def _in_two_regions(first: Organization, second: Organization) -> PatrolError:
    return ReplyError(
        f"organization {second.alias or second.id} is listed in {first.region} as well",
        organization_id=second.id,
        region=second.region,
        hint="An organization is in one region. Check that endpoint_url does not answer for all regions.",
    )


def _not_found(name: str, known: Sequence[Organization], clients: Mapping[str, Any]) -> PatrolError:
    regions = ", ".join(clients)
    aliases = sorted(organization.alias for organization in known if organization.alias)
    return PatrolError(
        f"no organization is called {name}{nearest(name, aliases)}",
        error_code=NOT_FOUND,
        organization_id=name if is_organization_id(name) else None,
        region=regions,
        hint=f"This is usually the wrong region or account: it was looked for in {regions}.",
    )


def _not_readable(organization: Organization) -> PatrolError:
    return PatrolError(
        f"organization {organization.alias or organization.id} is in state {quoted(organization.state)}",
        error_code="OrganizationStateException",
        organization_id=organization.id,
        region=organization.region,
        hint="Such an organization cannot list tokens. Leave it out.",
    )
