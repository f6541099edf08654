# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of personal access tokens: a change keeps other settings and is always reported."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from connecting import REGION, connect, connect_and_break
from estate import ACME, CENTER, CONFIGURATION
from guarding import guards
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._settings import change_settings, read_settings

Run = Callable[..., dict[str, Any]]

MALFORMED = "MalformedResponseException"
DESCRIBE, PUT = "DescribeIdentityProviderConfiguration", "PutIdentityProviderConfiguration"
SETTINGS = {
    "organization_id": ACME,
    "organization_alias": "acme",
    "region": REGION,
    "configured": True,
    "status": "ACTIVE",
    "lifetime_in_days": 365,
    "authentication_mode": "IDENTITY_PROVIDER_AND_DIRECTORY",
    "identity_center_configuration": {
        "instance_arn": CENTER["InstanceArn"],
        "application_arn": CENTER["ApplicationArn"],
    },
}


def with_tokens(**tokens: Any) -> dict[str, Any]:
    return {**CONFIGURATION, "PersonalAccessTokenConfiguration": tokens}


@pytest.fixture
def configured(emulator: Emulator) -> Emulator:
    configure(emulator, CONFIGURATION)
    return emulator


def configure(emulator: Emulator, configuration: dict[str, Any]) -> None:
    emulator.reset()
    emulator.load(
        {
            "Organizations": [
                {
                    "OrganizationId": ACME,
                    "Alias": "acme",
                    "IdentityProviderConfiguration": copy.deepcopy(configuration),
                }
            ]
        }
    )


def stored(emulator: Emulator) -> Any:
    return emulator.identity_provider_configuration(ACME)


def puts(emulator: Emulator) -> list[dict[str, Any]]:
    return [entry.parameters for entry in emulator.requests if entry.operation == PUT]


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def change(aws: pytest.MonkeyPatch, waits: list[float]) -> Run:
    """Changes the settings of acme; a failure is in ``msg`` and ``error_code``."""

    def call(check_mode: bool = False, **options: Any) -> dict[str, Any]:
        try:
            options = {"organization": "acme", **options}
            before, after = change_settings(options, connect(), check_mode, waits.append)
        except PatrolError as error:
            return error.as_result()
        return {"before": before, "after": after}

    return call


@pytest.fixture
def read(aws: pytest.MonkeyPatch) -> Run:
    def call(**options: Any) -> dict[str, Any]:
        try:
            return read_settings({"organization": "acme", **options}, connect())
        except PatrolError as error:
            return error.as_result()

    return call


def test_settings_are_read(configured: Emulator, read: Run) -> None:
    assert read() == SETTINGS


def test_a_configuration_that_does_not_exist_can_be_read(emulator: Emulator, read: Run) -> None:
    nothing = dict.fromkeys(
        ("status", "lifetime_in_days", "authentication_mode", "identity_center_configuration"), None
    )
    assert read() == {**SETTINGS, "configured": False, **nothing}


def test_a_configuration_that_does_not_exist_cannot_be_changed(emulator: Emulator, change: Run) -> None:
    failed = change(lifetime_in_days=90)
    assert failed["error_code"] == "ConfigurationNotFoundException" and "Set up IAM Identity Center" in failed["msg"]
    assert not puts(emulator) and stored(emulator) is None


