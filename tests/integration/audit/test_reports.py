# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role audit and its reports: files of others, earlier runs, check mode, and which variable an error names."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import ACME, ESTATE, GLOBEX
from guarding import guards
from host_runs import HostRun
from logs import MOST_LINES, last_lines
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.ansible

Playbook = Callable[..., subprocess.CompletedProcess[str]]
RunTasks = Callable[..., dict[str, Any]]
RunHosts = Callable[..., list[HostRun]]

BOOK = "patrol.workmail.audit"
MILD = {"version": 1, "fail_on": "high", "rules": [{"id": "forever", "severity": "low", "when": {"has_expiry": False}}]}
ROLE = {"ansible.builtin.import_role": {"name": "patrol.workmail.audit"}}
REPORT = "patrol.workmail.workmail_pat_report"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.slow
def test_only_reports_are_written_to_the_directory(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    reports.chmod(0o1777)
    (reports / "audit.md").write_text("mine")
    (reports / "audit.json").write_text("earlier")
    extra = {"audit_policy": MILD, "audit_report_dir": "reports", "audit_report_formats": "json, junit"}
    run = ansible_playbook(BOOK, extra=extra)
    assert run.returncode == 0 and len(run.stdout.splitlines()) <= MOST_LINES, run.stdout
    verdict, paths = last_lines(run.stdout, 2)
    assert verdict == "PASS: 0 violations on 6 tokens of 2 organizations; 1 lower finding does not fail"
    assert paths == f"Reports: {reports / 'audit.json'}, {reports / 'audit.xml'}"
    assert "low: forever: acme, token pat-4" in run.stdout
    assert (reports / "audit.md").read_text() == "mine" and mode_of(reports) == 0o1777
    assert {file.name for file in reports.iterdir()} == {"audit.md", "audit.json", "audit.xml"}
    assert mode_of(reports / "audit.json") == mode_of(reports / "audit.xml") == 0o600
    audit = json.loads((reports / "audit.json").read_text())
    assert audit["caller"].startswith("arn:aws:") and audit["collection_version"]

    # In check mode, nothing is written, and nobody mistakes the earlier reports for those of this run.
    before = (reports / "audit.json").read_text()
    run = ansible_playbook(BOOK, "--check", "--diff", extra={**extra, "audit_report_mode": "0640"})
    assert run.returncode == 0 and (reports / "audit.json").read_text() == before
    assert f"Reports in {reports} are from an earlier run." in run.stdout and "Reports: " not in run.stdout
    assert "##" not in run.stdout and "\n+::" not in run.stdout

    (reports / "audit.html").mkdir()
    emulator.requests.clear()
    run = ansible_playbook(BOOK, extra={**extra, "audit_report_formats": "json,html", "audit_report_mode": "0640"})
    assert run.returncode == 2 and len(emulator.requests) == 0
    assert "audit_report_dir: '" in run.stdout and "is not a regular file" in run.stdout
    assert (reports / "audit.json").read_text() == before


REFUSED: dict[str, dict[str, Any]] = {
    "audit": {"audit_on_error": "sometimes"},
    "revoke": {"revoke_policy": "no_expired", "revoke_confirm": "perhaps"},
    "notify": {"notify_findings": "{{ not_defined }}"},
}


@guards("roles/common/tasks/result.yml", '"{{ __common_result_name }}": "{{ __common_result }}"', "unrelated: true")
@guards("roles/audit/tasks/remove.yml", "register: audit_result", "register: unrelated")
@guards("roles/revoke/meta/main.yml", "__common_result_name: revoke_result", "__common_result_name: unrelated")
@guards("roles/notify/meta/main.yml", "__common_result_name: notify_result", "__common_result_name: unrelated")
@pytest.mark.slow
def test_no_earlier_result_survives_a_value_that_ansible_refuses(run_tasks: RunTasks, tmp_path: Path) -> None:
    """Ansible checks the variables of a role before its first task."""
    (tmp_path / "audit.json").write_text("earlier")
    tasks: list[dict[str, Any]] = []
    for role, variables in REFUSED.items():
        given = {**variables, **({"audit_report_dir": str(tmp_path)} if role == "audit" else {})}
        include = {"ansible.builtin.include_role": {"name": f"patrol.workmail.{role}"}, "vars": given}
        tasks += [
            {"ansible.builtin.set_fact": {f"{role}_result": "earlier"}},
            {"block": [include], "rescue": [{"ansible.builtin.set_fact": {"why": "{{ ansible_failed_task.name }}"}}]},
            {"ansible.builtin.debug": {"msg": [f"{{{{ {role}_result }}}}", "{{ why }}"]}, "register": role},
        ]
    results = run_tasks(tasks)
    assert all(results[role]["msg"][1].startswith("Validating arguments") for role in REFUSED)
    seen = {role: results[role]["msg"][0] for role in REFUSED}
    assert seen["audit"]["outcome"] == "incomplete" and seen["audit"]["complete"] is False
    assert seen["revoke"]["failed"] is True and "plan" not in seen["revoke"]
    assert seen["notify"] == {"complete": False, "notified": [], "not_notified": []}
    assert not (tmp_path / "audit.json").exists()


@guards("roles/audit/tasks/remove.yml", "    state: absent\n", "    state: absent\n  check_mode: true\n")
@pytest.mark.slow
def test_no_result_or_report_of_an_earlier_audit_survives(
    emulator: Emulator, run_tasks: RunTasks, tmp_path: Path
) -> None:
    """Whatever makes a later audit fail, a rescue sees no pass, and errors name the variable of the role."""
    common = {"audit_policy": MILD, "audit_report_dir": str(tmp_path / "reports"), "audit_report_formats": "json"}
    failing = {
        "no file": ({"audit_policy": "nofile.yml"}, "audit_policy: 'nofile.yml' does not exist"),
        "misspelled": ({"audit_regoin": "all"}, "audit_regoin (did you mean audit_regions?)"),
        "as_of": ({"audit_as_of": "yesterday"}, "audit_as_of: 'yesterday' is not a valid time"),
        "formats": (
            {"audit_report_formats": "json,htlm"},
            "audit_report_formats: 'htlm' is not a report format",
        ),
        "mode": ({"audit_report_mode": "0777"}, "audit_report_mode: '0777' is not a valid mode"),
        "nobody": ({"audit_users": "ana,nobody", "audit_on_error": "fail"}, "nobody"),
        "directory": ({"audit_report_dir": ""}, "audit_report_dir: expected the path of a directory, got ''"),
    }
    seen = [
        "{{ audit_result.outcome }}",
        "{{ audit_result.complete }}",
        "{{ ansible_failed_result.msg }}",
        f"{{{{ '{tmp_path}/reports/audit.json' is file }}}}",
    ]
    tasks: list[dict[str, Any]] = []
    for number, (variables, _message) in enumerate(failing.values()):
        tasks += [
            {**ROLE, "vars": {**common, "audit_organizations": "acme,globex"}},
            {"ansible.builtin.debug": {"msg": "{{ audit_result.outcome }}"}, "register": f"good{number}"},
            {
                "block": [{**ROLE, "vars": {**common, **variables}}],
                "rescue": [{"ansible.builtin.set_fact": {"seen": seen}}],
            },
            {"ansible.builtin.debug": {"msg": "{{ seen }}"}, "register": f"failed{number}"},
        ]
    results = run_tasks(tasks)
    for number, (name, (_variables, message)) in enumerate(failing.items()):
        assert results[f"good{number}"]["msg"] == "pass"
        outcome, complete, problem, kept = results[f"failed{number}"]["msg"]
        assert (outcome, complete) == ("incomplete", False), name
        assert message in problem, problem
        # A directory or formats that are not valid do not say which reports to remove.
        assert kept is (name in ("formats", "mode", "directory"))


@pytest.mark.slow
def test_the_last_error_says_why_an_audit_is_incomplete(emulator: Emulator, run_hosts: RunHosts) -> None:
    """One host audits an account with an organization that is denied, and another host an account without a fault."""
    denied = "100000000001"
    emulator.load({"Organizations": [{**entry, "AccountId": denied} for entry in ESTATE["Organizations"]]})
    for organization in (ACME, GLOBEX):
        limits = {"organization_id": organization, "account_id": denied}
        denial = {"code": "AccessDeniedException", "message": "No."}
        emulator.faults.add(Fault("error", operation="ListPersonalAccessTokens", **denial, **limits))
    keys = {name.upper(): value for name, value in emulator.credentials(denied).items()}
    incomplete, violated = run_hosts(
        BOOK,
        [
            {"audit_policy": MILD, "audit_fail": False, "case_environment": keys},
            {"audit_policy": {**MILD, "fail_on": "low"}, "audit_fail": False},
        ],
    )
    last = incomplete.stdout[incomplete.stdout.index("fatal: ") :]
    assert incomplete.returncode == 2 and "INCOMPLETE: not everything was read; 0 violations" in last
    assert (
        "Grant these credentials workmail:ListPersonalAccessTokens. ListPersonalAccessTokens: AccessDeniedException: "
        "No (account " in last
    )
    assert violated.returncode == 0
    assert "Violations do not fail this run, because audit_fail is false." in violated.stdout


@pytest.mark.smoke
def test_the_report_module_runs_on_the_controller(emulator: Emulator, run_tasks: RunTasks, tmp_path: Path) -> None:
    """It runs on the controller, whatever the connection is, and says which option is wrong."""
    audit = "{{ [] | patrol.workmail.workmail_pat_findings('no_expired', as_of='2020-01-01T00:00:00Z') }}"
    given = {"audit": audit, "dest": "reports", "formats": "json,text"}
    away = {"ansible_connection": "ssh", "ansible_host": "192.0.2.1"}
    results = run_tasks(
        [
            {REPORT: given, "register": "first", "vars": away, "diff": True},
            {REPORT: {**given, "formt": "x"}, "register": "unknown", "ignore_errors": True},
            {REPORT: {**given, "audit": {"failed": True}}, "register": "failed", "ignore_errors": True},
            {REPORT: {"state": "absent", "dest": "reports", "formats": ["text"]}, "register": "gone", "diff": True},
        ]
    )
    first = results["first"]
    assert first["changed"] and first["dest"] == str(tmp_path / "reports")
    assert first["paths"] == {
        "json": str(tmp_path / "reports/audit.json"),
        "text": str(tmp_path / "reports/audit.txt"),
    }
    assert [entry["after_header"] for entry in first["diff"]] == list(first["paths"].values())
    assert "This audit is about the past" in first["diff"][1]["after"]
    assert results["unknown"]["msg"].startswith("formt: unknown option, did you mean formats?")
    assert results["failed"]["msg"].startswith("audit: not the result of an audit, it lacks outcome")
    assert results["failed"]["error_code"] == "InvalidOptionException"
    assert results["gone"]["changed"] and os.listdir(tmp_path / "reports") == ["audit.json"]
