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
from estate import ACME, GLOBEX
from guarding import guards
from revocations import AS_OF, DELETE, EVERY, EXPIRED, GET, asked, change_token, held, ids
from workmail_emulator import Emulator, Fault

Playbook = Callable[..., subprocess.CompletedProcess[str]]
RunTasks = Callable[..., dict[str, Any]]

BOOK = "patrol.workmail.revoke"
REVOKE = {"revoke_policy": "no_expired", "revoke_as_of": AS_OF, "revoke_max_percent": 100}


def test_the_module(emulator: Emulator, run_tasks: RunTasks) -> None:
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
        ]
    )
    done = registered["done"]
    for key in ("changed", "revoked", "not_revoked", "absent", "diff"):
        assert registered["predicted"][key] == done[key], key
    assert done["changed"] and ids(done["revoked"]) == ["pat-1"] and done["absent"] == ["pat-none"]
    assert done["diff"]["before"].keys() == {"pat-1", "pat-2"} and done["diff"]["after"].keys() == {"pat-2"}
    assert not registered["again"]["changed"] and registered["again"]["absent"] == ["pat-1"]
    failed = registered["failed"]
    assert failed["failed"] and failed["changed"] and ids(failed["revoked"]) == ["pat-4"]
    assert failed["error_code"] == "AccessDeniedException" and "workmail:DeletePersonalAccessToken" in failed["msg"]
    assert "personal_access_token_ids: expected a list of at least one ID" in registered["empty"]["msg"]
    assert held(emulator) == {"pat-2", "pat-3", "pat-5", "pat-6"}


def test_what_is_left_does_not_make_a_skipped_task(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    """Ansible takes a result with a list under skipped for a task that did not run, and tells no handler."""
    arguments = {"organization": "acme", "state": "absent", "personal_access_token_ids": ["pat-1", "pat-2"]}
    revoke = {"patrol.workmail.workmail_pat": {**arguments, "only_if": {"expired": True}, "as_of": AS_OF}}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{**revoke, "notify": "told"}],
        "handlers": [{"name": "told", "ansible.builtin.debug": {"msg": "handled"}}],
    }
    book = tmp_path / "handled.yml"
    book.write_text(json.dumps([play]))
    run = ansible_playbook(str(book))
    assert "changed=1" in run.stdout and "skipped=0" in run.stdout and "handled" in run.stdout
    assert "pat-1" not in held(emulator) and "pat-2" in held(emulator)


