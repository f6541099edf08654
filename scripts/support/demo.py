# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/demo``: show the collection at work on an emulated Amazon WorkMail.

It needs no AWS account and leaves nothing running. The report of the audit, the records of the revocation and the
complete log stay in ``.venv``.
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
BASELINE = VENV / "demo-baseline.json"
LOG = VENV / "demo.log"
_MOST_LINES = 10
_LAST_LINES = 3
SETTINGS = {
    "AWS_REGION": "us-east-1",
    # The examples of the AWS documentation. Ansible masks the secret in all output, so it must not be a word.
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
}


class Stage:
    """A runner of commands that shows the important lines of their output and checks their exit codes.

    Args:
        environment: The environment of the commands, with the endpoint of the emulator.
        collection: The working directory, a copy of the collection.
        log: The file for the complete output of the commands.
    """

    def __init__(self, environment: Environment, collection: Path, log: Path) -> None:
        self._environment = environment
        self._collection = collection
        self._log = log

    def scene(self, title: str) -> None:
        """Show the title of the next scene.

        Args:
            title: What happens, and why.
        """
        bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        print(f"\n{bold}== {title}{plain}", flush=True)

    def show(self, expected: int, *command: str | Path, most: int = _MOST_LINES) -> None:
        """Run a command.

        Args:
            expected: Its exit code.
            command: The program and its arguments.
            most: How many lines of its output to show.

        Raises:
            Failure: It ends with another exit code.
        """
        words = [str(word) for word in command]
        print(f"$ {' '.join(map(_typed, words))}", flush=True)
        run = subprocess.run(
            words, env=self._environment.variables, cwd=self._collection, check=False, capture_output=True, text=True
        )
        with self._log.open("a") as log:
            log.write(f"$ {' '.join(map(_typed, words))}\n{run.stdout}{run.stderr}(exit code {run.returncode})\n\n")
        if run.returncode != expected:
            print(run.stdout, run.stderr, sep="\n")
            raise Failure(f"the demo expected exit code {expected}, and got {run.returncode}")
        for line in select_lines(run.stdout, most):
            print(f"  {line}")
        print(f"(exit code {run.returncode})", flush=True)

    def playbook(self, expected: int, name: str, **variables: Any) -> None:
        """Run a playbook of the collection.

        Args:
            expected: Its exit code.
            name: Its name, without that of the collection.
            variables: Its variables.
        """
        given = [
            word
            for name, value in variables.items()
            for word in ("-e", f"{name}={value}" if isinstance(value, str | Path) else json.dumps({name: value}))
        ]
        self.show(expected, "ansible-playbook", f"patrol.workmail.{name}", *given)

    def seed(self, path: str) -> None:
        """Add a seed to the emulator."""
        self._post("seed", (self._collection / path).read_bytes())

    def _post(self, name: str, body: bytes) -> None:
        url = f"{self._environment.variables['AWS_ENDPOINT_URL']}/_workmail/{name}"
        urllib.request.urlopen(urllib.request.Request(url, body, method="POST")).close()

    @contextmanager
    def fault(self, **description: Any) -> Iterator[None]:
        """Have the emulator damage replies inside the block."""
        self._post("faults", json.dumps(description).encode())
        yield
        url = f"{self._environment.variables['AWS_ENDPOINT_URL']}/_workmail/faults"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()


def select_lines(output: str, most: int = _MOST_LINES) -> list[str]:
    """Select the important lines of the output of a command.

    Args:
        output: That of a playbook, of which the lines of its messages remain, or of another command.
        most: How many lines to return.

    Returns:
        The first lines, the number of the others, and the last lines.
    """
    lines = output.splitlines()
    if any(line.startswith("PLAY ") for line in lines):
        texts = [re.fullmatch(r' {8}(".*"),?', line) for line in lines]
        lines = [json.loads(text[1]) for text in texts if text]
    rest = len(lines) - most
    if rest <= 0:
        return lines
    head = most - _LAST_LINES - 1
    return [*lines[:head], f"... and {rest + 1} more lines", *lines[-_LAST_LINES:]]


def _typed(word: str) -> str:
    return word if re.fullmatch(r"[\w./=-]+", word) else shlex.quote(word)


