# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit as a page for people: one file that loads nothing and reads well without its scripts.

The template, the style and the scripts are in the folder ``html``. Jinja2 escapes every value, and the page's own
Content-Security-Policy (https://www.w3.org/TR/CSP3/) allows no style and no script but these. The script reads the
rows of the table from JSON in the page, which no browser runs.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...module_utils._domain.policy import SEVERITIES
from ...module_utils._domain.text import printable
from ...module_utils._domain.times import format_instant, parse_instant
from ._html_charts import expiry_bars, owner_bars, rule_bars, tokens_of, use_shades
from ._html_rows import Row, embedded, rows_of
from ._shared import Places, counted, failing, finding_status, headline, provenance, time_shift

_FOLDER = Path(__file__).parent / "html"
# A page with this many rows opens at once; the script shows more, in pages.
_MOST_ROWS = 3_000
_MOST_FINDINGS = 100_000
_MOST_OWNERS = 500
_FIRST_OWNERS = 10
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def render(audit: Mapping[str, Any]) -> str:
    """Write an audit as an HTML page.

    Args:
        audit: The result of an audit.
    """
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(counted=counted, in_words=_readable_time, in_utc=_utc_time, grouped=_group_digits)
    severities = SEVERITIES[::-1]
    places = Places(audit)
    tokens = tokens_of(audit)
    rows = rows_of(audit, places, _MOST_FINDINGS)
    use_columns, use_rows = use_shades(tokens)
    owners = owner_bars(audit, places)
    shift = time_shift(audit)
    return environment.get_template("report.html.j2").render(
        audit=audit,
        places=places,
        severities=severities,
        failing=failing(audit),
        headline=headline(audit),
        time_shift=shift and shift.replace(audit["as_of"], _readable_time(audit["as_of"])),
        provenance=provenance(audit),
        style=_asset("report.css"),
        scripts=[_asset("start.js"), _asset("report.js")],
        hash=_hash,
        rows=rows[:_MOST_ROWS],
        rows_found=len(rows),
        data=embedded(rows),
        left_out=max(0, len(audit["findings"]) + len(audit["fixed"]) - _MOST_FINDINGS),
        statuses=_statuses(audit),
        accounts=_accounts(places, rows),
        organizations=_organizations(audit, tokens),
        rules=rule_bars(audit, severities),
        expiries=expiry_bars(tokens),
        use_columns=use_columns,
        use_rows=use_rows,
        owners=owners[:_FIRST_OWNERS],
        other_owners=owners[_FIRST_OWNERS:_MOST_OWNERS],
        owners_left_out=max(0, len(owners) - _MOST_OWNERS),
        tokens_found=len(tokens),
    )


def _printable(value: object) -> object:
    """Replace characters that HTML forbids or that could change the direction of text."""
    return printable(value, "\ufffd") if isinstance(value, str) and not isinstance(value, Markup) else value


def _asset(name: str) -> Markup:
    """Return the style sheet or a script without its license header."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return Markup(text.partition("*/\n")[2])


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _readable_time(instant: str) -> str:
    """Return an instant as people write it, with its time zone."""
    text = _utc_time(instant)
    year, month, day = (int(part) for part in text[:10].split("-"))
    weekday = _WEEKDAYS[datetime.date(year, month, day).weekday()]
    return f"{weekday}, {day} {_MONTHS[month - 1]} {year}, {text[11:16]} UTC"


def _utc_time(instant: str) -> str:
    """Return an instant in UTC to the second, in ISO 8601."""
    return f"{str(format_instant(parse_instant(instant, 'instant')))[:19]}Z"


def _group_digits(number: int) -> str:
    """Return a number with its digits in groups of three."""
    return f"{number:,}"


def _statuses(audit: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Return the value, name and number of findings of each choice of the filter by status, or no choices."""
    counts = Counter(finding_status(audit, finding) for finding in audit["findings"])
    counts["fixed"] = len(audit["fixed"])
    has_baseline = audit["baseline"] is not None
    names = ["new", "known", *(["muted"] if counts["muted"] else []), "fixed"] if has_baseline else ["open", "muted"]
    if not has_baseline and not counts["muted"]:
        return []
    return [("", "All", len(audit["findings"])), *((name, name.capitalize(), counts[name]) for name in names)]


def _accounts(places: Places, rows: list[Row]) -> list[tuple[str, str]]:
    """Return the value and name of each choice of the filter by account, or no choices for a single account."""
    if not places.several:
        return []
    names = {row.account: "/".join(row.place[:-1]) or row.account for row in rows}
    return sorted(names.items(), key=lambda choice: choice[1].casefold())


def _organizations(audit: Mapping[str, Any], tokens: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the organizations with the number of their tokens with findings, the highest number first."""
    found = Counter(token["organization_id"] for token in tokens)
    entries = [{"organization": entry, "found": found[entry["id"]]} for entry in audit["organizations"]]
    return sorted(entries, key=lambda entry: -entry["found"])
