# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each operation, its errors, its constraints, and paging."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.model import OperationModel
from botocore.validate import ParamValidator
from moto import mock_aws

import workmail_emulator
from workmail_emulator import Emulator
from workmail_emulator.workmail.models import workmail_backends
from workmail_emulator.workmail.responses import OPERATIONS

ORGANIZATION_ID = "m-" + "0123456789abcdef" * 2
DELETED_ORGANIZATION_ID = "m-" + "f" * 32
UNKNOWN_ORGANIZATION_ID = "m-" + "0" * 32
ALICE = "11111111-1111-1111-1111-111111111111"
GONE = "33333333-3333-3333-3333-333333333333"
IDENTITY_PROVIDER = {
    "AuthenticationMode": "IDENTITY_PROVIDER_ONLY",
    "IdentityCenterConfiguration": {
        "InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
        "ApplicationArn": "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef",
    },
    "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", "LifetimeInDays": 90},
}


def error(answer: Any) -> tuple[int, str]:
    return answer.status, answer.json["__type"]


def test_list_organizations_returns_every_state(call: Any) -> None:
    answer = call("ListOrganizations")
    assert answer.content_type == "application/x-amz-json-1.1"
    assert answer.json == {
        "OrganizationSummaries": [
            {
                "OrganizationId": ORGANIZATION_ID,
                "Alias": "acme",
                "DefaultMailDomain": "acme.awsapps.com",
                "State": "Active",
            },
            {
                "OrganizationId": DELETED_ORGANIZATION_ID,
                "Alias": "old",
                "DefaultMailDomain": "old.awsapps.com",
                "State": "Deleted",
            },
        ]
    }


def test_describe_organization_returns_a_deleted_one(call: Any) -> None:
    described = call("DescribeOrganization", {"OrganizationId": DELETED_ORGANIZATION_ID}).json
    assert described == {
        "OrganizationId": DELETED_ORGANIZATION_ID,
        "Alias": "old",
        "State": "Deleted",
        "DefaultMailDomain": "old.awsapps.com",
        "ARN": f"arn:aws:workmail:us-east-1:123456789012:organization/{DELETED_ORGANIZATION_ID}",
    }


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["alice", "bob", "gone"]),
        ({"UsernamePrefix": "al"}, ["alice"]),
        ({"DisplayNamePrefix": "Bo"}, ["bob"]),
        ({"PrimaryEmailPrefix": "alice@"}, ["alice"]),
        ({"State": "DELETED"}, ["gone"]),
        ({"IdentityProviderUserIdPrefix": "aaaa"}, ["alice"]),
        ({"UsernamePrefix": "a", "State": "DISABLED"}, []),
    ],
)
def test_list_users_applies_filters(call: Any, filters: dict[str, str], names: list[str]) -> None:
    users = call("ListUsers", {"OrganizationId": ORGANIZATION_ID, "Filters": filters}).json["Users"]
    assert [user["Name"] for user in users] == names


def test_a_listed_user_has_every_field_of_the_model(call: Any) -> None:
    alice = call("ListUsers", {"OrganizationId": ORGANIZATION_ID}).json["Users"][0]
    assert alice == {
        "Id": ALICE,
        "Email": "alice@acme.example",
        "Name": "alice",
        "DisplayName": "Alice Ünal",
        "State": "ENABLED",
        "UserRole": "USER",
        "EnabledDate": 1700000000.5,
        "IdentityProviderUserId": "aaaaaaaa-0000-0000-0000-000000000000",
    }


@pytest.mark.parametrize("identifier", [ALICE, "alice", "alice@acme.example"])
def test_describe_user_accepts_each_identifier(call: Any, identifier: str) -> None:
    user = call("DescribeUser", {"OrganizationId": ORGANIZATION_ID, "UserId": identifier}).json
    assert (user["UserId"], user["FirstName"], user["EnabledDate"]) == (ALICE, "Alice", 1700000000.5)
    assert "Id" not in user


def test_describe_user_returns_a_deleted_user(call: Any) -> None:
    assert call("DescribeUser", {"OrganizationId": ORGANIZATION_ID, "UserId": GONE}).json["State"] == "DELETED"


