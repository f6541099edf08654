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

    def seed(self, path: str) -> None:
        """Add a seed to the emulator."""
        self._post("seed", (self._collection / path).read_bytes())

    def _post(self, name: str, body: bytes) -> None:
        url = f"{self._environment.variables['AWS_ENDPOINT_URL']}/_workmail/{name}"
        urllib.request.urlopen(urllib.request.Request(url, body, method="POST")).close()

    @contextmanager
    def fault(self, **description: Any) -> Iterator[None]:
        """Have the emulator spoil replies inside the block."""
        self._post("faults", json.dumps(description).encode())
        yield
        url = f"{self._environment.variables['AWS_ENDPOINT_URL']}/_workmail/faults"
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
    tree = {"ANSIBLE_COLLECTIONS_PATH": str(VENV / "demo-tree")}
    with _emulator(made) as endpoint:
        variables = {**made.variables, **tree, **_SETTINGS, "AWS_ENDPOINT_URL": endpoint}
        _play(_Stage(made._replace(variables=variables), collection))
    return 0


def _play(stage: _Stage) -> None:
    acme: dict[str, Any] = {"audit_organizations": ["acme"]}
    past: dict[str, Any] = {"audit_regions": ["all"], "audit_as_of": "-61d"}

    stage.scene("The estate: three organizations in two regions, and one that was deleted")
    stage.show(0, "ansible-playbook", "demo/overview.yml")

    stage.scene("The gate of a pipeline: tokens have expired, so it fails and names them")
    stage.playbook(2, "assert_no_expired", **acme)

    stage.scene("The same question about 61 days ago, for all regions: no token had expired, so it passes")
    stage.playbook(0, "assert_no_expired", **past)

    stage.scene("It fails closed: one truncated reply, and it no longer passes")
    with stage.fault(kind="truncated", operation="ListPersonalAccessTokens", page=2):
        stage.playbook(2, "assert_no_expired", **past)

    stage.scene("The audit of everything by the default policy: it writes a report, and fails because of violations")
    stage.playbook(2, "audit", audit_regions=["all"], audit_report_dir=str(REPORT))
    if not (REPORT / "audit.html").is_file():
        raise Failure("the audit left no report")

    stage.scene("The owners to talk to: users who are disabled or deleted and still have tokens, as an inventory")
    stage.show(0, "ansible-inventory", "-i", "demo/workmail_pat.yml", "--graph", "workmail_pat")

    stage.scene("The plan to revoke the expired tokens: nothing is deleted yet")
    selection = {"revoke_policy": "no_expired", "revoke_organizations": ["acme"]}
    stage.playbook(0, "revoke", **selection, revoke_record_dir=str(RECORDS))
    [plan] = RECORDS.glob("plan-*.json")

    stage.scene("The review of the plan: each token with its rules, the instant and the digest of the policy")
    stage.show(0, "python", "demo/review.py", plan)

    stage.scene("The plan is right: the command at the end of its output carries out exactly this plan")
    stage.playbook(0, "revoke", revoke_plan=str(plan), revoke_confirm=True)

    stage.scene("The gate of the pipeline again: no token of acme has expired, so it passes")
    stage.playbook(0, "assert_no_expired", **acme)

    stage.scene("Every AWS account that AWS Organizations lists, in one task")
    stage.seed("demo/accounts.seed.yml")
    stage.show(0, "ansible-playbook", "demo/accounts.yml")

    stage.scene("End of the demo")
    print("The playbooks are demo/overview.yml, demo/accounts.yml and those in playbooks.")
    print("The inventory file is demo/workmail_pat.yml.")
    print("To use it on your own organizations, see README.md and the guides in docs/docsite/rst.")
    print(f"The report to open in a browser:\n{REPORT / 'audit.html'}")
    print("The plan and the records of both runs:", *sorted(RECORDS.iterdir()), sep="\n")


if __name__ == "__main__":
    sys.exit(run_program(main, _USAGE))
