# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Answers of the lookup that the processes of one run of Ansible share, in the run's private temporary directory."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from ansible import constants

# Ansible makes this directory once for the run, readable to nobody else, and removes it at the end. To ask its
# configuration for the directory would make another.
_FOLDER = Path(vars(constants)["DEFAULT_LOCAL_TMP"]) / "patrol.workmail"
_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


class Answer(NamedTuple):
    """Records, what to warn of each time that they are given, and whether they are everything."""

    records: list[dict[str, Any]]
    warnings: list[str]
    complete: bool


def plain(value: Any) -> Any:
    """The same value in mappings and lists of Python's own, so that what Ansible templates late is templated now."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def shared(options: Mapping[str, Any], fetch: Callable[[], Answer], folder: Path = _FOLDER) -> Answer:
    """Take an answer that this run has had already, or fetch it while other processes that want the same wait.

    Only a whole answer is kept. Where a fetch fails, those that wait each try for themselves.

    Args:
        options: Everything that was asked for, the connection's options too, as M(plain) gives it.
        fetch: Finds the answer.
        folder: Where to keep answers.

    Raises:
        Exception: As C(fetch) does.
    """
    if _refusal(folder).exists():
        return fetch()
    name = _digest([options, _surroundings()])
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.json"
    with _fetch_lock(folder / f"{name}.lock"):
        answer = _read(path)
        if answer is None:
            # Made before anything is read: what is forgotten in the meantime takes it along.
            with tempfile.NamedTemporaryFile("w", dir=folder, encoding="utf-8", delete=False) as file:
                try:
                    answer = fetch()
                    if answer.complete:
                        _keep(answer, file, path)
                finally:
                    Path(file.name).unlink(missing_ok=True)
    return answer


def forget(folder: Path = _FOLDER, ongoing: bool = False) -> None:
    """Forget every answer, and those that are on their way: something was changed.

    Args:
        folder: Where answers are kept.
        ongoing: Whether the change goes on, as that of an asynchronous task does; then no answer is kept any more.
    """
    if ongoing:
        _refusal(folder).touch()
    # The folder and its locks stay: others may wait at them.
    for path in [*folder.glob("*.json"), *folder.glob("tmp*")]:
        path.unlink(missing_ok=True)


def _refusal(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.refused")


def _keep(answer: Answer, file: IO[str], path: Path) -> None:
    # An answer that cannot be kept, on a full disk for example, is still one.
    with contextlib.suppress(OSError):
        json.dump([answer.records, answer.warnings], file)
        file.flush()
        os.replace(file.name, path)


@contextlib.contextmanager
def _fetch_lock(path: Path) -> Iterator[None]:
    with path.open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _read(path: Path) -> Answer | None:
    try:
        records, warnings = json.loads(path.read_bytes())
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(records, list) or not isinstance(warnings, list):
        return None
    return Answer(records, warnings, complete=True)


def _surroundings() -> list[Any]:
    """What else decides as whom and where boto3 calls, as far as a run can change it."""
    variables = sorted(item for item in os.environ.items() if item[0].startswith(("AWS_", "BOTO")))
    return [variables, [_state(os.environ.get(name) or usual) for name, usual in _FILES.items()]]


def _state(path: str) -> tuple[int, ...] | None:
    try:
        state = os.stat(os.path.expanduser(path))
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode(errors="backslashreplace")).hexdigest()
