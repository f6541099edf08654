# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example for Terraform follows the protocol of the data source "external": JSON in, a flat map of strings out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from estate import ACME, ANA, ORPHAN, SECRETS_OF_A_NAME
from guarding import guards
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.guide

COLLECTION = Path(__file__).parents[3]
EXAMPLE = COLLECTION / "docs" / "examples" / "terraform"

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(environment: dict[str, str], tmp_path: Path) -> Program:
    """Runs the program of main.tf as Terraform does, with a query on standard input."""
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    [command] = re.findall(r"program = (\[.*\])", (folder / "main.tf").read_text())
    interpreter, script = json.loads(command.replace("${path.module}", str(folder)))
    assert interpreter == "python3"

    def call(query: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, script],
            input=query,
            env={**environment, **env},
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
        )

    return call


@pytest.mark.slow
def test_the_result_is_a_flat_map_of_strings_for_any_settings_of_ansible(emulator: Emulator, program: Program) -> None:
    run = program('{"inventory": "workmail_pat.yml"}')
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert sorted(answer) == [f"acme.{ORPHAN}", "acme.ana", "acme.ben", "globex.eve"]
    assert all(isinstance(facts, str) for facts in answer.values())
    ana = json.loads(answer["acme.ana"])
    assert ana["workmail_user_id"] == ANA and ana["workmail_organization_id"] == ACME
    assert (ana["workmail_tokens"], ana["workmail_complete"]) == (2, True)
    assert [token["name"] for token in ana["workmail_personal_access_tokens"]] == ["Token 1", SECRETS_OF_A_NAME]
    assert all(name.startswith("workmail_") for name in ana)

    settings = {
        "ANSIBLE_VERBOSITY": "4",
        "ANSIBLE_DEBUG": "true",
        "ANSIBLE_FORCE_COLOR": "true",
        "ANSIBLE_STDOUT_CALLBACK": "json",
        "ANSIBLE_INVENTORY_EXPORT": "true",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "false",
        "PYTHONIOENCODING": "ascii",
    }
    configured = program('{"inventory": "workmail_pat.yml"}', **settings)
    assert configured.returncode == 0, configured.stderr
    assert json.loads(configured.stdout).keys() == answer.keys()
    for host, text in json.loads(configured.stdout).items():
        facts, expected = json.loads(text), json.loads(answer[host])
        # Fields such as age_days depend on the moment of the run.
        tokens, expected_tokens = (each.pop("workmail_personal_access_tokens") for each in (facts, expected))
        assert facts == expected
        assert [token["name"] for token in tokens] == [token["name"] for token in expected_tokens]
    absent = program('{"inventory": "absent_workmail_pat.yml"}', **settings)
    assert absent.returncode == 1 and "\x1b" not in absent.stderr


@pytest.mark.slow
def test_an_inventory_without_hosts_is_an_empty_map(emulator: Emulator, program: Program) -> None:
    emulator.reset()
    emulator.load({"Organizations": [{"Alias": "acme"}]})
    run = program('{"inventory": "workmail_pat.yml"}')
    assert (run.returncode, json.loads(run.stdout)) == (0, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    "query", ["", "null", "[]", "{}", '{"inventory": 1}', '{"inventory": "workmail_pat.yml", "more": "x"}']
)
def test_invalid_queries_are_errors(emulator: Emulator, program: Program, query: str) -> None:
    run = program(query)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("workmail_pat_facts: ") and "Traceback" not in run.stderr
    assert len(emulator.requests) == 0


@guards(
    "docs/examples/terraform/workmail_pat_facts.py",
    '"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"',
    '"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "false"',
)
@pytest.mark.slow
def test_an_inventory_that_cannot_be_read_completely_fails_the_plan(emulator: Emulator, program: Program) -> None:
    missing = program('{"inventory": "absent_workmail_pat.yml"}')
    assert (missing.returncode, missing.stdout) == (1, "") and "absent_workmail_pat.yml" in missing.stderr
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=ACME))
    denied = program('{"inventory": "workmail_pat.yml"}')
    assert (denied.returncode, denied.stdout) == (1, "")
    assert "AccessDeniedException" in denied.stderr and "Traceback" not in denied.stderr


@pytest.mark.slow
def test_missing_ansible_is_an_error(environment: dict[str, str]) -> None:
    run = subprocess.run(
        [sys.executable, str(EXAMPLE / "workmail_pat_facts.py")],
        input='{"inventory": "workmail_pat.yml"}',
        env={**environment, "PATH": "/nowhere"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert "ansible-inventory" in run.stderr and "Traceback" not in run.stderr


def test_the_guide_shows_these_files() -> None:
    guide = (COLLECTION / "docs/docsite/rst/guide_terraform.rst").read_text()
    for name in ("main.tf", "workmail_pat.yml"):
        lines = (EXAMPLE / name).read_text().splitlines(keepends=True)
        body = "".join(line for line in lines if not line.startswith(("#", "---"))).strip()
        assert textwrap.indent(body, "    ", lambda line: bool(line.strip())) in guide
