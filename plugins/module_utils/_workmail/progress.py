# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""What a sweep has cost so far: told while it goes on, and in results."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

Tell = Callable[[str], None]

_PATIENCE = 3.0
_TOKENS = "PersonalAccessTokenSummaries"


class Progress:
    """Counts the calls of the clients that it watches. Clients may be used in many threads.

    Args:
        tell: Is told every few seconds how far the calls have come; None for nobody.
        clock: The time in seconds.
    """

    def __init__(self, tell: Tell | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._lock = threading.Lock()
        self._start = self._told = clock()
        self._pages = self._tokens = self._calls = self._attempts = 0

    def watch(self, client: Any) -> None:
        """Count what a boto3 client does from now on."""
        for event, handler in (
            ("before-parameter-build", self._called),
            ("before-send", self._sent),
            ("after-call", self._answered),
        ):
            client.meta.events.register(event, handler)

    def as_result(self) -> dict[str, Any]:
        """C(elapsed) in seconds, C(pages) of listings that were read, C(calls), and C(retries) of these."""
        with self._lock:
            return {
                "elapsed": round(self._clock() - self._start, 3),
                "pages": self._pages,
                "calls": self._calls,
                "retries": max(0, self._attempts - self._calls),
            }

    def __str__(self) -> str:
        cost = self.as_result()
        return (
            f"{self._tokens} personal access tokens read in {cost['elapsed']:.1f} s: {cost['pages']} pages, "
            f"{cost['calls']} calls, {cost['retries']} retries"
        )

    # Handlers of botocore's events. They return None: anything else would stand for a reply.

    def _called(self, **event: Any) -> None:
        with self._lock:
            self._calls += 1

    def _sent(self, **event: Any) -> None:
        with self._lock:
            self._attempts += 1
        self._tell_if_due()

    def _answered(self, model: Any, parsed: dict[str, Any], **event: Any) -> None:
        with self._lock:
            if model.name.startswith("List") and "Error" not in parsed:
                self._pages += 1
                self._tokens += len(parsed.get(_TOKENS, ()))
        self._tell_if_due()

    def _tell_if_due(self) -> None:
        with self._lock:
            due = self._tell is not None and self._clock() - self._told >= _PATIENCE
            if due:
                self._told = self._clock()
        if due and self._tell is not None:
            self._tell(str(self))
