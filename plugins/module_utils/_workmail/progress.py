# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The cost of a run so far, to show during the run and in the result."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable

Show = Callable[[str], None]

_PATIENCE = 3.0
_TOKENS = "PersonalAccessTokenSummaries"


class Progress:
    """A counter of the calls of boto3 clients. It is thread-safe.

    Args:
        show: Shows a line of text, and is called every few seconds. None to show nothing.
        clock: Returns a time in seconds.
    """

    def __init__(self, show: Show | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._lock = threading.Lock()
        self._start = self._last_shown = clock()
        self._pages = self._tokens = self._calls = self._attempts = 0

    def watch(self, client: Any) -> None:
        """Count the calls of a boto3 client from now on.

        Args:
            client: The client.
        """
        for event, handler in (
            ("before-parameter-build", self._called),
            ("before-send", self._sent),
            ("after-call", self._answered),
        ):
            client.meta.events.register(event, handler)

    def as_result(self) -> dict[str, Any]:
        """Return ``elapsed`` in seconds, and the numbers of ``pages`` of listings, ``calls`` and ``retries``."""
        with self._lock:
            return {
                "elapsed": round(self._clock() - self._start, 3),
                "pages": self._pages,
                "calls": self._calls,
                "retries": max(0, self._attempts - self._calls),
            }

    def show_total(self) -> None:
        """Show the final line, at the end of the run."""
        if self._show is not None:
            self._show(str(self))

    def __str__(self) -> str:
        cost = self.as_result()
        return (
            f"{self._tokens} personal access tokens read in {cost['elapsed']:.1f} s: {cost['pages']} pages, "
            f"{cost['calls']} calls, {cost['retries']} retries"
        )

    # Handlers of events of botocore. They must return None, because botocore uses any other value as a reply.

    def _called(self, **event: Any) -> None:
        with self._lock:
            self._calls += 1

    def _sent(self, **event: Any) -> None:
        with self._lock:
            self._attempts += 1
        self._show_if_due()

    def _answered(self, model: Any, parsed: dict[str, Any], **event: Any) -> None:
        with self._lock:
            if model.name.startswith("List") and "Error" not in parsed:
                self._pages += 1
                self._tokens += len(parsed.get(_TOKENS, ()))
        self._show_if_due()

    def _show_if_due(self) -> None:
        with self._lock:
            due = self._show is not None and self._clock() - self._last_shown >= _PATIENCE
            if due:
                self._last_shown = self._clock()
        if due and self._show is not None:
            self._show(str(self))
