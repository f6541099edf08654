# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from token_strategies import ACME, NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, SECOND
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import (
    Owner,
    Token,
    in_order,
    to_record,
    token_from_record,
    token_from_summary,
)


def test_a_record_has_all_fields_of_a_summary() -> None:
    summary = {
        "PersonalAccessTokenId": "pat-1",
        "UserId": "u-1",
        "Name": "Outlook",
        "DateCreated": NOW - 10 * DAY,
        "DateLastUsed": NOW - 3 * DAY + 1,
        "ExpiresTime": NOW + 20 * DAY,
        "Scopes": ["imap"],
        "added_later": {"x": 1},
    }
    assert to_record(token_from_summary(summary, ACME, Owner("u-1", "ana", disabled_date=NOW)), NOW) == {
        "account_id": None,
        "account_name": None,
        "organization_id": ACME.id,
        "organization_alias": "acme",
        "region": "us-east-1",
        "personal_access_token_id": "pat-1",
        "user_id": "u-1",
        "name": "Outlook",
        "date_created": "2027-01-05T08:00:00+00:00",
        "date_last_used": "2027-01-12T08:00:00.000001+00:00",
        "expires_time": "2027-02-04T08:00:00+00:00",
        "scopes": ["imap"],
        "added_later": {"x": 1},
        "expired": False,
        "never_used": False,
        "age_days": 10.0,
        "unused_days": 3.0,
        "lifetime_days": 30.0,
        "expires_in_days": 20.0,
        "owner": {
            "user_id": "u-1",
            "name": "ana",
            "email": None,
            "display_name": None,
            "state": "UNKNOWN",
            "disabled_date": "2027-01-15T08:00:00+00:00",
            "identity_provider_user_id": None,
        },
    }


def test_the_record_of_an_empty_summary_has_every_field() -> None:
    record = to_record(token_from_summary({}, ACME), NOW)
    assert {field for field, value in record.items() if value is not None} == {
        "organization_id",
        "organization_alias",
        "region",
        "expired",
        "never_used",
    }
    assert record["expired"] is False and record["never_used"] is True
    assert record.keys() - {"owner"} == to_record(token_from_summary({"Name": "x"}, ACME), NOW).keys()


@pytest.mark.parametrize(("offset", "expired"), [(-1, True), (0, True), (1, False)])
def test_a_token_is_expired_from_the_instant_of_its_expiry(offset: int, expired: bool) -> None:
    assert to_record(token_from_summary({"ExpiresTime": NOW + offset}, ACME), NOW)["expired"] is expired


def test_a_token_that_was_never_used_is_unused_since_its_creation() -> None:
    assert to_record(token_from_summary({"DateCreated": NOW - DAY}, ACME), NOW)["unused_days"] == 1.0


@given(tokens)
def test_a_record_can_be_judged_again(token: Token) -> None:
    assert to_record(token_from_record(to_record(token, NOW)), NOW + DAY) == to_record(token, NOW + DAY)


@given(st.lists(tokens), st.randoms(use_true_random=False))
def test_the_order_of_tokens_does_not_depend_on_the_order_of_the_input(many: list[Token], random: Any) -> None:
    shuffled = list(many)
    random.shuffle(shuffled)

    def keys(listed: list[Token]) -> list[Any]:
        return [
            (
                token.account_id or "",
                token.organization_id,
                token.date_created,
                token.personal_access_token_id or "",
            )
            for token in listed
        ]

    assert keys(in_order(many)) == keys(in_order(shuffled)) == sorted(keys(many))


def test_tokens_without_a_creation_date_come_last() -> None:
    undated = token_from_summary({"PersonalAccessTokenId": "a"}, ACME)
    dated = token_from_summary({"PersonalAccessTokenId": "b", "DateCreated": SECOND}, ACME)
    assert in_order([undated, dated]) == [dated, undated]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "^token: expected a record of a personal access token, got NoneType$"),
        ({}, "^token: not a record of a personal access token, it lacks organization_id, "),
        ({"expires_time": "yesterday"}, r"^token\.expires_time: 'yesterday' is not a valid time"),
        ({"owner": {"email": "x"}}, r"^token\.owner: expected user_id, name, email"),
    ],
)
@guards("plugins/module_utils/_domain/tokens.py", "    if missing:")
def test_another_value_is_not_a_record(record: Any, message: str) -> None:
    if record:
        record = {**to_record(token_from_summary({}, ACME), NOW), **record}
    with pytest.raises(OptionError, match=message):
        token_from_record(record)
