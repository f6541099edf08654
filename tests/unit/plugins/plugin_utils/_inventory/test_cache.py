# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cache records of snapshots."""

from __future__ import annotations

import json
from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from inventories import GLOBEX, snapshot_of
from token_strategies import ACME, owners, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.accounts import Account
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner, token_from_summary
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.cache import cache_key, from_cache, to_cache
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.snapshot import (
    AccountSnapshot,
    OrganizationSnapshot,
    Snapshot,
)

KEY = cache_key({"regions": ["us-east-1"]})


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ACME, GLOBEX._replace(account_id="111111111111", account_name="shop")]),
            st.lists(tokens),
            st.none() | st.lists(owners),
        ),
        unique_by=lambda each: each[0].id,
    )
)
def test_a_cache_record_restores_the_snapshot(made: list[Any]) -> None:
    parts = []
    for organization, listed, users in made:
        # A listing without the ID of a user is refused.
        known = {user.user_id: user for user in users or [] if user.user_id}
        listed = [
            token._replace(
                organization_id=organization.id,
                organization_alias=organization.alias,
                region=organization.region,
                account_id=organization.account_id,
                account_name=organization.account_name,
                owner=None if users is None else known.get(token.user_id) or Owner(token.user_id),
            )
            for token in listed
        ]
        listed_users = None if users is None else list(known.values())
        parts.append(OrganizationSnapshot(organization, True, listed, listed_users, {"configured": False}))
    accounts = [
        AccountSnapshot(Account("111111111111", "shop", "ACTIVE", "arn"), True, [GLOBEX]),
        AccountSnapshot(Account("222222222222", None, "SUSPENDED"), None, []),
    ]
    snapshot = Snapshot(parts, [], accounts)
    assert from_cache(json.loads(json.dumps(to_cache(snapshot, KEY))), KEY) == snapshot


@guards(
    "plugins/plugin_utils/_inventory/cache.py",
    "    if snapshot.errors or not all(part.complete for part in snapshot.organizations):",
)
def test_an_incomplete_snapshot_is_not_cached() -> None:
    assert to_cache(Snapshot([snapshot_of([])], []), KEY) is not None
    assert to_cache(Snapshot([snapshot_of([])], [PatrolError("x")]), KEY) is None
    assert to_cache(Snapshot([snapshot_of([], complete=False)], []), KEY) is None


@guards("plugins/plugin_utils/_inventory/cache.py", "    if any(part.complete is False for part in snapshot.accounts):")
def test_an_incomplete_account_is_not_cached() -> None:
    states = (True, None, False)
    cached = [to_cache(Snapshot([], [], [AccountSnapshot(Account("1"), state, [])]), KEY) for state in states]
    assert [record is None for record in cached] == [False, False, True]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: None,
        lambda record: [],
        lambda record: "text",
        lambda record: {},
        lambda record: {**record, "key": "another"},
        lambda record: {**record, "fetched": None},
        lambda record: {**record, "fetched": "[]"},
        lambda record: {**record, "fetched": record["fetched"][:-1]},
        lambda record: {**record, "fetched": record["fetched"].replace("pat-1", "pat-2")},
        lambda record: {**record, "digest": None},
        lambda record: {key: value for key, value in record.items() if key != "digest"},
    ],
)
@guards("plugins/plugin_utils/_inventory/cache.py", 'record.get("key") != key', "False")
@guards("plugins/plugin_utils/_inventory/cache.py", '    if record.get("digest") != _digest(key, record["fetched"]):')
def test_a_changed_record_is_not_used(spoil: Any) -> None:
    record = to_cache(Snapshot([snapshot_of([token_from_summary({"PersonalAccessTokenId": "pat-1"}, ACME)])], []), KEY)
    assert from_cache(record, KEY) is not None
    assert from_cache(spoil(record), KEY) is None


def test_a_key_depends_on_the_scope_and_reveals_nothing() -> None:
    scope = {"access_key": "AKIA1", "regions": ["us-east-1"]}
    keys = {cache_key(scope), cache_key({**scope, "access_key": "AKIA2"}), cache_key({**scope, "regions": []})}
    assert len(keys) == 3 and all(len(key) == 64 and "AKIA" not in key for key in keys)
    assert cache_key(dict(reversed(scope.items()))) == cache_key(scope)
