# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate of 30 AWS accounts through the lookup plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import many_accounts
import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible.utils.display import Display
from guarding import guards
from many_accounts import EUROPE, ROLE_NAME, account_id
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.plugin_utils._lookup.cache import forget_answers

ALL = {"accounts": "all", "assume_role_name": ROLE_NAME, "region": "us-east-1", "as_of": "2026-03-01"}
DENIED = account_id(7)


@pytest.fixture
def look_up(emulator: Emulator, aws: pytest.MonkeyPatch) -> Iterator[Callable[..., list[Any]]]:
    """The lookup in this process, and the emulator with 30 accounts. Nothing is cached before and after."""
    emulator.reset()
    emulator.load(many_accounts.seed())
    forget_answers()

    def call(**options: Any) -> list[Any]:
        found: list[Any] = lookup_loader.get("patrol.workmail.workmail_pat").run([], {}, **options)
        return found

    yield call
    forget_answers()


def test_the_lookup_returns_the_same_records_of_accounts_as_the_module(
    look_up: Callable[..., list[Any]], gather: Callable[..., Any]
) -> None:
    found = look_up(**ALL)
    assert len(found) == 28 * 3
    assert found == gather(**ALL).result["personal_access_tokens"]
    assert {(record["account_id"], record["account_name"]) for record in found} == {
        (entry["Id"], entry["Name"]) for entry in many_accounts.seed()["Accounts"] if entry["State"] == "ACTIVE"
    } - {(many_accounts.WITHOUT_WORKMAIL, "team-17")}


def test_answers_are_not_shared_across_accounts(emulator: Emulator, look_up: Callable[..., list[Any]]) -> None:
    scopes: list[dict[str, Any]] = [
        {"accounts": [EUROPE]},
        {"accounts": [EUROPE], "exclude_accounts": [account_id(1)]},
        {"accounts": [EUROPE], "assume_role_name": "another"},
        {"accounts": [account_id(1)]},
    ]
    for scope in scopes:
        emulator.requests.clear()
        first = look_up(**{**ALL, **scope})
        assert len(emulator.requests) > 0, scope
        emulator.requests.clear()
        assert look_up(**{**ALL, **scope}) == first
        assert len(emulator.requests) == 0, scope


@guards("plugins/plugin_utils/_lookup/lookup.py", "    if unread:")
def test_a_suspended_account_is_named_in_one_warning(
    look_up: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda display, text, *args, **kwargs: warnings.append(text))
    found = look_up(**ALL)
    assert look_up(**ALL) == found, "from the cache"
    expected = f"not read because of their state in AWS Organizations: team-13 ({many_accounts.SUSPENDED}) SUSPENDED"
    assert [expected in warning for warning in warnings] == [True, True]
    look_up(**{**ALL, "accounts": [account_id(1)]})
    assert len(warnings) == 2


def test_a_denied_account_is_an_error_and_a_partial_answer_is_not_shared(
    emulator: Emulator, look_up: Callable[..., list[Any]]
) -> None:
    emulator.faults.add(Fault("access_denied", operation="ListOrganizations", account_id=DENIED))
    with pytest.raises(AnsibleLookupError, match=f"ListOrganizations.*account {DENIED}"):
        look_up(**ALL)
    assert len(look_up(**ALL, on_error="continue")) == 27 * 3
    emulator.faults.clear()
    assert len(look_up(**ALL, on_error="continue")) == 28 * 3
