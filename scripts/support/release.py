# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/release``: prepare a release, and build its artifact."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import setup
from .artifact import VERSIONED, build_artifact, prepare_release, read_version
from .environment import ROOT, VENV, Refusal, say
from .program import run_program
from .tree import make_tree

_USAGE = """\
Usage: scripts/release prepare VERSION   write VERSION and the changelog of its fragments, for you to commit
       scripts/release build [DIR]       build the artifact of the last commit into DIR (default dist), and check it
       scripts/release --help            show this

CONTRIBUTING.md has the steps of a release.
"""
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


def main(arguments: list[str]) -> int:
    """Prepare a release, or build it.

    Args:
        arguments: ``prepare VERSION`` or ``build [DIRECTORY]``.

    Returns:
        The exit code: 2 if the arguments are wrong.

    Raises:
        Refusal: The checkout is not ready for the release.
    """
    match arguments:
        case ["prepare", version]:
            _prepare(version)
        case ["build"]:
            _build(ROOT / "dist")
        case ["build", directory]:
            _build(Path(directory).resolve())
        case _:
            print(_USAGE, end="", file=sys.stderr)
            return 2
    return 0


def _prepare(version: str) -> None:
    if not _VERSION.fullmatch(version):
        raise Refusal(f'VERSION: "{version}" is not a version like 1.2.3, see https://semver.org')
    now = read_version(ROOT)
    if _is_released(now) and _key(version) <= _key(now) or _key(version) < _key(now):
        raise Refusal(f"VERSION: {version} does not come after {now}")
    if not _fragments():
        raise Refusal("changelogs/fragments has no fragment, so there is nothing to release")
    _refuse_changes()
    made = setup.prepare("test")
    copy = make_tree(made, VENV / "release")
    prepare_release(made, copy, version)
    for name in (*VERSIONED, "CHANGELOG.md", "CHANGELOG.rst", "changelogs/changelog.yaml"):
        shutil.copy2(copy / name, ROOT / name)
    for fragment in _fragments():
        if not (copy / fragment.relative_to(ROOT)).exists():
            fragment.unlink()
    say(f"Prepared {version}. Check it with git diff, commit it, tag the commit {version}, then: scripts/release build")


def _build(directory: Path) -> None:
    _refuse_changes()
    version = read_version(ROOT)
    if not _is_released(version):
        raise Refusal(f"galaxy.yml is at {version}, which the changelog lacks; run scripts/release prepare first")
    if _fragments():
        raise Refusal(
            f"there are fragments that {version} does not include; run scripts/release prepare for the next version"
        )
    made = setup.prepare("test")
    copy = make_tree(made, VENV / "release")
    directory.mkdir(parents=True, exist_ok=True)
    print(build_artifact(made, copy, directory))


def _fragments() -> list[Path]:
    return sorted((ROOT / "changelogs/fragments").glob("*.yml"))


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _is_released(version: str) -> bool:
    changelog = ROOT / "changelogs/changelog.yaml"
    return changelog.exists() and f"\n  {version}:\n" in changelog.read_text()


def _refuse_changes() -> None:
    if not (ROOT / ".git").exists():
        raise Refusal("a release is made from a commit; this is not a git checkout")
    status = ["git", "-c", "safe.directory=*", "status", "--porcelain"]
    if subprocess.run(status, cwd=ROOT, capture_output=True, check=True).stdout:
        raise Refusal("a release is made from a commit; commit or remove the changes first")


if __name__ == "__main__":
    sys.exit(run_program(main, _USAGE))
