# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of ``scripts/test``, checked before anything is installed."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from .environment import ROOT, Refusal
from .releases import split_matrix_arguments

EVERYTHING = "everything"
_OPTIONS = ("--list", "--help")


class Part(NamedTuple):
    """A session of ``noxfile.py``.

    Attributes:
        name: Its name.
        summary: The first line of its docstring.
        runs_pytest: Whether its arguments are those of pytest.
    """

    name: str
    summary: str
    runs_pytest: bool


def read_parts() -> list[Part]:
    """Read the sessions of ``noxfile.py``, which is not imported because nox may not be installed yet.

    Returns:
        The sessions, in the order of the file.
    """
    parts = []
    for node in ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                name = _session_name(decorator, node.name)
                if name is not None:
                    calls = (ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call))
                    summary = (ast.get_docstring(node) or "").partition("\n")[0]
                    parts.append(Part(name, summary, "pytest" in calls))
    return parts


def _session_name(decorator: ast.expr, function: str) -> str | None:
    if isinstance(decorator, ast.Call):
        names = [ast.literal_eval(keyword.value) for keyword in decorator.keywords if keyword.arg == "name"]
        function, decorator = (names or [function])[0], decorator.func
    return function if ast.unparse(decorator) == "nox.session" else None


def check_arguments(arguments: Sequence[str]) -> None:
    """Check the arguments of ``scripts/test``: the part, and the files and names that its tool would look for.

    Args:
        arguments: The arguments.

    Raises:
        Refusal: An argument is not valid.
    """
    if not arguments:
        return
    first, *rest = arguments
    parts = {part.name: part for part in read_parts()}
    if first in (EVERYTHING, *_OPTIONS):
        if rest:
            raise Refusal(f"{first} takes no arguments, got {' '.join(rest)}")
    elif first.startswith("-"):
        near = _did_you_mean(first, _OPTIONS) or ";"
        raise Refusal(f"{first} is not an option{near} scripts/test --help shows the usage")
    elif first not in parts:
        near = _did_you_mean(first, (EVERYTHING, *parts)) or ";"
        raise Refusal(f'"{first}" is not a part{near} scripts/test --list shows the parts')
    elif first == "matrix":
        split_matrix_arguments(rest)
    elif parts[first].runs_pytest:
        _check_files(rest)


def _check_files(arguments: Sequence[str]) -> None:
    """Check that the files and folders among the arguments for pytest exist."""
    for before, argument in zip(("", *arguments), arguments, strict=False):
        if argument.startswith("-") or before.startswith("-"):
            continue  # An option or its value, which is for pytest to check.
        path = argument.partition("::")[0]
        if not (ROOT / path).exists():
            files = (str(file.relative_to(ROOT)) for file in sorted(ROOT.glob("[et]*/**/test_*.py")))
            raise Refusal(f'"{path}" does not exist{_did_you_mean(path, files)}')


def _did_you_mean(value: str, known: Iterable[str]) -> str:
    names = list(known)
    same = [name for name in names if Path(name).name == Path(value).name]
    near = same or difflib.get_close_matches(value, names, 1)
    return f"; did you mean {near[0]}?" if near else ""
