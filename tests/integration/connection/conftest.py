# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that fail, in this process and behind a service that refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    """Return the URL of a service that refuses every request."""
    from broken_credentials import Refusing

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def broken_here(aws: pytest.MonkeyPatch, tmp_path: Path, refusing: str) -> Callable[[str], str]:
    """Return a function that breaks a provider for this process, and returns what the error must name."""

    # The collection can be imported once pytest has started, not when it reads this file.
    from broken_credentials import SECRET_ENVIRONMENT, break_provider

    def call(provider: str) -> str:
        aws.delenv("AWS_ACCESS_KEY_ID")
        variables, named = break_provider(provider, tmp_path / provider, refusing)
        for name, value in {**SECRET_ENVIRONMENT, **variables}.items():
            aws.setenv(name, value)
        return named

    return call
