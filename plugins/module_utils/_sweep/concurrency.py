# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Run calls concurrently, and collect their errors. Pure: the standard library only."""

from __future__ import annotations

import threading
from typing import Callable, Iterable, TypeVar

from .._domain.errors import PatrolError

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerPool:
    """A pool of threads that runs calls concurrently.

    Args:
        concurrency: The maximum number of concurrent calls.
        keep_going: Whether to add an error to ``errors`` and continue with the other calls. If false, the first error
            stops all calls.
    """

    def __init__(self, concurrency: int, keep_going: bool) -> None:
        self._concurrency = concurrency
        self._keep_going = keep_going
        self._stop = threading.Event()
        self.errors: list[PatrolError] = []

    def stopped(self) -> bool:
        """Return whether the calls are to stop, because another call has failed."""
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
            The results in the order of the items; None for each item whose call failed.

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
        # Do not use ThreadPoolExecutor: the process would wait for its threads at exit, and a call can take minutes. It
        # does not wait for daemon threads.
        threads = [threading.Thread(target=work, daemon=True) for _number in range(count)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException:
            self._stop.set()
            raise
