# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import audits
import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import COLLECTION_VERSION
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import to_record
from ansible_collections.patrol.workmail.plugins.plugin_utils._facts_audit import audit_facts

POLICY = parse_policy(audits.POLICY)
RECORDS = [
    to_record(audits.token(1), audits.NOW),
    to_record(audits.token(2, audits.ORGANIZATIONS[1], expires_time=audits.NOW), audits.NOW),
]


ERROR = {"account_id": None, "msg": "denied", "error_code": "AccessDeniedException", "organization_id": None}


def facts(**fields: Any) -> dict[str, Any]:
    """Return complete facts about two organizations with a token each and one that is about to vanish."""
    return {
        "personal_access_tokens": RECORDS,
        "summary": {"tokens": 2, "selected": 2, "organizations": 2},
        "accounts": [audits.account(2, 2)],
        "organizations": [
            {**place._asdict(), "state": state, "tokens": tokens}
            for place, state, tokens in zip(
                audits.ORGANIZATIONS, ("Active", "Impaired", "Deleting"), (1, 1, None), strict=True
            )
        ],
        "as_of": format_instant(audits.NOW - DAY),
        "complete": True,
        "errors": [],
        **fields,
    }


@pytest.mark.parametrize("as_of", [None, "-1d", "-2d"])
def test_a_list_is_judged_at_the_given_instant_or_now(as_of: str | None) -> None:
    result = audit_facts(POLICY, RECORDS, as_of, audits.NOW, complete=True)
    assert result["as_of"] == format_instant(audits.NOW - int((as_of or "-0d")[1:-1]) * DAY)
    assert result["outcome"] == "violations" and result["complete"] is True and result["errors"] == []
    assert [finding["rule_id"] for finding in result["findings"]] == ["expired" if as_of is None else "expiring"]
    assert result["summary"]["tokens"] == 2 and result["summary"]["organizations"] == 2
    assert [(entry["id"], entry["tokens"]) for entry in result["organizations"]] == [
        (audits.ORGANIZATIONS[0].id, 1),
        (audits.ORGANIZATIONS[1].id, 1),
    ]


def test_the_version_is_that_of_the_collection() -> None:
    galaxy = Path(__file__).parents[5].joinpath("galaxy.yml").read_text()
    assert f"\nversion: {COLLECTION_VERSION}\n" in galaxy


def test_the_audit_of_a_result_has_its_instant_and_counts() -> None:
    result = audit_facts(POLICY, facts(), None, audits.NOW)
    assert result["outcome"] == "violations" and result["complete"] is True
    assert result["as_of"] == format_instant(audits.NOW - DAY)
    assert result["summary"]["tokens"] == 2 and result["summary"]["organizations"] == 2
    assert result["organizations"] == facts()["organizations"]
    assert result["audited_at"] == format_instant(audits.NOW) and result["caller"] is None
    assert audit_facts(POLICY, facts(), "+0d", audits.NOW)["as_of"] == format_instant(audits.NOW)


HARMLESS = parse_policy({"version": 1, "rules": [{"id": "old", "severity": "low", "when": {"older_than": "9000d"}}]})


def lacks_of(given: Any, **options: Any) -> str:
    """Return what the audit of facts that no rule finds says they lack; it is never a pass with anything lacking."""
    result = audit_facts(HARMLESS, given, None, audits.NOW, **options)
    assert result["complete"] is not bool(result["errors"])
    assert result["outcome"] == ("incomplete" if result["errors"] else "pass")
    for error in result["errors"]:
        assert error["error_code"] in ("IncompleteFactsException", "AccessDeniedException")
    return "; ".join(error["msg"] for error in result["errors"])


def places(**changes: Any) -> list[dict[str, Any]]:
    return [{**entry, **changes} if index == 0 else entry for index, entry in enumerate(facts()["organizations"])]


@guards("plugins/module_utils/_audit/facts_check.py", "    if not complete:\n        errors.append(\n")
@guards("plugins/module_utils/_audit/result.py", 'INCOMPLETE if not audit["complete"] else VIOLATIONS', "VIOLATIONS")
def test_a_list_of_records_is_not_known_to_be_complete() -> None:
    for records in (RECORDS, []):
        assert "a list of records does not say whether it is complete" in lacks_of(records)
        assert not lacks_of(records, complete=True)


