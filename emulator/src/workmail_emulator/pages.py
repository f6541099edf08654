# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which page of a listing a request asks for, and the page tokens that faults make up."""

from __future__ import annotations

import json
from itertools import count
from threading import Lock

from .reply import Reply
from .request import ApiRequest

_PREFIX = "emulator/"
CONSTANT_TOKEN = f"{_PREFIX}same"
_ALTERNATES = (f"{_PREFIX}A", f"{_PREFIX}B")
_fresh = count(1)


def is_made_up(token: str | None) -> bool:
    """Return whether a fault made this page token up; it stands for the first page."""
    return token is not None and token.startswith(_PREFIX)


def alternate_token(token: str | None) -> str:
    """Return token B after A, A after anything else."""
    return _ALTERNATES[1] if token == _ALTERNATES[0] else _ALTERNATES[0]


def fresh_token() -> str:
    """Return a token that never was."""
    return f"{_PREFIX}{next(_fresh)}"


class Pages:
    """Learns from the replies that pass which page a token leads to."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: dict[tuple[str | None, str], int] = {}

    def clear(self) -> None:
        """Forget all tokens."""
        with self._lock:
            self._pages.clear()

    def page_of(self, request: ApiRequest) -> int | None:
        """Return the number of the page asked for, from 1; None if it is no listing or the token is unknown."""
        if request.shape.list_key is None:
            return None
        if not request.next_token:
            return 1
        with self._lock:
            return self._pages.get((request.operation, request.next_token))

    def learn(self, request: ApiRequest, reply: Reply) -> None:
        """Take note of the token in a reply to a page of known number."""
        if request.page is None or reply.status != 200:
            return
        try:
            token = json.loads(reply.body)["NextToken"]
        except (ValueError, KeyError, TypeError):
            return
        if isinstance(token, str):
            with self._lock:
                self._pages[request.operation, token] = request.page + 1
