# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit as a page for people: one file that loads nothing and reads well without its script.

The template, the style and the script are in the folder ``html``. Jinja2 escapes every value, and the page's own
Content-Security-Policy (https://www.w3.org/TR/CSP3/) allows no style and no script but these two.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...module_utils._domain.policy import SEVERITIES
from ...module_utils._domain.text import printable
from ...module_utils._domain.tokens import key_of
from ._shared import Places, headline, provenance, time_shift

_FOLDER = Path(__file__).parent / "html"
_MONTHS_SHOWN = 12
_MOST_OWNERS = 50
_AGES = ((30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "a year"))
_NEVER, _LONGER, _UNKNOWN = "never", "longer", "unknown"
_BUCKETS = [*(label for _days, label in _AGES), _LONGER, _UNKNOWN]
_USES = [*_BUCKETS, _NEVER]


class Bar(NamedTuple):
    """A bar of the timeline: what it stands for, how many tokens, its height in percent, and whether it is past."""

    label: str
    tokens: int
    height: float
    past: bool


def render(audit: Mapping[str, Any]) -> str:
    """The page, as the text of an HTML document.

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
    style, script = (_asset(name) for name in ("report.css", "report.js"))
    tokens = _tokens(audit)
    return environment.get_template("report.html.j2").render(
        audit=audit,
        places=Places(audit),
        severities=SEVERITIES[::-1],
        headline=headline(audit),
        time_shift=time_shift(audit),
        provenance=provenance(audit),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        organizations=_by_organization(audit, tokens),
        timeline=_timeline(audit, tokens),
        ages=_BUCKETS,
        uses=_USES,
        use=_use(tokens),
        tokens_found=len(tokens),
    )


def _printable(value: object) -> object:
    """Replace what HTML does not have or what could turn its direction in a text of users."""
    return printable(value, "\ufffd") if isinstance(value, str) and not isinstance(value, Markup) else value


def _asset(name: str) -> Markup:
    """The style or the script, without its header."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return Markup(text.partition("*/\n")[2])


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _tokens(audit: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Each token with a finding once."""
    tokens = [finding["token"] for finding in audit["findings"]]
    return list({key_of(token): token for token in tokens}.values())


def _by_organization(audit: Mapping[str, Any], tokens: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Organizations with how many of their tokens have findings, in all and by owner, the most first."""
    rows = []
    for organization in audit["organizations"]:
        owners = Counter(_owner(token) for token in tokens if token["organization_id"] == organization["id"])
        rows.append(
            {
                "organization": organization,
                "found": owners.total(),
                "owners": owners.most_common(_MOST_OWNERS),
                "more": max(0, len(owners) - _MOST_OWNERS),
            }
        )
    return sorted(rows, key=lambda row: -row["found"])


def _owner(token: Mapping[str, Any]) -> str:
    owner = token.get("owner") or {}
    return str(owner.get("email") or owner.get("name") or token["user_id"] or _UNKNOWN)


def _timeline(audit: Mapping[str, Any], tokens: list[Mapping[str, Any]]) -> list[Bar]:
    """Tokens by the month of their expiry, a year back and ahead, with a bar at each end for the rest."""
    now = _month(audit["as_of"])
    counts: Counter[int | str] = Counter()
    for token in tokens:
        if token["expires_time"] is None:
            counts[_NEVER] += 1
        else:
            offset = _month(token["expires_time"]) - now
            counts[max(-_MONTHS_SHOWN - 1, min(_MONTHS_SHOWN + 1, offset))] += 1
    most = max(counts.values(), default=0) or 1
    bars = []
    for offset in range(-_MONTHS_SHOWN - 1, _MONTHS_SHOWN + 2):
        # Not by datetime, which ends with the year 9999.
        month = f"{(now + offset) // 12:04}-{(now + offset) % 12 + 1:02}"
        label = {-_MONTHS_SHOWN - 1: "before", _MONTHS_SHOWN + 1: "after"}.get(offset, month)
        bars.append(Bar(label, counts[offset], 100 * counts[offset] / most, offset < 0))
    bars.append(Bar("never", counts[_NEVER], 100 * counts[_NEVER] / most, False))
    return bars


def _month(instant: str) -> int:
    return int(instant[:4]) * 12 + int(instant[5:7]) - 1


def _use(tokens: list[Mapping[str, Any]]) -> dict[str, dict[str, tuple[int, int]]]:
    """How many tokens there are of each age and time since the last use, and how dark a field that is, from 0 to 4."""
    counts = Counter(
        (_bucket(token["age_days"]), _NEVER if token["never_used"] else _bucket(token["unused_days"]))
        for token in tokens
    )
    most = max(counts.values(), default=0) or 1
    return {age: {use: (counts[age, use], -(-4 * counts[age, use] // most)) for use in _USES} for age in _BUCKETS}


def _bucket(days: float | None) -> str:
    if days is None:
        return _UNKNOWN
    return next((label for limit, label in _AGES if days <= limit), _LONGER)