@guards("plugins/module_utils/_audit/facts_check.py", '    if facts["complete"] is not True and not errors:')
@pytest.mark.parametrize("complete", [False, None, "no", 1])
def test_facts_that_say_that_they_are_incomplete_never_pass(complete: object) -> None:
    assert f"complete is {complete!r}" in lacks_of(facts(complete=complete))
    assert lacks_of(facts(complete=complete, errors=[ERROR])) == "denied"


@guards(
    "plugins/module_utils/_audit/facts_check.py",
    '    errors = check_errors(facts["errors"], "facts.errors")\n',
    "    errors: list[Any] = []\n",
)
def test_facts_with_errors_never_pass_whatever_they_say() -> None:
    assert lacks_of(facts(errors=[ERROR])) == "denied"


@guards("plugins/module_utils/_audit/facts_check.py", "    if selected != read:")
def test_facts_of_a_selection_never_pass() -> None:
    summary = {"tokens": 2, "selected": 1, "organizations": 2}
    assert "select omitted 1 of 2 tokens" in lacks_of(facts(summary=summary, personal_access_tokens=RECORDS[:1]))
    assert "select omitted 1 of 2 tokens" in lacks_of(facts(summary=summary))


@guards("plugins/module_utils/_audit/facts_check.py", "    elif len(tokens) != read:")
@guards(
    "plugins/module_utils/_audit/facts_check.py",
    '        elif known is not None and known != found:\n            lacks.append(_lack(f"they have {found}',
)
def test_facts_without_some_of_their_records_never_pass() -> None:
    lacks = lacks_of(facts(personal_access_tokens=RECORDS[:1]))
    assert "they have 1 of the 2 tokens that their summary counts" in lacks
    assert f"they have 0 of the 1 tokens of the organization (organization {audits.ORGANIZATIONS[1].id}" in lacks
    assert "they have 0 of the 2 tokens" in lacks_of(facts(personal_access_tokens=[]))


@guards("plugins/module_utils/_audit/facts_check.py", "        if known != count:")
def test_facts_with_a_changed_record_never_pass() -> None:
    summary = {**facts()["summary"], "expired": 0, "never_used": 0}
    used = [{**record, "date_last_used": record["date_created"]} for record in RECORDS]
    assert not lacks_of(facts(summary=summary, personal_access_tokens=used))
    assert not lacks_of(facts(summary={**summary, "expired": 0}, personal_access_tokens=used))
    lacks = lacks_of(facts(summary={**summary, "expired": 1, "never_used": 1}, personal_access_tokens=used))
    assert "0 of their tokens are expired, and their summary counts 1" in lacks
    assert "0 of their tokens are never used, and their summary counts 1" in lacks


@guards("plugins/module_utils/_audit/facts_check.py", '    if facts.get("failed"):')
@guards("plugins/module_utils/_audit/facts_check.py", '    if facts.get("next_token") is not None:')
def test_facts_of_a_page_or_of_a_failed_task_never_pass() -> None:
    assert not lacks_of(facts(next_token=None, failed=False))
    assert "the listing has more pages, since they have a next_token" in lacks_of(facts(next_token="page-2"))
    assert "the task that gathered them failed" in lacks_of(facts(failed=True))


@guards("plugins/module_utils/_audit/facts_check.py", "        if token.key in seen:")
def test_facts_with_a_record_twice_never_pass() -> None:
    other = {**RECORDS[0], "organization_id": audits.ORGANIZATIONS[1].id}
    assert lacks_of(facts(personal_access_tokens=[RECORDS[0], other])) == ""
    twice = [RECORDS[0], RECORDS[0]]
    summary, one = {"tokens": 2, "selected": 2, "organizations": 1}, [{**facts()["organizations"][0], "tokens": 2}]
    given = facts(personal_access_tokens=twice, summary=summary, organizations=one)
    assert "they have token 'pat-00001' twice" in lacks_of(given)
    assert "twice" in lacks_of(twice, complete=True)
    nameless = [{**RECORDS[0], "personal_access_token_id": None}] * 2
    assert not lacks_of(nameless, complete=True)


