# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sources of the inventory plugin, and what parses them."""

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
    """Writes the file of an inventory source. The name of the file begins with ``name``."""

    def call(name: str = "", **config: Any) -> str:
        file = tmp_path / f"{name}workmail_pat.yml"
        file.write_text(yaml.safe_dump({"plugin": NAME, **config}))
        return str(file)

    return call


@pytest.fixture
def manage(request: pytest.FixtureRequest, aws: pytest.MonkeyPatch) -> Manage:
    """An ``InventoryManager`` over sources. One that cannot be parsed is an error, which users should configure too."""
    require_marker(request, "ansible", "guide")
    aws.setattr("ansible.constants.INVENTORY_ANY_UNPARSED_IS_FAILED", True)

    def call(*sources: str, cache: bool = True) -> InventoryManager:
        return InventoryManager(DataLoader(), sources=list(sources), cache=cache)

    return call


@pytest.fixture
def parse(request: pytest.FixtureRequest, aws: pytest.MonkeyPatch) -> Parse:
    """The plugin alone, which raises its own exception. It fills a new inventory, or the one that is given."""
    require_marker(request, "ansible", "guide")

    def call(path: str, inventory: InventoryData | None = None) -> InventoryData:
        inventory = inventory or InventoryData()
        inventory_loader.get(NAME).parse(inventory, DataLoader(), path, cache=True)
        return inventory

    return call


@pytest.fixture
def ansible_inventory(run_program: Run) -> Run:
    """Runs ansible-inventory with arguments, and with the variables ``env`` in addition."""
    return functools.partial(run_program, "ansible-inventory")


@pytest.fixture
def cached(source: Source, tmp_path: Path) -> Source:
    """Writes the file of a source of tokens that has a cache."""

    def call(name: str = "", **config: Any) -> str:
        cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "c")}
        return source(name, **{"as_of": AS_OF, "hosts": "tokens", **cache, **config})

    return call


@pytest.fixture
def records(tmp_path: Path) -> Callable[[], list[Path]]:
    """Lists the files of the cache."""
    return lambda: sorted((tmp_path / "c").glob("*")) if (tmp_path / "c").exists() else []
