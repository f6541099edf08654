# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections of the core to the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

REGION = "us-east-1"


def connect(service: str, region: str, config: Config, **credentials: str) -> Any:
    """What every edge calls, with patience for a machine that is busy."""
    # The collection can be imported once pytest has started, not when it reads this file.
    from ansible_collections.patrol.workmail.plugins.module_utils._workmail.connection import Connection

    return Connection({"connect_timeout": 10, "read_timeout": 10}).client(service, region, config, **credentials)


def connect_and_break(operation: str) -> Callable[..., Any]:
    """A C(connect) whose connection breaks once the service has done this operation, so that its reply is lost."""

    def break_off(**event: Any) -> None:
        raise ConnectionClosedError(endpoint_url="the emulator")

    def call(service: str, region: str, config: Config, **credentials: str) -> Any:
        client = connect(service, region, config, **credentials)
        client.meta.events.register(f"before-parse.workmail.{operation}", break_off)
        return client

    return call