def test_token_documents_are_those_of_the_seed(emulator: Emulator, seed: Any, listing: Any, call: Any) -> None:
    tokens = seed["Organizations"][0]["PersonalAccessTokens"]
    assert listing().json["PersonalAccessTokenSummaries"] == tokens[:100]
    parameters = {"OrganizationId": ORGANIZATION_ID, "PersonalAccessTokenId": "token-001"}
    answer = call("GetPersonalAccessTokenMetadata", parameters)
    assert answer.json == tokens[1]
    assert b"1767323045.123" in answer.body
    assert emulator.personal_access_tokens(ORGANIZATION_ID) == tokens
    with pytest.raises(KeyError):
        emulator.personal_access_tokens(UNKNOWN_ORGANIZATION_ID)


@pytest.mark.parametrize("seconds", [0, 1767323045.123, 1767323045.999999, 4102444800])
def test_timestamps_keep_their_precision(emulator: Emulator, call: Any, seconds: float) -> None:
    token = {"PersonalAccessTokenId": "only", "DateCreated": seconds}
    emulator.load({"Organizations": [{"Alias": "precise", "PersonalAccessTokens": [token]}]})
    organization_id = call("ListOrganizations").json["OrganizationSummaries"][-1]["OrganizationId"]
    answer = call("ListPersonalAccessTokens", {"OrganizationId": organization_id})
    assert answer.json == {"PersonalAccessTokenSummaries": [token]}


def test_a_listing_of_one_user_accepts_each_identifier(listing: Any) -> None:
    for identifier in ("22222222-2222-2222-2222-222222222222", "bob", "bob@acme.example"):
        tokens = listing(UserId=identifier).json["PersonalAccessTokenSummaries"]
        assert [token["PersonalAccessTokenId"] for token in tokens] == [f"token-{n:03}" for n in range(0, 250, 5)]


def test_a_deleted_token_is_gone_and_can_be_deleted_again(emulator: Emulator, call: Any) -> None:
    parameters = {"OrganizationId": ORGANIZATION_ID, "PersonalAccessTokenId": "token-007"}
    for _ in range(2):
        answer = call("DeletePersonalAccessToken", parameters)
        assert (answer.status, answer.json) == (200, {})
    assert error(call("GetPersonalAccessTokenMetadata", parameters)) == (400, "ResourceNotFoundException")
    assert len(emulator.personal_access_tokens(ORGANIZATION_ID)) == 249


def test_the_identity_provider_configuration_can_be_put_read_and_deleted(emulator: Emulator, call: Any) -> None:
    organization = {"OrganizationId": ORGANIZATION_ID}
    describe = "DescribeIdentityProviderConfiguration"
    assert error(call(describe, organization)) == (400, "ResourceNotFoundException")
    assert emulator.identity_provider_configuration(ORGANIZATION_ID) is None
    assert call("PutIdentityProviderConfiguration", {**organization, **IDENTITY_PROVIDER}).json == {}
    assert emulator.identity_provider_configuration(ORGANIZATION_ID) == IDENTITY_PROVIDER
    assert call(describe, organization).json == IDENTITY_PROVIDER
    assert call("DeleteIdentityProviderConfiguration", organization).json == {}
    assert error(call(describe, organization)) == (400, "ResourceNotFoundException")


def _parameters(operation: OperationModel, organization_id: str) -> dict[str, Any]:
    known = {"OrganizationId": organization_id, "UserId": ALICE, "PersonalAccessTokenId": "x", **IDENTITY_PROVIDER}
    return {name: known[name] for name in operation.input_shape.required_members}


@pytest.mark.parametrize("operation", sorted(OPERATIONS - {"ListOrganizations"}))
def test_unknown_and_deleted_organizations_are_errors(workmail: Any, call: Any, operation: str) -> None:
    model = workmail.meta.service_model.operation_model(operation)
    unknown = call(operation, _parameters(model, UNKNOWN_ORGANIZATION_ID))
    assert error(unknown) == (400, "OrganizationNotFoundException")
    assert UNKNOWN_ORGANIZATION_ID in unknown.json["Message"]
    if operation != "DescribeOrganization":
        deleted = call(operation, _parameters(model, DELETED_ORGANIZATION_ID))
        assert error(deleted) == (400, "OrganizationStateException")
        assert {deleted.json["__type"], unknown.json["__type"]} <= {shape.name for shape in model.error_shapes}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_replies_follow_the_service_model(workmail: Any, call: Any, operation: str) -> None:
    """Every member is one of the model, with the type that it has there, by the validator of botocore."""
    model = workmail.meta.service_model.operation_model(operation)
    call("PutIdentityProviderConfiguration", {"OrganizationId": ORGANIZATION_ID, **IDENTITY_PROVIDER})
    known = {**_parameters(model, ORGANIZATION_ID), "PersonalAccessTokenId": "token-001"}
    answer = call(operation, {name: known[name] for name in known if name in model.input_shape.members})
    assert answer.status == 200 and (answer.json or not model.output_shape.members)
    assert ParamValidator().validate(answer.json, model.output_shape).generate_report() == ""


