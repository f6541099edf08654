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
from ._domain.text import join_sentences
from ._domain.tokens import Organization
from ._sweep.organizations import OrganizationClient, connect_to_organization
from ._workmail import operations
from ._workmail.confirm import UnconfirmedError, confirmed
from ._workmail.connection import Connection

ACTIVE, INACTIVE = "ACTIVE", "INACTIVE"
LONGEST_LIFETIME = 3653

_CHECK = "Check the configuration in the Amazon WorkMail console."

# The fields that PutIdentityProviderConfiguration can send. It replaces the complete configuration.
_CENTER, _TOKENS = "IdentityCenterConfiguration", "PersonalAccessTokenConfiguration"
_SENT: dict[str, tuple[str, ...]] = {
    "AuthenticationMode": (),
    _CENTER: ("InstanceArn", "ApplicationArn"),
    _TOKENS: ("Status", "LifetimeInDays"),
}


def read_settings(options: Mapping[str, Any], connection: Connection) -> dict[str, Any]:
    """Read the settings of an organization.

    Args:
        options: The options by name: ``organization`` and those of the role.
        connection: Makes the clients.

    Returns:
        ``organization_id``, ``organization_alias``, ``region``, ``configured``, ``status``, ``lifetime_in_days``,
        ``authentication_mode`` and ``identity_center_configuration``. A setting without a value is None.

    Raises:
        PatrolError: An option is not valid, or the settings could not be read.
    """
    place = connect_to_organization(options, connection)
    return _as_result(place.organization, _read(place))


def change_settings(
    options: Mapping[str, Any],
    connection: Connection,
    check_mode: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Set ``status``, ``lifetime_in_days`` or both, and preserve all other settings.

    Args:
        options: The options by name: ``organization``, ``status``, ``lifetime_in_days``, ``confirm_lockout``, and those
            of the role.
        connection: Makes the clients.
        check_mode: Whether to predict the result without a change.
        sleep: Waits for a number of seconds.

    Returns:
        The settings before and after the change, each as ``read_settings`` returns them.

    Raises:
        PatrolError: An option is not valid, the change is not allowed, or the change failed.
    """
    wanted = parse_change(options)
    place = connect_to_organization(options, connection)
    before = _read(place)
    after = change_configuration(place.organization, before, wanted, bool(options.get("confirm_lockout")))
    found = after if check_mode or after == before else _put(place, after, sleep)
    return _as_result(place.organization, before), _as_result(place.organization, found)


def parse_change(options: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options that set settings.

    Args:
        options: The options by name: ``status`` and ``lifetime_in_days``.

    Returns:
        The settings with a value, under their API names.

    Raises:
        OptionError: ``lifetime_in_days`` is not valid, or neither option is set.
    """
    if options.get("lifetime_in_days") is not None:
        integer_option(options, "lifetime_in_days", 1, LONGEST_LIFETIME)
    wanted = {
        name: options[option]
        for option, name in (("status", "Status"), ("lifetime_in_days", "LifetimeInDays"))
        if options.get(option) is not None
    }
    if not wanted:
        raise OptionError("status, lifetime_in_days: at least one of them is required")
    return wanted


def change_configuration(
    organization: Organization, before: dict[str, Any] | None, wanted: Mapping[str, Any], confirm_lockout: bool
) -> dict[str, Any]:
    """Make the configuration that replaces the current one.

    Args:
        organization: The organization to name in an error.
        before: The current configuration under its API names; None if it does not exist.
        wanted: The settings to change, under their API names.
        confirm_lockout: Whether the change may make all tokens inactive.

    Returns:
        The new configuration.

    Raises:
        PatrolError: The configuration does not exist, has fields that would be lost, lacks a required field, or the
            change would make the tokens inactive without ``confirm_lockout``.
    """
    if before is None:
        raise _error(
            organization,
            "has no identity provider configuration",
            "ConfigurationNotFoundException",
            "Set up IAM Identity Center for the organization in the Amazon WorkMail console first.",
        )
    after = copy.deepcopy(before)
    after.setdefault(_TOKENS, {}).update(wanted)
    if after == before:
        return after
    _check_complete(organization, after)
    now_inactive = before.get(_TOKENS, {}).get("Status") == INACTIVE
    if wanted.get("Status") == INACTIVE and not now_inactive and not confirm_lockout:
        raise _error(
            organization,
            "would refuse all its personal access tokens, which locks out the mail clients that use them",
            "LockoutNotConfirmedException",
            "If you intend this, set confirm_lockout to true.",
        )
    return after


def _read(place: OrganizationClient) -> dict[str, Any] | None:
    return operations.describe_identity_provider_configuration(place.client, place.organization.id)


def _put(
    place: OrganizationClient, configuration: dict[str, Any], sleep: Callable[[float], None]
) -> dict[str, Any] | None:
    """Replace the configuration, then read it again and return it."""

    def put() -> None:
        operations.put_identity_provider_configuration(place.client, place.organization.id, configuration)

    try:
        return confirmed(put, lambda: _read(place), lambda found: contains(found, configuration), sleep)
    except UnconfirmedError as unconfirmed:
        error = unconfirmed.error or _error(
            place.organization,
            "still has the old settings, although the service accepted the change",
            "ConfigurationNotConfirmedException",
            "Read the settings again later.",
        )
        error.hint = join_sentences(*filter(None, (error.hint, "It is not known whether the change was made.")))
        raise error from None


def contains(found: object, sent: object) -> bool:
    """Check whether a configuration that was read contains everything that was sent.

    Args:
        found: The configuration that was read.
        sent: The configuration that was sent.

    Returns:
        Whether it does. The service can add other settings, such as the default lifetime.
    """
    if isinstance(found, Mapping) and isinstance(sent, Mapping):
        return all(contains(found.get(name), value) for name, value in sent.items())
    return found == sent


def _check_complete(organization: Organization, configuration: Mapping[str, Any]) -> None:
    """Refuse a configuration that has a field which cannot be sent, and would be lost, or lacks a required field."""
    for name, value in configuration.items():
        known = _SENT.get(name)
        unknown = [name] if known is None else [f"{name}.{key}" for key in value if known and key not in known]
        if unknown:
            raise _error(
                organization,
                f"has {', '.join(unknown)} in its configuration, which this collection cannot preserve",
                "UnsupportedConfigurationException",
                "Change the settings in the Amazon WorkMail console.",
            )
    for name, keys in ((_CENTER, _SENT[_CENTER]), (_TOKENS, ("Status",))):
        for key in keys:
            if key not in configuration.get(name, {}):
                raise _error(
                    organization,
                    f"has no {name}.{key} in its configuration, which is required to change it",
                    "IncompleteConfigurationException",
                    "Set status as well." if key == "Status" else _CHECK,
                )


def _error(organization: Organization, message: str, error_code: str, hint: str) -> PatrolError:
    return PatrolError(
        f"organization {organization.alias or organization.id} {message}",
        error_code=error_code,
        organization_id=organization.id,
        region=organization.region,
        hint=hint,
    )


def _as_result(organization: Organization, configuration: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "organization_id": organization.id,
        "organization_alias": organization.alias,
        "region": organization.region,
        **settings_of(configuration),
    }


def settings_of(configuration: Mapping[str, Any] | None) -> dict[str, Any]:
    """Convert a configuration to the settings in a result.

    Args:
        configuration: The configuration under its API names, or None if it does not exist.

    Returns:
        The settings by the names that results use.
    """
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
