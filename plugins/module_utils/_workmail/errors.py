# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Conversion of errors of botocore and of the service to errors of this collection."""

from __future__ import annotations

import contextlib
import re
from typing import Iterator

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .._domain.errors import PatrolError, ReplyError, ServiceError

# Without botocore, this file can still be imported, and require_boto3 reports the error.
with contextlib.suppress(ImportError):
    from botocore.exceptions import BotoCoreError, ClientError

FOREIGN_REPLY = "Check whether something else answers in place of AWS, such as a proxy."

DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation")
_EXPIRED = ("ExpiredTokenException", "ExpiredToken")
_UNKNOWN_CREDENTIALS = (
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
)
_CLOCK = ("RequestTimeTooSkewed", "RequestInTheFuture", "RequestExpired")
_OF_THE_CLOCK = re.compile(
    r"signature (?:has )?expired|not yet (?:current|valid)|is now (?:earlier|later) than|too skewed", re.I
)
_FAILED = ("InternalServerException", "InternalFailure", "ServiceUnavailableException")
_THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded")
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
# AWS repeats the expected request in this message, and its headers contain the session token.
_CANONICAL = re.compile(r"\s*The Canonical String for this request should have been.*", re.S)

# The type of the policy that denied a call. See
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
_POLICY = (
    r"((?:service control|resource control|vpc endpoint|session|resource-based|identity-based) policy"
    r"|permissions boundary)"
)
_EXPLICIT = re.compile(rf"explicit deny(?: in an? {_POLICY})?", re.I)
_IMPLICIT = re.compile(rf"because no {_POLICY} allows", re.I)
_WHO_CAN_CHANGE = {
    "service control policy": "The administrators of AWS Organizations can change it.",
    "resource control policy": "The administrators of AWS Organizations can change it.",
    "vpc endpoint policy": "Change the policy of the VPC endpoint, or call from another network.",
    "session policy": "Change the policy that the session was started with.",
    "resource-based policy": "Change the policy of the resource. For a role, this is its trust policy.",
    "identity-based policy": "Remove that statement from the policies of the user or role.",
    "permissions boundary": "Change the permissions boundary of the user or role.",
}

_CHECK_CLOCK = (
    "Check the clock of the machine that makes the calls: AWS accepts a request only within a few minutes of its time."
)
_CHECK_NETWORK = "The service could not be reached after all retries: check network, proxy, endpoint_url and region."


@contextlib.contextmanager
def located(
    service: str,
    operation: str,
    region: str | None = None,
    organization_id: str | None = None,
    page: int | None = None,
) -> Iterator[None]:
    """Convert each exception of one API call to a ``PatrolError`` with the place of the error.

    Args:
        service: The prefix of the service in IAM actions, such as ``workmail``.
        operation: The API operation, such as ``ListUsers``.
        region, organization_id, page: The place of the error, or None for each part that is not known. The first page
            is 1.

    Raises:
        PatrolError: The block raised an exception. ``error_code`` is the error code of the service, or the name of the
            exception of botocore.
    """
    try:
        yield
    except PatrolError as error:
        error.at(organization_id, region, operation, page)
        raise
    except Exception as error:
        failure = _translate(error, f"{service}:{operation}", region)
        # Drop the cause: a traceback would show it, and it can contain headers.
        raise failure.at(organization_id, region, operation, page) from None


def _translate(error: Exception, action: str, region: str | None) -> PatrolError:
    if isinstance(error, ClientError):
        return _from_service(error, action, region)
    name = type(error).__name__
    if isinstance(error, BotoCoreError):
        reason, hint = describe_botocore(error)
        return ServiceError(reason, error_code=name, hint=hint)
    # botocore does not wrap the exceptions of its parsers. Their text can contain the reply, which can be secret.
    return ReplyError(f"the reply could not be understood: {name}", hint=FOREIGN_REPLY)


def _from_service(error: ClientError, action: str, region: str | None) -> PatrolError:
    code, message = code_and_message(error)
    described = {**error.response.get("Error", {}), "Message": message}
    return ServiceError(
        f"{code}: {message}",
        error_code=code,
        hint=hint_for_service(code, message, action, region),
        details=camel_dict_to_snake_dict(
            {"Error": described, "ResponseMetadata": error.response.get("ResponseMetadata", {})}
        ),
    )


def code_and_message(error: ClientError) -> tuple[str, str]:
    """Return the code and the message of an error of the service.

    Args:
        error: The error.

    Returns:
        The code, or ``Unknown``; and the message, without a final full stop and without the request that AWS repeats.
    """
    described = error.response.get("Error", {})
    message = _CANONICAL.sub("", str(described.get("Message") or "no message"))
    return str(described.get("Code") or "Unknown"), message.rstrip(".")


