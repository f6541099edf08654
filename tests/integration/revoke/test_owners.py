# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The owner of a token is read again before the deletion, and can prevent it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from connecting import connect
from estate import BEN
from guarding import guards
from revocations import (
    GET,
    WIDE,
    Run,
    change_user,
    held,
    ids,
    plan_of,
)
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._revoke.by_policy import revoke_by_policy

Findings = Callable[..., list[dict[str, Any]]]

ORPHANED = {"version": 1, "rules": [{"id": "orphaned", "severity": "high", "when": {"owner_state": "DISABLED"}}]}


@pytest.mark.parametrize("how", ["plan", "findings", "plan of findings"])
def test_tokens_of_an_owner_who_is_enabled_again_are_skipped(
    by_policy: Run, findings_of: Findings, emulator: Emulator, how: str
) -> None:
    options: dict[str, Any] = {"organizations": None, "confirm": True}
    findings = findings_of(ORPHANED)
    assert ids([finding["token"] for finding in findings]) == ["pat-3", "pat-4"]
    if how == "plan":
        options["plan_file"] = plan_of(by_policy, policy=ORPHANED)
    elif how == "findings":
        options.update(findings=findings, **WIDE)
    else:
        options["plan_file"] = plan_of(by_policy, policy=None, findings=findings, organizations=None)
    change_user(emulator, BEN, State="ENABLED")
    result = by_policy(**options)
    assert not result["changed"] and len(held(emulator)) == 6
    reason = "no longer found by orphaned" if how == "plan" else "its owner has changed since it was found"
    assert [entry["reason"] for entry in result["left"]] == [reason] * 2


@guards(
    "plugins/module_utils/_revoke/by_policy.py", "                selection.needs_owners,\n", "                False,\n"
)
@pytest.mark.parametrize("how", ["policy", "findings"])
def test_the_owner_is_read_again_just_before_the_deletion(
    emulator: Emulator, findings_of: Findings, aws: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """The owner is enabled between the listing of the users and the first deletion."""

    def enable(**event: Any) -> None:
        change_user(emulator, BEN, State="ENABLED")

    connection = connect(lambda client: client.meta.events.register(f"before-send.workmail.{GET}", enable))
    options = {"confirm": True, "record_dir": str(tmp_path), **WIDE}
    options.update({"policy": ORPHANED} if how == "policy" else {"findings": findings_of(ORPHANED)})
    result = revoke_by_policy(options, connection, False, lambda seconds: None)
    assert len(result["plan"]) == 2 and len(result["not_revoked"]) == 2 and len(held(emulator)) == 6
