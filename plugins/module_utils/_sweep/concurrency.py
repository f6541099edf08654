# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Run calls concurrently and collect the failures. Pure: the standard library only."""

from __future__ import annotations

import threading
from typing import Callable, Iterable, TypeVar

from .._domain.errors import PatrolError

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerPool:
    """Runs calls concurrently and keeps the errors.

    Args:
        concurrency: How many calls may run at the same time.
        keep_going: Whether a failure is added to ``errors`` while the other calls go on. If not, it ends all of them.
    """

    def __init__(self, concurrency: int, keep_going: bool) -> None:
        self._concurrency = concurrency
        self._keep_going = keep_going
        self._stop = threading.Event()
        self.errors: list[PatrolError] = []

    def stopped(self) -> bool:
        """Return whether another call has failed, so that the rest is not needed."""
        return self._stop.is_set()

    def record_failure(self, error: PatrolError) -> None:
        """Add a failure to ``errors``.

        Args:
            error: The failure.

        Raises:
            PatrolError: The failure itself, unless ``keep_going`` is true.
        """
        if not self._keep_going:
            raise error
        self.errors.append(error)

    def each(self, call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result | None]:
        """Call a function for each item.

        Args:
            call: The function.
            items: The items.

        Returns:
            The results in the items' order; None for an item that failed.

        Raises:
            PatrolError: The first failure in the order of the items, unless ``keep_going`` is true.
        """
        tasks = list(items)
        results: list[Result | None] = [None] * len(tasks)
        failures: dict[int, BaseException] = {}
        waiting = iter(range(len(tasks)))
        turn = threading.Lock()

        def work() -> None:
            while not self.stopped():
                with turn:
                    index = next(waiting, None)
                if index is None:
                    return
                try:
                    results[index] = call(tasks[index])
                except BaseException as error:
                    failures[index] = error
                    if not (self._keep_going and isinstance(error, PatrolError)):
                        self._stop.set()

        self._at_once(work, min(self._concurrency, len(tasks)))
        for index in sorted(failures):
            error = failures[index]
            if not isinstance(error, PatrolError):
                raise error
            self.record_failure(error)
        return results

    def _at_once(self, work: Callable[[], None], count: int) -> None:
        if count <= 1:
            work()
            return
        # A process waits at its end for the threads of an executor, and a call can take minutes; for these it does not.
        threads = [threading.Thread(target=work, daemon=True) for _number in range(count)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException:
            self._stop.set()
            raise
