# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tokens a policy, findings or a saved plan select, and when a planned token is skipped."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from plans import BEN, EXPIRED, OPEN, ORPHANED, UNUSED, findings_of, rule, selection, token
from policy_oracle import policies
from token_strategies import ACME, NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import parse_conditions
from ansible_collections.patrol.workmail.plugins.module_utils._domain.judge import judge
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner, Token
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan import Limits, Planned
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.selection import (
    FindingsSelection,
    PolicySelection,
    SavedSelection,
)

SELECTION = "plugins/module_utils/_revoke/selection.py"


def ids(entries: Any) -> list[str | None]:
    return [entry.token.personal_access_token_id for entry in entries]


@guards(
    SELECTION,
    'if finding["revoke"] and not finding["muted"] and',
    'if not finding["muted"] and',
)
def test_a_rule_that_only_reports_plans_nothing() -> None:
    reports = rule("reports", {"expired": True}, revoke=False)
    plan = selection(reports, UNUSED).plan([token("pat-1", date_last_used=NOW), token("pat-2")])
    assert ids(plan.planned) == ["pat-2"] and plan.planned[0].rule_ids == ["unused"]
    assert [(skipped.token.personal_access_token_id, skipped.reason) for skipped in plan.skipped] == [
        ("pat-1", "its rules have revoke: false")
    ]


@guards(
    SELECTION,
    "        if fresh.user_id != planned.token.user_id:\n            return OTHER_USER\n",
    "",
)
def test_a_token_of_another_user_is_skipped() -> None:
    """The owner of a token can change between the plan and the deletion."""
    by_policy = selection(EXPIRED)
    [entry] = by_policy.plan([token()]).planned
    other = token(user_id="u-ben", owner=BEN)
    assert by_policy.reason_to_skip(entry, other) == "it belongs to another user now"
    assert by_policy.reason_to_skip(entry, token(user_id=None, owner=Owner(None))) == "it belongs to another user now"
    assert by_policy.reason_to_skip(entry, token()) is None


@guards(SELECTION, "        if gone:")
def test_a_token_is_skipped_if_a_rule_of_its_plan_no_longer_finds_it() -> None:
    by_policy = selection(EXPIRED, UNUSED)
    [entry] = by_policy.plan([token()]).planned
    assert by_policy.reason_to_skip(entry, token(date_last_used=NOW)) == "no longer found by unused"


def test_conditions_on_owners_are_checked_against_the_current_owner() -> None:
    by_policy = selection(ORPHANED)
    found = token(user_id="u-ben", owner=BEN)
    [entry] = by_policy.plan([found]).planned
    enabled = found._replace(owner=BEN._replace(state="ENABLED"))
    assert by_policy.reason_to_skip(entry, enabled) == "no longer found by orphaned"
    protected = OPEN._replace(protected=parse_conditions({"owner": "svc-*"}, "protected"))
    renamed = found._replace(owner=BEN._replace(name="svc-backup"))
    assert selection(ORPHANED, protection=protected).reason_to_skip(entry, renamed) == "protected"
    exception = {"rules": ["orphaned"], "match": {"owner": "svc-*"}, "reason": "x", "expires": "2099-12-31"}
    assert selection(ORPHANED, exceptions=[exception]).reason_to_skip(entry, renamed) == "no longer found by orphaned"


@pytest.mark.parametrize(
    ("protected", "rules", "needed"),
    [
        (None, [EXPIRED], False),
        ({"owner": "x"}, [EXPIRED], True),
        (None, [ORPHANED], True),
        ({"name": "x"}, [EXPIRED], False),
    ],
)
def test_owners_are_needed_if_a_condition_is_on_them(
    protected: dict[str, Any] | None, rules: list[dict[str, Any]], needed: bool
) -> None:
    kept = OPEN._replace(protected=None if protected is None else parse_conditions(protected, "protected"))
    assert selection(*rules, protection=kept).needs_owners is needed
    findings = findings_of(token(owner=None))
    assert FindingsSelection(findings, kept).needs_owners is (protected == {"owner": "x"})
    assert FindingsSelection(findings_of(token()), OPEN).needs_owners


@guards(
    SELECTION,
    "if before.owner is not None and _owner_facts(before.owner) != _owner_facts(fresh.owner):",
)
def test_a_token_of_findings_whose_owner_has_changed_is_skipped() -> None:
    """The finding may be about the owner, and only the finding is known here, not its rule."""
    found = token(user_id="u-ben", owner=BEN)
    by_findings = FindingsSelection(findings_of(found, rules=(ORPHANED,)), OPEN)
    enabled = found._replace(owner=BEN._replace(state="ENABLED"))
    assert [skipped.reason for skipped in by_findings.plan([enabled]).skipped] == [
        "its owner has changed since it was found"
    ]
    [entry] = by_findings.plan([found]).planned
    assert by_findings.reason_to_skip(entry, enabled) == "its owner has changed since it was found"
    assert by_findings.reason_to_skip(entry, found._replace(owner=BEN._replace(display_name="B"))) is None


