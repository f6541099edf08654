# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP replies without a server: every reply, whatever it contains, becomes data or a PatrolError."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from guarding import guards
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mutations import mutated

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._workmail import operations
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.replies import read_strictly

ACME = "m-" + "a" * 32
ANA = "11111111-1111-1111-1111-111111111111"
BEN = "22222222-2222-2222-2222-222222222222"
TOKENS = "PersonalAccessTokenSummaries"


class Service:
    """A client of WorkMail, and the replies that it gets: bodies or pairs of body and status, in order."""

    def __init__(self) -> None:
        credentials = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        config = Config(retries={"total_max_attempts": 1})
        self.client = boto3.session.Session(**credentials).client("workmail", region_name="us-east-1", config=config)
        read_strictly(self.client)
        self.client.meta.events.register("before-send.workmail", self._reply)
        self.replies: Iterator[Any] = iter(())
        self.headers: dict[str, str] = {}

    def _reply(self, **event: Any) -> AWSResponse:
        reply = next(self.replies)
        body, status = reply if isinstance(reply, tuple) else (reply, 200)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = AWSResponse("https://workmail.example", status, dict(self.headers), None)
        response._content = content
        return response

    def tokens(self, *replies: Any, user_id: str | None = None) -> list[dict[str, Any]]:
        """Read the tokens of an organization from these replies, which are all used."""
        self.replies = iter(replies)
        pages = operations.list_personal_access_tokens(self.client, ACME, user_id)
        found = [item for page in pages for item in page.items]
        assert next(self.replies, None) is None
        return found


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


def page(*tokens: Any, following: str | None = None, **fields: Any) -> dict[str, Any]:
    more = {} if following is None else {"NextToken": following}
    return {TOKENS: list(tokens), **more, **fields}


def token(number: int, **fields: Any) -> dict[str, Any]:
    return {"PersonalAccessTokenId": f"pat-{number}", "UserId": ANA, "Name": "phone", "DateCreated": 1.0, **fields}


def refusal(call: Callable[[], Any]) -> PatrolError:
    with pytest.raises(PatrolError) as caught:
        call()
    return caught.value


@guards("plugins/module_utils/_workmail/replies.py", "            if _ERROR_FIELD.fullmatch(name):")
@pytest.mark.parametrize(
    "fields",
    [
        {"__type": "com.amazonaws.workmail#AccessDeniedException", "message": "denied"},
        {"__type": "ThrottlingException"},
        {"message": "Internal server error"},
        {"Message": None},
        {"Error": {"Code": "AccessDenied"}},
        {"Errors": []},
        {"errorMessage": "timed out", "errorType": "Sandbox.Timedout"},
        {"Exception": "x"},
        {"Fault": {}},
    ],
)
def test_an_error_with_status_200_is_an_error(service: Service, fields: dict[str, Any]) -> None:
    for tokens in ([], [token(1)]):
        error = refusal(lambda tokens=tokens: service.tokens(page(*tokens, **fields)))
        assert error.error_code == "MalformedResponseException" and error.page == 1
        assert error.operation == "ListPersonalAccessTokens" and f"the field '{next(iter(fields))}'" in str(error)
    for name, call in DOCUMENTS.items():
        service.replies = iter([{**GOOD[name], **fields}])
        assert refusal(lambda call=call: call(service.client)).operation == name


