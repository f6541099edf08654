# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and its playbook: reports first, then the exit code."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from estate import ACME, GLOBEX, SECRETS_OF_A_NAME
from guarding import guards
from host_runs import HostRun
from logs import last_lines, verdicts
from report_files import FILES
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.ansible

Playbook = Callable[..., subprocess.CompletedProcess[str]]
RunHosts = Callable[..., list[HostRun]]

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
    verdict, paths = last_lines(run.stdout, 2)
    assert len(verdicts(run.stdout)) == 1 and verdict.startswith("FAIL: ") and paths.startswith(f"Reports: {reports}/")
    assert "\u202e" not in run.stdout + run.stderr
    assert not any(line.lstrip().startswith("::") for line in run.stdout.splitlines())
    assert "Traceback" not in run.stdout + run.stderr


def suites_of(junit: str) -> dict[str | None, ElementTree.Element]:
    return {suite.get("name"): suite for suite in ElementTree.fromstring(junit).iter("testsuite")}


@guards("plugins/action/workmail_pat_report.py", "        if refused := refusal(self, task_vars):")
@pytest.mark.slow
def test_a_run_with_a_baseline_fails_only_because_of_new_findings(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    extra = {"audit_report_dir": "reports", "audit_report_formats": ["json"], "audit_as_of": AS_OF}
    assert ansible_playbook(BOOK, extra=extra).returncode == 2
    (tmp_path / "reports" / "audit.json").rename(tmp_path / "baseline.json")
    extra["audit_baseline"] = "baseline.json"
    same = ansible_playbook(BOOK, extra=extra)
    assert same.returncode == 0, same.stdout
    replaced = ansible_playbook(BOOK, extra={**extra, "audit_baseline": "reports/audit.json"})
    assert replaced.returncode == 2 and (tmp_path / "reports" / "audit.json").exists()
    assert "audit_baseline: reports/audit.json is a report that this run replaces" in " ".join(replaced.stdout.split())
    found = json.loads((tmp_path / "reports" / "audit.json").read_text())
    assert found["summary"]["known"] == found["summary"]["findings"] > 0
    emulator.load(
        {
            "Organizations": [
                {
                    "Alias": "initech",
                    "Users": [{"Id": "user-1", "Name": "ana", "State": "ENABLED"}],
                    "PersonalAccessTokens": [
                        {
                            "PersonalAccessTokenId": "pat-new",
                            "UserId": "user-1",
                            "DateCreated": "2026-01-01T00:00:00Z",
                            "ExpiresTime": "2026-02-01T00:00:00Z",
                        }
                    ],
                }
            ]
        }
    )
    more = ansible_playbook(BOOK, extra=extra)
    assert more.returncode == 2, more.stdout
    found = json.loads((tmp_path / "reports" / "audit.json").read_text())
    assert {finding["token"]["personal_access_token_id"] for finding in found["findings"] if not finding["known"]} == {
        "pat-new"
    }


@pytest.mark.slow
def test_the_summary_shows_twenty_findings_and_a_count(emulator: Emulator, ansible_playbook: Playbook) -> None:
    tokens = [
        {"PersonalAccessTokenId": f"pat-{n}", "UserId": "u", "DateCreated": "-400d", "ExpiresTime": "-1d"}
        for n in range(25)
    ]
    emulator.load({"Organizations": [{"Alias": "many", "PersonalAccessTokens": tokens}]})
    run = ansible_playbook(BOOK, extra={"audit_organizations": ["many"], "audit_policy": "no_expired"})
    assert run.returncode == 2
    assert run.stdout.count("high: The token has expired: ") == 20 and "... and 5 more findings" in run.stdout


EXIT_CODES: list[tuple[dict[str, Any], int]] = [
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
]


@pytest.mark.slow
def test_each_outcome_has_its_exit_code(emulator: Emulator, run_hosts: RunHosts, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(json.dumps(MILD))
    (tmp_path / "broken.yml").write_text("rules: [")
    runs = run_hosts(BOOK, [{"audit_as_of": AS_OF, **variables} for variables, _code in EXIT_CODES])
    for (variables, code), run in zip(EXIT_CODES, runs, strict=True):
        assert run.returncode == code, (variables, run.stdout)


@pytest.mark.slow
def test_an_audit_of_a_denied_organization_never_passes(
    emulator: Emulator, run_hosts: RunHosts, tmp_path: Path
) -> None:
    """The report is complete for the others, and names the one, with each value of ``audit_fail``."""
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    common = {"audit_policy": MILD, "audit_as_of": AS_OF}
    folders = {"fails": True, "continues": False}
    runs = run_hosts(
        BOOK, [{**common, "audit_report_dir": folder, "audit_fail": fail} for folder, fail in folders.items()]
    )
    for folder, run in zip(folders, runs, strict=True):
        assert run.returncode == 2
        assert (
            "INCOMPLETE: not everything was read; 0 violations on 5 tokens of 1 organization" in run.stdout
            and "AccessDenied" in run.stdout
        )
        audit = json.loads((tmp_path / folder / "audit.json").read_text())
        assert audit["outcome"] == "incomplete"
        assert [finding["token"]["organization_id"] for finding in audit["findings"]] == [ACME]
        suites = suites_of((tmp_path / folder / "audit.xml").read_text())
        assert len(suites["globex"].findall(".//error")) == 1 and not suites["acme"].findall(".//error")


@pytest.mark.slow
def test_owners_are_read_unless_audit_owners_is_false(emulator: Emulator, run_hosts: RunHosts) -> None:
    emulator.faults.add(Fault("access_denied", operation="ListUsers"))
    variables = {"audit_policy": "no_expired", "audit_as_of": "2026-01-31T00:00:00Z"}
    runs = run_hosts(BOOK, [{**variables, "audit_owners": False}, variables])
    assert [run.returncode for run in runs] == [0, 2]


@pytest.mark.slow
def test_a_bad_report_directory_is_refused_before_any_call(
    emulator: Emulator, run_hosts: RunHosts, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    directories: list[Any] = ["file/reports", "", " ", ["reports"]]
    runs = run_hosts(BOOK, [{"audit_policy": MILD, "audit_report_dir": directory} for directory in directories])
    assert [run.returncode for run in runs] == [2] * len(directories) and len(emulator.requests) == 0


@guards("roles/audit/tasks/read.yml", "([''] if audit_accounts is none else audit_accounts)", "audit_accounts")
@guards(
    "roles/audit/tasks/read.yml",
    "audit_assume_role_arn or '' if audit_assume_role_arn is defined else omit",
    "audit_assume_role_arn | default(omit)",
)
@pytest.mark.slow
def test_a_variable_without_a_value_is_refused_before_any_call(emulator: Emulator, run_hosts: RunHosts) -> None:
    """It must not read other accounts than intended, or judge at another time."""
    accounts = {"audit_accounts": ["111111111111"], "audit_assume_role_name": "workmail-auditor"}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"audit_assume_role_arn": None}, "audit_assume_role_arn: "),
        ({"audit_assume_role_external_id": None}, "audit_assume_role_external_id: "),
        ({"audit_as_of": None}, "audit_as_of: "),
        ({"audit_baseline": None}, "audit_baseline: expected the path of a file, got ''"),
        ({"audit_baseline": "no.json"}, "audit_baseline: 'no.json' does not exist. A baseline is the audit.json"),
        ({"audit_baseline": {}}, "audit_baseline: expected the result of an audit, got {}"),
        (
            {"audit_baseline": {"a": 1}, "audit_baseline_max_age": None},
            "audit_baseline_max_age: '' is not a valid duration",
        ),
        ({**accounts, "audit_accounts": None}, "audit_accounts: expected non-empty strings, got ''"),
        ({**accounts, "audit_accounts": []}, "audit_accounts: the list is empty"),
        ({**accounts, "audit_exclude_accounts": None}, "audit_exclude_accounts: expected non-empty strings"),
        ({**accounts, "audit_assume_role_name": None}, "audit_assume_role_name: '' is not the name of a role"),
    ]
    runs = run_hosts(BOOK, [{"audit_policy": MILD, **variables} for variables, _message in cases])
    for (_variables, message), run in zip(cases, runs, strict=True):
        assert run.returncode == 2 and message in run.stdout
    assert len(emulator.requests) == 0


