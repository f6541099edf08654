# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation: finding every block of a page, and running what is YAML."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives
from estate import CONFIGURATION
from markdown_it import MarkdownIt
from workmail_emulator import Emulator

COLLECTION = Path(__file__).parents[2]
PAGES = sorted(
    [
        *COLLECTION.glob("*.md"),
        COLLECTION / "emulator/README.md",
        *(COLLECTION / "docs").rglob("*.rst"),
        *(COLLECTION / "roles").glob("*/README.md"),
    ]
)


class Block(NamedTuple):
    """A block of code of a page. ``caption`` is the name of the file that it shows, if it is one."""

    page: str
    number: int
    language: str | None
    caption: str | None
    text: str


class _CodeBlock(Directive):
    """Sphinx's code-block, as far as the pages use it; another option is an error."""

    required_arguments = 1
    has_content = True
    option_spec = {"caption": directives.unchanged_required, "force": directives.flag}

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content) + "\n"
        caption = self.options.get("caption")
        return [nodes.literal_block(text, text, language=self.arguments[0], caption=caption)]


directives.register_directive("code-block", _CodeBlock)


def blocks(page: Path) -> list[Block]:
    """Find every block of code of a page in Markdown or reStructuredText, in any notation."""
    find = _in_markdown if page.suffix == ".md" else _in_restructuredtext
    name = str(page.relative_to(COLLECTION))
    return [Block(name, number, *found) for number, found in enumerate(find(page.read_text()), 1)]


def _in_markdown(text: str) -> Iterator[tuple[str | None, str | None, str]]:
    for token in MarkdownIt("commonmark").parse(text):
        if token.type in ("fence", "code_block"):
            yield token.info or None, None, token.content


def _in_restructuredtext(text: str) -> Iterator[tuple[str | None, str | None, str]]:
    # Allow unknown roles, which are those of Sphinx. An unknown directive could hide a block.
    document = publish_doctree(
        text, settings_overrides={"report_level": 5, "halt_level": 5, "file_insertion_enabled": False}
    )
    for message in document.findall(nodes.system_message):
        assert "interpreted text role" in message.astext() or message["level"] < 3, message.astext()
    for node in document.findall(nodes.literal_block):
        if not isinstance(node.parent, nodes.system_message):
            yield node.get("language"), node.get("caption"), node.astext()


def run_sources(
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, sources: list[dict[str, Any]]
) -> None:
    """Read inventory sources, each by itself; one that cannot be read is an error."""
    book = tmp_path / "hosts.yml"
    book.write_text("- hosts: all\n")
    for source in sources:
        file = tmp_path / f"{source['plugin'].rpartition('.')[2]}.yml"
        file.write_text(yaml.safe_dump(source, sort_keys=False))
        strictly = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        run = ansible_playbook("-i", str(file), "--list-hosts", str(book), env=strictly)
        assert run.returncode == 0 and "[WARNING]" not in run.stderr, run.stdout + run.stderr


def run_example(
    emulator: Emulator,
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    example: str,
) -> None:
    """Run an example against organizations without errors: a play, tasks or inventory sources.

    A policy or a seed is only checked.
    """
    emulator.reset()
    organizations = [
        {
            "Alias": alias,
            "IdentityProviderConfiguration": {
                **CONFIGURATION,
                "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", "LifetimeInDays": 90},
            },
            "Users": [
                {
                    "Id": "11111111-1111-1111-1111-111111111111",
                    "Name": "ana",
                    "Email": "ana@acme.example",
                    "State": "ENABLED",
                }
            ],
            "PersonalAccessTokens": [
                {
                    "PersonalAccessTokenId": "pat-1",
                    "UserId": "11111111-1111-1111-1111-111111111111",
                    "Name": "Outlook laptop",
                    "DateCreated": "-10d",
                    "ExpiresTime": "+300d",
                }
            ],
        }
        for alias in ("acme", "globex")
    ]
    account = {"Id": "123456789012", "Name": "shop", "Organizations": organizations}
    emulator.load({"AwsOrganization": {"ManagementAccountId": account["Id"]}, "Accounts": [account]})
    sources = list(yaml.safe_load_all(example))
    if all(isinstance(source, dict) and "plugin" in source for source in sources):
        run_sources(ansible_playbook, tmp_path, sources)
        return
    document = yaml.safe_load(example)
    file = tmp_path / "example.yml"
    file.write_text(example)
    if isinstance(document, dict) and "rules" in document:
        # The collection can be imported once pytest has started, not when it reads this file.
        from ansible_collections.patrol.workmail.plugins.plugin_utils._policy_files import load_policy

        load_policy(file)
        return
    if isinstance(document, dict) and not document.keys().isdisjoint(("Organizations", "Accounts")):
        emulator.reset()
        emulator.load(file)
        return
    assert isinstance(document, list), "an example is a play, tasks, inventory sources, a policy or a seed"
    if "hosts" not in document[0]:
        document = [{"hosts": "localhost", "gather_facts": False, "tasks": document}]
    for play in document:
        play.setdefault("vars", {})["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    run = ansible_playbook(str(file))
    assert run.returncode == 0, run.stdout + run.stderr
