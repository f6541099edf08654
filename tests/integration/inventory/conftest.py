# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sources of the inventory plugin, and the parsers of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from managers import AS_OF, NAME, Manage, Parse, Run, Source
from marking import require_marker


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Return a function that writes an inventory source to a file whose name begins with ``name``."""

    def call(name: str = "", **config: Any) -> str:
        file = tmp_path / f"{name}workmail_pat.yml"
        file.write_text(yaml.safe_dump({"plugin": NAME, **config}))
        return str(file)

    return call


@pytest.fixture
def manage(request: pytest.FixtureRequest, aws: pytest.MonkeyPatch) -> Manage:
    """Return a function that makes an ``InventoryManager``. A source that cannot be parsed is an error."""
    require_marker(request, "ansible", "guide")
    aws.setattr("ansible.constants.INVENTORY_ANY_UNPARSED_IS_FAILED", True)

    def call(*sources: str, cache: bool = True) -> InventoryManager:
        return InventoryManager(DataLoader(), sources=list(sources), cache=cache)

    return call


@pytest.fixture
def parse(request: pytest.FixtureRequest, aws: pytest.MonkeyPatch) -> Parse:
    """Return a function that parses a source with the plugin alone, into a new or a given inventory."""
    require_marker(request, "ansible", "guide")

    def call(path: str, inventory: InventoryData | None = None) -> InventoryData:
        inventory = inventory or InventoryData()
        inventory_loader.get(NAME).parse(inventory, DataLoader(), path, cache=True)
        return inventory

    return call


@pytest.fixture
def ansible_inventory(run_program: Run) -> Run:
    """Return a function that runs ansible-inventory, with the variables ``env`` in addition."""
    return functools.partial(run_program, "ansible-inventory")


@pytest.fixture
def cached(source: Source, tmp_path: Path) -> Source:
    """Return a function that writes a source of tokens with a cache to a file."""

    def call(name: str = "", **config: Any) -> str:
        cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "c")}
        return source(name, **{"as_of": AS_OF, "hosts": "tokens", **cache, **config})

    return call


@pytest.fixture
def records(tmp_path: Path) -> Callable[[], list[Path]]:
    """Return a function that lists the files of the cache."""
    return lambda: sorted((tmp_path / "c").glob("*")) if (tmp_path / "c").exists() else []
