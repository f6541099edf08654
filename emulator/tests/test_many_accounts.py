# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate of several AWS accounts: AWS Organizations, roles to assume, and the WorkMail of each account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from workmail_emulator import Emulator, SeedError

MANAGEMENT, SHOP, BANK, OLD, LONER = "111111111111", "222222222222", "333333333333", "444444444444", "012345670123"
UNIT = "ou-root-11111111"
AUDITOR_KEY = "AKIAAUDITOREXAMPLE01"
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "workmail:List*", "Resource": "*"}]}
CALL = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/audit/auditor"},
        {"Effect": "Allow", "Action": "organizations:ListAccounts*", "Resource": "*"},
    ],
}


def role(**trust: Any) -> dict[str, Any]:
    return {"RoleName": "auditor", "Path": "/audit/", "PolicyDocument": READ, **trust}


@pytest.fixture
def seed() -> dict[str, Any]:
    return {
        "AwsOrganization": {
            "ManagementAccountId": MANAGEMENT,
            "OrganizationalUnits": [
                {
                    "Name": "Workloads",
                    "Id": UNIT,
                    "OrganizationalUnits": [{"Name": "Production"}, {"Name": "Test"}],
                },
                *({"Name": f"Unit {number}"} for number in range(24)),
            ],
        },
        "Accounts": [
            {
                "Id": MANAGEMENT,
                "Name": "management",
                "IamUsers": [
                    {
                        "UserName": "auditor",
                        "AccessKeyId": AUDITOR_KEY,
                        "SecretAccessKey": "secret",
                        "PolicyDocument": CALL,
                    }
                ],
            },
            {
                "Id": SHOP,
                "Name": "shop",
                "Parent": "Workloads/Production",
                "IamRoles": [role(TrustedPrincipals=[MANAGEMENT])],
                "Organizations": [
                    {"Alias": "shop", "Users": [{"Id": "u"}], "PersonalAccessTokens": [{"PersonalAccessTokenId": "s"}]},
                    {"Alias": "shop-eu", "Region": "eu-west-1"},
                ],
            },
            {
                "Id": BANK,
                "Parent": UNIT,
                "DelegatedAdministrator": True,
                "IamRoles": [role(TrustedPrincipals=[f"arn:aws:iam::{MANAGEMENT}:root"], ExternalId="known")],
                "Organizations": [{"Alias": "bank"}],
            },
            {"Id": OLD, "Name": "old", "State": "SUSPENDED", "Parent": UNIT, "JoinedTimestamp": 1600000000},
            {"Id": LONER, "Parent": None, "IamRoles": []},
            *({"Id": f"{number:012}", "State": "ACTIVE"} for number in range(500, 545)),
        ],
    }


@pytest.fixture
def as_account(emulator: Emulator, client: Callable[..., Any]) -> Callable[..., Any]:
    """Return a maker of clients of an account's administrator."""

    def make(account_id: str, service: str = "workmail", region: str = "us-east-1") -> Any:
        given = emulator.credentials(account_id)
        return client(service, region, given["aws_access_key_id"], aws_secret_access_key=given["aws_secret_access_key"])

    return make


@pytest.fixture
def auditor(client: Callable[..., Any]) -> Callable[[str], Any]:
    """Return a maker of clients of the auditor in the management account."""
    return lambda service: client(service, key=AUDITOR_KEY, aws_secret_access_key="secret")


@pytest.fixture
def assumed(client: Callable[..., Any], auditor: Any) -> Callable[..., Any]:
    """Return a maker of WorkMail clients in an account whose role the auditor assumes."""

    def make(account_id: str, name: str = "audit/auditor", **given: str) -> Any:
        arn = f"arn:aws:iam::{account_id}:role/{name}"
        key = auditor("sts").assume_role(RoleArn=arn, RoleSessionName="test", **given)["Credentials"]
        secrets = {"aws_secret_access_key": key["SecretAccessKey"], "aws_session_token": key["SessionToken"]}
        return lambda service: client(service, key=key["AccessKeyId"], **secrets)

    return make


@pytest.fixture
def enforced(emulator: Emulator) -> Iterator[None]:
    emulator.enforce_iam()
    yield
    emulator.enforce_iam(False)


