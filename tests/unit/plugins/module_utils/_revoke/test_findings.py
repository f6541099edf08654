# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a policy or findings are valid for a revocation, and can revoke a token."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from mutations import doubled, nested
from plans import EXPIRED, OPEN, findings_of, rule, token
from token_strategies import NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.judge import judge
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Token
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.findings import (
    check_can_revoke,
    check_findings,
    check_findings_can_revoke,
    check_findings_of_the_past,
)
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.selection import FindingsSelection

FINDINGS = "plugins/module_utils/_revoke/findings.py"


@guards(FINDINGS, "    if policy.can_revoke:\n        return\n", "    return\n")
def test_a_policy_that_can_revoke_nothing_is_refused() -> None:
    rules = [rule("in-use", {"expired": False}, revoke=False), rule("idle", {"never_used": True}, "low")]
    with pytest.raises(OptionError, match="none of its rules can revoke a token") as caught:
        check_can_revoke(parse_policy({"version": 1, "fail_on": "medium", "rules": rules}))
    for reason in ("in-use has revoke: false", "idle has the severity low, which is below fail_on (medium)"):
        assert reason in caught.value.message
    many = [rule(f"r-{number}", {"expired": True}, revoke=False) for number in range(50)]
    with pytest.raises(OptionError, match="and 45 more") as caught:
        check_can_revoke(parse_policy({"version": 1, "rules": many}))
    check_can_revoke(parse_policy({"version": 1, "fail_on": "medium", "rules": [*rules, EXPIRED]}))


@guards(FINDINGS, 'if findings and not any(finding["revoke"] for finding in findings):')
def test_findings_that_can_revoke_nothing_are_refused() -> None:
    reports = findings_of(token(), rules=(rule("reports", {"expired": True}, revoke=False),))
    with pytest.raises(OptionError, match=r"none of them can revoke a token, .*revoke: false.*\(reports\)"):
        check_findings_can_revoke(check_findings(reports))
    check_findings_can_revoke(findings_of(token()))
    mixed = [*reports, *findings_of(token("pat-2"))]
    plan = FindingsSelection(check_findings(mixed), OPEN).plan([token(), token("pat-2")])
    assert [entry.token.personal_access_token_id for entry in plan.planned] == ["pat-2"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("revoke", None), ("muted", 1), ("rule_id", ["a"]), ("message", None), ("exception", "x"), ("severity", {})],
)
def test_malformed_findings_are_refused(field: str, value: Any) -> None:
    with pytest.raises(OptionError, match=rf"findings\[0\]\.{field}"):
        check_findings([{**findings_of(token())[0], field: value}])


@pytest.mark.parametrize(
    ("field", "value"), [("scopes", 5), ("scopes", [1]), ("name", ["x"]), ("user_id", 7), ("organization_alias", {})]
)
def test_malformed_tokens_are_refused(field: str, value: Any) -> None:
    finding = findings_of(token())[0]
    with pytest.raises(OptionError, match=rf"findings\[0\]\.token\.{field}"):
        check_findings([{**finding, "token": {**finding["token"], field: value}}])


@guards(FINDINGS, "        if any(instant > now + DAY // 100 for instant in instants):")
@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ({"expired": True}, {"expires_time": NOW + DAY}),
        ({"unused_for": "200d"}, {"date_created": NOW - 101 * DAY}),
        ({"older_than": "310d"}, {"date_last_used": None}),
        ({"expires_within": "1d"}, {"expires_time": NOW + 120 * DAY}),
    ],
)
def test_findings_of_the_future_are_refused(when: dict[str, Any], fields: dict[str, Any]) -> None:
    """An audit as of next year finds tokens that are still valid, and nothing else in its findings says so."""
    policy = parse_policy({"version": 1, "rules": [rule("a", when)]})
    present = judge(policy, [token(**fields)], NOW).findings
    future = judge(policy, [token(**fields)], NOW + 119 * DAY + DAY // 2).findings
    assert future and not present
    with pytest.raises(OptionError, match=r"findings\[0\]: .* in the future, so valid tokens"):
        check_findings_of_the_past(future, NOW)
    check_findings_of_the_past(future, NOW + 119 * DAY + DAY // 2)


@given(tokens, st.integers(-10_000 * DAY, 0))
def test_findings_of_the_past_are_accepted(found: Token, age: int) -> None:
    policy = parse_policy({"version": 1, "rules": [rule("every", {"organization": "*"})]})
    check_findings_of_the_past(judge(policy, [found], NOW + age).findings, NOW)


@guards(FINDINGS, '    check_plain(findings, "findings")\n', "")
def test_findings_that_cannot_be_written_are_refused() -> None:
    finding = findings_of(token())[0]
    for value in (nested(2_000), doubled(40), float("nan"), 10**5_000):
        with pytest.raises(OptionError, match=r"findings\[0\]\.more"):
            check_findings([{**finding, "more": value}])
