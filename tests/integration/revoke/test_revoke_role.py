# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules, the role and the playbook as people run them: the plan first, then what is confirmed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guarding import guards
from host_runs import HostRun
from logs import MOST_LINES
from revocations import AS_OF, DELETE, EVERY, EXPIRED, GET, asked, change_token, held, ids, many_tokens
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.ansible

Playbook = Callable[..., subprocess.CompletedProcess[str]]
RunTasks = Callable[..., dict[str, Any]]

BOOK = "patrol.workmail.revoke"
REVOKE = {"revoke_policy": "no_expired", "revoke_as_of": AS_OF, "revoke_max_percent": 100}


@pytest.mark.slow
def test_the_module_predicts_and_revokes(emulator: Emulator, run_tasks: RunTasks, tmp_path: Path) -> None:
    arguments = {"organization": "acme", "state": "absent"}
    module = "patrol.workmail.workmail_pat"
    emulator.faults.add(Fault("access_denied", operation=DELETE, personal_access_token_id="pat-5"))
    registered = run_tasks(
        [
            {
                module: {**arguments, "personal_access_token_ids": ["pat-1", "pat-2", "pat-none"]},
                "args": {"only_if": {"expired": True}, "as_of": AS_OF},
                "check_mode": True,
                "diff": True,
                "register": "predicted",
            },
            {
                module: {**arguments, "personal_access_token_ids": ["pat-1", "pat-2", "pat-none"]},
                "args": {"only_if": {"expired": True}, "as_of": AS_OF},
                "diff": True,
                "register": "done",
                "notify": "handle",
            },
            {module: {**arguments, "personal_access_token_id": "pat-1"}, "register": "again"},
            {
                module: {**arguments, "personal_access_token_ids": ["pat-4", "pat-5"]},
                "register": "failed",
                "ignore_errors": True,
            },
            {
                module: {**arguments, "personal_access_token_ids": []},
                "register": "empty",
                "ignore_errors": True,
            },
        ],
        handlers=[
            {
                "name": "handle",
                "ansible.builtin.copy": {"content": "handled", "dest": str(tmp_path / "handled"), "mode": "0600"},
            }
        ],
    )
    done = registered["done"]
    for key in ("changed", "revoked", "not_revoked", "absent", "diff"):
        assert registered["predicted"][key] == done[key], key
    assert done["changed"] and ids(done["revoked"]) == ["pat-1"] and done["absent"] == ["pat-none"]
    assert done["diff"]["before"].keys() == {"pat-1", "pat-2"} and done["diff"]["after"].keys() == {"pat-2"}
    # With a list under "skipped", Ansible would mistake the task for one that did not run, and run no handler.
    assert "skipped" not in done and (tmp_path / "handled").read_text() == "handled"
    assert not registered["again"]["changed"] and registered["again"]["absent"] == ["pat-1"]
    failed = registered["failed"]
    assert failed["failed"] and failed["changed"] and ids(failed["revoked"]) == ["pat-4"]
    assert failed["error_code"] == "AccessDeniedException" and "workmail:DeletePersonalAccessToken" in failed["msg"]
    assert "personal_access_token_ids: expected a list of at least one ID" in registered["empty"]["msg"]
    assert held(emulator) == {"pat-2", "pat-3", "pat-5", "pat-6"}


