# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/test``: make ``.venv``, and run the sessions of ``noxfile.py`` in it."""

from __future__ import annotations

import subprocess
import sys

from . import setup
from .environment import ROOT, Environment, aws_variables, lock
from .lanes import ALL, LAST, NOT_QUICK, QUICK, run_parts
from .parts import EVERYTHING, check_arguments, read_parts
from .program import run_program

_USAGE = """\
Usage: scripts/test                  answer "does it work?" in a few minutes
       scripts/test everything       run every part, as CI does
       scripts/test PART [ARGS...]   run one part and show its output; ARGS go to its tool
       scripts/test --list           list the parts
       scripts/test --help           show this

Examples:
  scripts/test unit -k conditions
  scripts/test integration tests/integration/audit/test_audit.py
  scripts/test matrix 13 3.12 unit       one part on one supported release of ansible-core
  scripts/test live --regions all        read the real Amazon WorkMail with your AWS credentials

The first run makes .venv in the checkout, which takes a few minutes. Logs are in .venv/logs.
"""
# The one part that uses the AWS credentials of the user.
LIVE = "live"


def main(arguments: list[str]) -> int:
    """Run the parts that the arguments name.

    Args:
        arguments: The arguments of ``scripts/test``.

    Returns:
        The exit code.

    Raises:
        Refusal: An argument is not valid. Nothing was installed.
    """
    check_arguments(arguments)
    if arguments == ["--list"]:
        for name, summary, _runs_pytest in read_parts():
            print(f"{name:20}{summary}")
        return 0
    environment = setup.prepare("test")
    python = environment.prefix / "bin/python"
    if arguments in ([], [EVERYTHING]):
        with lock("run.lock", "Waiting for another run of several parts in this checkout..."):
            if not arguments:
                return run_parts(environment, QUICK, left_out=NOT_QUICK)
            environment.variables["WORKMAIL_COVERAGE"] = "1"
            return run_parts(environment, ALL, LAST)
    part, *rest = arguments
    if part == LIVE:
        # HOME stays that of the scripts; the part itself replaces it.
        variables = {**environment.variables, **aws_variables(), "HOME": environment.variables["HOME"]}
        environment = environment._replace(variables=variables)
    command = [str(python), "-m", "nox", "--session", part, "--", *rest]
    return _wait(command, environment)


def _wait(command: list[str], environment: Environment) -> int:
    process = subprocess.Popen(command, env=environment.variables, cwd=ROOT)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # The terminal has interrupted the process as well, which now cleans up.


if __name__ == "__main__":
    sys.exit(run_program(main, _USAGE))
