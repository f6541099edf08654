# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of a contributor: what they refuse, and that a change without a changelog fragment is told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from guarding import guards

COLLECTION = Path(__file__).parents[2]
FRAGMENTS = COLLECTION / "scripts/fragments.py"

Git = Callable[..., str]


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
        (["build", "dist"], "a release is of a commit"),
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
        word for word in named if "/" in word and not re.search(r"[A-Z]{3}|^ansible_collections|^\.venv|^dist/", word)
    ]
    assert len(paths) > 15
    for path in paths:
        assert list(COLLECTION.glob(path.rstrip("/"))), path
    for step in re.findall(r"^\d\. (.*(?:\n   .*)*)", text, re.MULTILINE):
        file = next((COLLECTION / word for word in re.findall(r"`([^`]+\.py)`", step) if "NAME" not in word), None)
        for name in re.findall(r"`([A-Z_a-z]+)`", step):
            assert file is None or name in file.read_text(), f"{file} has no {name}"


@pytest.fixture
def find_python(tmp_path: Path) -> Callable[[], str]:
    """Runs the search of the scripts in a checkout of its own, with another ``python3`` first on PATH."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(COLLECTION / "scripts/lib.sh", tmp_path / "scripts")
    other = tmp_path / "bin/python3"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\ncat >/dev/null\necho /another/python\n")
    other.chmod(0o755)

    def call() -> str:
        script = 'source scripts/lib.sh; _workmail_find_python; printf %s "$WORKMAIL_PYTHON"'
        environment = {**os.environ, "PATH": f"{other.parent}:{os.environ['PATH']}"}
        run = subprocess.run(
            ["bash", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return run.stdout

    return call


@guards("scripts/lib.sh", 'for name in "$WORKMAIL_VENV/bin/python" python3', "for name in python3")
def test_the_scripts_keep_to_the_python_of_the_virtual_environment(
    find_python: Callable[[], str], tmp_path: Path
) -> None:
    assert find_python() == "/another/python"
    venv.create(tmp_path / ".venv", with_pip=False)
    made_with = Path(find_python())
    assert made_with.samefile(getattr(sys, "_base_executable", sys.executable)) and made_with.is_absolute()
    # One that does not work any more, or is not supported, is passed over.
    (tmp_path / ".venv/bin/python").unlink()
    assert find_python() == "/another/python"
    (tmp_path / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / ".venv/bin/python").chmod(0o755)
    assert find_python() == "/another/python"


def test_the_secret_of_the_demo_is_no_word_of_its_output() -> None:
    """Ansible masks it wherever it occurs."""
    [secret] = re.findall(r"AWS_SECRET_ACCESS_KEY=(\S+)", (COLLECTION / "scripts/demo").read_text())
    assert len(secret) > 20


@pytest.fixture
def git(tmp_path: Path) -> Iterator[Git]:
    """Runs git in a repository with one commit on main, and a clone of it that is looked at."""
    environment = {
        **os.environ,
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Ana"),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "ana@acme.example"),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    clone = tmp_path / "clone"

    def call(*arguments: str, where: Path = clone) -> str:
        run = subprocess.run(
            ["git", *arguments], cwd=where, env=environment, capture_output=True, text=True, check=True
        )
        return run.stdout

    upstream = tmp_path / "upstream"
    (upstream / "plugins").mkdir(parents=True)
    (upstream / "plugins/old.py").write_text("old")
    call("init", "--quiet", "--initial-branch", "main", where=upstream)
    call("add", "--all", where=upstream)
    call("commit", "--quiet", "--message", "First", where=upstream)
    call("clone", "--quiet", str(upstream), str(clone), where=tmp_path)
    yield call


def change(git: Git, root: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Commit files by these names, and look for the fragment."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("new")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Change")
    return subprocess.run([sys.executable, FRAGMENTS], cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["plugins/modules/new.py", "roles/audit/tasks/main.yml", "policies/default.yml"])
def test_what_users_would_notice_takes_a_fragment(git: Git, tmp_path: Path, name: str) -> None:
    found = change(git, tmp_path / "clone", name)
    assert found.returncode == 1 and f"  {name}\n" in found.stdout and "old.py" not in found.stdout


@pytest.mark.parametrize("names", [["docs/guide.rst"], ["plugins/new.py", "changelogs/fragments/1-new.yml"]])
def test_other_changes_do_not(git: Git, tmp_path: Path, names: list[str]) -> None:
    found = change(git, tmp_path / "clone", *names)
    assert (found.returncode, found.stdout) == (0, "")


def test_a_fragment_that_is_taken_away_is_none(git: Git, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    change(git, clone, "changelogs/fragments/1-old.yml")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    (clone / "changelogs/fragments/1-old.yml").unlink()
    assert change(git, clone, "plugins/new.py").returncode == 1
    # As a release does, which has told it.
    assert change(git, clone, "changelogs/changelog.yaml").returncode == 0


def test_what_is_not_committed_on_main_takes_one_too(git: Git, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    change(git, clone, "changelogs/fragments/1-old.yml")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    (clone / "plugins/new.py").write_text("new")
    found = subprocess.run([sys.executable, FRAGMENTS], cwd=clone, capture_output=True, text=True, check=False)
    assert found.returncode == 1 and "  plugins/new.py\n" in found.stdout


def test_on_main_it_is_told_from_the_last_release(git: Git, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git("tag", "1.0.0")
    assert change(git, clone, "README.md").returncode == 0
    git("remote", "remove", "origin")
    assert change(git, clone, "plugins/new.py").returncode == 1
    assert change(git, clone, "changelogs/fragments/1-new.yml").returncode == 0
