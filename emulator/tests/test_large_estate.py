# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated users and tokens, the seed of many accounts, and the work of a call however many accounts there are."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from workmail_emulator import Emulator, Fault, SeedError, register
from workmail_emulator.accounts import credentials
from workmail_emulator.application import Application
from workmail_emulator.estate import FIRST_ACCOUNT_ID, large_estate
from workmail_emulator.seed import empty, load, parse
from workmail_emulator.workmail.validation import validate

from .conftest import authorization

MANAGEMENT = str(FIRST_ACCOUNT_ID)
LAST = str(FIRST_ACCOUNT_ID + 29)


@pytest.fixture
def seed() -> dict[str, Any]:
    return large_estate(30, tokens=250, users=12)


@pytest.fixture
def workmail(emulator: Emulator, client: Callable[..., Any]) -> Any:
    """Return a client of the last account."""
    given = emulator.credentials(LAST)
    return client(key=given["aws_access_key_id"], aws_secret_access_key=given["aws_secret_access_key"])


@pytest.fixture
def organization_id(emulator: Emulator) -> str:
    return str(emulator.organizations(LAST)[0]["OrganizationId"])


def test_generated_tokens_are_listed_completely(emulator: Emulator, workmail: Any, organization_id: str) -> None:
    pages = workmail.get_paginator("list_personal_access_tokens").paginate(OrganizationId=organization_id)
    listed = [token for page in pages for token in page["PersonalAccessTokenSummaries"]]
    users = workmail.list_users(OrganizationId=organization_id)["Users"]
    assert (len(listed), len({token["PersonalAccessTokenId"] for token in listed}), len(users)) == (250, 250, 12)
    assert {token["UserId"] for token in listed} == {user["Id"] for user in users}
    held = emulator.personal_access_tokens(organization_id, LAST)
    assert [token["PersonalAccessTokenId"] for token in held] == [token["PersonalAccessTokenId"] for token in listed]
    model = boto3.client("workmail", region_name="us-east-1").meta.service_model
    for token in held:
        validate(token, model.shape_for("PersonalAccessTokenSummary"))
    assert 0 < sum("ExpiresTime" not in token for token in held) < 250
    assert 0 < sum("DateLastUsed" not in token for token in held) < 250
    ids = {organization["OrganizationId"] for organization in emulator.organizations()}
    tokens = {token["PersonalAccessTokenId"] for each in ids for token in emulator.personal_access_tokens(each)}
    assert (len(ids), len(tokens)) == (30, 30 * 250)


def test_generated_tokens_can_be_used_and_deleted(emulator: Emulator, workmail: Any, organization_id: str) -> None:
    first, second, *_ = (token["PersonalAccessTokenId"] for token in emulator.personal_access_tokens(organization_id))
    parameters = {"OrganizationId": organization_id, "PersonalAccessTokenId": second}
    before = workmail.get_personal_access_token_metadata(**parameters)["DateLastUsed"]
    emulator.faults.add(Fault("used_meanwhile", times=1))
    assert workmail.get_personal_access_token_metadata(**parameters)["DateLastUsed"] > before
    assert workmail.get_personal_access_token_metadata(**parameters)["DateLastUsed"] > before
    workmail.delete_personal_access_token(**{**parameters, "PersonalAccessTokenId": first})
    workmail.delete_personal_access_token(**{**parameters, "PersonalAccessTokenId": "pat-other-000003"})
    held = emulator.personal_access_tokens(organization_id)
    assert (len(held), held[0]["PersonalAccessTokenId"]) == (249, second)
    assert (
        len(workmail.list_personal_access_tokens(OrganizationId=organization_id)["PersonalAccessTokenSummaries"]) == 100
    )
    user = workmail.describe_user(OrganizationId=organization_id, UserId="user3")
    assert user["Email"] == "user3@org-29.example"


@pytest.mark.parametrize("value", [-1, 1.5, True, "3"])
def test_a_number_to_generate_is_an_integer(emulator: Emulator, value: Any) -> None:
    with pytest.raises(SeedError, match="GeneratedUsers: must be a whole number from 0"):
        emulator.load({"Organizations": [{"Alias": "new", "GeneratedUsers": value}]})


def test_accounts_are_in_nested_units(emulator: Emulator, client: Callable[..., Any]) -> None:
    given = emulator.credentials(MANAGEMENT)
    organizations = client(
        "organizations", key=given["aws_access_key_id"], aws_secret_access_key=given["aws_secret_access_key"]
    )
    accounts = organizations.get_paginator("list_accounts").paginate()
    assert sum(len(page["Accounts"]) for page in accounts) == 30
    workloads = organizations.list_organizational_units_for_parent(ParentId="r-root")["OrganizationalUnits"][0]
    units = organizations.list_organizational_units_for_parent(ParentId=workloads["Id"])["OrganizationalUnits"]
    below = [organizations.list_accounts_for_parent(ParentId=unit["Id"])["Accounts"] for unit in units]
    assert [len(page) for page in below] == [20, 9]


def test_the_command_writes_a_seed_of_many_accounts(tmp_path: Path) -> None:
    file = tmp_path / "estate.yml"
    command = [sys.executable, "-m", "workmail_emulator.estate", "--accounts", "25", "--tokens", "7"]
    subprocess.run([*command, "--output", str(file)], check=True)
    assert parse(file.read_text(encoding="utf-8")) == large_estate(25, 7)


@pytest.fixture
def work() -> Iterator[Callable[[int], list[int]]]:
    """Return a counter of the function calls that requests need in an estate of many accounts."""

    def count(accounts: int) -> list[int]:
        register()
        load(large_estate(accounts, tokens=5))
        application = Application()
        last = str(FIRST_ACCOUNT_ID + accounts - 1)
        role = f"arn:aws:iam::{last}:role/workmail-auditor"
        assume = f"Action=AssumeRole&Version=2011-06-15&RoleSessionName=test&RoleArn={role}".encode()
        requests = [
            (last, "workmail", "WorkMailService.ListOrganizations", b"{}"),
            (last, "sts", None, b"Action=GetCallerIdentity&Version=2011-06-15"),
            (MANAGEMENT, "sts", None, assume),
            (MANAGEMENT, "organizations", "AWSOrganizationsV20161128.ListAccounts", b'{"MaxResults": 5}'),
        ]
        counts = []
        for account_id, service, target, body in requests:
            key = credentials(account_id)["aws_access_key_id"]
            for _ in range(3):
                counted = counting(application, environ(service, target, body, key))
            counts.append(counted)
        return counts

    yield count
    empty()


def environ(service: str, target: str | None, body: bytes, key: str) -> dict[str, Any]:
    content_type = "application/x-amz-json-1.1" if target else "application/x-www-form-urlencoded"
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.input": io.BytesIO(body),
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": authorization(service, key=key),
        **({"HTTP_X_AMZ_TARGET": target} if target else {}),
    }


def counting(application: Application, request: dict[str, Any]) -> int:
    statuses: list[str] = []
    calls = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(profile)
    try:
        application(request, lambda status, headers: statuses.append(status))
    finally:
        sys.setprofile(None)
    assert statuses == ["200 OK"]
    return calls


def test_the_work_of_a_call_does_not_grow_with_the_accounts(work: Callable[[int], list[int]]) -> None:
    few = work(10)
    empty()
    many = work(200)
    assert [abs(one - other) < 20 for one, other in zip(few, many, strict=True)] == [True] * 4, (few, many)
