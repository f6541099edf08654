# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of fault, as it looks on the wire, and which requests a fault hits."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError

from workmail_emulator import Emulator, Fault
from workmail_emulator.faults import KINDS

ORGANIZATION_ID = "m-" + "0123456789abcdef" * 2
ITEMS = "PersonalAccessTokenSummaries"


def typed(status: int, code: str, message: str) -> Callable[[Any, Any], None]:
    def check(answer: Any, real: Any) -> None:
        assert (answer.status, answer.json) == (status, {"__type": code, "message": message})
        assert answer.content_type == "application/x-amz-json-1.1"

    return check


def changed(change: Callable[[Any], None]) -> Callable[[Any, Any], None]:
    """Return a check that the reply is the real one with this change made."""

    def check(answer: Any, real: Any) -> None:
        expected = real.json
        change(expected)
        assert (answer.status, answer.json) == (200, expected)

    return check


def every_item(change: Callable[[dict[str, Any]], None]) -> Callable[[Any, Any], None]:
    return changed(lambda document: [change(item) for item in document[ITEMS]])


def timestamps(change: Callable[[Any], Any]) -> Callable[[Any, Any], None]:
    names = ("DateCreated", "DateLastUsed", "ExpiresTime")
    return every_item(lambda item: item.update({name: change(item[name]) for name in names}))


def verbatim(status: int, content_type: str, body: bytes) -> Callable[[Any, Any], None]:
    def check(answer: Any, real: Any) -> None:
        assert (answer.status, answer.content_type, answer.body) == (status, content_type, body)

    return check


def login_page(answer: Any, real: Any) -> None:
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert answer.body.startswith(b"<!DOCTYPE html>")


