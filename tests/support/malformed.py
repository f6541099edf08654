# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Almost valid documents: valid ones with a few parts replaced, removed or added."""

from __future__ import annotations

import copy
import datetime
from typing import Any

from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.text import quoted

_MOST_PLACES = 400


class Malformed:
    """A value that Hypothesis does not print completely, because it can be infinite."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Malformed({quoted(self.value)})"


def _nested(levels: int) -> Any:
    value: Any = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"any": value}
    return value


def _doubled(levels: int) -> Any:
    value: Any = "x"
    for _level in range(levels):
        value = [value, value]
    return value


# Values of every type that YAML, JSON or a template can return.
scalars = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 2**70, 0.5, float("nan"), float("inf"), -0.0]),
    st.sampled_from(
        ["", " ", "\0", "\n", "\ud800", "\u202e", "x" * 2_001, "*" * 60, "[", "[!", "[z-a]", "[[a]", "a&&b"]
    ),
    st.sampled_from(["1", "true", "99999999999d", "0d", "9" * 5_000 + "d", "+1d", "-9999w", "+", "m-", "d-1", "all"]),
    st.sampled_from(["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+14:00"]),
    st.sampled_from([b"x", datetime.date.max, datetime.date.min, datetime.datetime.max, datetime.time(1, 2)]),
    st.timezones().map(lambda zone: datetime.datetime(9999, 12, 31, 23, 59, tzinfo=zone)),
    st.timezones().map(lambda zone: datetime.datetime(1, 1, 1, 0, 0, tzinfo=zone)),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
)
keys = st.one_of(
    st.sampled_from(
        ["not", "any", "when", "rules", "id", "expird", "name", "k" * 100, "", "a.b", "a[0]", "\0", None, 1, True, 2.5]
    ),
    st.text(max_size=5),
    st.just((1, 2)),
)
anything = st.one_of(
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3) | st.tuples(inner),
        max_leaves=5,
    ),
    st.sampled_from([3, 31, 33, 900, 5_000]).map(_nested),
    st.sampled_from([3, 16]).map(_doubled),
)


def _places(document: Any) -> list[tuple[Any, Any]]:
    """List each container in a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    seen: set[int] = set()
    waiting = [document]
    while waiting and len(found) < _MOST_PLACES:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            found += [(part, key) for key in part]
            waiting += part.values()
        elif isinstance(part, list):
            found += [(part, index) for index in range(len(part))]
            waiting += part
    return found


@st.composite
def mutations(draw: st.DrawFn, valid: st.SearchStrategy[Any]) -> Malformed:
    """Return a valid document after one to three changes."""
    document = copy.deepcopy(draw(valid))
    for _change in range(draw(st.integers(1, 3))):
        places = _places(document)
        if not places or draw(st.integers(0, 30)) == 0:
            return Malformed(draw(anything))
        container, key = draw(st.sampled_from(places))
        kind = draw(st.sampled_from(["replace", "replace", "remove", "add", "share"]))
        if kind == "replace":
            container[key] = draw(anything)
        elif kind == "remove":
            del container[key]
        elif isinstance(container, list):
            container.append(draw(anything) if kind == "add" else document)
        else:
            container[draw(keys)] = draw(anything) if kind == "add" else document
    return Malformed(document)
