# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All blocks of guide_leaving.rst, unchanged and in order."""

from __future__ import annotations

import datetime
import json
import shlex
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import yaml
from estate import ACME, ANA, BEN, CONFIGURATION, EVE, INITECH, user
from examples import COLLECTION, Block, blocks
from workmail_emulator import Emulator

pytestmark = [pytest.mark.guide, pytest.mark.slow]

INTERPRETER = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def token(name: str, user_id: str, last_used: str | None = None) -> dict[str, Any]:
    used = {} if last_used is None else {"DateLastUsed": last_used}
    return {"PersonalAccessTokenId": name, "Name": name, "UserId": user_id, "DateCreated": "-200d", **used}


def organization(organization_id: str, alias: str, region: str, users: list[Any], tokens: list[Any]) -> dict[str, Any]:
    return {
        "OrganizationId": organization_id,
        "Alias": alias,
        "Region": region,
        "Users": users,
        "PersonalAccessTokens": tokens,
        "IdentityProviderConfiguration": CONFIGURATION,
    }


@pytest.fixture
def estate(emulator: Emulator) -> Emulator:
    """Two organizations in two regions, with tokens that are in use, idle, and were never used."""
    tokens = [token("scanner", ANA, "-1d"), token("phone", BEN, "-31d"), token("spare", BEN)]
    emulator.reset()
    emulator.load(
        {
            "Organizations": [
                organization(ACME, "acme", "us-east-1", [user(ANA, "ana"), user(BEN, "ben")], tokens),
                organization(INITECH, "initech", "eu-west-1", [user(EVE, "eve")], [token("backup", EVE, "-29d")]),
            ]
        }
    )
    return emulator


def left(emulator: Emulator) -> list[str]:
    return sorted(
        entry["PersonalAccessTokenId"]
        for organization_id in (ACME, INITECH)
        for entry in emulator.personal_access_tokens(organization_id)
    )


def test_the_steps_of_the_guide_run_in_order(
    estate: Emulator, ansible_playbook: Callable[..., Any], tmp_path: Path
) -> None:
    found = blocks(COLLECTION / "docs/docsite/rst/guide_leaving.rst")
    page: Iterator[Block] = iter([block for block in found if block.language != "text"])  # Text is what a run prints.

    def run_yaml(block: Block) -> str:
        assert block.language == "yaml"
        document = yaml.safe_load(block.text)
        if "hosts" not in document[0]:
            document = [{"hosts": "localhost", "gather_facts": False, "tasks": document}]
        (tmp_path / "book.yml").write_text(yaml.safe_dump(document, sort_keys=False))
        run = ansible_playbook("book.yml", extra=INTERPRETER)
        assert run.returncode == 0, run.stdout + run.stderr
        return str(run.stdout)

    def run_shell(block: Block, *codes: int) -> None:
        assert block.language == "shell"
        lines = block.text.replace("\\\n", " ").splitlines()
        for line, code in zip(lines, codes, strict=True):
            program, *arguments = shlex.split(line)
            assert program == "ansible-playbook"
            run = ansible_playbook(*arguments)
            assert run.returncode == code, run.stdout + run.stderr

    def write(block: Block) -> None:
        assert block.caption is not None
        (tmp_path / block.caption).write_text(block.text)

    def days_left() -> int:
        return (datetime.date(2027, 3, 31) - datetime.datetime.now(datetime.UTC).date()).days

    # Who still uses tokens: midnight can come in between.
    before = days_left()
    told = run_yaml(next(page))
    assert "ana@acme.example: scanner, last used " in told and "eve@acme.example: backup, last used " in told
    assert "phone" not in told and "spare" not in told
    assert any(f"{days} days left, and 2 of 4 tokens are in use" in told for days in (before, days_left()))

    # Week by week.
    run_shell(next(page), 2)
    audit = json.loads((tmp_path / "reports/audit.json").read_text())
    assert (audit["outcome"], audit["summary"]["by_rule"]) == ("violations", {"in-use": 2, "idle": 2})

    # Notifying the owners.
    write(next(page))
    write(next(page))
    notify = next(page)
    assert notify.caption == "notify.yml"
    run_yaml(notify)
    messages = [
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in sorted((tmp_path / "notices").glob("*.eml"))
    ]
    assert [str(message["To"]) for message in messages] == ["ana@acme.example", "eve@acme.example"]
    for message, name in zip(messages, ("scanner", "backup"), strict=True):
        for kind in ("plain", "html"):
            body = message.get_body((kind,))
            assert body is not None and name in body.get_content() and "2027-03-15" in body.get_content()

    # Revoking what is idle.
    run_yaml(next(page))
    assert left(estate) == ["backup", "scanner"]

    # The last day.
    run_yaml(next(page))
    settings = estate.identity_provider_configuration(ACME)
    assert settings is not None and settings["PersonalAccessTokenConfiguration"]["Status"] == "INACTIVE"
    write(next(page))
    revoke, check = page
    run_shell(check, 2)
    run_shell(revoke, 0, 0)
    assert left(estate) == []
    run_shell(check, 0)
