# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which parts of the plugins import which. ``python tests/support/house.py [CHECKOUT]`` shows them, floor by floor.

A part is a package of ``plugins/module_utils`` or ``plugins/plugin_utils``, or a file in one of these folders. An arrow
leads from a part to one that it imports. A part is on the floor above the highest part that it imports.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import NamedTuple

UTILITIES = ("module_utils", "plugin_utils")
_ABSOLUTE = "ansible_collections.patrol.workmail.plugins."

Graph = Mapping[str, Set[str]]


class Import(NamedTuple):
    """One name that a file imports: ``target`` is a file of the plugins, or the name of a module from elsewhere."""

    target: Path | str
    relative: bool
    line: int


def imports(file: Path, plugins: Path) -> Iterator[Import]:
    """Find the imports of a file, at its top and inside functions.

    Args:
        file: The Python file.
        plugins: The folder ``plugins``, which the file is in.

    Yields:
        Each import. The ``__init__.py`` of the packages that an import passes through are not among them.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            folder = file.parents[node.level - 1].relative_to(plugins)
            base = ".".join([*folder.parts, *(node.module or "").split(".")]).strip(".")
            names = [(_ABSOLUTE + base, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        relative = isinstance(node, ast.ImportFrom) and node.level > 0
        for module, name in names:
            if module.startswith(_ABSOLUTE):
                path = plugins.joinpath(*module.removeprefix(_ABSOLUTE).split("."))
                candidates = (path / f"{name}.py", path / name / "__init__.py", path.with_suffix(".py"))
                target = next((file for file in candidates if file.is_file()), path / "__init__.py")
                yield Import(target, relative, node.lineno)
            else:
                yield Import(module, relative, node.lineno)


def python_files(folder: Path) -> list[Path]:
    """List the Python files below a folder."""
    return sorted(folder.rglob("*.py"))


def part_of(file: Path, plugins: Path) -> str | None:
    """Name the part that a file belongs to, such as ``module_utils/_domain`` or ``module_utils/_settings.py``.

    Returns:
        The name, or None for a file that is not in one of the folders of utilities.
    """
    parts = file.relative_to(plugins).parts
    return "/".join(parts[:2]) if parts[0] in UTILITIES else None


def arrows(plugins: Path, *folders: str) -> dict[str, set[str]]:
    """Find the parts, and which parts each imports.

    Args:
        plugins: The folder ``plugins`` of a checkout.
        folders: The folders of utilities to look in.

    Returns:
        For each part, the names of those that it imports.
    """
    found: dict[str, set[str]] = {}
    for folder in folders:
        for file in python_files(plugins / folder):
            part = part_of(file, plugins)
            if part is None or part.endswith("/__init__.py"):
                continue
            targets = {
                part_of(item.target, plugins) for item in imports(file, plugins) if isinstance(item.target, Path)
            }
            found.setdefault(part, set()).update(
                target
                for target in targets
                if target and target != part and target.split("/")[0] in folders and not target.endswith("__init__.py")
            )
    return found


def reachable(start: str, graph: Graph) -> set[str]:
    """Follow the arrows from a part.

    Returns:
        Every part that it imports, itself or through others. If this includes the part itself, there is a circle.
    """
    found: set[str] = set()
    waiting = set(graph[start])
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting |= graph.get(part, set())
    return found


def floors(graph: Graph) -> list[list[str]]:
    """Sort the parts by floors, the lowest first.

    Returns:
        The floors. Parts of a circle are on one floor.
    """
    below = {part: reachable(part, graph) for part in graph}
    height: dict[str, int] = {}

    def floor(part: str) -> int:
        if part not in height:
            lower = (other for other in below[part] if part not in below[other])
            height[part] = max((floor(other) for other in lower), default=-1) + 1
        return height[part]

    found: list[list[str]] = [[] for _floor in range(max(map(floor, graph), default=-1) + 1)]
    for part in sorted(graph):
        found[height[part]].append(part)
    return found


def without_shortcuts(graph: Graph) -> dict[str, set[str]]:
    """Leave out the arrows to parts that another arrow leads to as well, as a picture does."""
    return {
        part: {
            target for target in targets if not any(target in reachable(other, graph) for other in targets - {target})
        }
        for part, targets in graph.items()
    }


def packages_alone(graph: Graph) -> dict[str, set[str]]:
    """Leave out single files: the imports of a file become imports of the packages that import it."""
    return {
        part: {other for other in reachable(part, graph) if not other.endswith(".py")}
        for part in graph
        if not part.endswith(".py")
    }


def _show(plugins: Path) -> None:
    for folders in (UTILITIES[:1], UTILITIES):
        graph = arrows(plugins, *folders)
        stack = floors(graph)
        number = sum(map(len, graph.values()))
        print(f"{' and '.join(folders)}: {len(graph)} parts on {len(stack)} floors, {number} arrows")
    for height, parts in reversed(list(enumerate(stack))):
        print(f"\nFloor {height}")
        for part in parts:
            print(f"  {part}" + (f" imports {', '.join(sorted(graph[part]))}" if graph[part] else ""))


if __name__ == "__main__":
    _show(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve() / "plugins")
