# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The state of an event source: the known tokens, and the file that preserves them across restarts."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Mapping
from typing import Any

from ...module_utils._domain.checks import boolean_at, check_plain, count_at, mapping_at, optional_text_at, text_at
from ...module_utils._domain.errors import OptionError, PatrolError
from ...module_utils._domain.text import quoted
from ...module_utils._files import read_file

_FORMAT = 1
_HINT = "Use another state_file, or delete this one to start over."
# In bytes: some hundred times the size of the state for 1,000 users with ten tokens each.
_LARGEST = 1_000_000_000


class StateError(PatrolError):
    """The state file cannot be used."""

    error_code = "StateFileException"


class State:
    """The known tokens by organization.

    Args:
        path: The file, or None to keep the state only in memory.
        targets: The targets of the sweeps, as JSON values. A file that was written for other targets is refused,
            because tokens that are no longer read would look like deleted ones.

    Raises:
        StateError: The file has no valid state or the state of other targets, is in use, or cannot be read or
            written. The error names the place in the file.
    """

    def __init__(self, path: str | None, targets: Mapping[str, Any]) -> None:
        self._path = path
        self._targets = dict(targets)
        self.begun = False
        self._organizations: dict[str, dict[str, Any]] = {}
        self._saved = True
        self._lock: int | None = None
        if path is not None:
            self._take(path)
            try:
                self._load(path)
                self._saved = False
                self.save()  # it is better to fail now than after the first events
            except StateError:
                self.end()
                raise

    def knows(self, organization_id: str) -> bool:
        """Return whether an organization was once read completely and its events were sent.

        Args:
            organization_id: The ID of the organization.

        Returns:
            Whether it was read.
        """
        return organization_id in self._organizations and bool(self._organizations[organization_id]["read"])

    def present(self) -> list[str]:
        """Return the organizations that were listed in the last sweep that read them.

        Returns:
            The IDs of the organizations.
        """
        return [name for name, organization in self._organizations.items() if not organization["gone"]]

    def tokens_of(self, organization_id: str) -> Mapping[str, dict[str, Any]]:
        """Return the known tokens of an organization.

        Args:
            organization_id: The ID of the organization.

        Returns:
            The entry of each token by the ID of the token.
        """
        known: dict[str, dict[str, Any]] = self._organizations.get(organization_id, {}).get("tokens", {})
        return known

    def note(self, organization_id: str, token_id: str | None, entry: Mapping[str, Any] | None) -> None:
        """Record an entry of a token or of an organization. ``save`` writes it to the file.

        Args:
            organization_id: The ID of the organization.
            token_id: The ID of the token, or None for an entry of the organization itself.
            entry: The entry, or None to forget the token.
        """
        organization = self._organizations.setdefault(organization_id, {"gone": False, "read": False, "tokens": {}})
        if token_id is None:
            organization.update(entry or {})
        elif entry is None:
            organization["tokens"].pop(token_id, None)
        else:
            organization["tokens"][token_id] = dict(entry)
        self._saved = False

    def begin(self) -> None:
        """Record that everything was read once."""
        if not self.begun:
            self.begun, self._saved = True, False

    def save(self) -> None:
        """Write the file, completely or not at all.

        Raises:
            StateError: The file cannot be written.
        """
        if self._path is None or self._saved:
            return
        document = {
            "format": _FORMAT,
            "targets": self._targets,
            "begun": self.begun,
            "organizations": self._organizations,
        }
        folder = os.path.dirname(os.path.abspath(self._path))
        try:
            descriptor, name = tempfile.mkstemp(dir=folder, prefix=".workmail_pat.")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(document, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, self._path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            raise _not_writable(self._path, error) from error
        self._saved = True

    def end(self) -> None:
        """Release the lock, so another source can use the file."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take(self, path: str) -> None:
        # Lock another file, because the state file is replaced. The lock ends with the process, however that ends.
        try:
            self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except (OSError, ValueError) as error:
            raise _not_writable(path, error) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.end()
            raise StateError(
                f"state_file: {path} is in use by another source",
                hint="Use a different file for each source.",
            ) from error

    def _load(self, path: str) -> None:
        try:
            document = json.loads(read_file(path, _LARGEST, f"state_file: {path}"))
        except FileNotFoundError:
            return
        except OptionError as error:
            raise StateError(error.message, hint=_HINT) from error
        except ValueError as error:
            raise StateError(f"state_file: {path} is not JSON", hint=_HINT) from error
        except RecursionError as error:
            raise StateError(f"state_file: {path} is nested too deeply", hint=_HINT) from error
        try:
            _check(document)
        except OptionError as error:
            raise StateError(
                f"state_file: {path} does not have a state of this event source: {error.message}", hint=_HINT
            ) from error
        if document["targets"] != self._targets:
            differing = sorted(
                name
                for name in {*document["targets"], *self._targets}
                if document["targets"].get(name) != self._targets.get(name)
            )
            raise StateError(f"state_file: {path} was written with different {', '.join(differing)}", hint=_HINT)
        self.begun = document["begun"]
        self._organizations = document["organizations"]


def _not_writable(path: str, error: OSError | ValueError) -> StateError:
    if not isinstance(error, OSError):
        return StateError(f"state_file: {quoted(path)} is not a valid path, {error}")
    folder = os.path.dirname(os.path.abspath(path))
    hint = None if os.path.isdir(folder) else f"Create the directory {folder} first."
    return StateError(f"state_file: {path} cannot be written, {error.strerror}", hint=hint)


def _check(document: Any) -> None:
    """Check the content of a file.

    Raises:
        OptionError: The document is not a valid state. The error names the place.
    """
    check_plain(document, "content")
    state = mapping_at(document, "content", ("format", "targets", "begun", "organizations"))
    if state["format"] != _FORMAT:
        raise OptionError(f"format: {quoted(state['format'])} is not {_FORMAT}")
    mapping_at(state["targets"], "targets")
    boolean_at(state["begun"], "begun")
    for organization_id, organization in mapping_at(state["organizations"], "organizations").items():
        here = f"organizations.{organization_id}"
        mapping_at(organization, here, ("gone", "read", "tokens"))
        boolean_at(organization["gone"], f"{here}.gone")
        boolean_at(organization["read"], f"{here}.read")
        for token_id, entry in mapping_at(organization["tokens"], f"{here}.tokens").items():
            _check_entry(entry, f"{here}.tokens.{token_id}")


def _check_entry(entry: Any, path: str) -> None:
    mapping_at(entry, path, ("token", "warned", "expired"))
    token = mapping_at(entry["token"], f"{path}.token", ("date_last_used", "organization_id"))
    text_at(token["organization_id"], f"{path}.token.organization_id")
    optional_text_at(token["date_last_used"], f"{path}.token.date_last_used")
    if entry["warned"] is not None:
        count_at(entry["warned"], f"{path}.warned")
    boolean_at(entry["expired"], f"{path}.expired")
