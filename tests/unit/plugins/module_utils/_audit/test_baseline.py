# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from audits import NOW, ORGANIZATIONS, POLICY, account, audit_of, incomplete, mixed, token
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._audit.audit_check import check_audit
from ansible_collections.patrol.workmail.plugins.module_utils._audit.baseline import (
    compare_with_baseline,
    read_baseline,
)
from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import SCHEMA_VERSION
from ansible_collections.patrol.workmail.plugins.module_utils._audit.run import gather_audit
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant

# The options are checked before it is used.
NO_CONNECTION: Any = None
BASELINE = "plugins/module_utils/_audit/baseline.py"
EXPIRED = {"expires_time": NOW - DAY}
EXPIRING = {"expires_time": NOW + 2 * DAY}
NO_EXPIRY = {"expires_time": None}
IN_ORDER: dict[str, Any] = {}


def compared(before: dict[str, Any], after: dict[str, Any], now: int = NOW) -> dict[str, Any]:
    """The audit ``after``, compared with ``before``, as it went through a file. It is a valid audit."""
    result = compare_with_baseline(after, read_baseline(json.loads(json.dumps(before)), None, now))
    check_audit(result)
    return result


def found(findings: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {
        (finding["rule_id"], finding["token"]["organization_id"], finding["token"]["personal_access_token_id"])
        for finding in findings
    }


tokens_by_place = st.dictionaries(
    st.tuples(st.sampled_from(range(3)), st.integers(1, 4)),
    st.sampled_from([EXPIRED, EXPIRING, NO_EXPIRY, IN_ORDER, {**EXPIRED, "personal_access_token_id": None}]),
    max_size=8,
)


@given(tokens_by_place, tokens_by_place, st.booleans())
def test_findings_are_known_new_and_fixed_as_sets_say(before: Any, after: Any, fewer_rules: bool) -> None:
    def audit(places: Any, policy: dict[str, Any] | None = None) -> dict[str, Any]:
        return audit_of(
            [token(number, ORGANIZATIONS[place], **fields) for (place, number), fields in places.items()], policy
        )

    rules = POLICY["rules"][1:] if fewer_rules else POLICY["rules"]
    policy = {**POLICY, "rules": rules, "exceptions": []}
    earlier, plain = audit(before, {**POLICY, "exceptions": []}), audit(after, policy)
    result = compared(earlier, plain)
    # A token without an ID cannot be found again.
    old = {key for key in found(earlier["findings"]) if key[2] is not None}
    new = found(plain["findings"])
    assert found([entry for entry in result["findings"] if entry["known"]]) == new & old
    assert found([entry for entry in result["findings"] if not entry["known"]]) == new - old
    assert found(result["fixed"]) == {key for key in old - new if key[0] in {rule["id"] for rule in rules}}
    assert [{**entry, "known": False} for entry in result["findings"]] == plain["findings"]
    summary = result["summary"]
    assert summary["new"] + summary["known"] + summary["muted"] == summary["findings"] == len(plain["findings"])
    assert summary["fixed"] == len(result["fixed"])
    failing = [entry for entry in result["findings"] if not entry["known"] and entry["severity"] != "low"]
    assert summary["violations"] == len(failing)
    assert result["outcome"] == ("violations" if failing else "pass")
    assert {**summary, "new": 0, "known": 0, "fixed": 0, "violations": 0} == {
        **plain["summary"],
        "new": 0,
        "known": 0,
        "fixed": 0,
        "violations": 0,
    }


def test_the_result_names_its_baseline() -> None:
    before = mixed()
    result = compared(before, mixed())
    assert result["outcome"] == "pass" and result["summary"]["known"] == before["summary"]["new"] > 0
    assert result["baseline"] == {
        "as_of": before["as_of"],
        "audited_at": before["audited_at"],
        "findings": before["summary"]["findings"] - before["summary"]["muted"],
        "policy": {"name": None, "digest": before["policy"]["digest"]},
    }
    assert mixed()["baseline"] is None and mixed()["fixed"] == []


@guards(BASELINE, '    return finding["rule_id"], token.get("account_id"),', '    return finding["rule_id"], None,')
def test_a_token_of_another_account_is_new() -> None:
    first, second = (
        audit_of([token(1, **EXPIRED, account_id=account_id)]) for account_id in ("111111111111", "222222222222")
    )
    assert compared(first, second)["summary"]["new"] == 1
    assert compared(first, first)["summary"]["new"] == 0


@guards(
    BASELINE,
    "if _place(finding) not in found and ",
    "if _key(finding) not in {_key(one) for one in findings} and ",
)
def test_a_finding_whose_account_is_no_longer_known_is_new_and_not_fixed() -> None:
    known, unknown = (
        audit_of([token(1, **EXPIRED, account_id=account_id), token(2, **fields, account_id=account_id)])
        for account_id, fields in (("111111111111", EXPIRED), (None, IN_ORDER))
    )
    result = compared(known, unknown)
    assert found(result["fixed"]) == {("expired", ORGANIZATIONS[0].id, "pat-00002")}
    assert result["summary"]["new"] == 1 and result["outcome"] == "violations"


@guards(BASELINE, '[finding for finding in audit["findings"] if not finding["muted"]]', 'list(audit["findings"])')
def test_a_finding_that_an_exception_muted_is_new_after_the_exception_ends() -> None:
    tokens = [token(1, name="svc-archive", **NO_EXPIRY)]
    muted = audit_of(tokens)
    assert muted["summary"]["muted"] == 1
    result = compared(muted, audit_of(tokens, {**POLICY, "exceptions": []}))
    assert result["outcome"] == "violations" and result["summary"]["new"] == 1


@guards(BASELINE, ' and finding["token"]["organization_id"] in read', "")
def test_findings_of_an_unread_organization_are_not_fixed() -> None:
    before = audit_of([token(1, ORGANIZATIONS[2], **EXPIRED), token(2, **EXPIRED)])
    result = compared(before, {**incomplete(), "findings": [], "summary": {**incomplete()["summary"], "by_rule": {}}})
    assert result["outcome"] == "incomplete"
    assert found(result["fixed"]) == {("expired", ORGANIZATIONS[0].id, "pat-00002")}


def test_findings_of_an_organization_that_is_being_deleted_are_fixed() -> None:
    before = audit_of([token(1, **EXPIRED)], organizations=ORGANIZATIONS[:1])
    after = audit_of([], organizations=[ORGANIZATIONS[0]._replace(state="Deleted")])
    after["organizations"][0]["tokens"] = None
    after["summary"]["organizations"] = 0
    after["accounts"][0]["organizations"] = 0
    assert compared(before, after)["summary"]["fixed"] == 1


@guards(BASELINE, '    if missing and audit["complete"]:')
def test_a_baseline_of_organizations_that_the_audit_does_not_read_is_refused() -> None:
    baseline = read_baseline(audit_of([]), None, NOW)
    with pytest.raises(OptionError, match=f"does not read '{ORGANIZATIONS[1].id}', '{ORGANIZATIONS[2].id}', which"):
        compare_with_baseline(audit_of([], organizations=ORGANIZATIONS[:1]), baseline)
    # The errors of the audit say what it did not read.
    unread = [{**incomplete()["errors"][0], "organization_id": None}]
    assert compare_with_baseline(audit_of([], errors=unread, organizations=[]), baseline)["outcome"] == "incomplete"


def test_organizations_of_an_account_that_cannot_be_read_are_neither_fixed_nor_missing() -> None:
    places = [
        place._replace(account_id=account_id)
        for place, account_id in zip(ORGANIZATIONS[:2], ("111111111111", "222222222222"), strict=True)
    ]
    before = audit_of([token(1, places[1], account_id="222222222222", **EXPIRED)], organizations=places)
    after = audit_of([], organizations=places[:1])
    after["accounts"] = [
        account(1, 0, "111111111111"),
        {**account(None, None, "222222222222"), "state": "SUSPENDED"},
    ]
    result = compared(before, after)
    assert result["outcome"] == "pass" and result["fixed"] == []


@guards(BASELINE, '    if audit["outcome"] == INCOMPLETE:')
@guards(BASELINE, "    if age < 0:")
@guards(BASELINE, "    if age > longest:")
@guards(BASELINE, """    if parse_instant(audit["as_of"], f"{path}.as_of") - made > _SAME_TIME:""")
@guards(BASELINE, "    if isinstance(version, int) and version > SCHEMA_VERSION:")
@pytest.mark.parametrize(
    ("document", "max_age", "problem"),
    [
        (None, None, "expected the result of an audit, got None"),
        ("audit.json", None, "expected the result of an audit, got 'audit.json'"),
        ({}, None, "expected the result of an audit, got {}"),
        ({"version": 1, "rules": []}, None, "expected the result of an audit, got a document without findings"),
        ({**mixed(), "summary": {}}, None, "summary: it lacks accounts"),
        ({**mixed(), "schema_version": SCHEMA_VERSION + 1}, None, "schema version 2 is newer than this collection"),
        ({"schema_version": 7}, None, "schema version 7 is newer than this collection, which reads version 1"),
        ({**mixed(), "schema_version": 0}, None, "schema_version: 0 is not supported; expected 1"),
        (incomplete(), None, "the audit was incomplete"),
        ({**mixed(), "audited_at": format_instant(NOW + DAY)}, None, "in the future"),
        ({**mixed(), "audited_at": format_instant(NOW - 91 * DAY)}, None, "it is 91 days old; expected at most '90d'"),
        ({**mixed(), "audited_at": format_instant(NOW - 8 * DAY)}, "1w", "it is 8 days old; expected at most '1w'"),
        (
            {**mixed(), "as_of": format_instant(NOW + 30 * DAY)},
            None,
            "it judges the tokens as of 2026-12-21T00:00:00+00:00, which is later than the 2026-11-21T",
        ),
        (mixed(), "a week", "baseline_max_age: 'a week' is not a valid duration"),
    ],
    ids=range(14),
)
def test_a_value_that_is_not_a_baseline_is_refused(document: object, max_age: str | None, problem: str) -> None:
    with pytest.raises(OptionError) as caught:
        read_baseline(document, max_age, NOW)
    assert problem in str(caught.value) and str(caught.value).startswith("baseline")


@pytest.mark.parametrize(("days", "max_age"), [(0, None), (90, None), (7, "1w"), (400, "500d")])
def test_a_baseline_is_valid_up_to_its_largest_age(days: int, max_age: str | None) -> None:
    made = format_instant(NOW - days * DAY)
    document = {**mixed(), "as_of": made, "audited_at": made}
    assert read_baseline(document, max_age, NOW).evidence["audited_at"] == document["audited_at"]


@guards("plugins/module_utils/_audit/run.py", "        if options.get(option):")
@pytest.mark.parametrize("option", [{"users": ["ana"]}, {"select": {"expired": True}}], ids=["users", "select"])
def test_an_audit_of_some_tokens_is_not_compared(option: dict[str, Any]) -> None:
    name = next(iter(option))
    with pytest.raises(OptionError, match=f"baseline: it cannot be combined with {name}, "):
        gather_audit({"policy": POLICY, "baseline": mixed(), **option}, connection=NO_CONNECTION)
