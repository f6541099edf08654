# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures of the tests: a small seed, an emulator that contains it, and clients."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from workmail_emulator import Emulator

ORGANIZATION_ID = "m-" + "0123456789abcdef" * 2
DELETED_ORGANIZATION_ID = "m-" + "f" * 32
ALICE = "11111111-1111-1111-1111-111111111111"
BOB = "22222222-2222-2222-2222-222222222222"
GONE = "33333333-3333-3333-3333-333333333333"


@dataclass
class Answer:
    """A raw HTTP reply."""

    status: int
    content_type: str | None
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def authorization(service: str = "workmail", region: str = "us-east-1", key: str = "testing") -> str:
    scope = f"{key}/20260101/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


@pytest.fixture
def seed() -> dict[str, Any]:
    users = [
        {
            "Id": ALICE,
            "Name": "alice",
            "Email": "alice@acme.example",
            "DisplayName": "Alice Ünal",
            "State": "ENABLED",
            "UserRole": "USER",
            "EnabledDate": 1700000000.5,
            "IdentityProviderUserId": "aaaaaaaa-0000-0000-0000-000000000000",
            "FirstName": "Alice",
        },
        {"Id": BOB, "Name": "bob", "Email": "bob@acme.example", "DisplayName": "Bob", "State": "DISABLED"},
        {"Id": GONE, "Name": "gone", "State": "DELETED", "DisabledDate": 1700000001},
    ]
    tokens: list[dict[str, Any]] = [
        {
            "PersonalAccessTokenId": f"token-{number:03}",
            "UserId": ALICE if number % 5 else BOB,
            "Name": f"Thunderbird 工作 🚀 {number}",
            "DateCreated": 1767323045.123,
            "DateLastUsed": 1767323046,
            "ExpiresTime": 1798859045.001,
            "Scopes": ["imap", "smtp"],
        }
        for number in range(250)
    ]
    return {
        "Organizations": [
            {"OrganizationId": ORGANIZATION_ID, "Alias": "acme", "Users": users, "PersonalAccessTokens": tokens},
            {"OrganizationId": DELETED_ORGANIZATION_ID, "Alias": "old", "State": "Deleted"},
        ]
    }


@pytest.fixture
def emulator(seed: dict[str, Any]) -> Iterator[Emulator]:
    with Emulator(seed) as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Callable[..., Any]:
    """Return a maker of boto3 clients."""

    def make(service: str = "workmail", region: str = "us-east-1", key: str = "testing", **credentials: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=emulator.endpoint_url,
            region_name=region,
            aws_access_key_id=key,
            **{"aws_secret_access_key": "testing", **credentials},
        )

    return make


@pytest.fixture
def workmail(client: Callable[..., Any]) -> Any:
    return client()


@pytest.fixture
def request_raw(emulator: Emulator) -> Callable[..., Answer]:
    """Return a sender of any HTTP request."""

    def send(method: str, path: str, body: bytes | str = b"", headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(emulator.endpoint_url.removeprefix("http://"))
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return Answer(reply.status, reply.getheader("Content-Type"), reply.read())
        finally:
            connection.close()

    return send


@pytest.fixture
def call(request_raw: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return a sender of WorkMail operations."""

    def send(operation: str, body: Any = None, **scope: str) -> Answer:
        headers = {
            "X-Amz-Target": f"WorkMailService.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": authorization(**scope),
        }
        return request_raw("POST", "/", body if isinstance(body, bytes) else json.dumps(body or {}), headers)

    return send


@pytest.fixture
def listing(call: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return a sender of ListPersonalAccessTokens for the seed's organization."""
    return lambda **parameters: call(
        "ListPersonalAccessTokens", {"OrganizationId": ORGANIZATION_ID, "MaxResults": 100, **parameters}
    )