@guards("plugins/module_utils/_audit/facts_check.py", "        if known is None and place.readable:")
@guards("plugins/module_utils/_audit/facts_check.py", "    if readings != counted:")
def test_facts_without_some_of_their_organizations_never_pass() -> None:
    records = RECORDS[1:]
    summary = {"tokens": 1, "selected": 1, "organizations": 1}
    unread = facts(
        personal_access_tokens=records,
        summary=summary,
        organizations=places(tokens=None),
        accounts=[audits.account(1, 1)],
    )
    assert "the organization was not read completely" in lacks_of(unread)
    assert "the organization was not read" in lacks_of({**unread, "organizations": places(tokens=None, state="New")})
    assert not lacks_of({**unread, "organizations": places(tokens=None, state="Creating")})
    fewer = facts(
        organizations=facts()["organizations"][1:],
        personal_access_tokens=records,
        summary={**summary, "organizations": 2},
    )
    assert "they have 1 of the 2 organizations that their summary counts" in lacks_of(fewer)


@guards(
    "plugins/module_utils/_audit/facts_check.py",
    '        if known is None and Account(entry["id"], state=entry["state"]).readable:',
)
@guards(
    "plugins/module_utils/_audit/facts_check.py",
    "        elif known is not None and known != found:\n            lacks.append(\n",
)
@guards("plugins/module_utils/_audit/facts_check.py", "        for account in counts\n", "        for account in ()\n")
def test_facts_without_some_of_their_accounts_never_pass() -> None:
    known, other = audits.account(2, 2), "2" * 12
    unread = facts(accounts=[known, audits.account(None, None, other)])
    assert f"the account '{other}' was not read completely" in lacks_of(unread)
    fewer = facts(accounts=[audits.account(3, 2)])
    assert "they have 2 of the 3 organizations of account None" in lacks_of(fewer)
    strange = facts(accounts=[audits.account(0, 0, other)])
    assert "they have organizations of account None, which is not among their accounts" in lacks_of(strange)


def test_facts_with_records_of_other_organizations_never_pass() -> None:
    strange = {**RECORDS[0], "organization_id": "m-" + "f" * 32}
    lacks = lacks_of(facts(personal_access_tokens=[strange, RECORDS[1]]))
    assert f"they have tokens of 'm-{'f' * 32}', which is not among their organizations" in lacks


@guards("plugins/module_utils/_audit/facts_check.py", "    elif not counted:")
def test_facts_about_nothing_never_pass() -> None:
    summary = {"tokens": 0, "selected": 0, "organizations": 0}
    assert "no organization was read" in lacks_of(
        facts(personal_access_tokens=[], summary=summary, organizations=facts()["organizations"][2:])
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "facts: expected a list of records"),
        ("", "facts: expected a list of records"),
        ({"failed": True, "msg": "denied"}, "facts: expected a list of records"),
        (
            {"personal_access_tokens": []},
            "facts: not a result of workmail_pat_info, it lacks accounts, as_of, complete, errors,",
        ),
        ([{"name": "x"}], r"facts\[0\]: not a record of a personal access token, it lacks organization_id"),
        (["x"], r"facts\[0\]: expected a record"),
        (facts(errors=None), "facts.errors: expected a list, got None"),
        (facts(errors=["denied"]), r"facts.errors\[0\]: expected a mapping, got 'denied'"),
        (facts(summary={"tokens": 2}), "facts.summary: it lacks organizations"),
        (facts(summary={"tokens": True, "organizations": 2}), "facts.summary.tokens: expected a whole number"),
        (facts(summary={"tokens": 10**30, "organizations": 2}), "facts.summary.tokens: expected a number of at most"),
        (
            facts(organizations=[{"id": "m"}]),
            r"facts.organizations\[0\]: it lacks account_id, account_name, alias, region",
        ),
        (facts(personal_access_tokens=[{**RECORDS[0], "name": 1}]), r"tokens\[0\].name: expected text, got 1"),
        (facts(personal_access_tokens=[{**RECORDS[0], "scopes": "imap"}]), r"tokens\[0\].scopes: expected a list"),
        (facts(personal_access_tokens=[{**RECORDS[0], "new": float("nan")}]), r"tokens\[0\].new: nan is not"),
        (facts(personal_access_tokens=[{**RECORDS[0], "region": None}]), r"tokens\[0\].region: expected text"),
    ],
)
def test_other_values_are_not_facts(given: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        audit_facts(POLICY, given, None, audits.NOW)