def cut(answer: Any, real: Any) -> None:
    assert answer.body == real.body[: len(real.body) // 2]
    with pytest.raises(ValueError, match="(Unterminated|Expecting|Invalid)"):
        json.loads(answer.body)


def not_utf8(answer: Any, real: Any) -> None:
    assert answer.body.replace(b"\xff", b"") == real.body
    assert b'"\xfftoken-000"' in answer.body


def lone_surrogate(answer: Any, real: Any) -> None:
    assert answer.json[ITEMS][0]["Name"] == real.json[ITEMS][0]["Name"] + "\ud800"
    assert b'\\ud800"' in answer.body


def bare_infinity(answer: Any, real: Any) -> None:
    assert answer.body.count(b": Infinity") == 300


def fresh_token(answer: Any, real: Any) -> None:
    assert answer.json[ITEMS] == real.json[ITEMS]
    assert answer.json["NextToken"] != real.json["NextToken"]


def empty_page(answer: Any, real: Any) -> None:
    assert answer.json[ITEMS] == []
    assert answer.json["NextToken"] != real.json["NextToken"]


def compare(found: Any, expected: Any) -> None:
    assert found == expected


def miscase(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.update({name[0].lower() + name[1:]: document.pop(name)})


ERROR = {"__type": "InternalServerException", "message": "An internal error occurred."}
REFUSED = (
    f"User: arn:aws:iam::123456789012:user/emulated is not authorized to perform: workmail:ListPersonalAccessTokens on "
    f"resource: arn:aws:workmail:us-east-1:123456789012:organization/{ORGANIZATION_ID} because no identity-based "
    "policy allows the workmail:ListPersonalAccessTokens action"
)

SEEN: dict[str, tuple[dict[str, Any], Callable[[Any, Any], None]]] = {
    "throttle": ({}, typed(400, "ThrottlingException", "Rate exceeded")),
    "internal_error": ({}, typed(500, "InternalServerException", "An internal error occurred.")),
    "unavailable": ({}, typed(503, "ServiceUnavailableException", "The service is unavailable.")),
    "error": ({"code": "Odd", "message": "text", "status": 418}, typed(418, "Odd", "text")),
    "access_denied": ({}, typed(400, "AccessDeniedException", REFUSED)),
    "expired_credentials": (
        {},
        typed(400, "ExpiredTokenException", "The security token included in the request is expired"),
    ),
    "delay": ({"seconds": 0}, changed(lambda document: None)),
    "truncated": ({}, cut),
    "html": ({}, login_page),
    "empty_body": ({}, verbatim(200, "application/x-amz-json-1.1", b"")),
    "empty_object": ({}, verbatim(200, "application/x-amz-json-1.1", b"{}")),
    "invalid_utf8": ({}, not_utf8),
    "body": (
        {"body": "\ud800 teapot", "status": 201, "content_type": "text/plain"},
        verbatim(201, "text/plain", b"\xed\xa0\x80 teapot"),
    ),
    "miscased_key": ({}, changed(miscase(ITEMS))),
    "null_list": ({}, changed(lambda document: document.update({ITEMS: None}))),
    "missing_list": ({}, changed(lambda document: document.pop(ITEMS))),
    "not_a_list": (
        {},
        changed(lambda document: document.update({ITEMS: {str(n): i for n, i in enumerate(document[ITEMS])}})),
    ),
    "null_item": ({}, changed(lambda document: document[ITEMS].insert(50, None))),
    "extra_item": ({"value": {"Name": "x"}}, changed(lambda document: document[ITEMS].append({"Name": "x"}))),
    "error_beside_list": ({}, changed(lambda document: document.update(ERROR))),
    "error_for_list": ({}, lambda answer, real: compare(answer.json, {ITEMS: [], **ERROR})),
    "repeated_item": ({}, changed(lambda document: document[ITEMS].append(document[ITEMS][0]))),
    "missing_next_token": ({}, changed(lambda document: document.pop("NextToken"))),
    "empty_page": ({}, empty_page),
    "empty_pages": ({}, empty_page),
    "repeated_pages": ({}, changed(lambda document: None)),
    "miscased_next_token": ({}, changed(miscase("NextToken"))),
    "empty_next_token": ({}, changed(lambda document: document.update(NextToken=""))),
    "same_next_token": ({}, fresh_token),
    "alternating_next_token": ({}, fresh_token),
    "endless_next_token": ({}, fresh_token),
    "millisecond_timestamps": ({}, timestamps(lambda seconds: seconds * 1000)),
    "unparsable_timestamps": ({}, timestamps(lambda seconds: "yesterday")),
    "boolean_timestamps": ({}, timestamps(lambda seconds: True)),
    "infinite_timestamps": ({}, bare_infinity),
    "lone_surrogate": ({}, lone_surrogate),
    "missing_field": ({"field": "Name"}, every_item(lambda item: item.pop("Name"))),
    "miscased_field": ({"field": "UserId"}, every_item(miscase("UserId"))),
    "extra_field": ({"field": "New", "value": {"a": [1]}}, every_item(lambda item: item.update(New={"a": [1]}))),
}


MEANWHILE = {
    "deleted_meanwhile": ("ResourceNotFoundException", None),
    "used_meanwhile": (None, pytest.approx(time.time(), abs=3600)),
}


def test_every_kind_has_a_test() -> None:
    assert {*SEEN, *MEANWHILE, "reset", "short_body", "changed_element", "other_account"} == KINDS.keys()


@pytest.mark.parametrize("kind", SEEN)
def test_each_kind_changes_one_reply(emulator: Emulator, listing: Any, kind: str) -> None:
    details, check = SEEN[kind]
    real = listing()
    emulator.faults.add(Fault(kind, operation="ListPersonalAccessTokens", times=1, **details))
    check(listing(), real)
    assert [entry.fault for entry in emulator.requests] == [None, kind]
    assert listing().body == real.body


@pytest.mark.parametrize("kind", MEANWHILE)
def test_a_token_is_changed_by_others_during_a_request(emulator: Emulator, call: Any, kind: str) -> None:
    error, last_used = MEANWHILE[kind]
    one, other = ({"OrganizationId": ORGANIZATION_ID, "PersonalAccessTokenId": f"token-00{n}"} for n in (1, 2))
    emulator.faults.add(Fault(kind, operation="GetPersonalAccessTokenMetadata", personal_access_token_id="token-001"))
    assert call("GetPersonalAccessTokenMetadata", other).json["DateLastUsed"] == 1767323046
    reply = call("GetPersonalAccessTokenMetadata", one).json
    assert (reply.get("__type"), reply.get("DateLastUsed")) == (error, last_used)
    assert call("GetPersonalAccessTokenMetadata", {**one, "OrganizationId": "m-" + "0" * 32}).status == 400


def test_reset_drops_the_connection(emulator: Emulator, listing: Any) -> None:
    emulator.faults.add(Fault("reset", times=1))
    with pytest.raises(ConnectionResetError):
        listing()
    assert (emulator.requests[0].fault, emulator.requests[0].status) == ("reset", None)
    assert listing().status == 200


def test_short_body_ends_before_its_length(emulator: Emulator, listing: Any) -> None:
    real = listing().body
    emulator.faults.add(Fault("short_body", times=1))
    with pytest.raises(http.client.IncompleteRead) as short:
        listing()
    assert short.value.partial == real[: len(real) // 2]
    assert short.value.expected == len(real) - len(real) // 2


def test_a_reply_can_be_delayed(emulator: Emulator, listing: Any) -> None:
    emulator.faults.add(Fault("delay", seconds=0.05))
    started = time.monotonic()
    assert listing().status == 200
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(
    ("operation", "kind", "details", "expected"),
    [
        ("DescribeUser", "missing_field", {"field": "Name"}, lambda user: user.pop("Name")),
        ("DescribeUser", "miscased_field", {"field": "UserId"}, miscase("UserId")),
        ("DescribeUser", "extra_field", {"field": "X", "value": None}, lambda user: user.update(X=None)),
        ("DescribeUser", "lone_surrogate", {}, lambda user: user.update(Name="alice\ud800")),
        ("DescribeUser", "boolean_timestamps", {}, lambda user: user.update(EnabledDate=True)),
        ("DescribeUser", "millisecond_timestamps", {}, lambda user: user.update(EnabledDate=1700000000500)),
        ("DescribeOrganization", "lone_surrogate", {}, lambda reply: reply.update(Alias="acme\ud800")),
        ("ListUsers", "lone_surrogate", {}, lambda reply: reply["Users"][0].update(Name="alice\ud800")),
        ("ListUsers", "null_list", {}, lambda reply: reply.update(Users=None)),
        ("ListOrganizations", "missing_list", {}, lambda reply: reply.pop("OrganizationSummaries")),
        ("DescribeUser", "null_list", {}, lambda user: None),
    ],
)
def test_replies_of_other_operations_can_have_faults(
    emulator: Emulator, call: Any, operation: str, kind: str, details: dict[str, Any], expected: Callable[[Any], None]
) -> None:
    given = {"OrganizationId": ORGANIZATION_ID, "UserId": "alice"}
    wanted = {"DescribeUser": 2, "ListUsers": 1, "DescribeOrganization": 1, "ListOrganizations": 0}[operation]
    parameters = dict(list(given.items())[:wanted])
    document = call(operation, parameters).json
    emulator.faults.add(Fault(kind, **details))
    expected(document)
    assert call(operation, parameters).json == document


def test_the_bytes_of_a_document_can_be_invalid(emulator: Emulator, call: Any) -> None:
    parameters = {"OrganizationId": ORGANIZATION_ID, "PersonalAccessTokenId": "token-001"}
    emulator.faults.add(Fault("invalid_utf8", times=1))
    assert b'"\xfftoken-001"' in call("GetPersonalAccessTokenMetadata", parameters).body
    emulator.faults.add(Fault("invalid_utf8", times=1))
    assert call("DeletePersonalAccessToken", parameters).body == b"{\xff}"


def test_an_error_reply_stays_as_it_is(emulator: Emulator, call: Any) -> None:
    emulator.faults.add(Fault("truncated"))
    answer = call("DescribeOrganization", {"OrganizationId": "m-" + "0" * 32})
    assert answer.json["__type"] == "OrganizationNotFoundException"


def pages(listing: Any, number: int) -> tuple[list[str], list[str]]:
    """Return the page tokens, and the first item's id, of this many pages."""
    tokens: list[str] = []
    firsts = []
    for _ in range(number):
        page = listing(**({"NextToken": tokens[-1]} if tokens else {})).json
        tokens.append(page["NextToken"])
        firsts.append(page[ITEMS][0]["PersonalAccessTokenId"])
    return tokens, firsts


def test_page_tokens_can_repeat_pages_without_end(emulator: Emulator, listing: Any) -> None:
    for kind, different in (("same_next_token", 1), ("alternating_next_token", 2), ("endless_next_token", 5)):
        emulator.faults.clear()
        emulator.requests.clear()
        emulator.faults.add(Fault(kind))
        tokens, firsts = pages(listing, 5)
        assert len(set(tokens)) == different
        assert tokens[0] == tokens[2] or kind == "endless_next_token"
        assert set(firsts) == {"token-000"}
        assert [entry.page for entry in emulator.requests] == [1, 2, 3, 4, 5]


def test_an_empty_page_comes_before_the_real_one(emulator: Emulator, listing: Any) -> None:
    real = listing().json
    for given in ({}, {"NextToken": real["NextToken"]}):
        expected = listing(**given).json
        emulator.faults.add(Fault("empty_page", times=2))
        for _ in range(2):
            empty = listing(**given).json
            assert empty[ITEMS] == []
            given = {"NextToken": empty["NextToken"]}
        assert listing(**given).json == expected


def test_a_listing_can_begin_again(emulator: Emulator, listing: Any) -> None:
    emulator.faults.add(Fault("repeated_pages"))
    _tokens, firsts = pages(listing, 5)
    assert firsts[0] == "token-000" and firsts.count("token-000") > 1 and len(set(firsts)) > 1


def test_a_fault_can_be_limited_to_a_page_and_a_number_of_times(emulator: Emulator, listing: Any) -> None:
    emulator.faults.add(Fault("throttle", operation="ListPersonalAccessTokens", page=2, times=2))
    following = {"NextToken": listing().json["NextToken"]}
    assert [listing(**following).status for _ in range(3)] == [400, 400, 200]
    assert listing().status == 200
    assert [(entry.page, entry.status, entry.fault) for entry in emulator.requests] == [
        (1, 200, None),
        (2, 400, "throttle"),
        (2, 400, "throttle"),
        (2, 200, None),
        (1, 200, None),
    ]


def test_a_fault_can_be_limited_to_an_organization_a_user_or_an_operation(
    emulator: Emulator, call: Any, listing: Any
) -> None:
    emulator.faults.add(Fault("throttle", organization_id="m-" + "1" * 32))
    emulator.faults.add(Fault("throttle", user_id="bob"))
    emulator.faults.add(Fault("throttle", operation="ListUsers"))
    assert listing().status == 200
    assert listing(UserId="bob").status == 400
    assert call("ListUsers", {"OrganizationId": ORGANIZATION_ID}).status == 400
    assert call("DescribeOrganization", {"OrganizationId": "m-" + "1" * 32}).json["__type"] == "ThrottlingException"
    assert len(emulator.faults) == 3
    emulator.faults.clear()
    assert listing(UserId="bob").status == 200


def test_the_oldest_fault_goes_first(emulator: Emulator, listing: Any) -> None:
    fault = Fault("throttle", times=1)
    for each in (fault, fault, Fault("html")):
        emulator.faults.add(each)
    assert [listing().status for _ in range(4)] == [400, 400, 200, 200]
    assert repr(list(emulator.faults)) == "[Fault(kind='html')]"


def test_faults_apply_to_sts(emulator: Emulator, client: Any) -> None:
    emulator.faults.add(Fault("access_denied", operation="AssumeRole", times=1))
    emulator.faults.add(Fault("expired_credentials", operation="GetCallerIdentity", times=1))
    sts = client("sts")
    with pytest.raises(ClientError, match=r"AccessDenied\).*sts:AssumeRole"):
        sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/audit", RoleSessionName="audit")
    with pytest.raises(ClientError, match="ExpiredToken\\)"):
        sts.get_caller_identity()
    assert sts.get_caller_identity()["Account"] == "123456789012"
    assert emulator.requests[0].parameters["RoleSessionName"] == "audit"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"kind": "explosion"}, "unknown kind of fault 'explosion'"),
        ({"kind": ["throttle"]}, "unknown kind of fault"),
        ({"kind": "throttle", "seconds": 1}, "does not take the detail 'seconds'"),
        ({"kind": "delay"}, "needs the detail 'seconds'"),
        ({"kind": "delay", "seconds": "1"}, "must not be '1'"),
        ({"kind": "delay", "seconds": True}, "must not be True"),
        ({"kind": "delay", "seconds": -1}, "must not be negative"),
        ({"kind": "throttle", "page": 0}, "whole number from 1"),
        ({"kind": "throttle", "times": 1.5}, "whole number from 1"),
        ({"kind": "throttle", "operation": 5}, "must be a string"),
        ({"operation": "ListUsers"}, 'with a "kind"'),
    ],
)
def test_invalid_faults_are_refused(request_raw: Any, arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Fault.from_dict(arguments)
    answer = request_raw("POST", "/_workmail/faults", json.dumps(arguments))
    assert answer.status == 400
    assert complaint in answer.json["error"]


def test_faults_are_added_listed_and_removed_over_http(request_raw: Any, listing: Any) -> None:
    fault = {"kind": "error", "code": "Odd", "page": 1, "times": 2}
    assert request_raw("POST", "/_workmail/faults", json.dumps(fault)).json == {}
    assert request_raw("GET", "/_workmail/faults").json == {"faults": [fault]}
    assert listing().json["__type"] == "Odd"
    assert request_raw("DELETE", "/_workmail/faults").json == {}
    assert listing().status == 200


def test_stopping_ends_a_delay(seed: Any) -> None:
    emulator = Emulator(seed)
    emulator.start()
    emulator.faults.add(Fault("delay", seconds=3600))
    connection = http.client.HTTPConnection(emulator.endpoint_url.removeprefix("http://"))
    waiting = Thread(target=connection.request, args=("GET", "/"))
    waiting.start()
    waiting.join()
    while not emulator.requests:
        pass
    started = time.monotonic()
    emulator.stop()
    connection.close()
    assert time.monotonic() - started < 5
