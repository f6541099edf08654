# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._files import decode_text, read_file


@guards("plugins/module_utils/_files.py", "            if kind != stat.S_IFREG:")
def test_only_regular_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    os.symlink("/dev/zero", "link")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for path, problem in (
            (".", r"option: expected a regular file, got a directory"),
            ("fifo", r"option: expected a regular file, got a FIFO"),
            ("link", r"option: expected a regular file, got a device"),
            ("/dev/null", r"option: expected a regular file, got a device"),
            ("socket", r"option: cannot be read: No such device or address"),
            ("a/" * 3_000, r"option: cannot be read: File name too long"),
            ("a\0b", r"option: 'a\\x00b' is not the path of a file"),
        ):
            with pytest.raises(OptionError, match=f"^{problem}$"):
                read_file(path, 10, "option")
    with pytest.raises(FileNotFoundError):
        read_file("none", 10, "option")


@guards("plugins/module_utils/_files.py", " | os.O_NONBLOCK", "")
def test_a_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    def interrupt(*_signal: object) -> None:
        raise AssertionError("it waits for a writer")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(3)
    try:
        with pytest.raises(OptionError, match="^option: expected a regular file, got a FIFO$"):
            read_file(str(tmp_path / "fifo"), 1, "option")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@guards("plugins/module_utils/_files.py", "    if content is None or len(content) > most:")
def test_large_files_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    assert read_file(str(file), 10, "option") == b"0123456789"
    with pytest.raises(OptionError, match="^option: is larger than 9 bytes$"):
        read_file(str(file), 9, "option")


def test_text_is_utf_8() -> None:
    assert decode_text("\ufeffä".encode(), "option") == "ä"
    with pytest.raises(OptionError, match="^option: line 2: is not UTF-8$"):
        decode_text(b"a\n\xff\xfe", "option")