def hint_for_service(code: str, message: str, action: str, region: str | None) -> str | None:
    """Return the hint for an error of the service.

    Args:
        code: The error code.
        message: The error message.
        action: The IAM action of the call.
        region: The region of the call.

    Returns:
        The hint, or None if there is no hint for this error.
    """
    special = hint_for_the_way(code, message, action)
    if special is not None:
        return special
    if code in DENIED and action == "sts:AssumeRole":
        return (
            "Grant these credentials sts:AssumeRole on the role. Check that the role exists, and that its trust policy "
            "allows them, with the external ID if it requires one."
        )
    if code in DENIED:
        return f"Grant these credentials {action}."
    if code in _EXPIRED:
        return "The credentials have expired: renew them."
    if code in _UNKNOWN_CREDENTIALS:
        return "AWS does not know these credentials: check the access key, the secret key and the session token."
    if code == "OrganizationNotFoundException":
        return f"Check the region and the account: the organization was looked up in {region}."
    if code == "OrganizationStateException":
        return "Only an organization in state Active can list its tokens."
    if code == "Unknown" or code.isdigit():
        return FOREIGN_REPLY  # AWS names each of its errors.
    return None


def hint_for_the_way(code: str, message: str, action: str) -> str | None:
    """Return the hint for an error that has nothing to do with the permissions that the caller can grant.

    Such errors are about the clock, throttling, a failure of the service, or a policy that denies the action.

    Args:
        code, message, action: See ``hint_for_service``.

    Returns:
        The hint, or None for any other error.
    """
    if code in _CLOCK or (code not in _EXPIRED and _OF_THE_CLOCK.search(message)):
        return _CHECK_CLOCK
    if code in _THROTTLED:
        return "AWS still throttled the calls after all retries: lower concurrency, or raise AWS_MAX_ATTEMPTS."
    if code in _FAILED:
        return "AWS could not process the call after all retries. Run it again later."
    if code in DENIED:
        return _hint_for_policy(message, action)
    return None


def _hint_for_policy(message: str, action: str) -> str | None:
    explicit = _EXPLICIT.search(message)
    if explicit:
        kind = explicit.group(1) or "policy"
        article = "An" if kind[0] in "iI" else "A"
        change = _WHO_CAN_CHANGE.get(kind.lower(), "Find the policy with that statement, and change it.")
        return f"{article} {kind} explicitly denies {action}, so granting more permissions does not help. {change}"
    implicit = _IMPLICIT.search(message)
    if implicit and implicit.group(1).lower() != "identity-based policy":
        kind = implicit.group(1)
        return f"The {kind} that applies does not allow {action}. {_WHO_CAN_CHANGE[kind.lower()]}"
    return None


def is_unreachable(error: Exception) -> bool:
    """Return whether an error of botocore means that the service could not be reached.

    Args:
        error: The error.
    """
    return type(error).__name__ in _UNREACHABLE


def describe_botocore(error: BotoCoreError) -> tuple[str, str | None]:
    """Describe an error of botocore without secrets.

    Args:
        error: The error.

    Returns:
        The problem, without a final full stop; and the hint, or None if there is no hint for this error.
    """
    name, text = type(error).__name__, str(error).rstrip(".")
    if name == "HTTPClientError":
        # It wraps an exception of the HTTP client, whose text can contain headers and the URLs of proxies.
        inner = type(error.kwargs.get("error")).__name__
        return (
            f"the request could not be sent: {inner}",
            "Check the URLs in HTTPS_PROXY and HTTP_PROXY, AWS_CA_BUNDLE, and endpoint_url.",
        )
    if name == "SSLError":
        return text, _hint_for_certificate(text)
    if name == "ProxyConnectionError":
        return text, "The proxy could not be reached: check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
    if name in ("ConnectTimeoutError", "ReadTimeoutError"):
        option = "connect_timeout" if name.startswith("Connect") else "read_timeout"
        return text, f"{_CHECK_NETWORK} If it is only slow, raise {option}."
    if name in _UNREACHABLE:
        return text, _CHECK_NETWORK
    return text, None


def _hint_for_certificate(text: str) -> str:
    if "not yet valid" in text or "has expired" in text:
        return "Check the clock of the machine that makes the calls, and the certificate that the endpoint presents."
    if "ostname mismatch" in text or "doesn't match" in text:
        return "The certificate is for another host: check endpoint_url and the proxy."
    if "certificate" not in text.lower():
        return (
            "The TLS connection failed before a certificate was checked. Check that endpoint_url and the URL of the "
            "proxy begin with https:// only if the server uses TLS."
        )
    return (
        "This machine does not trust the authority that issued the certificate, which may be that of a proxy. Name a "
        "file "
        "with the certificate of the authority in AWS_CA_BUNDLE or the option aws_ca_bundle."
    )
