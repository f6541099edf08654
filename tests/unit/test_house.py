# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugins import each other in one direction, as the guide on the architecture and its picture show."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from house import (
    UTILITIES,
    arrows,
    floors,
    imports,
    packages_alone,
    part_of,
    python_files,
    reachable,
    without_shortcuts,
)

COLLECTION = Path(__file__).parents[2]
PLUGINS = COLLECTION / "plugins"
GUIDE = COLLECTION / "docs/docsite/rst/guide_architecture.rst"
DOMAIN = PLUGINS / "module_utils/_domain"
# Which packages of module_utils each package may import. A new package needs an entry.
BELOW = {
    "_domain": set(),
    "_workmail": {"_domain"},
    "_sweep": {"_domain", "_workmail"},
    "_audit": {"_domain", "_workmail", "_sweep"},
    "_revoke": {"_domain", "_workmail", "_sweep"},
}


def test_packages_import_only_packages_below_them() -> None:
    packages = packages_alone(arrows(PLUGINS, *UTILITIES))
    below = {f"module_utils/{name}": {f"module_utils/{lower}" for lower in names} for name, names in BELOW.items()}
    assert {name for name in packages if name.startswith("module_utils/")} == below.keys()
    upward = {name: packages[name] - allowed for name, allowed in below.items() if packages[name] - allowed}
    assert not upward, "packages that import what is not below them"


def test_no_part_imports_itself_through_others() -> None:
    graph = arrows(PLUGINS, *UTILITIES)
    assert not {part for part in graph if part in reachable(part, graph)}


def test_the_domain_imports_only_the_standard_library() -> None:
    allowed = sys.stdlib_module_names
    for file in python_files(DOMAIN):
        for item in imports(file, PLUGINS):
            if isinstance(item.target, Path):
                assert item.target.parent == DOMAIN, f"{file}:{item.line} imports {item.target}"
            else:
                assert item.target.split(".")[0] in allowed, f"{file}:{item.line} imports {item.target}"


@pytest.mark.parametrize("folder", UTILITIES)
def test_utilities_import_no_plugin_and_targets_no_code_of_the_controller(folder: str) -> None:
    allowed = {"module_utils": ("module_utils",), "plugin_utils": UTILITIES}[folder]
    for file in python_files(PLUGINS / folder):
        for item in imports(file, PLUGINS):
            if isinstance(item.target, Path):
                assert item.target.relative_to(PLUGINS).parts[0] in allowed, f"{file}:{item.line}"


def test_plugins_use_relative_imports_of_files_that_exist() -> None:
    found = 0
    for file in python_files(PLUGINS):
        for item in imports(file, PLUGINS):
            if isinstance(item.target, Path):
                found += 1
                assert item.relative, f"{file}:{item.line} is an absolute import of the collection"
                assert item.target.is_file(), f"{file}:{item.line} imports {item.target}, which does not exist"
    assert found > 100


def test_the_init_file_of_a_package_is_one_docstring() -> None:
    folders = {file.parent for folder in UTILITIES for file in python_files(PLUGINS / folder)}
    for folder in folders - {PLUGINS / name for name in UTILITIES}:
        module = ast.parse((folder / "__init__.py").read_text())
        assert len(module.body) == 1 and ast.get_docstring(module), folder


def test_facts_are_gathered_without_the_policy_engine() -> None:
    """A module is sent to its target with every file that it imports."""
    waiting = [PLUGINS / "modules/workmail_pat_info.py"]
    sent: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file not in sent:
            sent.add(file)
            waiting += [item.target for item in imports(file, PLUGINS) if isinstance(item.target, Path)]
    assert PLUGINS / "module_utils/_sweep/facts.py" in sent
    assert DOMAIN / "policy.py" not in sent
    assert not [file for file in sent if part_of(file, PLUGINS) in ("module_utils/_audit", "module_utils/_revoke")]


def test_the_picture_shows_every_package_and_its_imports() -> None:
    drawn = ElementTree.parse(GUIDE.with_name("packages.svg")).getroot()
    packages = without_shortcuts(packages_alone(arrows(PLUGINS, *UTILITIES)))
    assert {shape.get("data-package") for shape in drawn.iter() if shape.get("data-package")} == packages.keys()
    leads = [(shape.get("data-from"), shape.get("data-to")) for shape in drawn.iter() if shape.get("data-from")]
    assert sorted(leads) == sorted((part, target) for part, targets in packages.items() for target in targets)


def test_the_guide_describes_every_package() -> None:
    described = re.findall(r"^``(_\w+)``  ", GUIDE.read_text(), re.MULTILINE)
    assert sorted(described) == sorted(
        file.parent.name for folder in UTILITIES for file in (PLUGINS / folder).glob("*/__init__.py")
    )


def test_an_import_upwards_is_found(tmp_path: Path) -> None:
    files = {
        "module_utils/_low/__init__.py": "",
        "module_utils/_low/a.py": "from .._high import b\n",
        "module_utils/_high/__init__.py": "",
        "module_utils/_high/b.py": "def later():\n    from ._low.missing import c\n    from .._low.a import d\n",
        "module_utils/_single.py": "from ansible_collections.patrol.workmail.plugins.module_utils._high.b import e\n",
        "plugin_utils/_top.py": "from ..module_utils import _single\nimport json\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    graph = arrows(tmp_path, *UTILITIES)
    assert graph["module_utils/_low"] == {"module_utils/_high"}
    assert "module_utils/_low" in reachable("module_utils/_low", graph)
    assert floors(graph) == [
        ["module_utils/_high", "module_utils/_low"],
        ["module_utils/_single.py"],
        ["plugin_utils/_top.py"],
    ]
    [absolute] = imports(tmp_path / "module_utils/_single.py", tmp_path)
    assert absolute.target == tmp_path / "module_utils/_high/b.py" and not absolute.relative
    assert [item.target for item in imports(tmp_path / "plugin_utils/_top.py", tmp_path)][1] == "json"
