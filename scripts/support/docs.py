# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/docs``: build the documentation as a site to open in a browser."""

from __future__ import annotations

import sys

from . import setup
from .docs_site import build_site
from .environment import VENV, Refusal, step
from .program import run_program
from .tree import make_tree

_USAGE = "Usage: scripts/docs    build the documentation as a site into .venv/site\n"


def main(arguments: list[str]) -> int:
    """Build the site.

    Args:
        arguments: None are allowed.

    Returns:
        The exit code.

    Raises:
        Refusal: There are arguments.
    """
    if arguments:
        raise Refusal("scripts/docs takes no arguments")
    made = setup.prepare("test")
    collection = make_tree(made, VENV / "tree")
    made = made._replace(variables={**made.variables, "ANSIBLE_COLLECTIONS_PATH": str(VENV / "tree")})
    with step("Building the site..."):
        build_site(made, collection, VENV / "site")
    print(f"The site to open in a browser: {VENV / 'site/index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(run_program(main, _USAGE))
