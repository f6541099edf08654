# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters on audits and facts: input that was changed after it was made is refused and never passes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import audits
import pytest
from ansible.errors import AnsibleFilterError
from guarding import guards

from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_baseline import workmail_pat_baseline
from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_findings import workmail_pat_findings
from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_merged import workmail_pat_merged
from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_report import workmail_pat_report
from ansible_collections.patrol.workmail.plugins.module_utils._audit.baseline import (
    compare_with_baseline,
    read_baseline,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, current_instant, format_instant


@guards("plugins/filter/workmail_pat_report.py", "        if isinstance(format, str) and format in FORMATS:")
@pytest.mark.parametrize("name", ["json", "csv", "junit", "sarif", "markdown", "html", "text"])
def test_a_changed_audit_has_no_report(name: str) -> None:
    audit = audits.mixed()
    with pytest.raises(AnsibleFilterError, match=r"^workmail_pat_report: audit\.summary\.findings: it is 7, but"):
        workmail_pat_report({**audit, "findings": []}, name)
    assert workmail_pat_report(audit, name)


@pytest.mark.parametrize("name", ["jsn", ["json"], None, {}])
def test_an_unknown_format_is_reported_first(name: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="^workmail_pat_report: format: .* is not a report format"):
        workmail_pat_report({}, name)


def test_a_list_passes_only_if_it_is_given_as_complete() -> None:
    assert workmail_pat_findings([], "no_expired")["outcome"] == "incomplete"
    assert workmail_pat_findings([], "no_expired", complete=False)["outcome"] == "incomplete"
    assert workmail_pat_findings([], "no_expired", complete=True)["outcome"] == "pass"
    with pytest.raises(AnsibleFilterError, match="^workmail_pat_findings: complete: expected true or false, got 'yes'"):
        workmail_pat_findings([], "no_expired", complete="yes")
    with pytest.raises(AnsibleFilterError, match="complete: it is for a list of records"):
        workmail_pat_findings({"personal_access_tokens": []}, "no_expired", complete=True)


def write_audit(path: Path, audit: dict[str, Any]) -> dict[str, Any]:
    made = format_instant(current_instant() - DAY)
    document = {**audit, "as_of": made, "audited_at": made}
    path.write_text(json.dumps(document))
    return document


def test_a_baseline_is_read_from_a_file_or_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plays").mkdir()
    here = write_audit(tmp_path / "audit.json", audits.mixed())
    there = write_audit(tmp_path / "plays" / "audit.json", audits.clean())
    assert workmail_pat_baseline("audit.json") == workmail_pat_baseline(str(tmp_path / "audit.json")) == here
    assert workmail_pat_baseline("audit.json", directory=str(tmp_path / "plays")) == there
    assert workmail_pat_baseline(here, max_age="2d") is here
    merged = workmail_pat_merged({"a": audits.mixed()}, ["a"], baseline=here)
    assert merged["outcome"] == "pass" and merged["summary"]["known"] == audits.mixed()["summary"]["new"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "baseline: 'audit.json' does not exist. A baseline is the audit.json of an earlier audit."),
        ("", "baseline: 'audit.json' is empty. A baseline is"),
        ("{", "baseline: 'audit.json' is not valid JSON: "),
        ("[]", "baseline: 'audit.json' is not the result of an audit. A baseline is"),
        (
            '{"a": 1, "a": 2}',
            "baseline: 'audit.json' is not valid JSON: not valid, because an object has a duplicate key",
        ),
        ('{"a": 1}', "baseline: expected the result of an audit, got a document without findings"),
        (json.dumps(audits.incomplete()), "baseline: the audit was incomplete"),
    ],
    ids=["missing", "empty", "cut", "list", "twice", "other", "incomplete"],
)
def test_a_file_that_cannot_be_a_baseline_is_refused(
    content: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "audit.json").write_text(content)
    with pytest.raises(AnsibleFilterError, match=re.escape(f"workmail_pat_baseline: {message}")):
        workmail_pat_baseline("audit.json")


@pytest.mark.parametrize("baseline", [" ", "a\0b", 7, [], {}, None])
def test_a_value_that_cannot_be_a_baseline_is_refused(baseline: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="^workmail_pat_baseline: baseline: expected the "):
        workmail_pat_baseline(baseline)


@guards(
    "plugins/plugin_utils/_account_merge.py",
    '        if result["baseline"] is not None:',
)
def test_audits_with_baselines_of_their_own_are_not_merged(tmp_path: Path) -> None:
    baseline = read_baseline(write_audit(tmp_path / "audit.json", audits.mixed()), None, current_instant())
    part = compare_with_baseline(audits.mixed(), baseline)
    with pytest.raises(AnsibleFilterError, match="a was compared with a baseline of its own"):
        workmail_pat_merged({"a": part}, ["a"])


def test_an_unknown_outcome_is_never_merged_to_a_pass() -> None:
    merged = workmail_pat_merged({"a": audits.clean(), "b": {**audits.clean(), "outcome": "fine"}}, ["a", "b"])
    assert merged["outcome"] == "incomplete" and merged["errors"][0]["host"] == "b"