def pages(list_page: Callable[..., Any], key: str, **parameters: Any) -> list[list[Any]]:
    """Return the entries of each page."""
    found = []
    while True:
        reply = list_page(**parameters)
        found.append(reply[key])
        if "NextToken" not in reply:
            return found
        parameters["NextToken"] = reply["NextToken"]


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response: Any = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_accounts_are_listed_in_pages_of_twenty(emulator: Emulator, as_account: Any) -> None:
    found = pages(as_account(MANAGEMENT, "organizations").list_accounts, "Accounts")
    assert [len(page) for page in found] == [20, 20, 9]
    listed = [account for page in found for account in page]
    members = [account for account in emulator.accounts() if account["ParentId"] is not None]
    assert [account["Id"] for account in listed] == [account["Id"] for account in members]
    assert listed[3]["JoinedTimestamp"].timestamp() == 1600000000
    assert {name: value for name, value in listed[3].items() if name != "JoinedTimestamp"} == {
        "Id": OLD,
        "Arn": f"arn:aws:organizations::{MANAGEMENT}:account/o-emulated00/{OLD}",
        "Email": f"account-{OLD}@example.com",
        "Name": "old",
        "State": "SUSPENDED",
        "JoinedMethod": "CREATED",
    }
    emulator.behave(account_status="listed")
    assert as_account(MANAGEMENT, "organizations").list_accounts()["Accounts"][3]["Status"] == "SUSPENDED"


def test_units_and_their_accounts_are_listed(as_account: Any) -> None:
    organizations = as_account(MANAGEMENT, "organizations")
    assert [root["Id"] for root in organizations.list_roots()["Roots"]] == ["r-root"]
    below_root = pages(
        organizations.list_organizational_units_for_parent, "OrganizationalUnits", ParentId="r-root", MaxResults=10
    )
    assert [len(page) for page in below_root] == [10, 10, 5]
    assert below_root[0][0]["Id"] == UNIT
    children = organizations.list_organizational_units_for_parent(ParentId=UNIT)["OrganizationalUnits"]
    assert [child["Name"] for child in children] == ["Production", "Test"]
    below = [
        organizations.list_accounts_for_parent(ParentId=parent)["Accounts"]
        for parent in (UNIT, children[0]["Id"], children[1]["Id"])
    ]
    assert [[account["Id"] for account in page] for page in below] == [[BANK, OLD], [SHOP], []]
    assert organizations.describe_organization()["Organization"]["MasterAccountId"] == MANAGEMENT
    assert organizations.list_parents(ChildId=SHOP)["Parents"][0]["Id"] == children[0]["Id"]


