# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of the settings of an organization, which keep the rest of its configuration or are refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from estate import ACME, CENTER, CONFIGURATION
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError, PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization
from ansible_collections.patrol.workmail.plugins.module_utils._settings import (
    change_configuration,
    contains,
    parse_change,
)

SETTINGS = "plugins/module_utils/_settings.py"
ORGANIZATION = Organization(ACME, "acme", "us-east-1", "Active")


def with_tokens(**tokens: Any) -> dict[str, Any]:
    return {**CONFIGURATION, "PersonalAccessTokenConfiguration": tokens}


def change(before: dict[str, Any] | None, confirm_lockout: bool = False, **wanted: Any) -> dict[str, Any]:
    unchanged = copy.deepcopy(before)
    after = change_configuration(ORGANIZATION, before, wanted, confirm_lockout)
    assert before == unchanged
    return after


@pytest.mark.parametrize(
    ("wanted", "tokens"),
    [
        ({"LifetimeInDays": 90}, {"Status": "ACTIVE", "LifetimeInDays": 90}),
        ({"LifetimeInDays": 3653, "Status": "ACTIVE"}, {"Status": "ACTIVE", "LifetimeInDays": 3653}),
        ({"Status": "ACTIVE"}, {"Status": "ACTIVE", "LifetimeInDays": 365}),
    ],
)
def test_a_change_keeps_the_rest(wanted: dict[str, Any], tokens: dict[str, Any]) -> None:
    assert change(CONFIGURATION, **wanted) == with_tokens(**tokens)


@guards(SETTINGS, "    if before is None:\n", "    before = before or {}\n    if False:\n")
def test_a_configuration_that_does_not_exist_cannot_be_changed() -> None:
    with pytest.raises(PatrolError, match="Set up IAM Identity Center") as caught:
        change(None, LifetimeInDays=90)
    assert caught.value.error_code == "ConfigurationNotFoundException" and caught.value.organization_id == ACME


@pytest.mark.parametrize("status", ["ACTIVE", "LIMITED"])
@guards(SETTINGS, "and not now_inactive and not confirm_lockout:", "and False:")
def test_a_lockout_needs_confirmation(status: str) -> None:
    with pytest.raises(PatrolError) as caught:
        change(with_tokens(Status=status, LifetimeInDays=365), Status="INACTIVE")
    assert caught.value.error_code == "LockoutNotConfirmedException" and "confirm_lockout" in str(caught.value.hint)
    confirmed = change(with_tokens(Status=status), confirm_lockout=True, Status="INACTIVE")
    assert confirmed == with_tokens(Status="INACTIVE")


def test_inactive_tokens_can_stay_inactive() -> None:
    inactive = with_tokens(Status="INACTIVE")
    assert change(inactive, Status="INACTIVE") == inactive
    assert change(inactive, Status="INACTIVE", LifetimeInDays=30) == with_tokens(Status="INACTIVE", LifetimeInDays=30)
    assert change(inactive, Status="ACTIVE") == with_tokens(Status="ACTIVE")


@pytest.mark.parametrize(
    ("configuration", "name"),
    [
        ({**CONFIGURATION, "New": 1}, "New"),
        (
            {**CONFIGURATION, "IdentityCenterConfiguration": {**CENTER, "New": 1}},
            "IdentityCenterConfiguration.New",
        ),
        (with_tokens(Status="ACTIVE", New=1), "PersonalAccessTokenConfiguration.New"),
    ],
)
@guards(SETTINGS, "        if unknown:")
def test_a_field_that_would_be_lost_is_an_error(configuration: dict[str, Any], name: str) -> None:
    """The service replaces the complete configuration."""
    with pytest.raises(PatrolError, match=f"has {name} in its configuration, which this collection cannot") as caught:
        change(configuration, LifetimeInDays=90)
    assert caught.value.error_code == "UnsupportedConfigurationException"


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("IdentityCenterConfiguration", r"has no IdentityCenterConfiguration\.InstanceArn .* Check the configuration"),
        ("PersonalAccessTokenConfiguration", r"PersonalAccessTokenConfiguration\.Status .* Set status as well"),
    ],
)
@guards(SETTINGS, "            if key not in configuration.get(name, {}):")
def test_a_field_that_is_required_and_missing_is_an_error(missing: str, message: str) -> None:
    configuration = {name: value for name, value in CONFIGURATION.items() if name != missing}
    with pytest.raises(PatrolError, match=message) as caught:
        change(configuration, LifetimeInDays=90)
    assert caught.value.error_code == "IncompleteConfigurationException"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"lifetime_in_days": 1}, {"LifetimeInDays": 1}),
        ({"lifetime_in_days": 3653, "status": None}, {"LifetimeInDays": 3653}),
        ({"status": "ACTIVE", "lifetime_in_days": 90}, {"Status": "ACTIVE", "LifetimeInDays": 90}),
    ],
)
def test_good_options_are_accepted(options: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert parse_change(options) == wanted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "status, lifetime_in_days: at least one of them is required"),
        ({"lifetime_in_days": 0}, "lifetime_in_days: 0 is out of range; expected 1 to 3653"),
        ({"lifetime_in_days": 3654}, "lifetime_in_days: 3654 is out of range; expected 1 to 3653"),
    ],
)
@guards(SETTINGS, '        integer_option(options, "lifetime_in_days", 1, LONGEST_LIFETIME)\n', "        pass\n")
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_change(options)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (with_tokens(Status="ACTIVE", LifetimeInDays=90), True),
        ({**with_tokens(Status="ACTIVE", LifetimeInDays=90), "New": 1}, True),
        (with_tokens(Status="INACTIVE", LifetimeInDays=90), False),
        (with_tokens(Status="ACTIVE", LifetimeInDays=365), False),
        (with_tokens(Status="ACTIVE"), False),
        ({**with_tokens(Status="ACTIVE", LifetimeInDays=90), "AuthenticationMode": "IDENTITY_PROVIDER_ONLY"}, False),
        ({"AuthenticationMode": CONFIGURATION["AuthenticationMode"]}, False),
        (None, False),
    ],
)
@guards(
    SETTINGS,
    "        return all(contains(found.get(name), value) for name, value in sent.items())\n",
    "        return True\n",
)
def test_a_configuration_is_compared_only_with_the_fields_that_were_sent(found: Any, expected: bool) -> None:
    assert contains(found, with_tokens(Status="ACTIVE", LifetimeInDays=90)) is expected
