# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Host names that Ansible accepts, and that no two hosts share."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence

from .hosts import Host

_NOT_OF_A_HOST = re.compile(r"^[-.@+]|[^\w.@+-]")
# Names that have a special meaning in Ansible.
_TAKEN_BY_ANSIBLE = ("all", "ungrouped", "localhost", "127.0.0.1")


def name_hosts(
    hosts: Sequence[Host],
    preferred: Callable[[Host], str | None] = lambda host: None,
    taken: Callable[[str, Host], bool] = lambda name, host: False,
) -> list[str]:
    """Name hosts so that no two share a name.

    A name that several hosts would have, or that means something else to Ansible, gets a tilde, which no other name
    has, and a digest of the host's identity. The digest does not depend on the order of the hosts.

    Args:
        hosts: The hosts.
        preferred: Returns the name that the user prefers for a host; None or empty if the user prefers none.
        taken: Returns whether the inventory has another host or a group with a name.

    Returns:
        A valid name for each host, in the same order.
    """
    wanted = [_safe_host_name(preferred(host) or host.name) for host in hosts]
    many = Counter(wanted)
    names: list[str] = []
    before: Counter[str] = Counter()
    for name, host in zip(wanted, hosts, strict=True):
        if many[name] > 1 or name in _TAKEN_BY_ANSIBLE or taken(name, host):
            name = f"{name}~{hashlib.sha256(json.dumps(host.identity).encode()).hexdigest()[:12]}"
            # Only exact duplicates in the service's reply share a digest.
            before[name] += 1
            if before[name] > 1:
                name = f"{name}-{before[name]}"
        names.append(name)
    return names


def _safe_host_name(name: str) -> str:
    """Make a name that Ansible's patterns match with one host, and that is a valid file name."""
    # Joining the characters returns a plain string, without the mark of an unsafe text.
    return "".join(_NOT_OF_A_HOST.sub("_", name))
