# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/bench``: measure the collection beside plain boto3, the AWS CLI and a plain module."""

from __future__ import annotations

import subprocess
import sys

from . import setup
from .environment import ROOT, VENV
from .program import run_program
from .tree import make_tree


def main(arguments: list[str]) -> int:
    """Run ``benchmarks/side_by_side.py``; its figures go to ``.venv/bench``.

    Returns:
        The exit code.
    """
    made = setup.prepare("test")
    results = VENV / "bench"
    make_tree(made, results / "tree")
    outputs = ("--json", results / "results.json", "--svg", results / "growth.svg")
    return subprocess.run(
        [made.prefix / "bin/python", "benchmarks/side_by_side.py", *outputs, *arguments],
        env={**made.variables, "ANSIBLE_COLLECTIONS_PATH": str(results / "tree")},
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(run_program(main))