@pytest.mark.parametrize(
    ("options", "tokens"),
    [
        ({"lifetime_in_days": 90}, {"Status": "ACTIVE", "LifetimeInDays": 90}),
        ({"lifetime_in_days": 3653, "status": "ACTIVE"}, {"Status": "ACTIVE", "LifetimeInDays": 3653}),
        ({"status": "INACTIVE", "confirm_lockout": True}, {"Status": "INACTIVE", "LifetimeInDays": 365}),
    ],
)
@guards("plugins/module_utils/_settings.py", "    found = after if check_mode or ", "    found = after if ")
def test_a_change_keeps_the_rest(
    configured: Emulator, change: Run, options: dict[str, Any], tokens: dict[str, Any]
) -> None:
    predicted = change(check_mode=True, **options)
    assert stored(configured) == CONFIGURATION and not puts(configured)
    done = change(**options)
    assert done == predicted and done["before"] == SETTINGS
    expected = {"status": tokens["Status"], "lifetime_in_days": tokens["LifetimeInDays"]}
    assert done["after"] == {**SETTINGS, **expected}
    assert stored(configured) == with_tokens(**tokens)
    again = change(**options)
    assert again["before"] == again["after"] == done["after"] and len(puts(configured)) == 1


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_lockout_needs_confirmation(configured: Emulator, change: Run, check_mode: bool) -> None:
    failed = change(check_mode=check_mode, status="INACTIVE")
    assert failed["error_code"] == "LockoutNotConfirmedException" and "confirm_lockout" in failed["hint"]
    assert not puts(configured)


def test_inactive_tokens_can_stay_inactive(emulator: Emulator, change: Run) -> None:
    configure(emulator, with_tokens(Status="INACTIVE"))
    assert change(status="INACTIVE")["after"]["status"] == "INACTIVE"
    assert change(lifetime_in_days=30, status="INACTIVE")["after"]["lifetime_in_days"] == 30
    assert change(status="ACTIVE")["after"]["status"] == "ACTIVE"


def test_an_unknown_status_is_returned_and_kept(configured: Emulator, read: Run, change: Run) -> None:
    body = json.dumps(with_tokens(Status="LIMITED", LifetimeInDays=365))
    configured.faults.add(Fault("body", operation=DESCRIBE, body=body))
    assert read()["status"] == "LIMITED"
    assert change(lifetime_in_days=90)["error_code"] == "InvalidParameterException"
    [put] = puts(configured)
    assert put["PersonalAccessTokenConfiguration"] == {"Status": "LIMITED", "LifetimeInDays": 90}


def test_an_unknown_status_can_be_a_lockout(configured: Emulator, change: Run) -> None:
    body = json.dumps(with_tokens(Status="LIMITED", LifetimeInDays=365))
    configured.faults.add(Fault("body", operation=DESCRIBE, body=body))
    assert change(status="INACTIVE")["error_code"] == "LockoutNotConfirmedException"


@pytest.mark.parametrize(
    ("configuration", "code", "message"),
    [
        ({**CONFIGURATION, "New": 1}, "UnsupportedConfigurationException", "has New in its configuration"),
        (
            {**CONFIGURATION, "IdentityCenterConfiguration": {**CENTER, "New": 1}},
            "UnsupportedConfigurationException",
            "has IdentityCenterConfiguration.New in its configuration",
        ),
        (with_tokens(Status="ACTIVE", New=1), "UnsupportedConfigurationException", "has PersonalAccessToken"),
        (
            {key: value for key, value in CONFIGURATION.items() if key != "IdentityCenterConfiguration"},
            "IncompleteConfigurationException",
            "has no IdentityCenterConfiguration.InstanceArn",
        ),
        (
            {key: value for key, value in CONFIGURATION.items() if key != "PersonalAccessTokenConfiguration"},
            "IncompleteConfigurationException",
            "Set status as well",
        ),
    ],
)
def test_a_configuration_that_cannot_be_kept_is_not_changed(
    configured: Emulator, change: Run, configuration: dict[str, Any], code: str, message: str
) -> None:
    """Putting replaces all settings, so a part of them would be lost."""
    configured.faults.add(Fault("body", operation=DESCRIBE, body=json.dumps(configuration)))
    failed = change(lifetime_in_days=90)
    assert failed["error_code"] == code and message in failed["msg"]
    assert not puts(configured)


