# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The event source: sweep, tell, wait."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from ...module_utils._domain.errors import OptionError, PatrolError
from ...module_utils._sweep.facts import gather_facts
from ...module_utils._workmail.connection import Connection
from .events import failure, steps
from .options import WatchOptions, parse_watch_options
from .state import State

_HINT = "An organization whose tokens have no id cannot be watched."


class Queue(Protocol):
    """Where events go."""

    async def put(self, event: dict[str, Any]) -> None:
        """Take an event."""


async def watch(
    queue: Queue, args: Mapping[str, Any], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Sweep again and again, and put an event for each thing that happened.

    What was told is noted before the next event is put, and is written to the state file after each sweep, also where
    the source is ended in the middle of one.

    Args:
        queue: Where to put events.
        args: The options by name.
        sleep: Waits so many seconds.

    Raises:
        PatrolError: An option or the state file is not valid, there is no connection, or the state cannot be written.
    """
    options = parse_watch_options(args)
    # What is wrong from the beginning ends the source. Later, a file can be broken for a moment.
    Connection(options.connection)
    state = State(options.state_file, options.targets)
    try:
        await _watch(queue, options, state, sleep)
    finally:
        state.end()


async def _watch(
    queue: Queue,
    options: WatchOptions,
    state: State,
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    failures = 0
    first = True
    while True:
        errors: list[dict[str, Any]] = []
        try:
            result = await _in_a_thread(lambda: _sweep(options))
            _check_ids(result)
        except PatrolError as error:
            if first and isinstance(error, OptionError):
                raise
            errors = [error.as_result()]
        else:
            errors = result["errors"]
            await _tell(queue, state, options, result)
        first = False
        failures = failures + 1 if errors else 0
        wait = options.wait(failures, random.random())
        if errors:
            await queue.put(failure(errors, failures, wait))
        await sleep(wait)


def _sweep(options: WatchOptions) -> dict[str, Any]:
    # A connection belongs to one thread, and a new one reads the settings and the credentials again.
    return gather_facts(options.sweep, Connection(options.connection)).result


async def _tell(queue: Queue, state: State, options: WatchOptions, result: Mapping[str, Any]) -> None:
    try:
        for step in steps(state, result, options.warn, options.report_existing):
            if step.event is not None:
                await queue.put(step.event)
            state.note(step.organization_id, step.token_id, step.entry)
        if result["complete"]:
            state.begin()
    finally:
        state.save()


def _check_ids(result: Mapping[str, Any]) -> None:
    for record in result["personal_access_tokens"]:
        if not record["personal_access_token_id"]:
            raise PatrolError(
                "a token has no PersonalAccessTokenId",
                error_code="MalformedResponseException",
                organization_id=record["organization_id"],
                region=record["region"],
                operation="ListPersonalAccessTokens",
                hint=_HINT,
            )


async def _in_a_thread(work: Callable[[], Any]) -> Any:
    """Do work that blocks. Unlike those of an executor, a daemon thread does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as problem:
            error = problem
        # The loop may be closed by now.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, daemon=True).start()
    return await future
