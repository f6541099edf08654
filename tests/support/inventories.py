# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots and hosts for tests of the inventory."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from token_strategies import ACME, NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization, Owner, Token
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.hosts import Host, make_hosts
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.options import (
    InventoryOptions,
    parse_inventory_options,
)
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.snapshot import OrganizationSnapshot, Snapshot

GLOBEX = Organization("m-" + "b" * 32, "globex", "eu-west-1", "Active")

# Any name that a user of WorkMail can enter, and names with another meaning in Ansible.
hostile = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="ab:,[]*?!&~@./\\{}%-+ \n\u202e0工", max_size=8),
    st.sampled_from(["all", "ungrouped", "localhost", "127.0.0.1", "..", "-l", "@file", "a", "A", "a~", "", " "]),
)


def parse(**given: Any) -> InventoryOptions:
    """Parse options of the inventory, by default for hosts of tokens."""
    return parse_inventory_options({"hosts": "tokens", "hostvars_prefix": "workmail_", **given}, NOW)


def snapshot_of(tokens: list[Token], users: list[Owner] | None = None, **fields: Any) -> OrganizationSnapshot:
    """Return the complete snapshot of an organization."""
    known = {"organization": ACME, "complete": True, "settings": None, **fields}
    return OrganizationSnapshot(**known, tokens=tokens, users=users)


def hosts_of(snapshot: OrganizationSnapshot, **given: Any) -> list[Host]:
    """Make the hosts of one organization, without an error."""
    made = make_hosts(Snapshot([snapshot], []), parse(**given))
    assert made.errors == []
    return list(made.hosts)
