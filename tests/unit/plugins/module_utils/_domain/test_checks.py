# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits on values that are passed on, so anything that reads them can also write them."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards
from mutations import doubled

from ansible_collections.patrol.workmail.plugins.module_utils._domain.checks import check_plain
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError


def mappings(levels: int, width: int) -> Any:
    """Return mappings that share what they have."""
    value: Any = "lol"
    for _level in range(levels):
        value = {str(key): value for key in range(width)}
    return value


@pytest.mark.parametrize("value", [doubled(24), doubled(60), mappings(6, 10), mappings(3, 1_000), [[[0] * 9_999] * 90]])
def test_nested_aliases_are_refused(value: Any) -> None:
    """A text of a kilobyte could otherwise fill a disk with what is written of it."""
    with pytest.raises(OptionError, match=r"^facts\..*: it repeats its parts too often") as caught:
        check_plain({"summary": value}, "facts")
    assert len(str(caught.value)) < 400


@guards(
    "plugins/module_utils/_domain/checks.py", "            if repeated > _MOST_REPEATED + _MOST_REPEATED_EACH * once:"
)
def test_sixteen_levels_of_aliases_are_refused() -> None:
    """Few enough that the walk ends also without the limit."""
    with pytest.raises(OptionError, match=r"^facts.*: it repeats its parts too often"):
        check_plain(doubled(16), "facts")


def test_shared_parts_are_accepted() -> None:
    """Findings of the same token share its record."""
    record = {f"field_{number}": ["a", "b"] for number in range(20)}
    check_plain([{"rule_id": str(number), "token": record} for number in range(10_000)], "findings")
    check_plain([record] * 150, "findings")
    check_plain([doubled(8)], "content")


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.extend([loop, loop])
    with pytest.raises(OptionError, match="nested more than 64 levels deep|repeats its parts too often"):
        check_plain(loop, "facts")
