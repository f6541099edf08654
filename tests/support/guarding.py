# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The marker of a test that protects a guard: a line that stops a wrong answer from looking right."""

from __future__ import annotations

import pytest


def guards(file: str, line: str, without: str | None = None) -> pytest.MarkDecorator:
    """Say which guard a test protects. ``tests/guards`` removes the guard from a copy and expects the test to fail.

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
