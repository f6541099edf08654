# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Instants and durations. Pure: the standard library only.

An instant is an integer: the number of microseconds since 1970-01-01T00:00:00Z. A duration is an integer number of
microseconds. With integers, comparisons are exact.
"""

from __future__ import annotations

import datetime
import math
import re

from .errors import mistake
from .text import quoted

SECOND = 1_000_000
DAY = 86_400 * SECOND
_UNITS = {"w": 7 * DAY, "d": DAY, "h": 3_600 * SECOND, "m": 60 * SECOND, "s": SECOND}
_DURATION = re.compile(r"(?:\d+[wdhms])+", re.ASCII)
_LONGEST_TEXT = 64
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
# The parsers of different Python versions accept different formats. This pattern is the same for all versions.
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:([zZ])|([+-])(\d{2}):?(\d{2}))?",
    re.ASCII,
)
_PART = re.compile(r"(\d+)([wdhms])", re.ASCII)
_LONGEST = 1_000 * 365 * DAY
_LAST_MINUTE = 59
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_FIRST = -62_135_596_800 * SECOND
_LAST = 253_402_300_799 * SECOND


def parse_duration(value: object, path: str) -> int:
    """Parse a duration such as ``90d``, ``12h``, ``2w`` or ``1w2d``. The units are w, d, h, m and s.

    Args:
        value: The text.
        path: The name of the value in an error.

    Returns:
        The duration in microseconds.

    Raises:
        MistakesError: The value is not a duration, or is longer than 1000 years.
    """
    text = str(value).strip() if isinstance(value, str) else ""
    if not _DURATION.fullmatch(text):
        raise mistake(path, f"{quoted(value)} is not a valid duration; expected one such as 90d, 12h, 2w or 1w2d")
    return _microseconds(text, value, path)


def _microseconds(text: str, value: object, path: str) -> int:
    """Convert a valid duration to microseconds. The original value is only for the error."""
    # Python refuses to parse an integer with thousands of digits.
    total = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text[:_LONGEST_TEXT]))
    if len(text) > _LONGEST_TEXT or total > _LONGEST:
        raise mistake(path, f"{quoted(value)} is too long; expected at most 1000 years")
    return total


def parse_instant(value: object, path: str) -> int:
    """Parse an instant: ISO 8601 text with an offset, a date, or an aware datetime.

    Args:
        value: The text, date or datetime. A date is the beginning of that day in UTC.
        path: The name of the value in an error.

    Returns:
        Microseconds since the epoch.

    Raises:
        MistakesError: The value is not an instant, has no offset, or is not in the years 1 to 9999 in UTC.
    """
    moment = _moment(value)
    if moment is None:
        raise mistake(
            path,
            f"{quoted(value)} is not a valid time; expected ISO 8601 with an offset, such as 2026-01-02T03:04:05Z, or "
            "a date, such as 2026-01-02",
        )
    if moment.utcoffset() is None:
        raise mistake(
            path,
            f"{quoted(str(value))} has no offset; expected a time such as 2026-01-02T03:04:05Z or "
            "2026-01-02T05:04:05+02:00",
        )
    return _since_epoch(moment, value, path)


def parse_date(value: object) -> datetime.date | None:
    """Parse a date such as ``2026-12-31``. YAML reads an unquoted date as a ``datetime.date``.

    Args:
        value: The value, of any type.

    Returns:
        The date, or None if the value does not have the format of a date.

    Raises:
        ValueError: The value has the format of a date that does not exist, such as ``2026-02-30``.
    """
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    found = _DATE.fullmatch(str(value).strip()) if isinstance(value, str) and len(value) <= _LONGEST_TEXT else None
    return None if found is None else datetime.date(*map(int, found.groups()))


def _moment(value: object) -> datetime.datetime | None:
    """Convert a value to a datetime, which is naive if the value has no offset; None if the value is not valid."""
    if isinstance(value, datetime.datetime):
        return value
    try:
        day = parse_date(value)
        if day is not None:
            return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.timezone.utc)
        found = (
            _INSTANT.fullmatch(str(value).strip()) if isinstance(value, str) and len(value) <= _LONGEST_TEXT else None
        )
        if found is None:
            return None
        *numbers, fraction, zulu, sign, hours, minutes = found.groups()
        year, month, day_of_month, hour, minute, second = (int(number or 0) for number in numbers)
        microsecond = int((fraction or "").ljust(6, "0")[:6])
        zone: datetime.timezone | None = datetime.timezone.utc if zulu else None
        if sign:
            if int(minutes) > _LAST_MINUTE:
                return None
            offset = datetime.timedelta(hours=int(hours), minutes=int(minutes))
            zone = datetime.timezone(offset if sign == "+" else -offset)
        return datetime.datetime(year, month, day_of_month, hour, minute, second, microsecond, zone)
    except ValueError:
        return None


def _since_epoch(moment: datetime.datetime, value: object, path: str) -> int:
    instant = (moment - _EPOCH) // datetime.timedelta(microseconds=1)
    _check_calendar(instant, value, path)
    return instant


def _check_calendar(instant: int, value: object, path: str) -> None:
    """Refuse an instant outside the years 1 to 9999 in UTC, which ``datetime`` cannot represent."""
    if not _FIRST <= instant < _LAST + SECOND:
        raise mistake(path, f"{quoted(value)} is out of range; expected the years 1 to 9999 in UTC")


def resolve_as_of(value: object, now: int, path: str = "as_of") -> int:
    """Return the instant at which tokens are evaluated.

    Args:
        value: None for now, a duration from now such as ``+30d`` or ``-12h``, or a value for ``parse_instant``.
        now: The present, in microseconds since the epoch.
        path: The name of the value in an error.

    Returns:
        Microseconds since the epoch.

    Raises:
        MistakesError: The value is not valid, or the instant is not in the years 1 to 9999.
    """
    if value is None:
        return now
    text = str(value).strip() if isinstance(value, str) else ""
    if text[:1] in ("+", "-") and _DURATION.fullmatch(text[1:]):
        offset = _microseconds(text[1:], value, path)
        instant = now + offset if text[0] == "+" else now - offset
        _check_calendar(instant, value, path)
        return instant
    moment = _moment(value)
    if moment is None or moment.utcoffset() is None:
        raise mistake(
            path,
            f"{quoted(value)} is not a valid time; expected ISO 8601 with an offset, such as 2026-01-02T03:04:05Z, a "
            "date, such as 2026-01-02, or a duration from now, such as +30d or -12h",
        )
    return _since_epoch(moment, value, path)


def from_epoch_seconds(value: object) -> int:
    """Convert a timestamp of the protocol AWS JSON 1.1, which is a number of seconds since the epoch.

    See https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html.

    Args:
        value: The timestamp, of any type.

    Returns:
        Microseconds since the epoch.

    Raises:
        ValueError: The value is not a number, or not an instant in the years 1 to 9999. A timestamp in milliseconds is
            usually outside these years.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{quoted(value)} is not a number of seconds")
    # Convert the integer part and the fraction separately: multiplying the double itself would lose precision.
    try:
        whole = math.floor(value)
    except (ValueError, OverflowError):
        # The value is NaN or infinite.
        raise ValueError(f"{quoted(value)} is not a number of seconds") from None
    instant = whole * SECOND + round((value - whole) * SECOND)
    if not _FIRST <= instant <= _LAST:
        raise ValueError(f"{quoted(value)} seconds are outside the years 1 to 9999")
    return instant


def format_instant(instant: int | None) -> str | None:
    """Format an instant as ISO 8601 in UTC.

    Args:
        instant: The instant in microseconds since the epoch, or None.

    Returns:
        The text, such as ``2026-01-02T03:04:05+00:00``; None if the instant is None.
    """
    if instant is None:
        return None
    return (_EPOCH + datetime.timedelta(microseconds=instant)).isoformat()


def in_days(duration: int | None) -> float | None:
    """Convert a duration to days, rounded to two decimal places.

    Args:
        duration: The duration in microseconds, or None.

    Returns:
        The number of days; None if the duration is None.
    """
    return None if duration is None else round(duration / DAY, 2)


def current_instant() -> int:
    """Return the current time of this machine.

    Returns:
        The current time, in microseconds since the epoch.
    """
    return (datetime.datetime.now(datetime.timezone.utc) - _EPOCH) // datetime.timedelta(microseconds=1)
