# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import fnmatch
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from token_strategies import ACME, NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._conditions import CONDITIONS, parse_conditions
from ansible_collections.patrol.workmail.plugins.module_utils._errors import IndeterminateError, OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._time import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._tokens import (
    Token,
    project,
    token_from_record,
    token_from_summary,
)

days = st.integers(0, 400)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "expired": st.booleans(),
    "expires_within": days.map("{}d".format),
    "expires_after": st.integers(-400, 400).map(lambda day: format_instant(NOW + day * DAY)),
    "has_expiry": st.booleans(),
    "never_used": st.booleans(),
    "unused_for": days.map("{}d".format),
    "older_than": days.map("{}d".format),
    "lifetime_over": days.map("{}d".format),
    "name": st.lists(st.sampled_from(["*", "back*", "?????k laptop", "工作", "a[[]b]c"]), min_size=1),
    "personal_access_token_id": st.lists(st.sampled_from(["pat-1", "pat-3"]), min_size=1),
    "scopes_any": st.lists(st.sampled_from(["imap", "pop3"]), min_size=1),
    "scopes_outside": st.lists(st.sampled_from(["imap", "smtp"])),
    "organization": st.lists(st.sampled_from(["acme", "AC*", "globex", ACME.id]), min_size=1),
    "owner": st.lists(st.sampled_from(["svc-*@acme.example", "ana", "u-2", "nobody"]), min_size=1),
    "owner_state": st.lists(st.sampled_from(["ENABLED", "DELETED", "UNKNOWN"]), min_size=1),
    "owner_linked": st.booleans(),
}
flat = st.fixed_dictionaries({}, optional=SIMPLE)
documents = st.recursive(
    flat,
    lambda inner: st.fixed_dictionaries(
        {}, optional={**SIMPLE, "not": inner.filter(bool), "any": st.lists(inner.filter(bool), min_size=1, max_size=3)}
    ),
    max_leaves=6,
)


def oracle(document: dict[str, Any], record: dict[str, Any], as_of: datetime.datetime) -> bool:
    """The grammar once more, slowly and on the record that users see."""
    return all(_meets(name, value, record, as_of) for name, value in document.items())


def _meets(name: str, value: Any, record: dict[str, Any], as_of: datetime.datetime) -> bool:
    def moment(text: str) -> datetime.datetime:
        return datetime.datetime.fromisoformat(text)

    def duration(text: str) -> datetime.timedelta:
        return datetime.timedelta(days=int(text[:-1]))

    def like(text: str | None, fold: bool) -> bool:
        if text is None:
            return False
        return any(fnmatch.fnmatchcase(*((text.lower(), glob.lower()) if fold else (text, glob))) for glob in value)

    expires = record["expires_time"] and moment(record["expires_time"])
    created = moment(record["date_created"])
    used = record["date_last_used"] and moment(record["date_last_used"])
    owner = record["owner"]
    if name == "not":
        return not oracle(value, record, as_of)
    if name == "any":
        return any(oracle(choice, record, as_of) for choice in value)
    return bool(
        {
            "expired": lambda: (expires is not None and expires <= as_of) == value,
            "expires_within": lambda: expires and as_of < expires <= as_of + duration(value),
            "expires_after": lambda: expires and expires > moment(value),
            "has_expiry": lambda: (expires is not None) == value,
            "never_used": lambda: (used is None) == value,
            "unused_for": lambda: as_of - (used or created) >= duration(value),
            "older_than": lambda: as_of - created > duration(value),
            "lifetime_over": lambda: expires and expires - created > duration(value),
            "name": lambda: like(record["name"], False),
            "personal_access_token_id": lambda: record["personal_access_token_id"] in value,
            "scopes_any": lambda: set(value) & set(record["scopes"] or []),
            "scopes_outside": lambda: set(record["scopes"] or []) - set(value),
            "organization": lambda: like(record["organization_id"], True) or like(record["organization_alias"], True),
            "owner": lambda: any(like(owner[field], True) for field in ("user_id", "name", "email")),
            "owner_state": lambda: owner["state"] in value,
            "owner_linked": lambda: (owner["identity_provider_user_id"] is not None) == value,
        }[name]()
    )


def test_the_oracle_knows_every_condition() -> None:
    assert SIMPLE.keys() == CONDITIONS.keys()


