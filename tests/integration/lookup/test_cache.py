# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lookups of one run share an answer until something changes it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import ACME, GLOBEX
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.ansible

RunTasks = Callable[..., dict[str, Any]]
Playbook = Callable[..., subprocess.CompletedProcess[str]]

LOOKUP = "patrol.workmail.workmail_pat"
LIST = "ListPersonalAccessTokens"


@pytest.fixture
def listings(emulator: Emulator) -> Callable[..., int]:
    """Counts the calls of ListPersonalAccessTokens, for one organization or for all."""

    def count(organization_id: str | None = None) -> int:
        listed = [request for request in emulator.requests if request.operation == LIST]
        return sum(organization_id in (None, request.organization_id) for request in listed)

    return count


@pytest.mark.smoke
def test_the_same_lookup_sweeps_once(
    listings: Callable[..., int],
    ansible_playbook: Playbook,
    tmp_path: Path,
) -> None:
    found = f"{{{{ query('{LOOKUP}', 'acme', 'nobody', on_missing='warn') | length }}}}"
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": found}}] * 3}
    book = tmp_path / "book.yml"
    book.write_text(json.dumps([play]))
    run = ansible_playbook("-v", "--forks", "4", "-i", "a,b,c,d", "-c", "local", str(book))
    assert run.returncode == 0 and run.stdout.count('"msg": "5"') + run.stdout.count('"msg": 5') == 12
    assert listings() == 1
    assert "Skipped, because it does not exist: organization nobody" in run.stderr + run.stdout
    assert run.stdout.count("5 personal access tokens read in ") == 1
    assert list((tmp_path / "ansible" / "tmp").iterdir()) == []


@pytest.mark.slow
def test_only_an_answer_to_the_same_lookup_is_cached(
    emulator: Emulator, listings: Callable[..., int], run_tasks: RunTasks
) -> None:
    """Not an answer for other options, an error, or the answer of a lookup without a cache."""
    asked = f"query('{LOOKUP}', 'acme', select=wanted) | map(attribute='personal_access_token_id') | first"
    other_options = {
        "ansible.builtin.debug": {"msg": f"{{{{ {asked} }}}}"},
        "vars": {"wanted": {"personal_access_token_id": "{{ item }}"}},
        "loop": ["pat-1", "pat-3", "pat-1"],
        "register": "found",
    }
    emulator.faults.add(Fault("access_denied", operation=LIST, organization_id=GLOBEX, times=1))
    count = {"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', 'globex') | length }}}}"}}
    uncached = {"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', 'globex', cache=false) }}}}"}}
    tasks = [{**count, "register": "denied", "ignore_errors": True}, {**count, "register": "allowed"}]
    results = run_tasks([other_options, *tasks, uncached, uncached])
    assert [entry["msg"] for entry in results["found"]["results"]] == ["pat-1", "pat-3", "pat-1"]
    assert listings(ACME) == 2
    assert results["denied"]["failed"] is True
    assert int(results["allowed"]["msg"]) == 1
    # Twice for the error and the answer, and once for each lookup without a cache.
    assert listings(GLOBEX) == 4


@pytest.mark.slow
def test_lookups_read_again_after_a_revocation(
    listings: Callable[..., int], run_tasks: RunTasks, tmp_path: Path
) -> None:
    """By either module that revokes; that by policy reads the tokens itself as well. And while one is running."""
    rule = {"id": "third", "severity": "high", "when": {"personal_access_token_id": "pat-3"}}
    by_policy = {
        "organization": "acme",
        "policy": {"version": 1, "rules": [rule]},
        "confirm": True,
        "max_percent": 100,
        "record_dir": str(tmp_path / "records"),
    }
    by_id = {"organization": "acme", "state": "absent", "personal_access_token_ids": ["pat-1"]}
    in_background = {**by_id, "personal_access_token_ids": ["pat-4"]}
    count = {"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', 'acme') | length }}}}"}}
    tasks = [
        {**count, "register": "before"},
        {**count, "register": "again"},
        {"patrol.workmail.workmail_pat": by_id},
        {**count, "register": "after"},
        {"patrol.workmail.workmail_pat_revoke": by_policy},
        {**count, "register": "later"},
        {"patrol.workmail.workmail_pat": in_background, "async": 120, "poll": 0, "register": "revoking"},
        count,
        {
            "ansible.builtin.async_status": {"jid": "{{ revoking.ansible_job_id }}"},
            "register": "revoked",
            "until": "revoked is finished",
            "retries": 60,
            "delay": 1,
        },
        {**count, "register": "at_last"},
    ]
    results = run_tasks(tasks)
    names = ("before", "again", "after", "later", "at_last")
    assert [int(results[name]["msg"]) for name in names] == [5, 5, 4, 3, 2]
    # Four by the first tasks, of which one is by the module; and one while and one after the last revocation runs.
    assert listings() == 6
