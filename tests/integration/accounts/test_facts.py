# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about an estate of many AWS accounts: every account is read, or an error names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from connecting import connect
from guarding import guards
from many_accounts import (
    COUNT,
    EMPTY,
    EUROPE,
    MANAGEMENT,
    PRODUCTION,
    ROLE_NAME,
    ROOT,
    SANDBOX,
    SUSPENDED,
    WITHOUT_WORKMAIL,
    account_id,
    seed,
)
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError, PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.organizations import connect_to_organization

Gather = Callable[..., Any]

ACCOUNTS = "plugins/module_utils/_sweep/accounts.py"
ALL = {"accounts": ["all"], "assume_role_name": ROLE_NAME}
TOKENS = 3
ONE, TWO, THREE = account_id(1), account_id(2), account_id(3)


@pytest.fixture(autouse=True)
def estate(server: Emulator) -> Emulator:
    """The emulator with many accounts."""
    server.reset()
    server.load(seed(tokens=TOKENS))
    return server


def role_in(account: str) -> str:
    return f"arn:aws:iam::{account}:role/{ROLE_NAME}"


def read(result: dict[str, Any]) -> set[str]:
    """Return the accounts that were read completely."""
    return {account["id"] for account in result["accounts"] if account["organizations"] is not None}


def unit_of(number: int) -> str:
    return (PRODUCTION, EUROPE, SANDBOX)[number % 3]


def test_every_account_is_read(gather: Gather) -> None:
    result = gather(**ALL, concurrency=16).result
    everyone = {account_id(number) for number in range(COUNT)}
    assert {account["id"] for account in result["accounts"]} == everyone
    assert read(result) == everyone - {SUSPENDED}
    assert result["complete"] and result["errors"] == []
    assert result["summary"]["accounts"] == COUNT - 1 and result["summary"]["organizations"] == COUNT - 2
    assert {
        (token["account_id"], token["account_name"], token["personal_access_token_id"])
        for token in result["personal_access_tokens"]
    } == {
        (account_id(number), f"team-{number}", f"pat-{number}-{index}")
        for number in range(COUNT)
        if account_id(number) not in (SUSPENDED, WITHOUT_WORKMAIL)
        for index in range(TOKENS)
    }
    by_id = {account["id"]: account for account in result["accounts"]}
    assert by_id[SUSPENDED] == {
        "id": SUSPENDED,
        "name": "team-13",
        "state": "SUSPENDED",
        "role_arn": role_in(SUSPENDED),
        "organizations": None,
        "tokens": None,
    }
    assert by_id[WITHOUT_WORKMAIL]["organizations"] == by_id[WITHOUT_WORKMAIL]["tokens"] == 0


@guards(ACCOUNTS, " or account.id == own:", ":")
def test_the_account_of_the_credentials_is_read_without_a_role(gather: Gather, estate: Emulator) -> None:
    [account] = [account for account in gather(**ALL).result["accounts"] if account["id"] == MANAGEMENT]
    assert account["role_arn"] is None and account["tokens"] == TOKENS
    assumed = {entry.parameters["RoleArn"] for entry in estate.requests if entry.operation == "AssumeRole"}
    active = [account_id(number) for number in range(1, COUNT) if account_id(number) != SUSPENDED]
    assert assumed == {role_in(account) for account in active}


@pytest.mark.parametrize(
    ("options", "units"),
    [
        ({"accounts": [PRODUCTION]}, [PRODUCTION, EUROPE]),
        ({"accounts": [EUROPE]}, [EUROPE]),
        ({"accounts": [EUROPE, PRODUCTION]}, [PRODUCTION, EUROPE]),
        ({"accounts": [PRODUCTION, EUROPE, EMPTY]}, [PRODUCTION, EUROPE]),
        ({"accounts": [ROOT], "exclude_accounts": [PRODUCTION, MANAGEMENT]}, [SANDBOX]),
        ({"accounts": ["all"], "exclude_accounts": [EUROPE, SANDBOX, MANAGEMENT]}, [PRODUCTION]),
    ],
    ids=str,
)
@guards(ACCOUNTS, "        waiting += aws_organizations.list_organizational_units_for_parent(client, parent)\n", "")
def test_a_unit_includes_the_accounts_of_the_units_below_it(
    gather: Gather, options: dict[str, Any], units: list[str]
) -> None:
    result = gather(**options, assume_role_name=ROLE_NAME).result
    expected = {account_id(number) for number in range(1, COUNT) if unit_of(number) in units}
    assert {account["id"] for account in result["accounts"]} == expected


