# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The timetable of the guide, unchanged: each owner is warned on its days, and the tokens that are due are revoked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import ACME
from workmail_emulator import Emulator

pytestmark = [pytest.mark.guide, pytest.mark.slow]

GUIDE = (Path(__file__).parents[3] / "docs/docsite/rst/guide_revoke.rst").read_text()
DAYS = [10, 75.5, 76.5, 77.5, 83.5, 84.5, 89.5, 90.5]


def block(begins: str) -> str:
    """The block of the guide that has this text, without what it is set in by."""
    blocks = re.findall(r"^\.\. code-block:: yaml\n(?:    :caption:.*\n)?\n((?:    .*\n|\n)+)", GUIDE, re.MULTILINE)
    [found] = [text for text in blocks if begins in text]
    return re.sub(r"^    ", "", found, flags=re.MULTILINE)


def test_the_timetable_notifies_before_it_revokes(
    emulator: Emulator, ansible_playbook: Callable[..., Any], tmp_path: Path
) -> None:
    users = [
        {"Id": f"user-{n}", "Name": f"u{n}", "Email": f"u{n}@acme.example", "State": "ENABLED"}
        for n in range(len(DAYS))
    ]
    tokens = [
        {"PersonalAccessTokenId": f"pat-{n}", "UserId": f"user-{n}", "DateCreated": "-300d",
         "DateLastUsed": f"-{int(days * 24)}h"}
        for n, days in enumerate(DAYS)
    ]  # fmt: skip
    tokens += [{"PersonalAccessTokenId": f"good-{n}", "UserId": "user-0", "DateCreated": "-1d"} for n in range(10)]
    emulator.reset()
    emulator.load(
        {
            "Organizations": [
                {"OrganizationId": ACME, "Alias": "acme", "Users": users, "PersonalAccessTokens": tokens},
            ]
        }
    )
    (tmp_path / "warn.yml").write_text(block("id: unused-14-days-left"))
    (tmp_path / "revoke.yml").write_text(block("- id: unused\n"))
    book = tmp_path / "timetable.yml"
    book.write_text(block("name: Warn owners and revoke unused tokens"))
    extra = {
        "notify_delivery": "eml",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }
    run = ansible_playbook(str(book), extra=extra)
    assert run.returncode == 0, run.stdout
    written = {file.name.split("-", 1)[1] for file in (tmp_path / "notices").iterdir()}
    assert written == {f"u{DAYS.index(days)}@acme.example.eml" for days in (76.5, 83.5, 89.5)}
    left = {token["PersonalAccessTokenId"] for token in emulator.personal_access_tokens(ACME)}
    assert left == {token["PersonalAccessTokenId"] for token in tokens} - {f"pat-{DAYS.index(90.5)}"}
