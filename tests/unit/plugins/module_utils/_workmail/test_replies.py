# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies that could hide a token are errors. The bodies are given to botocore as if they came over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from guarding import guards
from scripted import ACME, TOKENS, scripted_client

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._workmail import operations
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.replies import read_strictly

REPLIES = "plugins/module_utils/_workmail/replies.py"
OPERATIONS = "plugins/module_utils/_workmail/operations.py"
SETTINGS = {"AuthenticationMode": "IDENTITY_PROVIDER_ONLY"}


def client(operation: str, *bodies: Any) -> Any:
    made = scripted_client({operation: list(bodies)})
    read_strictly(made)
    return made


def tokens(*bodies: Any) -> list[dict[str, Any]]:
    listing = operations.list_personal_access_tokens(client("ListPersonalAccessTokens", *bodies), ACME)
    return [item for page in listing for item in page.items]


def organizations(*bodies: Any) -> Any:
    return operations.list_organizations(client("ListOrganizations", *bodies))


def organization(*bodies: Any) -> Any:
    return operations.describe_organization(client("DescribeOrganization", *bodies), ACME)


def users(*bodies: Any) -> Any:
    return operations.list_users(client("ListUsers", *bodies), ACME)


def settings(*bodies: Any) -> Any:
    reader = client("DescribeIdentityProviderConfiguration", *bodies)
    return operations.describe_identity_provider_configuration(reader, ACME)


def with_tokens(**fields: Any) -> dict[str, Any]:
    return {**SETTINGS, "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", **fields}}


@pytest.mark.parametrize(
    ("read", "body", "reason"),
    [
        (tokens, [], "the body is not a JSON object"),
        (tokens, None, "the body is not a JSON object"),
        (tokens, b"", "the body is "),
        (tokens, b'{"PersonalAccessTokenSummaries": [', "the body is "),
        (tokens, b"<html></html>", "the body is "),
        (tokens, b'{"PersonalAccessTokenSummaries": [{"Name": "\xff"}]}', "the body is "),
        (tokens, {}, f"the reply has no {TOKENS}"),
        (tokens, {TOKENS: None}, f"the reply has no {TOKENS}"),
        (tokens, {TOKENS.lower(): []}, f"has {TOKENS.lower()} instead of {TOKENS}"),
        (tokens, {TOKENS: {}}, "is not a list"),
        (tokens, {TOKENS: ""}, "is not a list"),
        (tokens, {TOKENS: [{"ExpiresTIME": 1}]}, "has ExpiresTIME instead of ExpiresTime"),
        (tokens, {TOKENS: [{"ExpiresTime": "2026-01-01"}]}, "ExpiresTime of PersonalAccessTokenSummaries"),
        (tokens, {TOKENS: [{"Name": 1}]}, "1 is not a string"),
        (tokens, {TOKENS: [{"Scopes": "imap"}]}, "'imap' is not a list"),
        (tokens, {TOKENS: [{"Scopes": [1]}]}, "1 is not a string"),
        (organizations, {"OrganizationSummaries": [{"OrganizationId": ACME}]}, "has no State"),
        (organizations, {"OrganizationSummaries": [{"State": "Active"}]}, "has no OrganizationId"),
        (organization, {"OrganizationId": ACME}, "the reply has no State"),
        (users, {"Users": [{"Name": "ana"}]}, "has no Id"),
        (settings, {}, "the reply has no AuthenticationMode"),
        (settings, {"authenticationMode": "x", **SETTINGS}, "instead of AuthenticationMode"),
        (settings, with_tokens(LifetimeInDays="365"), "'365' is not a whole number"),
        (settings, with_tokens(LifetimeInDays=True), "True is not a whole number"),
        (settings, {**SETTINGS, "PersonalAccessTokenConfiguration": {"LifetimeInDays": 365}}, "has no Status"),
        (settings, with_tokens(status="ACTIVE"), "has status instead of Status"),
    ],
)
@guards(REPLIES, '"timestamp": from_epoch_seconds', '"timestamp": _unchecked')
@guards(REPLIES, 'checkers = {"string": _checked_string, ', "checkers = {")
@guards(REPLIES, "        if known is not None:")
@guards(
    REPLIES,
    '_checked_strings if shape.member.type_name == "string" else _checked_list',
    '_checked_strings if shape.member.type_name == "string" else _unchecked',
)
@guards(
    REPLIES,
    '            if name not in document:\n                _refuse(f"{self._label} has no {name}")\n',
    "            document.setdefault(name, [])\n",
)
@guards(
    REPLIES,
    '    if not isinstance(document, dict):\n        _refuse("the body is not a JSON object")\n',
    '    if not isinstance(document, dict):\n        document = {"PersonalAccessTokenSummaries": []}\n',
)
@guards(
    REPLIES,
    "        return lambda value: fields.check(value, shape.required_members)\n",
    "        return _unchecked\n",
)
@guards(REPLIES, ', "integer": _checked_integer', "")
@guards(
    REPLIES,
    '"DescribeIdentityProviderConfiguration": ("AuthenticationMode",)',
    '"DescribeIdentityProviderConfiguration": ()',
)
def test_a_reply_that_could_hide_something_is_an_error(read: Callable[..., Any], body: Any, reason: str) -> None:
    with pytest.raises(PatrolError) as caught:
        read(body)
    assert caught.value.error_code == "MalformedResponseException" and reason in str(caught.value)


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (tokens, {TOKENS: []}),
        (tokens, {TOKENS: [{"Name": None}], "NextToken": None}),
        (tokens, {TOKENS: [{"LastUsedIp": "::1"}]}),
        (organization, {"OrganizationId": ACME, "State": "Active"}),
        (users, {"Users": [{"Id": "1"}]}),
        (settings, SETTINGS),
        (settings, with_tokens(LifetimeInDays=365)),
    ],
)
def test_a_reply_of_the_service_is_read(read: Callable[..., Any], body: Any) -> None:
    read(body)


@guards(OPERATIONS, '        if reply["OrganizationId"] != organization_id:')
def test_a_description_of_another_organization_is_an_error() -> None:
    with pytest.raises(PatrolError) as caught:
        organization({"OrganizationId": "m-" + "b" * 32, "State": "Active"})
    assert caught.value.error_code == "MalformedResponseException"


@guards(OPERATIONS, "    if not token:\n", "    if not token:\n        return None\n")
def test_an_empty_next_token_is_an_error() -> None:
    with pytest.raises(PatrolError) as caught:
        tokens({TOKENS: [{"Name": "a"}], "NextToken": ""})
    assert caught.value.error_code == "PaginationException" and caught.value.page == 1


@pytest.mark.parametrize("following", ["AA", "ABA", "ABCB"])
@guards(OPERATIONS, "    if token in seen:\n", "    if token in seen:\n        return None\n")
def test_a_next_token_that_comes_again_is_an_error(following: str) -> None:
    """The pages differ, so nothing else shows the loop."""
    bodies = [{TOKENS: [{"Name": f"{page}"}], "NextToken": token} for page, token in enumerate(following)]
    with pytest.raises(PatrolError, match="NextToken is repeated") as caught:
        tokens(*bodies)
    assert caught.value.error_code == "PaginationException" and caught.value.page == len(following)
    assert str(caught.value.hint).startswith("Run it again. Check whether something else answers")