@pytest.mark.smoke
def test_the_playbook_plans_and_then_revokes(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    plan = ansible_playbook(BOOK, extra=REVOKE)
    assert plan.returncode == 0, plan.stdout
    assert "PLANNED: 2 to revoke, 0 found and left, of 6 tokens" in plan.stdout
    assert plan.stdout.count("planned: The token has expired: acme, token pat-") == 2
    assert "Nothing was revoked. To revoke these tokens and no others, review the plan and run:" in plan.stdout
    assert len(held(emulator)) == 6 and "changed=0" in plan.stdout
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


def test_check_mode_and_a_list_as_text(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    arguments = ("--check", "--diff", "-e", "revoke_organizations=acme,globex")
    run = ansible_playbook(BOOK, *arguments, extra={**REVOKE, "revoke_confirm": True})
    assert run.returncode == 0 and "WOULD REVOKE: 2 of 2 planned" in run.stdout and "changed=1" in run.stdout
    assert "of 6 tokens" in run.stdout
    assert len(held(emulator)) == 6 and not (tmp_path / "revocations").exists()


def test_over_a_limit_the_plan_is_shown_and_nothing_goes(emulator: Emulator, ansible_playbook: Playbook) -> None:
    extra = {**REVOKE, "revoke_confirm": True, "revoke_max_percent": 10}
    run = ansible_playbook(BOOK, extra=extra)
    assert run.returncode == 2 and "the plan has 2 of the 5 tokens of acme; revoke_max_percent is 10" in run.stdout
    assert run.stdout.count("planned: The token has expired: acme, token pat-") == 2
    assert max(map(len, run.stdout.splitlines())) < 1000 and len(held(emulator)) == 6


def test_everything_that_keeps_a_token(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
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
        "REVOKED: 2 of 3 planned, 4 found and left",
        "left, protected: every: acme, token pat-1",
        "left, muted: TICKET-1: every: acme, token pat-4",
        "left, created within the grace period: every: young, token pat-new",
        "was not there: pat-6",
    ):
        assert line in run.stdout, line
    assert held(emulator) == {"pat-1", "pat-2", "pat-4"}
    assert len(list((tmp_path / "here" / "records").iterdir())) == 1


def test_findings_of_an_audit(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    ("fault", "revoked"),
    [
        (Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX), 0),
        (Fault("truncated", operation="ListUsers", organization_id=ACME), 0),
        (Fault("access_denied", operation="GetCallerIdentity"), 0),
        (Fault("access_denied", operation=DELETE, personal_access_token_id="pat-3"), 1),
        (Fault("throttle", operation=GET, personal_access_token_id="pat-3"), 1),
        (Fault("reset", operation=DELETE, personal_access_token_id="pat-3"), 1),
    ],
)
def test_faults(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path, fault: Fault, revoked: int) -> None:
    emulator.faults.add(fault)
    run = ansible_playbook(BOOK, extra={**REVOKE, "revoke_confirm": True})
    assert run.returncode == 2 and "Traceback" not in run.stdout + run.stderr
    assert len(held(emulator)) == 6 - revoked and len(asked(emulator)) in (revoked, revoked + 1)
    assert f"REVOKED: {revoked} of " in run.stdout
    [record] = (tmp_path / "revocations").iterdir()
    outcomes = [json.loads(line)["outcome"] for line in record.read_text().splitlines()]
    assert outcomes.count("revoked") == revoked and outcomes[-1] == "failed"


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({}, "Give one of revoke_policy and revoke_findings"),
        ({"revoke_policy": "no_expired", "revoke_findings": []}, "Give one of revoke_policy and revoke_findings"),
        (
            {**REVOKE, "revoke_protect": {"name": "x"}},
            "revoke_protect (did you mean revoke_protected?)",
        ),
        ({**REVOKE, "revoke_policy": "no_expird"}, "did you mean no_expired?"),
        ({**REVOKE, "revoke_policy": "nofile.yml"}, "revoke_policy: there is no file 'nofile.yml'"),
        ({**REVOKE, "revoke_policy": "wind_down"}, "revoke_policy: none of its rules can revoke a token"),
        ({"revoke_plan": "none.json"}, "none.json: cannot be read"),
        ({"revoke_plan": ""}, "revoke_plan: '' is not valid; expected the path of a plan"),
        ({**REVOKE, "revoke_organizations": []}, "revoke_organizations: the list is empty"),
        ({**REVOKE, "revoke_organizations": "acme,"}, "revoke_organizations: "),
        ({**REVOKE, "revoke_as_of": "+1d"}, "set revoke_allow_future to true"),
        ({**REVOKE, "revoke_organizations": None}, "revoke_organizations"),
        ({**REVOKE, "revoke_regions": None}, "revoke_regions"),
        ({**REVOKE, "revoke_protected": None}, "revoke_protected: expected at least one condition"),
        (
            {**REVOKE, "revoke_protected": {"##vso[task.complete result=Succeeded;]": 1, "ownr": "a"}},
            "2 mistakes: (1) revoke_protected.# #vso[task.complete result=Succeeded;]: unknown",
        ),
        ({**REVOKE, "revoke_grace": None}, "revoke_grace: '' is not a duration"),
        ({**REVOKE, "revoke_as_of": None}, "revoke_as_of: '' is neither"),
        ({**REVOKE, "revoke_assume_role_arn": None}, "revoke_assume_role_arn: '' is not like"),
        ({**REVOKE, "revoke_record_dir": "file/records"}, "revoke_record_dir: the record cannot be written"),
        ({**REVOKE, "revoke_record_dir": ""}, "revoke_record_dir: expected the path of a directory"),
        ({**REVOKE, "revoke_max_tokens": 0}, "revoke_max_tokens: 0 is out of range; expected 1 or more"),
        ({**REVOKE, "revoke_confirm": "maybe"}, "revoke_confirm"),
        ({**REVOKE, "revoke_organizations": ["m-12"]}, "'m-12' is not a valid organization ID"),
    ],
    ids=repr,
)
@guards(
    "roles/revoke/tasks/main.yml",
    "revoke_protected or {} if revoke_protected is defined else omit",
    "revoke_protected | default(omit)",
)
@guards("roles/revoke/tasks/main.yml", "- __common_unknown | length == 0", "- true")
@guards("roles/revoke/vars/main.yml", " if revoke_record_dir else ''", "")
def test_bad_variables(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path, extra: dict[str, Any], message: str
) -> None:
    (tmp_path / "file").write_text("")
    run = ansible_playbook(BOOK, extra={"revoke_confirm": True, **extra})
    assert run.returncode == 2 and message in run.stdout.replace("\\", ""), run.stdout
    assert len(emulator.requests) == 0 and "Traceback" not in run.stdout + run.stderr and "##" not in run.stdout


def test_a_directory_that_is_not_writable(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """As a user who may not write there, or where nobody may."""
    directory = tmp_path / "locked" if os.geteuid() else Path("/proc/1")
    if os.geteuid():
        directory.mkdir(mode=0o500)
    run = ansible_playbook(BOOK, extra={**REVOKE, "revoke_confirm": True, "revoke_record_dir": str(directory)})
    assert run.returncode == 2 and "Nothing is revoked without a record" in run.stdout
    assert len(emulator.requests) == 0


def test_the_default_limits(emulator: Emulator, ansible_playbook: Playbook) -> None:
    tokens = [
        {"PersonalAccessTokenId": f"old-{n}", "UserId": "somebody-old", "DateCreated": "-400d", "ExpiresTime": "-1d"}
        for n in range(11)
    ]
    tokens += [{"PersonalAccessTokenId": f"good-{n}", "UserId": "somebody-old"} for n in range(200)]
    emulator.load({"Organizations": [{"Alias": "many", "PersonalAccessTokens": tokens}]})
    extra = {"revoke_policy": "no_expired", "revoke_organizations": ["many"], "revoke_confirm": True}
    run = ansible_playbook(BOOK, extra=extra)
    assert run.returncode == 2 and "the plan has 11 tokens; revoke_max_tokens is 10" in run.stdout
    assert not asked(emulator)
    assert ansible_playbook(BOOK, extra={**extra, "revoke_max_tokens": 11}).returncode == 0
    assert len(asked(emulator)) == 11
