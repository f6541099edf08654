# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the inventory plugin."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.vars.reserved import get_reserved_names
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from inventories import hosts_of, parse, snapshot_of
from token_strategies import ACME

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import token_from_summary
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.populate import prefixed_variables


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"include_without_tokens": True}, "^include_without_tokens: requires hosts: users, got hosts: 'tokens'$"),
        (
            {"hosts": "users", "include_without_tokens": True, "users": ["ana"]},
            "^include_without_tokens: lists every user and cannot be combined with users$",
        ),
        ({"hostvars_prefix": ""}, "^hostvars_prefix: '' is not a valid prefix; expected a letter or an underscore"),
        ({"hostvars_prefix": None}, "^hostvars_prefix: None is not a valid"),
        ({"hostvars_prefix": "1x"}, "^hostvars_prefix: '1x' is not a valid"),
        ({"hostvars_prefix": "x-"}, "^hostvars_prefix: 'x-' is not a valid"),
        ({"hostnames": [""]}, "^hostnames: expected non-empty Jinja expressions or templates, got ''$"),
        ({"hostnames": [{"name": "x"}]}, "^hostnames: expected non-empty Jinja"),
        ({"organizations": ["m-XYZ"]}, "^organizations: 'm-XYZ' is not a valid organization ID"),
        ({"select": {"expird": True}}, r"^select\.expird: unknown condition, did you mean expired\?"),
        ({"select": {"owner_state": "DISABLED"}}, "require owners: true$"),
    ],
)
def test_invalid_options_are_refused(given_options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse(**given_options)


def test_hosts_of_users_always_have_owners() -> None:
    assert parse(hosts="users").sweep.owners and parse(hosts="users", select={"owner_state": "DELETED"})
    assert not parse(hosts="tokens").sweep.owners


@guards("plugins/plugin_utils/_inventory/options.py", "if (reserved := _reserved_name(prefix)) is not None:")
@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("ansible", "ansible_"),
        ("ansible_", "ansible_"),
        ("ansible_become_", "ansible_become_"),
        ("a", "action"),
        ("group_", "group_names"),
        ("inventory_host", "inventory_hostname"),
        ("with_", "with_"),
        ("t", "tags"),
    ],
)
@guards("plugins/plugin_utils/_inventory/options.py", 'if prefix.startswith("ansible_"):')
def test_a_prefix_of_variables_of_ansible_is_an_error(prefix: str, name: str) -> None:
    with pytest.raises(OptionError, match=f"^hostvars_prefix: '{prefix}' is not allowed.* own variable {name}"):
        parse(hostvars_prefix=prefix)


@given(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), st.from_regex(r"[A-Za-z_ -]{1,20}", fullmatch=True))
def test_no_field_of_the_service_sets_a_variable_of_ansible(prefix: str, field: str) -> None:
    reserved = [name for name in [*get_reserved_names(), "ansible_connection", "hostvars"] if name.startswith(prefix)]
    fields = [field, *(name.removeprefix(prefix) for name in reserved)]
    token = token_from_summary(dict.fromkeys(fields, "ssh"), ACME)
    try:
        parse(hostvars_prefix=prefix)
    except OptionError:
        return
    [host] = hosts_of(snapshot_of([token]))
    names = prefixed_variables(host, prefix)
    assert not names.keys() & {*get_reserved_names(), "hostvars", "groups", "inventory_hostname"}
    assert not any(name.startswith("ansible_") for name in names)
