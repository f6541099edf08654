# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors and dates in every plugin that reads tokens."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import ACME
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError

RunTasks = Callable[..., dict[str, Any]]
Playbook = Callable[..., subprocess.CompletedProcess[str]]

INFO = "patrol.workmail.workmail_pat_info"
LOOKUP = "patrol.workmail.workmail_pat"


# Each kind of fault once, in a run of Ansible. test_faults.py has each one at each operation.
FAULTS = {
    "throttle": "ThrottlingException",
    "internal_error": "InternalServerException",
    "unavailable": "ServiceUnavailableException",
    "access_denied": "AccessDeniedException",
    "expired_credentials": "ExpiredTokenException",
    "reset": "ConnectionClosedError",
    "truncated": "MalformedResponseException",
    # Some versions of botocore notice by themselves that a body is short.
    "short_body": "MalformedResponseException ConnectionClosedError",
    "html": "MalformedResponseException",
    "empty_body": "MalformedResponseException",
    "empty_object": "MalformedResponseException",
    "miscased_key": "MalformedResponseException",
    "null_list": "MalformedResponseException",
    "empty_next_token": "PaginationException",
    "millisecond_timestamps": "MalformedResponseException",
    "unparsable_timestamps": "MalformedResponseException",
    "invalid_utf8": "MalformedResponseException",
}


def fault(kind: str, times: int) -> Fault:
    return Fault(kind, operation="ListPersonalAccessTokens", page=2, times=times)


def check_error(failure: dict[str, Any], kind: str) -> None:
    assert failure["error_code"] in FAULTS[kind].split()
    assert failure["organization_id"] == ACME
    assert failure["region"] == "us-east-1"
    assert failure["operation"] == "ListPersonalAccessTokens"
    assert failure["page"] == 2
    assert failure["msg"].endswith(failure["hint"] or ")")


@pytest.mark.parametrize("kind", FAULTS)
def test_errors_say_what_where_and_what_to_do(emulator: Emulator, gather: Callable[..., Any], kind: str) -> None:
    emulator.faults.add(fault(kind, 1))
    with pytest.raises(PatrolError) as raised:
        gather(organizations=[ACME], page_size=2)
    check_error(raised.value.as_result(), kind)


@pytest.mark.ansible
@pytest.mark.slow
def test_errors_of_module_and_lookup_say_what_where_and_what_to_do(emulator: Emulator, run_tasks: RunTasks) -> None:
    """An error of each origin in a task: the service, the connection, a reply and the paging. The lookup has all."""
    kinds = ("access_denied", "reset", "html", "empty_next_token")
    tasks: list[dict[str, Any]] = []
    for kind in FAULTS:
        # The emulator uses the oldest fault first.
        emulator.faults.add(fault(kind, 1 + (kind in kinds)))
        module = {INFO: {"organization": ACME, "page_size": 2}, "register": f"module_{kind}", "ignore_errors": True}
        looked_up = f"{{{{ query('{LOOKUP}', '{ACME}', page_size=2) }}}}"
        lookup = {"ansible.builtin.debug": {"msg": looked_up}, "register": f"lookup_{kind}", "ignore_errors": True}
        tasks += [module, lookup] if kind in kinds else [lookup]
    results = run_tasks(tasks)
    for kind in kinds:
        failure = results[f"module_{kind}"]
        assert failure["failed"] is True
        check_error(failure, kind)
        assert failure["boto3_version"] and failure["botocore_version"]
        assert "personal_access_tokens" not in failure
        assert "Traceback" not in str(failure)
    for kind in FAULTS:
        lookup = results[f"lookup_{kind}"]
        assert lookup["failed"] is True
        for part in (ACME, "us-east-1", "page 2", "ListPersonalAccessTokens"):
            assert part in lookup["msg"]
        assert "Traceback" not in str(lookup)
    denied = results["module_access_denied"]
    assert "workmail:ListPersonalAccessTokens" in denied["hint"]
    assert denied["error"]["code"] == "AccessDeniedException" and denied["response_metadata"]["http_status_code"] == 400


@pytest.mark.ansible
@pytest.mark.slow
def test_missing_libraries_are_named(ansible_playbook: Playbook, environment: dict[str, str], tmp_path: Path) -> None:
    """A module fails with the text of amazon.aws. Lookup and inventory say which Python needs what."""
    (tmp_path / "missing").mkdir()
    for name in ("boto3", "botocore"):
        (tmp_path / "missing" / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')")
    (tmp_path / "x.workmail_pat.yml").write_text(f"plugin: {LOOKUP}")
    tasks = [
        {INFO: {"organization": ACME}, "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', '{ACME}') }}}}"}},
    ]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (tmp_path / "book.yml").write_text(json.dumps([play]))
    path = f"{tmp_path / 'missing'}:{environment.get('PYTHONPATH', '')}"
    run = ansible_playbook("-i", "x.workmail_pat.yml", "book.yml", env={"PYTHONPATH": path})
    output = " ".join((run.stdout + run.stderr).split())
    assert run.returncode == 2 and "Failed to import the required Python library (botocore and boto3)" in run.stdout
    assert output.count("boto3 and botocore are not installed for /") >= 2 and "Install both for this" in output
    assert "Failed to parse inventory" in output and "Traceback" not in output


DATES = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    date: 2027-01-01
    conditions: {expires_after: 2027-01-01}
    policy:
      version: 1
      rules: [{id: late, severity: low, when: {expires_after: 2027-01-01}}]
      exceptions: [{rules: late, match: {expires_after: 2027-01-01}, reason: x, expires: 2027-01-01}]
  tasks:
    - patrol.workmail.workmail_pat_info:
        as_of: 2027-01-01
        select: {expires_after: 2027-01-01}
      register: facts
    - patrol.workmail.workmail_pat_audit:
        as_of: "{{ date }}"
        policy: "{{ policy }}"
      register: audit
    - ansible.builtin.assert:
        that:
          - facts.as_of == '2027-01-01T00:00:00+00:00' and audit.as_of == facts.as_of
          - query('patrol.workmail.workmail_pat', as_of=date, select=conditions) == facts.personal_access_tokens
          - record is patrol.workmail.workmail_pat_matching(conditions, as_of=date)
          - record is patrol.workmail.workmail_pat_matching(expired=false, as_of=date)
          - (facts | patrol.workmail.workmail_pat_findings(policy, as_of=date)).outcome in ('pass', 'incomplete')
      vars:
        record: "{{ facts.personal_access_tokens | first }}"
"""


@pytest.mark.ansible
@pytest.mark.slow
def test_a_date_is_accepted_as_an_instant(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    book = tmp_path / "dates.yml"
    book.write_text(DATES)
    emulator.load(
        {"Organizations": [{"Alias": "late", "PersonalAccessTokens": [{"ExpiresTime": "2027-06-01T00:00:00Z"}]}]}
    )
    run = ansible_playbook(str(book))
    assert run.returncode == 0, run.stdout + run.stderr
