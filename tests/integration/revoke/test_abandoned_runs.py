# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that continues after ansible-playbook was killed stops before its next deletion."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from revocations import AS_OF, DELETE, asked, held
from workmail_emulator import Emulator, Fault

pytestmark = [pytest.mark.ansible, pytest.mark.slow]


def test_a_killed_playbook_revokes_nothing_more(
    emulator: Emulator, environment: dict[str, str], tmp_path: Path
) -> None:
    emulator.faults.add(Fault("delay", operation=DELETE, personal_access_token_id="pat-1", seconds=3))
    extra = {
        "revoke_policy": "no_expired",
        "revoke_as_of": AS_OF,
        "revoke_confirm": True,
        "revoke_max_percent": 100,
        "revoke_record_dir": str(tmp_path / "records"),
    }
    with subprocess.Popen(
        ["ansible-playbook", "patrol.workmail.revoke", "--extra-vars", json.dumps(extra)],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as playbook:
        while not asked(emulator):
            assert playbook.poll() is None
        playbook.kill()
    [record] = (tmp_path / "records").glob("*.jsonl")
    while '"outcome": "failed"' not in (text := record.read_text()):
        assert '"outcome": "finished"' not in text
    assert asked(emulator) == ["pat-1"] and "pat-3" in held(emulator)
    assert "the process that started this run has ended" in record.read_text()
