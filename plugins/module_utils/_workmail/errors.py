# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Errors of botocore and the service, told in our own terms."""

from __future__ import annotations

import contextlib
from typing import Iterator

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .._errors import PatrolError, ReplyError, ServiceError

# The edges refuse to run without botocore.
with contextlib.suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

FOREIGN_REPLY = "Something between here and AWS may be answering in its place, such as a proxy."

DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation")
_EXPIRED = ("ExpiredTokenException", "ExpiredToken", "RequestExpired")
_UNKNOWN_CREDENTIALS = (
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
)
_THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded")
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError")
_UNREACHABLE = (
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ConnectionClosedError",
    "ProxyConnectionError",
    "SSLError",
    "ResponseStreamingError",
    "HTTPClientError",
)


@contextlib.contextmanager
def located(
    service: str,
    operation: str,
    region: str | None = None,
    organization_id: str | None = None,
    page: int | None = None,
) -> Iterator[None]:
    """Turn whatever one API call raises into a PatrolError that says where it happened.

    Args:
        service: The service's prefix in IAM actions, such as C(workmail).
        operation: The API operation, such as C(ListUsers).
        region, organization_id, page: Where, as far as known.

    Raises:
        PatrolError: For every exception; C(error_code) is the service's code or botocore's exception name.
    """
    try:
        yield
    except PatrolError as error:
        error.at(organization_id, region, operation, page)
        raise
    except Exception as error:
        told = _told(error, f"{service}:{operation}", region)
        raise told.at(organization_id, region, operation, page) from error


def _told(error: Exception, action: str, region: str | None) -> PatrolError:
    if isinstance(error, ClientError):
        return _from_service(error, action, region)
    name = type(error).__name__
    if isinstance(error, BotoCoreError):
        return ServiceError(str(error).rstrip("."), error_code=name, hint=_hint_for_botocore(name))
    # botocore lets the errors of its parsers through as they are. Their text can hold the reply, and that a secret.
    return ReplyError(f"the reply could not be understood: {name}", hint=FOREIGN_REPLY)


def _from_service(error: ClientError, action: str, region: str | None) -> PatrolError:
    described = error.response.get("Error", {})
    code = str(described.get("Code") or "Unknown")
    message = str(described.get("Message") or "no message").rstrip(".")
    return ServiceError(
        f"{code}: {message}",
        error_code=code,
        hint=_hint_for_service(code, action, region),
        details=camel_dict_to_snake_dict(
            {key: value for key, value in error.response.items() if key in ("Error", "ResponseMetadata")}
        ),
    )


def _hint_for_service(code: str, action: str, region: str | None) -> str | None:
    if code in DENIED and action == "sts:AssumeRole":
        return (
            "Allow sts:AssumeRole on the role to the credentials in use, and check that the role is there and that its "
            "trust policy names them and this external ID."
        )
    if code in DENIED:
        return f"Allow {action} to the credentials in use."
    if code in _EXPIRED:
        return "The credentials have expired: renew them."
    if code in _UNKNOWN_CREDENTIALS:
        return "AWS does not know these credentials: check the access key, the secret key and the session token."
    if code in _THROTTLED:
        return "AWS kept refusing for rate after all retries: lower concurrency, or raise AWS_MAX_ATTEMPTS."
    if code == "OrganizationNotFoundException":
        return f"This is usually the wrong region or account: it was looked for in {region}."
    if code == "OrganizationStateException":
        return "Only an organization in state Active can list its tokens."
    if code == "Unknown" or code.isdigit():
        return FOREIGN_REPLY  # AWS names each of its errors.
    return None


def _hint_for_botocore(name: str) -> str | None:
    if name in _NO_CREDENTIALS:
        return "Give access_key and secret_key, a profile, or the AWS_* environment variables."
    if name in _UNREACHABLE:
        return "The service could not be reached after all retries: check network, proxy, endpoint_url and region."
    return None
