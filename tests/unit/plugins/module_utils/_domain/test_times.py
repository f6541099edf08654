# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import (
    DAY,
    SECOND,
    format_instant,
    from_epoch_seconds,
    in_days,
    parse_duration,
    parse_instant,
    resolve_as_of,
)

UTC = datetime.UTC
MOMENTS = st.datetimes(
    min_value=datetime.datetime(1900, 1, 1), max_value=datetime.datetime(9999, 12, 30), timezones=st.just(UTC)
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90d", 90 * 86400), ("12h", 43200), ("2w", 14 * 86400), ("1w2d", 9 * 86400), ("5m30s", 330), ("0d", 0)],
)
def test_durations_are_read_exactly(text: str, seconds: int) -> None:
    assert parse_duration(text, "select.unused_for") == seconds * SECOND


@pytest.mark.parametrize(
    "bad",
    ["", "d", "90", "90 d", "-90d", "1.5d", "90D", "90days", "٣d", "9" * 5000 + "d", 90, None, True, "366000d", ["1d"]],
)
def test_bad_durations_are_refused(bad: object) -> None:
    with pytest.raises(OptionError, match=r"^select\.unused_for: .*(one such as 90d|1000 years)"):
        parse_duration(bad, "select.unused_for")


@given(MOMENTS)
def test_an_instant_is_read_as_it_is_written(moment: datetime.datetime) -> None:
    instant = parse_instant(moment.isoformat(), "as_of")
    assert instant == parse_instant(moment, "as_of")
    written = format_instant(instant)
    assert written is not None
    assert datetime.datetime.fromisoformat(written) == moment


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00", "2026-01-02T05:04:05+02:00", "2026-01-02 03:04:05z"]
)
def test_offsets_name_the_same_instant(text: str) -> None:
    assert format_instant(parse_instant(text, "as_of")) == "2026-01-02T03:04:05+00:00"


@pytest.mark.parametrize(
    "bad",
    [
        *(
            "",
            "now",
            "2026-01",
            "20260102",
            "2026-02-30",
            "2026-01-02T03:04:05",
            "2026-13-02T03:04:05Z",
            1767323045,
            None,
        ),
        *("2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60", "2026-01-02T24:00:00Z", "2026-01-02T03:04:60Z"),
        *("2026-W01-1T00:00:00Z", "20260102T030405Z", "٢٠٢٦-01-02T03:04:05Z", "2026-01-02T03Z", datetime.time(1, 2)),
    ],
)
def test_bad_instants_are_refused(bad: object) -> None:
    with pytest.raises(OptionError, match=r"^as_of: .*2026-01-02T03:04:05Z"):
        parse_instant(bad, "as_of")


def test_as_of_is_an_instant_or_relative_to_now() -> None:
    now = parse_instant("2026-01-02T03:04:05Z", "now")
    assert resolve_as_of(None, now) == now
    assert resolve_as_of("+30d", now) == now + 30 * DAY
    assert resolve_as_of("-12h", now) == now - DAY // 2
    assert resolve_as_of("2026-01-03T03:04:05Z", now) == now + DAY


@pytest.mark.parametrize("bad", ["+", "+3", "tomorrow", "2026-01-02T03:04:05", "-999y", "+9000w999999d"])
def test_a_bad_as_of_is_refused(bad: str) -> None:
    with pytest.raises(OptionError, match=r"^as_of: "):
        resolve_as_of(bad, 0)


@pytest.mark.parametrize("date", ["2026-01-02", " 2026-01-02 ", datetime.date(2026, 1, 2)])
def test_a_date_is_the_instant_at_which_it_begins(date: object) -> None:
    expected = parse_instant("2026-01-02T00:00:00Z", "as_of")
    assert parse_instant(date, "as_of") == resolve_as_of(date, 0) == expected


@pytest.mark.parametrize("fraction", ["", ".5", ".123", ".123456", ".123456789", ",5"])
def test_fractions_of_a_second_are_rounded_down_to_microseconds(fraction: str) -> None:
    microseconds = round(float(f"0{fraction.replace(',', '.') or '.0'}"[:8]) * 1_000_000)
    assert parse_instant(f"1970-01-01T00:00:00{fraction}Z", "as_of") == microseconds


BEYOND = ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+00:01", "9999-12-31 23:59:59.999999-00:01"]


@guards("plugins/module_utils/_domain/times.py", "    if not _FIRST <= instant < _LAST + SECOND:")
@pytest.mark.parametrize("text", BEYOND)
def test_an_offset_that_leads_out_of_the_calendar_is_refused(text: str) -> None:
    for read in (parse_instant, lambda value, path: resolve_as_of(value, 0, path)):
        for value in (text, datetime.datetime.fromisoformat(text)):
            with pytest.raises(OptionError, match=r"^as_of: .* is out of range; expected the years 1 to 9999 in UTC$"):
                read(value, "as_of")
    for text in ("0001-01-01", "9999-12-31T23:59:59.999999Z"):
        assert format_instant(parse_instant(text, "as_of"))


def test_an_as_of_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(OptionError, match="years 1 to 9999"):
        resolve_as_of("+1d", parse_instant("9999-12-31T23:00:00Z", "now"))


# Until then a JSON number, read as a double, tells microseconds apart.
@given(MOMENTS.filter(lambda moment: moment.year < 2200))
def test_epoch_seconds_keep_microseconds(moment: datetime.datetime) -> None:
    assert from_epoch_seconds(moment.timestamp()) == parse_instant(moment, "as_of")


@pytest.mark.parametrize(
    "bad",
    [True, "1767323045", "2026-01-02T03:04:05Z", None, [], float("nan"), float("inf"), 1767323045123, 1.8e12, -1e12],
)
@guards("plugins/module_utils/_domain/times.py", "isinstance(value, bool) or ", "")
@guards(
    "plugins/module_utils/_domain/times.py",
    '    if not _FIRST <= instant <= _LAST:\n        raise ValueError(f"{quoted(value)} seconds',
    '    if False:\n        raise ValueError(f"{quoted(value)} seconds',
)
def test_bad_epoch_seconds_are_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="seconds"):
        from_epoch_seconds(bad)


def test_days_are_rounded_for_reading() -> None:
    assert in_days(DAY // 3) == 0.33
    assert in_days(-DAY) == -1.0
    assert in_days(None) is None