GOOD: dict[str, dict[str, Any]] = {
    "DescribeOrganization": {"OrganizationId": ACME, "State": "Active"},
    "DescribeUser": {"UserId": ANA, "Name": "ana", "Email": "ana@acme.example"},
    "GetPersonalAccessTokenMetadata": {"PersonalAccessTokenId": "pat-1", "Status": "ACTIVE", "TokenType": "x"},
    "DescribeIdentityProviderConfiguration": {"AuthenticationMode": "IDENTITY_PROVIDER_ONLY"},
}
DOCUMENTS: dict[str, Callable[[Any], Any]] = {
    "DescribeOrganization": lambda client: operations.describe_organization(client, ACME),
    "DescribeUser": lambda client: operations.describe_user(client, ACME, "ana"),
    "GetPersonalAccessTokenMetadata": lambda client: operations.get_personal_access_token(client, ACME, "pat-1"),
    "DescribeIdentityProviderConfiguration": lambda client: operations.describe_identity_provider_configuration(
        client, ACME
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_new_fields_of_a_document_are_accepted(service: Service, name: str) -> None:
    service.replies = iter([{**GOOD[name], "NewField": 1, "Code": "x"}])
    assert DOCUMENTS[name](service.client) is not None


@guards("plugins/module_utils/_workmail/replies.py", "            if _CONTRADICTION.fullmatch(name):")
@pytest.mark.parametrize(
    "name", ["IsTruncated", "NextMarker", "NextPageToken", "ContinuationToken", "HasMore", "Cursor", "Status", "Failed"]
)
def test_an_unknown_field_that_suggests_more_entries_is_an_error(service: Service, name: str) -> None:
    assert f"the field '{name}' is unknown" in str(refusal(lambda: service.tokens(page(token(1), **{name: True}))))
    assert service.tokens(page(token(1), TotalCount=1, RequestId="x")) == [{**token(1), "DateCreated": 1_000_000}]


@guards("plugins/module_utils/_workmail/replies.py", "        if status != 200:")
@pytest.mark.parametrize("status", [201, 202, 203, 204, 206, 226, 300])
def test_a_reply_with_another_status_is_an_error(service: Service, status: int) -> None:
    assert f"its status is {status}" in str(refusal(lambda: service.tokens((page(), status))))


@guards(
    "plugins/module_utils/_workmail/replies.py",
    '        if _ERROR_HEADER in {str(name).lower() for name in response_dict.get("headers", ())}:',
)
def test_a_reply_with_the_header_of_an_error_is_an_error(service: Service) -> None:
    service.headers = {"x-amzn-ErrorType": "AccessDeniedException"}
    try:
        assert "header x-amzn-errortype" in str(refusal(lambda: service.tokens(page())))
    finally:
        service.headers = {}


def nested(depth: int) -> bytes:
    return b'{"PersonalAccessTokenSummaries": [{"New": %b%b}]}' % (b'{"a": ' * depth + b"1", b"}" * depth)


@guards(
    "plugins/module_utils/_workmail/replies.py", "    if isinstance(value, (dict, list)) and too_deep(value, _DEEPEST):"
)
@pytest.mark.parametrize("depth", [40, 500, 100_000])
def test_a_reply_that_is_nested_deeply_is_an_error(service: Service, depth: int) -> None:
    error = refusal(lambda: service.tokens(nested(depth)))
    assert "nested" in str(error) and error.error_code == "MalformedResponseException"
    assert service.tokens(nested(30))


@guards(
    "plugins/module_utils/_workmail/replies.py",
    '        if not isinstance(document, dict):\n            _refuse(f"{self._label} is not a JSON object")\n',
    "        if not isinstance(document, dict):\n            return\n",
)
@pytest.mark.parametrize("entry", [None, [], "pat-2", 2, True])
def test_an_entry_that_is_not_an_object_is_an_error(service: Service, entry: Any) -> None:
    error = refusal(lambda: service.tokens(page(token(1), entry)))
    assert "PersonalAccessTokenSummaries[] is not a JSON object" in str(error)
    assert error.error_code == "MalformedResponseException"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_not_json_is_an_error(service: Service, number: str) -> None:
    body = b'{"PersonalAccessTokenSummaries": [{"New": %b}]}' % number.encode()
    assert number in str(refusal(lambda: service.tokens(body)))


@guards(
    "plugins/module_utils/_workmail/operations.py",
    '        if user_id is not None and str(token.get("UserId")).casefold() != user_id.casefold():',
)
@pytest.mark.parametrize("wrong", [{"UserId": BEN}, {"UserId": None}, {"UserId": ""}])
def test_tokens_of_another_user_are_an_error(service: Service, wrong: dict[str, Any]) -> None:
    error = refusal(lambda: service.tokens(page(token(1), token(2, **wrong)), user_id=ANA))
    assert error.error_code == "MalformedResponseException" and error.page == 1
    assert "token 'pat-2'" in str(error) and ANA in str(error)
    assert len(service.tokens(page(token(1)), user_id=ANA.upper())) == 1
    assert len(service.tokens(page(token(1, UserId=None)))) == 1


@guards(
    "plugins/module_utils/_workmail/operations.py",
    "        if user.casefold() not in [str(reply.get(name)).casefold() for name in names]:",
)
def test_a_description_of_another_user_is_an_error(service: Service) -> None:
    for user in ("ANA", "Ana@acme.example", ANA):
        service.replies = iter([GOOD["DescribeUser"]])
        assert operations.describe_user(service.client, ACME, user) == ANA
    for user in ("ben", "ben@acme.example", BEN):
        service.replies = iter([GOOD["DescribeUser"]])
        error = refusal(lambda user=user: operations.describe_user(service.client, ACME, user))
        assert error.operation == "DescribeUser" and user in str(error)
    service.replies = iter([{"UserId": BEN, "Name": ANA}])
    refusal(lambda: operations.describe_user(service.client, ACME, ANA))


class TestListedTwice:
    """The entries of a listing can move between its pages while it is read."""

    @guards(
        "plugins/module_utils/_workmail/operations.py",
        "            news = entries.new_of(items)\n",
        "            news = items\n",
    )
    def test_a_token_counts_once(self, service: Service) -> None:
        used = token(1, DateLastUsed=2.0)
        found = service.tokens(page(token(1), token(2), token(2), following="a"), page(used, token(3)))
        assert [entry["PersonalAccessTokenId"] for entry in found] == ["pat-1", "pat-2", "pat-3"]
        assert "DateLastUsed" not in found[0]

    @pytest.mark.parametrize("other", [{}, {"Scopes": ["imap"]}, {"New": {"a": [1]}}, {"New": [[1], {}]}], ids=str)
    def test_the_order_of_fields_does_not_matter(self, service: Service, other: dict[str, Any]) -> None:
        turned = dict(reversed(token(1, **other).items()))
        assert len(service.tokens(page(token(1, **other), following="a"), page(turned, token(2)))) == 2

    @guards("plugins/module_utils/_workmail/operations.py", "            elif self._digests[key] != digest:")
    @pytest.mark.parametrize(
        "other",
        [{"ExpiresTime": 5.0}, {"UserId": BEN}, {"Scopes": ["imap"]}, {"New": 1}, {"New": {"a": 1}}, {"New": [[1]]}],
        ids=str,
    )
    def test_a_token_that_contradicts_itself_is_an_error(self, service: Service, other: dict[str, Any]) -> None:
        error = refusal(lambda: service.tokens(page(token(1), following="a"), page(token(1, **other))))
        assert "the entry 'pat-1' is listed again with different content" in str(error)
        assert (error.error_code, error.page) == ("PaginationException", 2)

    def test_tokens_without_an_id_all_count(self, service: Service) -> None:
        nameless = {"Name": "phone"}
        assert len(service.tokens(page(nameless, nameless, following="a"), page(nameless, token(1)))) == 4

    def test_organizations_and_users_count_once(self, service: Service) -> None:
        entry = {"OrganizationId": ACME, "State": "Active"}
        service.replies = iter([{"OrganizationSummaries": [entry, entry]}])
        assert len(operations.list_organizations(service.client)) == 1
        service.replies = iter([{"OrganizationSummaries": [entry, {**entry, "State": "Deleted"}]}])
        assert "listed again" in str(refusal(lambda: operations.list_organizations(service.client)))
        users = {"Users": [{"Id": ANA, "State": "ENABLED"}, {"Id": ANA, "State": "DISABLED"}]}
        service.replies = iter([users])
        assert "listed again" in str(refusal(lambda: operations.list_users(service.client, ACME)))


class TestListingsWithoutEnd:
    def endless(self, *pages: list[Any]) -> Iterator[Any]:
        """Return the pages again and again, each with a token that never was."""
        number = 0
        while True:
            for tokens in pages:
                number += 1
                yield page(*tokens, following=f"token-{number}")

    def read(self, service: Service, pages: Iterator[Any]) -> PatrolError:
        service.replies = pages
        return refusal(lambda: list(operations.list_personal_access_tokens(service.client, ACME)))

    @guards("plugins/module_utils/_workmail/operations.py", "        if self._quiet_pages > _MOST_PAGES_WITHOUT_NEWS:")
    @pytest.mark.parametrize(
        ("pages", "last"),
        [
            ([[]], 101),
            ([[token(1)], [token(2)]], 103),
            ([[token(1)], []], 102),
            ([[{"Name": "a"}], [{"Name": "b"}]], 103),
        ],
        ids=["empty", "the same again", "mixed", "without IDs"],
    )
    def test_pages_without_a_new_entry_end(self, service: Service, pages: list[Any], last: int) -> None:
        endless = self.endless(*pages)
        error = self.read(service, (next(endless) for _number in range(200)))
        assert (error.error_code, error.page) == ("PaginationException", last)
        assert "the last 101 pages have no new entry" in str(error)

    @guards("plugins/module_utils/_workmail/operations.py", "            if items and items == reply[items_key]:")
    def test_a_page_that_comes_again_at_once_is_an_error(self, service: Service) -> None:
        endless = self.endless([token(1)])
        error = self.read(service, (next(endless) for _number in range(200)))
        assert "the page repeats the one before it" in str(error) and error.page == 2

    @guards("plugins/module_utils/_workmail/operations.py", "            if number > _MOST_PAGES:")
    def test_a_listing_without_end_is_an_error(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(operations, "_MOST_PAGES", 5)
        error = self.read(service, (page(token(n), following=f"token-{n}") for n in range(20)))
        assert "more than 5 pages" in str(error) and error.page == 6

    def test_a_hundred_empty_pages_are_accepted(self, service: Service) -> None:
        pages = [page(following=f"token-{number}") for number in range(100)]
        assert len(service.tokens(*pages, page(token(1)))) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [TOKENS, "NextToken", "PersonalAccessTokenId", "UserId", "Name", "DateCreated", "Scopes", "Owner", "__type", "New"]
)
almost_tokens = st.dictionaries(names, json_values, max_size=4).flatmap(
    lambda changes: st.just({**token(1, Scopes=["imap"]), **changes})
)
almost_replies = st.builds(
    lambda tokens, changes, dropped: {
        name: value for name, value in {**page(*tokens), **changes}.items() if name not in dropped
    },
    st.lists(almost_tokens | json_values, max_size=3),
    st.dictionaries(names, json_values, max_size=2),
    st.sets(names, max_size=1),
)


@given(st.one_of(almost_replies.map(lambda reply: json.dumps(reply).encode()), st.binary(max_size=40)))
@example(b'{"PersonalAccessTokenSummaries": [{"ExpiresTime": 1' + b"0" * 4000 + b"}]}")
@example(b'{"PersonalAccessTokenSummaries": [{"ExpiresTime": 1' + b"0" * 6000 + b"}]}")
@example(b"[" * 100_000)
@example(b'{"a": ' * 900 + b"1" + b"}" * 900)
def test_a_malformed_reply_is_data_or_an_error_with_its_place(service: Service, body: bytes) -> None:
    service.replies = iter([body])
    listing = operations.list_personal_access_tokens(service.client, ACME)
    try:
        found = next(listing).items
    except PatrolError as error:
        assert error.operation == "ListPersonalAccessTokens" and error.page == 1 and error.organization_id == ACME
        assert error.error_code in ("MalformedResponseException", "PaginationException")
    else:
        assert all(isinstance(item, dict) for item in found)
        json.dumps(found, allow_nan=False).encode()


LISTED: dict[str, Callable[[Any], Any]] = {
    "ListOrganizations": operations.list_organizations,
    "ListUsers": lambda client: operations.list_users(client, ACME),
}
REPLIES: dict[str, dict[str, Any]] = {
    **GOOD,
    "ListOrganizations": {"OrganizationSummaries": [{"OrganizationId": ACME, "Alias": "acme", "State": "Active"}]},
    "ListUsers": {"Users": [{"Id": ANA, "Name": "ana", "State": "ENABLED", "DisabledDate": 1.0}]},
}


@pytest.mark.parametrize("name", REPLIES)
@given(data=st.data())
@settings(max_examples=40)
def test_any_reply_is_data_or_an_error_with_its_place(service: Service, name: str, data: st.DataObject) -> None:
    try:
        body = json.dumps(data.draw(mutated(REPLIES[name]))).encode()
    except (TypeError, ValueError):
        return
    service.replies = iter([body, {}])
    try:
        answer = {**DOCUMENTS, **LISTED}[name](service.client)
    except PatrolError as error:
        assert error.operation == name
        assert error.error_code in ("MalformedResponseException", "PaginationException")
    else:
        json.dumps(answer, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("12345678-1234-1234-1234-123456789012", True),
        ("S-1-1-12-1234567890-123456789-123456789-1234", True),
        ("ana", False),
        ("ana@acme.example", False),
        ("12345678-1234", False),
    ],
)
def test_user_ids_are_not_mistaken_for_names(user: str, expected: bool) -> None:
    assert operations.is_user_id(user) is expected
