# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The cache of lookups, which the processes of one run of Ansible share in the run's private temporary directory."""

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

# Ansible makes this directory once for the run, readable only by its user, and removes it at the end. Reading the
# setting from Ansible's configuration would make another directory.
_FOLDER = Path(vars(constants)["DEFAULT_LOCAL_TMP"]) / "patrol.workmail"
_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


class Answer(NamedTuple):
    """The answer of a lookup.

    Args:
        records: The records of the tokens.
        warnings: The warnings to show each time that the records are returned.
        complete: Whether every token was read.
    """

    records: list[dict[str, Any]]
    warnings: list[str]
    complete: bool


def to_plain_data(value: Any) -> Any:
    """Convert a value to built-in types of Python, which makes Ansible evaluate its templates now.

    Args:
        value: A value with mappings, lists and text of Ansible.

    Returns:
        An equal value of dicts, lists, strings and other scalars.
    """
    if isinstance(value, Mapping):
        return {to_plain_data(key): to_plain_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain_data(item) for item in value]
    return str(value) if isinstance(value, str) else value


def load_or_fetch(options: Mapping[str, Any], fetch: Callable[[], Answer], folder: Path = _FOLDER) -> Answer:
    """Load an answer that this run has cached, or fetch it while other processes with the same lookup wait.

    Only a complete answer is cached. If a fetch fails, each waiting process fetches the answer itself.

    Args:
        options: All options of the lookup, with those of the connection, as ``to_plain_data`` returns them.
        fetch: Fetches the answer.
        folder: The directory of the cache.

    Returns:
        The answer.

    Raises:
        Exception: Whatever ``fetch`` raises.
    """
    if _refusal_file(folder).exists():
        return fetch()
    name = _digest([options, _aws_environment()])
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.json"
    with _fetch_lock(folder / f"{name}.lock"):
        answer = _read_answer(path)
        if answer is None:
            # Make the file before any token is read, so forget_answers() can remove it in the meantime.
            with tempfile.NamedTemporaryFile("w", dir=folder, encoding="utf-8", delete=False) as file:
                try:
                    answer = fetch()
                    if answer.complete:
                        _write_answer(answer, file, path)
                finally:
                    Path(file.name).unlink(missing_ok=True)
    return answer


def forget_answers(folder: Path = _FOLDER, ongoing: bool = False) -> None:
    """Remove every answer from the cache, and those that are being fetched, because a token was changed.

    Args:
        folder: The directory of the cache.
        ongoing: Whether the change is still in progress, as in an asynchronous task. If so, no answer is cached from
            now on.
    """
    if ongoing:
        _refusal_file(folder).touch()
    # The directory and its locks stay, because other processes may wait for them.
    for path in [*folder.glob("*.json"), *folder.glob("tmp*")]:
        path.unlink(missing_ok=True)


def _refusal_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.refused")


def _write_answer(answer: Answer, file: IO[str], path: Path) -> None:
    # An answer that cannot be cached, for example because the disk is full, is still valid.
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


def _read_answer(path: Path) -> Answer | None:
    try:
        records, warnings = json.loads(path.read_bytes())
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(records, list) or not isinstance(warnings, list):
        return None
    return Answer(records, warnings, complete=True)


def _aws_environment() -> list[Any]:
    """Collect what a run can change, apart from options, that determines the credentials and endpoints of boto3."""
    variables = sorted(item for item in os.environ.items() if item[0].startswith(("AWS_", "BOTO")))
    return [variables, [_file_state(os.environ.get(name) or usual) for name, usual in _FILES.items()]]


def _file_state(path: str) -> tuple[int, ...] | None:
    try:
        state = os.stat(os.path.expanduser(path))
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode(errors="backslashreplace")).hexdigest()
