# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of guide_accounts.rst, unchanged: one report on all accounts, which never passes if one is missing."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from fleets import (
    ACCOUNTS,
    AS_OF,
    BOOK,
    DENIED,
    EXTRA,
    GUIDE,
    ROLE,
    VIOLATING,
    Playbook,
    account_id,
    block,
    inventory,
    report,
    write,
)
from guarding import guards
from logs import MOST_LINES, verdicts
from report_files import FILES
from workmail_emulator import Emulator

pytestmark = pytest.mark.ansible


@pytest.mark.slow
def test_thirty_accounts_by_ansible_runner_with_one_denied(
    roles: dict[str, str], fleet: Emulator, run_program: Playbook, tmp_path: Path
) -> None:
    """The report is complete for the others, and says in each format which one is missing and why."""
    for folder in ("project", "inventory", "env"):
        (tmp_path / folder).mkdir()
    (tmp_path / "inventory" / "accounts.yml").write_text(yaml.safe_dump(inventory(ACCOUNTS)))
    extra = {"audit_as_of": AS_OF, "audit_report_formats": list(FILES)}
    (tmp_path / "env" / "extravars").write_text(json.dumps(extra))
    [command] = re.findall(r"^    ansible-runner (run .*)$", GUIDE.read_text(), re.MULTILINE)
    arguments = [quoted or word for quoted, word in re.findall(r"'([^']*)'|(\S+)", command)]
    strictly = {**roles, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    run = run_program("ansible-runner", *arguments, "--ident", "patrol", env=strictly)
    artifacts = tmp_path / "artifacts" / "patrol"
    assert run.returncode == 2, run.stdout + run.stderr
    assert ((artifacts / "rc").read_text(), (artifacts / "status").read_text()) == ("2", "failed")
    assert "Traceback" not in run.stdout + run.stderr and "owned\\n" not in run.stdout
    arn = f"arn:aws:iam::{account_id(DENIED)}:role/{ROLE}"
    message = (
        f"User: arn:aws:iam::123456789012:user/patrol is not authorized to perform: sts:AssumeRole on resource: {arn}"
    )
    reports = {name: (tmp_path / "project/reports" / f"audit.{end}").read_text() for name, end in FILES.items()}
    metrics = reports["openmetrics"]
    assert f'host="{DENIED}",' in metrics and f'organization="org-{VIOLATING}"' in metrics
    assert "workmail_pat_audit_complete 0" in metrics
    for name in reports.keys() - {"openmetrics"}:
        text = reports[name]
        assert f"{DENIED}: AssumeRole: AccessDenied: User: arn:aws:iam:" in text, name
        assert VIOLATING in text and "incomplete" in text.lower() + ("incomplete" if name == "junit" else ""), name
    audit = json.loads(reports["json"])
    assert audit["outcome"] == "incomplete" and audit["complete"] is False and audit["as_of"].startswith("2026-02-04T")
    [error] = audit["errors"]
    assert error["host"] == DENIED and error["error_code"] == "AccessDenied" and message in error["msg"]
    assert error["hint"].startswith("Grant these credentials sts:AssumeRole on the role. Check that the role exists")
    heard = [name for name in ACCOUNTS if name != DENIED]
    assert [(entry["host"], entry["alias"]) for entry in audit["organizations"]] == [(n, f"org-{n}") for n in heard]
    assert {entry["tokens"] for entry in audit["organizations"]} == {2}
    summary = audit["summary"]
    assert (summary["accounts"], summary["organizations"], summary["tokens"]) == (29, 29, 58)
    [finding] = [entry for entry in audit["findings"] if entry["rule_id"] == "expired"]
    assert finding["host"] == VIOLATING and finding["message"].startswith(f"{VIOLATING}: The token has expired: ")
    assert finding["token"]["personal_access_token_id"] == f"pat-{VIOLATING}-1"
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(reports["junit"]).iter("testsuite")}
    denied = f"{DENIED}/{account_id(DENIED)}"
    assert set(suites) == {denied, *(f"{name}/{account_id(name)}/org-{name}" for name in heard)}
    assert [name for name, suite in suites.items() if suite.findall(".//error")] == [denied]
    assert len({entry.account_id for entry in fleet.requests if entry.service == "workmail"}) == 29


