# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections of the core to the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ConnectionClosedError

REGION = "us-east-1"


def connect(prepare: Callable[[Any], None] = lambda client: None, **options: Any) -> Any:
    """Make a connection with long timeouts, because the machine can be busy.

    Args:
        prepare: Is called with each client that the connection makes.
        options: More options of the connection.

    Returns:
        The ``Connection``.
    """
    # The collection can be imported once pytest has started, not when it reads this file.
    from ansible_collections.patrol.workmail.plugins.module_utils._workmail.connection import Connection

    class PreparedConnection(Connection):
        def client(self, service: str, region: str, config: Any, role: Callable[[], Any] = lambda: None) -> Any:
            client = super().client(service, region, config, role)
            prepare(client)
            return client

    return PreparedConnection({"connect_timeout": 10, "read_timeout": 10, **options})


def connect_and_break(operation: str) -> Any:
    """Make a connection that breaks once the service has done an operation, so that its reply is lost.

    Args:
        operation: The operation.

    Returns:
        The ``Connection``.
    """

    def break_off(**event: Any) -> None:
        raise ConnectionClosedError(endpoint_url="the emulator")

    return connect(lambda client: client.meta.events.register(f"before-parse.workmail.{operation}", break_off))
