# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of errors of AWS and botocore, and the cause that they name."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.errors import located

ACTION = "workmail:ListUsers"
NOT_AUTHORIZED = f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: {ACTION} on resource: *"


def raised(error: Exception) -> PatrolError:
    with pytest.raises(PatrolError) as caught, located("workmail", "ListUsers", "us-east-1"):
        raise error
    return caught.value


def refused(code: str, message: str) -> PatrolError:
    return raised(ClientError({"Error": {"Code": code, "Message": message}}, "ListUsers"))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("SignatureDoesNotMatch", "Signature expired: 20261125T120000Z is now earlier than 20261125T122000Z"),
        (
            "InvalidSignatureException",
            "Signature not yet current: 20261125T120000Z is later than 20261125T110000Z",
        ),
        ("InvalidSignatureException", "Signature has expired"),
        ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large"),
        ("RequestExpired", "Request has expired"),
    ],
)
@guards(
    "plugins/module_utils/_workmail/errors.py",
    "    if code in _CLOCK or (code not in _EXPIRED and _OF_THE_CLOCK.search(message)):",
)
def test_the_hint_for_a_wrong_clock_does_not_mention_keys(code: str, message: str) -> None:
    hint = refused(code, message).hint or ""
    assert hint.startswith("Check the clock of the machine") and "key" not in hint


def test_the_hint_for_a_failure_of_aws_is_to_run_it_again() -> None:
    assert "Run it again later" in (refused("InternalServerException", "An internal error occurred").hint or "")


def test_the_hint_for_unknown_keys_does_not_mention_the_clock() -> None:
    assert "check the access key" in (refused("SignatureDoesNotMatch", "The signature does not match").hint or "")


@pytest.mark.parametrize(
    ("words", "denying", "change"),
    [
        ("with an explicit deny in a service control policy", "service control policy", "administrators of AWS"),
        ("with an explicit deny in a resource control policy", "resource control policy", "administrators of AWS"),
        ("with an explicit deny in a VPC endpoint policy", "VPC endpoint policy", "from another network"),
        ("with an explicit deny in a permissions boundary", "permissions boundary", "permissions boundary of the user"),
        ("with an explicit deny in a session policy", "session policy", "session was started with"),
        ("with an explicit deny in an identity-based policy", "identity-based policy", "Remove that statement"),
        ("with an explicit deny in a resource-based policy", "resource-based policy", "trust policy"),
        ("with an explicit deny", "policy", "Find the policy"),
        (f"because no service control policy allows the {ACTION} action", "service control policy", "administrators"),
        (f"because no VPC endpoint policy allows the {ACTION} action", "VPC endpoint policy", "from another network"),
        (f"because no permissions boundary allows the {ACTION} action", "permissions boundary", "Change the perm"),
        (f"because no session policy allows the {ACTION} action", "session policy", "session was started with"),
    ],
)
@guards("plugins/module_utils/_workmail/errors.py", "    explicit = _EXPLICIT.search(message)", "    explicit = None")
@guards("plugins/module_utils/_workmail/errors.py", "    implicit = _IMPLICIT.search(message)", "    implicit = None")
def test_a_denial_names_the_policy_that_denies(words: str, denying: str, change: str) -> None:
    hint = refused("AccessDeniedException", f"{NOT_AUTHORIZED} {words}").hint or ""
    assert denying in hint and ACTION in hint and change in hint and "Allow" not in hint


@pytest.mark.parametrize("words", ["", f" because no identity-based policy allows the {ACTION} action"])
def test_a_missing_permission_is_named(words: str) -> None:
    assert refused("AccessDeniedException", NOT_AUTHORIZED + words).hint == f"Grant these credentials {ACTION}."


@guards(
    "plugins/module_utils/_workmail/errors.py",
    '_CANONICAL.sub("", str(described.get("Message") or "no message"))',
    'str(described.get("Message"))',
)
def test_headers_that_aws_repeats_are_left_out() -> None:
    repeated = "The Canonical String for this request should have been\n'POST\n/\nx-amz-security-token:SECRET'"
    message = f"It does not match.\n\n{repeated}"
    error = refused("SignatureDoesNotMatch", message)
    assert "SECRET" not in f"{error} {error.details}" and "It does not match" in str(error)


def test_an_exception_of_the_http_client_is_not_quoted() -> None:
    error = raised(HTTPClientError(error=ValueError("Invalid header value b'SECRET\\n'")))
    assert "SECRET" not in str(error) and "ValueError" in str(error) and "HTTPS_PROXY" in str(error)
    assert error.error_code == "HTTPClientError"


@guards("plugins/module_utils/_workmail/errors.py", '    if "certificate" not in text.lower():')
@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        (
            "certificate verify failed: unable to get local issuer certificate",
            "AWS_CA_BUNDLE or the option aws_ca_bundle",
        ),
        ("certificate verify failed: self-signed certificate in certificate chain", "AWS_CA_BUNDLE"),
        ("certificate verify failed: certificate is not yet valid", "Check the clock"),
        ("certificate verify failed: certificate has expired", "Check the clock"),
        ("certificate verify failed: Hostname mismatch, certificate is not valid for 'x'", "check endpoint_url"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "only if the server uses TLS"),
        ("[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] ssl/tls alert handshake failure", "only if the server uses TLS"),
        ("EOF occurred in violation of protocol", "only if the server uses TLS"),
    ],
)
def test_a_refused_certificate_has_a_hint(reason: str, hint: str) -> None:
    assert hint in (raised(SSLError(endpoint_url="https://workmail", error=reason)).hint or "")


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (ConnectTimeoutError(endpoint_url="https://a:SECRET@workmail"), "raise connect_timeout"),
        (ReadTimeoutError(endpoint_url="https://a:SE/CR@ET@workmail"), "raise read_timeout"),
        (EndpointConnectionError(endpoint_url="https://a:SECRET@workmail"), "check network"),
        (ProxyConnectionError(proxy_url="https://a:SECRET@proxy"), "check HTTPS_PROXY"),
    ],
)
@guards("plugins/module_utils/_domain/errors.py", '        message = _USERINFO.sub("***@", message)\n', "")
def test_no_password_of_a_url_is_shown(error: BotoCoreError, hint: str) -> None:
    failure = raised(error)
    assert hint in (failure.hint or "")
    assert "SECRET" not in str(failure) and "SE/CR" not in str(failure) and "://***@" in str(failure)