@pytest.mark.parametrize(
    ("account_id", "operation", "parameters", "expected"),
    [
        (SHOP, "list_accounts", {}, "AccessDeniedException"),
        (SHOP, "list_roots", {}, "AccessDeniedException"),
        (LONER, "list_accounts", {}, "AWSOrganizationsNotInUseException"),
        (MANAGEMENT, "list_accounts_for_parent", {"ParentId": "ou-root-99999999"}, "ParentNotFoundException"),
        (MANAGEMENT, "list_accounts_for_parent", {"ParentId": "Workloads"}, "InvalidInputException"),
        (MANAGEMENT, "list_accounts", {"MaxResults": 21}, "InvalidInputException"),
        (MANAGEMENT, "list_accounts", {"NextToken": "made up"}, "InvalidInputException"),
    ],
)
def test_listings_are_refused_with_the_codes_of_aws_organizations(
    as_account: Any, account_id: str, operation: str, parameters: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(as_account(account_id, "organizations"), operation)(**parameters)
    assert code(error) == (expected, 400)


def test_a_page_token_is_good_for_its_listing_only(as_account: Any) -> None:
    organizations = as_account(MANAGEMENT, "organizations")
    token = organizations.list_accounts()["NextToken"]
    with pytest.raises(ClientError, match="InvalidInputException"):
        organizations.list_accounts_for_parent(ParentId="r-root", NextToken=token)


def test_a_delegated_administrator_lists_accounts(as_account: Any) -> None:
    assert len(as_account(BANK, "organizations").list_accounts()["Accounts"]) == 20


def test_each_account_sees_its_own_workmail(emulator: Emulator, as_account: Any, assumed: Any) -> None:
    found = {
        account_id: [
            summary["Alias"] for summary in as_account(account_id).list_organizations()["OrganizationSummaries"]
        ]
        for account_id in (MANAGEMENT, SHOP, BANK, LONER)
    }
    assert found == {MANAGEMENT: [], SHOP: ["shop"], BANK: ["bank"], LONER: []}
    assert assumed(SHOP)("workmail").list_organizations()["OrganizationSummaries"][0]["Alias"] == "shop"
    assert [entry.account_id for entry in emulator.requests][-2:] == [MANAGEMENT, SHOP]
    in_shop = emulator.organizations(SHOP)
    assert [(entry["Alias"], entry["Region"]) for entry in in_shop] == [("shop", "us-east-1"), ("shop-eu", "eu-west-1")]
    shop_id = in_shop[0]["OrganizationId"]
    assert emulator.personal_access_tokens(shop_id, SHOP) == [{"PersonalAccessTokenId": "s"}]
    assert len(emulator.organizations()) == 3
    with pytest.raises(KeyError):
        emulator.personal_access_tokens(shop_id, BANK)
    with pytest.raises(ClientError, match="OrganizationNotFoundException"):
        as_account(BANK).list_personal_access_tokens(OrganizationId=shop_id)


def test_caller_identity_answers_per_account(as_account: Any, assumed: Any, auditor: Any) -> None:
    assert as_account(SHOP, "sts").get_caller_identity()["Account"] == SHOP
    assert auditor("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/auditor"
    identity = assumed(SHOP)("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (SHOP, f"arn:aws:sts::{SHOP}:assumed-role/auditor/test")


@pytest.mark.parametrize(
    ("account_id", "name", "given"),
    [
        (LONER, "audit/auditor", {}),
        (SHOP, "auditor", {}),
        (SHOP, "audit/other", {}),
        (BANK, "audit/auditor", {}),
        (BANK, "audit/auditor", {"ExternalId": "guess"}),
    ],
    ids=["no roles", "path missing", "role missing", "external ID missing", "external ID wrong"],
)
def test_a_role_of_the_seed_is_checked_without_iam(
    assumed: Any, account_id: str, name: str, given: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as error:
        assumed(account_id, name, **given)
    assert code(error) == ("AccessDenied", 403)
    assert assumed(BANK, ExternalId="known")
    assert assumed(OLD, "any")


def test_a_role_can_trust_another_role_with_a_path(emulator: Emulator, client: Any, assumed: Any) -> None:
    chained = {"Id": "555555555555", "IamRoles": [role(TrustedPrincipals=[f"arn:aws:iam::{SHOP}:role/audit/auditor"])]}
    emulator.load({"Accounts": [chained]})
    request = {"RoleArn": "arn:aws:iam::555555555555:role/audit/auditor", "RoleSessionName": "test"}
    assert assumed(SHOP)("sts").assume_role(**request)["Credentials"]
    with pytest.raises(ClientError, match="AccessDenied"):
        assumed(BANK, ExternalId="known")("sts").assume_role(**request)


def test_a_denial_in_a_trust_policy_wins(emulator: Emulator, assumed: Any) -> None:
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}
    deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"AWS": [MANAGEMENT]}}
    for account_id, statement in (("555555555555", allow), ("666666666666", [allow, deny])):
        document = {"Version": "2012-10-17", "Statement": statement}
        emulator.load({"Accounts": [{"Id": account_id, "IamRoles": [role(AssumeRolePolicyDocument=document)]}]})
    assert assumed("555555555555")
    with pytest.raises(ClientError, match="AccessDenied"):
        assumed("666666666666")


def test_moto_ignores_conditions_in_the_policy_of_a_caller(enforced: None, emulator: Emulator, client: Any) -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-other00000"}}
    statement = {"Effect": "Allow", "Action": "workmail:*", "Resource": "*", "Condition": condition}
    user = {
        "UserName": "user",
        "AccessKeyId": "AKIACONDITIONEXAMPLE",
        "SecretAccessKey": "secret",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    emulator.load({"Accounts": [{"Id": "777777777777", "IamUsers": [user]}]})
    workmail = client(key="AKIACONDITIONEXAMPLE", aws_secret_access_key="secret")
    assert workmail.list_organizations()["OrganizationSummaries"] == []


def test_enforced_iam_checks_the_callers_policy(enforced: None, as_account: Any, auditor: Any, assumed: Any) -> None:
    assert len(auditor("organizations").list_accounts()["Accounts"]) == 20
    assert auditor("organizations").list_accounts_for_parent(ParentId=UNIT)["Accounts"]
    with pytest.raises(ClientError) as error:
        auditor("organizations").list_organizational_units_for_parent(ParentId=UNIT)
    assert code(error) == ("AccessDeniedException", 400)
    action = "organizations:ListOrganizationalUnitsForParent"
    resource = f"arn:aws:organizations::{MANAGEMENT}:ou/o-emulated00/{UNIT}"
    assert f"perform: {action} on resource: {resource} because" in str(error.value)
    with pytest.raises(ClientError) as error:
        assumed(SHOP, "auditor")
    assert code(error) == ("AccessDenied", 403)
    assert as_account(SHOP, "sts").get_caller_identity()["Account"] == SHOP


def test_enforced_iam_checks_the_policy_of_the_role(enforced: None, emulator: Emulator, assumed: Any) -> None:
    shop = assumed(SHOP)("workmail")
    organization_id = shop.list_organizations()["OrganizationSummaries"][0]["OrganizationId"]
    assert shop.list_users(OrganizationId=organization_id)["Users"] == [{"Id": "u"}]
    with pytest.raises(ClientError) as error:
        shop.describe_organization(OrganizationId=organization_id)
    assert code(error) == ("AccessDeniedException", 400)
    assert f"arn:aws:sts::{SHOP}:assumed-role/auditor/test" in str(error.value)


def test_enforced_iam_lets_an_account_assume_its_own_role(
    enforced: None, emulator: Emulator, client: Any, as_account: Any
) -> None:
    emulator.load({"Accounts": [{"Id": "666666666666", "IamRoles": [role(TrustedPrincipals=["666666666666"])]}]})
    arn = "arn:aws:iam::666666666666:role/audit/auditor"
    assert as_account("666666666666", "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]


def test_a_reset_removes_the_accounts(emulator: Emulator, as_account: Any, seed: Any) -> None:
    emulator.reset()
    assert emulator.accounts() == []
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        as_account(MANAGEMENT, "organizations").list_accounts()
    emulator.load(seed)
    assert len(as_account(MANAGEMENT, "organizations").list_accounts()["Accounts"]) == 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Accounts": [{"Id": SHOP}]}, f"Accounts[0].Id: duplicate '{SHOP}'"),
        ({"Accounts": [{"Id": "5" * 12}, {"Id": "5" * 12}]}, "Accounts[1].Id: duplicate"),
        ({"Accounts": [{"Id": 555555555555}]}, "Accounts[0].Id: must be a string, not int"),
        ({"Accounts": [{"Id": "5" * 12, "Parent": "Nowhere"}]}, "Accounts[0].Parent: 'Nowhere' is not an"),
        ({"Accounts": [{"Id": "5" * 12, "Colour": "red"}]}, "Accounts[0].Colour: unknown key"),
        ({"Accounts": [{"Id": "5" * 12, "State": 5}]}, "Accounts[0].State: must be a string"),
        ({"Accounts": [{"Id": "5" * 12, "DelegatedAdministrator": 1}]}, "must be true or false"),
        ({"Accounts": [{"Id": "5" * 12, "IamRoles": [{"RoleName": "a"}]}]}, "TrustedPrincipals: must be a list"),
        (
            {"Accounts": [{"Id": "5" * 12, "IamRoles": [{"RoleName": "a", "PolicyDocument": {}, "Path": "x"}]}]},
            "Path: 'x' does not match",
        ),
        (
            {"Accounts": [{"Id": "5" * 12, "IamUsers": [{"UserName": "a", "PolicyDocument": {}}]}]},
            "Accounts[0].IamUsers[0].PolicyDocument: ",
        ),
        (
            {"Accounts": [{"Id": "5" * 12, "IamRoles": [role(AssumeRolePolicyDocument={}, ExternalId="x")]}]},
            "AssumeRolePolicyDocument excludes",
        ),
        ({"Accounts": [{"Id": "5" * 12, "Organizations": [{}]}]}, "Accounts[0].Organizations[0].Alias: missing"),
        (
            {"Accounts": [{"Id": "5" * 12, "Organizations": [{"Alias": "a", "AccountId": SHOP}]}]},
            "Accounts[0].Organizations[0].AccountId: unknown key",
        ),
        ({"AwsOrganization": {"ManagementAccountId": SHOP}}, "AwsOrganization: there is one already"),
    ],
)
def test_a_seed_that_contradicts_the_accounts_is_refused(
    emulator: Emulator, change: dict[str, Any], message: str
) -> None:
    before = emulator.accounts(), emulator.organizations()
    with pytest.raises(SeedError) as error:
        emulator.load(change)
    assert message in str(error.value)
    assert (emulator.accounts(), emulator.organizations()) == before


@pytest.mark.parametrize(
    ("organization", "message"),
    [
        ({}, "AwsOrganization.ManagementAccountId: missing"),
        ({"ManagementAccountId": SHOP}, "is not among the Accounts"),
        ({"ManagementAccountId": MANAGEMENT, "OrganizationalUnits": [{"Name": "a"}, {"Name": "a"}]}, "duplicate"),
        ({"ManagementAccountId": MANAGEMENT, "OrganizationalUnits": [{"Name": "a/b"}]}, "Name: 'a/b' does not match"),
    ],
)
def test_an_invalid_aws_organization_is_refused(emulator: Emulator, organization: dict[str, Any], message: str) -> None:
    emulator.reset()
    with pytest.raises(SeedError) as error:
        emulator.load({"AwsOrganization": organization, "Accounts": [{"Id": MANAGEMENT}]})
    assert message in str(error.value)
    with pytest.raises(SeedError, match="the seed has no AwsOrganization"):
        emulator.load({"Accounts": [{"Id": SHOP, "Parent": "r-root"}]})
