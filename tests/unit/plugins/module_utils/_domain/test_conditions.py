# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
from typing import Any

import pytest
from condition_oracle import SIMPLE, Unknown, documents, oracle
from guarding import guards
from hypothesis import example, given, settings
from hypothesis import strategies as st
from token_strategies import ACME, NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import (
    CONDITIONS,
    DEEPEST,
    parse_conditions,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import IndeterminateError, OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import (
    Owner,
    Token,
    to_record,
    token_from_record,
    token_from_summary,
)


def test_the_oracle_knows_every_condition() -> None:
    assert SIMPLE.keys() == CONDITIONS.keys()


@given(documents, tokens)
@example({}, token_from_summary({"DateCreated": NOW}, ACME))
@example({"expired": True}, token_from_summary({"DateCreated": NOW, "ExpiresTime": NOW}, ACME))
def test_conditions_agree_with_the_oracle(document: dict[str, Any], token: Token) -> None:
    agree_with_the_oracle(document, token)


def agree_with_the_oracle(document: dict[str, Any], token: Token) -> None:
    record = to_record(token, NOW)
    as_of = datetime.datetime.fromtimestamp(NOW / 1_000_000, datetime.UTC)
    conditions = parse_conditions(document, "select")
    for same in (token, token_from_record(record)):
        try:
            expected = oracle(document, {"owner": None, **record}, as_of)
        except Unknown:
            with pytest.raises(IndeterminateError):
                conditions.matches(same, NOW)
        else:
            assert conditions.matches(same, NOW) is expected


@pytest.mark.parametrize("name", CONDITIONS)
@settings(max_examples=20)
@given(st.data())
def test_the_oracle_judges_every_condition(name: str, data: st.DataObject) -> None:
    agree_with_the_oracle({name: data.draw(SIMPLE[name])}, data.draw(tokens))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"expird": True},
            r"^select\.expird: unknown condition, did you mean expired\? Expected expired, ",
        ),
        ({"colour": "red"}, r"^select\.colour: unknown condition, expected expired, "),
        ({1: True}, r"^select\.1: unknown condition"),
        ({"expired": 1}, r"^select\.expired: expected true or false, got 1$"),
        ({"expired": None}, r"^select\.expired: expected true or false, got nothing$"),
        ({"unused_for": "90"}, r"^select\.unused_for: '90' is not a valid duration"),
        ({"expires_after": "2026-01"}, r"^select\.expires_after: '2026-01' is not a valid time"),
        ({"expires_after": "2026-02-30"}, r"^select\.expires_after: '2026-02-30' is not a valid time"),
        ({"name": "x" * 2_001}, r"^select: has a text of 2001 characters; at most 2000 are allowed$"),
        ({"name": {"a" * 65: 1}}, r"^select\.name: expected a list of strings"),
        ({"a" * 65: 1}, r"^select\.'aaa.*': unknown condition, expected "),
        ({"": 1}, r"^select\.'': unknown condition, expected "),
        (
            {"expird": 1, "not": {"any": [{"x": 1}, {"name": 1}]}},
            r"^3 mistakes: \(1\) select\.expird: .*; \(2\) .*any\[0\]\.x: .*; \(3\) select\.not\.any\[1\]\.name: ",
        ),
        ({"expires_after": "2026-01-02T03:04:05"}, r"^select\.expires_after: .* has no offset"),
        ({"name": []}, r"^select\.name: expected a list of at least one non-empty string, got \[\]$"),
        ({"name": [""]}, r"^select\.name: expected a list of at least one non-empty string, got \[''\]$"),
        ({"name": [1]}, r"^select\.name: expected a list of strings"),
        ({"account": 111111111111}, r"^select\.account: expected strings, got 111111111111; quote account IDs"),
        ({"account": ["a", 111111111111]}, r"^select\.account: expected strings, got .*; quote account IDs"),
        ({"account": []}, r"^select\.account: expected a list of at least one non-empty string"),
        ({"account": [None]}, r"^select\.account: expected a list of strings"),
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
@guards("plugins/module_utils/_domain/conditions.py", "    if required and not document:")
def test_bad_conditions_are_refused(document: object, message: str) -> None:
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
        ({"scopes_any": "imap"}, {}),
        ({"scopes_outside": "imap"}, {}),
        ({"scopes_outside": []}, {"Scopes": None}),
        ({"not": {"scopes_any": "imap"}}, {}),
    ],
)
@guards(
    "plugins/module_utils/_domain/conditions.py",
    '    if value is None:\n        raise _indeterminate(token, condition, f"has no {field}")\n    return value\n',
    "    return value or 0 or frozenset()\n",
)
def test_a_condition_on_a_missing_field_is_an_error(document: dict[str, Any], summary: dict[str, Any]) -> None:
    with pytest.raises(IndeterminateError, match="cannot be evaluated: token pat-1 has no (date|scopes)"):
        parse_conditions(document, "select").matches(
            token_from_summary({"PersonalAccessTokenId": "pat-1", **summary}, ACME), NOW
        )


