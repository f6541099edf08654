# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of the scripts: ``.venv`` in the checkout, and variables without any setting of the user.

Nothing is written outside ``.venv``, except in pip's own cache if there is one. The module needs the standard library
only, because it runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOGS = VENV / "logs"
HOME = VENV / "home"
REQUIREMENTS = ROOT / "requirements"

# The Pythons that the scripts run on, and those that targets can have.
CONTROLLERS = ("3.11", "3.12", "3.13", "3.14", "3.15")
TARGETS = ("3.8", "3.9", "3.10", *CONTROLLERS)

_OF_THE_USER = re.compile(r"(ANSIBLE|AWS|BOTO|GALAXY_IMPORTER|HYPOTHESIS|MOTO|MYPY|NOX|PYTEST|REUSE|RUFF|XDG)_?")
_NOT_PASSED_ON = {
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"),
    *("FORCE_COLOR", "PY_COLORS", "CDPATH"),
    # A git hook that calls a script sets these.
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"),
}


class Failure(Exception):
    """An error that ends a script. Its text is one sentence."""

    exit_code = 1


class Refusal(Failure):
    """An error in the arguments or the checkout, which is found before anything is done."""

    exit_code = 2


class Environment(NamedTuple):
    """A virtual environment and the variables to use it with.

    Attributes:
        prefix: Its directory.
        variables: The complete environment for programs that use it.
    """

    prefix: Path
    variables: dict[str, str]

    def run(self, *command: str | Path, cwd: Path = ROOT) -> None:
        """Run a command that must succeed.

        Args:
            command: The program and its arguments.
            cwd: The working directory.

        Raises:
            subprocess.CalledProcessError: The command failed.
        """
        subprocess.run([str(word) for word in command], env=self.variables, cwd=cwd, check=True)

    def output(self, *command: str | Path, cwd: Path = ROOT) -> str:
        """Run a command that must succeed, and return what it prints.

        Args:
            command: The program and its arguments.
            cwd: The working directory.

        Returns:
            The standard output without white space at its ends.

        Raises:
            subprocess.CalledProcessError: The command failed.
        """
        words = [str(word) for word in command]
        return subprocess.run(
            words, env=self.variables, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()


def say(text: str) -> None:
    """Show a line to the person who runs the script.

    Args:
        text: The line.
    """
    print(text, file=sys.stderr, flush=True)


def digest(*parts: str | Path) -> str:
    """Make one digest of text and of the content of files and directories.

    Args:
        parts: Text, or paths of files and directories.

    Returns:
        The SHA-256 in hexadecimal.
    """
    result = hashlib.sha256()
    for part in parts:
        result.update(str(part).encode() + b"\0")
        if isinstance(part, Path):
            files = sorted(part.rglob("*")) if part.is_dir() else [part]
            for file in files:
                if file.is_file() and "__pycache__" not in file.parts:
                    result.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return result.hexdigest()


def download(environment: Environment, directory: Path, *arguments: str) -> None:
    """Download wheels without their dependencies into a new directory.

    Args:
        environment: An environment with pip.
        directory: The directory, which is replaced.
        arguments: Packages and options for ``pip download``.
    """
    shutil.rmtree(directory, ignore_errors=True)
    options = ("--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:")
    environment.run("python", "-m", "pip", "download", *options, "--dest", directory, *arguments)


@contextlib.contextmanager
def step(message: str) -> Iterator[None]:
    """Show a message before the block, and write the output of the block to a log.

    Args:
        message: What the block does.

    Raises:
        Failure: The block failed.
    """
    say(message)
    log = LOGS / "setup.log"
    with log.open("w") as output:
        kept = os.dup(1), os.dup(2)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        try:
            yield
        except (subprocess.CalledProcessError, OSError) as error:
            os.dup2(kept[1], 2)
            lines = log.read_text(errors="replace").splitlines()[-30:]
            say("\n".join([*lines, f"{error}"]))
            raise Failure(f"this did not work: {message.rstrip('.')}; the complete output is in {log}") from error
        finally:
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])


