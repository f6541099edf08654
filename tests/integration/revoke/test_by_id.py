# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens are revoked by their IDs."""

from __future__ import annotations

from typing import Any

import pytest
from estate import INITECH
from guarding import guards
from revocations import (
    AS_OF,
    DELETE,
    GET,
    Run,
    asked,
    held,
    ids,
)
from workmail_emulator import Emulator, Fault


def test_the_given_tokens_are_revoked_and_no_others(by_id: Run, emulator: Emulator) -> None:
    result = by_id("pat-3", "pat-1", "pat-none", "pat-3")
    assert ids(result["revoked"]) == ["pat-3", "pat-1"] and result["absent"] == ["pat-none"]
    assert result["changed"] and not result["not_revoked"] and not result["unconfirmed"]
    [record] = [token for token in result["revoked"] if token["personal_access_token_id"] == "pat-1"]
    assert record["date_last_used"] == "2026-01-20T00:00:00.500000+00:00" and record["expired"] is True
    assert held(emulator) == {"pat-2", "pat-4", "pat-5", "pat-6"}
    again = by_id("pat-3", "pat-1", "pat-none")
    assert not again["changed"] and again["absent"] == ["pat-3", "pat-1", "pat-none"]
    # Each was read before, and a token that is not there is not asked to be deleted.
    assert asked(emulator) == ["pat-3", "pat-1"]


def test_check_mode_predicts_the_result(by_id: Run, emulator: Emulator) -> None:
    predicted = by_id("pat-1", "pat-2", "pat-none", check_mode=True, only_if={"expired": True}, as_of=AS_OF)
    assert predicted == by_id("pat-1", "pat-2", "pat-none", only_if={"expired": True}, as_of=AS_OF)
    assert ids(predicted["revoked"]) == ["pat-1"] and predicted["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"organization": "m-123"}, "organization: 'm-123' is not a valid organization ID"),
        ({"organization": None}, "organization: expected a non-empty string, got None"),
        ({"assume_role_arn": ""}, "assume_role_arn: '' is not the ARN of a role"),
    ],
)
def test_an_organization_or_role_that_is_not_valid_is_refused(
    by_id: Run, emulator: Emulator, options: dict[str, Any], message: str
) -> None:
    assert message in by_id("pat-1", **options)["msg"]
    assert len(emulator.requests) == 0


def test_only_if_can_have_conditions_on_owners(by_id: Run) -> None:
    result = by_id("pat-1", "pat-4", "pat-5", only_if={"owner_state": ["DISABLED", "UNKNOWN"]})
    assert ids(result["revoked"]) == ["pat-4", "pat-5"]
    assert [(entry["token"]["personal_access_token_id"], entry["reason"]) for entry in result["not_revoked"]] == [
        ("pat-1", "it does not match only_if")
    ]
    assert [record["owner"]["state"] for record in result["revoked"]] == ["DISABLED", "UNKNOWN"]


def test_only_if_reads_the_owner_of_each_token(by_id: Run, emulator: Emulator) -> None:
    by_id("pat-1", "pat-4", only_if={"owner_state": "DISABLED"})
    operations = [entry.operation for entry in emulator.requests if entry.operation in ("DescribeUser", "ListUsers")]
    assert operations == ["DescribeUser"] * 2 and "pat-4" not in held(emulator)
    emulator.requests.clear()
    emulator.faults.add(Fault("access_denied", operation="DescribeUser"))
    assert by_id("pat-3", only_if={"owner_state": "DISABLED"})["operation"] == "DescribeUser"


def test_an_organization_can_be_given_by_alias(by_id: Run) -> None:
    assert by_id("pat-1", organization="Acme")["changed"]


@pytest.mark.parametrize(
    ("organization", "code"),
    [
        ("acmee", "OrganizationNotFoundException"),
        (INITECH, "OrganizationNotFoundException"),
        ("gone", "OrganizationStateException"),
    ],
)
def test_an_organization_that_cannot_be_read_is_an_error(by_id: Run, organization: str, code: str) -> None:
    result = by_id("pat-1", organization=organization)
    assert result["error_code"] == code and result["revoked"] == []


def test_a_missing_time_that_only_if_needs_is_an_error(by_id: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("missing_field", operation=GET, personal_access_token_id="pat-2", field="DateCreated"))
    result = by_id("pat-1", "pat-2", only_if={"older_than": "1d"})
    assert result["error_code"] == "IndeterminateConditionException" and ids(result["revoked"]) == ["pat-1"]


@guards("plugins/module_utils/_domain/errors.py", "        error.details = {**error.details, **result()}\n", "")
def test_a_failure_reports_what_was_revoked_before(by_id: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("access_denied", operation=DELETE, personal_access_token_id="pat-2"))
    result = by_id("pat-1", "pat-2", "pat-3")
    assert result["error_code"] == "AccessDeniedException" and result["operation"] == DELETE
    assert ids(result["revoked"]) == ["pat-1"] and result["changed"] and result["unconfirmed"] == []
    assert held(emulator) == {"pat-2", "pat-3", "pat-4", "pat-5", "pat-6"}
