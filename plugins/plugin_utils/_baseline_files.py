# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Baselines in files on the controller."""

from __future__ import annotations

import os
from typing import Any

from ..module_utils._domain.errors import OptionError
from ..module_utils._domain.strict_json import parse_json
from ..module_utils._domain.text import quoted
from ..module_utils._files import read_file

LARGEST_FILE = 256 * 1024 * 1024
_HINT = "A baseline is the audit.json of an earlier audit. To make the first one, run an audit without a baseline."


def find_and_load(name: str, directory: object = None) -> dict[str, Any]:
    """Find an audit file in a directory or in the working directory, and read it.

    Args:
        name: The path, as the user gave it.
        directory: The directory that is searched before the working directory, if any.

    Raises:
        OptionError: The same as ``load_baseline_file``.
    """
    if not name.strip() or "\0" in name:
        raise OptionError(f"baseline: expected the path of a file, got {quoted(name)}", hint=_HINT)
    places = [os.path.join(str(place), os.path.expanduser(name)) for place in (directory, ".") if place is not None]
    return load_baseline_file(next((path for path in places if os.path.exists(path)), None), name, "baseline")


def load_baseline_file(path: str | None, name: object, label: str) -> dict[str, Any]:
    """Read an audit from a file without checking it. ``read_baseline`` checks it later.

    Args:
        path: The file; None if it was not found.
        name: The path as the user gave it, for errors.
        label: What to call the file in an error.

    Returns:
        The document.

    Raises:
        OptionError: The file does not exist, cannot be read, or does not contain a JSON object.
    """
    try:
        content = b"" if path is None else read_file(path, LARGEST_FILE, f"{label}: {quoted(name)}")
    except FileNotFoundError:
        path = None
    if path is None:
        raise OptionError(f"{label}: {quoted(name)} does not exist", hint=_HINT)
    if not content.strip():
        raise OptionError(f"{label}: {quoted(name)} is empty", hint=_HINT)
    try:
        document = parse_json(content)
    except ValueError as error:
        raise OptionError(f"{label}: {quoted(name)} is {error}", hint=_HINT) from error
    if not isinstance(document, dict):
        raise OptionError(f"{label}: {quoted(name)} is not the result of an audit", hint=_HINT)
    return document