@contextmanager
def start_emulator(environment: Environment) -> Iterator[str]:
    """Run the emulator with its sample data inside the block.

    Yields:
        The URL of its endpoint.
    """
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

    Args:
        arguments: None are allowed.

    Returns:
        The exit code.

    Raises:
        Refusal: There are arguments.
        Failure: A command ended with another exit code than expected.
    """
    if arguments:
        raise Refusal("scripts/demo takes no arguments")
    made = setup.prepare("demo")
    collection = make_tree(made, VENV / "demo-tree")
    for directory in (REPORT, RECORDS):
        shutil.rmtree(directory, ignore_errors=True)
    for file in (BASELINE, LOG):
        file.unlink(missing_ok=True)
    tree = {"ANSIBLE_COLLECTIONS_PATH": str(VENV / "demo-tree")}
    say(f"The demo shows the messages of each log. The complete log is {LOG}.")
    with start_emulator(made) as endpoint:
        variables = {**made.variables, **tree, **SETTINGS, "AWS_ENDPOINT_URL": endpoint}
        play(Stage(made._replace(variables=variables), collection, LOG))
    return 0


def play(stage: Stage) -> None:
    """Play all scenes.

    Args:
        stage: Runs the commands.

    Raises:
        Failure: A command ends with another exit code than the demo is about, or does not write its report.
    """
    acme: dict[str, Any] = {"audit_organizations": ["acme"]}
    past: dict[str, Any] = {"audit_regions": "all", "audit_as_of": "-61d"}
    everything = {
        "audit_accounts": "all",
        "audit_assume_role_name": "workmail-auditor",
        "audit_regions": "all",
        "audit_report_dir": REPORT,
    }

    stage.scene("The estate: three organizations in two regions, and one that was deleted")
    stage.show(0, "ansible-playbook", "demo/overview.yml", most=14)

    stage.scene("The gate of a pipeline: tokens have expired, so it fails and names them")
    stage.playbook(2, "assert_no_expired", **acme)

    stage.scene("The same check 61 days ago, for all regions: no token had expired, so it passes")
    stage.playbook(0, "assert_no_expired", **past)

    stage.scene("It fails closed: after one truncated reply, it no longer passes")
    with stage.fault(kind="truncated", operation="ListPersonalAccessTokens", page=2, times=1):
        stage.playbook(2, "assert_no_expired", **past)

    stage.scene("A policy in plain words, before it is used")
    stage.playbook(0, "check_policy", check_policy_file="default")

    stage.scene("Every AWS account that AWS Organizations lists: one is suspended")
    stage.seed("demo/accounts.seed.yml")
    stage.show(0, "ansible-playbook", "demo/accounts.yml")

    stage.scene("The audit of all accounts by the default policy: it writes reports, and violations fail it")
    stage.playbook(2, "audit", **everything)
    if not (REPORT / "audit.html").is_file():
        raise Failure("the audit left no report")

    stage.scene("On the day of adoption: this audit becomes the baseline, and the next one passes")
    stage.show(0, "cp", REPORT / "audit.json", BASELINE)
    stage.playbook(0, "audit", **everything, audit_baseline=BASELINE)

    stage.scene("Then another token expires: only this one fails the audit")
    stage.seed("demo/new_token.seed.yml")
    stage.playbook(2, "audit", **everything, audit_baseline=BASELINE)

    stage.scene("The owners to talk to: users who are disabled or deleted and still have tokens, as an inventory")
    stage.show(0, "ansible-inventory", "-i", "demo/workmail_pat.yml", "--graph", "workmail_pat")

    stage.scene("The plan to revoke the expired tokens of acme: nothing is deleted yet")
    stage.playbook(
        0, "revoke", revoke_policy="no_expired", revoke_organizations=["acme"], revoke_record_dir=str(RECORDS)
    )
    [plan] = RECORDS.glob("plan-*.json")

    stage.scene("The review of the plan: each token with its rules, the instant and the digest of the policy")
    stage.show(0, "python", "demo/review.py", plan)

    stage.scene("The plan is right: the command at the end of its output carries out exactly this plan")
    stage.playbook(0, "revoke", revoke_plan=plan, revoke_confirm="true")

    stage.scene("The gate of the pipeline again: no token of acme has expired, so it passes")
    stage.playbook(0, "assert_no_expired", **acme)

    stage.scene("End of the demo")
    print("The playbooks are in demo and playbooks, and the inventory file is demo/workmail_pat.yml.")
    print("To use it on your own organizations, see README.md and the guides in docs/docsite/rst.")
    print(f"The report to open in a browser: {REPORT / 'audit.html'}")
    print(f"The plan and the records of both runs: {RECORDS}")


if __name__ == "__main__":
    sys.exit(run_program(main, _USAGE))