@pytest.mark.parametrize("operation", ["ListPersonalAccessTokens", "DescribeUser"])
def test_an_unknown_user_is_an_error(call: Any, operation: str) -> None:
    answer = call(operation, {"OrganizationId": ORGANIZATION_ID, "UserId": "nobody"})
    assert error(answer) == (400, "EntityNotFoundException")


def test_listing_the_tokens_of_a_deleted_user_is_an_error(listing: Any) -> None:
    assert error(listing(UserId=GONE)) == (400, "EntityStateException")


@pytest.mark.parametrize(
    ("operation", "parameters", "complaint"),
    [
        ("ListOrganizations", {"MaxResults": 101}, "Value '101' at 'maxResults' failed to satisfy constraint: Member "
         "must have value less than or equal to 100"),
        ("ListOrganizations", {"MaxResults": 0}, "must have value greater than or equal to 1"),
        ("ListOrganizations", {"MaxResults": "5"}, "Member must be of type integer"),
        ("ListOrganizations", {"MaxResults": True}, "Member must be of type integer"),
        ("ListOrganizations", {"NextToken": ""}, "must have length greater than or equal to 1"),
        ("ListOrganizations", {"NextToken": "x" * 1025}, "must have length less than or equal to 1024"),
        ("DescribeOrganization", {}, "Value null at 'organizationId' failed to satisfy constraint: Member must not be "
         "null"),
        ("DescribeOrganization", {"OrganizationId": "m-" + "G" * 32}, "regular expression pattern: ^m-[0-9a-f]{32}$"),
        ("DescribeUser", {"OrganizationId": ORGANIZATION_ID, "UserId": "ä"}, "regular expression pattern"),
        ("ListUsers", {"OrganizationId": ORGANIZATION_ID, "Filters": {"State": "ASLEEP"}}, "Value 'ASLEEP' at "
         "'filters.state' failed to satisfy constraint: Member must satisfy enum value set: "
         "[ENABLED, DISABLED, DELETED]"),
        ("ListUsers", {"OrganizationId": ORGANIZATION_ID, "Filters": []}, "Member must be of type structure"),
    ],
)  # fmt: skip
def test_parameters_outside_the_constraints_of_the_model_are_refused(
    call: Any, operation: str, parameters: dict[str, Any], complaint: str
) -> None:
    answer = call(operation, parameters)
    assert error(answer) == (400, "InvalidParameterException")
    assert answer.json["Message"].startswith("1 validation error detected: ")
    assert complaint in answer.json["Message"]


def test_several_violations_are_counted(call: Any) -> None:
    message = call("GetPersonalAccessTokenMetadata", {"PersonalAccessTokenId": "a b"}).json["Message"]
    assert message.startswith("2 validation errors detected: ")


