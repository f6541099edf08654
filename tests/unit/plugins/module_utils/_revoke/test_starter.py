# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The detection of the end of the process that started a revocation, with real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._revoke import starter as _starter
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.starter import Starter, starter_of_worker

# Ansible: starts a worker, says its process ID, and ends when its input does. The worker outlives it.
ANSIBLE = """
import subprocess, sys
worker = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=int(sys.argv[1]))
print(worker.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def run() -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Ansible, the process ID of its worker, and a pipe that ends the worker when it is closed."""
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", ANSIBLE, str(reader)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[reader],
    ) as ansible:
        os.close(reader)
        assert ansible.stdout is not None
        yield ansible, int(ansible.stdout.readline()), writer
        os.close(writer)
        ansible.kill()


def described(worker: int, ansible: int) -> str:
    machine = (starter_of_worker() or "").split(" ")[0]
    return f"{machine} {worker} {ansible}"


@guards("plugins/module_utils/_revoke/starter.py", "_parent_of(self._worker) not in (None, self._controller)", "False")
def test_a_run_that_is_killed_is_gone(run: tuple[subprocess.Popen[str], int, int]) -> None:
    """The worker goes on without it, as that of ansible-playbook does."""
    ansible, worker, _writer = run
    starter = Starter(described(worker, ansible.pid))
    assert not starter.gone()
    ansible.kill()
    ansible.wait()
    assert starter.gone()


def test_a_worker_that_has_ended_is_gone(run: tuple[subprocess.Popen[str], int, int]) -> None:
    ansible, worker, _writer = run
    starter = Starter(described(worker, ansible.pid))
    # Its process stays until Ansible asks for its exit code.
    os.kill(worker, 9)
    while not starter.gone():
        pass


@guards(
    "plugins/module_utils/_revoke/starter.py", "        if os.getppid() != self._parent:\n            return True\n", ""
)
def test_a_parent_that_has_ended_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    starter = Starter()
    assert not starter.gone()
    monkeypatch.setattr(_starter.os, "getppid", lambda: 1)
    assert starter.gone()


@pytest.mark.parametrize("described_as", [None, "", "elsewhere 1 2", "elsewhere x y", "1 2"])
def test_a_run_on_another_machine_is_never_gone(described_as: str | None) -> None:
    assert not Starter(described_as).gone()


def test_the_starter_of_this_process_is_not_gone() -> None:
    described_as = starter_of_worker()
    assert described_as is not None and not Starter(described_as).gone()


@guards("plugins/module_utils/_revoke/starter.py", " and parts[1].isdecimal() and parts[2].isdecimal()", "")
def test_an_invalid_description_is_ignored() -> None:
    machine = str(_starter.starter_of_worker()).partition(" ")[0]
    for described in (f"{machine} x y", f"{machine} 1 -", f"{machine}  "):
        assert not Starter(described).gone()
