# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The options of the inventory plugin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible.constants import INTERNAL_STATIC_VARS
from ansible.vars.reserved import get_reserved_names

from ...module_utils._domain.errors import OptionError
from ...module_utils._domain.text import quoted
from ...module_utils._sweep.options import SweepOptions, parse_sweep_options

USERS, TOKENS, ORGANIZATIONS, ACCOUNTS = "users", "tokens", "organizations", "accounts"

# The options that ``parse_inventory_options`` reads.
OPTIONS = (
    *("organizations", "users", "regions", "select", "as_of", "owners", "page_size", "on_error", "concurrency"),
    *("accounts", "exclude_accounts", "assume_role_name", "assume_role_arn", "assume_role_external_id"),
    *("hosts", "include_without_tokens", "hostnames", "hostvars_prefix", "builtin_groups"),
)

# The variable that decides how Ansible connects to a host. All variables with its prefix are Ansible's own.
CONNECTION = "ansible_connection"

_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class InventoryOptions(NamedTuple):
    """The checked options of the inventory."""

    sweep: SweepOptions
    hosts: str
    include_without_tokens: bool
    prefix: str
    builtin_groups: bool


def parse_inventory_options(options: Mapping[str, Any], now: int) -> InventoryOptions:
    """Check the options of the inventory.

    Args:
        options: The options by name, as Ansible passes them.
        now: The present, in microseconds since the epoch.

    Returns:
        The options.

    Raises:
        OptionError: Names the option, the value and what is allowed.
    """
    hosts = options["hosts"]
    include = bool(options.get("include_without_tokens"))
    if include and hosts != USERS:
        raise OptionError(f"include_without_tokens: requires hosts: {USERS}, got hosts: {quoted(hosts)}")
    if include and options.get("users"):
        raise OptionError("include_without_tokens: lists every user and cannot be combined with users")
    prefix = options.get("hostvars_prefix")
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise OptionError(
            f"hostvars_prefix: {quoted(prefix)} is not a valid prefix; expected a letter or an underscore, "
            "then letters, digits and underscores"
        )
    # AWS can add a field with any name.
    if (reserved := _reserved_name(prefix)) is not None:
        raise OptionError(
            f"hostvars_prefix: {quoted(prefix)} is not allowed, because a field of AWS could then set Ansible's own "
            f"variable {reserved}; use a prefix of your own, such as workmail_"
        )
    for name in options.get("hostnames") or []:
        if not isinstance(name, str) or not name.strip():
            raise OptionError(f"hostnames: expected non-empty Jinja expressions or templates, got {quoted(name)}")
    # The host of a user has the user's state, which only ListUsers returns.
    owners = bool(options.get("owners")) or hosts == USERS
    return InventoryOptions(
        sweep=parse_sweep_options({**options, "owners": owners}, now),
        hosts=hosts,
        include_without_tokens=include,
        prefix=prefix,
        builtin_groups=bool(options.get("builtin_groups", True)),
    )


def _reserved_name(prefix: str) -> str | None:
    """Return a reserved name of Ansible that a variable with this prefix could have, or None."""
    if prefix.startswith("ansible_"):
        return f"{prefix}*"
    names = sorted({CONNECTION, *INTERNAL_STATIC_VARS, *get_reserved_names()})
    return next((name for name in names if name.startswith(prefix)), None)