def test_nested_parameters_are_checked(call: Any) -> None:
    broken = {**IDENTITY_PROVIDER, "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", "LifetimeInDays": 3654}}
    answer = call("PutIdentityProviderConfiguration", {"OrganizationId": ORGANIZATION_ID, **broken})
    assert "'personalAccessTokenConfiguration.lifetimeInDays'" in answer.json["Message"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[1]"])
def test_invalid_request_bodies_are_refused(call: Any, body: bytes) -> None:
    expected = "InvalidParameterException" if body == b"[1]" else "SerializationException"
    assert error(call("ListOrganizations", body)) == (400, expected)


@pytest.mark.parametrize("operation", ["DeleteOrganization", "CallAction", "NoSuchThing"])
def test_an_unknown_operation_is_an_error(call: Any, operation: str) -> None:
    assert error(call(operation)) == (400, "UnknownOperationException")


def test_an_unimplemented_operation_of_another_service_is_an_error(client: Any, emulator: Emulator) -> None:
    sts = client("sts")
    with pytest.raises(sts.exceptions.ClientError, match="UnknownOperationException"):
        sts.decode_authorization_message(EncodedMessage="x")
    assert len(emulator.requests) == 1


def test_a_region_without_workmail_is_an_error(call: Any) -> None:
    assert error(call("ListOrganizations", region="eu-north-1")) == (400, "UnrecognizedClientException")


def test_a_request_without_a_signature_is_refused(request_raw: Any) -> None:
    answer = request_raw("POST", "/", b"{}", {"X-Amz-Target": "WorkMailService.ListOrganizations"})
    assert error(answer) == (400, "MissingAuthenticationTokenException")


def test_the_pages_of_a_listing_have_every_token_once(listing: Any, seed: Any) -> None:
    tokens: list[Any] = []
    sizes = []
    following: dict[str, str] = {}
    while True:
        page = listing(**following).json
        tokens += page["PersonalAccessTokenSummaries"]
        sizes.append(len(page["PersonalAccessTokenSummaries"]))
        if "NextToken" not in page:
            break
        following = {"NextToken": page["NextToken"]}
    assert sizes == [100, 100, 50]
    assert tokens == seed["Organizations"][0]["PersonalAccessTokens"]


def test_a_page_of_the_exact_size_is_the_last(listing: Any) -> None:
    assert "NextToken" not in listing(UserId="bob", MaxResults=50).json
    assert "NextToken" in listing(UserId="bob", MaxResults=49).json


def test_the_default_page_size_is_100(call: Any) -> None:
    page = call("ListPersonalAccessTokens", {"OrganizationId": ORGANIZATION_ID}).json
    assert len(page["PersonalAccessTokenSummaries"]) == 100


def test_a_page_token_stays_valid_after_deletions(listing: Any, call: Any) -> None:
    following = listing().json["NextToken"]
    for name in ("token-099", "token-100"):
        call("DeletePersonalAccessToken", {"OrganizationId": ORGANIZATION_ID, "PersonalAccessTokenId": name})
    page = listing(NextToken=following).json
    assert page["PersonalAccessTokenSummaries"][0]["PersonalAccessTokenId"] == "token-101"


@pytest.mark.parametrize("token", ["rubbish", "eyJhIjogMX0=", "WzEsIDJd", "MQ=="])
def test_an_invalid_page_token_is_refused(listing: Any, token: str) -> None:
    assert error(listing(NextToken=token)) == (400, "InvalidParameterException")


def test_a_page_token_of_another_listing_is_refused(listing: Any, call: Any) -> None:
    following = listing().json["NextToken"]
    assert error(listing(NextToken=following, UserId="bob")) == (400, "InvalidParameterException")
    users = call("ListUsers", {"OrganizationId": ORGANIZATION_ID, "NextToken": following})
    assert error(users) == (400, "InvalidParameterException")


def test_users_and_organizations_are_paged(call: Any) -> None:
    for operation, parameters in (("ListUsers", {"OrganizationId": ORGANIZATION_ID}), ("ListOrganizations", {})):
        first = call(operation, {**parameters, "MaxResults": 1}).json
        second = call(operation, {**parameters, "MaxResults": 1, "NextToken": first["NextToken"]}).json
        assert first != second


def test_a_page_of_very_many_tokens_is_quick(emulator: Emulator) -> None:
    tokens = [{"PersonalAccessTokenId": f"t{number}", "Name": "x"} for number in range(100_000)]
    organization_id = "m-" + "a" * 32
    emulator.load(
        {"Organizations": [{"OrganizationId": organization_id, "Alias": "big", "PersonalAccessTokens": tokens}]}
    )
    backend = workmail_backends["123456789012"]["us-east-1"]
    following = None
    pages = 0
    started = time.perf_counter()
    while pages == 0 or following:
        _, following = backend.list_personal_access_tokens(organization_id, None, following, 100)
        pages += 1
    assert pages == 1000
    assert (time.perf_counter() - started) / pages < 0.015


def test_the_backend_works_inside_mock_aws(seed: Any) -> None:
    workmail_emulator.register()
    workmail_emulator.register()
    with mock_aws():
        workmail_emulator.load(seed)
        workmail = boto3.client("workmail", region_name="us-east-1")
        pages = workmail.get_paginator("list_users").paginate(OrganizationId=ORGANIZATION_ID)
        assert [user["Name"] for page in pages for user in page["Users"]] == ["alice", "bob", "gone"]
        tokens = workmail.list_personal_access_tokens(OrganizationId=ORGANIZATION_ID)
        assert len(tokens["PersonalAccessTokenSummaries"]) == 100
        with pytest.raises(workmail.exceptions.OrganizationNotFoundException):
            workmail.describe_organization(OrganizationId=UNKNOWN_ORGANIZATION_ID)
    with mock_aws():
        assert boto3.client("workmail", region_name="us-east-1").list_organizations()["OrganizationSummaries"] == []
