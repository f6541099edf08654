# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The description of a policy in plain English: one line for each rule and exception."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from policy_oracle import policies
from token_strategies import NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import CONDITIONS
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.plugin_utils._policy_files import BUILT_IN, load_built_in
from ansible_collections.patrol.workmail.plugins.plugin_utils._policy_review import describe_conditions, review_policy

FILE = "plugins/plugin_utils/_policy_review.py"
WORDS = {
    "expired": ({"expired": "no"}, "has not expired"),
    "expires_within": ({"expires_within": "1w2d"}, "expires within 1 week and 2 days"),
    "expires_after": ({"expires_after": "2027-03-31"}, "expires after 2027-03-31"),
    "has_expiry": ({"has_expiry": False}, "never expires"),
    "never_used": ({"never_used": True}, "was never used"),
    "unused_for": ({"unused_for": "90d"}, "was not used for 90 days"),
    "older_than": ({"older_than": "1h"}, "was created more than 1 hour ago"),
    "lifetime_over": ({"lifetime_over": "365d"}, "lives for more than 365 days"),
    "name": ({"name": ["Outlook *", "Mail"]}, "has a name like Outlook * or Mail"),
    "personal_access_token_id": ({"personal_access_token_id": "pat-1"}, "has the ID pat-1"),
    "scopes_any": ({"scopes_any": ["imap", "pop3", "smtp"]}, "has the scope imap, pop3 or smtp"),
    "scopes_outside": ({"scopes_outside": []}, "has a scope"),
    "account": ({"account": list("abcdefg")}, "is in an AWS account like a, b, c, d, e or 2 more"),
    "organization": ({"organization": "acme"}, "is in a WorkMail organization like acme"),
    "owner": ({"owner": ["svc-*"]}, "has an owner like svc-*"),
    "owner_state": ({"owner_state": ["DISABLED"]}, "has an owner in the state DISABLED"),
    "owner_linked": ({"owner_linked": True}, "has an owner who is linked to IAM Identity Center"),
    "not": ({"not": {"name": "x", "expired": True}}, "is not one that (has a name like x and has expired)"),
    "any": (
        {"any": [{"expired": True}, {"name": "x", "never_used": True}]},
        "meets one of these: (has expired); or (has a name like x and was never used)",
    ),
}


def test_there_are_words_for_each_condition() -> None:
    assert WORDS.keys() == {*CONDITIONS, "not", "any"}


@pytest.mark.parametrize(("document", "words"), WORDS.values(), ids=WORDS)
def test_conditions_in_words(document: dict[str, Any], words: str) -> None:
    assert describe_conditions(document) == words


@guards(
    FILE,
    "    ordered = sorted(document.items(), key=lambda item: _LAST.get(item[0], 0))",
    "    ordered = document.items()",
)
def test_words_of_conditions_have_one_meaning() -> None:
    either = [{"expired": True}, {"never_used": True}]
    choices = "meets one of these: (has expired); or (was never used)"
    assert describe_conditions({"any": either, "name": "x"}) == f"has a name like x and {choices}"
    assert (
        describe_conditions({"not": {"any": either}, "name": "x"})
        == f"has a name like x and is not one that ({choices})"
    )
    assert (
        describe_conditions({"not": {"name": "x"}, "expired": True})
        == "has expired and is not one that has a name like x"
    )


def review(document: dict[str, Any]) -> list[str]:
    return review_policy("policy.yml", document, parse_policy(document), NOW)


def test_rules_exceptions_and_what_follows_from_them() -> None:
    rule = {"id": "unused", "severity": "high", "when": {"unused_for": "90d"}, "description": "Nobody uses it."}
    mild = {"id": "orphan", "severity": "low", "when": {"owner_state": "DELETED"}, "revoke": False}
    muted = {"rules": ["unused", "orphan"], "match": {"name": "x"}, "reason": "TICKET-1"}
    lines = review(
        {
            "version": 1,
            "fail_on": "high",
            "rules": [rule, mild],
            "exceptions": [
                {**muted, "expires": format_instant(NOW + 10 * DAY)},
                {**muted, "expires": format_instant(NOW - 1)},
            ],
        }
    )
    assert lines == [
        "policy.yml is valid, with 2 rules and 2 exceptions. Findings of severity high and critical fail the audit.",
        "Rule unused, high, fails the audit: Nobody uses it. It finds each token that was not used for 90 days.",
        "Rule orphan, low, does not fail the audit and never revokes: "
        "It finds each token that has an owner in the state DELETED.",
        f"Exception for unused and orphan until {format_instant(NOW + 10 * DAY)}, 10 more days: TICKET-1. "
        "It mutes findings on each token that has a name like x.",
        f"Exception for unused and orphan until {format_instant(NOW - 1)}, which is over, so it no longer mutes "
        "anything: "
        "TICKET-1. It mutes findings on each token that has a name like x.",
        "It has conditions on owners, so the audit reads users, which requires workmail:ListUsers.",
    ]


def test_the_policies_of_the_collection() -> None:
    for name in BUILT_IN:
        document = load_built_in(name).document
        assert sum(line.startswith("Rule ") for line in review(document)) == len(document["rules"])
    assert review(load_built_in("wind_down").document)[-1].startswith("It cannot be used to revoke: ")


def test_a_large_policy_stays_short() -> None:
    rules = [{"id": f"r{n}", "severity": "low", "when": {"name": "x" * 2000}} for n in range(500)]
    lines = review({"version": 1, "rules": rules})
    assert len(lines) == 102 and lines[-1] == "... and 400 more rules" and max(map(len, lines)) <= 610


@guards(FILE, "log_line(shortened(line, _LONGEST_LINE))", "line")
def test_no_text_is_a_line_or_a_command_of_its_own() -> None:
    hostile = "::error::x\n##vso[task.complete]\u202e"
    rule = {"id": "a", "severity": "low", "when": {"name": hostile}, "description": hostile}
    exception = {"rules": ["a"], "match": {"owner": hostile}, "reason": hostile, "expires": "2099-12-31"}
    lines = review({"version": 1, "rules": [rule], "exceptions": [exception]})
    assert all(line.isprintable() and "::" not in line and "##" not in line for line in lines)


@given(policies())
def test_every_policy_can_be_explained(policy: dict[str, Any]) -> None:
    lines = review(policy)
    assert all(line.isprintable() for line in lines)
    assert len(lines) >= 1 + len(policy["rules"]) + len(policy["exceptions"])
