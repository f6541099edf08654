# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import audits
import pytest

from ansible_collections.patrol.workmail.plugins.module_utils._audit import audit_facts
from ansible_collections.patrol.workmail.plugins.module_utils._errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._time import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._tokens import project

POLICY = parse_policy(audits.POLICY)
RECORDS = [
    project(audits.token(1), audits.NOW),
    project(audits.token(2, audits.ORGANIZATIONS[1], expires_time=audits.NOW), audits.NOW),
]


def facts(**fields: Any) -> dict[str, Any]:
    return {
        "personal_access_tokens": RECORDS,
        "summary": {"tokens": 5, "organizations": 3},
        "organizations": [{"id": audits.ORGANIZATIONS[0].id}],
        "as_of": format_instant(audits.NOW - DAY),
        "complete": True,
        "errors": [],
        **fields,
    }


@pytest.mark.parametrize(("as_of", "outcome"), [(None, "violations"), ("-1d", "violations"), ("-2d", "violations")])
def test_a_list_is_judged_now_or_as_asked(as_of: str | None, outcome: str) -> None:
    result = audit_facts(POLICY, RECORDS, as_of, audits.NOW)
    assert result["as_of"] == format_instant(audits.NOW - int((as_of or "-0d")[1:-1]) * DAY)
    assert result["outcome"] == outcome and result["complete"] is True and result["errors"] == []
    assert [finding["rule_id"] for finding in result["findings"]] == ["expired" if as_of is None else "expiring"]
    assert result["summary"]["tokens"] == 2 and result["summary"]["organizations"] == 2
    assert [(entry["id"], entry["tokens"]) for entry in result["organizations"]] == [
        (audits.ORGANIZATIONS[0].id, 1),
        (audits.ORGANIZATIONS[1].id, 1),
    ]


def test_a_result_brings_its_instant_and_its_counts() -> None:
    result = audit_facts(POLICY, facts(), None, audits.NOW)
    assert result["as_of"] == format_instant(audits.NOW - DAY)
    assert result["summary"]["tokens"] == 5 and result["summary"]["organizations"] == 3
    assert result["organizations"] == [{"id": audits.ORGANIZATIONS[0].id}]
    assert audit_facts(POLICY, facts(), "+0d", audits.NOW)["as_of"] == format_instant(audits.NOW)


@pytest.mark.parametrize("complete", [False, None, "no", 1])
def test_a_result_that_is_not_complete_is_never_a_pass(complete: object) -> None:
    errors = [{"msg": "denied"}]
    result = audit_facts(POLICY, facts(personal_access_tokens=[], complete=complete, errors=errors), None, audits.NOW)
    assert result["outcome"] == "incomplete" and result["complete"] is False and result["errors"] == errors


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "facts: expected a list of records"),
        ("", "facts: expected a list of records"),
        ({"failed": True, "msg": "denied"}, "facts: expected a list of records"),
        ({"personal_access_tokens": []}, "facts: not a result of workmail_pat_info, it lacks as_of, complete, errors,"),
        ([{"name": "x"}], r"facts\[0\]: not a record of a personal access token, it lacks organization_id"),
        (["x"], r"facts\[0\]: expected a record"),
    ],
)
def test_what_are_no_facts(given: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        audit_facts(POLICY, given, None, audits.NOW)
