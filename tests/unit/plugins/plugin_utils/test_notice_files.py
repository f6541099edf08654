# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notices as files replace no other file, and notices in a log contain no commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.text import log_line
from ansible_collections.patrol.workmail.plugins.plugin_utils import _notice_files
from ansible_collections.patrol.workmail.plugins.plugin_utils._notice_files import (
    NoticeError,
    message_lines,
    parse_notice_options,
    problem_lines,
    write_notices,
)

HOSTILE = "##vso[task.complete result=Succeeded;] ::error::x\n##[error]"
NOTICES = [
    {"to": f"u{n}@acme.example", "subject": HOSTILE, "text": HOSTILE, "eml": f"To: {n}\r\n", "file": f"000{n}-u.eml"}
    for n in range(3)
]


def find(name: str) -> str:
    return name


def test_each_message_is_a_new_file(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "notices"
    first = write_notices(NOTICES, str(directory))
    second = write_notices(NOTICES[:1], str(directory))
    assert sorted(map(str, directory.iterdir())) == first + second and len({*first, *second}) == 4
    assert Path(first[2]).read_bytes() == b"To: 2\r\n" and first[0].endswith("Z.0000-u.eml")
    modes = [path.stat().st_mode & 0o777 for path in (directory.parent, directory, Path(first[0]))]
    assert modes == [0o700, 0o700, 0o600]


def test_an_existing_directory_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    write_notices(NOTICES, str(tmp_path))
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


@guards("plugins/plugin_utils/_notice_files.py", "os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW", "os.O_CREAT | os.O_TRUNC")
@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_existing_files_and_links_are_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """All files or none: those that were written before are removed."""

    monkeypatch.setattr(_notice_files, "time_stamp", lambda: "now")
    target = tmp_path / "target"
    target.write_text("mine")
    taken = tmp_path / "notices" / "now.0001-u.eml"
    taken.parent.mkdir()
    {"file": lambda: taken.write_text("mine"), "link": lambda: taken.symlink_to(target), "directory": taken.mkdir}[
        kind
    ]()
    with pytest.raises(NoticeError, match="dest: no notice was written to '.*notices'"):
        write_notices(NOTICES, str(taken.parent))
    assert list(taken.parent.iterdir()) == [taken] and target.read_text() == "mine"


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoticeError, match="no notice was written"):
        write_notices(NOTICES, str(tmp_path / "file" / "notices"))


@guards("plugins/module_utils/_domain/text.py", "without_commands(printable(", "str(printable(")
def test_no_line_of_the_log_is_a_command() -> None:
    token = {"personal_access_token_id": "::error::"}
    lines = message_lines(NOTICES) + problem_lines([{"name": HOSTILE, "tokens": [token], "reason": HOSTILE}])
    assert len(lines) == 3 * 4 + 1
    for line in lines:
        assert line.isprintable() and "##" not in line and "::" not in line
    assert log_line("x" * 1000) == "x" * 397 + "..."


def test_the_log_shows_only_the_first_messages() -> None:
    lines = message_lines([NOTICES[0]] * 22)
    assert sum(line.startswith("To: ") for line in lines) == 20 and lines[-1] == "... and 2 more messages"
    assert message_lines([NOTICES[0]] * 21)[-1] == "... and 1 more message"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"delivry": "eml"}, "delivry: unknown option, did you mean delivery"),
        ({"delivery": "fax"}, "delivery: 'fax' is not one of none, mail, eml, auto"),
        ({"delivery": "mial"}, "'mial' is not one of none, mail, eml, auto, did you mean mail?"),
        ({"delivery": "eml", "dest": "x"}, "sender: expected an e-mail address, got None"),
        ({"delivery": "mail", "sender": ""}, "sender: expected an e-mail address, got ''"),
        ({"delivery": "eml", "sender": "a@b.example"}, "dest: expected the path of a directory, got None"),
        ({"delivery": "auto", "sender": "a@b.example", "dest": " "}, "dest: expected the path of a directory, got ' '"),
        ({"subject": ""}, "subject: expected the text of a template, got ''"),
        ({"text_template": ""}, "text_template: expected the path of a template, got ''"),
        ({"html_template": "/no/such.j2"}, "html_template: '/no/such.j2' does not exist"),
        ({"html_template": "/"}, "html_template: expected a regular file, got a directory"),
    ],
)
@guards("plugins/plugin_utils/_plugin_options.py", "    reject_unknown_options(arguments, known)\n", "")
@guards("plugins/plugin_utils/_plugin_options.py", "    if not isinstance(value, str) or value not in choices:")
@guards(
    "plugins/plugin_utils/_plugin_options.py",
    '    if not isinstance(value, str) or not value.strip() or "\\0" in value:',
)
def test_invalid_options_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_notice_options(arguments, find)


def test_every_option_has_a_default() -> None:
    options = parse_notice_options({"findings": [], "sender": None, "dest": None, "delivery": None}, find)
    assert options.delivery == "none" and options.directory == "" and "{{ name }}" in options.templates.text
    assert "<html" in options.templates.html and os.path.isabs(
        parse_notice_options({"delivery": "eml", "sender": "a@b.example", "dest": "~/x"}, find).directory or ""
    )