@pytest.mark.parametrize(
    ("kind", "details", "code"),
    [
        ("access_denied", {}, "AccessDeniedException"),
        ("throttle", {}, "ThrottlingException"),
        ("reset", {}, "ConnectionClosedError"),
        ("truncated", {}, MALFORMED),
        ("html", {}, MALFORMED),
        ("empty_object", {}, MALFORMED),
        ("empty_body", {}, MALFORMED),
        ("miscased_field", {"field": "AuthenticationMode"}, MALFORMED),
        (
            "body",
            {"body": json.dumps(with_tokens(Status="ACTIVE", LifetimeInDays="365"))},
            MALFORMED,
        ),
        ("body", {"body": json.dumps(with_tokens(Status="ACTIVE", LifetimeInDays=True))}, MALFORMED),
        ("body", {"body": json.dumps(with_tokens(LifetimeInDays=365))}, MALFORMED),
        ("body", {"body": json.dumps(with_tokens(status="ACTIVE"))}, MALFORMED),
    ],
)
def test_faults_while_reading_are_errors(
    configured: Emulator, read: Run, change: Run, kind: str, details: dict[str, Any], code: str
) -> None:
    configured.faults.add(Fault(kind, operation=DESCRIBE, **details))
    for failed in (read(), change(lifetime_in_days=90)):
        assert failed["error_code"] == code and failed["operation"] == DESCRIBE
    assert not puts(configured)


@pytest.mark.parametrize("kind", ["access_denied", "throttle", "reset", "internal_error"])
def test_faults_while_changing_are_errors(configured: Emulator, change: Run, kind: str) -> None:
    configured.faults.add(Fault(kind, operation=PUT))
    assert change(lifetime_in_days=90)["operation"] == PUT
    assert stored(configured) == CONFIGURATION


def test_a_connection_can_break_after_the_change(configured: Emulator, aws: pytest.MonkeyPatch) -> None:
    options = {"organization": "acme", "lifetime_in_days": 90}
    _before, after = change_settings(options, connect_and_break(PUT))
    assert after["lifetime_in_days"] == 90
    assert stored(configured) == with_tokens(Status="ACTIVE", LifetimeInDays=90)


def test_a_setting_without_a_value_is_not_sent(emulator: Emulator, change: Run) -> None:
    configure(emulator, with_tokens(Status="INACTIVE"))
    assert change(status="ACTIVE")["after"]["lifetime_in_days"] is None
    assert stored(emulator) == with_tokens(Status="ACTIVE")


def read_afterwards(emulator: Emulator, configuration: dict[str, Any]) -> None:
    """The first reading is true; from the change on, the service shows this."""
    emulator.faults.add(Fault("delay", operation=DESCRIBE, seconds=0, times=1))
    emulator.faults.add(Fault("body", operation=DESCRIBE, body=json.dumps(configuration)))


def test_the_service_can_add_a_default(emulator: Emulator, change: Run) -> None:
    """What is returned is what was read."""
    configure(emulator, with_tokens(Status="INACTIVE"))
    read_afterwards(emulator, with_tokens(Status="ACTIVE", LifetimeInDays=365))
    assert change(status="ACTIVE")["after"]["lifetime_in_days"] == 365


@pytest.mark.parametrize(
    "found",
    [
        with_tokens(Status="INACTIVE", LifetimeInDays=90),
        with_tokens(Status="ACTIVE", LifetimeInDays=365),
        with_tokens(Status="ACTIVE"),
        {**with_tokens(Status="ACTIVE", LifetimeInDays=90), "AuthenticationMode": "IDENTITY_PROVIDER_ONLY"},
        {"AuthenticationMode": CONFIGURATION["AuthenticationMode"]},
    ],
)
def test_another_configuration_than_was_sent_is_an_error(
    configured: Emulator, change: Run, found: dict[str, Any]
) -> None:
    """Someone else changed it in the meantime, or the service accepted only a part of it."""
    read_afterwards(configured, found)
    assert change(lifetime_in_days=90)["error_code"] == "ConfigurationNotConfirmedException"


def test_a_configuration_that_does_not_exist_after_the_change_is_an_error(configured: Emulator, change: Run) -> None:
    configured.faults.add(Fault("delay", operation=DESCRIBE, seconds=0, times=1))
    configured.faults.add(Fault("error", operation=DESCRIBE, code="ResourceNotFoundException"))
    assert change(lifetime_in_days=90)["error_code"] == "ConfigurationNotConfirmedException"


