# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan is written to a file, reviewed, and carried out as far as it is still valid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from estate import ANA
from guarding import guards
from revocations import (
    AS_OF,
    EXPIRED,
    GET,
    WIDE,
    Run,
    asked,
    change_token,
    held,
    ids,
    lines_of,
    plan_of,
)
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.digest import digest_of
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import current_instant, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._revoke import journal


def test_a_plan_is_written_and_carried_out(by_policy: Run, emulator: Emulator, tmp_path: Path) -> None:
    made = by_policy(policy=EXPIRED, as_of=AS_OF, organizations=["acme"], owners=True, **WIDE)
    path = Path(made["plan_file"])
    assert path.parent == tmp_path / "records" and re.fullmatch(r"plan-\d{8}T\d{6}Z\.json", path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert made["lines"][-1] == made["command"]
    assert made["command"] == f"ansible-playbook patrol.workmail.revoke -e revoke_plan={path} -e revoke_confirm=true"
    assert lines_of(made)[-1]["plan_file"] == str(path)
    plan = json.loads(path.read_text())
    assert ids([entry["token"] for entry in plan["tokens"]]) == ["pat-1", "pat-3"]
    assert plan["policy_digest"].startswith("sha256:") and plan["limits"] == {"max_tokens": 1000, "max_percent": 100}
    looked_at = by_policy(plan_file=str(path), organizations=None, record_dir=None)
    assert not looked_at["changed"] and looked_at["plan_file"] == str(path) and looked_at["command"] == made["command"]
    done = by_policy(plan_file=str(path), organizations=None, record_dir=None, confirm=True)
    assert ids(done["revoked"]) == ["pat-1", "pat-3"] and done["command"] is None
    assert Path(done["record_file"]).parent == path.parent and lines_of(done)[0]["plan_file"] == str(path)
    assert len(list(path.parent.glob("plan-*.json"))) == 1
    again = by_policy(plan_file=str(path), organizations=None, record_dir=None, confirm=True)
    assert again["absent"] == ["pat-1", "pat-3"] and not again["changed"] and "error_code" not in again


def test_only_tokens_of_the_plan_are_revoked(by_policy: Run, emulator: Emulator) -> None:
    """A token that expires between the plan and its execution is in no plan that anybody has seen."""
    path = plan_of(by_policy, as_of="2026-02-02T00:00:00Z")
    result = by_policy(plan_file=path, organizations=None, confirm=True)
    assert ids(result["revoked"]) == ["pat-1"] and held(emulator) == {"pat-2", "pat-3", "pat-4", "pat-5", "pat-6"}
    assert ids([entry["token"] for entry in result["not_in_plan"]]) == ["pat-3"]
    assert any(line.startswith("not in the plan: expired: acme, token pat-3") for line in result["lines"])
    assert [line["personal_access_token_id"] for line in lines_of(result) if line["outcome"] == "not_in_plan"] == [
        "pat-3"
    ]


@pytest.mark.parametrize("when", ["sweep", "deletion"])
def test_a_token_that_no_longer_matches_its_plan_is_skipped(by_policy: Run, emulator: Emulator, when: str) -> None:
    policy = {"version": 1, "rules": [{"id": "unused", "severity": "low", "when": {"unused_for": "90d"}}]}
    path = plan_of(by_policy, policy=policy, as_of="2026-06-01T00:00:00Z")
    if when == "sweep":
        change_token(emulator, "pat-4", DateLastUsed=format_instant(current_instant()))
    else:
        emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-4"))
    result = by_policy(plan_file=path, organizations=None, confirm=True)
    reasons = [entry["reason"] for entry in result["left"] + result["not_revoked"]]
    assert reasons == ["no longer found by unused"] and held(emulator) == {"pat-4", "pat-6"}


@pytest.mark.parametrize("protected", [None, {"owner": "ana"}])
def test_a_token_of_another_user_is_skipped(
    by_policy: Run, emulator: Emulator, protected: dict[str, Any] | None
) -> None:
    path = plan_of(by_policy, protected=protected)
    change_token(emulator, "pat-3", UserId=ANA)
    result = by_policy(plan_file=path, organizations=None, confirm=True)
    assert "pat-3" in held(emulator)
    assert [entry["reason"] for entry in result["left"] if entry["token"]["personal_access_token_id"] == "pat-3"] == [
        "it belongs to another user now"
    ]


@guards("plugins/module_utils/_revoke/by_policy.py", "    if account != saved.account:")
def test_a_plan_of_another_account_is_refused(by_policy: Run, emulator: Emulator) -> None:
    path = Path(plan_of(by_policy))
    plan = json.loads(path.read_text())
    plan["caller"] = plan["caller"].replace("123456789012", "210987654321")
    del plan["digest"]
    path.write_text(json.dumps({**plan, "digest": digest_of(plan)}))
    result = by_policy(plan_file=str(path), organizations=None, confirm=True)
    assert "is for account 210987654321, and these credentials are of account 123456789012" in result["msg"]
    assert not asked(emulator)


def test_one_run_at_a_time_carries_out_a_plan(by_policy: Run, emulator: Emulator, tmp_path: Path) -> None:
    path = plan_of(by_policy)
    with journal.RevocationJournal(str(tmp_path / "elsewhere"), {}, path):
        result = by_policy(plan_file=path, organizations=None, confirm=True, record_dir=str(tmp_path / "own"))
    assert result["error_code"] == "RevocationLockedException" and len(held(emulator)) == 6
