# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts for contributors, and the arguments that they refuse."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from guarding import guards

from scripts.support import lanes
from scripts.support.environment import Refusal
from scripts.support.parts import check_arguments, read_parts

COLLECTION = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage: scripts/release"),
        (["--version"], "Usage: scripts/release"),
        (["prepare"], "Usage: scripts/release"),
        (["prepare", "next"], 'VERSION: "next" is not a version like 1.2.3'),
        (["prepare", "1.2.3-rc1"], "is not a version like 1.2.3"),
        (["prepare", "0.0.1"], "VERSION: 0.0.1 does not come after"),
        (["build", "a", "b"], "Usage: scripts/release"),
        (["build", "dist"], "a release is made from a commit"),
    ],
)
def test_a_release_with_bad_arguments_is_refused(arguments: list[str], said: str) -> None:
    run = subprocess.run(
        [COLLECTION / "scripts/release", *arguments], capture_output=True, text=True, check=False, cwd=COLLECTION
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuchpart"], '"nosuchpart" is not a part; scripts/test --list shows the parts'),
        (["unti"], '"unti" is not a part; did you mean unit? '),
        (["everythin"], '"everythin" is not a part; did you mean everything? '),
        (["everything", "extra"], "everything takes no arguments, got extra"),
        (["--list", "unit"], "--list takes no arguments, got unit"),
        (["--hlep"], "--hlep is not an option; did you mean --help? scripts/test --help shows the usage"),
        (["-x"], "-x is not an option; scripts/test --help shows the usage"),
        (["unit", "nope.py"], '"nope.py" does not exist'),
        (
            ["unit", "-k", "nope", "tests/nope/test_text.py::test_a"],
            '"tests/nope/test_text.py" does not exist; did you mean ',
        ),
        (["unit", "test_guard_markers.py"], "did you mean tests/unit/test_guard_markers.py?"),
        (["emulator", "nope"], '"nope" does not exist'),
        (["matrix", "99"], '"99" is not a release of the matrix; expected oldest, 11, '),
        (["matrix", "13", "2.7"], '"2.7" is not a Python of the matrix; expected 3.11, '),
        (["matrix", "13", "3.12", "lint"], '"lint" is not a part of the matrix; expected unit, integration, '),
    ],
)
def test_arguments_that_are_not_valid_are_refused(arguments: list[str], said: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_arguments(arguments)
    assert said in str(caught.value)


def test_arguments_of_a_tool_are_not_refused() -> None:
    for arguments in (
        [],
        ["everything"],
        ["unit", "-k", "a or b", "-x"],
        ["unit", "./tests/unit/test_house.py::test_a[b/c]", "tests/unit"],
        ["ruff", "nope"],
        ["matrix"],
        ["matrix", "13", "3.12", "unit", "-k", "x"],
        ["live", "--regions", "all"],
    ):
        check_arguments(arguments)


def test_the_parts_are_the_sessions_of_the_noxfile() -> None:
    parts = {part.name: part for part in read_parts()}
    assert set(lanes.QUICK) | set(lanes.ALL) | set(lanes.LAST) | {"live", "matrix"} <= parts.keys()
    assert all(part.summary.endswith(".") for part in parts.values())
    assert parts["unit"].runs_pytest and not parts["mypy"].runs_pytest


@guards("scripts/support/test.py", "    check_arguments(arguments)\n", "")
def test_a_bad_argument_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    for folder in ("scripts/support", "benchmarks"):
        shutil.copytree(COLLECTION / folder, tmp_path / folder)
    shutil.copy(COLLECTION / "noxfile.py", tmp_path)

    def call(*arguments: str, program: str = "test") -> subprocess.CompletedProcess[str]:
        # No git, without which the installation fails at once.
        command = [sys.executable, "-m", f"scripts.support.{program}", *arguments]
        return subprocess.run(command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False)

    run = call("untt")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == 'Error: "untt" is not a part; did you mean unit? scripts/test --list shows the parts.\n'
    assert call("--list").stdout.startswith("ruff")
    assert call("--help", program="bench").stdout.startswith("usage: scripts/bench ")
    for arguments, said in (
        (["many", "mnay"], "scripts/bench: error: unknown workload mnay; expected 50, 10k, "),
        (["estate", "--hlep"], "scripts/bench estate: error: unrecognized arguments: --hlep"),
        (["reports", "--hlep"], "scripts/bench reports: error: unrecognized arguments: --hlep"),
    ):
        run = call(*arguments, program="bench")
        assert (run.returncode, run.stdout) == (2, "") and said in run.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_paths_and_names_in_the_guide_of_contributors_exist() -> None:
    """Each path, and in each numbered step each name in the file that the step is about."""
    text = (COLLECTION / "CONTRIBUTING.md").read_text()
    named = [word.split()[0] for word in re.findall(r"`([^`\n]+)`", text)]
    paths = [
        word
        for word in named
        if "/" in word and not re.search(r"[A-Z]{3}|^ansible_collections|^\.venv|^dist/|^~", word)
    ]
    assert len(paths) > 15
    for path in paths:
        assert list(COLLECTION.glob(path.rstrip("/"))), path
    for step in re.findall(r"^\d\. (.*(?:\n   .*)*)", text, re.MULTILINE):
        file = next((COLLECTION / word for word in re.findall(r"`([^`]+\.py)`", step) if "NAME" not in word), None)
        for name in re.findall(r"`([A-Z_a-z]+)`", step):
            assert file is None or name in file.read_text(), f"{file} has no {name}"


def test_ci_runs_everything() -> None:
    assert (COLLECTION / ".ci/run").read_text().endswith('scripts/test" everything\n')


@pytest.fixture
def find_python(tmp_path: Path) -> Callable[[], str]:
    """Runs a program through the door of the scripts in a checkout of its own, with a fake Python first on PATH."""
    support = tmp_path / "scripts/support"
    support.mkdir(parents=True)
    shutil.copy(COLLECTION / "scripts/support/door.sh", support)
    (support / "show.py").write_text("import os, sys\nprint(os.path.realpath(sys._base_executable))\n")
    newest = tmp_path / "bin/python3.15"
    newest.parent.mkdir()
    newest.write_text("#!/bin/sh\necho /another/python\n")
    newest.chmod(0o755)

    def call() -> str:
        environment = {**os.environ, "PATH": f"{newest.parent}:{os.environ['PATH']}"}
        command = ["bash", "-euc", "source scripts/support/door.sh; door show"]
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return run.stdout.splitlines()[-1]

    return call


@guards("scripts/support/door.sh", 'for name in "$root/.venv/bin/python" python3.15', "for name in python3.15")
def test_the_scripts_use_the_python_of_the_virtual_environment_first(
    find_python: Callable[[], str], tmp_path: Path
) -> None:
    assert find_python() == "/another/python"
    venv.create(tmp_path / ".venv", symlinks=True, with_pip=False)
    assert Path(find_python()).samefile(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    # An interpreter that no longer works is skipped.
    (tmp_path / ".venv/bin/python").unlink()
    (tmp_path / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / ".venv/bin/python").chmod(0o755)
    assert find_python() == "/another/python"
