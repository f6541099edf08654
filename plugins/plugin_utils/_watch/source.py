# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The event source: it sweeps, sends events and waits."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from ...module_utils._domain.errors import OptionError, PatrolError
from ...module_utils._domain.times import current_instant
from ...module_utils._domain.tokens import Token
from ...module_utils._sweep.sweep import Sweep, sweep
from ...module_utils._workmail.connection import Connection
from ...module_utils._workmail.session import Session
from .._changes import Reading, find_steps
from .events import failure_event
from .options import WatchOptions, parse_watch_options
from .state import State

_HINT = "An organization whose tokens have no ID cannot be watched."


class Queue(Protocol):
    """The queue of ansible-rulebook."""

    async def put(self, event: dict[str, Any]) -> None:
        """Put an event into the queue."""


async def watch(
    queue: Queue, args: Mapping[str, Any], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Sweep again and again, and send an event for each change.

    Each event is recorded before the next one is sent. The state file is written after each sweep, even if the source
    is canceled during a sweep.

    Args:
        queue: Receives the events.
        args: The options by name.
        sleep: Waits for a number of seconds.

    Raises:
        PatrolError: An option or the state file is not valid, there is no connection, or the state cannot be written.
    """
    options = parse_watch_options(args)
    # A mistake at the start ends the source. A later one does not: a file can be invalid for a moment.
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
        errors: Sequence[PatrolError]
        try:
            found, as_of = await _run_in_thread(lambda: _sweep(options))
        except PatrolError as error:
            if first and isinstance(error, OptionError):
                raise
            errors = [error]
        else:
            errors = found.errors
            await _send_events(queue, state, options, reading_of(found, as_of), found.complete)
        first = False
        failures = failures + 1 if errors else 0
        wait = options.wait(failures, random.random())
        if errors:
            await queue.put(failure_event(errors, failures, wait))
        await sleep(wait)


def _sweep(options: WatchOptions) -> tuple[Sweep, int]:
    as_of = current_instant()
    # A connection belongs to one thread, and a new one reads the settings and the credentials again.
    session = Session.open(Connection(options.connection), options.sweep)
    found = sweep(options.sweep._replace(as_of=as_of), session)
    for token in found.tokens:
        if not token.personal_access_token_id:
            raise PatrolError(
                "a token has no PersonalAccessTokenId",
                error_code="MalformedResponseException",
                organization_id=token.organization_id,
                region=token.region,
                operation="ListPersonalAccessTokens",
                hint=_HINT,
            )
    return found, as_of


def reading_of(found: Sweep, as_of: int) -> Reading:
    """Make a reading from the organizations that a sweep read completely.

    Args:
        found: The sweep.
        as_of: Its instant, in microseconds since the epoch.

    Returns:
        The reading.
    """
    organizations: dict[str, list[Token]] = {
        entry.organization.id: [] for entry in found.organizations if entry.complete
    }
    for token in found.tokens:
        if token.organization_id in organizations:
            organizations[token.organization_id].append(token)
    # The organizations of a suspended account are not listed, but still exist.
    complete = found.complete and all(account.readable for account in found.accounts)
    return Reading(as_of, organizations, complete)


async def _send_events(queue: Queue, state: State, options: WatchOptions, reading: Reading, everything: bool) -> None:
    try:
        for step in find_steps(state, reading, options.warn, options.report_existing):
            if step.event is not None:
                await queue.put(step.event)
            state.note(step.organization_id, step.token_id, step.entry)
        # An account can be suspended for months. The tokens of others that appear meanwhile are events.
        if everything:
            state.begin()
    finally:
        state.save()


async def _run_in_thread(work: Callable[[], Any]) -> Any:
    """Run a blocking function in a daemon thread, which, unlike an executor, does not delay the end of the process."""
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
