# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens that violate a policy are planned, and revoked if that is confirmed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from connecting import REGION
from estate import ACME, ANA, GLOBEX
from guarding import guards
from revocations import (
    AS_OF,
    DELETE,
    EXPIRED,
    GET,
    WIDE,
    Run,
    asked,
    held,
    ids,
    lines_of,
)
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._revoke import starter


@guards("plugins/module_utils/_revoke/by_policy.py", "        if request.confirm:\n", "        if True:\n")
def test_a_run_only_plans_by_default(by_policy: Run, emulator: Emulator) -> None:
    result = by_policy(policy=EXPIRED, as_of=AS_OF, owners=True, **WIDE)
    assert ids([entry["token"] for entry in result["plan"]]) == ["pat-1", "pat-3"]
    assert result["plan"][0]["rule_ids"] == ["expired"] and "ana@acme.example" in result["plan"][0]["message"]
    assert not result["changed"] and result["revoked"] == []
    assert [line["outcome"] for line in lines_of(result)] == ["started", "planned", "planned", "finished"]
    assert not asked(emulator, GET)


def test_a_confirmed_run_revokes_the_planned_tokens(by_policy: Run, emulator: Emulator) -> None:
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1", "pat-3"] and result["changed"]
    assert result["summary"]["tokens"] == 6 and result["summary"]["organizations"] == 2
    record = lines_of(result)
    assert [(line["outcome"], line["personal_access_token_id"]) for line in record] == [
        ("started", None),
        ("planned", "pat-1"),
        ("planned", "pat-3"),
        ("revoking", "pat-1"),
        ("revoked", "pat-1"),
        ("revoking", "pat-3"),
        ("revoked", "pat-3"),
        ("finished", None),
    ]
    assert {line["caller"] for line in record} == {"arn:aws:sts::123456789012:user/moto"}
    assert record[3]["rule_ids"] == ["expired"] and record[3]["organization_id"] == ACME
    assert record[3]["user_id"] == ANA and record[3]["name"] == "Token 1" and record[3]["region"] == REGION
    path = Path(result["record_file"])
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    again = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert not again["changed"] and again["plan"] == [] and again["record_file"] != result["record_file"]


def test_check_mode_leaves_no_record(by_policy: Run, tmp_path: Path) -> None:
    result = by_policy(check_mode=True, policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1", "pat-3"] and result["changed"]
    assert result["record_file"] is None and not (tmp_path / "records").exists()


@pytest.mark.parametrize("kind", ["access_denied", "truncated", "throttle", "empty_next_token"])
@pytest.mark.parametrize("confirm", [False, True])
def test_an_incomplete_sweep_revokes_nothing(by_policy: Run, emulator: Emulator, kind: str, confirm: bool) -> None:
    emulator.faults.add(Fault(kind, operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=confirm, on_error="continue", **WIDE)
    assert result["error_code"] and result["plan"] == [] and len(held(emulator)) == 6


def test_a_token_that_no_longer_violates_is_skipped(by_policy: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-4"))
    policy = {"version": 1, "rules": [{"id": "unused", "severity": "low", "when": {"unused_for": "90d"}}]}
    result = by_policy(policy=policy, as_of="2026-06-01T00:00:00Z", confirm=True, **WIDE)
    assert [(entry["token"]["personal_access_token_id"], entry["reason"]) for entry in result["not_revoked"]] == [
        ("pat-4", "no longer found by unused")
    ]
    assert "pat-4" in held(emulator) and len(held(emulator)) == 1


@pytest.mark.parametrize(
    ("kind", "outcome"), [("access_denied", "failed"), ("throttle", "failed"), ("reset", "unconfirmed")]
)
def test_a_deletion_that_fails_ends_the_run(by_policy: Run, emulator: Emulator, kind: str, outcome: str) -> None:
    emulator.faults.add(Fault(kind, operation=DELETE, personal_access_token_id="pat-3"))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1"] and result["error_code"]
    assert [line["outcome"] for line in lines_of(result)][-3:] == ["revoking", outcome, "failed"]


def test_a_token_deleted_by_others_is_absent(by_policy: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("deleted_meanwhile", operation=GET, personal_access_token_id="pat-1"))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert result["absent"] == ["pat-1"] and ids(result["revoked"]) == ["pat-3"]


def test_a_connection_that_breaks_before_the_deletion_leaves_it_unconfirmed(
    by_policy: Run, emulator: Emulator, tmp_path: Path
) -> None:
    """The service may delete the token a moment later, so that it is not reported as merely planned."""
    emulator.faults.add(Fault("reset", operation=DELETE, personal_access_token_id="pat-3"))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert result["unconfirmed"] == ["pat-3"] and "not known whether it still exists: pat-3" in result["lines"]
    assert not any("not reached" in line for line in result["lines"])


def test_a_run_whose_starter_has_ended_records_it(by_policy: Run, emulator: Emulator) -> None:
    parent = os.getppid()
    answers = iter([parent, parent])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(starter.os, "getppid", lambda: next(answers, 1))
        result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert result["error_code"] == "AbandonedRunException" and ids(result["revoked"]) == ["pat-1"]
    assert asked(emulator) == ["pat-1"] and lines_of(result)[-1]["outcome"] == "failed"


@pytest.mark.parametrize(
    ("fault", "revoked"),
    [
        (Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX), 0),
        (Fault("truncated", operation="ListUsers", organization_id=ACME), 0),
        (Fault("access_denied", operation="GetCallerIdentity"), 0),
        (Fault("access_denied", operation=DELETE, personal_access_token_id="pat-3"), 1),
        (Fault("throttle", operation=GET, personal_access_token_id="pat-3"), 1),
        (Fault("reset", operation=DELETE, personal_access_token_id="pat-3"), 1),
    ],
)
def test_a_fault_ends_the_run_and_its_record(by_policy: Run, emulator: Emulator, fault: Fault, revoked: int) -> None:
    emulator.faults.add(fault)
    result = by_policy(policy=EXPIRED, as_of=AS_OF, owners=True, confirm=True, organizations=None, **WIDE)
    assert result["error_code"]
    assert len(held(emulator)) == 6 - revoked and len(asked(emulator)) in (revoked, revoked + 1)
    assert result["lines"][0].startswith(f"REVOKED: {revoked} of ")
    outcomes = [line["outcome"] for line in lines_of(result)]
    assert outcomes.count("revoked") == revoked and outcomes[-1] == "failed"
