# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Almost valid documents: a valid one with a few changes, such as people or templates make."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st


def nested(depth: int) -> Any:
    """Return nested lists of this depth."""
    value: Any = []
    for _level in range(depth):
        value = [value]
    return value


def doubled(levels: int) -> Any:
    """Return nested lists with the same list twice, as of YAML aliases: small in memory, and huge as text."""
    value: Any = []
    for _level in range(levels):
        value = [value, value]
    return value


# Each function makes a new value, because values are changed later.
ODD: list[Callable[[], Any]] = [
    *(lambda value=value: value for value in (None, True, False, 0, -1, 1.5, 10**30, 10**5000, "", "x", "1", b"x", ())),
    *(lambda value=value: value for value in (float("nan"), float("inf"), "\ud800", "m-" + "a" * 32, object())),
    *(lambda value=value: value for value in ("9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "2026-01-01")),
    *(lambda value=value: value for value in (datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1))),
    *(list, dict, set, lambda: [None], lambda: ["x"], lambda: [[]], lambda: {"x": 1}, lambda: {1: 2}),
    *(lambda: {None: None}, lambda: {"id": {}}, lambda: nested(70), lambda: {"a": nested(70)}),
]


def with_each_place(document: Any, make: Callable[[], Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Return the path of each place of a document, and a copy of the document with another value there."""
    for path in places(document):
        changed = copy.deepcopy(document)
        parent = changed
        for key in path[:-1]:
            parent = parent[key]
        if path:
            parent[path[-1]] = make()
        yield path, changed if path else make()


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in a document, down to each value that is not nested too deeply."""
    members: list[tuple[Any, Any]] = []
    if len(path) > 10:
        return [path]
    if isinstance(document, dict):
        members = list(document.items())
    elif isinstance(document, list):
        members = list(enumerate(document))
    return [path, *(place for key, inner in members for place in places(inner, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """Change one to three places of a copy of a document."""
    changed = copy.deepcopy(document)
    for _change in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(changed)))
        if not path:
            changed = [changed] if draw(st.booleans()) else draw(st.sampled_from(ODD))()
            continue
        parent = changed
        for key in path[:-1]:
            parent = parent[key]
        kind = draw(st.sampled_from(["odd", "drop", "twice", "inner", "key"]))
        value = parent[path[-1]]
        if kind == "odd":
            parent[path[-1]] = draw(st.sampled_from(ODD))()
        elif kind == "drop":
            del parent[path[-1]]
        elif kind == "inner":
            parent[path[-1]] = draw(st.sampled_from([[value], {"x": value}]))
        elif isinstance(parent, list):
            parent.append(value)
        else:
            parent[draw(st.sampled_from(["new", "account", 1, None, ""]))] = value
    return changed
