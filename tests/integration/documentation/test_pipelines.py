# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of the guide "In a pipeline": their syntax, their shell commands, and the result of their gate."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from groovy_parser.parser import parse_groovy_content
from lark.exceptions import LarkError
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.guide

COLLECTION = Path(__file__).parents[3]
GUIDE = COLLECTION / "docs/docsite/rst/guide_pipeline.rst"

ACTIONS, GITLAB, JENKINS = ".github/workflows/workmail.yml", ".gitlab-ci.yml", "Jenkinsfile"
SCHEMAS = {ACTIONS: "vendor.github-workflows", GITLAB: "vendor.gitlab-ci"}


def captioned(page: Path) -> dict[str, str]:
    """The files that a page shows, by the caption of their blocks."""
    found = re.findall(
        r"^\.\. code-block:: \w+\n    :caption: (.+)\n\n((?:    .*\n|\n)+)", page.read_text() + "\n", re.MULTILINE
    )
    return {caption: re.sub(r"^    ", "", block, flags=re.MULTILINE) for caption, block in found}


JOBS = captioned(GUIDE)


def strings(text: str) -> list[str]:
    """Every string of three quotes in a Groovy file."""
    # The value of a token: its kind for Pygments, its content, and its source.
    literals = parse_groovy_content(text).scan_values(lambda token: token.type == "STRING_LITERAL")
    return [content for _kind, content, source in (token.value for token in literals) if source.startswith("'''")]


def shell_of(name: str) -> list[str]:
    """The shell scripts of a job, in order."""
    if name == JENKINS:
        return strings(JOBS[name])
    job = yaml.safe_load(JOBS[name])
    if name == ACTIONS:
        return [step["run"] for step in job["jobs"]["audit"]["steps"] if "run" in step]
    [definition] = job.values()
    return ["\n".join(definition["before_script"] + definition["script"])]


def gate_of(name: str) -> list[str]:
    """The arguments of the only call of ansible-playbook in a job."""
    lines = "\n".join(shell_of(name)).replace("\\\n", " ").splitlines()
    [line] = [line for line in lines if line.lstrip().startswith("ansible-playbook ")]
    return shlex.split(line)[1:]


def test_every_job_of_the_page_is_tested() -> None:
    assert sorted(JOBS) == sorted([ACTIONS, GITLAB, JENKINS])


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_job_is_valid_by_the_schema_of_its_service(name: str, tmp_path: Path) -> None:
    file = tmp_path / "job.yml"
    command = ["check-jsonschema", "--builtin-schema", SCHEMAS[name], str(file)]
    file.write_text(JOBS[name])
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    # And the schema is one that refuses.
    file.write_text(JOBS[name].replace("runs-on:", "run-on:").replace("when: always", "when: ever"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_the_jenkinsfile_parses() -> None:
    source = JOBS[JENKINS]
    with pytest.raises(LarkError):
        parse_groovy_content(source.rstrip().removesuffix("}"))
    assert len(shell_of(JENKINS)) == 2


@pytest.mark.parametrize("name", [ACTIONS, GITLAB, JENKINS])
def test_the_shell_of_a_job_passes_shellcheck(name: str) -> None:
    shell = "sh" if name == JENKINS else "bash"
    # The environment to activate is there only when the job runs.
    command = ["shellcheck", f"--shell={shell}", "--exclude=SC1091", "-"]
    for script in shell_of(name):
        run = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("incomplete", [False, True], ids=["whole", "incomplete"])
@pytest.mark.parametrize("name", [ACTIONS, GITLAB, JENKINS])
def test_the_gate_of_a_job_fails_and_leaves_the_reports_that_the_job_keeps(
    emulator: Emulator,
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    name: str,
    incomplete: bool,
) -> None:
    shutil.copy(COLLECTION / "policies/default.yml", tmp_path / "policy.yml")
    if incomplete:
        emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens"))
    arguments = gate_of(name)
    run = ansible_playbook(*arguments)
    assert run.returncode == 2, run.stdout + run.stderr
    audit = json.loads((tmp_path / "reports/audit.json").read_text())
    assert audit["outcome"] == ("incomplete" if incomplete else "violations")
    assert audit["complete"] is not incomplete
    assert audit["policy"]["file"] == "policy.yml"
    kept = set(re.findall(r"reports/audit\.\w+", JOBS[name]))
    assert kept and all((tmp_path / report).is_file() for report in kept)


@pytest.mark.slow
def test_the_gate_passes(
    emulator: Emulator, ansible_playbook: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    shutil.copy(COLLECTION / "policies/no_expired.yml", tmp_path / "policy.yml")
    run = ansible_playbook(*gate_of(ACTIONS), extra={"audit_as_of": "2026-01-31T00:00:00Z"})
    assert run.returncode == 0, run.stdout + run.stderr
