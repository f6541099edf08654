# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The options of a sweep, checked before any call to the service. Pure: the standard library only."""

from __future__ import annotations

import re
from typing import Any, Mapping, NamedTuple, Sequence

from .._domain.checks import integer_option
from .._domain.conditions import Conditions, parse_conditions
from .._domain.errors import OptionError
from .._domain.text import nearest, quoted
from .._domain.times import resolve_as_of
from .._workmail.role import Role, parse_role
from .accounts import AccountOptions, parse_account_options

LARGEST_PAGE = 100
MOST_CALLS = 64

_ORGANIZATION_ID = re.compile(r"m-[0-9a-f]{32}")
_ALIAS = re.compile(r"(?!d-)[0-9a-zA-Z]+(?:-[0-9a-zA-Z]+)*")
_LONGEST_ALIAS = 62
_USER = re.compile(r"[a-zA-Z0-9._%+@-]{1,256}")
_LONGEST_NEXT_TOKEN = 1_024


class SweepOptions(NamedTuple):
    """The checked options of a sweep.

    Empty ``organizations`` and ``users`` mean all. Empty ``regions`` mean the region of the connection. ``as_of`` is in
    microseconds since the epoch.
    """

    organizations: Sequence[str]
    users: Sequence[str]
    regions: Sequence[str]
    select: Conditions
    as_of: int
    owners: bool
    page_size: int
    max_items: int | None
    next_token: str | None
    keep_going: bool
    skip_missing: bool
    concurrency: int
    role: Role | None
    accounts: AccountOptions | None

    @property
    def manual_paging(self) -> bool:
        """Whether the caller pages through one listing with ``max_items`` and ``next_token``."""
        return self.max_items is not None or self.next_token is not None


class OrganizationOptions(NamedTuple):
    """The checked options of a module that manages one organization, in the region of the connection."""

    organization: str
    role: Role | None
    regions: Sequence[str] = ()
    concurrency: int = 1


def is_organization_id(organization: str) -> bool:
    """Return whether text is meant as the ID of an organization, not as its alias. The ID may be invalid."""
    return organization[:2] in ("m-", "M-")


def parse_sweep_options(options: Mapping[str, Any], now: int) -> SweepOptions:
    """Check the options of a sweep.

    Args:
        options: The options by name. An option that is missing or None has its default.
        now: The current time, in microseconds since the epoch.

    Returns:
        The options.

    Raises:
        OptionError: An option is not valid. The error names the option, its value and the allowed values.
    """
    organizations = _names(options, "organizations")
    for organization in organizations:
        check_organization(organization, "organizations")
    users = _names(options, "users")
    for user in users:
        if not _USER.fullmatch(user):
            raise OptionError(
                f"users: {quoted(user)} is not a valid user ID, name or e-mail address; "
                "letters, digits and ._%+@- are allowed"
            )
    select = parse_conditions({} if options.get("select") is None else options["select"], "select")
    owners = bool(options.get("owners"))
    if select.needs_owners and not owners:
        raise OptionError("select: owner, owner_state and owner_linked require owners: true")
    parsed = SweepOptions(
        organizations=organizations,
        users=users,
        regions=_names(options, "regions"),
        select=select,
        as_of=resolve_as_of(options.get("as_of"), now),
        owners=owners,
        page_size=integer_option(options, "page_size", LARGEST_PAGE, LARGEST_PAGE),
        max_items=None if options.get("max_items") is None else integer_option(options, "max_items", 1, None),
        next_token=_next_token(options.get("next_token")),
        keep_going=_choice(options, "on_error", ("fail", "continue")) == "continue",
        skip_missing=_choice(options, "on_missing", ("error", "skip", "warn")) != "error",
        concurrency=integer_option(options, "concurrency", 8, MOST_CALLS),
        role=parse_role(options),
        accounts=parse_account_options(options),
    )
    if parsed.manual_paging:
        _check_paging(parsed)
    return parsed


def _names(options: Mapping[str, Any], option: str) -> list[str]:
    value = options.get(option)
    if value is None:
        return []
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        raise OptionError(f"{option}: expected a list of strings, got {quoted(value)}")
    names: list[str] = []
    for item in items:
        if not isinstance(item, str) or not item.strip():
            raise OptionError(f"{option}: expected non-empty strings, got {quoted(item)}")
        name = str(item).strip()
        if name not in names:
            names.append(name)
    return names


def parse_organization_options(options: Mapping[str, Any]) -> OrganizationOptions:
    """Check the options of a module that manages one organization.

    Args:
        options: The options by name: ``organization``, ``assume_role_arn`` and ``assume_role_external_id``.

    Returns:
        The options.

    Raises:
        OptionError: An option is not valid. The error names the option, its value and the allowed values.
    """
    name = options.get("organization")
    if not isinstance(name, str) or not name.strip():
        raise OptionError(f"organization: expected a non-empty string, got {quoted(name)}")
    check_organization(name.strip(), "organization")
    return OrganizationOptions(name.strip(), parse_role(options))


def check_organization(name: str, option: str) -> None:
    """Check the ID or alias of an organization.

    Args:
        name: The ID or alias.
        option: The option that names the organization.

    Raises:
        OptionError: The name is neither a valid ID nor a valid alias.
    """
    if is_organization_id(name):
        if not _ORGANIZATION_ID.fullmatch(name):
            raise OptionError(
                f"{option}: {quoted(name)} is not a valid organization ID; expected m- and 32 lowercase hexadecimal "
                "digits"
            )
    elif len(name) > _LONGEST_ALIAS or not _ALIAS.fullmatch(name):
        raise OptionError(
            f"{option}: {quoted(name)} is not a valid organization ID or alias; expected m- and 32 lowercase "
            f"hexadecimal digits, or at most {_LONGEST_ALIAS} letters, digits and single hyphens that do not begin "
            "with d-"
        )


def _choice(options: Mapping[str, Any], option: str, choices: Sequence[str]) -> str:
    value = options.get(option)
    if value is None:
        return choices[0]
    if value not in choices:
        raise OptionError(f"{option}: {quoted(value)} is not one of {', '.join(choices)}{nearest(value, choices)}")
    return str(value)


def _next_token(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_NEXT_TOKEN:
        raise OptionError(
            f"next_token: expected a string of 1 to {_LONGEST_NEXT_TOKEN} characters, got {quoted(value)}"
        )
    return str(value)


def _check_paging(options: SweepOptions) -> None:
    given = "next_token" if options.next_token is not None else "max_items"
    if options.accounts is not None:
        raise OptionError(f"{given}: cannot be combined with accounts, because paging by hand reads one account")
    if len(options.organizations) != 1:
        named = ", ".join(options.organizations) or "none, which means all"
        raise OptionError(f"{given}: paging by hand requires exactly one organization in organizations, got {named}")
    for option, names in (("users", options.users), ("regions", options.regions)):
        if len(names) > 1 or "all" in names:
            raise OptionError(f"{given}: paging by hand allows at most one entry in {option}, got {', '.join(names)}")
