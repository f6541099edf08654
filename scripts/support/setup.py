# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make ``.venv``, and the virtual environments of the matrix in it, or bring them up to date.

Uses the standard library only, because it runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .environment import REQUIREMENTS, ROOT, VENV, Environment, Failure, digest, hermetic_variables, lock, step
from .tree import take_collections

_WAITING = "Waiting for another run that is setting up .venv..."


def prepare(profile: str) -> Environment:
    """Make ``.venv``, or bring it up to date.

    Args:
        profile: ``demo`` for Ansible, amazon.aws and the emulator; ``test`` for every tool as well.

    Returns:
        The environment.

    Raises:
        Failure: A step failed; its output is in the log that the text names.
    """
    if shutil.which("git") is None:
        raise Failure("git is not on PATH; install it")
    with lock("setup.lock", _WAITING):
        variables = hermetic_variables()
        demo = digest(REQUIREMENTS / "demo.txt", REQUIREMENTS / "emulator.txt", REQUIREMENTS / "community.txt")
        wanted = demo if profile == "demo" else digest(*sorted(REQUIREMENTS.glob("*.txt")))
        requirements = ("--requirement", str(REQUIREMENTS / f"{profile}.txt"))
        community = ("--requirement", str(REQUIREMENTS / "community.txt"))
        environment = _provide(VENV, _base_python(), variables, profile, wanted, requirements, demo, community)
        _stamp(VENV, "demo").write_text(demo)
    return environment


def prepare_release(name: str, python: str, community: str, packages: Sequence[str]) -> Environment:
    """Make a virtual environment for one combination of the matrix, after ``prepare("test")``.

    Args:
        name: The name of the directory in ``.venv/matrix``.
        python: The version of Python, such as ``3.13``.
        community: The release of the community package with amazon.aws, such as ``ansible==13.8.0``.
        packages: What is installed besides ``requirements/matrix.txt``.

    Returns:
        The environment.

    Raises:
        Failure: A step failed.
    """
    with lock("setup.lock", _WAITING):
        wanted = digest(REQUIREMENTS / "emulator.txt", REQUIREMENTS / "matrix.txt", *packages)
        requirements = ("--requirement", str(REQUIREMENTS / "matrix.txt"), *packages)
        interpreter = (VENV / "pythons" / f"python{python}").resolve()
        return _provide(
            VENV / "matrix" / name,
            interpreter,
            hermetic_variables(),
            "matrix",
            wanted,
            requirements,
            wanted + community,
            (community,),
        )


def _base_python() -> Path:
    """The interpreter to make ``.venv`` with: the one that it was made with, or this one."""
    return Path(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))


def _stamp(prefix: Path, name: str) -> Path:
    return prefix / "stamps" / name


def _read_stamp(prefix: Path, name: str) -> str:
    stamp = _stamp(prefix, name)
    return stamp.read_text() if stamp.exists() else ""


def _provide(
    prefix: Path,
    python: Path,
    variables: dict[str, str],
    profile: str,
    wanted: str,
    requirements: Sequence[str],
    collections: str,
    community: Sequence[str],
) -> Environment:
    """Make or complete a virtual environment. Each step leaves a stamp. Other packages need a new environment."""
    environment = Environment(prefix, {**variables, "PATH": f"{prefix / 'bin'}{os.pathsep}{variables['PATH']}"})
    name = f".venv{str(prefix).removeprefix(str(VENV))}"
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.strip()
    made = digest(str(prefix), str(python), version)
    installed = _read_stamp(prefix, profile)
    if _read_stamp(prefix, "python") != made or installed not in ("", wanted):
        with step(f"Making {name} with {version}..."):
            for part in ("bin", "include", "lib", "lib64", "share", "stamps", "home/.ansible"):
                path = prefix / part
                path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
            subprocess.run([python, "-m", "venv", prefix], env=variables, check=True)
            (prefix / "stamps").mkdir(exist_ok=True)
            _stamp(prefix, "python").write_text(made)
        installed = ""
    if not installed:
        with step(f"Installing the packages of requirements/{profile}.txt (about a minute, once)..."):
            _pip_install(environment, *requirements)
            _stamp(prefix, profile).write_text(wanted)
    if _read_stamp(prefix, "collections") != collections:
        with step("Taking amazon.aws and community.general from the Ansible community package..."):
            take_collections(environment, community)
            _stamp(prefix, "collections").write_text(collections)
    emulator = digest(ROOT / "emulator/pyproject.toml", ROOT / "emulator/src")
    if _read_stamp(prefix, "emulator") != emulator:
        with step("Installing the emulator..."):
            # From a copy, because a build writes beside the sources.
            copy = prefix / "emulator"
            shutil.rmtree(copy, ignore_errors=True)
            ignored = shutil.ignore_patterns("tests", "build", "*.egg-info", "__pycache__")
            shutil.copytree(ROOT / "emulator", copy, ignore=ignored)
            _pip_install(environment, copy)
            shutil.rmtree(copy)
            _stamp(prefix, "emulator").write_text(emulator)
    return environment


def _pip_install(environment: Environment, *arguments: str | Path) -> None:
    environment.run(
        "python", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", *arguments
    )
