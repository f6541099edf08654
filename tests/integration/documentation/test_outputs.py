# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The output that a page shows after an example is what the example prints."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from estate import ANA, BEN, CONFIGURATION, EVE, user
from examples import COLLECTION, blocks
from workmail_emulator import Emulator

pytestmark = [pytest.mark.guide, pytest.mark.slow]

CLEO = "44444444-4444-4444-4444-444444444444"


def token(token_id: str, user_id: str, name: str, created: str, used: str | None, expires: str | None) -> Any:
    record = {
        "PersonalAccessTokenId": token_id,
        "UserId": user_id,
        "Name": name,
        "DateCreated": created,
        "DateLastUsed": used,
        "ExpiresTime": expires,
    }
    return {key: value for key, value in record.items() if value is not None}


ACME = {
    "Alias": "acme",
    "OrganizationId": "m-0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "IdentityProviderConfiguration": CONFIGURATION,
    "Users": [
        user(ANA, "ana", DisplayName="Ana Silva"),
        user(BEN, "ben", DisplayName="Ben Okafor"),
        user(CLEO, "cleo", DisplayName="Cleo Brandt", State="DISABLED"),
    ],
    "PersonalAccessTokens": [
        token("pat-5f1c0e9ad1", ANA, "Outlook laptop", "-400d", "-40d", "-35d"),
        token("pat-77ab01cc3e", BEN, "Phone", "-368d", "-4d", "-3d"),
        token("pat-91d20f63b8", BEN, "Thunderbird", "-357d", "-1d", "+8d"),
        token("pat-a3e57b1c40", ANA, "Scanner", "-200d", None, "+165d"),
        token("pat-c8f40d9e27", CLEO, "Old phone", "-300d", "-120d", "+65d"),
    ],
}
GLOBEX = {
    "Alias": "globex",
    "IdentityProviderConfiguration": CONFIGURATION,
    "Users": [user(EVE, "eve", Email="eve@globex.example", DisplayName="Eve Laurent")],
    "PersonalAccessTokens": [token("pat-e6b19a5d72", EVE, "Backup", "-50d", "-2d", None)],
}


@pytest.fixture
def estate(emulator: Emulator) -> None:
    """The organizations of all documented outputs."""
    account = {"Id": "123456789012", "Name": "shop", "Organizations": [ACME, GLOBEX]}
    emulator.reset()
    emulator.load({"AwsOrganization": {"ManagementAccountId": account["Id"]}, "Accounts": [account]})


def plays(text: str) -> list[dict[str, Any]]:
    """The plays of an example, which is a playbook or a list of tasks."""
    document: list[dict[str, Any]] = yaml.safe_load(text)
    return document if "hosts" in document[0] else [{"hosts": "localhost", "gather_facts": False, "tasks": document}]


def normalize(text: str) -> str:
    """Replace times, durations and IDs of users, and let lines break anywhere."""
    text = re.sub(r"\d{4}-\d\d-\d\d(T[\d:.]+\+00:00)?", "DATE", text)
    text = re.sub(r"\b\d\.\d+ s\b", "SECONDS", text)
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID", text)
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ("README.md", 2),
        ("docs/docsite/rst/guide_facts.rst", 0),
        ("docs/docsite/rst/guide_performance.rst", 0),
        ("docs/docsite/rst/guide_revoke.rst", 0),
    ],
)
def test_a_page_shows_what_its_examples_print(
    estate: None,
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    page: str,
    code: int,
) -> None:
    shown = [
        (example.text, output.text)
        for example, output in pairwise(blocks(COLLECTION / page))
        if (example.language, example.caption, output.language) == ("yaml", None, "text")
        and not output.text.startswith("fatal: ")
    ]
    assert shown
    book = tmp_path / "examples.yml"
    book.write_text(yaml.safe_dump([play for example, _output in shown for play in plays(example)], sort_keys=False))
    run = ansible_playbook(
        str(book),
        env={"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"},
        extra={"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    )
    assert run.returncode == code, run.stdout + run.stderr
    printed = normalize(run.stdout)
    for _example, output in shown:
        for part in output.split("..."):
            assert normalize(part) in printed, part


def test_the_guide_of_the_inventory_shows_what_its_examples_print(
    estate: None,
    run_program: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    interpreter = "ansible_python_interpreter={{ ansible_playbook_python }}"
    play: tuple[str, ...] = ()
    source = ""
    compared = 0
    for block in blocks(COLLECTION / "docs/docsite/rst/guide_inventory.rst"):
        if block.caption == "playbook":
            (tmp_path / "playbook.yml").write_text(block.text)
            play = ("ansible-playbook", "-i", source, "playbook.yml", "-e", interpreter)
        elif block.caption is not None:
            source = block.caption
            (tmp_path / source).write_text(block.text)
        elif block.language in ("console", "text"):
            typed, shown = block.text.split("\n", 1) if block.language == "console" else ("", block.text)
            if typed.startswith("$ cat"):
                run_program(*play)
            command = shlex.split(typed.removeprefix("$ ")) if typed else play
            run = run_program(*command, env={"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"})
            assert run.returncode == 0, run.stdout + run.stderr
            # Ansible shows hosts in the order in which they finish.
            for line in shown.splitlines():
                assert normalize(line) in normalize(run.stdout), line
            compared += 1
    assert compared == 5
