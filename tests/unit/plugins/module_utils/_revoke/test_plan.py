# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is planned, what is left, and what of an earlier plan still holds."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from mutations import doubled, nested
from plans import BEN, EXPIRED, OPEN, ORPHANED, UNUSED, findings_of, rule, selection, token
from policy_oracle import policies
from token_strategies import ACME, NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import parse_conditions
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.judge import judge
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner, Token
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan import (
    FindingsSelection,
    Limits,
    Plan,
    Planned,
    PolicySelection,
    beyond,
    check_can_revoke,
    check_findings,
    check_findings_can_revoke,
    check_findings_of_the_past,
    plan_again,
)


def ids(entries: Any) -> list[str | None]:
    return [entry.token.personal_access_token_id for entry in entries]


@guards(
    "plugins/module_utils/_revoke/plan.py",
    'if finding["revoke"] and not finding["muted"] and',
    'if not finding["muted"] and',
)
def test_a_rule_that_only_reports_plans_nothing() -> None:
    reports = rule("reports", {"expired": True}, revoke=False)
    plan = selection(reports, UNUSED).plan([token("pat-1", date_last_used=NOW), token("pat-2")])
    assert ids(plan.planned) == ["pat-2"] and plan.planned[0].rule_ids == ["unused"]
    assert [(left.token.personal_access_token_id, left.reason) for left in plan.left] == [
        ("pat-1", "its rules have revoke: false")
    ]


@guards("plugins/module_utils/_revoke/plan.py", "    if policy.can_revoke:\n        return\n", "    return\n")
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


@guards("plugins/module_utils/_revoke/plan.py", 'if findings and not any(finding["revoke"] for finding in findings):')
def test_findings_that_can_revoke_nothing_are_refused() -> None:
    reports = findings_of(token(), rules=(rule("reports", {"expired": True}, revoke=False),))
    with pytest.raises(OptionError, match=r"none of them can revoke a token, .*revoke: false.*\(reports\)"):
        check_findings_can_revoke(check_findings(reports))
    check_findings_can_revoke(findings_of(token()))
    mixed = [*reports, *findings_of(token("pat-2"))]
    assert ids(FindingsSelection(check_findings(mixed), OPEN).plan([token(), token("pat-2")]).planned) == ["pat-2"]


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


@guards(
    "plugins/module_utils/_revoke/plan.py",
    "        if fresh.user_id != entry.token.user_id:\n            return OTHER_USER\n",
    "",
)
def test_a_token_of_another_user_is_left() -> None:
    """The owner of a token can change between the plan and the deletion."""
    by_policy = selection(EXPIRED)
    [entry] = by_policy.plan([token()]).planned
    other = token(user_id="u-ben", owner=BEN)
    assert by_policy.recheck(entry, other) == "it belongs to another user now"
    assert by_policy.recheck(entry, token(user_id=None, owner=Owner(None))) == "it belongs to another user now"
    assert by_policy.recheck(entry, token()) is None


def test_every_rule_of_a_planned_token_has_to_find_it_still() -> None:
    by_policy = selection(EXPIRED, UNUSED)
    [entry] = by_policy.plan([token()]).planned
    assert by_policy.recheck(entry, token(date_last_used=NOW)) == "no longer found by unused"


def test_conditions_on_owners_see_the_owner_as_it_is_now() -> None:
    by_policy = selection(ORPHANED)
    found = token(user_id="u-ben", owner=BEN)
    [entry] = by_policy.plan([found]).planned
    enabled = found._replace(owner=BEN._replace(state="ENABLED"))
    assert by_policy.recheck(entry, enabled) == "no longer found by orphaned"
    protected = OPEN._replace(protected=parse_conditions({"owner": "svc-*"}, "protected"))
    renamed = found._replace(owner=BEN._replace(name="svc-backup"))
    assert selection(ORPHANED, guards=protected).recheck(entry, renamed) == "protected"
    exception = {"rules": ["orphaned"], "match": {"owner": "svc-*"}, "reason": "x", "expires": "2099-12-31"}
    assert selection(ORPHANED, exceptions=[exception]).recheck(entry, renamed) == "no longer found by orphaned"


