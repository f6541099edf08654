# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and its playbook: reports first, then the exit code."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from estate import ACME, GLOBEX, SECRETS_OF_A_NAME
from guarding import guards
from report_files import FILES
from workmail_emulator import Emulator, Fault

Playbook = Callable[..., subprocess.CompletedProcess[str]]

BOOK = "patrol.workmail.audit"
AS_OF = "2026-02-04T00:00:00Z"
MILD = {"version": 1, "fail_on": "high", "rules": [{"id": "forever", "severity": "low", "when": {"has_expiry": False}}]}


@pytest.mark.smoke
def test_every_report_is_written_before_it_fails(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    extra = {"audit_report_dir": "out/reports", "audit_report_formats": list(FILES), "audit_as_of": AS_OF}
    run = ansible_playbook(BOOK, extra=extra)
    assert run.returncode == 2, run.stdout
    reports = tmp_path / "out" / "reports"
    assert {file.name for file in reports.iterdir()} == {f"audit.{extension}" for extension in FILES.values()}
    texts = {name: (reports / f"audit.{extension}").read_bytes().decode() for name, extension in FILES.items()}
    audit = json.loads(texts["json"])
    assert audit["outcome"] == "violations" and audit["summary"]["tokens"] == 6
    assert audit["policy"]["file"] == "policies/default.yml"
    rows = list(csv.DictReader(texts["csv"].splitlines()))
    assert len(rows) == audit["summary"]["findings"] == len(audit["findings"]) > 10
    suites = suites_of(texts["junit"])
    assert len(suites["acme"].findall(".//failure")) > 0
    sarif = json.loads(texts["sarif"])
    assert len(sarif["runs"][0]["results"]) == len(rows)
    assert texts["markdown"] and texts["html"].startswith("<!") and "FAIL: " in texts["text"]
    # Nothing has been made of the braces in a token's name.
    assert SECRETS_OF_A_NAME in json.dumps(audit) and "owned" in texts["csv"]
    assert str(reports) in run.stdout and "FAIL: " in run.stdout
    assert run.stdout.index("Write the reports") < run.stdout.index("Show the summary") < run.stdout.index("fatal:")
    assert "\u202e" not in run.stdout + run.stderr
    assert not any(line.lstrip().startswith("::") for line in run.stdout.splitlines())
    assert "Traceback" not in run.stdout + run.stderr


def suites_of(junit: str) -> dict[str | None, ElementTree.Element]:
    return {suite.get("name"): suite for suite in ElementTree.fromstring(junit).iter("testsuite")}


def test_the_summary_of_many(emulator: Emulator, ansible_playbook: Playbook) -> None:
    tokens = [
        {"PersonalAccessTokenId": f"pat-{n}", "UserId": "u", "DateCreated": "-400d", "ExpiresTime": "-1d"}
        for n in range(25)
    ]
    emulator.load({"Organizations": [{"Alias": "many", "PersonalAccessTokens": tokens}]})
    run = ansible_playbook(BOOK, extra={"audit_organizations": ["many"], "audit_policy": "no_expired"})
    assert run.returncode == 2
    assert run.stdout.count("high: The token has expired: ") == 20 and "... and 5 more findings" in run.stdout


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ({"audit_policy": MILD}, 0),
        ({"audit_policy": {**MILD, "fail_on": "low"}}, 2),
        ({"audit_policy": "no_expired"}, 2),
        ({"audit_policy": "no_expired", "audit_as_of": "2026-01-31T00:00:00Z"}, 0),
        ({"audit_policy": "no_expired", "audit_fail": False}, 0),
        ({"audit_policy": "no_expired", "audit_fail": "false"}, 0),
        ({"audit_policy": "no_expired", "audit_owners": False}, 2),
        ({"audit_policy": "wind_down"}, 2),
        ({"audit_policy": "wind_down", "audit_as_of": "2026-03-04T00:00:00Z"}, 0),
        ({"audit_policy": "mine.yml"}, 0),
        ({"audit_policy": "none.yml"}, 2),
        ({"audit_policy": "broken.yml"}, 2),
    ],
    ids=repr,
)
def test_exit_codes(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path, extra: dict[str, Any], code: int
) -> None:
    (tmp_path / "mine.yml").write_text(json.dumps(MILD))
    (tmp_path / "broken.yml").write_text("rules: [")
    run = ansible_playbook(BOOK, extra={"audit_as_of": AS_OF, **extra})
    assert run.returncode == code, run.stdout
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize("fail", [True, False])
@guards(
    "roles/audit/tasks/report.yml",
    "(__audit_result.outcome == 'violations' and not audit_fail | bool)",
    "not audit_fail | bool",
)
def test_one_organization_denied(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path, fail: bool) -> None:
    """The report is whole for the others, names the one, and nothing lets it pass."""
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    extra = {"audit_policy": MILD, "audit_report_dir": "reports", "audit_fail": fail, "audit_as_of": AS_OF}
    run = ansible_playbook(BOOK, extra=extra)
    assert run.returncode == 2
    assert "INCOMPLETE: 0 violations on 5 tokens of 1 organization" in run.stdout and "AccessDenied" in run.stdout
    audit = json.loads((tmp_path / "reports" / "audit.json").read_text())
    assert audit["outcome"] == "incomplete"
    assert [finding["token"]["organization_id"] for finding in audit["findings"]] == [ACME]
    suites = {
        suite.get("name"): suite for suite in ElementTree.parse(tmp_path / "reports" / "audit.xml").iter("testsuite")
    }
    assert len(suites["globex"].findall(".//error")) == 1 and not suites["acme"].findall(".//error")