def test_accounts_can_be_given_by_id_and_by_role(gather: Gather, estate: Emulator) -> None:
    result = gather(accounts=[ONE, f"arn:aws:iam::{TWO}:role/other"], assume_role_name=ROLE_NAME).result
    assert [(account["id"], account["role_arn"], account["name"]) for account in result["accounts"]] == [
        (ONE, role_in(ONE), None),
        (TWO, f"arn:aws:iam::{TWO}:role/other", None),
    ]
    assert result["summary"]["tokens"] == 2 * TOKENS
    assert not [entry for entry in estate.requests if entry.service == "organizations"]


def test_a_given_organization_is_searched_in_every_account(gather: Gather) -> None:
    assert gather(**ALL, organizations=["team-5"]).result["summary"]["tokens"] == TOKENS
    with pytest.raises(PatrolError, match="no organization is called team-99, did you mean team-9.*of 29 accounts"):
        gather(**ALL, organizations=["team-99"])


def test_accounts_without_an_organization_are_an_error(gather: Gather) -> None:
    with pytest.raises(PatrolError) as caught:
        gather(accounts=[WITHOUT_WORKMAIL], assume_role_name=ROLE_NAME)
    assert caught.value.error_code == "NoOrganizationException" and caught.value.account_id == WITHOUT_WORKMAIL


