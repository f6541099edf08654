# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The markers by which the parts of ``noxfile.py`` select tests."""

from __future__ import annotations

import pytest


def require_marker(request: pytest.FixtureRequest, *names: str) -> None:
    """Fail a test that uses a fixture without the marker that it needs.

    Args:
        request: The request of the fixture.
        names: The markers, one of which the test has.
    """
    if not any(request.node.get_closest_marker(name) for name in names):
        pytest.fail(f"mark the test as {' or '.join(names)}: it uses {request.fixturename}", pytrace=False)
