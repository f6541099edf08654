# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/bench``: measure the collection beside plain boto3, the AWS CLI and a plain module."""

from __future__ import annotations

import importlib
import subprocess
import sys

from . import setup
from .chromium import find_chromium
from .environment import ROOT, VENV
from .program import run_program
from .tree import make_tree

# For each benchmark: the program, the file for its figures, and the file for its plot.
_SIDE_BY_SIDE = ("side_by_side", "results.json", "growth.svg")
_OTHERS: dict[str, tuple[str, str, str | None]] = {
    "estate": ("accounts", "estate.json", "accounts.svg"),
    "reports": ("reports", "reports.json", None),
}


def main(arguments: list[str]) -> int:
    """Run ``benchmarks/side_by_side.py``, or the benchmark of a name in ``_OTHERS``; figures go to ``.venv/bench``.

    Args:
        arguments: The name of another benchmark, if any, and the arguments for the benchmark.

    Returns:
        The exit code.
    """
    benchmark, data, figure = _OTHERS.get(arguments[0] if arguments else "", _SIDE_BY_SIDE)
    if benchmark != _SIDE_BY_SIDE[0]:
        arguments = arguments[1:]
    # Wrong arguments end this process before anything is installed.
    sys.path.insert(0, str(ROOT / "benchmarks"))
    importlib.import_module(benchmark).parse_options(arguments)
    made = setup.prepare("test")
    results = VENV / "bench"
    make_tree(made, results / "tree")
    variables = {**made.variables, "ANSIBLE_COLLECTIONS_PATH": str(results / "tree")}
    if benchmark == "reports":
        # It imports the collection, and opens a report in Chromium.
        variables |= {"PYTHONPATH": str(results / "tree"), "WORKMAIL_CHROMIUM": str(find_chromium(made))}
    outputs = ("--json", results / data, *(("--svg", results / figure) if figure else ()))
    return subprocess.run(
        [made.prefix / "bin/python", f"benchmarks/{benchmark}.py", *outputs, *arguments],
        env=variables,
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(run_program(main))
