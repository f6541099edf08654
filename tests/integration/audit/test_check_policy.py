# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook check_policy: its output and its exit code, without AWS and without credentials."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guarding import guards
from host_runs import HostRun
from logs import MOST_LINES
from workmail_emulator import Emulator

Playbook = Callable[..., subprocess.CompletedProcess[str]]
RunHosts = Callable[..., list[HostRun]]
RunTasks = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.ansible

BOOK = "patrol.workmail.check_policy"
OFFLINE = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
POLICY = "version: 1\nrules:\n  - id: forever\n    severity: low\n    when: {has_expiry: false}\n"


@pytest.mark.smoke
def test_a_policy_is_explained_without_aws(ansible_playbook: Playbook) -> None:
    run = ansible_playbook(BOOK, extra={"check_policy_file": "default"}, env=OFFLINE)
    assert run.returncode == 0 and len(run.stdout.splitlines()) <= MOST_LINES, run.stdout
    assert "policies/default.yml is valid, with 7 rules and 0 exceptions." in run.stdout
    assert "Rule orphaned, critical, fails the audit: The owner of the token is disabled" in run.stdout


@guards("playbooks/check_policy.yml", "if __check_policy_unknown else ''", "if false else ''")
@pytest.mark.slow
def test_mistakes_and_bad_input_exit_2(emulator: Emulator, run_hosts: RunHosts, tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(POLICY)
    (tmp_path / "wrong.yml").write_text(POLICY.replace("low", "lwo").replace("has_expiry", "has_expiri"))
    (tmp_path / "broken.yml").write_text("rules: [")
    (tmp_path / "audit.json").write_text('{"outcome": "pass"}')
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"check_policy_file": "mine.yml"}, 0, "mine.yml is valid, with 1 rule and 0 exceptions"),
        ({"check_policy_file": "wrong.yml"}, 2, "line 4, rule forever: rules[0].severity: 'lwo' is not one of"),
        ({"check_policy_file": "wrong.yml"}, 2, "has_expiri: unknown condition, did you mean has_expiry?"),
        ({"check_policy_file": "broken.yml"}, 2, "line 1: not valid YAML"),
        ({"check_policy_file": "none.yml"}, 2, "check_policy_file: 'none.yml' does not exist"),
        ({}, 2, "check_policy_file: expected the path of a policy, got an empty value"),
        ({"check_policy_fil": "mine.yml"}, 2, "check_policy_fil (did you mean check_policy_file?)"),
        ({"check_policy_file": "mine.yml", "check_policy_fact": "x"}, 2, "check_policy_fact (did you mean check_pol"),
        ({"check_policy_file": "mine.yml", "check_policy_facts": "x"}, 2, "check_policy_facts: 'x' does not exist"),
        ({"check_policy_file": "mine.yml", "check_policy_facts": "audit.json"}, 2, "is the result of an audit"),
    ]
    runs = run_hosts(BOOK, [variables for variables, _code, _message in cases], env=OFFLINE)
    for (variables, code, message), run in zip(cases, runs, strict=True):
        assert run.returncode == code and message in run.stdout, (variables, run.stdout)


@pytest.mark.slow
def test_what_a_policy_finds_in_saved_facts(
    emulator: Emulator, run_tasks: RunTasks, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    facts = run_tasks([{"patrol.workmail.workmail_pat_info": {"as_of": "2026-02-04T00:00:00Z"}, "register": "facts"}])
    (tmp_path / "facts.json").write_text(json.dumps(facts["facts"]))
    run = ansible_playbook(BOOK, extra={"check_policy_file": "no_expired", "check_policy_facts": "facts.json"})
    assert run.returncode == 0 and "FAIL: 2 violations (2 high) on 6 tokens of 2 organizations" in run.stdout
    assert "Findings in facts.json:" in run.stdout
