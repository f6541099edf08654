# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Private directories, for files that contain names and e-mail addresses."""

from __future__ import annotations

import contextlib
import os


def make_directory(directory: str) -> None:
    """Make a directory with the mode 0700, and those above it that do not exist. An existing one keeps its mode.

    Args:
        directory: The directory, as an absolute path.

    Raises:
        OSError: The directory cannot be made.
    """
    if not os.path.isdir(directory):
        make_directory(os.path.dirname(directory))
        with contextlib.suppress(FileExistsError):
            os.mkdir(directory, 0o700)
