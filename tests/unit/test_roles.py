# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of a role are described in its argument specs, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).parents[2] / "roles"
SPECS = {file.parts[-3]: file for file in ROLES.glob("*/meta/argument_specs.yml")}


def read(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def test_every_role_but_the_common_one_has_argument_specs() -> None:
    assert SPECS.keys() == {folder.name for folder in ROLES.iterdir()} - {"common"}


@pytest.mark.parametrize("role", sorted(SPECS))
def test_defaults_are_those_of_the_argument_specs(role: str) -> None:
    for entry_point in read(SPECS[role])["argument_specs"].values():
        documented = {name: option["default"] for name, option in entry_point["options"].items() if "default" in option}
        assert read(ROLES / role / "defaults/main.yml") == documented


@pytest.mark.parametrize("role", sorted(SPECS))
def test_variables_for_users_begin_with_the_name_of_the_role_and_others_with_underscores(role: str) -> None:
    """A variable of the role itself that looks like one for users would let a misspelled name pass."""
    for entry_point in read(SPECS[role])["argument_specs"].values():
        assert all(name.startswith(f"{role}_") for name in entry_point["options"])
    assert all(name.startswith(f"__{role}_") for name in read(ROLES / role / "vars/main.yml"))
    assert all(name.startswith("__common_") for name in read(ROLES / "common/vars/main.yml"))


@pytest.mark.parametrize("role", sorted(SPECS))
def test_the_readme_of_a_role_refers_to_ansible_doc_and_has_no_table(role: str) -> None:
    text = (ROLES / role / "README.md").read_text()
    assert f"`ansible-doc -t role patrol.workmail.{role}` describes the variables" in text
    assert "```yaml" in text and not re.search(r"^\|", text, re.MULTILINE)


@pytest.mark.parametrize("role", sorted(SPECS))
def test_a_role_uses_each_of_its_variables(role: str) -> None:
    files = [*ROLES.glob(f"{role}/tasks/*.yml"), *ROLES.glob(f"{role}/vars/*.yml"), ROLES / "common/tasks/main.yml"]
    words = {word for file in files for word in re.findall(r"\w+", file.read_text())}
    for entry_point in read(SPECS[role])["argument_specs"].values():
        assert not entry_point["options"].keys() - words