@pytest.mark.slow
def test_reports_of_an_earlier_run_are_removed(emulator: Emulator, run_hosts: RunHosts, tmp_path: Path) -> None:
    common, policy = {"audit_report_formats": list(FILES)}, {"audit_policy": MILD}
    [good] = run_hosts(BOOK, [{**common, "audit_report_dir": "good"}], extra=policy)
    assert good.returncode == 0
    (tmp_path / "good" / "kept.json").write_text("")
    assert len(list((tmp_path / "good").iterdir())) == len(FILES) + 1
    wrong: dict[str, list[dict[str, Any]]] = {
        BOOK: [
            {"audit_on_error": "fail"},
            {"audit_on_error": "never"},
            {"audit_fail": None},
            {"audit_regoins": ["all"]},
        ],
        "patrol.workmail.assert_no_expired": [{"audit_owners": "maybe"}, {}],
    }
    emulator.faults.add(Fault("access_denied", operation="ListOrganizations"))
    for book, cases in wrong.items():
        folders = [tmp_path / f"{book}-{number}" for number in range(len(cases))]
        for folder in folders:
            shutil.copytree(tmp_path / "good", folder)
        hosts = [
            {**common, "audit_report_dir": str(folder), **variables}
            for folder, variables in zip(folders, cases, strict=True)
        ]
        # The playbook assert_no_expired refuses a policy of the command line.
        runs = run_hosts(book, hosts, extra=policy)
        for folder, variables, run in zip(folders, cases, runs, strict=True):
            assert (
                run.returncode == 2 and run.stdout.count("Remove the result and the reports of an earlier run") == 1
            ), variables
            assert [file.name for file in folder.iterdir()] == ["kept.json"], variables


@pytest.mark.slow
@pytest.mark.parametrize("tags", [["--tags", "nothing"], ["--skip-tags", "everything"]])
@guards("playbooks/audit.yml", "      tags: [always]\n", "")
def test_tags_never_skip_the_audit(emulator: Emulator, ansible_playbook: Playbook, tags: list[str]) -> None:
    assert ansible_playbook(BOOK, *tags, extra={"audit_as_of": AS_OF}).returncode == 2
