# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source watches many AWS accounts."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from event_sources import Events
from guarding import guards
from many_accounts import ROLE_NAME, SANDBOX, seed
from workmail_emulator import Emulator

ALL = {"accounts": ["all"], "assume_role_name": ROLE_NAME, "region": "us-east-1", "report_existing": True}


@pytest.fixture
def watch(watch: Callable[..., Events], server: Emulator) -> Callable[..., Events]:
    """Watches all accounts."""
    server.reset()
    server.load(seed(6))
    return functools.partial(watch, **ALL)


def test_events_name_the_account(watch: Callable[..., Events]) -> None:
    appeared = [event["personal_access_token"] for event in watch() if event["kind"] == "appeared"]
    assert {(token["account_name"], token["personal_access_token_id"]) for token in appeared} == {
        (f"team-{number}", f"pat-{number}-{index}") for number in range(6) for index in range(3)
    }


@guards("plugins/plugin_utils/_watch/source.py", " and all(account.readable for account in found.accounts)", "")
def test_the_tokens_of_a_suspended_account_are_not_reported_as_gone(
    watch: Callable[..., Events], server: Emulator
) -> None:
    def suspend() -> None:
        estate = seed(6)
        estate["Accounts"][2]["State"] = "SUSPENDED"
        server.reset()
        server.load(estate)

    kinds = {event["kind"] for event in watch(suspend, report_existing=False)}
    assert not {kind for kind in kinds if "gone" in kind}


@guards("plugins/plugin_utils/_watch/source.py", "        if everything:", "        if reading.complete:")
def test_an_organization_that_is_created_beside_a_suspended_account_is_reported(
    watch: Callable[..., Events], server: Emulator
) -> None:
    """A closed account is suspended for months."""
    before, after = seed(6), seed(6)
    before["Accounts"][3]["Organizations"] = []
    for estate in (before, after):
        estate["Accounts"][2]["State"] = "SUSPENDED"
    server.reset()
    server.load(before)

    def create() -> None:
        server.reset()
        server.load(after)

    appeared = [token for kind, token in watch(create, report_existing=False).kinds() if kind == "appeared"]
    assert appeared == ["pat-3-0", "pat-3-1", "pat-3-2"]


def test_events_are_only_of_the_given_accounts(watch: Callable[..., Events]) -> None:
    names = {
        event["personal_access_token"]["account_name"]
        for event in watch(accounts=[SANDBOX])
        if "personal" in str(event)
    }
    assert names == {"team-2", "team-5"}
