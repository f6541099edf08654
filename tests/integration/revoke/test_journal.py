# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of a run is accurate, however the run ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from connecting import connect
from revocations import (
    AS_OF,
    DELETE,
    EXPIRED,
    WIDE,
    Run,
    asked,
    held,
)
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._revoke import journal
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.by_policy import revoke_by_policy

CONFIRMED = {"policy": EXPIRED, "as_of": AS_OF, "organizations": ["acme"], "confirm": True, **WIDE}


def test_the_record_of_a_killed_run_names_what_was_deleted(
    emulator: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The process dies as it waits for the reply to a deletion."""

    class Killed(BaseException):
        pass

    def die(request: Any, **event: Any) -> None:
        if b"pat-3" in request.body:
            raise Killed

    connection = connect(lambda client: client.meta.events.register(f"before-send.workmail.{DELETE}", die))
    options = {**CONFIRMED, "record_dir": str(tmp_path)}
    with pytest.raises(Killed):
        revoke_by_policy(options, connection)
    [record] = tmp_path.iterdir()
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [(line["outcome"], line["personal_access_token_id"]) for line in lines][-3:] == [
        ("revoking", "pat-1"),
        ("revoked", "pat-1"),
        ("revoking", "pat-3"),
    ]
    assert held(emulator) == {"pat-2", "pat-3", "pat-4", "pat-5", "pat-6"}


@pytest.mark.parametrize("place", ["file", "file/records", "/proc/records"])
def test_nothing_is_revoked_without_a_record(by_policy: Run, emulator: Emulator, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, record_dir=str(tmp_path / place), **WIDE)
    assert result["error_code"] == "RecordException" and "record_dir: the record cannot be written" in result["msg"]
    assert len(emulator.requests) == 0


def test_a_run_ends_if_its_record_cannot_be_written(
    emulator: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The disk is full once the plan is written."""
    options = {**CONFIRMED, "record_dir": str(tmp_path)}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        aws.setattr(journal, "_new_file", lambda directory: (directory, full))
        with pytest.raises(PatrolError, match="record cannot be written") as caught:
            revoke_by_policy(options, connect())
    assert caught.value.error_code == "RecordException" and not asked(emulator)


def test_one_run_at_a_time_uses_a_record_directory(by_policy: Run, emulator: Emulator, tmp_path: Path) -> None:
    with journal.RevocationJournal(str(tmp_path / "records"), {}):
        result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert result["error_code"] == "RevocationLockedException" and len(emulator.requests) == 0