@guards("playbooks/audit_accounts.yml", "  strategy: ansible.builtin.linear\n", "")
@pytest.mark.slow
def test_the_number_of_forks_changes_nothing(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """Nor does a strategy that somebody has set: it passes, with all that there is."""
    hosts = write(tmp_path, inventory(ACCOUNTS[:5]))
    reports = []
    for forks, env in (("1", {}), ("10", {"ANSIBLE_STRATEGY": "free"})):
        run = ansible_playbook("-i", hosts, "--forks", forks, BOOK, extra=EXTRA, env=env)
        assert run.returncode == 0 and "[WARNING]" not in run.stderr, run.stdout + run.stderr
        # The five tasks that run once, and for each host a line of its audit and one of the recap.
        assert len(run.stdout.splitlines()) <= MOST_LINES + 9 + 2 * 5, run.stdout
        reports.append({**report(tmp_path), "audited_at": None})
    assert reports[0] == reports[1]
    assert reports[0]["outcome"] == "pass" and reports[0]["summary"]["accounts"] == 5
    assert reports[0]["summary"]["tokens"] == 10


@pytest.mark.parametrize(("fail", "code"), [(True, 2), (False, 0)])
@pytest.mark.smoke
def test_violations_of_one_account_fail_the_run(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, fail: bool, code: int
) -> None:
    hosts = write(tmp_path, inventory([ACCOUNTS[0], VIOLATING]))
    run = ansible_playbook("-i", hosts, BOOK, extra={**EXTRA, "audit_fail": fail})
    assert run.returncode == code, run.stdout
    assert report(tmp_path)["outcome"] == "violations"
    assert len(verdicts(run.stdout)) == 1
    assert f"high: {account_id(VIOLATING)}: {VIOLATING}: The token has expired: org-{VIOLATING}" in run.stdout


@guards("roles/audit/tasks/accounts.yml", "    __audit_baseline_here: false\n", "    __audit_baseline_here: true\n")
@pytest.mark.slow
def test_all_hosts_are_compared_with_one_baseline(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    hosts = write(tmp_path, inventory([ACCOUNTS[0], VIOLATING]))
    assert ansible_playbook("-i", hosts, BOOK, extra=EXTRA).returncode == 2
    (tmp_path / "reports" / "audit.json").rename(tmp_path / "baseline.json")
    run = ansible_playbook("-i", hosts, BOOK, extra={**EXTRA, "audit_baseline": "baseline.json"})
    assert run.returncode == 0, run.stdout
    assert report(tmp_path)["summary"]["known"] == 1
    requests = len(fleet.requests)
    run = ansible_playbook("-i", hosts, BOOK, extra={**EXTRA, "audit_baseline": "no.json"})
    assert run.returncode == 2 and "'no.json' does not exist" in " ".join(run.stdout.split())
    assert len(fleet.requests) == requests


@pytest.mark.slow
def test_a_host_with_another_policy_is_an_error(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """It is an error of that account, and keeps the others from nothing."""
    hosts = write(tmp_path, inventory(ACCOUNTS[:2], **{ACCOUNTS[1]: {"audit_policy": "no_expired"}}))
    extra = {name: value for name, value in EXTRA.items() if name != "audit_policy"}
    assert ansible_playbook("-i", hosts, BOOK, extra=extra).returncode == 2
    found = report(tmp_path)
    assert [entry["host"] for entry in found["organizations"]] == [ACCOUNTS[0]]
    assert "audit_policy: expected the same value on each host" in found["errors"][0]["msg"]


@pytest.mark.slow
def test_the_account_of_the_credentials_is_audited_if_a_host_says_so(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    """Only where that is said."""
    fleet.load({"Organizations": [{"Alias": "own"}]})
    document = inventory(ACCOUNTS[:1])
    document["all"] = {"hosts": {"management": {"audit_own_account": True}}}
    run = ansible_playbook("-i", write(tmp_path, document), BOOK, extra=EXTRA)
    assert run.returncode == 0, run.stdout
    assert [(entry["host"], entry["alias"]) for entry in report(tmp_path)["organizations"]] == [
        (ACCOUNTS[0], f"org-{ACCOUNTS[0]}"),
        ("management", "own"),
    ]


@guards("roles/audit/tasks/accounts.yml", "  ignore_unreachable: true\n", "")
@guards("roles/audit/vars/main.yml", "ansible_play_batch | intersect", "ansible_play_hosts_all | intersect")
@pytest.mark.slow
def test_a_play_of_the_user_reports_hosts_that_cannot_be_reached(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    """The guide's, among other hosts; what cannot be reached, or has failed since an earlier audit, is missed."""
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexit 255\n")
    ssh.chmod(0o755)
    [play] = block("audit.yml")
    [both] = play["tasks"]
    [audit] = both["block"]
    audit["vars"] |= EXTRA
    fail = {"ansible.builtin.fail": {"msg": "later"}, "when": f"inventory_hostname == '{ACCOUNTS[0]}'"}
    again = {**audit, "vars": {**audit["vars"], "audit_report_dir": "again"}}
    away = {"ansible_connection": "ssh", "ansible_ssh_executable": str(ssh), "ansible_host": "127.0.0.1"}
    book = tmp_path / "audit.yml"
    # The play's own variables count more than those of hosts.
    del play["vars"]["ansible_connection"]
    play["connection"] = "local"

    def run(tasks: list[Any], **variables: Any) -> subprocess.CompletedProcess[str]:
        document = inventory(ACCOUNTS[:2], **variables)
        document["others"] = {"hosts": {"machine": {}}}
        book.write_text(yaml.safe_dump([{**play, "tasks": tasks}]))
        return ansible_playbook("-i", write(tmp_path, document), str(book))

    passed = run([both, fail, again])
    assert "PASS: 0 violations on 4 tokens of 2 organizations in 2 accounts" in passed.stdout
    assert report(tmp_path)["outcome"] == "pass" and passed.returncode == 2
    later = json.loads((tmp_path / "again" / "audit.json").read_text())
    assert later["outcome"] == "incomplete" and later["errors"][0]["host"] == ACCOUNTS[0]
    assert run([both], **{ACCOUNTS[1]: away}).returncode == 2
    [error] = report(tmp_path)["errors"]
    assert error["host"] == ACCOUNTS[1] and "Failed to connect to the host via ssh" in error["msg"]
    play["serial"] = 1
    assert run([both]).returncode == 2
    assert [error["host"] for error in report(tmp_path)["errors"]] == [ACCOUNTS[1]]