@guards("plugins/module_utils/_settings.py", "lambda found: contains(found, configuration)", "lambda found: True")
def test_a_change_that_is_not_visible_is_an_error(configured: Emulator, change: Run, waits: list[float]) -> None:
    configured.faults.add(Fault("empty_object", operation=PUT))
    assert change(lifetime_in_days=90)["error_code"] == "ConfigurationNotConfirmedException"
    assert waits == [1, 2, 4] and stored(configured) == CONFIGURATION


@pytest.mark.parametrize(("put", "operation", "lifetime"), [("delay", DESCRIBE, 90), ("reset", PUT, 365)])
@guards("plugins/module_utils/_settings.py", "        raise error from None\n", "        return configuration\n")
def test_a_change_that_cannot_be_read_is_an_error(
    configured: Emulator, change: Run, put: str, operation: str, lifetime: int
) -> None:
    configured.faults.add(Fault("delay", operation=DESCRIBE, seconds=0, times=1))
    configured.faults.add(Fault("access_denied", operation=DESCRIBE))
    configured.faults.add(Fault(put, operation=PUT, **({"seconds": 0} if put == "delay" else {})))
    failed = change(lifetime_in_days=90)
    assert failed["operation"] == operation and "It is not known whether the change was made." in failed["msg"]
    assert stored(configured)["PersonalAccessTokenConfiguration"]["LifetimeInDays"] == lifetime


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "status, lifetime_in_days: at least one of them is required"),
        ({"lifetime_in_days": 0}, "lifetime_in_days: 0 is out of range; expected 1 to 3653"),
        ({"lifetime_in_days": 3654}, "lifetime_in_days: 3654 is out of range; expected 1 to 3653"),
        ({"lifetime_in_days": 90, "organization": "m-1"}, "'m-1' is not a valid organization ID"),
        ({"lifetime_in_days": 90, "organization": "acmee"}, "no organization is called acmee, did you mean acme?"),
    ],
)
def test_bad_options_are_refused(configured: Emulator, change: Run, options: dict[str, Any], message: str) -> None:
    assert message in change(**options)["msg"]
    assert not puts(configured)


@pytest.mark.ansible
@pytest.mark.slow
def test_the_modules_read_and_change_settings(configured: Emulator, run_tasks: Callable[..., dict[str, Any]]) -> None:
    info, config = "patrol.workmail.workmail_pat_config_info", "patrol.workmail.workmail_pat_config"
    name = {"organization": "acme"}
    results = run_tasks(
        [
            {info: name, "register": "info"},
            {config: {**name, "lifetime_in_days": 90}, "check_mode": True, "register": "predicted"},
            {config: {**name, "lifetime_in_days": 90}, "register": "done"},
            {config: {**name, "lifetime_in_days": 90}, "register": "again"},
            {config: {**name, "status": "INACTIVE"}, "register": "lockout", "ignore_errors": True},
            {config: {**name, "status": "Inactive"}, "register": "bad", "ignore_errors": True},
            {config: name, "register": "nothing", "ignore_errors": True},
        ],
        diff=True,
    )
    assert {key: results["info"][key] for key in SETTINGS} == SETTINGS and not results["info"]["changed"]
    for result in ("predicted", "done"):
        assert results[result]["changed"] and results[result]["lifetime_in_days"] == 90
        assert results[result]["diff"]["before"]["lifetime_in_days"] == 365
    assert not results["again"]["changed"]
    assert results["lockout"]["error_code"] == "LockoutNotConfirmedException"
    assert "value of status must be one of: ACTIVE, INACTIVE" in results["bad"]["msg"]
    assert "one of the following is required: status, lifetime_in_days" in results["nothing"]["msg"]
    assert stored(configured) == with_tokens(Status="ACTIVE", LifetimeInDays=90)
