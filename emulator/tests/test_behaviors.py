# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviors that AWS does not document, each either way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workmail_emulator import Emulator

ORGANIZATION_ID = "m-" + "0123456789abcdef" * 2
ALICE = "11111111-1111-1111-1111-111111111111"
TOKEN = {"OrganizationId": ORGANIZATION_ID, "PersonalAccessTokenId": "token-001"}
MISSING = {**TOKEN, "PersonalAccessTokenId": "missing"}


@pytest.fixture
def seed() -> dict[str, Any]:
    tokens = [
        {"PersonalAccessTokenId": "token-001", "UserId": ALICE, "DateLastUsed": 1767323045.123, "ExpiresTime": "+1d"},
        {"PersonalAccessTokenId": "token-002", "UserId": ALICE, "ExpiresTime": "-1d"},
        {"PersonalAccessTokenId": "token-003", "UserId": ALICE},
    ]
    user = {"Id": ALICE, "Name": "alice", "Email": "alice@acme.example", "State": "ENABLED"}
    organization = {
        "OrganizationId": ORGANIZATION_ID,
        "Alias": "acme",
        "Users": [user],
        "PersonalAccessTokens": tokens,
    }
    return {"Organizations": [organization]}


def listed(listing: Any, **parameters: str) -> list[str]:
    return [token["PersonalAccessTokenId"] for token in listing(**parameters).json["PersonalAccessTokenSummaries"]]


def test_expired_tokens_can_be_removed(emulator: Emulator, listing: Any, call: Any) -> None:
    assert listed(listing) == ["token-001", "token-002", "token-003"]
    emulator.behave(expired_tokens="removed")
    assert listed(listing) == ["token-001", "token-003"]
    answer = call("GetPersonalAccessTokenMetadata", {**TOKEN, "PersonalAccessTokenId": "token-002"})
    assert answer.json["__type"] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [("exact", 1767323045.123), ("second", 1767323045), ("minute", 1767323040), ("day", 1767312000)],
)
def test_the_last_use_can_be_rounded(emulator: Emulator, listing: Any, call: Any, unit: str, seconds: float) -> None:
    emulator.behave(date_last_used=unit)
    assert listing().json["PersonalAccessTokenSummaries"][0]["DateLastUsed"] == seconds
    assert call("GetPersonalAccessTokenMetadata", TOKEN).json["DateLastUsed"] == seconds


@pytest.mark.parametrize("identifier", ["alice", "alice@acme.example"])
def test_listings_can_accept_only_the_id_of_a_user(emulator: Emulator, listing: Any, identifier: str) -> None:
    assert len(listed(listing, UserId=identifier)) == 3
    emulator.behave(user_id="id")
    assert listing(UserId=identifier).json["__type"] == "EntityNotFoundException"
    assert len(listed(listing, UserId=ALICE)) == 3


def test_deleting_a_missing_token_can_be_an_error(emulator: Emulator, call: Any) -> None:
    assert call("DeletePersonalAccessToken", MISSING).status == 200
    emulator.behave(delete_missing="ResourceNotFoundException")
    assert call("DeletePersonalAccessToken", MISSING).json["__type"] == "ResourceNotFoundException"
    assert call("DeletePersonalAccessToken", TOKEN).status == 200


def test_behaviors_are_set_over_http_until_the_next_reset(request_raw: Any) -> None:
    defaults = request_raw("GET", "/_workmail/behaviors").json
    chosen = {"user_id": "id", "date_last_used": "day"}
    assert request_raw("POST", "/_workmail/behaviors", json.dumps(chosen)).json == {}
    assert request_raw("GET", "/_workmail/behaviors").json == {**defaults, **chosen}
    for refused in ('{"color": "red"}', '{"user_id": "?", "date_last_used": "exact"}', '{"user_id": 1}', "[]", "no"):
        assert request_raw("POST", "/_workmail/behaviors", refused).status == 400
    assert request_raw("GET", "/_workmail/behaviors").json == {**defaults, **chosen}
    request_raw("POST", "/_workmail/reset")
    assert request_raw("GET", "/_workmail/behaviors").json == defaults
