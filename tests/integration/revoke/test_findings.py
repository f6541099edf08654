# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of findings are revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from guarding import guards
from revocations import (
    AS_OF,
    EXPIRED,
    GET,
    WIDE,
    Run,
    ids,
)
from workmail_emulator import Emulator, Fault

Findings = Callable[..., list[dict[str, Any]]]


def test_the_tokens_of_findings_are_revoked(by_policy: Run, findings_of: Findings, emulator: Emulator) -> None:
    findings = findings_of(EXPIRED, as_of=AS_OF, owners=True)
    result = by_policy(findings=findings, organizations=None, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1", "pat-3"]
    # The percentage is of all tokens of the organization, and only the organizations of the findings are read.
    assert result["summary"]["tokens"] == 5
    again = by_policy(findings=findings, organizations=None, confirm=True, **WIDE)
    assert again["absent"] == ["pat-1", "pat-3"] and not again["changed"] and again["plan"] == []


def test_max_percent_is_of_all_tokens_of_the_organization(by_policy: Run, findings_of: Findings) -> None:
    findings = findings_of(EXPIRED, as_of=AS_OF)
    result = by_policy(findings=findings, organizations=None, confirm=True, max_percent=39)
    assert "2 of the 5 tokens of acme" in result["msg"]


def test_the_tokens_of_muted_findings_are_skipped(by_policy: Run, findings_of: Findings) -> None:
    exception = {"rules": ["expired"], "match": {"name": "Token 1"}, "reason": "TICKET-1", "expires": "2099-12-31"}
    findings = findings_of({**EXPIRED, "exceptions": [exception]}, as_of=AS_OF)
    result = by_policy(findings=findings, organizations=None, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-3"]
    assert [entry["reason"] for entry in result["left"]] == ["muted: TICKET-1"]


def test_findings_of_the_future_need_to_be_allowed(by_policy: Run, findings_of: Findings, emulator: Emulator) -> None:
    future = findings_of(EXPIRED, as_of="2100-01-01T00:00:00Z")
    for confirm in (False, True):
        result = by_policy(findings=future, organizations=None, confirm=confirm, **WIDE)
        assert "in the future" in result["msg"] and not emulator.requests
    allowed = by_policy(findings=future, organizations=None, allow_future=True, **WIDE)
    assert len(allowed["plan"]) == len(future) > 2


@pytest.mark.parametrize("when", ["ListPersonalAccessTokens", GET])
def test_a_token_that_changed_since_it_was_found_is_skipped(
    by_policy: Run, findings_of: Findings, emulator: Emulator, when: str
) -> None:
    findings = findings_of(EXPIRED, as_of=AS_OF)
    if when == GET:
        emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-1"))
    else:
        findings[0]["token"]["date_last_used"] = "2026-01-19T00:00:00+00:00"
    result = by_policy(findings=findings, organizations=None, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-3"]
    assert [entry["reason"] for entry in result["left"] + result["not_revoked"]] == [
        "it has changed since it was found"
    ]


@guards(
    "plugins/module_utils/_revoke/by_policy.py",
    "        if not self._request.selection.is_empty:\n",
    "        if True:\n",
)
def test_without_findings_nothing_is_read(by_policy: Run, emulator: Emulator) -> None:
    result = by_policy(findings=[], organizations=None, confirm=True)
    assert result["plan"] == [] and not result["changed"]
    assert [entry.operation for entry in emulator.requests] == ["GetCallerIdentity"]