@guards(SELECTION, "dict.fromkeys(str(finding", "list(str(finding")
def test_a_token_that_is_listed_twice_counts_once() -> None:
    by_policy = selection(EXPIRED)
    plan = by_policy.plan([token(), token(), token("pat-2")])
    assert ids(plan.planned) == ["pat-1", "pat-2"]
    assert Limits(2, 100).exceeded(plan.planned, {ACME.id: 2}) == []
    twice = findings_of(token()) * 2
    [entry] = FindingsSelection(twice, OPEN).plan([token()]).planned
    assert entry.rule_ids == ["expired"]


@guards(
    SELECTION,
    "        for entry in self.entries:\n",
    "        for entry in self.latest.plan(known.values()).planned:\n",
)
@guards(
    SELECTION,
    "            reason = self.reason_to_skip(entry, fresh)\n",
    "            reason = None\n",
)
def test_a_saved_plan_revokes_the_tokens_that_still_match_it() -> None:
    by_policy = selection(UNUSED)
    entries = by_policy.plan([token("pat-1"), token("pat-2"), token("pat-3")]).planned
    now = [token("pat-1"), token("pat-2", date_last_used=NOW), token("pat-4")]
    plan = SavedSelection(entries, by_policy, by_policy).plan(now)
    assert ids(plan.planned) == ["pat-1"] and plan.absent == ["pat-3"]
    assert [(skipped.token.personal_access_token_id, skipped.reason) for skipped in plan.skipped] == [
        ("pat-2", "no longer found by unused")
    ]
    assert ids(plan.not_in_plan) == ["pat-4"]


def named(population: list[Token]) -> list[Token]:
    """Give the tokens IDs, and everything that a condition can need."""
    return [
        each._replace(
            personal_access_token_id=f"pat-{number}",
            user_id=each.user_id or "u-2",
            scopes=each.scopes or [],
            account_id=each.account_id or "222222222222",
            account_name=each.account_name or "sandbox",
            owner=Owner(each.user_id or "u-2", each.owner.name if each.owner else None, state="DISABLED"),
        )
        for number, each in enumerate(population)
    ]


@given(policies(), st.lists(tokens, max_size=5), st.lists(tokens, max_size=5), st.integers(0, 30))
def test_every_revoked_token_is_in_the_plan_and_still_matches_it(
    policy: dict[str, Any], before: list[Token], after: list[Token], days: int
) -> None:
    """Whatever happens between the plan and its execution, nothing else is revoked."""
    before, after = named(before), named(after)
    made = PolicySelection(parse_policy(policy), OPEN)
    entries = made.plan(before).planned
    later = PolicySelection(made.policy, OPEN._replace(as_of=NOW + days * DAY))
    plan = SavedSelection(entries, made, later).plan(after)
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
    # Each token of the plan is planned again, skipped with a reason, or absent.
    listed = [*ids(plan.planned), *ids(plan.skipped), *plan.absent]
    assert sorted(map(str, listed)) == sorted(map(str, by_id))
    assert not set(ids(plan.not_in_plan)) & set(by_id)


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


@guards(SELECTION, "        if fresh.date_created != planned.token.date_created:")
@guards(
    SELECTION,
    "        if fresh.date_last_used is None and planned.token.date_last_used is not None:",
)
def test_a_reply_without_a_known_field_never_permits_a_deletion() -> None:
    """Without the last use, a token that was used since counts as unused from its creation on."""
    chosen = selection(UNUSED)
    [entry] = chosen.plan([token()]).planned
    assert chosen.reason_to_skip(entry, token()) is None
    assert chosen.reason_to_skip(entry, token(date_last_used=None)) == "its time of last use is no longer returned"
    for created in (None, NOW - 400 * DAY):
        assert "creation time is different" in str(chosen.reason_to_skip(entry, token(date_created=created)))


@guards(
    SELECTION,
    '(gone)}"\n        return self.protection.reason_to_skip(fresh)',
    '(gone)}"\n        return None',
)
def test_a_token_that_is_protected_since_the_plan_is_skipped() -> None:
    protected = OPEN._replace(protected=parse_conditions({"not": {"unused_for": "1d"}}, "protected"))
    by_policy = selection(EXPIRED, protection=protected)
    [entry] = by_policy.plan([token()]).planned
    assert by_policy.reason_to_skip(entry, token(date_last_used=NOW)) == "protected"


