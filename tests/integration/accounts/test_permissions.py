# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies for many AWS accounts in docs/iam are sufficient, and each of their actions is necessary."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from examples import COLLECTION
from guarding import guards
from many_accounts import EUROPE, MANAGEMENT, PRODUCTION, seed
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError

Gather = Callable[..., Any]

IAM = COLLECTION / "docs" / "iam"
ROLE = "workmail-auditor"
EXTERNAL_ID = "TICKET-1"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
COUNT = 6


def policy(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((IAM / name).read_text())
    return document


def without(document: dict[str, Any], action: str) -> dict[str, Any]:
    """Return a policy without an action."""
    result = copy.deepcopy(document)
    for statement in result["Statement"]:
        actions = statement["Action"]
        statement["Action"] = [each for each in ([actions] if isinstance(actions, str) else actions) if each != action]
    result["Statement"] = [statement for statement in result["Statement"] if statement["Action"]]
    return result


@pytest.fixture
def enforced(server: Emulator, aws: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Loads the accounts with these policies of the caller and of the role in each account, and enforces IAM."""

    def load(caller: dict[str, Any], auditor: dict[str, Any]) -> None:
        server.enforce_iam(False)
        server.reset()
        estate = seed(COUNT)
        trust = json.dumps(policy("trust.json")).replace("CHANGE-ME", EXTERNAL_ID)
        trust = trust.replace(
            "arn:aws:iam::111111111111:role/workmail-patrol", f"arn:aws:iam::{MANAGEMENT}:user/patrol"
        )
        for account in estate["Accounts"]:
            role = {"RoleName": ROLE, "AssumeRolePolicyDocument": json.loads(trust), "PolicyDocument": auditor}
            account["IamRoles"] = [role]
        user = {"UserName": "patrol", "AccessKeyId": KEY, "SecretAccessKey": SECRET, "PolicyDocument": caller}
        estate["Accounts"][0]["IamUsers"] = [user]
        server.load(estate)
        server.enforce_iam()

    aws.setenv("AWS_ACCESS_KEY_ID", KEY)
    aws.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    yield load
    server.enforce_iam(False)
    server.reset()


# The account of the credentials is read with these, and the caller may not read WorkMail in it.
WHOLE = {
    "all": {"accounts": ["all"], "exclude_accounts": [MANAGEMENT]},
    "unit": {"accounts": [PRODUCTION]},
}
OPTIONS = {"assume_role_name": ROLE, "assume_role_external_id": EXTERNAL_ID}


@pytest.mark.parametrize("accounts", WHOLE.values(), ids=WHOLE)
def test_the_documented_policies_are_sufficient(
    gather: Gather, enforced: Callable[..., None], accounts: dict[str, Any]
) -> None:
    enforced(policy("organizations.json"), policy("auditor.json"))
    result = gather(**accounts, **OPTIONS, owners=True).result
    assert result["complete"] and result["summary"]["accounts"] == len(result["accounts"]) > 2


@pytest.mark.parametrize(
    ("action", "accounts"),
    [
        ("sts:AssumeRole", "all"),
        ("organizations:ListAccounts", "all"),
        ("organizations:ListAccountsForParent", "unit"),
        ("organizations:ListOrganizationalUnitsForParent", "unit"),
    ],
)
def test_each_action_of_the_caller_is_necessary(
    gather: Gather, enforced: Callable[..., None], action: str, accounts: str
) -> None:
    enforced(without(policy("organizations.json"), action), policy("auditor.json"))
    with pytest.raises(PatrolError, match="AccessDenied|not authorized") as caught:
        gather(**WHOLE[accounts], **OPTIONS, owners=True)
    assert caught.value.operation == action.partition(":")[2]


@pytest.mark.parametrize(
    "action", ["workmail:ListOrganizations", "workmail:ListPersonalAccessTokens", "workmail:ListUsers"]
)
def test_each_action_of_the_auditor_is_necessary(gather: Gather, enforced: Callable[..., None], action: str) -> None:
    enforced(policy("organizations.json"), without(policy("auditor.json"), action))
    with pytest.raises(PatrolError, match="not authorized") as caught:
        gather(accounts=[EUROPE], **OPTIONS, owners=True)
    assert caught.value.operation == action.partition(":")[2] and caught.value.account_id is not None


@pytest.mark.parametrize("external_id", ["TICKET-2", None])
@guards(
    "plugins/module_utils/_sweep/accounts.py",
    "Role(account.role_arn, options.external_id)",
    "Role(account.role_arn, None)",
)
def test_the_external_id_is_sent_to_every_role(
    gather: Gather, enforced: Callable[..., None], external_id: str | None
) -> None:
    enforced(policy("organizations.json"), policy("auditor.json"))
    assert gather(accounts=[EUROPE], **OPTIONS).result["complete"]
    with pytest.raises(PatrolError, match="AssumeRole"):
        gather(accounts=[EUROPE], **{**OPTIONS, "assume_role_external_id": external_id})