@pytest.mark.smoke
def test_the_playbook_plans_and_then_revokes(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    plan = ansible_playbook(BOOK, extra=REVOKE)
    assert plan.returncode == 0, plan.stdout
    assert "PLANNED: 2 to revoke, 0 found but skipped, of 6 tokens" in plan.stdout
    assert plan.stdout.count("planned: The token has expired: acme, token pat-") == 2
    assert "Nothing was revoked. To revoke these tokens and no others, review the plan and run:" in plan.stdout
    assert len(held(emulator)) == 6 and "changed=0" in plan.stdout
    # Seven of them are the plan.
    assert len(plan.stdout.splitlines()) <= MOST_LINES + 9
    # The last line of the log, before the recap, is the command that carries out the plan.
    log = [line.strip(' ",]}') for line in plan.stdout.partition("PLAY RECAP")[0].splitlines()]
    shown = [line for line in log if line.startswith("ansible-playbook patrol.workmail.revoke -e revoke_plan=")]
    assert len(shown) == 1 and not [line for line in log[log.index(shown[0]) + 1 :] if "token" in line]
    program, *arguments = shlex.split(shown[0])
    assert program == "ansible-playbook"
    change_token(emulator, "pat-4", ExpiresTime="2026-01-31T00:00:00Z")
    done = ansible_playbook(*arguments)
    assert done.returncode == 0, done.stdout
    assert "REVOKED: 2 of 2 planned" in done.stdout and "changed=1" in done.stdout
    assert done.stdout.count("revoked: The token has expired: acme, token pat-") == 2
    assert "planned: " not in done.stdout and "Nothing was revoked" not in done.stdout
    assert "not in the plan: The token has expired: acme, token pat-4" in done.stdout
    assert held(emulator) == {"pat-2", "pat-4", "pat-5", "pat-6"}
    records = tmp_path / "revocations"
    assert len(list(records.glob("revoke-*.jsonl"))) == 2 and len(list(records.glob("plan-*.json"))) == 1
    unattended = ansible_playbook(BOOK, extra={**REVOKE, "revoke_confirm": "yes"})
    assert unattended.returncode == 0 and "revoked: The token has expired: acme, token pat-4" in unattended.stdout
    for line in (plan.stdout + done.stdout).splitlines():
        assert "\u202e" not in line and not line.lstrip().startswith("::")


@pytest.mark.slow
def test_check_mode_predicts_and_lists_can_be_text(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    arguments = ("--check", "--diff", "-e", "revoke_organizations=acme,globex")
    run = ansible_playbook(BOOK, *arguments, extra={**REVOKE, "revoke_confirm": True})
    assert run.returncode == 0 and "WOULD REVOKE: 2 of 2 planned" in run.stdout and "changed=1" in run.stdout
    assert "of 6 tokens" in run.stdout
    assert len(held(emulator)) == 6 and not (tmp_path / "revocations").exists()


@pytest.mark.slow
def test_every_variable_that_protects_tokens_is_applied(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    policy = {
        **EVERY,
        "exceptions": [
            {"rules": ["every"], "match": {"name": "Token 4"}, "reason": "TICKET-1", "expires": "2099-12-31"}
        ],
    }
    emulator.load(
        {
            "Organizations": [
                {
                    "Alias": "young",
                    "PersonalAccessTokens": [
                        {"PersonalAccessTokenId": "pat-new", "UserId": "somebody-new", "DateCreated": "-1d"}
                    ],
                }
            ]
        }
    )
    emulator.faults.add(Fault("deleted_meanwhile", operation=GET, personal_access_token_id="pat-6"))
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    extra = {
        "revoke_policy": "policy.json",
        "revoke_protected": {"owner": ["ana"]},
        "revoke_grace": "2d",
        "revoke_confirm": True,
        "revoke_max_percent": 100,
        "revoke_record_dir": "here/records",
    }
    run = ansible_playbook(BOOK, extra=extra)
    assert run.returncode == 0, run.stdout
    for line in (
        "REVOKED: 2 of 3 planned, 4 found but skipped",
        "left, protected: every: acme, token pat-1",
        "left, muted: TICKET-1: every: acme, token pat-4",
        "left, created within the grace period: every: young, token pat-new",
        "did not exist: pat-6",
    ):
        assert line in run.stdout, line
    assert held(emulator) == {"pat-1", "pat-2", "pat-4"}
    assert len(list((tmp_path / "here" / "records").iterdir())) == 1


@pytest.mark.slow
def test_findings_of_an_audit_are_revoked(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    book = tmp_path / "findings.yml"
    audit = {"policy": EXPIRED, "as_of": AS_OF, "organizations": ["acme"], "owners": True}
    role = {"revoke_findings": "{{ audit.findings }}", "revoke_confirm": True, "revoke_max_percent": 100}
    tasks = [
        {"patrol.workmail.workmail_pat_audit": audit, "register": "audit"},
        {"ansible.builtin.include_role": {"name": "patrol.workmail.revoke"}, "vars": role},
    ]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    book.write_text(json.dumps([play]))
    run = ansible_playbook(str(book))
    assert run.returncode == 0, run.stdout
    assert held(emulator) == {"pat-2", "pat-4", "pat-5", "pat-6"}


@pytest.mark.slow
def test_a_deletion_that_fails_is_shown(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    emulator.faults.add(Fault("access_denied", operation=DELETE, personal_access_token_id="pat-3"))
    run = ansible_playbook(BOOK, extra={**REVOKE, "revoke_confirm": True})
    assert run.returncode == 2 and "Traceback" not in run.stdout + run.stderr
    assert len(held(emulator)) == 5 and len(asked(emulator)) == 2
    assert "REVOKED: 1 of 2 planned" in run.stdout
    [record] = (tmp_path / "revocations").iterdir()
    outcomes = [json.loads(line)["outcome"] for line in record.read_text().splitlines()]
    assert outcomes.count("revoked") == 1 and outcomes[-1] == "failed"


@pytest.mark.slow
def test_a_plan_beyond_the_default_limits_is_shown(emulator: Emulator, ansible_playbook: Playbook) -> None:
    emulator.load({"Organizations": [many_tokens(11, 0)]})
    run = ansible_playbook(BOOK, extra={"revoke_policy": "no_expired", "revoke_confirm": True})
    assert run.returncode == 2 and "the plan has 13 tokens; revoke_max_tokens is 10" in run.stdout
    assert "the plan has 2 of the 5 tokens of acme; revoke_max_percent is 10" in run.stdout
    assert run.stdout.count("planned: The token has expired: acme, token pat-") == 2
    assert max(map(len, run.stdout.splitlines())) < 1000 and not asked(emulator)


ACCOUNTS = {"revoke_accounts": ["111111111111"], "revoke_assume_role_name": "workmail-revoker"}
Refused = Callable[[list[tuple[dict[str, Any], str]]], None]
UNSAFE_VARIABLES = [
    ({**REVOKE, "revoke_protect": {"name": "x"}}, "revoke_protect (did you mean revoke_protected?)"),
    ({**REVOKE, "revoke_protected": None}, "revoke_protected: expected at least one condition"),
    ({**REVOKE, "revoke_record_dir": ""}, "revoke_record_dir: expected the path of a directory"),
]
BAD_VARIABLES: list[tuple[dict[str, Any], str]] = [
    ({}, "Give one of revoke_policy and revoke_findings"),
    ({"revoke_policy": "no_expired", "revoke_findings": []}, "Give one of revoke_policy and revoke_findings"),
    ({**REVOKE, "revoke_policy": "no_expird"}, "did you mean no_expired?"),
    ({**REVOKE, "revoke_policy": "nofile.yml"}, "revoke_policy: 'nofile.yml' does not exist"),
    ({**REVOKE, "revoke_policy": "wind_down"}, "revoke_policy: none of its rules can revoke a token"),
    ({"revoke_plan": "none.json"}, "none.json: cannot be read"),
    ({"revoke_plan": ""}, "revoke_plan: '' is not valid; expected the path of a plan"),
    ({**REVOKE, "revoke_organizations": []}, "revoke_organizations: the list is empty"),
    ({**REVOKE, "revoke_organizations": "acme,"}, "revoke_organizations: "),
    ({**REVOKE, "revoke_as_of": "+1d"}, "set revoke_allow_future to true"),
    ({**REVOKE, "revoke_organizations": None}, "revoke_organizations"),
    ({**REVOKE, "revoke_regions": None}, "revoke_regions"),
    (
        {**REVOKE, "revoke_protected": {"##vso[task.complete result=Succeeded;]": 1, "ownr": "a"}},
        "2 mistakes: (1) revoke_protected.# #vso[task.complete result=Succeeded;]: unknown",
    ),
    ({**REVOKE, "revoke_grace": None}, "revoke_grace: '' is not a valid duration"),
    ({**REVOKE, "revoke_as_of": None}, "revoke_as_of: '' is not a valid time"),
    ({**REVOKE, "revoke_assume_role_arn": None}, "revoke_assume_role_arn: '' is not the ARN of a role"),
    ({**REVOKE, "revoke_accounts": None}, "revoke_accounts: expected non-empty strings"),
    ({**REVOKE, "revoke_accounts": []}, "revoke_accounts: the list is empty"),
    ({**REVOKE, **ACCOUNTS, "revoke_exclude_accounts": None}, "revoke_exclude_accounts: expected non-empty strings"),
    ({**REVOKE, **ACCOUNTS, "revoke_assume_role_name": None}, "revoke_assume_role_name: '' is not the name of a role"),
    ({**REVOKE, "revoke_record_dir": "file/records"}, "revoke_record_dir: the record cannot be written"),
    ({**REVOKE, "revoke_max_tokens": 0}, "revoke_max_tokens: 0 is out of range; expected 1 or more"),
    ({**REVOKE, "revoke_confirm": "maybe"}, "revoke_confirm"),
    ({**REVOKE, "revoke_organizations": ["m-12"]}, "'m-12' is not a valid organization ID"),
]


@pytest.fixture
def check_refused(emulator: Emulator, run_hosts: Callable[..., list[HostRun]]) -> Refused:
    """Runs the role once, with the variables of each case on a host of its own, and expects the message of each."""

    def check(cases: list[tuple[dict[str, Any], str]]) -> None:
        play = {"hosts": "all", "gather_facts": False, "roles": [BOOK]}
        runs = run_hosts([play], [{"revoke_confirm": True, **extra} for extra, _message in cases])
        for run, (extra, message) in zip(runs, cases, strict=True):
            shown = [line.replace("\\", "") for line in run.stdout.splitlines() if line.startswith("fatal: [")]
            assert run.returncode == 2 and any(message in line for line in shown), (extra, message, shown)
            assert "##" not in run.stdout
        assert len(emulator.requests) == 0

    return check


@guards(
    "roles/revoke/tasks/main.yml",
    "revoke_protected or {} if revoke_protected is defined else omit",
    "revoke_protected | default(omit)",
)
@guards("roles/revoke/vars/main.yml", "__common_unknown_message if __common_unknown else ''", "''")
@guards("roles/revoke/vars/main.yml", " if revoke_record_dir else ''", "")
@pytest.mark.slow
def test_variables_that_would_protect_less_are_refused(check_refused: Refused) -> None:
    check_refused(UNSAFE_VARIABLES)


@pytest.mark.slow
def test_invalid_variables_are_refused(check_refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    # A directory that this user cannot write to, or in which nobody can.
    locked = tmp_path / "locked" if os.geteuid() else Path("/proc/1")
    if os.geteuid():
        locked.mkdir(mode=0o500)
    unwritable = {**REVOKE, "revoke_record_dir": str(locked)}
    check_refused([*BAD_VARIABLES, (unwritable, "Nothing is revoked without a record")])
