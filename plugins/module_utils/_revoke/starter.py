# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Whether the processes that started a revocation still run. Pure: the standard library only.

A module is a program of its own. If ``ansible-playbook`` is killed, its worker and the module go on without it.
"""

from __future__ import annotations

import os

# Set by the action plugins, unless the task is asynchronous and may outlive the playbook.
VARIABLE = "PATROL_WORKMAIL_STARTER"


def starter_of_worker() -> str | None:
    """Describe the process that the action plugin runs in and its parent, which is Ansible.

    Returns:
        The value of ``VARIABLE``, or None on a machine without ``/proc``.
    """
    machine = _machine()
    return None if machine is None else f"{machine} {os.getpid()} {os.getppid()}"


class Starter:
    """The processes that started this one: its parent, and on the machine of Ansible also Ansible itself.

    Args:
        described: The value of ``VARIABLE``, if it was set.
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
        """Make the starter that the action plugin described in ``VARIABLE``.

        Returns:
            The starter.
        """
        return cls(os.environ.get(VARIABLE))

    def gone(self) -> bool:
        """Find out whether the run that started this module has ended.

        Returns:
            Whether the parent of this process or that of the worker is another one now.
        """
        if os.getppid() != self._parent:
            return True
        return self._worker is not None and _parent_of(self._worker) not in (None, self._controller)


def _machine() -> str | None:
    """Identify the machine and its process IDs: those of a container are its own."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().strip()}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _parent_of(process: int) -> int | None:
    """Find the parent of a process.

    Returns:
        Its process ID; 0 if the process has ended; None if it runs as another user, whose processes are hidden.
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
