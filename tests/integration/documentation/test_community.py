# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that a public project has: workflows, templates and policies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.github-issue-forms": [
        file for file in sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")) if file.name != "config.yml"
    ],
    "vendor.github-issue-config": [ROOT / ".github/ISSUE_TEMPLATE/config.yml"],
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_of_the_repository_match_the_schema_of_their_service(schema: str) -> None:
    command = ["check-jsonschema", "--builtin-schema", schema, *map(str, SCHEMAS[schema])]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_workflows_call_scripts_that_exist() -> None:
    steps = [
        step["run"]
        for file in WORKFLOWS
        for job in yaml.safe_load(file.read_text())["jobs"].values()
        for step in job["steps"]
        if step.get("run", "").startswith("scripts/")
    ]
    assert steps
    assert all((ROOT / step.split()[0]).exists() for step in steps)


def test_each_supported_python_is_tested() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    assert workflow["jobs"]["everything"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize("name", ["SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md", "CHANGELOG.rst", "COPYING"])
def test_a_collection_has_what_the_community_package_requires(name: str) -> None:
    assert (ROOT / name).read_text().strip()
