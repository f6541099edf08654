# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The markers of guards, without removing a guard: ``scripts/test guards`` does that."""

from __future__ import annotations

from pathlib import Path

from guarding import find_guards

COLLECTION = Path(__file__).parents[2]


def test_the_line_of_each_guard_occurs_once_in_its_file() -> None:
    found = find_guards(COLLECTION)
    stale = [
        f"{test}: {file}: {line}"
        for test, file, line, *_replacement in found
        if (COLLECTION / file).read_text().count(line) != 1
    ]
    assert len(found) > 300 and stale == []
