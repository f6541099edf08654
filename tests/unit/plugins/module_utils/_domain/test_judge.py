# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import datetime
from typing import Any

import pytest
from condition_oracle import Unknown
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from policy_documents import VALID
from policy_oracle import naive, policies
from token_strategies import ACME, NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import audit
from ansible_collections.patrol.workmail.plugins.module_utils._domain.coverage import Coverage
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import (
    IndeterminateError,
    OptionError,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.judge import judge
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, parse_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import (
    Owner,
    Token,
    token_from_summary,
)


@given(policies(), st.lists(tokens, max_size=6), st.booleans())
def test_the_engine_agrees_with_the_oracle(policy: dict[str, Any], population: list[Token], complete: bool) -> None:
    given_policy = copy.deepcopy(policy)
    try:
        expected = naive(policy, population, complete)
    except Unknown:
        with pytest.raises(IndeterminateError):
            judge(parse_policy(policy), population, NOW)
        return
    coverage = Coverage([], [], len(population), [] if complete else [{"msg": "denied"}])
    result = audit(parse_policy(policy), population, NOW, coverage, NOW)
    assert policy == given_policy
    found = [
        (
            finding["rule_id"],
            finding["severity"],
            finding["exception"]["reason"] if finding["muted"] else finding["exception"],
            finding["token"],
        )
        for finding in result["findings"]
    ]
    assert sorted(found, key=repr) == sorted(expected["findings"], key=repr)
    ranks = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    assert [
        (
            ranks[severity],
            rule,
            record["account_id"] or "",
            record["organization_id"],
            record["personal_access_token_id"] or "",
        )
        for rule, severity, _reason, record in found
    ] == expected["order"]
    assert result["outcome"] == expected["outcome"]
    summary = result["summary"]
    assert summary["by_rule"] == expected["by_rule"] and summary["by_severity"] == expected["by_severity"]
    assert summary["findings"] == len(found)
    assert summary["muted"] == sum(finding["muted"] for finding in result["findings"])
    assert [exception["reason"] for exception in result["exceptions"]["expired"]] == expected["expired"]
    assert [exception["reason"] for exception in result["exceptions"]["unused"]] == expected["unused"]


@given(policies(), tokens)
def test_a_sweep_keeps_exactly_the_tokens_that_a_rule_finds(policy: dict[str, Any], token: Token) -> None:
    parsed = parse_policy(policy)
    try:
        found = bool(judge(parsed, [token], NOW).findings)
    except IndeterminateError:
        # A sweep keeps a token as soon as one rule finds it; the other rules are judged afterward.
        return
    assert parsed.when.matches(token, NOW) is found


@given(st.randoms(use_true_random=False), policies(), st.lists(tokens, max_size=6))
def test_the_order_of_the_tokens_does_not_matter(random: Any, policy: dict[str, Any], population: list[Token]) -> None:
    population = [token._replace(personal_access_token_id=f"pat-{n}") for n, token in enumerate(population)]
    parsed = parse_policy(policy)
    shuffled = random.sample(population, len(population))
    try:
        verdict = judge(parsed, population, NOW)
    except IndeterminateError:
        with pytest.raises(IndeterminateError):
            judge(parsed, shuffled, NOW)
    else:
        assert judge(parsed, shuffled, NOW) == verdict


@guards("plugins/module_utils/_domain/judge.py", 'return token.account_id or "", token', 'return "", token')
def test_findings_are_in_the_order_of_accounts_after_severity_and_rule() -> None:
    """The organization with the first ID is in the last account."""
    policy = {
        "version": 1,
        "rules": [
            {"id": "a", "severity": "low", "when": {"expired": True}},
            {"id": "b", "severity": "high", "when": {"expired": True}},
        ],
    }
    token = _expired_token(DateCreated=NOW - DAY, ExpiresTime=NOW - DAY)
    places = [("m-1", "333333333333"), ("m-2", "111111111111"), ("m-3", "111111111111")]
    population = [token._replace(organization_id=place, account_id=account) for place, account in places]
    found = [
        (finding["rule_id"], finding["token"]["organization_id"])
        for finding in judge(parse_policy(policy), population, NOW).findings
    ]
    assert found == [(rule, place) for rule in ("b", "a") for place in ("m-2", "m-3", "m-1")]


def _expired_token(**fields: Any) -> Token:
    summary = {
        "PersonalAccessTokenId": "pat-1",
        "Name": "backup",
        "DateCreated": NOW - 10 * DAY,
        "ExpiresTime": NOW - DAY,
    }
    return token_from_summary({**summary, **fields}, ACME)


@pytest.mark.parametrize(
    ("expires", "as_of", "muted"),
    [
        ("2026-12-31", "2026-12-31T23:59:59.999999Z", True),
        ("2026-12-31", "2027-01-01T00:00:00Z", False),
        ("2026-12-31", "2027-01-01T00:30:00+01:00", True),
        (datetime.date(2026, 12, 31), "2026-12-31T23:59:59Z", True),
        (datetime.date(2026, 12, 31), "2027-01-01T00:00:00Z", False),
        ("2026-12-31T12:00:00Z", "2026-12-31T11:59:59Z", True),
        ("2026-12-31T12:00:00Z", "2026-12-31T12:00:00Z", False),
        ("2026-12-31T12:00:00+02:00", "2026-12-31T10:00:00Z", False),
    ],
)
@guards(
    "plugins/module_utils/_domain/judge.py",
    "    active = [exception for exception in policy.exceptions if exception.end > as_of]\n",
    "    active = list(policy.exceptions)\n",
)
def test_an_exception_mutes_until_it_expires(expires: Any, as_of: str, muted: bool) -> None:
    policy = copy.deepcopy(VALID)
    policy["exceptions"][0].update(rules="expired", expires=expires)
    instant = parse_instant(as_of, "as_of")
    token = _expired_token(DateCreated=instant - DAY, ExpiresTime=instant)
    verdict = judge(parse_policy(policy), [token], instant)
    [finding] = verdict.findings
    assert finding["muted"] is muted
    if muted:
        assert finding["exception"]["reason"] == "TICKET-1" and not verdict.expired and not verdict.unused
    else:
        assert finding["exception"] is None and not verdict.unused
        assert [exception["reason"] for exception in verdict.expired] == ["TICKET-1"]


@guards("plugins/module_utils/_domain/judge.py", " if rule.id in active[index].rules), None)", "), None)")
def test_an_exception_mutes_only_findings_of_its_rules() -> None:
    policy = copy.deepcopy(VALID)
    policy["rules"][1]["when"] = {"older_than": "1d"}
    token = _expired_token(DateCreated=NOW - 99 * DAY, ExpiresTime=NOW - 90 * DAY)
    findings = judge(parse_policy(policy), [token], NOW - 30 * DAY).findings
    assert [(finding["rule_id"], finding["muted"]) for finding in findings] == [("expired", False), ("stale", True)]


@guards("plugins/module_utils/_domain/judge.py", "        if needs_owners and token.owner is None:")
def test_a_policy_with_owner_conditions_refuses_a_token_without_its_owner() -> None:
    """Also where no rule comes to ask: an exception, or a condition that another one makes needless."""
    policy = copy.deepcopy(VALID)
    policy["exceptions"][0]["match"] = {"owner": "ana"}
    parsed = parse_policy(policy)
    assert parsed.needs_owners
    with pytest.raises(OptionError, match="gather the tokens with owners: true"):
        judge(parsed, [_expired_token(ExpiresTime=NOW + DAY)], NOW)


def test_indeterminate_conditions_are_an_error() -> None:
    policy = parse_policy(VALID)
    with pytest.raises(IndeterminateError, match="unused_for cannot be evaluated"):
        judge(policy, [_expired_token(DateCreated=None)], NOW)


def test_a_message_is_the_description_and_a_summary_of_the_token() -> None:
    token = _expired_token(Name="a\n::error::b\u202e", DateLastUsed=NOW)
    token = token._replace(owner=Owner("u-1", "ana", "ana@acme.example", None, "DISABLED"))
    [finding] = judge(parse_policy(VALID), [token], NOW).findings
    assert finding["description"] == "Expired"
    assert finding["message"] == (
        'Expired: acme, token pat-1 "a?::error::b?" of ana@acme.example DISABLED, created 2027-01-05, '
        "last used 2027-01-15, expired 2027-01-14"
    )


def test_yaml_dates_become_text_in_results() -> None:
    policy = copy.deepcopy(VALID)
    instant = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    policy["exceptions"][0]["match"] = {"not": {"any": [{"expires_after": instant}]}}
    policy["exceptions"][0]["expires"] = datetime.date(2099, 1, 1)
    [unused] = judge(parse_policy(policy), [], NOW).unused
    assert unused == {
        "rules": ["stale"],
        "match": {"not": {"any": [{"expires_after": "2026-01-01T00:00:00+00:00"}]}},
        "reason": "TICKET-1",
        "expires": "2099-01-01",
    }


@pytest.mark.parametrize(("value", "flag"), [(False, False), ("false", False), ("True", True), (True, True)])
def test_a_rule_says_whether_it_may_revoke(value: object, flag: bool) -> None:
    rules = [{**VALID["rules"][0], "revoke": value}, VALID["rules"][1]]
    policy = parse_policy({"version": 1, "fail_on": "high", "rules": rules})
    assert [rule.revoke for rule in policy.rules] == [flag, True]
    # A finding below fail_on is not a violation, so its rule cannot revoke either.
    assert policy.can_revoke is flag
    token = token_from_summary({"PersonalAccessTokenId": "pat-1", "ExpiresTime": NOW, "DateCreated": NOW}, ACME)
    assert [finding["revoke"] for finding in judge(policy, [token], NOW).findings] == [flag]


def test_a_finding_describes_a_token_without_fields() -> None:
    bare = token_from_summary({}, ACME)._replace(owner=Owner(None, state=None))
    document = {"version": 1, "rules": [{"id": "all", "severity": "high", "when": {"never_used": True}}]}
    [finding] = judge(parse_policy(document), [bare], NOW).findings
    said = "acme, token without an ID without a name of unknown in an unknown state, creation unknown, never used"
    assert said in finding["message"] and finding["description"] == "all"
