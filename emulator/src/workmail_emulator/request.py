# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of an AWS request that faults and the log use."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .accounts import account_id_of
from .shapes import ReplyShape, reply_shape

Environ = dict[str, Any]


@dataclass
class ApiRequest:
    """A request: the operation, its parameters, and the caller."""

    service: str | None
    operation: str | None
    parameters: dict[str, Any]
    is_query: bool
    account_id: str
    region: str | None
    access_key_id: str | None
    page: int | None = None

    @property
    def organization_id(self) -> str | None:
        """The ID of the organization, if the request has one."""
        return _string(self.parameters.get("OrganizationId"))

    @property
    def user_id(self) -> str | None:
        """The user ID, if the request has one."""
        return _string(self.parameters.get("UserId"))

    @property
    def personal_access_token_id(self) -> str | None:
        """The ID of the token, if the request has one."""
        return _string(self.parameters.get("PersonalAccessTokenId"))

    @property
    def parent_id(self) -> str | None:
        """The ID of the root or organizational unit, if the request has one."""
        return _string(self.parameters.get("ParentId"))

    @property
    def role_arn(self) -> str | None:
        """The ARN of the role, if the request has one."""
        return _string(self.parameters.get("RoleArn"))

    @property
    def next_token(self) -> str | None:
        """The page token, if the request has one."""
        return _string(self.parameters.get("NextToken"))

    @property
    def shape(self) -> ReplyShape:
        """The shape of the reply; without members for query services."""
        return reply_shape(self.service, self.operation)


def read_request(environ: Environ) -> ApiRequest:
    """Read the request of a WSGI environment, whose body can be read again afterward.

    The operation comes from ``X-Amz-Target`` for JSON services and from ``Action`` for query services, service and
    region from the credential scope of the signature, and the account from the access key.

    Args:
        environ: The WSGI environment.

    Returns:
        The request.
    """
    body = read_body(environ)
    set_body(environ, body)
    target = environ.get("HTTP_X_AMZ_TARGET")
    access_key_id, region, service = _credential_scope(environ.get("HTTP_AUTHORIZATION", ""))
    parameters = _json_parameters(body) if target else _query_parameters(body, environ.get("QUERY_STRING", ""))
    operation = target.rpartition(".")[2] if target else parameters.pop("Action", None)
    account_id = _account_id(environ, access_key_id)
    # moto would go through all accounts to find the access key.
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
    return ApiRequest(
        service=service or ("workmail" if target and target.startswith("WorkMailService.") else None),
        operation=operation,
        parameters=parameters,
        is_query=not target,
        account_id=account_id,
        region=region,
        access_key_id=access_key_id,
    )


def read_body(environ: Environ) -> bytes:
    """Read the body of a request, which has a length or is sent in chunks.

    Args:
        environ: The WSGI environment.

    Returns:
        The body.
    """
    if environ.pop("wsgi.input_terminated", False):
        environ.pop("HTTP_TRANSFER_ENCODING")
        return bytes(environ["wsgi.input"].read())
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def set_body(environ: Environ, body: bytes) -> None:
    """Replace the body of a request.

    Args:
        environ: The WSGI environment.
        body: The new body.
    """
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def _credential_scope(authorization: str) -> tuple[str | None, str | None, str | None]:
    """Return access key ID, region and service of a signature of version 4, each None without a signature."""
    parts = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    if len(parts) != 5:
        return None, None, None
    return parts[0], parts[2], parts[3]


def _account_id(environ: Environ, access_key_id: str | None) -> str:
    # The order is that of moto's BaseResponse.get_current_account.
    return os.environ.get("MOTO_ACCOUNT_ID") or environ.get("HTTP_X_MOTO_ACCOUNT_ID") or account_id_of(access_key_id)


def _json_parameters(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body)
    except ValueError:
        return {}
    return parameters if isinstance(parameters, dict) else {}


def _query_parameters(body: bytes, query: str) -> dict[str, Any]:
    return dict(parse_qsl(body.decode("utf-8", "replace"))) or dict(parse_qsl(query))


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
