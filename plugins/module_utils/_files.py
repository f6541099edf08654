# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Read files that users name: only regular files, and only up to a maximum size."""

from __future__ import annotations

import os
import stat

from ._domain.errors import OptionError
from ._domain.text import quoted

_KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}


def read_file(path: str, most: int, label: str) -> bytes:
    """Read a regular file, without waiting for another process.

    Args:
        path: The file; a link is followed.
        most: The largest size, in bytes.
        label: The name of the file in an error.

    Returns:
        The content.

    Raises:
        OptionError: The file cannot be read, is not a regular file, or is too large.
        FileNotFoundError: The file does not exist.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO would block. Without O_NOCTTY, a terminal would become the controlling
        # terminal of this process.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            kind = stat.S_IFMT(status.st_mode)
            if kind != stat.S_IFREG:
                raise OptionError(f"{label}: expected a regular file, got {_KINDS.get(kind, 'a device')}")
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(most + 1) if status.st_size <= most else None
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise OptionError(f"{label}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise OptionError(f"{label}: {quoted(path)} is not the path of a file") from error
    if content is None or len(content) > most:
        raise OptionError(f"{label}: is larger than {most} bytes")
    return content


def decode_text(content: bytes, label: str) -> str:
    """Decode the content of a text file in UTF-8, with or without a byte order mark.

    Args:
        content: The bytes.
        label: The name of the file in an error.

    Returns:
        The text.

    Raises:
        OptionError: The content is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise OptionError(f"{label}: line {line}: is not UTF-8") from error
