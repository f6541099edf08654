# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a snapshot, with their variables and groups."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from inventories import GLOBEX, hosts_of, parse, snapshot_of
from token_strategies import ACME, NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import (
    IndeterminateError,
    PatrolError,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import (
    Owner,
    Token,
    in_order,
    record_of_owner,
    to_record,
    token_from_summary,
)
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.hosts import make_hosts
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.names import name_hosts
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.populate import prefixed_variables
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.snapshot import Snapshot


def owned(token: Token) -> Token:
    """The owner that the listing of users below knows for the token's user."""
    return token._replace(owner=Owner(token.user_id), organization_alias="acme")


@given(st.lists(tokens))
def test_hosts_of_tokens_have_the_fields_of_the_records(listed: list[Token]) -> None:
    listed = [token._replace(organization_alias="acme") for token in listed]
    made = hosts_of(snapshot_of(listed))
    expected = [to_record(token, NOW) for token in in_order(listed)]
    assert [{**each.variables} for each in made] == [
        {**record, "complete": True, "account_id": None, "account_name": None, "account_complete": True}
        for record in expected
    ]
    for each, record in zip(made, expected, strict=True):
        assert ("workmail_expired" in each.groups) == record["expired"]
        assert ("workmail_never_used" in each.groups) == record["never_used"]
        assert each.name == f"acme.{record['personal_access_token_id'] or 'unknown'}"
        state = record["owner"]["state"]
        assert [name for name in each.groups if "_owner_" in name] == (
            [f"workmail_owner_{state.lower()}"] if state else []
        )


@given(st.lists(tokens), st.booleans(), st.booleans())
def test_hosts_of_users_have_every_token_once(listed: list[Token], include: bool, expired: bool) -> None:
    listed = [owned(token) for token in listed]
    users = [Owner("u-1", "ana", state="ENABLED"), Owner("u-3", "eve", state="DELETED")]
    select = {"expired": True} if expired else {}
    made = hosts_of(snapshot_of(listed, users), hosts="users", include_without_tokens=include, select=select)
    chosen = [token for token in in_order(listed) if not expired or token.expired(NOW)]
    held: list[Any] = [record for each in made for record in each.variables["personal_access_tokens"]]
    assert Counter(map(str, held)) == Counter(str(to_record(token, NOW)) for token in chosen)
    wanted = {token.user_id for token in (listed if include else chosen)} | ({"u-1", "u-3"} if include else set())
    assert [each.variables["user_id"] for each in made] == sorted(wanted, key=lambda user_id: user_id or "")
    for each in made:
        of_user = [token for token in listed if token.user_id == each.variables["user_id"]]
        to_come = [token.expires_time for token in of_user if token.expires_time and token.expires_time > NOW]
        assert each.variables["tokens"] == len(of_user)
        assert each.variables["selected"] == len(each.variables["personal_access_tokens"])
        assert each.variables["expired"] == sum(token.expired(NOW) for token in of_user)
        assert (each.variables["next_expiry"] is None) == (not to_come)
        assert (each.variables["last_use"] is None) == all(token.date_last_used is None for token in of_user)
        known = {user.user_id: user for user in users}.get(each.variables["user_id"])
        assert each.variables["owner"] == record_of_owner(known or Owner(each.variables["user_id"]))


def test_hosts_of_organizations_count_tokens() -> None:
    made = [
        token_from_summary({"PersonalAccessTokenId": "a", "ExpiresTime": NOW, "DateLastUsed": NOW - DAY}, ACME),
        token_from_summary({"PersonalAccessTokenId": "b", "ExpiresTime": NOW + DAY}, ACME),
        token_from_summary({"PersonalAccessTokenId": "c", "ExpiresTime": NOW + 2 * DAY}, ACME),
    ]
    settings = {"configured": True, "status": "ACTIVE"}
    [acme] = hosts_of(snapshot_of(made, settings=settings), hosts="organizations", select={"expires_within": "1d"})
    assert acme.name == "acme"
    assert acme.variables == {
        "account_id": None,
        "account_name": None,
        "account_complete": True,
        "organization_id": ACME.id,
        "organization_alias": "acme",
        "region": "us-east-1",
        "state": "Active",
        "complete": True,
        "errors": [],
        "settings": settings,
        "tokens": 3,
        "selected": 1,
        "expired": 1,
        "never_used": 2,
        "next_expiry": "2027-01-16T08:00:00+00:00",
        "last_use": "2027-01-14T08:00:00+00:00",
    }
    assert acme.groups == [
        "workmail_pat",
        "workmail_organization_acme",
        "workmail_region_us_east_1",
        "workmail_expired",
        "workmail_never_used",
    ]


@guards(
    "plugins/plugin_utils/_inventory/hosts.py",
    "        figures = dict.fromkeys(figures)\n    yield",
    "        pass\n    yield",
)
def test_an_incomplete_organization_is_marked_and_has_no_counts() -> None:
    error = PatrolError("denied", organization_id=ACME.id, region=ACME.region)
    elsewhere = PatrolError("denied", region="eu-west-1")
    snapshot = Snapshot([snapshot_of([], complete=False), snapshot_of([], organization=GLOBEX)], [error, elsewhere])
    made, errors, _groups = make_hosts(snapshot, parse(hosts="organizations", on_error="continue"))
    assert errors == [error, elsewhere]
    acme, globex = made
    assert acme.variables["complete"] is False and acme.variables["errors"] == [error.as_result()]
    assert acme.variables["tokens"] is None and "workmail_incomplete" in acme.groups
    assert globex.variables["complete"] is True and globex.variables["tokens"] == 0 and not globex.variables["errors"]


@guards("plugins/plugin_utils/_inventory/hosts.py", "return part._replace(complete=False), []", "return part, []")
def test_a_condition_that_cannot_be_judged_is_an_error_or_marks_the_organization() -> None:
    undated = token_from_summary({"PersonalAccessTokenId": "a"}, ACME)
    snapshot = Snapshot([snapshot_of([undated]), snapshot_of([], organization=GLOBEX)], [])
    with pytest.raises(IndeterminateError, match=ACME.id):
        make_hosts(snapshot, parse(select={"older_than": "1d"}))
    marking = parse(hosts="organizations", select={"older_than": "1d"}, on_error="continue")
    made, errors, _groups = make_hosts(snapshot, marking)
    assert [each.variables["complete"] for each in made] == [False, True]
    assert [error.organization_id for error in errors] == [ACME.id]


def test_an_invalid_alias_is_not_mistaken_for_another_organization() -> None:
    odd = ACME._replace(alias="glo/bex")
    [token] = hosts_of(snapshot_of([token_from_summary({"PersonalAccessTokenId": "../x"}, odd)], organization=odd))
    assert name_hosts([token]) == [f"{ACME.id}..._x"]
    assert f"workmail_organization_{ACME.id.replace('-', '_')}" in token.groups


def test_a_new_field_gets_a_valid_variable_name() -> None:
    token = token_from_summary({"user-id": "forged", "new field": 1, "UserId": "u-1"}, ACME)
    variables = prefixed_variables(hosts_of(snapshot_of([token]))[0], "workmail_")
    assert variables["workmail_new_field"] == 1 and variables["workmail_user_id"] == "u-1"
    assert all(name.isidentifier() for name in variables)


@guards("plugins/plugin_utils/_inventory/hosts.py", 'other.pop("owner", None)', "pass")
def test_a_new_field_never_replaces_one_of_ours() -> None:
    ours = hosts_of(snapshot_of([token_from_summary({"PersonalAccessTokenId": "a"}, ACME)]))[0].variables
    names = [*ours, "owner", *(name.replace("_", "-") for name in ours)]
    forged = token_from_summary({**dict.fromkeys(names, "forged"), "PersonalAccessTokenId": "a"}, ACME)
    assert hosts_of(snapshot_of([forged]))[0].variables == ours
