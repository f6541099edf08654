# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault that could hide a token is an error that names its place, in each listing that a sweep reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from estate import ACME, ANA, BEN, NOBODY, token
from guarding import guards
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.facts import Facts

MALFORMED = "MalformedResponseException"
PAGINATION = "PaginationException"
# Some versions of botocore notice by themselves that a body is short.
CUT = f"{MALFORMED} ConnectionClosedError"
Gather = Callable[..., Facts]

TWICE = '{"PersonalAccessTokenSummaries": [{"Name": "hidden"}], "PersonalAccessTokenSummaries": []}'

# For each operation, options with which a sweep of acme uses it, and the page on which the fault comes.
LISTINGS: dict[str, tuple[dict[str, Any], int]] = {
    "ListPersonalAccessTokens": ({"organizations": [ACME], "page_size": 2}, 2),
    "ListOrganizations": ({"organizations": ["acme"]}, 1),
    "ListUsers": ({"organizations": [ACME], "owners": True}, 1),
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "DescribeOrganization": {"organizations": [ACME]},
    "DescribeUser": {"organizations": [ACME], "users": ["ana"]},
}

# What can befall any reply, with the code of the error that it is to be.
ANY_REPLY: list[tuple[str, dict[str, Any], str]] = [
    ("throttle", {}, "ThrottlingException"),
    ("internal_error", {}, "InternalServerException"),
    ("unavailable", {}, "ServiceUnavailableException"),
    ("access_denied", {}, "AccessDeniedException"),
    ("expired_credentials", {}, "ExpiredTokenException"),
    ("reset", {}, "ConnectionClosedError"),
    ("truncated", {}, MALFORMED),
    ("short_body", {}, CUT),
    ("html", {}, MALFORMED),
    ("empty_body", {}, MALFORMED),
    ("empty_object", {}, MALFORMED),
    ("invalid_utf8", {}, MALFORMED),
    ("body", {"body": "[]"}, MALFORMED),
    ("body", {"body": "null"}, MALFORMED),
    ("body", {"body": "[]", "status": 400}, MALFORMED),
]
ANY_LISTING: list[tuple[str, dict[str, Any], str]] = [
    ("error_beside_list", {}, MALFORMED),
    ("error_for_list", {}, MALFORMED),
    ("empty_pages", {}, PAGINATION),
    ("repeated_pages", {}, PAGINATION),
    ("miscased_key", {}, MALFORMED),
    ("null_list", {}, MALFORMED),
    ("missing_list", {}, MALFORMED),
    ("not_a_list", {}, MALFORMED),
    ("null_item", {}, MALFORMED),
    ("lone_surrogate", {}, MALFORMED),
    ("miscased_next_token", {}, MALFORMED),
    ("empty_next_token", {}, PAGINATION),
    ("same_next_token", {}, PAGINATION),
    ("alternating_next_token", {}, PAGINATION),
    ("endless_next_token", {}, PAGINATION),
]
LOOPS = ("same_next_token", "alternating_next_token", "endless_next_token", "empty_pages", "repeated_pages")
TIMES: list[tuple[str, dict[str, Any], str]] = [
    ("millisecond_timestamps", {}, MALFORMED),
    ("unparsable_timestamps", {}, MALFORMED),
    ("boolean_timestamps", {}, MALFORMED),
    ("infinite_timestamps", {}, MALFORMED),
]
SPECIAL: list[tuple[str, str, dict[str, Any], str]] = [
    ("ListPersonalAccessTokens", "body", {"body": '{"PersonalAccessTokenSummaries": {}}'}, MALFORMED),
    ("ListPersonalAccessTokens", "body", {"body": '{"PersonalAccessTokenSummaries": ""}'}, MALFORMED),
    ("ListPersonalAccessTokens", "body", {"body": TWICE}, MALFORMED),
    ("ListPersonalAccessTokens", "body", {"body": "", "status": 301}, "301"),
    ("DescribeUser", "extra_field", {"field": "Name", "value": "ben"}, MALFORMED),
    ("DescribeOrganization", "body", {"body": f'{{"OrganizationId": "{NOBODY}", "State": "Active"}}'}, MALFORMED),
    ("ListPersonalAccessTokens", "miscased_field", {"field": "ExpiresTime"}, MALFORMED),
    ("ListPersonalAccessTokens", "extra_field", {"field": "Scopes", "value": "imap"}, MALFORMED),
    ("ListPersonalAccessTokens", "extra_field", {"field": "Scopes", "value": [1]}, MALFORMED),
    ("ListPersonalAccessTokens", "extra_field", {"field": "Name", "value": 1}, MALFORMED),
    ("ListOrganizations", "missing_field", {"field": "State"}, MALFORMED),
    ("ListOrganizations", "missing_field", {"field": "OrganizationId"}, MALFORMED),
    ("ListUsers", "missing_field", {"field": "Id"}, MALFORMED),
    ("DescribeOrganization", "missing_field", {"field": "State"}, MALFORMED),
    ("DescribeUser", "missing_field", {"field": "UserId"}, MALFORMED),
]
CASES = [
    *((operation, *fault) for operation in LISTINGS for fault in (*ANY_REPLY, *ANY_LISTING)),
    *((operation, *fault) for operation in DOCUMENTS for fault in ANY_REPLY),
    *((operation, *fault) for operation in ("ListPersonalAccessTokens", "ListUsers") for fault in TIMES),
    *SPECIAL,
]


