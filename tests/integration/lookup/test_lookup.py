# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup plugin in playbooks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import ACME
from workmail_emulator import Emulator, Fault

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

RunTasks = Callable[..., dict[str, Any]]
Playbook = Callable[..., subprocess.CompletedProcess[str]]

LOOKUP = "patrol.workmail.workmail_pat"


BAD_EXPRESSIONS = {
    "term": (f"query('{LOOKUP}', 'm-XYZ')", "organizations: 'm-XYZ' is not a valid organization ID"),
    "nothing": (f"query('{LOOKUP}', '')", "organizations: expected non-empty strings"),
    "option": (f"query('{LOOKUP}', 'acme', slect={{'expired': true}})", "slect: unknown option, did you mean select?"),
    "terms": (f"query('{LOOKUP}', organizations=['acme'])", "the organizations are the terms of the lookup. Write"),
    "select": (f"query('{LOOKUP}', select={{'unused_for': '9'}})", "select.unused_for: '9' is not a valid duration"),
    "region": (f"query('{LOOKUP}', region='nowhere-1')", "'nowhere-1' is not a region of Amazon WorkMail"),
    "number": (f"query('{LOOKUP}', page_size='many')", "page_size: 'many' is not an integer"),
    "choice": (f"query('{LOOKUP}', on_missing='ignore')", "on_missing: 'ignore' is not one of error, skip, warn"),
    "alias": (
        f"query('{LOOKUP}', user='a', users=['b'])",
        "user, users: are two names of one option; set only one of them",
    ),
    "test": ("{} is patrol.workmail.workmail_pat_matching(expired=true)", "not a record of a personal access token"),
    "condition": (
        "{} is patrol.workmail.workmail_pat_matching(expird=true)",
        "conditions.expird: unknown condition, did you mean expired?",
    ),
    "both": ("{} is patrol.workmail.workmail_pat_matching({}, expired=true)", "one dict and keyword arguments"),
    "as_of": (
        "{} is patrol.workmail.workmail_pat_matching(expired=true, as_of='now')",
        "as_of: 'now' is not a valid time",
    ),
    "nothing_given": (
        "{} is patrol.workmail.workmail_pat_matching(none)",
        "expected a mapping of conditions, got nothing",
    ),
}


def test_lookup_and_test_refuse_invalid_input(emulator: Emulator, run_tasks: RunTasks) -> None:
    results = run_tasks(
        [
            {
                "ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"},
                "register": name,
                "ignore_errors": True,
            }
            for name, (expression, _message) in BAD_EXPRESSIONS.items()
        ]
    )
    for name, (_expression, message) in BAD_EXPRESSIONS.items():
        assert results[name]["failed"] is True, name
        assert message in results[name]["msg"]
    assert len(emulator.requests) == 0


def test_on_missing_skips_and_warns(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    book = tmp_path / "missing.yml"
    lookups = {
        "skip": f"query('{LOOKUP}', 'acme', 'acmee', users=['ana', 'nobody'], on_missing='skip')",
        "warn": f"query('{LOOKUP}', 'acme', 'acmee', users=['ana', 'nobody'], on_missing='warn')",
        "none": f"query('{LOOKUP}', 'acmee', on_missing='skip')",
    }
    tasks = "".join(
        f'    - ansible.builtin.debug:\n        msg: "{name} {{{{ {text} | length }}}}"\n'
        for name, text in lookups.items()
    )
    book.write_text(f"- hosts: localhost\n  gather_facts: false\n  tasks:\n{tasks}")
    run = ansible_playbook(str(book))
    assert run.returncode == 0, run.stdout + run.stderr
    for said in ("skip 2", "warn 2", "none 0"):
        assert said in run.stdout
    output = " ".join((run.stdout + run.stderr).split())
    assert output.count("Skipped, because it does not exist: organization acmee") == 1
    assert output.count("Skipped, because it does not exist: user nobody") == 1


def test_an_incomplete_lookup_warns(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    tokens = [{"PersonalAccessTokenId": f"many-{number}"} for number in range(3)]
    emulator.load({"Organizations": [{"Alias": "many", "PersonalAccessTokens": tokens}]})
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=ACME))
    messages = [
        f"read {{{{ query('{LOOKUP}', {arguments}) | length }}}}"
        for arguments in ("on_error='continue'", "'many', max_items=2")
    ]
    tasks = [{"ansible.builtin.debug": {"msg": message}} for message in messages]
    book = tmp_path / "warns.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    run = ansible_playbook(str(book))
    assert run.returncode == 0 and "read 4" in run.stdout and "read 2" in run.stdout
    warned = " ".join(run.stderr.split())
    assert "Incomplete: ListPersonalAccessTokens: AccessDeniedException" in warned
    assert "Incomplete: the listing was paged by hand, so the tokens after the last page" in warned


def test_a_list_of_organizations_equals_several_terms(emulator: Emulator, run_tasks: RunTasks) -> None:
    expressions = {
        "several": f"query('{LOOKUP}', 'acme', 'globex', as_of=instant)",
        "one_list": f"query('{LOOKUP}', ['acme', 'globex'], as_of=instant)",
        "loop": f"lookup('{LOOKUP}', 'acme', 'globex', as_of=instant, wantlist=true)",
    }
    results = run_tasks(
        [
            {"ansible.builtin.set_fact": {name: f"{{{{ {expression} }}}}"}, "register": f"r_{name}"}
            for name, expression in expressions.items()
        ],
        vars={"instant": "2026-06-01T00:00:00Z", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    )
    several, one_list, loop = (results[f"r_{name}"]["ansible_facts"][name] for name in expressions)
    assert several == one_list == loop
    assert len(several) == 6
