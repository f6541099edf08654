# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a playbook with many hosts, seen as one run per host."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
_TASK = re.compile(r"^(?=TASK |PLAY )", re.MULTILINE)
_RESULT = re.compile(r"^(?=(?:ok|changed|skipping|fatal|failed): \[)", re.MULTILINE)
_HOST = re.compile(r"\w+: \[([^]\s]+)")


class HostRun(NamedTuple):
    """What a run did on one host: ``returncode`` is that of a run with this host alone, ``stdout`` what it shows."""

    returncode: int
    stdout: str


def play_on_all_hosts(playbook: str) -> list[dict[str, Any]]:
    """Return a playbook of the collection with all hosts of the inventory in the place of localhost.

    Args:
        playbook: Its name, such as ``patrol.workmail.audit``.

    Returns:
        The plays. They read the environment variables of a host from its variable ``case_environment``.
    """
    [play] = yaml.safe_load((PLAYBOOKS / f"{playbook.rpartition('.')[2]}.yml").read_text())
    del play["vars_files"]
    return [{**play, "hosts": "all", "environment": "{{ case_environment | default({}) }}"}]


def split_by_host(stdout: str) -> dict[str, HostRun]:
    """Return what a run did on each host.

    Args:
        stdout: The output of ``ansible-playbook``.

    Returns:
        The runs by the names of the hosts. The output of each has the headers of the tasks that it ran or skipped.
    """
    log, _title, recap = stdout.partition("PLAY RECAP")
    shown: dict[str, str] = {}
    for task in _TASK.split(log):
        header, *results = _RESULT.split(task)
        of_hosts: dict[str, str] = {}
        for result in results:
            [host] = _HOST.findall(result)[:1]
            of_hosts[host] = of_hosts.get(host, "") + result
        for host, text in of_hosts.items():
            shown[host] = shown.get(host, "") + header + text
    counts = re.findall(r"^(\S+)\s+: .* unreachable=(\d+)\s+failed=(\d+) ", recap, flags=re.MULTILINE)
    return {
        host: HostRun(4 if unreachable != "0" else 2 if failed != "0" else 0, shown.get(host, ""))
        for host, unreachable, failed in counts
    }
