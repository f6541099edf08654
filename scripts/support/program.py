# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The start of each script, and its exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

from .environment import Failure, say


def run_program(main: Callable[[list[str]], int], usage: str | None = None) -> int:
    """Run a script with the arguments of the command line.

    Args:
        main: Takes the arguments and returns the exit code.
        usage: What ``--help`` shows; None if ``main`` answers it.

    Returns:
        The exit code: 1 or 2 after a failure, whose text is shown, and 130 after an interrupt.
    """
    arguments = sys.argv[1:]
    if usage is not None and arguments in (["--help"], ["-h"]):
        print(usage, end="")
        return 0
    try:
        return main(arguments)
    except Failure as failure:
        say(f"Error: {failure}" + ("" if str(failure).endswith("?") else "."))
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
