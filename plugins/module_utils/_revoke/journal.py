# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The directory of the records of revocations: one run at a time, its record and its plan.

The record is a file with a line of JSON for each thing that happens, written as it happens.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from typing import IO, Any, Iterable, Mapping

from .._domain.errors import PatrolError
from .._domain.times import current_instant, format_instant
from .._domain.tokens import Token

_NOBODY = dict.fromkeys(
    ("organization_id", "organization_alias", "region", "personal_access_token_id", "user_id", "name")
)


class RecordError(PatrolError):
    """The record cannot be written, and so nothing more may be revoked."""

    error_code = "RecordException"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"record_dir: the record cannot be written: {error}",
            hint="Nothing is revoked without a record. Set record_dir to a directory that you can write to.",
        )


class LockError(PatrolError):
    """Another run is using the directory of records."""

    error_code = "RevocationLockedException"

    def __init__(self, directory: str, option: str) -> None:
        super().__init__(
            f"{option}: another revocation is using {directory}",
            hint="Wait until it has ended, and read its record. Two runs at once do not see each other's deletions.",
        )


class RevocationJournal:
    """A new file in a directory, which is made if it does not exist. Only its owner can read both.

    Each line has ``time``, the fields in ``common``, ``outcome``, those of the token, ``rule_ids`` and ``reason``, and
    is on the disk before the run goes on. The directory is locked until the run has ended, however it ends.

    Args:
        directory: The directory, or None for no record and no lock.
        common: The fields that every line has; more can be added to it.
        plan_file: The plan that is carried out, if there is one. Its directory is locked too.

    Raises:
        LockError: Another run has locked one of the directories.
        RecordError: The record cannot be written; from here and from the methods.
    """

    def __init__(self, directory: str | None, common: Mapping[str, Any], plan_file: str | None = None) -> None:
        self.common = dict(common)
        self.path: str | None = None
        self._file: IO[str] | None = None
        self._directory = ""
        self._locks: list[int] = []
        if directory is None:
            return
        self._directory = os.path.abspath(directory)
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            self._locks.append(_lock(self._directory, "record_dir"))
            plans = self._directory if plan_file is None else os.path.dirname(os.path.abspath(plan_file))
            if not os.path.samefile(plans, self._directory):
                self._locks.append(_lock(plans, "plan_file"))
            self.path, self._file = _new_file(self._directory)
        except LockError:
            self._unlock()
            raise
        except OSError as error:
            self._unlock()
            raise RecordError(error) from error

    def note(
        self,
        outcome: str,
        token: Token | None = None,
        rule_ids: Iterable[str] = (),
        reason: str | None = None,
    ) -> None:
        """Write a line, and wait until it is on the disk.

        Args:
            outcome: What happened.
            token: The token that it happened to, if any.
            rule_ids: The rules that ask for the revocation.
            reason: Why it happened, if there is a reason.

        Raises:
            RecordError: It cannot be written.
        """
        if self._file is None:
            return
        about = _NOBODY if token is None else {name: getattr(token, name) for name in _NOBODY}
        line = {
            "time": format_instant(current_instant()),
            **self.common,
            "outcome": outcome,
            **about,
            "rule_ids": list(rule_ids),
            "reason": reason,
        }
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise RecordError(error) from error

    def write_plan(self, document: Mapping[str, Any]) -> str | None:
        """Write a plan to a file of its own, which only its owner can read, and wait until it is on the disk.

        Args:
            document: The plan.

        Returns:
            The path of the file, or None if there is no record.

        Raises:
            RecordError: It cannot be written.
        """
        if self._file is None:
            return None
        try:
            path, file = _new_plan(self._directory)
            with file:
                file.write(json.dumps(document, indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RecordError(error) from error
        return path

    def __enter__(self) -> RevocationJournal:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Say how it ended, as the last line; if it is missing, the run was killed."""
        if error is None:
            self.note("finished")
        elif isinstance(error, PatrolError) and not isinstance(error, RecordError):
            self.note("failed", reason=str(error))
        if self._file is not None:
            # Every line is on the disk already, or its error was raised.
            with contextlib.suppress(OSError):
                self._file.close()
        self._unlock()

    def _unlock(self) -> None:
        while self._locks:
            os.close(self._locks.pop())


def _lock(directory: str, option: str) -> int:
    """Lock a directory until the descriptor that is returned is closed, at the latest when the process ends."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise LockError(directory, option) from error
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _new_file(directory: str) -> tuple[str, IO[str]]:
    return _first_free(directory, "revoke-{}-{}.jsonl", "revoke-{}-{}.jsonl")


def _new_plan(directory: str) -> tuple[str, IO[str]]:
    return _first_free(directory, "plan-{}.json", "plan-{}-{}.json")


def _first_free(directory: str, first: str, further: str) -> tuple[str, IO[str]]:
    """Create a file that does not exist, named after the time."""
    stamp = (format_instant(current_instant()) or "")[:19].replace("-", "").replace(":", "") + "Z"
    number = 1
    while True:
        path = os.path.join(directory, (first if number == 1 else further).format(stamp, number))
        try:
            return path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
        except FileExistsError:
            number += 1
