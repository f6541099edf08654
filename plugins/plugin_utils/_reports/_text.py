# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""A short summary of an audit for the log of a pipeline, which a person reads from the top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...module_utils._domain.text import log_line
from ._shared import (
    Places,
    counted,
    headline,
    provenance,
    time_shift,
)

_MOST_FINDINGS = 20
_MOST_ERRORS = 10
_MOST_ACCOUNTS = 10


def render(audit: Mapping[str, Any]) -> str:
    """The outcome in one line, counts by severity and rule, the worst findings, and what could not be read.

    No line can be a command of a pipeline or hold a control character, whatever users wrote.
    """
    summary, findings = audit["summary"], [finding for finding in audit["findings"] if not finding["muted"]]
    shift = time_shift(audit)
    lines = [
        headline(audit),
        *([shift] if shift else []),
        f"As of {audit['as_of']}. The policy fails on {audit['policy']['fail_on']} and above.",
        f"{provenance(audit)}.",
    ]
    if not audit["complete"]:
        errors = audit["errors"]
        lines.append("NOT COMPLETE, so this cannot pass. What could not be read:")
        lines += [f"  {error['msg']}" for error in errors[:_MOST_ERRORS]]
        lines += _rest(len(errors) - _MOST_ERRORS, "error")
    places = Places(audit)
    lines += _left_out(places)
    if findings:
        lines.append("By severity: " + _counts(summary["by_severity"]))
        lines.append("By rule: " + _counts(summary["by_rule"]))
        lines += [f"{finding['severity']}: {places.message(finding)}" for finding in findings[:_MOST_FINDINGS]]
        lines += _rest(len(findings) - _MOST_FINDINGS, "finding")
    for state, meaning in (("expired", "mutes nothing any more"), ("unused", "matched nothing")):
        lines += [
            f"Exception for {', '.join(exception['rules'])} until {exception['expires']} {meaning}: "
            f"{exception['reason']}"
            for exception in audit["exceptions"][state]
        ]
    return "".join(f"{log_line(line)}\n" for line in lines)


def _left_out(places: Places) -> list[str]:
    accounts = [f"{places.account(account['id'])} {account['state']}" for account in places.left_out]
    if not accounts:
        return []
    more = [f"... and {len(accounts) - _MOST_ACCOUNTS} more"] if len(accounts) > _MOST_ACCOUNTS else []
    return ["Accounts left out because of their state: " + ", ".join(accounts[:_MOST_ACCOUNTS] + more)]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _rest(count: int, noun: str) -> list[str]:
    return [f"... and {counted(count, 'more ' + noun)}"] if count > 0 else []