@pytest.mark.parametrize(("operation", "kind", "details", "code"), CASES)
def test_a_fault_is_an_error_that_says_where(
    emulator: Emulator, gather: Gather, operation: str, kind: str, details: dict[str, Any], code: str
) -> None:
    options, page = LISTINGS[operation] if operation in LISTINGS else (DOCUMENTS[operation], None)
    # A loop of tokens begins on the first page; every other fault comes on one page alone.
    looping = kind in LOOPS
    emulator.faults.add(Fault(kind, operation=operation, page=None if looping else page, **details))
    with pytest.raises(PatrolError) as caught:
        gather(**options)
    error = caught.value
    assert error.error_code in code.split()
    assert error.operation == operation
    assert error.region == "us-east-1"
    assert error.organization_id == (None if operation == "ListOrganizations" else ACME)
    assert 1 < (error.page or 0) < 110 if looping else error.page == page
    for part in (operation, "us-east-1", error.organization_id, error.page and f"page {error.page}"):
        assert part is None or part in str(error)
    assert "Traceback" not in str(error)
    if kind == "access_denied":
        assert f"workmail:{operation}" in str(error.hint)


@pytest.mark.parametrize("operation", [*LISTINGS, *DOCUMENTS])
@pytest.mark.parametrize(("kind", "times"), [("throttle", 2), ("internal_error", 1), ("unavailable", 2), ("reset", 1)])
def test_calls_are_repeated_until_a_passing_fault_ends(
    emulator: Emulator, gather: Gather, aws: pytest.MonkeyPatch, operation: str, kind: str, times: int
) -> None:
    aws.delenv("AWS_MAX_ATTEMPTS")
    options, page = LISTINGS[operation] if operation in LISTINGS else (DOCUMENTS[operation], None)
    emulator.faults.add(Fault(kind, operation=operation, page=page, times=times))
    facts = gather(**options).result
    assert facts["complete"] and facts["summary"]["tokens"] == (2 if operation == "DescribeUser" else 5)
    assert not list(emulator.faults)


def test_fields_left_out_are_null_and_new_ones_are_kept(emulator: Emulator, gather: Gather) -> None:
    emulator.faults.add(Fault("missing_field", operation="ListPersonalAccessTokens", field="ExpiresTime", times=1))
    assert {token["expires_time"] for token in gather(organizations=[ACME]).result["personal_access_tokens"]} == {None}
    emulator.faults.add(Fault("extra_field", operation="ListPersonalAccessTokens", field="LastUsedIp", value="::1"))
    assert {token["last_used_ip"] for token in gather(organizations=[ACME]).result["personal_access_tokens"]} == {"::1"}


@pytest.mark.parametrize(("user", "page"), [(ANA, 2), ("ana", 1), ("ana", 2)])
def test_a_user_who_is_deleted_during_the_listing_is_an_error(
    emulator: Emulator, gather: Gather, user: str, page: int
) -> None:
    """Another organization may know the user, and then no other error would show that tokens are missing."""
    emulator.load({"Organizations": [{"Alias": "branch", "Users": [{"Id": ANA, "Name": "ana"}]}]})
    emulator.faults.add(
        Fault(
            "error",
            operation="ListPersonalAccessTokens",
            organization_id=ACME,
            page=page,
            code="EntityNotFoundException",
            message="gone",
        )
    )
    with pytest.raises(PatrolError, match="gone") as caught:
        gather(organizations=["acme", "branch"], users=[user], page_size=1)
    assert (caught.value.organization_id, caught.value.page) == (ACME, page)


