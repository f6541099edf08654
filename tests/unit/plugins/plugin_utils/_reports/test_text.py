# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from typing import Any

import audits
import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import COLLECTION_VERSION
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import render

COMMAND = re.compile(r"::|##")


def test_the_summary_has_the_outcome_the_counts_and_the_findings() -> None:
    lines = render(audits.mixed(), "text").splitlines()
    assert lines[:3] == [
        "FAIL: 4 violations (1 critical, 2 high, 1 medium) on 7 tokens of 3 organizations; "
        "2 lower findings do not fail; 1 finding is muted",
        "As of 2026-11-21T00:00:00+00:00. The policy fails on medium and above.",
        f"Audit by patrol.workmail {COLLECTION_VERSION}.",
    ]
    assert lines[3:5] == [
        "By severity: critical 1, high 2, medium 1, low 2",
        "By rule: expired 2, expiring 1, no-expiry 1, never-used 2",
    ]
    findings = [finding for finding in audits.mixed()["findings"] if not finding["muted"]]
    assert lines[5:11] == [f"{finding['severity']}: {finding['message']}" for finding in findings]
    assert lines[11:] == [
        "Exception for expired until 2026-01-31 no longer mutes anything: TICKET-2",
        "Exception for expiring until 2027-01-31 matched nothing: TICKET-3",
    ]


def test_the_summary_of_a_pass_has_no_findings() -> None:
    [line, _time, _version, *exceptions] = render(audits.clean(), "text").splitlines()
    assert line == "PASS: 0 violations on 9 tokens of 3 organizations"
    assert all(line.startswith("Exception for ") for line in exceptions)


def test_the_summary_lists_what_could_not_be_read() -> None:
    lines = render(audits.incomplete(), "text").splitlines()
    assert lines[0] == "INCOMPLETE: not everything was read; 1 violation (1 high) on 1 token of 2 organizations"
    assert lines[3].startswith("INCOMPLETE") and "is not authorized" in lines[4]
    assert "  the facts are incomplete" in render(audits.unclear(), "text").splitlines()


@pytest.mark.parametrize("count", [20, 21, 5_000])
def test_the_summary_stays_short(count: int) -> None:
    lines = render(audits.large(count), "text").splitlines()
    assert sum(line.startswith("high: ") for line in lines) == 20
    assert (f"... and {count - 20} more finding{'s' if count > 21 else ''}" in lines) is (count > 20)
    assert len(lines) < 30 and max(map(len, lines)) < 450


@pytest.mark.parametrize("name", audits.HOSTILE_NAMES, ids=repr)
@guards(
    "plugins/module_utils/_domain/text.py", 'return _COMMAND.sub(lambda match: f"{match[0]} ", text)', "return text"
)
def test_no_name_is_a_command_or_a_line_of_its_own(name: str) -> None:
    holds_no_command(name)


@given(st.text())
def test_no_text_is_a_command_or_a_line_of_its_own(name: str) -> None:
    holds_no_command(name)


def holds_no_command(name: str) -> None:
    found = audits.audit_of([audits.token(1, expires_time=audits.NOW - DAY, name=name)])
    unread = audits.audit_of([], errors=[{"msg": name, "organization_id": audits.ORGANIZATIONS[2].id}])
    plain = audits.audit_of([audits.token(1, expires_time=audits.NOW - DAY)])
    assert len(lines_of(found)) == len(lines_of(plain))
    assert len(lines_of(unread)) == len(lines_of(audits.clean())) + 2


def lines_of(audit: dict[str, Any]) -> list[str]:
    text = render(audit, "text")
    assert not COMMAND.search(text)
    lines = text.removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    return lines
