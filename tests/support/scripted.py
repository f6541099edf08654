# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients and connections that get scripted HTTP replies in place of those of a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

ACME = "m-" + "a" * 32
TOKENS = "PersonalAccessTokenSummaries"
_KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


class Script:
    """Replies by operation: bodies, or pairs of body and status, in order. The last one is repeated.

    Args:
        replies: The replies. An operation without replies fails the test.
    """

    def __init__(self, replies: Mapping[str, list[Any]]) -> None:
        self._replies = {operation: list(bodies) for operation, bodies in replies.items()}
        self._lock = threading.Lock()
        self.operations: list[str] = []
        self.clients: list[Any] = []

    def give_replies(self, client: Any) -> None:
        """Give the client these replies in place of those of a server."""
        self.clients.append(client)
        client.meta.events.register("before-send.workmail", self._reply)

    def _reply(self, request: Any, **event: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        with self._lock:
            self.operations.append(operation)
            bodies = self._replies[operation]
            reply = bodies.pop(0) if len(bodies) > 1 else bodies[0]
        body, status = reply if isinstance(reply, tuple) else (reply, 200)
        response = AWSResponse(request.url, status, {}, None)
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return response


def scripted_client(replies: Mapping[str, list[Any]]) -> Any:
    """Make a WorkMail client with scripted replies."""
    config = Config(retries={"total_max_attempts": 1})
    client = boto3.session.Session(**_KEYS).client("workmail", region_name="us-east-1", config=config)
    Script(replies).give_replies(client)
    return client


def scripted_connection(script: Script, **options: Any) -> Any:
    """Make a ``Connection`` whose clients get scripted replies."""
    from connecting import connect

    keys = {"access_key": "testing", "secret_key": "testing", "region": "us-east-1"}
    return connect(script.give_replies, **{**keys, **options})
