# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory of the records of revocations: one run at a time, and files that only their owner can read."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._revoke import journal as _record
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.journal import (
    LockError,
    RecordError,
    RevocationJournal,
)

JOURNAL = "plugins/module_utils/_revoke/journal.py"


@guards(
    JOURNAL,
    '            self._locks.append(_lock(self._directory, "record_dir"))\n',
    "",
)
def test_one_run_at_a_time_uses_a_directory(tmp_path: Path) -> None:
    with RevocationJournal(str(tmp_path / "records"), {}):
        with pytest.raises(LockError, match="another revocation is using") as caught:
            RevocationJournal(str(tmp_path / "records"), {})
        assert caught.value.error_code == "RevocationLockedException"
        with RevocationJournal(str(tmp_path / "others"), {}):
            pass
    # No file is left behind by the lock, and the next run gets it, also after one that failed.
    assert [path.suffix for path in (tmp_path / "records").iterdir()] == [".jsonl"]
    with pytest.raises(KeyError), RevocationJournal(str(tmp_path / "records"), {}):
        raise KeyError
    with RevocationJournal(str(tmp_path / "records"), {}):
        pass


def test_a_record_that_cannot_be_made_leaves_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(directory: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(RecordError, match="No space left"):
        patched.setattr(_record, "_new_file", refuse)
        RevocationJournal(str(tmp_path), {})
    with RevocationJournal(str(tmp_path), {}):
        pass


def test_a_plan_has_a_file_of_its_own(tmp_path: Path) -> None:
    with RevocationJournal(str(tmp_path), {}) as record:
        paths = [Path(record.write_plan({"number": number}) or "") for number in range(3)]
        assert [json.loads(path.read_text())["number"] for path in paths] == [0, 1, 2]
        for path in paths:
            assert path.parent == tmp_path and path.name.startswith("plan-") and path.suffix == ".json"
            assert path.stat().st_mode & 0o777 == 0o600
    with RevocationJournal(None, {}) as nothing:
        assert nothing.write_plan({}) is None and nothing.path is None


def test_a_plan_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RevocationJournal(str(tmp_path), {}) as record, Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(_record, "_new_plan", lambda directory: (directory, full))
        with pytest.raises(RecordError, match="record cannot be written"):
            record.write_plan({})


@guards(JOURNAL, "            if not os.path.samefile(plans, self._directory):")
def test_one_run_at_a_time_carries_out_a_plan(tmp_path: Path) -> None:
    """Also if each has a record directory of its own. Otherwise, both would report the tokens as revoked."""
    plan = tmp_path / "plans" / "plan.json"
    plan.parent.mkdir()
    (tmp_path / "link").symlink_to(plan.parent)
    with RevocationJournal(str(tmp_path / "one"), {}, str(plan)):
        for other in (tmp_path / "two", plan.parent, tmp_path / "link"):
            with pytest.raises(LockError, match="(plan_file|record_dir): another revocation is using"):
                RevocationJournal(str(other), {}, str(plan))
    # The run that was refused has let go of its own directory.
    for directory in (tmp_path / "two", plan.parent, tmp_path / "link"):
        with RevocationJournal(str(directory), {}, str(plan)):
            pass
    assert list((tmp_path / "two").iterdir())


@guards(
    JOURNAL,
    "            raise RecordError(error) from error\n\n    def note",
    "            pass\n\n    def note",
)
@pytest.mark.parametrize("place", ["file", "file/records", "/proc/records"])
def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="record_dir: the record cannot be written") as caught:
        RevocationJournal(str(tmp_path / place), {})
    assert caught.value.error_code == "RecordException"


@guards(
    JOURNAL,
    "        except OSError as error:\n            raise RecordError(error) from error\n\n    def write_plan",
    "        except OSError:\n            pass\n\n    def write_plan",
)
def test_a_line_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(_record, "_new_file", lambda directory: (directory, full))
        journal = RevocationJournal(str(tmp_path), {})
        with pytest.raises(RecordError, match="record cannot be written"), journal:
            journal.note("started")


@guards(JOURNAL, "            os.fsync(self._file.fileno())\n", "")
def test_each_line_is_synced_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    fsync = _record.os.fsync

    def count(descriptor: int) -> None:
        fsync(descriptor)
        [path] = tmp_path.glob("revoke-*.jsonl")
        synced.append([json.loads(line)["outcome"] for line in path.read_text().splitlines()])

    monkeypatch.setattr(_record.os, "fsync", count)
    with RevocationJournal(str(tmp_path), {}) as record:
        record.note("started")
    assert synced == [["started"], ["started", "finished"]]


def test_the_last_line_says_how_the_run_ended(tmp_path: Path) -> None:
    def lines_of_run(name: str, error: BaseException | None) -> list[dict[str, object]]:
        journal = RevocationJournal(str(tmp_path / name), {})
        with contextlib.suppress(PatrolError, KeyboardInterrupt), journal:
            journal.note("started")
            if error is not None:
                raise error
        [path] = (tmp_path / name).iterdir()
        return [json.loads(line) for line in path.read_text().splitlines()]

    assert [line["outcome"] for line in lines_of_run("a", None)] == ["started", "finished"]
    assert [line["outcome"] for line in lines_of_run("b", KeyboardInterrupt())] == ["started"]
    failed = lines_of_run("c", PatrolError("it failed"))
    assert [(line["outcome"], line["reason"]) for line in failed] == [("started", None), ("failed", "it failed")]


def test_only_the_owner_of_a_record_can_read_it(tmp_path: Path) -> None:
    with RevocationJournal(str(tmp_path / "records"), {}) as record:
        assert record.path is not None
        path = Path(record.path)
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
