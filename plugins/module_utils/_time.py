# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Instants and durations. Pure: the standard library only.

Inside the collection an instant is a whole number of microseconds since 1970-01-01T00:00:00Z and a duration a whole
number of microseconds, so that conditions compare exactly.
"""

from __future__ import annotations

import datetime
import math
import re

from ._errors import OptionError, shown

SECOND = 1_000_000
DAY = 86_400 * SECOND
_UNITS = {"w": 7 * DAY, "d": DAY, "h": 3_600 * SECOND, "m": 60 * SECOND, "s": SECOND}
_DURATION = re.compile(r"(?:\d{1,9}[wdhms])+", re.ASCII)
_PART = re.compile(r"(\d+)([wdhms])", re.ASCII)
_LONGEST = 1_000 * 365 * DAY
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_FIRST = -62_135_596_800 * SECOND
_LAST = 253_402_300_799 * SECOND


def parse_duration(value: object, path: str) -> int:
    """Read a duration such as C(90d), C(12h), C(2w) or C(1w2d); units are w, d, h, m and s.

    Args:
        value: The text.
        path: What to call it in an error.

    Returns:
        Microseconds.

    Raises:
        OptionError: It is not such a text, or longer than a thousand years.
    """
    text = str(value).strip() if isinstance(value, str) else ""
    if not _DURATION.fullmatch(text):
        raise OptionError(f"{path}: {shown(value)} is not a duration, write it like 90d, 12h, 2w or 1w2d")
    total = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))
    if total > _LONGEST:
        raise OptionError(f"{path}: {shown(value)} is longer than a thousand years")
    return total


def parse_instant(value: object, path: str) -> int:
    """Read an instant written in ISO 8601 with an offset, or given as an aware datetime.

    Args:
        value: The text or datetime.
        path: What to call it in an error.

    Returns:
        Microseconds since the epoch.

    Raises:
        OptionError: It is neither, or lacks the offset.
    """
    moment: datetime.datetime | None = None
    if isinstance(value, datetime.datetime):
        moment = value
    elif isinstance(value, str):
        text = str(value).strip()
        try:
            moment = datetime.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
        except ValueError:
            moment = None
        if moment is not None and len(text) <= 10:
            moment = None
    if moment is None:
        raise OptionError(
            f"{path}: {shown(value)} is not an instant, write it in ISO 8601 with an offset, like 2026-01-02T03:04:05Z"
        )
    if moment.utcoffset() is None:
        raise OptionError(
            f"{path}: {shown(str(value))} has no offset, write it like 2026-01-02T03:04:05Z or with +02:00"
        )
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1)


def resolve_as_of(value: object, now: int, path: str = "as_of") -> int:
    """Find the instant to judge at.

    Args:
        value: None for now, a duration from now such as C(+30d) or C(-12h), or an instant for M(parse_instant).
        now: The present, in microseconds since the epoch.
        path: What to call it in an error.

    Returns:
        Microseconds since the epoch.

    Raises:
        OptionError: It is none of these, or out of the years 1 to 9999.
    """
    if value is None:
        return now
    text = value.strip() if isinstance(value, str) else ""
    try:
        if text[:1] in ("+", "-"):
            offset = parse_duration(text[1:], path)
            instant = now + offset if text[0] == "+" else now - offset
        else:
            instant = parse_instant(value, path)
    except OptionError as error:
        raise OptionError(
            f"{path}: {shown(value)} is neither an instant with an offset, like 2026-01-02T03:04:05Z, "
            "nor a duration from now, like +30d or -12h"
        ) from error
    if not _FIRST <= instant <= _LAST:
        raise OptionError(f"{path}: {shown(value)} is out of the years 1 to 9999")
    return instant


def from_epoch_seconds(value: object) -> int:
    """Convert a timestamp as AWS JSON 1.1 carries it: a number of seconds since the epoch.

    See U(https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).

    Returns:
        Microseconds since the epoch.

    Raises:
        ValueError: It is not a number, or no instant in the years 1 to 9999; milliseconds show as such.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{shown(value)} is not a number of seconds")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{shown(value)} is not a number of seconds")
    # In parts, since the product of a double would be off by a microsecond before a double itself is.
    whole = math.floor(value)
    instant = whole * SECOND + round((value - whole) * SECOND)
    if not _FIRST <= instant <= _LAST:
        raise ValueError(f"{shown(value)} seconds are out of the years 1 to 9999")
    return instant


def format_instant(instant: int | None) -> str | None:
    """Write an instant in ISO 8601 in UTC, such as C(2026-01-02T03:04:05+00:00); None stays None."""
    if instant is None:
        return None
    return (_EPOCH + datetime.timedelta(microseconds=instant)).isoformat()


def in_days(duration: int | None) -> float | None:
    """A duration in days, rounded to two decimals for reading; None stays None."""
    return None if duration is None else round(duration / DAY, 2)


def current_instant() -> int:
    """The present, in microseconds since the epoch."""
    return (datetime.datetime.now(datetime.timezone.utc) - _EPOCH) // datetime.timedelta(microseconds=1)
