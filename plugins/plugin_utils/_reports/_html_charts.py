# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The counts that the page shows as bar charts and as a shaded table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._domain.tokens import TokenKey, key_of
from ._html_rows import owner_name
from ._shared import Places, finding_status

_NEVER, _LONGER, _UNKNOWN = "never", "more", "unknown"
_SPANS = (7, 30, 90, 180, 365)
_PAST = (
    "over a year ago",
    "180 to 365 days ago",
    "90 to 180 days ago",
    "30 to 90 days ago",
    "7 to 30 days ago",
    "in the last 7 days",
)
_FUTURE = (
    "in the next 7 days",
    "in 7 to 30 days",
    "in 30 to 90 days",
    "in 90 to 180 days",
    "in 180 to 365 days",
    "in over a year",
)
_AGES = ((30, "30 d"), (90, "90 d"), (180, "180 d"), (365, "1 y"))
_SHADES = 4

_OwnerKey = tuple[tuple[str, ...], str]


class Bar(NamedTuple):
    """A bar of a chart: its name, its number, its length in percent, and what kind of thing it counts."""

    name: str
    tokens: int
    length: float
    kind: str = ""


class RuleBar(NamedTuple):
    """The findings of a rule: the lengths of the bar and of its open part, and a text on the other findings."""

    rule: Mapping[str, Any]
    findings: int
    length: float
    open_length: float
    others: str


class OwnerBar(NamedTuple):
    """An owner with findings."""

    name: str
    place: Sequence[str]
    findings: int
    tokens: int
    length: float


def tokens_of(audit: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return each token with a finding once."""
    tokens = (finding["token"] for finding in audit["findings"])
    return list({key_of(token): token for token in tokens}.values())


def rule_bars(audit: Mapping[str, Any], severities: Sequence[str]) -> list[RuleBar]:
    """Count the findings of each rule: first those with new ones, then by severity and by the number of findings."""
    counts = Counter((finding["rule_id"], finding_status(audit, finding)) for finding in audit["findings"])
    totals: Counter[str] = Counter()
    for (rule_id, _status), count in counts.items():
        totals[rule_id] += count
    most = max(totals.values(), default=0) or 1
    bars = []
    for rule in audit["policy"]["rules"]:
        others = {status: counts[rule["id"], status] for status in ("known", "muted")}
        count = totals[rule["id"]]
        lengths = _percent(count, most), _percent(count - sum(others.values()), most)
        text = ", ".join(f"{number} {status}" for status, number in others.items() if number)
        bars.append(RuleBar(rule, count, *lengths, text))
    return sorted(
        bars, key=lambda entry: (not entry.open_length, severities.index(entry.rule["severity"]), -entry.findings)
    )


def expiry_bars(tokens: Iterable[Mapping[str, Any]]) -> list[Bar]:
    """Count tokens by the time from the audit to their expiry."""
    counts = Counter(_span(token["expires_in_days"]) for token in tokens)
    most = max(counts.values(), default=0) or 1
    names = [*((name, "past") for name in _PAST), *((name, "future") for name in _FUTURE), (_NEVER, "never")]
    return [Bar(name, counts[place], _percent(counts[place], most), kind) for place, (name, kind) in enumerate(names)]


def _span(days: float | None) -> int:
    """Return the index in ``expiry_bars`` of the bar for a number of days to the expiry."""
    if days is None:
        return len(_PAST) + len(_FUTURE)
    distance = sum(abs(days) > limit for limit in _SPANS)
    return len(_PAST) - 1 - distance if days <= 0 else len(_PAST) + distance


def use_shades(tokens: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[tuple[str, list[tuple[int, int]]]]]:
    """Count tokens by age and by the time since the last use.

    Returns:
        The names of the columns, which are times since the last use; and the rows, each with its age and, for each
        column, the count and its shade, from 0 (light) to 4 (dark). Unknown ages and times are left out if no token has
        them.
    """
    counts = Counter(
        (_age(token["age_days"]), _NEVER if token["never_used"] else _age(token["unused_days"])) for token in tokens
    )
    most = max(counts.values(), default=0) or 1
    names = [*(name for _days, name in _AGES), _LONGER]
    columns = [*names, _NEVER, *([_UNKNOWN] if any(use == _UNKNOWN for _row, use in counts) else [])]
    ages = [*names, *([_UNKNOWN] if any(age == _UNKNOWN for age, _use in counts) else [])]
    return columns, [
        (age, [(counts[age, use], -(-_SHADES * counts[age, use] // most)) for use in columns]) for age in ages
    ]


def _age(days: float | None) -> str:
    if days is None:
        return _UNKNOWN
    return next((name for limit, name in _AGES if days <= limit), _LONGER)


def owner_bars(audit: Mapping[str, Any], places: Places) -> list[OwnerBar]:
    """Count findings and tokens by owner, the most findings first."""
    findings: Counter[_OwnerKey] = Counter()
    tokens: dict[_OwnerKey, set[TokenKey]] = {}
    for finding in audit["findings"]:
        key = tuple(places.of_finding(finding)), owner_name(finding["token"])
        findings[key] += 1
        tokens.setdefault(key, set()).add(key_of(finding["token"]))
    most = max(findings.values(), default=0) or 1
    return [
        OwnerBar(owner, place, count, len(tokens[place, owner]), _percent(count, most))
        for (place, owner), count in findings.most_common()
    ]


def _percent(count: int, most: int) -> float:
    return round(100 * count / most, 1)
