# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of facts as tasks use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from estate import ACME, ESTATE
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError

RunTasks = Callable[..., dict[str, Any]]

INFO = "patrol.workmail.workmail_pat_info"


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "id": ({"organizations": ["m-XYZ"]}, "organizations: 'm-XYZ' is not a valid organization ID"),
    "page": ({"page_size": 0}, "page_size: 0 is out of range; expected 1 to 100"),
    "region": ({"regions": ["eu-central-1"]}, "eu-west-1, us-east-1, us-west-2"),
    "condition": ({"select": {"expird": True}}, "select.expird: unknown condition, did you mean expired?"),
    "duration": ({"select": {"older_than": "90"}}, "select.older_than: '90' is not a valid duration"),
    "instant": (
        {"as_of": "2026-01-02T03:04:05"},
        "as_of: '2026-01-02T03:04:05' is not a valid time; expected ISO 8601 with an offset",
    ),
    "digits": ({"as_of": "+" + "9" * 5000 + "d"}, "as_of: '+999"),
    "role": ({"assume_role_arn": ""}, "assume_role_arn: '' is not the ARN of a role"),
    "owners": ({"select": {"owner_state": "DISABLED"}}, "require owners: true"),
    "paging": ({"organizations": ["acme", "globex"], "max_items": 5}, "exactly one organization"),
}
INVALID_IN_A_TASK: dict[str, tuple[dict[str, Any], str]] = {
    "id": ({"organization": "m-XYZ"}, "organizations: 'm-XYZ' is not a valid organization ID"),
    "alias": (
        {"organization": "acme", "organizations": ["globex"]},
        "organizations, organization: are two names of one option; set only one of them",
    ),
    "aliases": ({"user": "ana", "user_id": "u-1"}, "users, user_id: are two names of one option"),
    "connection": ({"region": "eu-central-1"}, "region: 'eu-central-1' is not a region of Amazon WorkMail"),
    "choice": ({"on_error": "contine"}, "value of on_error must be one of: fail, continue, got: contine"),
    "config": ({"aws_config": {"retrys": 3}}, "retrys"),
    "profile": ({"profile": "nope", "access_key": "", "secret_key": ""}, "nope"),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_options_are_refused(emulator: Emulator, gather: Callable[..., Any], name: str) -> None:
    options, message = INVALID[name]
    with pytest.raises(PatrolError) as raised:
        gather(**options)
    assert message in str(raised.value)
    assert len(emulator.requests) == 0


@pytest.mark.ansible
@pytest.mark.slow
def test_a_task_refuses_invalid_options(emulator: Emulator, run_tasks: RunTasks) -> None:
    results = run_tasks(
        [
            {INFO: options, "register": name, "ignore_errors": True}
            for name, (options, _message) in INVALID_IN_A_TASK.items()
        ],
    )
    for name, (_options, message) in INVALID_IN_A_TASK.items():
        assert results[name]["failed"] is True
        assert message in results[name]["msg"]
        assert "Traceback" not in str(results[name])
    assert len(emulator.requests) == 0


@pytest.mark.ansible
@pytest.mark.slow
def test_check_mode_returns_the_same(emulator: Emulator, run_tasks: RunTasks) -> None:
    gathering = {INFO: {"organization": "acme", "as_of": "2026-02-02T00:00:00Z"}}
    results = run_tasks([{**gathering, "register": "real"}, {**gathering, "check_mode": True, "register": "check"}])
    assert all(result.pop("elapsed") > 0 for result in results.values())
    assert results["real"] == results["check"]


@pytest.mark.ansible
@pytest.mark.slow
def test_connection_options_can_be_module_defaults(emulator: Emulator, server: Emulator, run_tasks: RunTasks) -> None:
    """The group covers the modules of amazon.aws too, so that one block of defaults serves a play that uses both."""
    results = run_tasks(
        [{INFO: {"organization": "initech"}, "register": "facts"}, {"amazon.aws.aws_caller_info": {}}],
        env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "us-east-1"},
        module_defaults={
            "group/patrol.workmail.workmail": {
                "endpoint_url": server.endpoint_url,
                "region": "eu-west-1",
                "access_key": "defaulted",
                "secret_key": "testing",
            }
        },
    )
    assert results["facts"]["organizations"][0]["region"] == "eu-west-1"
    assert {request.access_key_id for request in emulator.requests} == {"defaulted"}
    assert {request.service for request in emulator.requests} == {"workmail", "sts", "iam"}


@pytest.mark.ansible
@pytest.mark.slow
def test_nothing_is_changed(emulator: Emulator, run_tasks: RunTasks) -> None:
    run_tasks([{INFO: {"owners": True}, "register": "facts"}])
    seeded = ESTATE["Organizations"][0]["PersonalAccessTokens"]
    assert len(emulator.personal_access_tokens(ACME)) == len(seeded)
    assert {request.operation for request in emulator.requests} == {
        "DescribeOrganization",
        "ListOrganizations",
        "ListPersonalAccessTokens",
        "ListUsers",
    }