def hermetic_variables() -> dict[str, str]:
    """Make the environment variables for programs, without any setting of Ansible, AWS, Python or the tools.

    Returns:
        The variables. ``HOME`` is in ``.venv``.
    """
    home = Path(os.environ.get("HOME", "/nonexistent"))
    if home == HOME:  # Called by one of the scripts, whose variables are these already.
        return _with_path(dict(os.environ))
    user = dict(os.environ)
    cache = Path(user.get("PIP_CACHE_DIR") or Path(user.get("XDG_CACHE_HOME") or home / ".cache") / "pip")
    config = Path(user.get("XDG_CONFIG_HOME") or home / ".config") / "pip"
    for directory in (HOME / ".config", HOME / ".cache", LOGS, VENV / "pythons"):
        directory.mkdir(parents=True, exist_ok=True)
    # Tools keep caches in the home directory. It holds the package settings of the user.
    for target, link in (
        (cache, HOME / ".cache/pip"),
        (config, HOME / ".config/pip"),
        (home / ".pip", HOME / ".pip"),
        (home / ".npmrc", HOME / ".npmrc"),
    ):
        if link.is_symlink():
            link.unlink()
        if target.exists() and not link.exists():
            link.symlink_to(target)
    # Without a file of its own, Ansible would read /etc/ansible/ansible.cfg.
    (VENV / "ansible.cfg").write_text("")
    ansible_home = VENV / "ansible-home"
    local = ",".join(filter(None, (user.get("NO_PROXY") or user.get("no_proxy"), "127.0.0.1,localhost")))
    return _with_path(
        {
            **{
                name: value
                for name, value in user.items()
                if name not in _NOT_PASSED_ON and not _OF_THE_USER.match(name)
            },
            **{"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"},
            "HOME": str(HOME),
            "WORKMAIL_USER_HOME": str(home),
            "PIP_CACHE_DIR": str(HOME / ".cache/pip"),
            "ANSIBLE_CONFIG": str(VENV / "ansible.cfg"),
            "ANSIBLE_HOME": str(ansible_home),
            # Modules on localhost look up the home directory in the user database, whatever HOME is.
            "ANSIBLE_LOCAL_TEMP": str(ansible_home / "tmp"),
            "ANSIBLE_REMOTE_TMP": str(ansible_home / "tmp"),
            "ANSIBLE_ASYNC_DIR": str(ansible_home / "async"),
            "AWS_CONFIG_FILE": str(HOME / "no-aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(HOME / "no-aws-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": local,
            "no_proxy": local,
        }
    )


def aws_variables() -> dict[str, str]:
    """Return the settings of AWS that ``hermetic_variables`` leaves out, for a part that needs the user's credentials.

    HOME is one of them, because the AWS SDK keeps the credentials of IAM Identity Center below it.
    """
    home = Path(os.environ.get("WORKMAIL_USER_HOME") or os.environ.get("HOME", "/nonexistent"))
    return {
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / ".aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws/credentials"),
        "AWS_EC2_METADATA_DISABLED": "false",
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
    }


def _with_path(variables: dict[str, str]) -> dict[str, str]:
    """Put real interpreters on PATH: ansible-test tries each ``python3.N`` and fails at a shim without one."""
    outside = [
        directory
        for directory in variables.get("PATH", os.defpath).split(os.pathsep)
        if not directory.endswith("/shims") and not directory.startswith(f"{VENV}/")
    ]
    pythons = VENV / "pythons"
    versions = (
        Path(variables.get("PYENV_ROOT") or Path(variables.get("WORKMAIL_USER_HOME", "/")) / ".pyenv") / "versions"
    )
    for version in TARGETS:
        link = pythons / f"python{version}"
        found = shutil.which(f"python{version}", path=os.pathsep.join(outside))
        for candidate in (*filter(None, [found]), *map(str, sorted(versions.glob(f"{version}.*/bin/python")))):
            if _works(candidate, variables):
                link.unlink(missing_ok=True)
                link.symlink_to(candidate)
                break
        else:
            link.unlink(missing_ok=True)
    return {**variables, "PATH": os.pathsep.join([str(pythons), *outside])}


def _works(python: str, variables: dict[str, str]) -> bool:
    command = [python, "-c", "import ensurepip, venv"]
    return subprocess.run(command, env=variables, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def lock(name: str, message: str) -> Iterator[None]:
    """Hold a lock of this checkout during the block.

    Args:
        name: The name of the lock file in ``.venv``.
        message: The line to show if another process holds the lock.
    """
    VENV.mkdir(exist_ok=True)
    LOGS.mkdir(exist_ok=True)
    with (VENV / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(message)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
