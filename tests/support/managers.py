# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin in this process: the hosts and groups of an ``InventoryManager``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager

NAME = "patrol.workmail.workmail_pat"
AS_OF = "2026-02-02T00:00:00Z"
DESCRIBE = "DescribeIdentityProviderConfiguration"

Source = Callable[..., str]
Manage = Callable[..., InventoryManager]
Parse = Callable[..., InventoryData]
Run = Callable[..., subprocess.CompletedProcess[str]]


def hostvars(manager: InventoryManager) -> dict[str, dict[str, Any]]:
    """Return the variables of each host as JSON, without those that Ansible adds to each host of any source."""
    own = ("inventory_file", "inventory_dir", "group_names", "inventory_hostname", "inventory_hostname_short")
    found = {
        host.name: {key: value for key, value in host.get_vars().items() if key not in own}
        for host in manager.get_hosts()
    }
    read: dict[str, dict[str, Any]] = json.loads(json.dumps(found))
    return read


def groups(manager: InventoryManager) -> dict[str, list[str]]:
    """Return the hosts of each group, in order."""
    found: dict[str, list[str]] = manager.get_groups_dict()
    return {name: sorted(members) for name, members in found.items() if name not in ("all", "ungrouped") or members}
