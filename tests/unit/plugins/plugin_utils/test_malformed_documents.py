# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Almost valid input: the answer is a consistent result, or an error that names the place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import audits
import pytest
from ansible.errors import AnsibleFilterError
from guarding import guards
from hypothesis import example, given, settings
from mutations import doubled, mutated, nested, with_each_place

from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_findings import workmail_pat_findings
from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_merged import workmail_pat_merged
from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_notices import workmail_pat_notices
from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_report import workmail_pat_report
from ansible_collections.patrol.workmail.plugins.module_utils._audit.audit_check import check_audit
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import DERIVED, to_record
from ansible_collections.patrol.workmail.plugins.plugin_utils._changes import Reading, Threshold, find_steps
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import FORMATS
from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.state import State, StateError
from ansible_collections.patrol.workmail.plugins.test.workmail_pat_matching import workmail_pat_matching

TOKENS = [
    audits.token(1, expires_time=audits.NOW - DAY),
    audits.token(2, audits.ORGANIZATIONS[1], expires_time=None, name="svc-archive"),
]
RECORDS = [to_record(token, audits.NOW) for token in TOKENS]
FACTS: dict[str, Any] = {
    "personal_access_tokens": RECORDS,
    "summary": {
        "tokens": 2,
        "selected": 2,
        "organizations": 2,
        "by_organization": {audits.ORGANIZATIONS[0].id: {"tokens": 1}},
    },
    "accounts": [audits.account(2, 2)],
    "organizations": [
        {**place._asdict(), "tokens": tokens} for place, tokens in zip(audits.ORGANIZATIONS[:2], (1, 1), strict=True)
    ],
    "as_of": format_instant(audits.NOW),
    "complete": True,
    "errors": [],
}
# A rule for each thing that can be asked of a token, so that every field is looked at.
POLICY: dict[str, Any] = {
    "version": 1,
    "rules": [
        {"id": f"rule-{number}", "severity": "low", "when": {name: value}}
        for number, (name, value) in enumerate(
            {
                "expired": True,
                "unused_for": "9000d",
                "older_than": "9000d",
                "lifetime_over": "9000d",
                "name": "nobody",
                "personal_access_token_id": "nobody",
                "scopes_outside": ["imap"],
                "organization": "nobody",
                "owner": "nobody",
                "owner_state": "DELETED",
            }.items()
        )
    ],
}
AUDIT = audits.audit_of(TOKENS, organizations=audits.ORGANIZATIONS[:2])
INCOMPLETE = audits.audit_of(
    [],
    errors=[{"msg": "denied", "error_code": "AccessDenied", "organization_id": audits.ORGANIZATIONS[2].id}],
    organizations=audits.ORGANIZATIONS[2:],
)


def answer(call: Any) -> Any:
    """Return the answer of a filter or test, or None if it reports an error of the collection in one line."""
    try:
        return call()
    except AnsibleFilterError as error:
        text = str(error)
        assert text.startswith("workmail_pat_") and text.isprintable() and len(text) < 2_000
        return None


@given(mutated(FACTS))
@example({**FACTS, "as_of": "9999-12-31T23:59:59-01:00"})
@example({**FACTS, "organizations": FACTS["organizations"][1:]})
@example({**FACTS, "organizations": [*FACTS["organizations"], FACTS["organizations"][1]]})
@example({**FACTS, "organizations": [{**FACTS["organizations"][0], "tokens": 7}, FACTS["organizations"][1]]})
@example({**FACTS, "personal_access_tokens": [{**RECORDS[0], "expires_time": "9999-12-31T23:59:59-01:00"}]})
def test_malformed_facts_make_a_valid_audit_or_an_error(facts: Any) -> None:
    result = answer(lambda: workmail_pat_findings(facts, POLICY))
    if result is not None:
        assert check_audit(result) is result
        assert result["complete"] is not bool(result["errors"])
        json.dumps(result, allow_nan=False).encode()


def test_deep_nesting_is_an_error_everywhere() -> None:
    def deep() -> Any:
        return {"a": nested(2_000)}

    for path, facts in with_each_place(FACTS, deep):
        # Derived fields and the counts by organization are not looked at.
        if not {*path} & {*DERIVED, "by_organization"}:
            assert answer(lambda facts=facts: workmail_pat_findings(facts, POLICY)) is None, path
    for path, audit in with_each_place(AUDIT, deep):
        assert answer(lambda audit=audit: workmail_pat_report(audit, "json")) is None, path
        merged = answer(lambda audit=audit: workmail_pat_merged({"a": audit, "b": INCOMPLETE}, ["a", "b"]))
        assert merged is None or merged["errors"][0]["host"] == "a", path
    for _path, findings in with_each_place(AUDIT["findings"], deep):
        answer(lambda findings=findings: workmail_pat_notices(findings, text_template="x", html_template="x"))
    for _path, record in with_each_place(RECORDS[0], deep):
        answer(lambda record=record: workmail_pat_matching(record, owner="nobody"))


@given(mutated(RECORDS))
def test_malformed_records_make_a_valid_audit_or_an_error(records: Any) -> None:
    result = answer(lambda: workmail_pat_findings(records, POLICY, complete=True))
    assert result is None or check_audit(result) is result


