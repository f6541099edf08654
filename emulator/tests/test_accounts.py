# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and regions are separate, and IAM is enforced when moto enforces it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from workmail_emulator import Emulator

ORGANIZATION_ID = "m-" + "0123456789abcdef" * 2
ARN = f"arn:aws:workmail:us-east-1:123456789012:organization/{ORGANIZATION_ID}"


def aliases(workmail: Any) -> list[str]:
    return [summary["Alias"] for summary in workmail.list_organizations()["OrganizationSummaries"]]


def test_regions_are_kept_apart(emulator: Emulator, client: Any) -> None:
    emulator.load({"Organizations": [{"Alias": "irish", "Region": "eu-west-1"}]})
    assert aliases(client(region="eu-west-1")) == ["irish"]
    assert aliases(client(region="us-east-1")) == ["acme", "old"]
    assert aliases(client(region="us-west-2")) == []


def test_accounts_are_kept_apart_by_assumed_roles(emulator: Emulator, client: Any) -> None:
    emulator.load({"Organizations": [{"Alias": "other", "AccountId": "210987654321"}]})
    assumed = client("sts").assume_role(RoleArn="arn:aws:iam::210987654321:role/audit", RoleSessionName="test")
    credentials = assumed["Credentials"]
    other = client(
        key=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    assert aliases(other) == ["other"]
    assert aliases(client()) == ["acme", "old"]
    entry = emulator.requests[1]
    assert (entry.service, entry.operation, entry.account_id) == ("workmail", "ListOrganizations", "210987654321")
    assert entry.access_key_id == credentials["AccessKeyId"]


@pytest.fixture
def keys(client: Any) -> Iterator[dict[str, str]]:
    """Yield the access key of a user without rights."""
    iam = client("iam")
    iam.create_user(UserName="auditor")
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    yield {"key": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    for name in iam.list_user_policies(UserName="auditor")["PolicyNames"]:
        iam.delete_user_policy(UserName="auditor", PolicyName=name)
    iam.delete_access_key(UserName="auditor", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="auditor")


@pytest.fixture
def allow(client: Any, keys: dict[str, str]) -> Any:
    """Return what gives the user a right."""

    def put(action: str, resource: str) -> None:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        client("iam").put_user_policy(UserName="auditor", PolicyName="audit", PolicyDocument=document)

    return put


@pytest.fixture
def enforce(emulator: Emulator, allow: Any) -> Iterator[Any]:
    """Yield what switches IAM on, or off again."""
    yield emulator.enforce_iam
    emulator.enforce_iam(False)


def test_enforced_iam_denies_a_user_without_a_policy(client: Any, keys: dict[str, str], enforce: Any) -> None:
    enforce()
    workmail = client(**keys)
    with pytest.raises(ClientError) as denial:
        workmail.list_personal_access_tokens(OrganizationId=ORGANIZATION_ID)
    assert denial.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert denial.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": "User: arn:aws:iam::123456789012:user/auditor is not authorized to perform: "
        f"workmail:ListPersonalAccessTokens on resource: {ARN} because no identity-based policy allows the "
        "workmail:ListPersonalAccessTokens action",
    }
    with pytest.raises(ClientError, match=r"workmail:ListOrganizations on resource: \* because"):
        workmail.list_organizations()


def test_enforced_iam_allows_what_a_policy_allows_on_one_organization(
    client: Any, keys: dict[str, str], allow: Any, enforce: Any
) -> None:
    allow("workmail:List*", ARN)
    enforce()
    workmail = client(**keys)
    assert len(workmail.list_users(OrganizationId=ORGANIZATION_ID)["Users"]) == 3
    with pytest.raises(ClientError, match="AccessDeniedException"):
        workmail.list_users(OrganizationId="m-" + "f" * 32)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        workmail.delete_personal_access_token(OrganizationId=ORGANIZATION_ID, PersonalAccessTokenId="token-001")


def test_iam_is_enforced_when_moto_enforces_it(
    client: Any, keys: dict[str, str], enforce: Any, request_raw: Any
) -> None:
    request_raw("POST", "/moto-api/reset-auth", b"0")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client(**keys).list_organizations()
    enforce(False)
    assert client(**keys).list_organizations()["OrganizationSummaries"]


def test_unknown_and_wrong_credentials_are_refused(client: Any, keys: dict[str, str], enforce: Any) -> None:
    enforce()
    with pytest.raises(ClientError) as unknown:
        client(key="AKIAIOSFODNN7EXAMPLE").list_organizations()
    assert unknown.value.response["Error"]["Code"] == "UnrecognizedClientException"
    assert unknown.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError) as unsigned:
        client(key=keys["key"], aws_secret_access_key="wrong").list_organizations()
    assert unsigned.value.response["Error"]["Code"] == "InvalidSignatureException"


OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/audit"
USER = "arn:aws:iam::123456789012:user/auditor"
BY_ID = {"StringEquals": {"sts:ExternalId": "secret"}}


@pytest.fixture
def trusting(client: Any, call_as: Any, allow: Any, enforce: Any) -> Iterator[Any]:
    """Yield what makes a role of another account with this trust policy, and switches IAM on."""
    with_rights = call_as(OTHER)
    made = []

    def make(**statement: Any) -> None:
        allow("sts:AssumeRole", "arn:aws:iam::*:role/audit")
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with_rights("iam").create_role(RoleName="audit", AssumeRolePolicyDocument=document)
        made.append("audit")
        enforce()

    yield make
    enforce(False)
    for name in made:
        with_rights("iam").delete_role(RoleName=name)


@pytest.fixture
def call_as(client: Any) -> Any:
    """Return what makes makers of clients in another account, which is only good while IAM is off."""

    def make(account_id: str) -> Any:
        role = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account_id}:role/any", RoleSessionName="test")
        given = role["Credentials"]
        return lambda service: client(
            service,
            key=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    return make


@pytest.mark.parametrize(
    ("statement", "external_id"),
    [
        ({"Principal": {"AWS": USER}}, None),
        ({"Principal": {"AWS": ["arn:aws:iam::999999999999:root", USER]}}, None),
        ({"Principal": {"AWS": "123456789012"}}, None),
        ({"Principal": {"AWS": "*"}}, None),
        ({"Principal": "*"}, None),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Condition": BY_ID}, "secret"),
    ],
    ids=repr,
)
def test_a_role_can_be_assumed_by_those_it_trusts(
    client: Any, keys: dict[str, str], trusting: Any, statement: dict[str, Any], external_id: str | None
) -> None:
    trusting(**statement)
    given = {} if external_id is None else {"ExternalId": external_id}
    assumed = client("sts", **keys).assume_role(RoleArn=ROLE, RoleSessionName="test", **given)
    assert f":{OTHER}:assumed-role/audit" in assumed["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize(
    ("statement", "external_id"),
    [
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:user/other"}}, None),
        ({"Principal": {"AWS": USER}, "Effect": "Deny"}, None),
        ({"Principal": {"AWS": USER}, "Action": "sts:TagSession"}, None),
        ({"Principal": {"AWS": USER}, "Condition": BY_ID}, None),
        ({"Principal": {"AWS": USER}, "Condition": BY_ID}, "guessed"),
        ({"Principal": {"AWS": USER}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}, None),
        (None, None),
    ],
    ids=repr,
)
def test_a_role_cannot_be_assumed_by_others(
    client: Any, keys: dict[str, str], trusting: Any, statement: dict[str, Any] | None, external_id: str | None
) -> None:
    trusting(**(statement or {"Principal": {"AWS": USER}}))
    arn = ROLE if statement else f"arn:aws:iam::{OTHER}:role/missing"
    given = {} if external_id is None else {"ExternalId": external_id}
    with pytest.raises(ClientError) as denial:
        client("sts", **keys).assume_role(RoleArn=arn, RoleSessionName="test", **given)
    assert denial.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert denial.value.response["Error"]["Code"] == "AccessDenied"
    message = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    assert denial.value.response["Error"]["Message"] == message
