# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""A short summary of an audit for the log of a pipeline, which a person reads from the top."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MOST_FINDINGS = 20
_MOST_ERRORS = 10
_LONGEST_LINE = 400
# GitHub, Azure and TeamCity take commands out of a log: ::error::, ##[error], ##vso[...], ##teamcity[...].
_COMMAND = re.compile(r"#(?=#)|:(?=:)")


def render(audit: Mapping[str, Any]) -> str:
    """The outcome in one line, counts by severity and rule, the worst findings, and what could not be read.

    No line can be a command of a pipeline or hold a control character, whatever users wrote.
    """
    summary, findings = audit["summary"], [finding for finding in audit["findings"] if not finding["muted"]]
    accounts = f" in {_counted(summary['accounts'], 'account')}" if "accounts" in summary else ""
    lines = [
        f"{audit['outcome'].upper()}: {_counted(len(findings), 'finding')} on {_counted(summary['tokens'], 'token')} "
        f"of {_counted(summary['organizations'], 'organization')}{accounts}, {summary['muted']} muted, "
        f"as of {audit['as_of']}, fails on {audit['policy']['fail_on']}"
    ]
    if not audit["complete"]:
        lines.append("NOT COMPLETE, so this can not pass; what could not be read:")
        lines += [f"  {error['msg']}" for error in audit["errors"][:_MOST_ERRORS]]
        lines += _rest(len(audit["errors"]) - _MOST_ERRORS, "error")
    if findings:
        lines.append("By severity: " + _counts(summary["by_severity"]))
        lines.append("By rule: " + _counts(summary["by_rule"]))
        lines += [f"{finding['severity']}: {finding['message']}" for finding in findings[:_MOST_FINDINGS]]
        lines += _rest(len(findings) - _MOST_FINDINGS, "finding")
    for state, meaning in (("expired", "mutes nothing any more"), ("unused", "matched nothing")):
        lines += [
            f"Exception for {', '.join(exception['rules'])} until {exception['expires']} {meaning}: "
            f"{exception['reason']}"
            for exception in audit["exceptions"][state]
        ]
    return "".join(f"{_one_line(line)}\n" for line in lines)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _rest(count: int, noun: str) -> list[str]:
    return [f"... and {_counted(count, 'more ' + noun)}"] if count > 0 else []


def _one_line(text: str) -> str:
    text = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}..."
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return _COMMAND.sub(lambda match: f"{match[0]} ", printable)
