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
_SAME_PAGE = f"{_PREFIX}page of/"
CONSTANT_TOKEN = f"{_PREFIX}same"
_ALTERNATES = (f"{_PREFIX}A", f"{_PREFIX}B")
_fresh = count(1)


def is_made_up(token: str | None) -> bool:
    """Find out whether a fault made up a page token.

    Args:
        token: The page token, or None for the first page.

    Returns:
        Whether a fault made it up.
    """
    return token is not None and token.startswith(_PREFIX)


def genuine_token(token: str | None) -> str | None:
    """Find the page token that a made-up one replaces.

    Args:
        token: The made-up token.

    Returns:
        The page token, or None for the first page.
    """
    return (token or "").partition(_SAME_PAGE)[2] or None


def token_of_same_page(token: str | None) -> str:
    """Make up a token for the page that a token leads to.

    Args:
        token: The token, which can be made up as well.

    Returns:
        The made-up token.
    """
    genuine = genuine_token(token) if is_made_up(token) else token
    return f"{_SAME_PAGE}{genuine or ''}"


def alternate_token(token: str | None) -> str:
    """Make up one of two tokens by turns.

    Args:
        token: The token of the request.

    Returns:
        The second of them after the first, and the first after any other token.
    """
    return _ALTERNATES[1] if token == _ALTERNATES[0] else _ALTERNATES[0]


def fresh_token() -> str:
    """Make up a token that was never returned before."""
    return f"{_PREFIX}{next(_fresh)}"


class Pages:
    """The page that each token leads to, learned from the replies."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: dict[tuple[str, str | None, str], int] = {}

    def clear(self) -> None:
        """Forget all tokens."""
        with self._lock:
            self._pages.clear()

    def page_of(self, request: ApiRequest) -> int | None:
        """Find the number of the page that a request asks for.

        Args:
            request: The request.

        Returns:
            The number from 1, or None if the request is not for a listing or its page token is unknown.
        """
        if request.shape.list_key is None:
            return None
        if not request.next_token:
            return 1
        with self._lock:
            return self._pages.get((request.account_id, request.operation, request.next_token))

    def learn(self, request: ApiRequest, reply: Reply) -> None:
        """Record the page token in a reply.

        Args:
            request: The request of a page with a known number.
            reply: The reply to it.
        """
        if request.page is None or reply.status != 200:
            return
        try:
            token = json.loads(reply.body)["NextToken"]
        except (ValueError, KeyError, TypeError):
            return
        if isinstance(token, str):
            with self._lock:
                self._pages[request.account_id, request.operation, token] = request.page + 1
