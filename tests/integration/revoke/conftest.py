# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revocation by the core over HTTP, without Ansible."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from connecting import connect
from estate import ACME
from revocations import Run, asked, check_against_emulator, check_against_record, held, ids
from workmail_emulator import Emulator


@pytest.fixture
def by_id(emulator: Emulator, aws: pytest.MonkeyPatch) -> Run:
    """Return a function that revokes tokens of acme by ID. A failure is in ``msg`` and ``error_code``."""
    # The collection can be imported once pytest has started, not when it reads this file.
    from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
    from ansible_collections.patrol.workmail.plugins.module_utils._revoke.by_id import revoke_by_id

    connection = connect()

    def call(*token_ids: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        before = held(emulator)
        options = {"organization": ACME, "personal_access_token_ids": list(token_ids), **options}
        try:
            result = revoke_by_id(options, connection, check_mode, lambda seconds: None)
        except PatrolError as error:
            result = {**error.details, **error.as_result()}
        if "revoked" not in result or check_mode:
            assert held(emulator) == before and not asked(emulator)
        else:
            check_against_emulator(emulator, before, result)
            assert set(asked(emulator)) <= set(token_ids)
        return result

    return call


@pytest.fixture
def by_policy(emulator: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a function that revokes by policy, and checks the emulator, the plan and the record."""
    from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
    from ansible_collections.patrol.workmail.plugins.module_utils._revoke.by_policy import revoke_by_policy

    connection = connect()

    def call(check_mode: bool = False, **options: Any) -> dict[str, Any]:
        before = held(emulator)
        emulator.requests.clear()
        options = {"record_dir": str(tmp_path / "records"), "organizations": ["acme", "globex"], **options}
        options = {name: value for name, value in options.items() if value is not None}
        try:
            result = revoke_by_policy(options, connection, check_mode, lambda seconds: None)
        except PatrolError as error:
            result = {**error.details, **error.as_result()}
        if "plan" not in result:
            assert held(emulator) == before and not asked(emulator)
            return result
        assert set(asked(emulator)) <= set(ids([entry["token"] for entry in result["plan"]]))
        if check_mode or not options.get("confirm"):
            assert held(emulator) == before and not asked(emulator)
        else:
            check_against_emulator(emulator, before, result)
        if result["record_file"] is not None:
            check_against_record(result)
        for name in ("plan", "left", "revoked", "not_revoked", "absent", "unconfirmed"):
            assert result["summary"][name] == len(result[name])
        return result

    return call


@pytest.fixture
def findings_of(aws: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that audits acme and globex, and returns the findings."""
    from ansible_collections.patrol.workmail.plugins.module_utils._audit.run import gather_audit

    def call(policy: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        audited = gather_audit({"policy": policy, "organizations": ["acme", "globex"], **options}, connect())
        findings: list[dict[str, Any]] = json.loads(json.dumps(audited["findings"]))
        return findings

    return call