def test_a_token_on_two_pages_counts_once(emulator: Emulator, gather: Gather) -> None:
    again = {**token(1, ANA), "DateCreated": 1767225600, "ExpiresTime": 1769904000, "DateLastUsed": 1769000000}
    emulator.faults.add(Fault("extra_item", operation="ListPersonalAccessTokens", page=2, value=again))
    facts = gather(organizations=[ACME], page_size=2).result
    assert [record["personal_access_token_id"] for record in facts["personal_access_tokens"]] == [
        f"pat-{number}" for number in range(1, 6)
    ]
    assert facts["summary"]["tokens"] == facts["summary"]["selected"] == facts["organizations"][0]["tokens"] == 5
    assert facts["summary"]["expired"] == 2 and facts["complete"] is True


def test_tokens_of_another_user_are_an_error(emulator: Emulator, gather: Gather) -> None:
    emulator.faults.add(
        Fault("extra_field", operation="ListPersonalAccessTokens", user_id=ANA, field="UserId", value=BEN)
    )
    with pytest.raises(PatrolError, match=f"of user '{BEN}', but only tokens of user '{ANA}'"):
        gather(organizations=[ACME], users=["ana"])


def test_an_organization_listed_twice_is_swept_once(emulator: Emulator, gather: Gather) -> None:
    entry = {"OrganizationId": ACME, "Alias": "acme", "State": "Active"}
    body = json.dumps({"OrganizationSummaries": [entry, entry]})
    emulator.faults.add(Fault("body", operation="ListOrganizations", body=body))
    facts = gather().result
    assert facts["summary"]["tokens"] == len(facts["personal_access_tokens"]) == 5


def test_a_null_next_token_is_the_end(emulator: Emulator, gather: Gather) -> None:
    body = '{"PersonalAccessTokenSummaries": [{"Name": null}], "NextToken": null}'
    emulator.faults.add(Fault("body", operation="ListPersonalAccessTokens", body=body))
    facts = gather(organizations=[ACME]).result
    assert facts["complete"] and facts["summary"]["tokens"] == 1


@pytest.mark.parametrize("tokens", ["AA", "ABA", "ABCB"])
def test_a_next_token_that_comes_again_is_an_error(emulator: Emulator, gather: Gather, tokens: str) -> None:
    """Also if the pages differ, so nothing else shows the loop."""
    for number, following in enumerate(tokens, 1):
        page = {"PersonalAccessTokenSummaries": [{"Name": f"Token {number}"}], "NextToken": following}
        emulator.faults.add(Fault("body", operation="ListPersonalAccessTokens", times=1, body=json.dumps(page)))
    with pytest.raises(PatrolError, match="NextToken is repeated") as caught:
        gather(organizations=[ACME])
    assert caught.value.error_code == PAGINATION and caught.value.page == len(tokens)


def test_an_empty_page_does_not_end_a_listing(emulator: Emulator, gather: Gather) -> None:
    emulator.faults.add(
        Fault(
            "body",
            operation="ListPersonalAccessTokens",
            times=1,
            body='{"PersonalAccessTokenSummaries": [], "NextToken": "once more"}',
        )
    )
    emulator.faults.add(
        Fault("body", operation="ListPersonalAccessTokens", times=1, body='{"PersonalAccessTokenSummaries": [{}]}')
    )
    assert gather(organizations=[ACME]).result["summary"]["tokens"] == 1
    assert emulator.requests[-1].parameters["NextToken"] == "once more"


@pytest.mark.parametrize(
    "kind",
    ["access_denied", "expired_credentials", "reset", "html", "truncated", "short_body", "invalid_utf8", "empty_body"],
)
@guards(
    "plugins/module_utils/_workmail/errors.py",
    'could not be understood: {name}"',
    'could not be understood: {name}: {error}"',
)
def test_a_role_that_cannot_be_assumed_is_an_error(emulator: Emulator, gather: Gather, kind: str) -> None:
    emulator.faults.add(Fault(kind, operation="AssumeRole"))
    with pytest.raises(PatrolError) as caught:
        gather(organizations=[ACME], assume_role_arn="arn:aws:iam::210987654321:role/auditor")
    assert caught.value.operation == "AssumeRole" and caught.value.region == "us-east-1"
    # What botocore says of a reply it cannot read holds the reply, and that the role's credentials.
    assert not re.search("AccessKeyId|SecretAccessKey|SessionToken>", str(caught.value))
    assert not [request for request in emulator.requests if request.service == "workmail"]


def test_one_failure_ends_a_sweep_soon(emulator: Emulator, gather: Gather) -> None:
    emulator.load({"Organizations": [{"Alias": f"many{number}"} for number in range(60)]})
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens"))
    with pytest.raises(PatrolError, match="workmail:ListPersonalAccessTokens"):
        gather(concurrency=2)
    asked = [request for request in emulator.requests if request.operation == "ListPersonalAccessTokens"]
    assert len(asked) < 30


