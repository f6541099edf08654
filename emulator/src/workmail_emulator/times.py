# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The times that a seed can contain, and their formats."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any

_RELATIVE = re.compile(r"([+-]\d+(?:\.\d+)?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def epoch_seconds(value: Any, now: float) -> int | float:
    """Return a time as epoch seconds.

    Args:
        value: Epoch seconds; an ISO 8601 string with an offset; a date or datetime of YAML, in UTC if it has no
            offset; or a string relative to now such as ``-90d`` or ``+12h`` (s, m, h, d, w).
        now: Epoch seconds that relative times count from.

    Raises:
        ValueError: If it is none of these.
    """
    if isinstance(value, bool):
        raise ValueError("must be a time, not a boolean")
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError("must be a finite number of epoch seconds")
        return value
    if isinstance(value, datetime):
        return _plain((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    if isinstance(value, date):
        return _plain(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
    if not isinstance(value, str):
        raise ValueError(f"must be a time, not {type(value).__name__}")
    relative = _RELATIVE.fullmatch(value)
    if relative:
        return _plain(round(now + float(relative[1]) * _SECONDS[relative[2]], 3))
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a time: epoch seconds, ISO 8601 with offset, or like -90d") from None
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no UTC offset")
    return _plain(moment.timestamp())


def _plain(seconds: float) -> int | float:
    return int(seconds) if seconds.is_integer() else seconds
