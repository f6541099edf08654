# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The record of a revocation: a file with a line of JSON for each thing that happens, written as it happens."""

from __future__ import annotations

import contextlib
import json
import os
from typing import IO, Any, Iterable, Mapping

from ._errors import PatrolError
from ._time import current_instant, format_instant
from ._tokens import Token

_NOBODY = dict.fromkeys(
    ("organization_id", "organization_alias", "region", "personal_access_token_id", "user_id", "name")
)


class RecordError(PatrolError):
    """The record cannot be written, and so nothing more may be revoked."""

    error_code = "RecordException"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"record_dir: the record cannot be written: {error}",
            hint="Nothing is revoked without a record: give a directory that can be written.",
        )


class Record:
    """A new file in a directory, which is made if it is not there; only its owner can read it.

    Each line has C(time), the fields in C(common), C(outcome), those of the token, C(rule_ids) and C(reason), and is
    on the disk before what it tells of goes on.

    Args:
        directory: The directory, or None for no record at all.
        common: What every line says; more can be added to it.

    Raises:
        RecordError: From here and from C(note).
    """

    def __init__(self, directory: str | None, common: Mapping[str, Any]) -> None:
        self.common = dict(common)
        self.path: str | None = None
        self._file: IO[str] | None = None
        if directory is None:
            return
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            self.path, self._file = _new_file(os.path.abspath(directory))
        except OSError as error:
            raise RecordError(error) from error

    def note(
        self,
        outcome: str,
        token: Token | None = None,
        rule_ids: Iterable[str] = (),
        reason: str | None = None,
    ) -> None:
        """Write a line, and wait until it is on the disk."""
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

    def __enter__(self) -> Record:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Say how it ended, as the last line; where that is missing, the run was killed."""
        if error is None:
            self.note("finished")
        elif isinstance(error, PatrolError) and not isinstance(error, RecordError):
            self.note("failed", reason=str(error))
        if self._file is not None:
            # Every line is on the disk already, or that it is not was told.
            with contextlib.suppress(OSError):
                self._file.close()


def _new_file(directory: str) -> tuple[str, IO[str]]:
    stamp = (format_instant(current_instant()) or "")[:19].replace("-", "").replace(":", "")
    number = 1
    while True:
        path = os.path.join(directory, f"revoke-{stamp}Z-{number}.jsonl")
        try:
            return path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
        except FileExistsError:
            number += 1
