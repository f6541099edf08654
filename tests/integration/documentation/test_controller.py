# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide "On an automation controller": its files, and its job by ansible-runner, as on a controller."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dateutil.rrule import rrulestr
from examples import COLLECTION, blocks
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._workmail import session

pytestmark = pytest.mark.guide

FILES = {block.caption: block.text for block in blocks(COLLECTION / "docs/docsite/rst/guide_controller.rst")}
SURVEY = json.loads(FILES["survey.json"])["spec"]
SPECS = yaml.safe_load((COLLECTION / "roles/audit/meta/argument_specs.yml").read_text())
VARIABLES: dict[str, dict[str, Any]] = SPECS["argument_specs"]["main"]["options"]

POLICY = {"version": 1, "rules": [{"id": "expired", "severity": "high", "when": {"expired": True}}]}


@pytest.mark.slow
def test_the_collection_lists_its_python_packages_for_execution_environments(environment: dict[str, str]) -> None:
    run = subprocess.run(
        ["ansible-builder", "introspect", environment["ANSIBLE_COLLECTIONS_PATH"]],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found = yaml.safe_load(run.stdout)
    ours = "  # from collection patrol.workmail"
    needed = {line.removesuffix(ours) for line in found["python"] if line.endswith(ours)}
    assert needed == {f"{name}>={session._FIRST_BOTOCORE}" for name in ("boto3", "botocore")}
    assert not [line for line in found["system"] if line.endswith(ours)]


@pytest.mark.slow
def test_the_definition_makes_a_build_context(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "execution-environment.yml").write_text(FILES["execution-environment.yml"])
    command = ["ansible-builder", "create", "--output-filename", "Containerfile"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    galaxy = yaml.safe_load((tmp_path / "context/_build/requirements.yml").read_text())
    assert galaxy == {"collections": [{"name": "patrol.workmail"}]}
    assert 'ARG EE_BASE_IMAGE="ee-minimal:latest"' in (tmp_path / "context/Containerfile").read_text()


def test_the_credential_sets_variables_of_the_role() -> None:
    fields = yaml.safe_load(FILES["input configuration"])
    injected = yaml.safe_load(FILES["injector configuration"])["extra_vars"]
    assert injected.keys() <= VARIABLES.keys()
    used = {name for value in injected.values() for name in re.findall(r"{{ (\w+) }}", value)}
    assert used == {field["id"] for field in fields["fields"]} == set(fields["required"])


@pytest.mark.parametrize("question", SURVEY, ids=lambda question: str(question["variable"]))
def test_the_survey_asks_for_variables_of_the_role(question: dict[str, Any]) -> None:
    documented = VARIABLES[question["variable"]]
    assert (question["type"] == "multiselect") == (documented["type"] == "list")
    assert question["default"] in question.get("choices", [question["default"]])


def test_the_schedule_is_once_a_day() -> None:
    times = rrulestr(FILES["schedule"])
    assert times[1] - times[0] == datetime.timedelta(days=1)


@pytest.fixture
def job(environment: dict[str, str], tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs the page's playbook by ansible-runner with the answers of the survey; its exit code and its artifacts."""

    def call(**variables: Any) -> tuple[int, dict[str, Any]]:
        answers = {
            question["variable"]: [question["default"]] if question["type"] == "multiselect" else question["default"]
            for question in SURVEY
        }
        folder = tmp_path / "job"
        (folder / "project").mkdir(parents=True)
        (folder / "env").mkdir()
        (folder / "project/audit.yml").write_text(FILES["audit.yml"])
        (folder / "project/policy.yml").write_text(json.dumps(POLICY))
        (folder / "env/extravars").write_text(json.dumps({**answers, **variables}))
        # A controller's credential sets no region.
        outside = {name: value for name, value in environment.items() if name != "AWS_REGION"}
        command = ["ansible-runner", "run", str(folder), "--playbook", "audit.yml", "--ident", "job", "--quiet"]
        run = subprocess.run(command, env=outside, check=False, capture_output=True, text=True)
        artifacts = folder / "artifacts/job"
        events = [json.loads(file.read_text()) for file in (artifacts / "job_events").glob("*-*.json")]
        [stats] = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
        assert int((artifacts / "rc").read_text()) == run.returncode, run.stderr
        return run.returncode, stats["artifact_data"]

    return call


@pytest.mark.slow
def test_violations_fail_the_job_and_are_in_its_artifacts(emulator: Emulator, job: Callable[..., Any]) -> None:
    code, artifacts = job()
    assert (code, artifacts["workmail_outcome"]) == (2, "violations")
    assert "Token 1" in artifacts["workmail_report"]


@pytest.mark.slow
def test_an_incomplete_audit_always_fails_the_job(emulator: Emulator, job: Callable[..., Any]) -> None:
    emulator.faults.add(Fault("truncated", operation="ListPersonalAccessTokens"))
    code, artifacts = job(audit_fail="false")
    assert (code, artifacts["workmail_outcome"]) == (2, "incomplete")
    assert "the reply is incomplete" in artifacts["workmail_report"]


@pytest.mark.slow
def test_no_violations_make_the_job_successful(emulator: Emulator, job: Callable[..., Any]) -> None:
    code, artifacts = job(audit_policy="no_expired", audit_as_of="2026-01-31T00:00:00Z")
    assert (code, artifacts["workmail_outcome"]) == (0, "pass")


@pytest.mark.slow
def test_a_job_that_cannot_audit_is_incomplete(emulator: Emulator, job: Callable[..., Any]) -> None:
    code, artifacts = job(audit_policy="polcy.yml")
    assert (code, artifacts["workmail_outcome"]) == (2, "incomplete")
    assert "The audit did not come to a result." in artifacts["workmail_report"]


@pytest.mark.slow
def test_a_job_with_a_refused_variable_is_incomplete(emulator: Emulator, job: Callable[..., Any]) -> None:
    code, artifacts = job(audit_on_error="ignore")
    assert (code, artifacts["workmail_outcome"]) == (2, "incomplete")
    assert "The audit did not come to a result" in artifacts["workmail_report"]
