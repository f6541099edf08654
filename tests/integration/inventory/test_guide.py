# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide of the inventory: its examples run, and it lists every variable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from estate import (
    ANA,
    BEN,
    CONFIGURATION,
    token,
    user,
)
from managers import Manage, Run, Source, hostvars
from many_accounts import MANAGEMENT
from workmail_emulator import Emulator

pytestmark = pytest.mark.ansible

GUIDE = (Path(__file__).parents[3] / "docs/docsite/rst/guide_inventory.rst").read_text()
SUSPENDED = "Accounts that were not read because of their state in AWS Organizations: labs (210987654321) SUSPENDED"


def blocks_of_the_guide() -> list[tuple[str, Any]]:
    """The captions and the YAML of the guide's examples: sources, each with the playbooks that follow it."""
    found = re.findall(r"^\.\. code-block:: yaml\n    :caption: (.*)\n\n((?:    .*\n|\n)+)", GUIDE, re.MULTILINE)
    return [(caption, yaml.safe_load(block)) for caption, block in found]


@pytest.mark.slow
def test_the_examples_of_the_guide_run(
    emulator: Emulator, source: Source, ansible_playbook: Run, tmp_path: Path
) -> None:
    emulator.reset()
    seeded = [{**token(number, ANA), "ExpiresTime": "+30d"} for number in (1, 2)]
    users = [user(ANA, "ana"), user(BEN, "ben", State="DISABLED")]
    organizations = [
        {
            "Alias": alias,
            "Users": users,
            "PersonalAccessTokens": seeded,
            "IdentityProviderConfiguration": CONFIGURATION,
        }
        for alias in ("acme", "globex")
    ]
    emulator.load(
        {
            "AwsOrganization": {"ManagementAccountId": MANAGEMENT},
            "Accounts": [
                {"Id": MANAGEMENT, "Name": "shop", "Organizations": organizations},
                {"Id": "210987654321", "Name": "labs", "State": "SUSPENDED"},
            ],
        }
    )
    blocks = blocks_of_the_guide()
    assert len([caption for caption, _block in blocks if caption == "playbook"]) == 5
    nothing = [{"hosts": "workmail_pat", "gather_facts": False, "tasks": [{"ansible.builtin.meta": "noop"}]}]
    runs: list[list[str]] = []
    for number, (caption, block) in enumerate(blocks):
        file = tmp_path / (f"{number}.yml" if caption == "playbook" else caption)
        file.write_text(yaml.safe_dump(block, sort_keys=False))
        if caption == "playbook":
            runs[-1].append(str(file))
        else:
            (tmp_path / "nothing.yml").write_text(yaml.safe_dump(nothing))
            runs.append(["-i", str(file), str(tmp_path / "nothing.yml")])
    for arguments in runs:
        run = ansible_playbook(*arguments, env={"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"})
        assert run.returncode == 0 and "no hosts matched" not in run.stdout, run.stdout + run.stderr
        warnings = [text.split("\n")[0] for text in run.stderr.split("[WARNING]: ")[1:]]
        assert set(warnings) <= {SUSPENDED}, run.stderr
    tickets = sorted(tmp_path.glob("ticket-*"))
    assert [ticket.name for ticket in tickets] == ["ticket-acme.ana.txt", "ticket-globex.ana.txt"]
    assert tickets[0].read_text().startswith("ana@acme.example holds 2 tokens. The next one expires at 20")


@pytest.mark.parametrize(
    ("hosts", "title"),
    [("users", "a user"), ("tokens", "a token"), ("organizations", "an organization"), ("accounts", "an account")],
)
def test_the_guide_lists_every_variable(
    emulator: Emulator, source: Source, manage: Manage, hosts: str, title: str
) -> None:
    [table] = re.findall(rf"Variables of {title}\n.*?\n\n(?! )", GUIDE + "\n\n", re.DOTALL)
    listed = set(re.findall(r"``(workmail_\w+)``", table))
    for known in hostvars(manage(source(hosts=hosts, owners=True))).values():
        assert set(known) == {"ansible_connection", *listed}
