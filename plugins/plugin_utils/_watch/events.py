# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The event of a sweep that failed. Pure: the standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...module_utils._domain.errors import PatrolError


def failure_event(errors: Sequence[PatrolError], failures: int, retry_in: float) -> dict[str, Any]:
    """Make the event of a sweep that failed, completely or for some organizations.

    Args:
        errors: The errors; at least one.
        failures: How many sweeps in a row have failed.
        retry_in: Seconds until the next sweep.

    Returns:
        The event.
    """
    results = [error.as_result() for error in errors]
    more = f" (and {len(results) - 1} more)" if len(results) > 1 else ""
    return {
        "kind": "sweep_failed",
        "msg": f"{results[0]['msg']}{more}",
        "error_code": results[0]["error_code"],
        "errors": results,
        "failures": failures,
        "retry_in": round(retry_in, 1),
    }
