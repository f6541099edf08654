# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The marker of a test that protects a guard: a line that stops a wrong answer from looking right."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest


def guards(file: str, line: str, without: str | None = None) -> pytest.MarkDecorator:
    """Name the guard that a test protects. ``tests/guards`` removes it from a copy and expects the test to fail.

    Args:
        file: Path of the file with the guard, from the root of the collection.
        line: The text of the guard, which occurs once in the file. The marker is read, not run: each argument is a
            literal or the name of one in the file of the test.
        without: The text in its place without the guard. If left out, ``line`` is an ``if`` or ``elif`` whose condition
            becomes ``False``.

    Returns:
        The marker.
    """
    return pytest.mark.guards(file, line, without)


def find_guards(collection: Path) -> list[tuple[str, ...]]:
    """Find all markers of a collection.

    Args:
        collection: The path of the collection.

    Returns:
        The ID of the test, and the arguments of ``guards``, of each marker.
    """
    return [
        (f"{file.relative_to(collection).as_posix()}::{test}", *arguments)
        for file in sorted((collection / "tests").rglob("test_*.py"))
        for test, *arguments in _markers(file)
    ]


def _markers(file: Path) -> list[tuple[str, ...]]:
    module = ast.parse(file.read_text())
    constants = {
        ast.unparse(statement.targets[0]): statement.value.value
        for statement in module.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    }

    def found(tree: ast.AST, path: str) -> Iterator[tuple[str, ...]]:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.ClassDef):
                yield from found(node, f"{path}{node.name}::")
            elif isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "guards":
                        assert not decorator.keywords, f"{path}{node.name}: give the arguments of guards by position"
                        values = (constants.get(ast.unparse(argument), argument) for argument in decorator.args)
                        literals = (value if isinstance(value, str) else ast.literal_eval(value) for value in values)
                        yield f"{path}{node.name}", *literals

    return list(found(module, ""))
