# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The settings of an organization's personal access tokens, which are part of its identity provider configuration."""

from __future__ import annotations

import copy
import time
from typing import Any, Callable, Mapping

from ._domain.checks import integer_option
from ._domain.errors import OptionError, PatrolError
from ._sweep.organizations import OrganizationClient, connect_to_organization
from ._workmail import operations
from ._workmail.connection import Connection

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
LONGEST_LIFETIME = 3653

# Seconds between readings of a configuration that the service has taken and does not show yet.
_WAITS = (1, 2, 4)

# What PutIdentityProviderConfiguration, which replaces the whole, can send back.
_CENTER, _TOKENS = "IdentityCenterConfiguration", "PersonalAccessTokenConfiguration"
_SENT: dict[str, tuple[str, ...]] = {
    "AuthenticationMode": (),
    _CENTER: ("InstanceArn", "ApplicationArn"),
    _TOKENS: ("Status", "LifetimeInDays"),
}


def read_settings(options: Mapping[str, Any], connection: Connection) -> dict[str, Any]:
    """Read the settings of an organization.

    Args:
        options: The options by name: C(organization) and those of the connection.
        connection: Makes the clients.

    Returns:
        C(organization_id), C(organization_alias), C(region), C(configured), C(status), C(lifetime_in_days),
        C(authentication_mode) and C(identity_center_configuration); what is not set is None.

    Raises:
        PatrolError: An option is not valid, or they could not be read.
    """
    place = connect_to_organization(options, connection)
    return _as_result(place, _read(place))


def change_settings(
    options: Mapping[str, Any],
    connection: Connection,
    check_mode: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set C(status), C(lifetime_in_days) or both, and keep the rest of the configuration as it stands.

    Args:
        options: The options by name: C(organization), C(status), C(lifetime_in_days), C(confirm_lockout), and those of
            the connection.
        connection: Makes the clients.
        check_mode: Whether only to read and to predict.
        sleep: Waits for so many seconds.

    Returns:
        The settings before and after, as M(read_settings) returns them.

    Raises:
        PatrolError: An option is not valid, there is no configuration, it cannot be kept as it stands, tokens would
            become unusable without C(confirm_lockout), or the change could not be made.
    """
    if options.get("lifetime_in_days") is not None:
        integer_option(options, "lifetime_in_days", 1, LONGEST_LIFETIME)
    wanted = {
        name: options[option]
        for option, name in (("status", "Status"), ("lifetime_in_days", "LifetimeInDays"))
        if options.get(option) is not None
    }
    if not wanted:
        raise OptionError("status, lifetime_in_days: one of them is to be set")
    place = connect_to_organization(options, connection)
    before = _read(place)
    if before is None:
        raise _error(
            place,
            "has no identity provider configuration",
            "ConfigurationNotFoundException",
            "Set up IAM Identity Center for the organization in the Amazon WorkMail console first.",
        )
    after = copy.deepcopy(before)
    after.setdefault(_TOKENS, {}).update(wanted)
    if after == before:
        return _as_result(place, before), _as_result(place, before)
    _check_whole(place, after)
    now_inactive = before.get(_TOKENS, {}).get("Status") == INACTIVE
    if wanted.get("Status") == INACTIVE and not now_inactive and not options.get("confirm_lockout"):
        raise _error(
            place,
            "would lose the use of all its personal access tokens, which locks out the mail clients that use them",
            "LockoutNotConfirmedException",
            "If that is meant, set confirm_lockout to true.",
        )
    if not check_mode:
        after = _put(place, after, sleep)
    return _as_result(place, before), _as_result(place, after)


def _read(place: OrganizationClient) -> dict[str, Any] | None:
    return operations.describe_identity_provider_configuration(place.client, place.organization.id)


def _put(place: OrganizationClient, configuration: dict[str, Any], sleep: Callable[[float], None]) -> dict[str, Any]:
    """Replace the configuration, and return it as it is read afterwards.

    A connection can break after the service has done its work, and a reply says nothing: only reading tells.
    """
    refused: PatrolError | None = None
    try:
        operations.put_identity_provider_configuration(place.client, place.organization.id, configuration)
    except PatrolError as error:
        refused = error
    for wait in (*_WAITS, 0):
        try:
            found = _read(place)
        except PatrolError as error:
            failed = refused or error
            failed.hint = " ".join(filter(None, (failed.hint, "Whether the change was made is not known.")))
            raise failed from None
        if found is not None and _contains(found, configuration):
            return found
        if refused is not None:
            raise refused
        if wait:
            sleep(wait)
    raise _error(
        place,
        "still shows other settings, though the service took the change",
        "ConfigurationNotConfirmedException",
        "Look at it again later.",
    )


def _contains(found: object, sent: object) -> bool:
    """Whether all that was sent is found. The service can add to it, such as the lifetime that it has by default."""
    if isinstance(found, Mapping) and isinstance(sent, Mapping):
        return all(_contains(found.get(name), value) for name, value in sent.items())
    return found == sent


def _check_whole(place: OrganizationClient, configuration: Mapping[str, Any]) -> None:
    """Since the whole is replaced, a field that cannot be sent back would be lost, and one that lacks is refused."""
    for name, value in configuration.items():
        known = _SENT.get(name)
        unknown = [name] if known is None else [f"{name}.{key}" for key in value if known and key not in known]
        if unknown:
            raise _error(
                place,
                f"has {', '.join(unknown)} in its configuration, which this collection would lose",
                "UnsupportedConfigurationException",
                "Change the settings in the Amazon WorkMail console.",
            )
    for name, keys in ((_CENTER, _SENT[_CENTER]), (_TOKENS, ("Status",))):
        for key in keys:
            if key not in configuration.get(name, {}):
                raise _error(
                    place,
                    f"has no {name}.{key} in its configuration, which is needed to change it",
                    "IncompleteConfigurationException",
                    "Give status as well." if key == "Status" else "Look at it in the Amazon WorkMail console.",
                )


def _error(place: OrganizationClient, message: str, error_code: str, hint: str) -> PatrolError:
    organization = place.organization
    return PatrolError(
        f"organization {organization.alias or organization.id} {message}",
        error_code=error_code,
        organization_id=organization.id,
        region=organization.region,
        hint=hint,
    )


def _as_result(place: OrganizationClient, configuration: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "organization_id": place.organization.id,
        "organization_alias": place.organization.alias,
        "region": place.organization.region,
        **settings_of(configuration),
    }


def settings_of(configuration: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings as results have them, of a configuration under its API names."""
    known = configuration or {}
    tokens, center = known.get(_TOKENS, {}), known.get(_CENTER)
    return {
        "configured": configuration is not None,
        "status": tokens.get("Status"),
        "lifetime_in_days": tokens.get("LifetimeInDays"),
        "authentication_mode": known.get("AuthenticationMode"),
        "identity_center_configuration": center
        and {"instance_arn": center.get("InstanceArn"), "application_arn": center.get("ApplicationArn")},
    }
