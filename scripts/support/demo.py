# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/demo``: show the collection at work on an emulated Amazon WorkMail.

It needs no AWS account and leaves nothing running. The report of the audit and the records of the revocation stay in
``.venv``.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import setup
from .environment import VENV, Environment, Failure, Refusal, say
from .program import run_program
from .tree import make_tree

_USAGE = "Usage: scripts/demo    show the collection at work on an emulated Amazon WorkMail\n"

REPORT = VENV / "demo-report"
RECORDS = VENV / "demo-records"
_SETTINGS = {
    "AWS_REGION": "us-east-1",
    # The examples of the AWS documentation. Ansible masks the secret in all output, so it must not be a word.
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
}


class _Stage:
    """Runs commands as a user would type them, and checks their exit codes."""

    def __init__(self, environment: Environment, collection: Path) -> None:
        self._environment = environment
        self._collection = collection

    def scene(self, title: str) -> None:
        bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        print(f"\n{bold}== {title}{plain}", flush=True)

    def show(self, expected: int, *command: str | Path) -> None:
        words = [str(word) for word in command]
        print(f"$ {' '.join(map(_typed, words))}", flush=True)
        code = subprocess.run(words, env=self._environment.variables, cwd=self._collection, check=False).returncode
        print(f"(exit code {code})", flush=True)
        if code != expected:
            raise Failure(f"the demo expected exit code {expected} here")

    def playbook(self, expected: int, name: str, *options: str | Path, **variables: Any) -> None:
        given = [word for item in variables.items() for word in ("-e", json.dumps(dict([item])))]
        self.show(expected, "ansible-playbook", f"patrol.workmail.{name}", *given, *options)

    @contextmanager
    def fault(self, **description: Any) -> Iterator[None]:
        """Have the emulator spoil replies inside the block."""
        url = f"{self._environment.variables['AWS_ENDPOINT_URL']}/_workmail/faults"
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(description).encode(), method="POST")).close()
        yield
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()


def _typed(word: str) -> str:
    return word if re.fullmatch(r"[\w./=-]+", word) else shlex.quote(word)


@contextmanager
def _emulator(environment: Environment) -> Iterator[str]:
    """Run the emulator with its sample data, and give the URL of its endpoint."""
    say("Starting the emulated Amazon WorkMail...")
    with tempfile.TemporaryDirectory() as directory:
        seed, log = Path(directory, "estate.yml"), Path(directory, "log")
        environment.run("python", "-m", "workmail_emulator.estate", "--output", seed)
        with log.open("w") as errors:
            process = subprocess.Popen(
                ["workmail-emulator", "--seed", str(seed), "--port", "0"],
                env=environment.variables,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            try:
                assert process.stdout is not None
                ready = process.stdout.readline()  # It is empty if the emulator ends.
                if not ready:
                    raise Failure(f"the emulator did not start: {log.read_text().strip()}")
                yield ready.split()[-1]
            finally:
                process.terminate()
                process.wait()


def main(arguments: list[str]) -> int:
    """Play the demo.

    Returns:
        The exit code.

    Raises:
        Failure: A command ends with another exit code than the demo is about.
    """
    if arguments:
        raise Refusal("scripts/demo takes no arguments")
    made = setup.prepare("demo")
    collection = make_tree(made, VENV / "demo-tree")
    for directory in (REPORT, RECORDS):
        shutil.rmtree(directory, ignore_errors=True)
    tree = {"ANSIBLE_COLLECTIONS_PATH": str(VENV / "demo-tree")}
    with _emulator(made) as endpoint:
        variables = {**made.variables, **tree, **_SETTINGS, "AWS_ENDPOINT_URL": endpoint}
        _play(_Stage(made._replace(variables=variables), collection))
    return 0


def _play(stage: _Stage) -> None:
    pass


if __name__ == "__main__":
    sys.exit(run_program(main, _USAGE))