@guards("plugins/module_utils/_domain/conditions.py", "    if state not in OWNER_STATES:\n        raise _indeterminate")
@pytest.mark.parametrize("state", ["SUSPENDED", "enabled", None])
def test_a_condition_on_an_undocumented_owner_state_is_an_error(state: str | None) -> None:
    token = token_from_summary({"PersonalAccessTokenId": "pat-1"}, ACME, Owner("u-1", state=state))
    for wanted in ("ENABLED", ["DISABLED", "DELETED", "UNKNOWN"]):
        with pytest.raises(IndeterminateError, match="token pat-1 has an owner in the unknown state"):
            parse_conditions({"owner_state": wanted}, "select").matches(token, NOW)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"owner": "*"}, "user_id"),
        ({"owner_linked": False}, "user_id"),
        ({"personal_access_token_id": "pat-1"}, "personal_access_token_id"),
    ],
)
def test_a_condition_on_a_missing_identity_is_an_error(document: dict[str, Any], field: str) -> None:
    token = token_from_summary({}, ACME, Owner(None))
    with pytest.raises(IndeterminateError, match=f"token None has no {field}"):
        parse_conditions(document, "select").matches(token, NOW)
    assert parse_conditions({"owner_state": "UNKNOWN"}, "select").matches(token, NOW)


PRODUCTION = ("111111111111", "Production")


@pytest.mark.parametrize(
    ("globs", "account", "met"),
    [
        ("111111111111", PRODUCTION, True),
        (["2*", "production"], PRODUCTION, True),
        (["prod*"], PRODUCTION, True),
        (["1111*"], ("111111111111", None), True),
        (["222222222222", "?11111111111"], ("111111111111", None), True),
        (["2*"], ("111111111111", None), False),
        (["sandbox"], PRODUCTION, False),
        (["prod*", "1*"], ("111111111111", None), True),
        (["1*"], (None, None), "account_id"),
        (["*"], (None, None), "account_id"),
        (["prod*"], ("111111111111", None), "account_name"),
        (["prod*", "2*"], ("111111111111", None), "account_name"),
    ],
    ids=repr,
)
@guards(
    "plugins/module_utils/_domain/conditions.py",
    '    _known(token, token.account_id, "account_id", "account")\n',
    "",
)
@guards("plugins/module_utils/_domain/conditions.py", "    if globs.by_name and token.account_name is None:")
def test_a_condition_on_an_unknown_account_is_an_error(globs: Any, account: Any, met: bool | str) -> None:
    account_id, name = account
    token = token_from_summary({"PersonalAccessTokenId": "pat-1"}, ACME)
    token = token._replace(account_id=account_id, account_name=name)
    conditions = parse_conditions({"account": globs}, "select")
    if isinstance(met, bool):
        assert conditions.matches(token, NOW) is met
        return
    with pytest.raises(IndeterminateError, match=f"account cannot be evaluated: token pat-1 has no {met}") as caught:
        conditions.matches(token, NOW)
    hint = caught.value.hint or ""
    assert hint.startswith("The names of accounts come from AWS Organizations. Use account IDs") == (
        met == "account_name"
    )


def test_a_token_without_a_name_matches_no_name() -> None:
    """A name is the user's to give; without one the token is not called anything."""
    token = token_from_summary({}, ACME)
    assert not parse_conditions({"name": "*"}, "select").matches(token, NOW)
    assert parse_conditions({"scopes_outside": []}, "select").matches(token._replace(scopes=["imap"]), NOW)
    assert not parse_conditions({"scopes_outside": []}, "select").matches(token._replace(scopes=[]), NOW)


def test_owner_conditions_refuse_a_token_without_owner() -> None:
    with pytest.raises(OptionError, match="gather the tokens with owners: true"):
        parse_conditions({"owner": "*"}, "conditions").matches(token_from_summary({}, ACME), NOW)


@pytest.mark.parametrize("text", ["true", "True", "yes"])
def test_booleans_can_be_text_of_a_template(text: str) -> None:
    expired = token_from_summary({"ExpiresTime": NOW}, ACME)
    assert parse_conditions({"expired": text}, "select").matches(expired, NOW)


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {"expired": True}
    for _level in range(levels):
        document = {"not": document}
    return document


@guards("plugins/module_utils/_domain/conditions.py", "        if depth > DEEPEST:")
def test_conditions_that_are_nested_too_deeply_are_refused() -> None:
    parse_conditions(nested(DEEPEST - 2), "select")
    for levels in (DEEPEST - 1, 900, 100_000):
        with pytest.raises(OptionError, match=r"^select: is nested too deeply; at most 32 levels are allowed$"):
            parse_conditions(nested(levels), "select")


@guards("plugins/module_utils/_domain/conditions.py", "        if parts + len(waiting) + len(inner) > MOST_PARTS:")
def test_conditions_that_aliases_make_too_large_are_refused() -> None:
    document: Any = {"expired": True}
    for _level in range(10):
        document = {"any": [document] * 3}
    with pytest.raises(OptionError, match=r"^select: is too large; at most 20000 keys and values are allowed"):
        parse_conditions(document, "select")


@guards("plugins/module_utils/_domain/conditions.py", "match(_composed(text))", "match(text)")
@guards("plugins/module_utils/_domain/conditions.py", "fnmatch.translate(_composed(glob))", "fnmatch.translate(glob)")
@pytest.mark.parametrize("condition", ["name", "organization", "owner"])
def test_accents_are_equal_however_they_are_written(condition: str) -> None:
    """Otherwise, a protected name would not be protected if it comes from a macOS machine."""
    composed, decomposed = "B\u00fcro", "Bu\u0308ro"
    for glob, text in ((composed, decomposed), (decomposed, composed), ("B?ro", decomposed)):
        named = token_from_summary({"Name": text, "UserId": "u"}, ACME._replace(alias=text), Owner("u", text))
        assert parse_conditions({condition: glob}, "protected").matches(named, NOW)
