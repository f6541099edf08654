# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Check whether the processes that started a revocation are still running. Pure: the standard library only.

A module is a separate process. If ``ansible-playbook`` is killed, its worker process and the module continue to run.
"""

from __future__ import annotations

import os

# The environment variable that action plugins set, except for asynchronous tasks, which may outlive the playbook.
VARIABLE = "PATROL_WORKMAIL_STARTER"


def starter_of_worker() -> str | None:
    """Describe the worker process, in which the action plugin runs, and its parent process, which is Ansible.

    Returns:
        The value of ``VARIABLE``; None on a machine without ``/proc``.
    """
    machine = _machine()
    return None if machine is None else f"{machine} {os.getpid()} {os.getppid()}"


class Starter:
    """The processes that started this process: its parent, and Ansible if it runs on the same machine.

    Args:
        described: The value of ``VARIABLE``, or None if it is not set.
    """

    def __init__(self, described: str | None = None) -> None:
        self._parent = os.getppid()
        self._worker: int | None = None
        self._controller = 0
        parts = (described or "").split(" ")
        if len(parts) == 3 and parts[0] == _machine() and parts[1].isdecimal() and parts[2].isdecimal():
            self._worker, self._controller = int(parts[1]), int(parts[2])

    @classmethod
    def from_environment(cls) -> Starter:
        """Create the starter from the environment variable ``VARIABLE``.

        Returns:
            The starter.
        """
        return cls(os.environ.get(VARIABLE))

    def gone(self) -> bool:
        """Return whether the run that started this module has ended.

        When a process ends, its children get another parent. Therefore, this method compares the parent of this
        process, and the parent of the worker process, with the original parents.
        """
        if os.getppid() != self._parent:
            return True
        return self._worker is not None and _parent_of(self._worker) not in (None, self._controller)


def _machine() -> str | None:
    """Return an identifier of the machine and of its namespace of process IDs, which a container does not share."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _parent_of(process: int) -> int | None:
    """Return the parent of a process.

    Returns:
        The process ID of the parent; 0 if the process has ended; None if the parent cannot be read, for example because
        ``/proc`` hides the processes of other users.
    """
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            state, parent = file.read().rpartition(")")[2].split()[:2]
        return 0 if state in ("Z", "X") else int(parent)
    except OSError:
        pass
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return 0
    except PermissionError:
        pass
    return None
