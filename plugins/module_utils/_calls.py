# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Many calls at once, and what becomes of those that fail. Pure: the standard library only."""

from __future__ import annotations

import concurrent.futures
import threading
from typing import Callable, Iterable, TypeVar

from ._errors import PatrolError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Calls:
    """Runs calls concurrently and keeps the errors.

    Args:
        concurrency: How many may be under way at once.
        keep_going: Whether a failure is kept in C(errors) while the others go on; else it ends everything.
    """

    def __init__(self, concurrency: int, keep_going: bool) -> None:
        self._concurrency = concurrency
        self._keep_going = keep_going
        self._stop = threading.Event()
        self.errors: list[PatrolError] = []

    def stopped(self) -> bool:
        """Whether a failure elsewhere has made going on pointless."""
        return self._stop.is_set()

    def failed(self, error: PatrolError) -> None:
        """Take note of a failure.

        Raises:
            PatrolError: The failure itself, unless going on was asked for.
        """
        if not self._keep_going:
            raise error
        self.errors.append(error)

    def each(self, call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result | None]:
        """Call a function for each item.

        Returns:
            The results in the items' order; None for an item that failed.

        Raises:
            PatrolError: The first failure in the items' order, unless going on was asked for.
        """
        tasks = list(items)
        results: list[Result | None] = []
        with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, min(self._concurrency, len(tasks)))) as pool:
            futures = [pool.submit(self._guarded, call, item) for item in tasks]
            try:
                for future in futures:
                    try:
                        results.append(future.result())
                    except PatrolError as error:
                        self.failed(error)
                        results.append(None)
            except BaseException:
                self._stop.set()
                for future in futures:
                    future.cancel()
                raise
        return results

    def _guarded(self, call: Callable[[Item], Result], item: Item) -> Result:
        try:
            return call(item)
        except PatrolError:
            if not self._keep_going:
                self._stop.set()
            raise
