# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Between the inventory plugin and its core: the cache before it, Ansible's inventory behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...module_utils._domain.errors import OptionError
from ...module_utils._domain.text import quoted
from ...module_utils._workmail.connection import Connection
from ...module_utils._workmail.progress import Progress
from ...module_utils._workmail.session import Session, origin_of_calls
from .hosts import (
    CONNECTION,
    EVERY_HOST,
    ORGANIZATIONS,
    Host,
    InventoryOptions,
    mark_unsafe,
    names_of,
    trust_plain_text,
    variables_of,
)
from .snapshot import (
    Snapshot,
    cache_key,
    fetch,
    from_cache,
    to_cache,
)

_CONNECTION = (
    "access_key",
    "assume_role_external_id",
    "connect_timeout",
    "endpoint_url",
    "profile",
    "read_timeout",
    "region",
    "secret_key",
    "session_token",
)
# Beside its name, what tells whether a host of another source stands for the same.
_SAME = ("organization_id", "region", "personal_access_token_id", "user_id")


def load_or_fetch(plugin: Any, options: InventoryOptions, cache: bool) -> Snapshot:
    """Take the estate from the plugin's cache, or fetch it.

    Args:
        plugin: The inventory plugin, its options read.
        options: Its options.
        cache: Whether Ansible lets it use the cache.

    Raises:
        PatrolError: It could not be read whole.
    """
    settings = options.hosts == ORGANIZATIONS
    connection = Connection({name: plugin.get_option(name) for name in _CONNECTION})
    profile = plugin.get_option("profile")
    key = ""
    if plugin.get_option("cache"):
        key = cache_key(_cache_scope(plugin, options, settings, profile, connection.region))
        estate = from_cache(_read_cache(plugin, key, cache), key)
        if estate is not None:
            return estate
    asked = options.sweep
    tell = plugin.display.v
    progress = Progress(tell)
    session = Session(
        connection.client, asked.regions, connection.region, profile, asked.role, asked.concurrency, progress
    )
    estate = fetch(asked, session, settings)
    tell(str(progress))
    record = to_cache(estate, key)
    if record is not None:
        # As if no cache might be used: else a record that is of no use would be kept.
        plugin.update_cached_result(key, False, record)
    return estate


def _cache_scope(
    plugin: Any, options: InventoryOptions, settings: bool, profile: str | None, region: str | None
) -> dict[str, Any]:
    asked = options.sweep
    return {
        "origin": origin_of_calls(profile),
        "access_key": plugin.get_option("access_key"),
        "profile": profile,
        "endpoint_url": plugin.get_option("endpoint_url"),
        "role": asked.role,
        "region": region,
        "regions": sorted(asked.regions),
        "organizations": sorted(asked.organizations),
        "users": sorted(asked.users),
        "owners": asked.owners,
        "settings": settings,
    }


def _read_cache(plugin: Any, key: str, cache: bool) -> Any:
    try:
        return plugin.get_cached_result(key, cache)[1]
    except Exception:
        # Cache plugins raise what they like at a record that is spoilt. The service knows better than any cache.
        return None


def populate(plugin: Any, hosts: Sequence[Host], options: InventoryOptions) -> None:
    """Put hosts into Ansible's inventory: all of them, or none where something fails.

    Args:
        plugin: The inventory plugin.
        hosts: The hosts.
        options: Its options.

    Raises:
        AnsibleError: With C(strict), a name, variable or group could not be made.
        OptionError: A host and a group would share a name.
    """
    inventory, strict = plugin.inventory, plugin.get_option("strict")
    variables = [variables_of(host, options.prefix) for host in hosts]
    by_host = {id(host): known for host, known in zip(hosts, variables, strict=True)}

    def preferred(host: Host) -> str | None:
        return _preferred(plugin, by_host[id(host)], strict)

    def taken(name: str, host: Host) -> bool:
        there = inventory.hosts.get(name)
        known = by_host[id(host)]
        others = there is not None and any(
            there.vars.get(f"{options.prefix}{field}") != known.get(f"{options.prefix}{field}") for field in _SAME
        )
        return name in inventory.groups or others

    names = names_of(hosts, preferred, taken)
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
        # Not before every host has its variables: Ansible would give them to a group of the same name.
        for name, known in zip(names, variables, strict=True):
            plugin._add_host_to_composed_groups(plugin.get_option("groups"), known, name, strict)
            plugin._add_host_to_keyed_groups(plugin.get_option("keyed_groups"), known, name, strict)
        for name in names:
            if name in inventory.groups:
                raise OptionError(
                    f"keyed_groups: {quoted(name)} would be a host and a group, which Ansible cannot tell apart; "
                    "give the groups a prefix"
                )
    except Exception:
        # Ansible keeps what a failing source has added, which would pass for the whole.
        for name in new:
            if name in inventory.hosts:
                inventory.remove_host(inventory.hosts[name])
        raise
    if options.builtin_groups:
        inventory.add_group(EVERY_HOST)
    for name, host in zip(names, hosts, strict=True):
        for group in host.groups:
            inventory.add_group(group)
            inventory.add_host(name, group)


def _preferred(plugin: Any, variables: dict[str, Any], strict: bool) -> str | None:
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
