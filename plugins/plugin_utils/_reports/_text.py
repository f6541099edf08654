# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""A short summary of an audit: a text, which begins with the verdict, and lines for a log, which end with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...module_utils._domain.text import log_line
from ._shared import (
    Places,
    counted,
    headline,
    one_line,
    provenance,
    time_shift,
)

_MOST_FINDINGS = 20
_MOST_FIXED = 5
_MOST_ERRORS = 10
_MOST_ACCOUNTS = 10


def render(audit: Mapping[str, Any]) -> str:
    """Write the outcome in one line, what could not be read, counts by severity and rule, and the worst findings.

    Args:
        audit: The audit, checked.

    Returns:
        The text. No line is a command of a pipeline or contains a control character, whatever users wrote.
    """
    summary, places = audit["summary"], Places(audit)
    shift = time_shift(audit)
    lines = [
        headline(audit),
        *([shift] if shift else []),
        f"As of {audit['as_of']}. The policy fails on {audit['policy']['fail_on']} and above.",
        f"{provenance(audit)}.",
        *_unread(audit),
        *_left_out(places),
    ]
    if summary["findings"] > summary["muted"]:
        lines.append("By severity: " + _counts(summary["by_severity"]))
        lines.append("By rule: " + _counts(summary["by_rule"]))
    lines += _first(_findings(audit, places), _MOST_FINDINGS, "finding")
    lines += _baseline_lines(audit)
    lines += _first([f"fixed: {places.message(finding)}" for finding in audit["fixed"]], _MOST_FIXED, "fixed finding")
    lines += _exceptions(audit)
    return "".join(f"{log_line(line)}\n" for line in lines)


def log_lines(audit: Mapping[str, Any], most: int | None = None) -> list[str]:
    """Write the summary for a log, which people read from its end: worst findings first, and the verdict last.

    Args:
        audit: The audit, checked.
        most: The approximate number of lines to write, or None for no limit. Essential lines are always written.

    Returns:
        The lines. No line is a command of a pipeline or contains a control character, whatever users wrote.
    """
    places, fail_on = Places(audit), audit["policy"]["fail_on"]
    shift = time_shift(audit)
    exceptions = _exceptions(audit)
    if most is not None and len(exceptions) > 1:
        exceptions = [f"{len(exceptions)} exceptions of the policy have expired or matched nothing."]
    notes = [*_left_out(places), *exceptions, *_baseline_lines(audit)]
    about = [
        f"{provenance(audit)} as of {audit['as_of']}. {_policy(audit)} fails on {fail_on} and above.",
        *([shift] if shift else []),
        headline(audit),
    ]
    space = _MOST_FINDINGS + 1 if most is None else max(most - len(about) - len(notes), 0)
    findings = _findings(audit, places)
    shown = findings if len(findings) <= space else _first(findings, max(space - 1, 0), "finding")[:space]
    return [log_line(line) for line in (*shown, *notes, *_unread(audit), *about)]


def reasons(audit: Mapping[str, Any]) -> list[str]:
    """List why an audit is incomplete.

    Args:
        audit: The audit, checked.

    Returns:
        The errors, of which there can be many, on one line each.
    """
    return _first([log_line(str(error["msg"])) for error in audit["errors"]], _MOST_ERRORS, "error")


def _policy(audit: Mapping[str, Any]) -> str:
    name = audit["policy"]["name"]
    return "The policy" if name is None else f"The policy {one_line(name, 100)}"


def _findings(audit: Mapping[str, Any], places: Places) -> list[str]:
    """Return the findings that are neither muted nor known, the worst first."""
    return [
        f"{finding['severity']}: {places.message(finding)}"
        for finding in audit["findings"]
        if not finding["muted"] and not finding["known"]
    ]


def _baseline_lines(audit: Mapping[str, Any]) -> list[str]:
    baseline, summary = audit["baseline"], audit["summary"]
    if baseline is None:
        return []
    return [
        f"Compared with the baseline of {baseline['audited_at']}: {summary['new']} new, {summary['known']} known and "
        f"{summary['fixed']} fixed. Known findings do not fail."
    ]


def _unread(audit: Mapping[str, Any]) -> list[str]:
    if audit["complete"]:
        return []
    return [
        "INCOMPLETE, so the audit cannot pass. These could not be read:",
        *(f"  {reason}" if not reason.startswith("... ") else reason for reason in reasons(audit)),
    ]


def _exceptions(audit: Mapping[str, Any]) -> list[str]:
    return [
        f"Exception for {', '.join(exception['rules'])} until {exception['expires']} {meaning}: {exception['reason']}"
        for state, meaning in (("expired", "no longer mutes anything"), ("unused", "matched nothing"))
        for exception in audit["exceptions"][state]
    ]


def _left_out(places: Places) -> list[str]:
    accounts = [f"{places.account(account['id'])} {account['state']}" for account in places.left_out]
    if not accounts:
        return []
    more = [f"... and {len(accounts) - _MOST_ACCOUNTS} more"] if len(accounts) > _MOST_ACCOUNTS else []
    return ["Accounts not read because of their state: " + ", ".join(accounts[:_MOST_ACCOUNTS] + more)]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _first(lines: Sequence[str], most: int, noun: str) -> list[str]:
    """Return the first lines, and a line with the number of the others."""
    rest = len(lines) - most
    return [*lines[:most], *([f"... and {counted(rest, 'more ' + noun)}"] if rest > 0 else [])]
