# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file of the event source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.state import State, StateError

TARGETS: dict[str, Any] = {"organizations": []}
ACME = "m-" + "a" * 32
ENTRY: dict[str, Any] = {
    "token": {"organization_id": ACME, "personal_access_token_id": "one", "date_last_used": None},
    "warned": None,
    "expired": False,
}


def test_the_state_file_and_its_lock_are_private_and_the_only_files(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = State(str(path), TARGETS)
    state.note(ACME, "one", ENTRY)
    state.save()
    state.end()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["state.json", "state.json.lock"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in tmp_path.iterdir())
    assert State(str(path), TARGETS).tokens_of(ACME) == {"one": ENTRY}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not JSON"),
        ("\x00", "is not JSON"),
        ("[]", "does not have a state of this event source"),
        ('{"format": 2}', "does not have a state of this event source"),
        (
            '{"format": 1, "targets": {}, "begun": true, "organizations": {"m": {"tokens": {}}}}',
            "does not have a state of this event source",
        ),
        (
            '{"format": 1, "targets": {"organizations": ["acme"]}, "begun": true, "organizations": {}}',
            "was written with different organizations",
        ),
    ],
)
@guards("plugins/plugin_utils/_watch/state.py", 'if document["targets"] != self._targets:')
def test_another_file_is_refused_and_not_changed(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(StateError, match=message):
        State(str(path), TARGETS)
    assert path.read_text() == content


@guards(
    "plugins/plugin_utils/_watch/state.py",
    "            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
    "            pass\n",
)
def test_a_state_file_has_one_source_at_a_time(tmp_path: Path) -> None:
    path = str(tmp_path / "state.json")
    state = State(path, TARGETS)
    with pytest.raises(StateError, match="is in use by another source"):
        State(path, TARGETS)
    state.end()
    State(path, TARGETS).end()


def test_a_directory_that_does_not_exist_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be written, No such file or directory"):
        State(str(tmp_path / "none" / "state.json"), TARGETS)


def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    state = State(str(path), TARGETS)
    before = path.read_text()
    state.note(ACME, "one", ENTRY)

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(StateError, match="No space left on device"):
        state.save()
    assert path.read_text() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["state.json", "state.json.lock"]