def test_owners_are_left_out_where_not_wanted(emulator: Emulator, ansible_playbook: Playbook) -> None:
    emulator.faults.add(Fault("access_denied", operation="ListUsers"))
    extra = {"audit_policy": "no_expired", "audit_as_of": "2026-01-31T00:00:00Z"}
    assert ansible_playbook(BOOK, extra={**extra, "audit_owners": False}).returncode == 0
    assert ansible_playbook(BOOK, extra=extra).returncode == 2


@pytest.mark.parametrize("directory", ["file/reports", "", " ", ["reports"]])
def test_reports_that_cannot_be_written_keep_it_from_looking(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path, directory: Any
) -> None:
    (tmp_path / "file").write_text("")
    run = ansible_playbook(BOOK, extra={"audit_policy": MILD, "audit_report_dir": directory})
    assert run.returncode == 2 and len(emulator.requests) == 0


@pytest.mark.parametrize("variable", ["audit_assume_role_arn", "audit_assume_role_external_id", "audit_as_of"])
@guards(
    "roles/audit/tasks/read.yml",
    "audit_assume_role_arn or '' if audit_assume_role_arn is defined else omit",
    "audit_assume_role_arn | default(omit)",
)
def test_a_variable_without_a_value(emulator: Emulator, ansible_playbook: Playbook, variable: str) -> None:
    """It must not look in another account, or at another time, than was meant."""
    run = ansible_playbook(BOOK, extra={"audit_policy": MILD, variable: None})
    assert run.returncode == 2 and f"{variable}: " in run.stdout
    assert len(emulator.requests) == 0


def test_no_report_of_an_earlier_run_is_left(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    extra = {"audit_policy": MILD, "audit_report_dir": str(reports), "audit_report_formats": list(FILES)}
    assert ansible_playbook(BOOK, extra=extra).returncode == 0
    (reports / "kept.json").write_text("")
    assert len(list(reports.iterdir())) == len(FILES) + 1
    for book, wrong in (
        (BOOK, {"audit_on_error": "fail"}),
        (BOOK, {"audit_on_error": "never"}),
        (BOOK, {"audit_fail": None}),
        ("patrol.workmail.assert_no_expired", {"audit_owners": "maybe"}),
        (BOOK, {"audit_regoins": ["all"]}),
        ("patrol.workmail.assert_no_expired", {}),
    ):
        emulator.faults.add(Fault("access_denied", operation="ListOrganizations"))
        (reports / "audit.json").write_text("")
        run = ansible_playbook(book, extra={**extra, **wrong})
        assert run.returncode == 2 and run.stdout.count("Remove the reports of an earlier run") == 1
        assert [file.name for file in reports.iterdir()] == ["kept.json"]


@pytest.mark.parametrize("tags", [["--tags", "nothing"], ["--skip-tags", "everything"]])
@guards("playbooks/audit.yml", "      tags: [always]\n", "")
def test_tags_do_not_keep_it_from_looking(emulator: Emulator, ansible_playbook: Playbook, tags: list[str]) -> None:
    assert ansible_playbook(BOOK, *tags, extra={"audit_as_of": AS_OF}).returncode == 2
