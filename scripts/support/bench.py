# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/bench``: measure the collection beside plain boto3, the AWS CLI and a plain module."""

from __future__ import annotations

import importlib
import subprocess
import sys

from . import setup
from .environment import ROOT, VENV
from .program import run_program
from .tree import make_tree


def main(arguments: list[str]) -> int:
    """Run ``benchmarks/side_by_side.py``, or ``benchmarks/accounts.py`` for ``estate``; figures go to ``.venv/bench``.

    Args:
        arguments: The arguments for ``benchmarks/side_by_side.py``.

    Returns:
        The exit code.
    """
    benchmark, data, figure = "side_by_side", "results.json", "growth.svg"
    if arguments[:1] == ["estate"]:
        benchmark, data, figure = "accounts", "estate.json", "accounts.svg"
        arguments = arguments[1:]
    # Wrong arguments end this process before anything is installed.
    sys.path.insert(0, str(ROOT / "benchmarks"))
    importlib.import_module(benchmark).parse_options(arguments)
    made = setup.prepare("test")
    results = VENV / "bench"
    make_tree(made, results / "tree")
    outputs = ("--json", results / data, "--svg", results / figure)
    return subprocess.run(
        [made.prefix / "bin/python", f"benchmarks/{benchmark}.py", *outputs, *arguments],
        env={**made.variables, "ANSIBLE_COLLECTIONS_PATH": str(results / "tree")},
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(run_program(main))