@guards(
    SELECTION,
    'not finding["muted"] and finding["severity"] in severities',
    'not finding["muted"]',
)
@guards(
    SELECTION,
    'not finding["muted"] and finding["severity"] in severities',
    'finding["severity"] in severities',
)
def test_only_violations_are_planned() -> None:
    exception = {"rules": ["expired"], "match": {"name": "phone"}, "reason": "TICKET-1", "expires": "2099-12-31"}
    forever = rule("forever", {"has_expiry": False}, "low")
    by_policy = selection(EXPIRED, forever, fail_on="medium", exceptions=[exception])
    plan = by_policy.plan([token("pat-1"), token("pat-3", name="laptop"), token("pat-4", expires_time=None)])
    assert ids(plan.planned) == ["pat-3"]
    assert {entry.token.personal_access_token_id: entry.reason for entry in plan.skipped} == {
        "pat-1": "muted: TICKET-1",
        "pat-4": "its findings are less severe than fail_on",
    }
    muted = findings_of(token("pat-1"), token("pat-3", name="laptop"), exceptions=[exception])
    plan = FindingsSelection(muted, OPEN).plan([token("pat-1"), token("pat-3", name="laptop")])
    assert ids(plan.planned) == ["pat-3"] and [entry.reason for entry in plan.skipped] == ["muted: TICKET-1"]


@guards(
    SELECTION,
    "return _difference(planned.token, fresh) or self.protection",
    "return self.protection",
)
@guards(
    SELECTION,
    "            reason = _difference(found[entry.token.key], entry.token)\n",
    "            reason = None\n",
)
def test_a_token_that_changed_since_it_was_found_is_skipped() -> None:
    by_findings = FindingsSelection(findings_of(token()), OPEN)
    used = token(date_last_used=NOW)
    plan = by_findings.plan([used])
    assert not plan.planned and [entry.reason for entry in plan.skipped] == ["it has changed since it was found"]
    [entry] = by_findings.plan([token()]).planned
    assert by_findings.reason_to_skip(entry, used) == "it has changed since it was found"
    assert by_findings.reason_to_skip(entry, token()) is None


def test_a_selection_has_conditions_that_every_token_of_its_plan_meets() -> None:
    in_use = token("pat-2", expires_time=NOW + 2 * DAY)
    by_policy = selection(EXPIRED)
    for chosen, matching in (
        (by_policy, {"pat-1"}),
        (FindingsSelection(findings_of(token()), OPEN), {"pat-1"}),
        # The plan has a token that no rule finds any more, and tokens that have expired since it was made.
        (SavedSelection(by_policy.plan([token()]).planned, by_policy, by_policy), {"pat-1"}),
        (SavedSelection(by_policy.plan([token()]).planned, by_policy, later(by_policy)), {"pat-1", "pat-2"}),
        (SavedSelection([Planned(token("pat-3"), ["expired"], "x")], by_policy, later(by_policy)), {"pat-1", "pat-2"}),
    ):
        met = {each.personal_access_token_id for each in (token(), in_use) if chosen.conditions.matches(each, 0)}
        assert met == matching
    kept = SavedSelection([Planned(in_use, ["expired"], "x")], by_policy, by_policy)
    assert kept.conditions.matches(in_use, 0)


def later(chosen: PolicySelection) -> PolicySelection:
    """Select the same three days later."""
    return chosen._replace(protection=OPEN._replace(as_of=NOW + 3 * DAY))


def test_only_findings_decide_which_organizations_are_read() -> None:
    other = token("pat-9", organization_id="m-" + "b" * 32, region="eu-west-1")
    by_findings = FindingsSelection(findings_of(other, token()), OPEN)
    targets = {"organizations": [ACME.id, "m-" + "b" * 32], "regions": ["eu-west-1", "us-east-1"]}
    assert by_findings.targets == targets and not by_findings.is_empty
    assert SavedSelection([], by_findings, FindingsSelection([], OPEN)).targets == targets
    assert selection(EXPIRED).targets == {} and not selection(EXPIRED).is_empty


def test_no_token_is_read_without_findings() -> None:
    """To a sweep, no organization would mean every one."""
    nothing = FindingsSelection([], OPEN)
    assert nothing.is_empty and SavedSelection([], nothing, nothing).is_empty
    assert nothing.plan([token()]).planned == [] and not nothing.conditions.matches(token(), 0)
