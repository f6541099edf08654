# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of AWS Organizations and STS, and faults of one account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from workmail_emulator import Emulator, Fault

from .conftest import Answer, authorization

MANAGEMENT, SHOP = "111111111111", "222222222222"
KEY = "AKIAAUDITOREXAMPLE01"
ROLE = f"arn:aws:iam::{SHOP}:role/auditor"


@pytest.fixture
def seed() -> dict[str, Any]:
    return {
        "AwsOrganization": {
            "ManagementAccountId": MANAGEMENT,
            "OrganizationalUnits": [{"Name": f"unit {number}"} for number in range(3)],
        },
        "Accounts": [
            {"Id": MANAGEMENT, "IamUsers": [{"UserName": "auditor", "AccessKeyId": KEY}]},
            {"Id": SHOP, "IamRoles": [{"RoleName": "auditor", "TrustedPrincipals": [MANAGEMENT]}]},
            *({"Id": f"{number:012}"} for number in range(500, 540)),
        ],
    }


@pytest.fixture
def ask(request_raw: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return a sender of operations of AWS Organizations."""

    def send(operation: str, **parameters: Any) -> Answer:
        headers = {
            "X-Amz-Target": f"AWSOrganizationsV20161128.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": authorization("organizations", key=KEY),
        }
        return request_raw("POST", "/", json.dumps(parameters), headers)

    return send


@pytest.fixture
def sts(client: Callable[..., Any]) -> Any:
    return client("sts", key=KEY)


LISTINGS: dict[str, tuple[str, dict[str, str]]] = {
    "ListAccounts": ("Accounts", {}),
    "ListAccountsForParent": ("Accounts", {"ParentId": "r-root"}),
    "ListOrganizationalUnitsForParent": ("OrganizationalUnits", {"ParentId": "r-root"}),
}
CHANGES: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "null_list": lambda reply, key: reply.update({key: None}),
    "missing_list": lambda reply, key: reply.pop(key),
    "null_item": lambda reply, key: reply[key].insert(len(reply[key]) // 2, None),
    "repeated_item": lambda reply, key: reply[key].append(reply[key][0]),
    "empty_next_token": lambda reply, key: reply.update(NextToken=""),
    "missing_next_token": lambda reply, key: reply.pop("NextToken", None),
    "missing_field": lambda reply, key: [item.pop("Id") for item in reply[key]],
}


@pytest.mark.parametrize("operation", LISTINGS)
def test_listings_of_aws_organizations_can_be_wrong(
    emulator: Emulator, ask: Callable[..., Answer], operation: str
) -> None:
    key, parameters = LISTINGS[operation]
    for kind, change in CHANGES.items():
        expected = ask(operation, **parameters).json
        change(expected, key)
        details = {"field": "Id"} if kind == "missing_field" else {}
        emulator.faults.add(Fault(kind, operation=operation, times=1, **details))
        assert ask(operation, **parameters).json == expected, kind
    for kind in ("same_next_token", "alternating_next_token"):
        emulator.faults.add(Fault(kind, operation=operation, times=3))
        tokens = [ask(operation, **parameters).json["NextToken"]]
        for _ in range(2):
            tokens.append(ask(operation, **parameters, NextToken=tokens[-1]).json["NextToken"])
        assert tokens[0] == tokens[2], kind


def test_an_empty_page_of_accounts_is_followed_by_the_real_one(emulator: Emulator, ask: Callable[..., Answer]) -> None:
    second = {"NextToken": ask("ListAccounts").json["NextToken"]}
    expected = ask("ListAccounts", **second).json
    emulator.faults.add(Fault("empty_page", page=2, times=1))
    empty = ask("ListAccounts", **second).json
    assert empty["Accounts"] == []
    assert ask("ListAccounts", NextToken=empty["NextToken"]).json == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("throttle", "TooManyRequestsException"),
        ("access_denied", "AccessDeniedException"),
        ("expired_credentials", "ExpiredTokenException"),
    ],
)
def test_errors_of_aws_organizations_have_its_codes(
    emulator: Emulator, ask: Callable[..., Answer], kind: str, expected: str
) -> None:
    emulator.faults.add(Fault(kind, service="organizations"))
    answer = ask("DescribeOrganization")
    assert (answer.status, answer.json["__type"]) == (400, expected)


@pytest.mark.parametrize(
    ("kind", "expected", "status"),
    [
        ("throttle", "Throttling", 400),
        ("access_denied", "AccessDenied", 403),
        ("expired_credentials", "ExpiredToken", 403),
    ],
)
def test_errors_of_sts_have_its_codes(emulator: Emulator, sts: Any, kind: str, expected: str, status: int) -> None:
    emulator.faults.add(Fault(kind, service="sts"))
    with pytest.raises(ClientError) as error:
        sts.assume_role(RoleArn=ROLE, RoleSessionName="test")
    response: Any = error.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (expected, status)


@pytest.mark.parametrize("kind", ["html", "truncated", "short_body", "reset", "invalid_utf8", "empty_object"])
def test_sts_replies_can_be_unusable(emulator: Emulator, sts: Any, kind: str) -> None:
    emulator.faults.add(Fault(kind, operation="AssumeRole", times=5))
    with pytest.raises((BotoCoreError, ClientError, ResponseParserError, KeyError)):
        _ = sts.assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]["AccessKeyId"]


def test_elements_of_sts_replies_can_be_missing_or_wrong(emulator: Emulator, sts: Any) -> None:
    emulator.faults.add(Fault("changed_element", operation="AssumeRole", field="SessionToken", times=1))
    assert "SessionToken" not in sts.assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
    emulator.faults.add(Fault("changed_element", operation="GetCallerIdentity", field="Account", value="<&>", times=1))
    assert sts.get_caller_identity()["Account"] == "<&>"
    assert sts.get_caller_identity()["Account"] == MANAGEMENT


def test_a_role_can_give_credentials_of_another_account(
    emulator: Emulator, sts: Any, client: Callable[..., Any]
) -> None:
    emulator.faults.add(Fault("other_account", role_arn=ROLE, other_account_id="000000000500", times=1))
    for expected in ("000000000500", SHOP):
        given = sts.assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
        secrets = {"aws_secret_access_key": given["SecretAccessKey"], "aws_session_token": given["SessionToken"]}
        identity = client("sts", key=given["AccessKeyId"], **secrets).get_caller_identity()
        assert identity["Account"] == expected


def test_a_fault_can_be_limited_to_an_account_a_role_or_a_parent(
    emulator: Emulator, client: Callable[..., Any], sts: Any, ask: Callable[..., Answer]
) -> None:
    def aliases(account_id: str) -> list[Any]:
        given = emulator.credentials(account_id)
        workmail = client(key=given["aws_access_key_id"], aws_secret_access_key=given["aws_secret_access_key"])
        return list(workmail.list_organizations()["OrganizationSummaries"])

    emulator.faults.add(Fault("access_denied", account_id=SHOP))
    emulator.faults.add(Fault("access_denied", role_arn=ROLE))
    emulator.faults.add(Fault("null_list", parent_id="r-root"))
    assert aliases(MANAGEMENT) == []
    with pytest.raises(ClientError, match="AccessDeniedException"):
        aliases(SHOP)
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=ROLE, RoleSessionName="test")
    assert sts.assume_role(RoleArn="arn:aws:iam::000000000500:role/any", RoleSessionName="test")
    assert ask("ListAccounts").json["Accounts"]
    assert ask("ListAccountsForParent", ParentId="r-root").json["Accounts"] is None
    assert [entry.account_id for entry in emulator.requests][:2] == [MANAGEMENT, SHOP]
