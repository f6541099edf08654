# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Chromium for the tests of the HTML report."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from .environment import VENV, Environment, Failure, lock, step

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium(environment: Environment) -> Path:
    """Find a Chromium that runs: one of the machine, or that of Debian, unpacked into ``.venv``.

    Args:
        environment: An environment of the profile ``test``.

    Returns:
        The path of the program.

    Raises:
        Failure: The machine has no Chromium, and no apt to download one with.
    """
    with lock("chromium.lock", "Waiting for another run that is taking Chromium..."):
        unpacked = VENV / "chromium/chromium"
        for candidate in (*(shutil.which(name, path=environment.variables["PATH"]) for name in _NAMES), unpacked):
            if candidate is not None and _runs(Path(candidate), environment):
                return Path(candidate)
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise Failure("chromium is not on PATH; install it, because the tests open the report in it")
        with step("Taking Debian's chromium into .venv (120 MB, once)..."):
            _unpack(environment, unpacked)
        return unpacked


def _runs(chromium: Path, environment: Environment) -> bool:
    try:
        return subprocess.run([chromium, "--version"], env=environment.variables, capture_output=True).returncode == 0
    except OSError:
        return False


def _unpack(environment: Environment, chromium: Path) -> None:
    directory = chromium.parent
    root = directory / "root"
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "lists/partial").mkdir(parents=True)
    (directory / "cache/archives/partial").mkdir(parents=True)
    root.mkdir()
    # With lists and a cache of its own, apt does not need root.
    apt = [
        *("apt-get", "--quiet", "-o", f"Dir::State::lists={directory}/lists", "-o", f"Dir::Cache={directory}/cache"),
        *("-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none"),
    ]
    environment.run(*apt, "update")
    environment.run(
        *(*apt, "install", "--yes", "--no-install-recommends", "--download-only", "chromium", "fonts-dejavu-core")
    )
    for package in (directory / "cache/archives").glob("*.deb"):
        environment.run("dpkg-deb", "--extract", package, root)
    shutil.rmtree(directory / "lists")
    shutil.rmtree(directory / "cache")
    libraries = sorted({str(library.parent) for library in root.rglob("*.so*")})
    lines = [
        "#!/bin/sh",
        f"export LD_LIBRARY_PATH={shlex.quote(':'.join(libraries))} XDG_DATA_HOME={shlex.quote(f'{root}/usr/share')}",
        f'exec {shlex.quote(f"{root}/usr/lib/chromium/chromium")} "$@"',
    ]
    if not os.path.exists("/etc/fonts/fonts.conf"):
        lines.insert(2, f"export FONTCONFIG_PATH={shlex.quote(f'{root}/etc/fonts')}")
    chromium.write_text("\n".join(lines) + "\n")
    chromium.chmod(0o755)
    environment.run(chromium, "--version")