@pytest.mark.parametrize(
    ("protected", "rules", "needed"),
    [
        (None, [EXPIRED], False),
        ({"owner": "x"}, [EXPIRED], True),
        (None, [ORPHANED], True),
        ({"name": "x"}, [EXPIRED], False),
    ],
)
def test_owners_are_needed_if_a_condition_looks_at_them(
    protected: dict[str, Any] | None, rules: list[dict[str, Any]], needed: bool
) -> None:
    kept = OPEN._replace(protected=None if protected is None else parse_conditions(protected, "protected"))
    assert selection(*rules, guards=kept).needs_owners is needed
    findings = findings_of(token(owner=None))
    assert FindingsSelection(findings, kept).needs_owners is (protected == {"owner": "x"})
    assert FindingsSelection(findings_of(token()), OPEN).needs_owners


@guards(
    "plugins/module_utils/_revoke/plan.py",
    "if before.owner is not None and _owner_facts(before.owner) != _owner_facts(fresh.owner):",
)
def test_a_token_of_findings_whose_owner_has_changed_is_left() -> None:
    """The finding may be about the owner, and only the finding is known here, not its rule."""
    found = token(user_id="u-ben", owner=BEN)
    by_findings = FindingsSelection(findings_of(found, rules=(ORPHANED,)), OPEN)
    enabled = found._replace(owner=BEN._replace(state="ENABLED"))
    assert [left.reason for left in by_findings.plan([enabled]).left] == ["its owner has changed since it was found"]
    [entry] = by_findings.plan([found]).planned
    assert by_findings.recheck(entry, enabled) == "its owner has changed since it was found"
    assert by_findings.recheck(entry, found._replace(owner=BEN._replace(display_name="B"))) is None


@guards("plugins/module_utils/_revoke/plan.py", "dict.fromkeys(str(finding", "list(str(finding")
def test_a_token_that_is_listed_twice_counts_once() -> None:
    by_policy = selection(EXPIRED)
    plan = by_policy.plan([token(), token(), token("pat-2")])
    assert ids(plan.planned) == ["pat-1", "pat-2"]
    assert Limits(2, 100).broken(plan.planned, {ACME.id: 2}) == []
    twice = findings_of(token()) * 2
    [entry] = FindingsSelection(twice, OPEN).plan([token()]).planned
    assert entry.rule_ids == ["expired"]


def test_an_organization_without_a_total_allows_nothing() -> None:
    plan = selection(EXPIRED).plan([token()])
    for totals in ({}, {ACME.id: None}, {ACME.id: 0}):
        assert Limits(5, 100).broken(plan.planned, totals)


@guards(
    "plugins/module_utils/_revoke/plan.py",
    "        reason = selection.recheck(entry, fresh)\n",
    "        reason = None\n",
)
def test_an_earlier_plan_is_carried_out_as_far_as_it_holds() -> None:
    by_policy = selection(UNUSED)
    entries = by_policy.plan([token("pat-1"), token("pat-2"), token("pat-3")]).planned
    now = [token("pat-1"), token("pat-2", date_last_used=NOW), token("pat-4")]
    plan = plan_again(entries, by_policy, now)
    assert ids(plan.planned) == ["pat-1"] and plan.absent == ["pat-3"]
    assert [(left.token.personal_access_token_id, left.reason) for left in plan.left] == [
        ("pat-2", "no longer found by unused")
    ]
    assert ids(beyond(entries, by_policy.plan(now))) == ["pat-4"]


def named(population: list[Token]) -> list[Token]:
    """Give the tokens IDs, and everything that a condition can need."""
    return [
        each._replace(
            personal_access_token_id=f"pat-{number}",
            user_id=each.user_id or "u-2",
            scopes=each.scopes or [],
            owner=Owner(each.user_id or "u-2", each.owner.name if each.owner else None, state="DISABLED"),
        )
        for number, each in enumerate(population)
    ]