@given(mutated(RECORDS[0]))
def test_malformed_records_match_or_are_an_error(record: Any) -> None:
    for rule in POLICY["rules"]:
        assert answer(lambda rule=rule: workmail_pat_matching(record, rule["when"])) in (True, False, None)


@given(mutated(AUDIT))
@settings(max_examples=60)
def test_a_malformed_audit_has_all_reports_or_none(audit: Any) -> None:
    texts = {name: answer(lambda name=name: workmail_pat_report(audit, name)) for name in FORMATS}
    # A format does not fail where another one does not.
    assert None not in texts.values() or set(texts.values()) == {None}


@given(mutated({"a": AUDIT, "b": INCOMPLETE, "c": {"failed": True, "msg": "denied", "error_code": "AccessDenied"}}))
def test_malformed_audits_never_make_a_complete_merge(given_audits: Any) -> None:
    merged = answer(lambda: workmail_pat_merged(given_audits, ["a", "b", "c"]))
    if merged is not None:
        assert check_audit(merged) is merged and merged["outcome"] == "incomplete"


@given(mutated({"a": audits.clean()}))
def test_a_merge_passes_only_if_its_audit_passes(given_audits: Any) -> None:
    merged = answer(lambda: workmail_pat_merged(given_audits, ["a"]))
    if merged is not None and merged["outcome"] == "pass":
        assert check_audit(given_audits["a"])["outcome"] == "pass"


@given(mutated(AUDIT["findings"]))
def test_malformed_findings_make_notices_or_an_error(findings: Any) -> None:
    notices = answer(
        lambda: workmail_pat_notices(findings, text_template="{{ name }}", html_template="{{ tokens | length }}")
    )
    assert notices is None or isinstance(notices, list)


WATCHED = {
    "format": 1,
    "targets": {"organizations": []},
    "begun": True,
    "organizations": {
        audits.ORGANIZATIONS[0].id: {
            "gone": False,
            "read": True,
            "tokens": {"pat-00001": {"token": RECORDS[0], "warned": 7 * DAY, "expired": False}},
        }
    },
}
READING = Reading(audits.NOW, {token.organization_id: [token] for token in TOKENS}, complete=True)


@given(mutated(WATCHED))
def test_a_malformed_state_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: Any) -> None:
    path = tmp_path_factory.mktemp("state") / "state.json"
    try:
        path.write_text(json.dumps(content, ensure_ascii=True))
    except (TypeError, ValueError, RecursionError):
        return
    try:
        state = State(str(path), {"organizations": []})
    except StateError as error:
        assert str(error).startswith(f"state_file: {path} ")
        return
    for step in list(find_steps(state, READING, [Threshold("7d", 7 * DAY)], True)):
        state.note(step.organization_id, step.token_id, step.entry)
    state.save()
    state.end()


@guards(
    "plugins/plugin_utils/_watch/state.py",
    "        except RecursionError as error:",
    "        except ZeroDivisionError as error:",
)
@guards("plugins/plugin_utils/_watch/state.py", '    check_plain(document, "content")\n', "")
@pytest.mark.parametrize("depth", [70, 900, 100_000])
def test_a_state_file_that_is_nested_deeply_is_refused(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "state.json"
    inner = "[" * depth + "]" * depth
    organization = '{"gone": false, "read": true, "tokens": {}, "new": ' + inner + "}"
    path.write_text('{"format": 1, "targets": {}, "begun": true, "organizations": {"m": ' + organization + "}}")
    with pytest.raises(StateError, match="nested"):
        State(str(path), {})


def test_a_state_file_that_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path):
        with pytest.raises(StateError, match=f"^state_file: {path}: expected a regular file, got a (FIFO|directory)"):
            State(str(path), {})
    with pytest.raises(StateError, match="^state_file: .* is not a valid path"):
        State("a\0b", {})


@guards("plugins/plugin_utils/_watch/state.py", "read_file(path, _LARGEST, ", "read_file(path, 10**13, ")
def test_a_state_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with path.open("w") as file:
        file.truncate(10**12)
    with pytest.raises(StateError, match="is larger than"):
        State(str(path), {})


@pytest.mark.parametrize("place", ["summary", "organizations", "errors", "personal_access_tokens"])
def test_facts_of_nested_aliases_are_refused(place: str) -> None:
    """A playbook of a kilobyte can hold facts that no disk can."""
    facts = {
        **FACTS,
        place: [{**RECORDS[0], "new_field": doubled(50)}] if place == "personal_access_tokens" else doubled(50),
    }
    with pytest.raises(AnsibleFilterError, match="repeats its parts too often"):
        workmail_pat_findings(facts, POLICY)


@pytest.mark.parametrize("place", ["summary", "findings", "policy", "organizations", "errors", "exceptions", "caller"])
def test_audits_of_nested_aliases_are_refused(place: str) -> None:
    audit = {**workmail_pat_findings(FACTS, POLICY), place: doubled(50)}
    with pytest.raises(AnsibleFilterError, match="repeats its parts too often"):
        workmail_pat_report(audit, "markdown")
