# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Protection of tokens, and limits of plans."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards
from plans import EXPIRED, OPEN, selection, token
from token_strategies import ACME, NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import parse_conditions
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan import Limits, Planned

PLAN = "plugins/module_utils/_revoke/plan.py"

HOUR = DAY // 24
GLOBEX = "m-" + "b" * 32


def planned(count: int, **fields: Any) -> list[Planned]:
    return [Planned(token(f"pat-{number}", **fields), ["expired"], "expired") for number in range(count)]


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ({"name": "phone"}, "protected"),
        ({"owner": "ana"}, "protected"),
        ({"not": {"unused_for": "200d"}}, "protected"),
        ({"personal_access_token_id": ["pat-2"]}, None),
    ],
)
@guards(
    PLAN,
    "        if self.protected is not None and self.protected.matches(token, self.as_of):",
)
def test_a_protected_token_is_skipped(conditions: dict[str, Any], reason: str | None) -> None:
    protection = OPEN._replace(protected=parse_conditions(conditions, "protected"))
    assert protection.reason_to_skip(token()) == reason
    plan = selection(EXPIRED, protection=protection).plan([token()])
    assert [entry.reason for entry in plan.skipped] == ([] if reason is None else [reason])
    assert len(plan.planned) == (1 if reason is None else 0)


def test_conditions_of_a_protection_are_checked_at_the_instant_of_the_policy() -> None:
    protection = OPEN._replace(protected=parse_conditions({"unused_for": "105d"}, "protected"))
    assert protection.reason_to_skip(token()) is None
    assert protection._replace(as_of=NOW + 6 * DAY).reason_to_skip(token()) == "protected"


@guards(PLAN, "self.now - token.date_created", "self.as_of - token.date_created")
@guards(PLAN, "            if self.now - token.date_created <= self.grace:")
def test_the_grace_period_counts_from_now_whatever_the_instant_of_the_policy() -> None:
    protection = OPEN._replace(grace=24 * HOUR, as_of=NOW + 30 * DAY)
    reasons = {
        hours: protection.reason_to_skip(token(date_created=NOW - hours * HOUR)) for hours in (0, 1, 23, 24, 25, 100)
    }
    new = "created within the grace period"
    assert reasons == {0: new, 1: new, 23: new, 24: new, 25: None, 100: None}


@guards(
    PLAN,
    'return "its creation time is unknown and a grace period applies"',
    "return None",
)
def test_a_grace_period_protects_a_token_of_unknown_age() -> None:
    unknown = token(date_created=None)
    assert OPEN._replace(grace=1).reason_to_skip(unknown) == "its creation time is unknown and a grace period applies"
    assert OPEN.reason_to_skip(unknown) is None


def test_a_token_without_an_id_is_skipped() -> None:
    assert OPEN.reason_to_skip(token(personal_access_token_id=None)) == "AWS returns no ID for it"


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(1, 100), "the plan has 2 tokens; max_tokens is 1"),
        (Limits(2, 39), "the plan has 2 of the 5 tokens of acme; max_percent is 39"),
        (Limits(10, 10), "the plan has 2 of the 5 tokens of acme; max_percent is 10"),
        (Limits(2, 40), None),
    ],
)
@guards(PLAN, "            if count * 100 > self.percent * total:")
@guards(PLAN, "        if len(planned) > self.tokens:")
def test_a_plan_beyond_a_limit_exceeds_it(limits: Limits, message: str | None) -> None:
    assert limits.exceeded(planned(2), {ACME.id: 5}) == ([] if message is None else [message])


def test_max_tokens_is_for_all_organizations_together() -> None:
    entries = [*planned(5), *planned(1, organization_id=GLOBEX)]
    assert Limits(6, 100).exceeded(entries, {ACME.id: 5, GLOBEX: 1}) == []
    assert len(Limits(5, 100).exceeded(entries, {ACME.id: 5, GLOBEX: 1})) == 1


def test_max_percent_is_for_each_organization() -> None:
    entries = [*planned(1), *planned(1, organization_id=GLOBEX, organization_alias=None)]
    [message] = Limits(10, 50).exceeded(entries, {ACME.id: 100, GLOBEX: 1})
    assert message == f"the plan has 1 of the 1 tokens of {GLOBEX}; max_percent is 50"


def test_an_organization_without_a_total_allows_nothing() -> None:
    plan = selection(EXPIRED).plan([token()])
    for totals in ({}, {ACME.id: None}, {ACME.id: 0}):
        assert Limits(5, 100).exceeded(plan.planned, totals)
