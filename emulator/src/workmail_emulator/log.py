# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of AWS requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, overload

from .request import ApiRequest


@dataclass
class Entry:
    """One request; ``status`` is None until it is answered, and if the connection was dropped instead."""

    service: str | None
    operation: str | None
    organization_id: str | None
    user_id: str | None
    page: int | None
    parameters: dict[str, Any]
    # The account of the credentials.
    account_id: str
    region: str | None
    access_key_id: str | None
    fault: str | None = None
    status: int | None = None


class RequestLog(Sequence[Entry]):
    """The requests in the order they came in; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: list[Entry] = []
        self._in_flight = 0
        self._peak_in_flight = 0

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        with self._lock:
            return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def peak_in_flight(self) -> int:
        """The highest number of requests that were being answered at once since the log was last cleared."""
        return self._peak_in_flight

    def clear(self) -> None:
        """Forget all requests; those being answered still count as in flight."""
        with self._lock:
            self._entries.clear()
            self._peak_in_flight = self._in_flight

    @contextmanager
    def noted(self, request: ApiRequest) -> Iterator[Entry]:
        """Log a request, and count it as in flight during the block.

        Args:
            request: The request.

        Yields:
            The entry of the log.
        """
        entry = Entry(
            service=request.service,
            operation=request.operation,
            organization_id=request.organization_id,
            user_id=request.user_id,
            page=request.page,
            parameters=request.parameters,
            account_id=request.account_id,
            region=request.region,
            access_key_id=request.access_key_id,
        )
        with self._lock:
            self._entries.append(entry)
            self._in_flight += 1
            self._peak_in_flight = max(self._peak_in_flight, self._in_flight)
        try:
            yield entry
        finally:
            with self._lock:
                self._in_flight -= 1
