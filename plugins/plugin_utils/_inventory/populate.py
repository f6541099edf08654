# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Ansible's inventory: hosts, their variables and groups, and what the options of constructed plugins add."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import ansible.template
from ansible.utils.unsafe_proxy import wrap_var

from ...module_utils._domain.errors import OptionError
from ...module_utils._domain.text import quoted
from .hosts import Host, Hosts
from .names import name_hosts
from .options import ACCOUNTS, CONNECTION, InventoryOptions

# A host of another source represents the same object if these variables, whatever their prefix, are equal.
_SAME = ("organization_id", "region", "personal_access_token_id", "user_id")
_SAME_ACCOUNT = (*_SAME, "account_id")
# Braces make a template, and "#" begins "#jinja2:", which can redefine them. A parenthesis makes a call, and a bar a
# filter: Ansible also evaluates text without braces, such as the value of workmail_name in when: "{{ workmail_name }}".
_TEMPLATE = re.compile(r"[{}#(|]")
# From ansible-core 2.19 on, ansible-inventory lists text that is not trusted as {"__ansible_unsafe": TEXT}.
_trust: Callable[[str], str] = getattr(ansible.template, "trust_as_template", lambda text: text)


def populate(plugin: Any, made: Hosts, options: InventoryOptions) -> None:
    """Add hosts to Ansible's inventory: all of them, or none if one of them fails.

    Args:
        plugin: The inventory plugin.
        made: The hosts, and the groups that exist without a host.
        options: The checked options of the plugin.

    Raises:
        AnsibleError: With ``strict``, a name, variable or group could not be made.
        OptionError: A host and a group would share a name.
    """
    hosts, inventory, strict = made.hosts, plugin.inventory, plugin.get_option("strict")
    builtin = {*made.groups, *(group for host in hosts for group in host.groups)}
    variables = [prefixed_variables(host, options.prefix) for host in hosts]
    by_host = {id(host): known for host, known in zip(hosts, variables, strict=True)}

    def preferred(host: Host) -> str | None:
        return _preferred_name(plugin, by_host[id(host)], strict)

    def taken(name: str, host: Host) -> bool:
        there = inventory.hosts.get(name)
        known = by_host[id(host)]
        same = _SAME_ACCOUNT if options.hosts == ACCOUNTS else _SAME
        others = there is not None and any(
            there.vars.get(f"{options.prefix}{field}") != known.get(f"{options.prefix}{field}") for field in same
        )
        return name in inventory.groups or name in builtin or others

    names = name_hosts(hosts, preferred, taken)
    new = [name for name in names if name not in inventory.hosts]
    try:
        for name, known in zip(names, variables, strict=True):
            inventory.add_host(name)
            for variable, value in known.items():
                inventory.set_variable(name, variable, value)
            inventory.set_variable(name, CONNECTION, mark_unsafe("local"))
            plugin._set_composite_vars(plugin.get_option("compose"), known, name, strict)
            for variable in plugin.get_option("compose") or {}:
                composed = inventory.hosts[name].vars
                if variable in composed:
                    inventory.set_variable(name, variable, trust_plain_text(composed[variable]))
        # Add groups after all variables are set: Ansible would set a variable on a group with the name of the host.
        for name, known in zip(names, variables, strict=True):
            plugin._add_host_to_composed_groups(plugin.get_option("groups"), known, name, strict)
            plugin._add_host_to_keyed_groups(plugin.get_option("keyed_groups"), known, name, strict)
        for name in names:
            if name in inventory.groups:
                raise OptionError(
                    f"keyed_groups: {quoted(name)} would be both a host and a group; give the groups a prefix"
                )
    except Exception:
        # Ansible keeps the hosts that a failing source has added, which would look like a complete inventory.
        for name in new:
            if name in inventory.hosts:
                inventory.remove_host(inventory.hosts[name])
        raise
    for group in made.groups:
        inventory.add_group(group)
    for name, host in zip(names, hosts, strict=True):
        for group in host.groups:
            inventory.add_group(group)
            inventory.add_host(name, group)


def _preferred_name(plugin: Any, variables: dict[str, Any], strict: bool) -> str | None:
    for expression in plugin.get_option("hostnames"):
        try:
            if plugin.templar.is_template(expression):
                plugin.templar.available_variables = variables
                name = plugin.templar.template(expression)
            else:
                name = plugin._compose(expression, variables)
            if name is None or isinstance(name, bool) or not isinstance(name, (str, int)):
                continue
        except Exception:
            if strict:
                raise
            continue
        if str(name).strip():
            return str(name).strip()
    return None


def prefixed_variables(host: Host, prefix: str) -> dict[str, Any]:
    """Prefix the variables of a host, and mark their text so that no version of ansible-core evaluates it.

    Args:
        host: The host.
        prefix: The prefix of the names.

    Returns:
        The variables by their full name.
    """
    return {f"{prefix}{name}": mark_unsafe(value) for name, value in host.variables.items()}


def mark_unsafe(value: Any) -> Any:
    """Mark each text in a value of the service: unsafe if Ansible could evaluate it, trusted otherwise.

    Args:
        value: Text, a mapping, a list or another scalar.

    Returns:
        A value that is equal.
    """
    return _for_each_text(value, lambda text: wrap_var(text) if _TEMPLATE.search(text) else _trust(text))


def trust_plain_text(value: Any) -> Any:
    """Mark each text in a value that Ansible cannot evaluate as trusted, and leave any other text as it is.

    Args:
        value: The value of an expression that the user wrote.

    Returns:
        A value that is equal.
    """
    return _for_each_text(value, lambda text: text if _TEMPLATE.search(text) else _trust(text))


def _for_each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_for_each_text(key, change): _for_each_text(entry, change) for key, entry in value.items()}
    return [_for_each_text(entry, change) for entry in value] if isinstance(value, (list, tuple)) else value
