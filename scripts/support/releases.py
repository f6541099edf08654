# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The releases of ansible-core, amazon.aws and botocore that the collection supports."""

from __future__ import annotations

import email
import re
import zipfile
from collections.abc import Sequence
from typing import NamedTuple

from .environment import CONTROLLERS, VENV, Environment, Refusal, download, step

MATRIX_PARTS = ("unit", "integration", "ansible", "sanity")
_BOTO = ("boto3==1.44.5",)


class Release(NamedTuple):
    """A release to test on.

    Attributes:
        name: Its name in the matrix.
        community: The Ansible community package, which has amazon.aws.
        core: ansible-core.
        others: The AWS SDK.
    """

    name: str
    community: str
    core: str
    others: tuple[str, ...]

    @property
    def stable(self) -> bool:
        """Whether ansible-core is a release and not a preview."""
        return re.search(r"(a|b|rc)\d+$", self.core) is None


# "oldest" is what meta/runtime.yml, galaxy.yml and the documentation name.
RELEASES = (
    Release("oldest", "ansible==11.0.0", "ansible-core==2.18.0", ("boto3==1.35.52", "botocore==1.35.52")),
    Release("11", "ansible==11.13.0", "ansible-core==2.18.19", _BOTO),
    Release("12", "ansible==12.3.0", "ansible-core==2.19.14", _BOTO),
    Release("13", "ansible==13.8.0", "ansible-core==2.20.10", _BOTO),
    Release("14", "ansible==14.5.0", "ansible-core==2.21.5", _BOTO),
    Release("15", "ansible==15.0.0a3", "ansible-core==2.22.0rc1", _BOTO),
)


class Combination(NamedTuple):
    """A release on a Python, such as ``3.13``."""

    release: Release
    python: str

    @property
    def name(self) -> str:
        """The name of the combination, which is that of its virtual environment."""
        return f"{self.release.name}-python{self.python}"


def combinations(
    environment: Environment, pythons: tuple[str, ...], release: str | None = None, python: str | None = None
) -> tuple[list[Combination], list[str]]:
    """Find the combinations that can run on this machine.

    Args:
        environment: From ``setup.prepare``.
        pythons: The Pythons to try each release on. The release "oldest" runs only on the oldest one that it supports.
        release: Only this release.
        python: Only this Python.

    Returns:
        The combinations, oldest first, and a sentence for each one that is left out.
    """
    chosen: list[Combination] = []
    left_out: list[str] = []
    for each in RELEASES:
        if release not in (None, each.name):
            continue
        for version in pythons:
            if python not in (None, version):
                continue
            interpreter = VENV / f"pythons/python{version}"
            if not interpreter.exists():
                left_out.append(f"Python {version}: this machine does not have it with its venv module")
            elif not _supports(environment, each.core, version):
                left_out.append(f"{each.name} on Python {version}: {each.core} does not support it")
            elif each.name != "oldest" or python or not any(other.release is each for other in chosen):
                chosen.append(Combination(each, version))
    return chosen, list(dict.fromkeys(left_out))


def describe(environment: Environment) -> str:
    """Describe the versions in an environment.

    Args:
        environment: The environment.

    Returns:
        One line with the versions of ansible-core, Python, amazon.aws and the AWS SDK.
    """
    return environment.output(
        *("python", "-c"),
        "import json, pathlib, platform, sysconfig\n"
        "from importlib.metadata import version\n"
        "site = pathlib.Path(sysconfig.get_paths()['purelib'])\n"
        "manifest = json.loads((site / 'ansible_collections/amazon/aws/MANIFEST.json').read_text())\n"
        "print(f'ansible-core {version(\"ansible-core\")}, Python {platform.python_version()}, '\n"
        '      f\'amazon.aws {manifest["collection_info"]["version"]}, \'\n'
        '      f\'boto3 {version("boto3")}, botocore {version("botocore")}\')\n',
    )


def _supports(environment: Environment, core: str, python: str) -> bool:
    """Whether a release of ansible-core supports the interpreter of this machine with this version."""
    stamp = VENV / "stamps" / core
    if not stamp.exists():
        with step(f"Looking up which Python {core} needs..."):
            downloads = VENV / "downloads"
            download(environment, downloads, core, "--ignore-requires-python")
            [wheel] = downloads.glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
                requires = email.message_from_bytes(archive.read(name))["Requires-Python"]
            stamp.write_text(requires)
    version = environment.output(
        VENV / f"pythons/python{python}", "-c", "import platform; print(platform.python_version())"
    )
    code = (
        "import sys; from packaging.specifiers import SpecifierSet\n"
        "print(SpecifierSet(sys.argv[2]).contains(sys.argv[1], prereleases=True))"
    )
    return environment.output("python", "-c", code, version, stamp.read_text()) == "True"


def split_matrix_arguments(arguments: Sequence[str]) -> tuple[str | None, str | None, str | None, list[str]]:
    """Check the arguments of the part ``matrix``.

    Args:
        arguments: ``[RELEASE [PYTHON [PART [ARGS...]]]]``.

    Returns:
        The release, the version of Python and the part, or None in place of each that is left out; and the ARGS.

    Raises:
        Refusal: A name is not one of those that are known.
    """
    known = {"release": [each.name for each in RELEASES], "Python": CONTROLLERS, "part": MATRIX_PARTS}
    for (kind, names), value in zip(known.items(), arguments, strict=False):
        if value not in names:
            raise Refusal(f'"{value}" is not a {kind} of the matrix; expected {", ".join(names)}')
    release, python, part, *_rest = (*arguments[:3], None, None, None)
    return release, python, part, list(arguments[3:])
