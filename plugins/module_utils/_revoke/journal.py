# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The journal of a revocation: its record file, its plan file, and the lock of their directory.

The record is a file in JSON Lines format. It has one line per event, which is written when the event occurs.
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
    """The error of a record that cannot be written. Without a record, no more tokens are revoked."""

    error_code = "RecordException"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"record_dir: the record cannot be written: {error}",
            hint="Nothing is revoked without a record. Set record_dir to a directory that you can write to.",
        )


class LockError(PatrolError):
    """The error of a directory that another run has locked."""

    error_code = "RevocationLockedException"

    def __init__(self, directory: str, option: str) -> None:
        super().__init__(
            f"{option}: another revocation is using {directory}",
            hint="Wait until it has ended, and read its record. Two runs at once do not see each other's deletions.",
        )


class RevocationJournal:
    """The record of a revocation, in a new file.

    The directory is created if it does not exist, and only its owner can read a new directory or file. Each line has
    ``time``, the fields in ``common``, ``outcome``, the fields of the token, ``rule_ids`` and ``reason``. A line is on
    the disk before the run continues. The directory is locked until the process ends or the ``with`` block is left.

    Args:
        directory: The path of the directory, or None for no record and no lock.
        common: The fields of every line. Fields can be added to the attribute ``common`` later.
        plan_file: The path of the plan that is carried out, or None. Its directory is locked too.

    Raises:
        LockError: Another run has locked one of the directories.
        RecordError: The record cannot be written. The methods also raise it.
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
            outcome: The event, such as ``revoked`` or ``finished``.
            token: The token of the event, or None.
            rule_ids: The IDs of the rules that require the revocation.
            reason: The reason of the event, or None.

        Raises:
            RecordError: The line cannot be written.
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
        """Write a plan to a new file that only its owner can read, and wait until it is on the disk.

        Args:
            document: The plan.

        Returns:
            The path of the file, or None if the journal has no directory.

        Raises:
            RecordError: The plan cannot be written.
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
        """Write the outcome of the run as the last line. If this line is missing, the run was killed."""
        if error is None:
            self.note("finished")
        elif isinstance(error, PatrolError) and not isinstance(error, RecordError):
            self.note("failed", reason=str(error))
        if self._file is not None:
            # An error can be ignored here: every line is on the disk already, or its error was raised.
            with contextlib.suppress(OSError):
                self._file.close()
        self._unlock()

    def _unlock(self) -> None:
        while self._locks:
            os.close(self._locks.pop())


def _lock(directory: str, option: str) -> int:
    """Lock a directory until the returned file descriptor is closed, or the process ends."""
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
    """Create a new file whose name contains the current time.

    Args:
        directory: The path of the directory.
        first: A format of the file name, with the time as its first argument and the number 1 as its second.
        further: The format to use with the next number if the file already exists.

    Returns:
        The path of the file, and the open file.
    """
    stamp = (format_instant(current_instant()) or "")[:19].replace("-", "").replace(":", "") + "Z"
    number = 1
    while True:
        path = os.path.join(directory, (first if number == 1 else further).format(stamp, number))
        try:
            return path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
        except FileExistsError:
            number += 1