@given(policies(), st.lists(tokens, max_size=5), st.lists(tokens, max_size=5), st.integers(0, 30))
def test_what_is_revoked_is_in_the_plan_and_still_holds(
    policy: dict[str, Any], before: list[Token], after: list[Token], days: int
) -> None:
    """Whatever happens between the plan and its execution, nothing else is revoked."""
    before, after = named(before), named(after)
    made = PolicySelection(parse_policy(policy), OPEN)
    entries = made.plan(before).planned
    plan: Plan = plan_again(entries, made, after)
    by_id: dict[str | None, Planned] = {entry.token.personal_access_token_id: entry for entry in entries}
    current = {each.personal_access_token_id: each for each in after}
    for entry in plan.planned:
        token_id = entry.token.personal_access_token_id
        assert token_id in by_id and entry.token == current[token_id]
        assert entry.token.user_id == by_id[token_id].token.user_id
        asking = {
            finding["rule_id"]
            for finding in judge(made.policy, [entry.token], NOW).findings
            if not finding["muted"] and finding["revoke"]
        }
        assert set(by_id[token_id].rule_ids) <= asking
    # Each token of the plan is planned again, left with a reason, or absent.
    told = [*ids(plan.planned), *ids(plan.left), *plan.absent]
    assert sorted(map(str, told)) == sorted(map(str, by_id))
    later = PolicySelection(made.policy, OPEN._replace(as_of=NOW + days * DAY)).plan(after)
    assert not set(ids(beyond(entries, later))) & set(by_id)


@given(st.lists(tokens, max_size=5), st.lists(tokens, max_size=5))
def test_findings_are_carried_out_only_on_tokens_that_have_not_changed(before: list[Token], after: list[Token]) -> None:
    before, after = named(before), named(after)
    findings = findings_of(*before, rules=(rule("every", {"organization": "*"}),))
    by_findings = FindingsSelection(findings, OPEN)
    current = {each.personal_access_token_id: each for each in before}
    for entry in by_findings.plan(after).planned:
        was = current[entry.token.personal_access_token_id]
        for field in ("user_id", "name", "date_created", "date_last_used", "expires_time", "scopes"):
            assert getattr(entry.token, field) == getattr(was, field)
        for field in ("user_id", "name", "email", "state", "identity_provider_user_id"):
            assert getattr(entry.token.owner, field) == getattr(was.owner, field)


@guards("plugins/module_utils/_revoke/plan.py", "        if any(instant > now + DAY // 100 for instant in instants):")
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
    with pytest.raises(OptionError, match=r"findings\[0\]: .* in the future, .* still valid"):
        check_findings_of_the_past(future, NOW)
    check_findings_of_the_past(future, NOW + 119 * DAY + DAY // 2)


@given(tokens, st.integers(-10_000 * DAY, 0))
def test_findings_of_the_past_are_taken(found: Token, age: int) -> None:
    policy = parse_policy({"version": 1, "rules": [rule("every", {"organization": "*"})]})
    check_findings_of_the_past(judge(policy, [found], NOW + age).findings, NOW)


@guards("plugins/module_utils/_revoke/plan.py", "        if fresh.date_created != entry.token.date_created:")
@guards(
    "plugins/module_utils/_revoke/plan.py",
    "        if fresh.date_last_used is None and entry.token.date_last_used is not None:",
)
def test_a_reply_that_forgets_is_not_believed() -> None:
    """Without the last use, a token that was used since counts as unused from its creation on."""
    chosen = selection(UNUSED)
    [entry] = chosen.plan([token()]).planned
    assert chosen.recheck(entry, token()) is None
    assert chosen.recheck(entry, token(date_last_used=None)) == "the service no longer says when it was last used"
    for created in (None, NOW - 400 * DAY):
        assert "another time of its creation" in str(chosen.recheck(entry, token(date_created=created)))


@guards("plugins/module_utils/_revoke/plan.py", "    check_plain(findings, path)\n", "")
def test_findings_that_cannot_be_written_are_refused() -> None:
    finding = findings_of(token())[0]
    for value in (nested(2_000), doubled(40), float("nan"), 10**5_000):
        with pytest.raises(OptionError, match=r"findings\[0\]\.more"):
            check_findings([{**finding, "more": value}])