FAULTS: dict[str, dict[str, Any]] = {
    "role denied": {"kind": "access_denied", "operation": "AssumeRole", "role_arn": role_in(THREE)},
    "role of another account": {
        "kind": "changed_element",
        "operation": "AssumeRole",
        "role_arn": role_in(THREE),
        "field": "Arn",
        "value": f"arn:aws:sts::{TWO}:assumed-role/workmail-auditor/ansible-patrol-workmail",
    },
    "credentials of another account": {
        "kind": "other_account",
        "operation": "AssumeRole",
        "role_arn": role_in(THREE),
        "other_account_id": TWO,
    },
    "organizations denied": {"kind": "access_denied", "operation": "ListOrganizations", "account_id": THREE},
    "tokens denied": {"kind": "access_denied", "operation": "ListPersonalAccessTokens", "account_id": THREE},
    "throttled": {"kind": "throttle", "operation": "ListOrganizations", "account_id": THREE},
    "another server": {"kind": "html", "operation": "ListPersonalAccessTokens", "account_id": THREE},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@guards(
    "plugins/module_utils/_workmail/assumed.py",
    "            if account_of_arn(arn) != account_of_role(self._role.arn):",
)
@guards("plugins/module_utils/_sweep/facts.py", "(None, account.id) for error in errors", "(None,) for error in errors")
def test_an_account_that_cannot_be_read_is_an_error_that_names_it(
    gather: Gather, estate: Emulator, fault: dict[str, Any]
) -> None:
    estate.faults.add(Fault(**fault))
    with pytest.raises(PatrolError, match=f"account {THREE}") as caught:
        gather(**ALL)
    assert caught.value.account_id == THREE
    result = gather(**ALL, on_error="continue").result
    assert not result["complete"] and {error["account_id"] for error in result["errors"]} == {THREE}
    assert read(result) == {account_id(number) for number in range(COUNT)} - {SUSPENDED, THREE}
    assert result["summary"]["tokens"] == (COUNT - 3) * TOKENS
    [account] = [account for account in result["accounts"] if account["id"] == THREE]
    assert account["organizations"] is account["tokens"] is None


@pytest.mark.parametrize("other", [TWO, WITHOUT_WORKMAIL])
@pytest.mark.parametrize(
    "options",
    [
        {"accounts": [THREE, ONE], "assume_role_name": ROLE_NAME},
        {"accounts": [role_in(THREE)]},
        {"assume_role_arn": role_in(THREE)},
    ],
    ids=["by ID", "by role", "one role"],
)
@guards("plugins/module_utils/_workmail/session.py", "        if account_of_arn(caller) != account_id:")
def test_credentials_of_an_account_that_is_not_read_are_an_error(
    gather: Gather, estate: Emulator, options: dict[str, Any], other: str
) -> None:
    """Nothing of the other account is listed twice, so only AWS STS shows whose credentials these are."""
    estate.faults.add(Fault("other_account", operation="AssumeRole", role_arn=role_in(THREE), other_account_id=other))
    with pytest.raises(PatrolError, match=f"the credentials of the role belong to .*{other}.*account {THREE}"):
        gather(**options)


@guards("plugins/module_utils/_sweep/organizations.py", "    if checked.role is not None:")
def test_a_module_for_one_organization_does_not_act_in_another_account(
    aws: pytest.MonkeyPatch, estate: Emulator
) -> None:
    role = role_in(THREE)
    assert connect_to_organization({"organization": "team-3", "assume_role_arn": role}, connect()).organization
    estate.faults.add(Fault("other_account", operation="AssumeRole", role_arn=role, other_account_id=TWO))
    with pytest.raises(PatrolError, match=f"the credentials of the role belong to .*{TWO}.*account {THREE}"):
        connect_to_organization({"organization": "team-2", "assume_role_arn": role}, connect())


@guards(
    "plugins/module_utils/_sweep/organizations.py",
    "    if None not in (place.account_id, organization.account_id) and place.account_id != organization.account_id:",
)
def test_an_organization_of_another_account_is_an_error(gather: Gather, estate: Emulator) -> None:
    """An endpoint that answers with one account's organizations, whoever asks."""
    arn = f"arn:aws:workmail:us-east-1:{TWO}:organization/m-{3:032x}"
    estate.faults.add(Fault("extra_field", operation="DescribeOrganization", field="ARN", value=arn))
    with pytest.raises(PatrolError, match=f"its ARN shows that organization m-0+3 is in account {TWO}") as caught:
        gather(accounts=[THREE], assume_role_name=ROLE_NAME, organizations=[f"m-{3:032x}"])
    assert caught.value.account_id == THREE and caught.value.operation == "DescribeOrganization"


@guards(ACCOUNTS, "    if own is None:")
def test_credentials_without_an_account_are_an_error(gather: Gather, estate: Emulator) -> None:
    """Otherwise the account of the credentials could not be recognized."""
    estate.faults.add(
        Fault("changed_element", operation="GetCallerIdentity", field="Arn", value="arn:aws:iam:::user/x")
    )
    with pytest.raises(
        PatrolError, match="AWS STS returned 'arn:aws:iam:::user/x' as the ARN .*, which has no account ID"
    ):
        gather(**ALL)
    assert not [entry for entry in estate.requests if entry.operation == "AssumeRole"]


def test_an_account_costs_four_calls(gather: Gather, estate: Emulator) -> None:
    gather(accounts=[ONE], assume_role_name=ROLE_NAME)
    assert [entry.operation for entry in estate.requests] == [
        "GetCallerIdentity",
        *("AssumeRole", "GetCallerIdentity", "ListOrganizations", "ListPersonalAccessTokens"),
    ]


KINDS = ["access_denied", "html", "truncated", "empty_object", "null_list", "missing_list", "empty_next_token"]


@pytest.mark.parametrize("on_error", ["fail", "continue"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", ["ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent"])
def test_a_listing_of_accounts_that_is_incomplete_is_an_error(
    gather: Gather, estate: Emulator, operation: str, kind: str, on_error: str
) -> None:
    estate.faults.add(Fault(kind, service="organizations", operation=operation, times=1))
    entry = "all" if operation == "ListAccounts" else PRODUCTION
    with pytest.raises(PatrolError) as caught:
        gather(accounts=[entry], assume_role_name=ROLE_NAME, on_error=on_error)
    assert caught.value.operation == operation
    assert not [entry for entry in estate.requests if entry.service == "workmail"]


@guards("plugins/module_utils/_workmail/replies.py", '    "organizations": _OF_AWS_ORGANIZATIONS,\n', "")
def test_a_page_token_that_botocore_would_ignore_is_an_error(gather: Gather, estate: Emulator) -> None:
    """botocore takes the first page for the last one."""
    estate.faults.add(Fault("miscased_next_token", operation="ListAccounts"))
    with pytest.raises(PatrolError, match="has nextToken instead of NextToken"):
        gather(**ALL)


def test_a_listing_that_repeats_its_page_token_is_an_error(gather: Gather, estate: Emulator) -> None:
    estate.faults.add(Fault("same_next_token", operation="ListAccounts"))
    with pytest.raises(PatrolError, match="NextToken is repeated") as caught:
        gather(**ALL)
    assert caught.value.error_code == "PaginationException"


def test_an_empty_page_does_not_end_a_listing(gather: Gather, estate: Emulator) -> None:
    estate.faults.add(Fault("empty_page", operation="ListAccounts", times=1))
    assert len(gather(**ALL).result["accounts"]) == COUNT


@pytest.mark.parametrize(
    ("field", "message"), [("Id", "has no Id"), ("State", "neither State nor Status")], ids=["Id", "State"]
)
@guards("plugins/module_utils/_workmail/aws_organizations.py", "    if _state(item) is None:")
def test_an_account_without_its_id_or_state_is_an_error(
    gather: Gather, estate: Emulator, field: str, message: str
) -> None:
    estate.faults.add(Fault("missing_field", operation="ListAccounts", field=field))
    with pytest.raises(PatrolError, match=message):
        gather(**ALL)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accounts": ["ou-root-nothing0"]}, "the organizational unit ou-root-nothing0 does not exist"),
        ({"accounts": ["r-none"]}, "the root r-none does not exist"),
        ({"accounts": [EMPTY]}, "no account in state ACTIVE remains to be read"),
        ({"accounts": [SANDBOX], "exclude_accounts": [EMPTY]}, f"{EMPTY} excludes nothing, because it has no accounts"),
        (
            {"accounts": [SANDBOX], "exclude_accounts": [ONE]},
            f"{ONE} excludes nothing, because accounts does not include",
        ),
        ({"accounts": [SANDBOX], "exclude_accounts": [EUROPE]}, "because accounts includes none of its accounts"),
        ({"accounts": [SANDBOX], "exclude_accounts": [SANDBOX]}, "no account in state ACTIVE remains"),
        ({"accounts": [EUROPE, ONE]}, f"{EUROPE} and {ONE} are the same account"),
    ],
    ids=str,
)
@guards(ACCOUNTS, "            if first != entry and not (_is_list(first) and _is_list(entry)):")
@guards(ACCOUNTS, "    if not any(account.readable for account in found.values()):")
@guards(ACCOUNTS, "        if not any(account_id in found for account_id in excluded):")
def test_accounts_that_match_no_account_are_an_error(gather: Gather, options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatrolError, match=message):
        gather(**options, assume_role_name=ROLE_NAME)


def test_manual_paging_is_refused_with_several_accounts(gather: Gather) -> None:
    with pytest.raises(OptionError, match="max_items: cannot be combined with accounts"):
        gather(**ALL, organizations=["team-1"], max_items=5)


def test_all_accounts_share_one_client(aws: pytest.MonkeyPatch) -> None:
    from ansible_collections.patrol.workmail.plugins.module_utils._sweep.facts import gather_facts

    made: list[Any] = []
    gather_facts(ALL, connect(made.append))
    assert sorted(client.meta.service_model.service_name for client in made) == ["organizations", "sts", "workmail"]
