# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity without downloads of its own.

A skipped test counts as failed, unless this machine cannot have its interpreter or package. The output then names it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .environment import HOME, Environment, Failure, download

# Files outside the artifact do not follow the rules of Ansible; ruff and mypy check them.
_EXCLUDED = ("benchmarks", "demo", "emulator", "noxfile.py", "scripts")

_GET_PIP = """\
import os
import runpy
import sys

wheel = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pip-{version}-py3-none-any.whl")
sys.path.insert(0, wheel)
sys.argv = ["pip", "install", "-qq", "--no-index", "--disable-pip-version-check", "--root-user-action=ignore", wheel]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def check_sanity(environment: Environment, collection: Path, *arguments: str) -> None:
    """Run ansible-test sanity.

    Args:
        environment: The environment with ansible-core.
        collection: patrol.workmail in a collections tree.
        arguments: Passed on, such as ``--python 3.13``.

    Raises:
        Failure: A test failed or was skipped for another reason than a Python that this machine lacks.
    """
    package = Path(environment.output("python", "-c", "import ansible_test; print(ansible_test.__path__[0])"))
    _provide_pip(environment, package)
    missing_packages = _find_url_packages(package)
    for test, requirement in missing_packages.items():
        print(
            f"Not run: the sanity test {test}, because it needs {requirement}, which is not on the package index",
            flush=True,
        )
    excluded = [
        word
        for name in _EXCLUDED
        if (collection / name).exists()
        for word in ("--exclude", f"{name}/" if (collection / name).is_dir() else name)
    ]
    skipped_tests = [word for test in missing_packages for word in ("--skip-test", test)]
    run = subprocess.Popen(
        [*("ansible-test", "sanity", "--color", "no"), *excluded, *skipped_tests, *arguments],
        env=environment.variables,
        cwd=collection,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started = False
    skipped: list[str] = []
    missing: set[str] = set()
    without_wheel: set[tuple[str, ...]] = set()
    assert run.stdout is not None
    for line in run.stdout:
        print(line, end="", flush=True)
        started = started or line.startswith("Running sanity test ")
        if re.match(r"WARNING: (Skipping|Required program)", line):
            python = re.search(r"on Python ([0-9.]+) because it could not be found", line)
            without_libyaml = re.search(r'test "(.+)" on Python ([0-9.]+) due to missing libyaml', line)
            if python:
                missing.add(python[1])
            elif without_libyaml:
                without_wheel.add(without_libyaml.groups())
            elif "because it is unsupported" not in line:
                skipped.append(line.strip())
    if run.wait() != 0:
        raise Failure("ansible-test sanity failed")
    if not started and (missing_packages or missing):
        raise Failure("ansible-test ran no test")
    if skipped:
        raise Failure("ansible-test skipped tests: " + "; ".join(skipped))
    for test, version in sorted(without_wheel):
        reason = f"PyYAML has no wheel for Python {version}, and the one that pip builds here lacks libyaml"
        print(f"Not run: the sanity test {test} on Python {version}, because {reason}", flush=True)
    for version in sorted(missing, key=lambda name: [int(part) for part in name.split(".")]):
        print(f"Not checked, because this machine does not have the interpreter: Python {version}", flush=True)


def _find_url_packages(package: Path) -> dict[str, str]:
    """Find the tests that need a package by URL, as pre-releases of ansible-core do, and that package with its URL."""
    return {
        file.name.removeprefix("sanity.").removesuffix(".txt"): f"{found[1]} from {found[2]}"
        for file in sorted((package / "_data/requirements").glob("sanity.*.txt"))
        if (found := re.search(r"^(\S+) @ (https?:[^\s#]+)", file.read_text(), re.MULTILINE))
    }


def _provide_pip(environment: Environment, package: Path) -> None:
    """Put a ``get_pip.py`` that installs pip from a wheel into the cache, where ansible-test would download one to."""
    cache = HOME / ".ansible/test/cache"
    source = (package / "_internal/python_requirements.py").read_text()
    found = re.search(r"pip='([0-9.]+)'", source)
    if found is None:
        raise Failure("this release of ansible-test does not say which pip it installs")
    version = found[1]
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    wheels = cache / f"pip-{version}"
    download(environment, wheels, f"pip=={version}")
    for wheel in wheels.iterdir():
        wheel.rename(cache / wheel.name)
    wheels.rmdir()
    new = cache / f"{script.name}.new"
    new.write_text(_GET_PIP.format(version=version))
    new.rename(script)
