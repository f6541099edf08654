# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from inventories import hostile

from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.hosts import Host
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.names import name_hosts


def host(name: str, number: int) -> Host:
    return Host(name, ["tokens", number], {}, [])


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("../../../etc/passwd", "_._.._.._etc_passwd"),
        ("a,b:c", "a_b_c"),
        ("web[1:3]", "web_1_3_"),
        ("!web1", "_web1"),
        ("~.*", "_._"),
        ("-l", "_l"),
        ("@file", "_file"),
        ("{{ 1 }}", "___1___"),
        ("工作\u202e\n", "工作__"),
    ],
)
@guards("plugins/plugin_utils/_inventory/names.py", '"".join(_NOT_OF_A_HOST.sub("_", name))', '"".join(name)')
def test_invalid_characters_become_underscores(name: str, valid: str) -> None:
    assert name_hosts([host(name, 1)]) == name_hosts([host("x", 1)], lambda each: name) == [valid]


@pytest.mark.parametrize("name", ["all", "ungrouped", "localhost", "127.0.0.1"])
@guards("plugins/plugin_utils/_inventory/names.py", " or name in _TAKEN_BY_ANSIBLE", "")
def test_a_name_with_another_meaning_in_ansible_gets_a_digest(name: str) -> None:
    [named] = name_hosts([host(name, 1)])
    assert re.fullmatch(rf"{re.escape(name)}~[0-9a-f]{{12}}", named)


@given(st.lists(hostile))
def test_no_two_hosts_share_a_name_and_ansible_matches_each_name_with_one_host(names: list[str]) -> None:
    made = [host(f"acme.{number}", number) for number in range(len(names))]
    wanted = dict(zip((id(each) for each in made), names, strict=True))
    given_names = name_hosts(made, lambda each: wanted[id(each)])
    assert len(set(given_names)) == len(names)
    manager = InventoryManager(DataLoader(), sources=None)
    for name in given_names:
        manager._inventory.add_host(name)
    for name in given_names:
        assert [found.name for found in manager.get_hosts(name)] == [name]
        assert PurePath(name).name == name and name.isprintable()
        assert name not in ("all", "ungrouped", "localhost") and name[0] not in "-@.+~"


@given(st.lists(hostile), st.randoms(use_true_random=False))
def test_names_do_not_depend_on_the_order_of_the_hosts(names: list[str], random: Any) -> None:
    made = [host(name or "x", number) for number, name in enumerate(names)]
    shuffled = list(made)
    random.shuffle(shuffled)
    ordered = dict(zip((each.identity[1] for each in made), name_hosts(made), strict=True))
    assert ordered == dict(zip((each.identity[1] for each in shuffled), name_hosts(shuffled), strict=True))


@given(st.lists(hostile, unique=True))
def test_a_valid_unique_name_is_kept(names: list[str]) -> None:
    legal = [name for name in names if name.isascii() and name.isalnum() and name not in ("all", "ungrouped")]
    made = [host(name, number) for number, name in enumerate(legal) if name != "localhost"]
    assert name_hosts(made) == [each.name for each in made]


@guards("plugins/plugin_utils/_inventory/names.py", "if many[name] > 1 or ", "if ")
def test_exact_duplicates_are_numbered() -> None:
    names = name_hosts([host("pat-1", 1), host("pat-1", 1), host("pat-1", 2)])
    assert len(set(names)) == 3 and names[1] == f"{names[0]}-2" and all(name.startswith("pat-1~") for name in names)


@guards("plugins/plugin_utils/_inventory/names.py", " or taken(name, host):", ":")
def test_a_name_that_the_inventory_has_already_gets_a_digest() -> None:
    made = [host("web", 1), host("db", 2)]
    names = name_hosts(made, taken=lambda name, each: name == "db" and each.identity[1] == 2)
    assert names[0] == "web" and names[1].startswith("db~")
