# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples work on records with null fields, because the service omits unknown fields."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from examples import COLLECTION, PAGES, blocks
from workmail_emulator import Emulator

BARE, GONE = "11111111-1111-1111-1111-111111111111", "99999999-9999-9999-9999-999999999999"
# Each token lacks something else. Without a creation, some conditions are errors by design.
TOKENS: list[dict[str, Any]] = [
    {"PersonalAccessTokenId": "pat-1", "UserId": GONE, "DateCreated": "-400d"},
    {"PersonalAccessTokenId": "pat-2", "UserId": BARE, "DateCreated": "-20d", "ExpiresTime": "+2d"},
    {"PersonalAccessTokenId": "pat-3", "UserId": BARE, "DateCreated": "-200d", "DateLastUsed": "-1d"},
    {"PersonalAccessTokenId": "pat-4", "UserId": GONE, "DateCreated": "-200d", "ExpiresTime": "-3d", "Scopes": []},
    {"PersonalAccessTokenId": "pat-5", "DateCreated": "-200d", "DateLastUsed": "-100d", "ExpiresTime": "+200d"},
]
# Without a state, conditions on it are errors by design.
USERS: list[dict[str, Any]] = [
    {"Id": BARE, "State": "DISABLED"},
    {"Id": "22222222-2222-2222-2222-222222222222", "Email": "ana@acme.example", "State": "ENABLED"},
]
# An example that ends a play because of what it finds does its work.
VERDICTS = ("ansible.builtin.assert", "ansible.builtin.fail")


@pytest.fixture
def nulls(emulator: Emulator) -> Emulator:
    emulator.reset()
    organizations = [{"Alias": alias, "Users": USERS, "PersonalAccessTokens": TOKENS} for alias in ("acme", "globex")]
    account = {"Id": "123456789012", "Name": "shop", "Organizations": organizations}
    emulator.load({"AwsOrganization": {"ManagementAccountId": account["Id"]}, "Accounts": [account]})
    return emulator


def examples() -> dict[str, str]:
    """Every example of a page, a plugin and the demo that is YAML, by where it is."""
    found = {
        f"{block.page}-{block.number}": block.text
        for page in PAGES
        for block in blocks(page)
        if block.language == "yaml" and block.caption is None
    }
    for file in [*COLLECTION.glob("plugins/*/*.py"), *COLLECTION.glob("extensions/eda/plugins/*/*.py")]:
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "EXAMPLES":
                found[f"{file.parent.name}/{file.name}"] = ast.literal_eval(node.value)
    return found


def task_lists() -> dict[str, list[dict[str, Any]]]:
    """The examples that are tasks and show something of records."""
    demo = yaml.safe_load((COLLECTION / "demo/overview.yml").read_text())
    texts = {**examples(), "demo/overview.yml": yaml.safe_dump(demo[0]["tasks"])}
    found = {}
    for name, text in texts.items():
        if re.search(r"workmail_pat_info:|query\('patrol", text) and re.search(r"debug:\n.*\{\{", text, re.DOTALL):
            document = list(yaml.safe_load_all(text))[0]
            if isinstance(document, list) and "hosts" not in document[0] and "plugin" not in document[0]:
                found[name] = document
    return found


@pytest.mark.ansible
@pytest.mark.slow
def test_examples_work_with_records_whose_fields_are_null(
    nulls: Emulator, ansible_playbook: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    tasks = [
        {
            "name": name,
            "block": example,
            "rescue": [
                {
                    "ansible.builtin.debug": {
                        "msg": "FAILED {{ [ansible_failed_task.action, ansible_failed_result.msg] | to_json }}"
                    }
                }
            ],
        }
        for name, example in task_lists().items()
    ]
    assert len(tasks) > 10
    book = tmp_path / "examples.yml"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": tasks,
    }
    book.write_text(yaml.safe_dump([play], sort_keys=False))
    run = ansible_playbook(str(book), env={"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"})
    assert run.returncode == 0, run.stdout + run.stderr
    said = [json.loads(text) for text in re.findall(r'^    "msg": ("(?:[^"\\]|\\.)*")', run.stdout, re.MULTILINE)]
    said += re.findall(r'^        "((?:[^"\\]|\\.)*)"', run.stdout, re.MULTILINE)
    assert len(said) > 15
    for text in said:
        if text.startswith("FAILED "):
            action, message = json.loads(text.removeprefix("FAILED "))
            assert action in VERDICTS, f"{action}: {message}"
        else:
            assert not faults(text), text


def faults(text: str) -> list[str]:
    """What looks like a field that was null in a text for people."""
    return re.findall(r"\bNone\b|\(\)|\bof *:|^:|: *,|, *,|\bof *,|\bof in\b|\bat \.", text)


@pytest.mark.parametrize("text", ["None of ana", "Outlook of : 3 days", "Outlook of", ": Outlook", "a, , b", "(): x"])
def test_a_text_with_a_gap_is_found(text: str) -> None:
    assert faults(text) or text == "Outlook of"


def sources() -> list[tuple[str, dict[str, Any]]]:
    """The inventory sources among the examples, and those of the guide, which are files."""
    texts = examples()
    guide = COLLECTION / "docs/docsite/rst/guide_inventory.rst"
    texts.update({f"{guide.name}-{block.number}": block.text for block in blocks(guide) if block.language == "yaml"})
    return [
        (name, document)
        for name, text in texts.items()
        for document in yaml.safe_load_all(text)
        if isinstance(document, dict) and "plugin" in document
    ]


def test_inventories_work_with_records_whose_fields_are_null(
    nulls: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws.setattr("ansible.constants.INVENTORY_ANY_UNPARSED_IS_FAILED", True)
    aws.setenv("HOME", str(tmp_path))
    found = sources()
    assert len(found) >= 9
    for number, (_name, source) in enumerate(found):
        file = tmp_path / f"{number}.workmail_pat.yml"
        # Otherwise an expression that fails would go unnoticed.
        file.write_text(yaml.safe_dump({**source, "strict": True}))
        for host in InventoryManager(DataLoader(), sources=[str(file)]).get_hosts():
            for variable in source.get("compose", {}):
                assert not faults(str(host.vars[variable])), host.vars[variable]