@given(documents, tokens)
@example({}, token_from_summary({"DateCreated": NOW}, ACME))
@example({"expired": True}, token_from_summary({"DateCreated": NOW, "ExpiresTime": NOW}, ACME))
def test_conditions_agree_with_the_oracle(document: dict[str, Any], token: Token) -> None:
    record = project(token, NOW)
    as_of = datetime.datetime.fromtimestamp(NOW / 1_000_000, datetime.UTC)
    expected = oracle(document, {"owner": None, **record}, as_of)
    conditions = parse_conditions(document, "select")
    assert conditions.matches(token, NOW) is expected
    assert conditions.matches(token_from_record(record), NOW) is expected


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"expird": True}, r"^select\.expird: unknown condition, did you mean expired\?$"),
        ({"colour": "red"}, r"^select\.colour: unknown condition, expected expired, "),
        ({1: True}, r"^select\.1: unknown condition"),
        ({"expired": 1}, r"^select\.expired: expected true or false, got 1$"),
        ({"expired": None}, r"^select\.expired: expected true or false, got nothing$"),
        ({"unused_for": "90"}, r"^select\.unused_for: '90' is not a duration"),
        ({"expires_after": "2026-01-02"}, r"^select\.expires_after: '2026-01-02' is not an instant"),
        ({"expires_after": "2026-01-02T03:04:05"}, r"^select\.expires_after: .* has no offset"),
        ({"name": []}, r"^select\.name: expected a list of at least one non-empty string, got \[\]$"),
        ({"name": [""]}, r"^select\.name: expected a list of at least one non-empty string, got \[''\]$"),
        ({"name": [1]}, r"^select\.name: expected a list of strings"),
        ({"scopes_outside": {"a": 1}}, r"^select\.scopes_outside: expected a list of strings, got \{.*\}$"),
        (
            {"owner_state": "ENABELD"},
            r"^select\.owner_state: 'ENABELD' is not one of .*, did you mean ENABLED\?$",
        ),
        ({"owner_state": "X"}, r"^select\.owner_state: 'X' is not one of ENABLED, DISABLED, DELETED, UNKNOWN$"),
        ({"not": {}}, r"^select\.not: expected at least one condition$"),
        ({"not": True}, r"^select\.not: expected a mapping of conditions, got True$"),
        ({"not": {"not": {"expird": 1}}}, r"^select\.not\.not\.expird: unknown condition"),
        ({"any": []}, r"^select\.any: expected a list of at least one mapping"),
        ({"any": {"expired": True}}, r"^select\.any: expected a list .*, got \{.*\}$"),
        ({"any": [{"expired": True}, {}]}, r"^select\.any\[1\]: expected at least one condition$"),
        ("expired", r"^select: expected a mapping of conditions, got 'expired'$"),
    ],
)
def test_bad_conditions(document: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_conditions(document, "select")


@pytest.mark.parametrize(
    ("document", "needed"),
    [
        ({"expired": True}, False),
        ({"owner": "ana"}, True),
        ({"not": {"owner_state": "ENABLED"}}, True),
        ({"any": [{"expired": True}, {"owner_linked": False}]}, True),
    ],
)
def test_conditions_say_whether_they_need_owners(document: dict[str, Any], needed: bool) -> None:
    assert parse_conditions(document, "select").needs_owners is needed


@pytest.mark.parametrize(
    ("document", "summary"),
    [
        ({"older_than": "1d"}, {"DateLastUsed": NOW}),
        ({"unused_for": "1d"}, {}),
        ({"lifetime_over": "1d"}, {"ExpiresTime": NOW}),
        ({"not": {"older_than": "1d"}}, {}),
    ],
)
def test_a_missing_time_is_never_guessed(document: dict[str, Any], summary: dict[str, Any]) -> None:
    with pytest.raises(IndeterminateError, match="cannot be judged: token pat-1 has no date"):
        parse_conditions(document, "select").matches(
            token_from_summary({"PersonalAccessTokenId": "pat-1", **summary}, ACME), NOW
        )


def test_owner_conditions_refuse_a_token_without_owner() -> None:
    with pytest.raises(OptionError, match="gather with owners: true"):
        parse_conditions({"owner": "*"}, "conditions").matches(token_from_summary({}, ACME), NOW)


@pytest.mark.parametrize("text", ["true", "True", "yes"])
def test_templated_booleans(text: str) -> None:
    expired = token_from_summary({"ExpiresTime": NOW}, ACME)
    assert parse_conditions({"expired": text}, "select").matches(expired, NOW)
