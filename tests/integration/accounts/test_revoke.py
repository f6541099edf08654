# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revocation in many AWS accounts: each token is deleted in its own account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from connecting import connect
from guarding import guards
from many_accounts import COUNT, PRODUCTION, ROLE_NAME, SUSPENDED, WITHOUT_WORKMAIL, account_id, seed
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError, PatrolError

EXPIRED = {"version": 1, "rules": [{"id": "expired", "severity": "high", "when": {"expired": True}}]}
WIDE = {"max_tokens": 1000, "max_percent": 100}
ALL = {"accounts": ["all"], "assume_role_name": ROLE_NAME}
WITH_TOKENS = [number for number in range(COUNT) if account_id(number) not in (SUSPENDED, WITHOUT_WORKMAIL)]

Revoke = Callable[..., dict[str, Any]]


@pytest.fixture
def revoke(server: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path) -> Revoke:
    """Revokes the expired tokens, the first of three in each account."""
    from ansible_collections.patrol.workmail.plugins.module_utils._revoke.by_policy import revoke_by_policy

    server.reset()
    server.load(seed())
    connection = connect()

    def call(**options: Any) -> dict[str, Any]:
        known = {"record_dir": str(tmp_path), "as_of": "2026-03-01T00:00:00Z", **WIDE, **options}
        return revoke_by_policy(known, connection, False, lambda seconds: None)

    return call


def deleted(server: Emulator) -> dict[str, str]:
    """Return the account in which each token was deleted."""
    return {
        entry.parameters["PersonalAccessTokenId"]: entry.account_id
        for entry in server.requests
        if entry.operation == "DeletePersonalAccessToken"
    }


@guards(
    "plugins/module_utils/_revoke/by_policy.py",
    "session.client(organization.region, organization.account_id)",
    "session.client(organization.region)",
)
def test_each_token_is_deleted_in_its_account(revoke: Revoke, server: Emulator) -> None:
    result = revoke(policy=EXPIRED, confirm=True, **ALL)
    expected = {f"pat-{number}-0": account_id(number) for number in WITH_TOKENS}
    assert deleted(server) == expected
    assert {token["personal_access_token_id"]: token["account_id"] for token in result["revoked"]} == expected
    assert result["summary"]["accounts"] == COUNT - 1 and len(result["accounts"]) == COUNT


def test_a_plan_is_carried_out_in_the_accounts_that_it_was_made_for(revoke: Revoke, server: Emulator) -> None:
    planned = revoke(policy=EXPIRED, accounts=[PRODUCTION], assume_role_name=ROLE_NAME)
    assert not deleted(server) and len(planned["plan"]) > 5
    with pytest.raises(OptionError, match="accounts: .* differs from .*, which the plan was made with"):
        revoke(plan_file=planned["plan_file"], confirm=True, **ALL)
    result = revoke(plan_file=planned["plan_file"], confirm=True)
    assert {entry["token"]["personal_access_token_id"] for entry in planned["plan"]} == set(deleted(server))
    assert len(result["revoked"]) == len(planned["plan"])


def test_nothing_is_deleted_if_an_account_cannot_be_read(revoke: Revoke, server: Emulator) -> None:
    server.faults.add(Fault("access_denied", operation="ListOrganizations", account_id=account_id(9)))
    with pytest.raises(PatrolError, match=f"account {account_id(9)}"):
        revoke(policy=EXPIRED, confirm=True, **ALL)
    assert not deleted(server)


def test_an_empty_list_of_accounts_is_refused(revoke: Revoke) -> None:
    with pytest.raises(OptionError, match="accounts: the list is empty"):
        revoke(policy=EXPIRED, accounts=[])
