# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of a contributor, and what they refuse."""

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
def test_a_release_refuses(arguments: list[str], said: str) -> None:
    run = subprocess.run(
        [COLLECTION / "scripts/release", *arguments], capture_output=True, text=True, check=False, cwd=COLLECTION
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr


def test_what_the_guide_of_contributors_names_exists() -> None:
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
