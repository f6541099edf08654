# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS accounts as hosts, and the marks of an account that was not read completely on hosts of any kind."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards
from inventories import GLOBEX, parse
from token_strategies import ACME, NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.accounts import Account
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization, token_from_summary
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.hosts import make_hosts
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.snapshot import (
    AccountSnapshot,
    OrganizationSnapshot,
    Snapshot,
)

FILE = "plugins/plugin_utils/_inventory/hosts.py"
ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{TWO}:role/auditor"
COUNTS = ("organizations", "tokens", "selected", "expired", "never_used", "next_expiry", "last_use")

acme = ACME._replace(account_id=ONE, account_name="shop")
globex = GLOBEX._replace(account_id=TWO, account_name="labs")
gone = Organization("m-" + "c" * 32, None, "us-east-1", "Deleted", ONE, "shop")


def part_of(organization: Organization, complete: bool = True, **fields: Any) -> OrganizationSnapshot:
    token = token_from_summary(
        {"PersonalAccessTokenId": "a", "ExpiresTime": NOW, "UserId": "u-1", **fields}, organization
    )
    return OrganizationSnapshot(organization, complete, [token], [], None)


def accounts(one: bool | None = True, two: bool | None = True) -> list[AccountSnapshot]:
    return [
        AccountSnapshot(Account(ONE, "shop", "ACTIVE"), one, [acme, gone]),
        AccountSnapshot(Account(TWO, "labs", "ACTIVE", ROLE), two, [globex]),
        AccountSnapshot(Account(THREE, None, "SUSPENDED", ROLE), None, []),
    ]


def test_hosts_of_accounts_have_their_organizations_and_counts() -> None:
    snapshot = Snapshot([part_of(acme), part_of(globex, ExpiresTime=None)], [], accounts())
    made, errors, groups = make_hosts(snapshot, parse(hosts="accounts", select={"expired": True}))
    assert not errors and groups == ["workmail_pat"]
    shop, labs, suspended = made
    assert [host.name for host in made] == ["shop", "labs", THREE]
    assert shop.variables == {
        "account_id": ONE,
        "account_name": "shop",
        "account_state": "ACTIVE",
        "account_role_arn": None,
        "account_organizations": [
            {
                "id": acme.id,
                "alias": "acme",
                "region": "us-east-1",
                "state": "Active",
                "complete": True,
                "tokens": 1,
            },
            {
                "id": gone.id,
                "alias": None,
                "region": "us-east-1",
                "state": "Deleted",
                "complete": None,
                "tokens": None,
            },
        ],
        "complete": True,
        "errors": [],
        "organizations": 1,
        "tokens": 1,
        "selected": 1,
        "expired": 1,
        "never_used": 1,
        "next_expiry": None,
        "last_use": None,
    }
    assert shop.groups == ["workmail_pat", f"workmail_account_{ONE}", "workmail_expired", "workmail_never_used"]
    assert labs.variables["account_role_arn"] == ROLE and labs.variables["expired"] == labs.variables["selected"] == 0
    assert suspended.variables["complete"] is None and suspended.variables["account_state"] == "SUSPENDED"
    assert {suspended.variables[name] for name in COUNTS} == {None}
    assert suspended.groups == ["workmail_pat", f"workmail_account_{THREE}"]


def test_an_account_without_an_organization_is_a_host() -> None:
    empty = AccountSnapshot(Account(ONE), True, [])
    [host] = make_hosts(Snapshot([], [], [empty]), parse(hosts="accounts")).hosts
    assert host.name == ONE
    assert (host.variables["organizations"], host.variables["tokens"], host.variables["complete"]) == (0, 0, True)


def test_a_name_that_looks_like_an_account_id_names_no_host() -> None:
    named = AccountSnapshot(Account(ONE, TWO), True, [])
    [host] = make_hosts(Snapshot([], [], [named]), parse(hosts="accounts")).hosts
    assert host.name == ONE and host.variables["account_name"] == TWO


@pytest.mark.parametrize("kind", ["users", "tokens", "organizations", "accounts"])
@guards(FILE, " if each.complete is False}", " if False}")
def test_an_account_that_was_not_read_is_marked(kind: str) -> None:
    error = PatrolError("denied", account_id=ONE, region="eu-west-1")
    elsewhere = PatrolError("denied", account_id=TWO)
    snapshot = Snapshot([part_of(acme), part_of(globex)], [error], accounts(one=False))
    made, errors, groups = make_hosts(snapshot, parse(hosts=kind, on_error="continue"))
    assert errors == [error] and elsewhere not in errors
    shop, labs = made[:2]
    marks = {"workmail_account_incomplete", *(["workmail_incomplete"] if kind == "accounts" else [])}
    assert {name for name in shop.groups if name.endswith("incomplete")} == marks
    assert not any(name.endswith("incomplete") for name in labs.groups)
    mark = "complete" if kind == "accounts" else "account_complete"
    assert shop.variables[mark] is False and labs.variables[mark] is True
    # They exist even if the account has no host.
    assert groups == ["workmail_pat", f"workmail_account_{ONE}", "workmail_account_incomplete"]
    assert f"workmail_account_{ONE}" in shop.groups and f"workmail_account_{TWO}" in labs.groups
    if kind == "accounts":
        assert {shop.variables[name] for name in COUNTS} == {None}
        assert shop.variables["errors"] == [error.as_result()] and labs.variables["errors"] == []
    without = make_hosts(snapshot, parse(hosts=kind, on_error="continue", builtin_groups=False))
    assert without.groups == [] and all(host.groups == [] for host in without.hosts)


@pytest.mark.parametrize("kind", ["tokens", "accounts"])
@guards(
    FILE, " for part, _selected in selections if not part.complete}", " for part, _selected in selections if False}"
)
def test_an_account_with_an_incomplete_organization_is_incomplete(kind: str) -> None:
    snapshot = Snapshot([part_of(acme, complete=False), part_of(globex)], [], accounts())
    shop, labs = make_hosts(snapshot, parse(hosts=kind)).hosts[:2]
    assert "workmail_account_incomplete" in shop.groups and "workmail_account_incomplete" not in labs.groups
    assert shop.variables["complete"] is False and labs.variables["complete"] is True


@guards(FILE, "        figures = dict.fromkeys(figures)\n    parts", "        pass\n    parts")
def test_a_condition_that_cannot_be_judged_marks_the_account() -> None:
    snapshot = Snapshot([part_of(acme), part_of(globex, DateCreated=NOW)], [], accounts())
    options = parse(hosts="accounts", select={"older_than": "1d"}, on_error="continue")
    made, errors, _groups = make_hosts(snapshot, options)
    assert [(error.account_id, error.organization_id) for error in errors] == [(ONE, acme.id)]
    shop, labs, _suspended = made
    assert shop.variables["complete"] is False and shop.variables["tokens"] is None
    assert shop.variables["errors"] == [errors[0].as_result()]
    assert shop.variables["account_organizations"][0]["tokens"] is None
    assert labs.variables["complete"] is True and labs.variables["tokens"] == 1


def test_an_error_that_names_no_account_is_shown_at_every_incomplete_account() -> None:
    error = PatrolError("no client", region="eu-west-1")
    made, _errors, _groups = make_hosts(Snapshot([], [error], accounts(False, False)), parse(hosts="accounts"))
    assert [host.variables["errors"] for host in made] == [[error.as_result()], [error.as_result()], []]
