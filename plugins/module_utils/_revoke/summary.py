# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The summary of a revocation for the log of a CI pipeline. Pure: the standard library only."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, Iterable, Mapping

from .._domain.accounts import Account, describe_unread
from .._domain.text import log_line
from .._domain.tokens import key_of

_MOST_ENTRIES = 20
_SAFE_PATH = re.compile(r"[\w@%+:,./-]+", re.ASCII)


def command_for(plan_file: str) -> str:
    """Return the command that carries out a plan.

    Args:
        plan_file: The path of the plan.

    Returns:
        The command, quoted for a shell.
    """
    if _SAFE_PATH.fullmatch(plan_file):
        variables = f"-e revoke_plan={plan_file} -e revoke_confirm=true"
    else:
        variables = f"-e {shlex.quote(json.dumps({'revoke_plan': plan_file, 'revoke_confirm': True}))}"
    return f"ansible-playbook patrol.workmail.revoke {variables}"


def log_lines(result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """Summarize a revocation in lines for a log. The names of tokens cannot add lines or pipeline commands.

    Args:
        result: The result of a revocation so far.
        check_mode: Whether the revocation runs in check mode.

    Returns:
        The lines. If the result has a ``command``, it is the last one.
    """
    summary = result["summary"]
    if result["confirm"]:
        did = "WOULD REVOKE" if check_mode else "REVOKED"
        headline = f"{did}: {summary['revoked']} of {summary['plan']} planned"
    else:
        headline = f"PLANNED: {summary['plan']} to revoke"
    lines = [f"{headline}, {summary['left']} found but skipped, of {summary['tokens']} tokens as of {result['as_of']}"]
    for label, texts in _sections(result, check_mode):
        lines += [f"{label}{text}" for text in texts[:_MOST_ENTRIES]]
        if len(texts) > _MOST_ENTRIES:
            lines.append(f"{label.rstrip(', :')}: {len(texts) - _MOST_ENTRIES} more, not shown")
    unread = describe_unread(Account(entry["id"], entry["name"], entry["state"]) for entry in result["accounts"])
    lines += [unread] if unread else []
    lines = [log_line(line) for line in lines]
    lines += [f"Record: {result['record_file']}"] if result["record_file"] else []
    lines += [f"Plan: {result['plan_file']}"] if result["plan_file"] else []
    if result["command"]:
        lines += [
            "Nothing was revoked. To revoke these tokens and no others, review the plan and run:",
            result["command"],
        ]
    return lines


def _sections(result: Mapping[str, Any], check_mode: bool) -> Iterable[tuple[str, list[str]]]:
    """Return the label and the texts of each list in the result."""
    messages = {key_of(entry["token"]): entry["message"] for entry in result["plan"]}
    revoked = [key_of(token) for token in result["revoked"]]
    not_revoked = {key_of(entry["token"]): entry["reason"] for entry in result["not_revoked"]}
    ended = {*revoked, *not_revoked}
    open_entries = [
        entry["message"]
        for key, entry in ((key_of(entry["token"]), entry) for entry in result["plan"])
        if key not in ended and key[1] not in (*result["absent"], *result["unconfirmed"])
    ]
    yield "would be revoked: " if check_mode else "revoked: ", [messages[key] for key in revoked]
    yield "not revoked, ", [f"{reason}: {messages[key]}" for key, reason in not_revoked.items()]
    yield "planned, not reached: " if ended or result["unconfirmed"] else "planned: ", open_entries
    yield "left, ", [f"{entry['reason']}: {entry['message']}" for entry in result["left"]]
    yield "not in the plan: ", [entry["message"] for entry in result["not_in_plan"]]
    yield "did not exist: ", result["absent"]
    yield "not known whether it still exists: ", result["unconfirmed"]