def test_throttling_is_shared_by_all_calls(emulator: Emulator, gather: Gather, aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_MAX_ATTEMPTS", "8")
    aws.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    emulator.load({"Organizations": [{"Alias": f"many{number}"} for number in range(60)]})
    emulator.faults.add(Fault("throttle", operation="ListPersonalAccessTokens"))
    facts = gather(on_error="continue", concurrency=16).result
    asked = [request for request in emulator.requests if request.operation == "ListPersonalAccessTokens"]
    assert len(facts["errors"]) >= 60
    assert facts["retries"] == len(asked) - len(facts["errors"])
    # botocore's standard retries take 5 of the 500 that a client has; one client for each organization had 500 each.
    assert 0 < facts["retries"] <= 100


class TestOnErrorContinue:
    """With on_error: continue the rest is read, and the result says that it is incomplete."""

    def test_the_other_organizations_are_read(self, emulator: Emulator, gather: Gather) -> None:
        emulator.faults.add(Fault("truncated", operation="ListPersonalAccessTokens", organization_id=ACME, page=2))
        facts = gather(on_error="continue", page_size=2).result
        assert facts["complete"] is False
        assert [(error["error_code"], error["organization_id"], error["page"]) for error in facts["errors"]] == [
            (MALFORMED, ACME, 2)
        ]
        assert {token["organization_alias"] for token in facts["personal_access_tokens"]} == {"globex"}
        assert {entry["alias"]: entry["tokens"] for entry in facts["organizations"] if entry["state"] == "Active"} == {
            "acme": None,
            "globex": 1,
        }
        assert facts["summary"]["organizations"] == 1 and facts["summary"]["tokens"] == 1

    def test_a_region_that_cannot_be_listed_does_not_end_the_sweep(self, emulator: Emulator, gather: Gather) -> None:
        emulator.faults.add(Fault("access_denied", operation="ListOrganizations", times=1))
        facts = gather(on_error="continue", regions=["us-east-1", "eu-west-1"], concurrency=1).result
        assert facts["complete"] is False
        assert [error["region"] for error in facts["errors"]] == ["us-east-1"]
        assert [entry["alias"] for entry in facts["organizations"]] == ["initech"]

    def test_an_organization_whose_owners_cannot_be_read_is_incomplete(
        self, emulator: Emulator, gather: Gather
    ) -> None:
        emulator.faults.add(Fault("null_list", operation="ListUsers", organization_id=ACME))
        facts = gather(organizations=["acme", "globex"], on_error="continue", owners=True).result
        assert facts["complete"] is False
        assert {token["organization_alias"] for token in facts["personal_access_tokens"]} == {"globex"}

    def test_a_given_organization_that_is_not_active_is_an_error(self, emulator: Emulator, gather: Gather) -> None:
        facts = gather(organizations=["gone", "globex"], on_error="continue").result
        assert facts["complete"] is False
        assert [error["error_code"] for error in facts["errors"]] == ["OrganizationStateException"]
        assert facts["summary"]["tokens"] == 1

    def test_a_user_who_cannot_be_read_is_an_error(self, emulator: Emulator, gather: Gather) -> None:
        emulator.faults.add(Fault("html", operation="ListPersonalAccessTokens", user_id=ANA))
        facts = gather(organizations=[ACME], users=["ana", "ben"], on_error="continue").result
        assert facts["complete"] is False
        assert [entry["tokens"] for entry in facts["organizations"]] == [None]
        assert facts["summary"]["organizations"] == 0
        assert len(facts["personal_access_tokens"]) == facts["summary"]["tokens"] == 2

    def test_a_user_who_is_in_no_organization_is_an_error(self, emulator: Emulator, gather: Gather) -> None:
        facts = gather(organizations=[ACME], users=["ana", "nobody"], on_error="continue").result
        assert facts["complete"] is False
        [error] = facts["errors"]
        assert error["error_code"] == "EntityNotFoundException"
        assert (error["organization_id"], error["region"]) == (ACME, "us-east-1")
        assert [entry["tokens"] for entry in facts["organizations"]] == [2]
        assert len(facts["personal_access_tokens"]) == facts["summary"]["tokens"] == 2

    def test_a_role_that_cannot_be_assumed_is_an_error(self, emulator: Emulator, gather: Gather) -> None:
        emulator.faults.add(Fault("access_denied", operation="AssumeRole"))
        facts = gather(on_error="continue", assume_role_arn="arn:aws:iam::210987654321:role/auditor").result
        assert facts["complete"] is False and facts["summary"]["organizations"] == 0
        assert re.search("sts:AssumeRole", facts["errors"][0]["hint"])
