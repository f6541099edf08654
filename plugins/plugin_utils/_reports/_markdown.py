# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as GitHub Flavored Markdown, for a comment on a pull request or the summary of a job.

All text of users is in code spans (https://github.github.com/gfm/#code-spans). In a code span, GitHub recognizes no
markup, HTML, autolink, or mention of people or issues. Escaping does not prevent mentions, because GitHub looks for
them after it has rendered the text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._shared import (
    Places,
    counted,
    error_text,
    evidence,
    finding_status,
    headline,
    one_line,
    place_name,
    state_text,
    time_shift,
)

# In bytes. GitHub accepts 65,536 characters in a comment.
_MOST = 60_000
# In bytes, for each of the other sections. The new findings get the remaining space.
_ROOM = 6_000
# The name of an account and the alias of an organization have at most some 60 characters each.
_LONGEST_PLACE = 160
_MOST_ACCOUNTS = 20

_CAVEAT = (
    "Tokens that AWS no longer lists cannot be seen: it does not document whether expired tokens stay listed, so a "
    "clean list may only mean that they were purged."
)
_TOKEN = ("Severity", "Rule", "Organization", "Token", "Owner")


def render(audit: Mapping[str, Any]) -> str:
    """Write the outcome, what was not read, counts, findings (the worst first), exceptions to review, and the evidence.

    Args:
        audit: The result of an audit.

    Returns:
        At most 60,000 bytes of UTF-8. A table that is cut ends with the number of missing rows.
    """
    by_status: dict[str, list[Mapping[str, Any]]] = {"fixed": audit["fixed"]}
    for finding in audit["findings"]:
        by_status.setdefault(finding_status(audit, finding), []).append(finding)
    muted, fails = by_status.get("muted", []), by_status.get("open" if audit["baseline"] is None else "new", [])
    places = Places(audit)
    exceptions = ("Rules", "Tokens", "Until", "Reason")
    head = [
        *_opening(audit),
        *_table("Not read", ("Place", "Region", "Why"), _not_read(audit, places), _unread_row, _ROOM),
        *_counts(audit, muted),
    ]
    tail = [
        *_since_baseline(audit, by_status, places),
        *_table(
            "Muted findings", (*_TOKEN, "Until", "Reason"), muted, lambda finding: _muted_row(finding, places), _ROOM
        ),
        *_table(
            "Expired exceptions, which no longer mute anything",
            exceptions,
            audit["exceptions"]["expired"],
            _exception_row,
            _ROOM,
        ),
        *_table("Exceptions that matched nothing", exceptions, audit["exceptions"]["unused"], _exception_row, _ROOM),
        *_evidence(audit),
        "",
        _CAVEAT,
    ]
    room = _MOST - _size(head) - _size(tail)
    columns = (*_TOKEN, "Created", "Last used", "Expires", "Message")
    title = "Findings" if audit["baseline"] is None else "New findings"
    findings = _table(title, columns, fails, lambda finding: _finding_row(finding, places), room)
    return "".join(f"{line}\n" for line in [*head, *findings, *tail])


def _opening(audit: Mapping[str, Any]) -> list[str]:
    summary, policy = audit["summary"], audit["policy"]
    shift = time_shift(audit)
    counts = {
        "Organizations": summary["organizations"],
        "Tokens": summary["tokens"],
        "Violations": summary["violations"],
        "Findings": summary["new"] + summary["known"],
        "Muted": summary["muted"],
    }
    if audit["baseline"] is not None:
        counts.update({"New": summary["new"], "Known": summary["known"], "Fixed": summary["fixed"]})
    columns = ("As of", "Policy file", "Fails on", *counts)
    return [
        f"## Amazon WorkMail tokens: {audit['outcome']}",
        "",
        f"**{headline(audit)}**",
        "",
        *([f"**{shift}**", ""] if shift else []),
        _line(columns),
        _line(["---"] * len(columns)),
        _line([audit["as_of"], _code(policy["file"], 200), f"{policy['fail_on']} and above", *counts.values()]),
    ]


def _since_baseline(
    audit: Mapping[str, Any], by_status: Mapping[str, Sequence[Mapping[str, Any]]], places: Places
) -> list[str]:
    """Write the known and the fixed findings. Without a baseline, there are no lines."""
    if audit["baseline"] is None:
        return []
    day = audit["baseline"]["as_of"][:10]

    def row(finding: Mapping[str, Any]) -> list[Any]:
        return [*_token(finding, places), _code(finding["message"], 400)]

    columns = (*_TOKEN, "Message")
    return [
        *_table(f"Known from the baseline of {day}", columns, by_status.get("known", []), row, _ROOM),
        *_table(f"Fixed since the baseline of {day}", columns, by_status["fixed"], row, _ROOM),
    ]


def _evidence(audit: Mapping[str, Any]) -> list[str]:
    about = evidence(audit)
    accounts = [entry["id"] for entry in audit["accounts"] if entry["id"] is not None]
    shown = [*accounts[:_MOST_ACCOUNTS], *(["..."] if len(accounts) > _MOST_ACCOUNTS else [])]
    entries = [
        ("Audited at", about["audited_at"]),
        ("Caller", about["caller"]),
        ("Accounts", f"{len(accounts)}: {', '.join(shown)}" if accounts else None),
        ("Collection", f"patrol.workmail {about['collection_version']}, schema version {about['schema_version']}"),
        ("Policy", about["policy_name"]),
        ("Policy digest", about["policy_digest"]),
    ]
    baseline = audit["baseline"]
    if baseline is not None:
        entries.append(("Baseline", f"{baseline['as_of']}, {counted(baseline['findings'], 'finding')}"))
    known = [entry for entry in entries if entry[1] is not None]
    return _table("Evidence", ("Entry", "Value"), known, lambda entry: [entry[0], _code(entry[1], 500)], _ROOM)


def _not_read(audit: Mapping[str, Any], places: Places) -> list[tuple[str | None, str | None, str]]:
    """List the place, the region and the reason of everything that was not read."""
    entries: list[tuple[str | None, str | None, str]] = [
        (place_name(places.of_error(error)), error.get("region"), error_text(error)) for error in audit["errors"]
    ]
    for account in places.left_out:
        entries.append((places.account(account["id"]) or account["id"], None, state_text(account)))
    named = {error["organization_id"] for error in audit["errors"]}
    for organization in audit["organizations"]:
        if organization["tokens"] is None and organization["id"] not in named:
            name = place_name(places.of_organization(organization))
            entries.append((name, organization["region"], f"Not read, its state is {organization['state']}"))
    return entries


def _counts(audit: Mapping[str, Any], muted: Sequence[Any]) -> list[str]:
    by_severity = audit["summary"]["by_severity"]
    muted_by_rule = dict.fromkeys((rule["id"] for rule in audit["policy"]["rules"]), 0)
    for finding in muted:
        muted_by_rule[finding["rule_id"]] += 1
    rules = sorted(audit["policy"]["rules"], key=lambda rule: list(by_severity).index(rule["severity"]))

    def row(rule: Mapping[str, Any]) -> list[Any]:
        found = audit["summary"]["by_rule"][rule["id"]]
        return [rule["severity"], _code(rule["id"]), found, muted_by_rule[rule["id"]], _code(rule["description"], 200)]

    return [
        *_table("Severities", ("Severity", "Findings"), list(by_severity.items()), list, _ROOM),
        *_table("Rules", ("Severity", "Rule", "Findings", "Muted", "Description"), rules, row, _ROOM),
    ]


def _unread_row(entry: tuple[str | None, str | None, str]) -> list[Any]:
    place, region, reason = entry
    return [_code(place, _LONGEST_PLACE), _code(region), _code(reason, 700)]


def _token(finding: Mapping[str, Any], places: Places) -> list[Any]:
    token, owner = finding["token"], finding["token"].get("owner") or {}
    return [
        finding["severity"],
        _code(finding["rule_id"]),
        _code(place_name(places.of_finding(finding)), _LONGEST_PLACE),
        f"{_code(token['personal_access_token_id'])} {_code(token['name'])}",
        _code(owner.get("email") or owner.get("name") or token["user_id"]),
    ]


def _finding_row(finding: Mapping[str, Any], places: Places) -> list[Any]:
    days = [(finding["token"][key] or "-")[:10] for key in ("date_created", "date_last_used", "expires_time")]
    return [*_token(finding, places), *days, _code(finding["message"], 400)]


def _muted_row(finding: Mapping[str, Any], places: Places) -> list[Any]:
    exception = finding["exception"]
    return [*_token(finding, places), _code(exception["expires"]), _code(exception["reason"], 300)]


def _exception_row(exception: Mapping[str, Any]) -> list[Any]:
    match = json.dumps(exception["match"], ensure_ascii=False)
    rules = _code(", ".join(exception["rules"]), 200)
    return [rules, _code(match, 300), _code(exception["expires"]), _code(exception["reason"], 300)]


def _table(
    title: str, columns: Sequence[str], entries: Sequence[Any], row: Callable[[Any], list[Any]], room: int
) -> list[str]:
    """Write a section with a table of at most ``room`` bytes. Without entries, there are no lines."""
    if not entries:
        return []
    lines = ["", f"### {title}", "", _line(columns), _line(["---"] * len(columns))]
    # Reserve 100 bytes for the line that names the number of missing rows.
    left = room - _size(lines) - 100
    for count, entry in enumerate(entries):
        line = _line(row(entry))
        left -= _size([line])
        if left < 0:
            return [*lines, "", f"... and {len(entries) - count} more, which did not fit."]
        lines.append(line)
    return lines


def _line(cells: Sequence[Any]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _code(value: object, longest: int = 80) -> str:
    """Write a text of users as a code span in a table, without characters that could end the span or the cell."""
    text = one_line(value, longest).replace("`", "'").strip()
    return f"`{text}`".replace("|", "\\|") if text else "-"
