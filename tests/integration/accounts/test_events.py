# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source watches many AWS accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from guarding import guards
from many_accounts import ROLE_NAME, SANDBOX, seed
from workmail_emulator import Emulator

ALL = {"accounts": ["all"], "assume_role_name": ROLE_NAME, "region": "us-east-1", "report_existing": True}


class Events(list[dict[str, Any]]):
    """A queue that keeps the events."""

    async def put(self, event: dict[str, Any]) -> None:
        self.append(event)


@pytest.fixture
def watch(server: Emulator, aws: pytest.MonkeyPatch) -> Callable[..., Events]:
    """Runs the source until it waits, with something done between its sweeps."""
    from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.source import watch as source

    server.reset()
    server.load(seed(6))

    def call(*between: Callable[[], None], **args: Any) -> Events:
        events, waiting = Events(), iter(between)

        async def sleep(seconds: float) -> None:
            step = next(waiting, None)
            if step is None:
                raise asyncio.CancelledError
            step()

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(source(events, {**ALL, **args}, sleep))
        return events

    return call


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


def test_events_are_only_of_the_given_accounts(watch: Callable[..., Events]) -> None:
    names = {
        event["personal_access_token"]["account_name"]
        for event in watch(accounts=[SANDBOX])
        if "personal" in str(event)
    }
    assert names == {"team-2", "team-5"}
