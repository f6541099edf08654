# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command ``workmail-emulator``."""

from __future__ import annotations

import argparse
import signal
import sys
from threading import Event

from .checks import SeedError
from .server import Emulator


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT.

    Args:
        arguments: The arguments, those of the command line if None.

    Returns:
        The exit status: 0 after a signal, 2 for a seed or an address that cannot be used.
    """
    parser = argparse.ArgumentParser(prog="workmail-emulator", description="Amazon WorkMail on moto's server.")
    parser.add_argument("--seed", metavar="FILE", help="JSON or YAML file with accounts, organizations and tokens")
    parser.add_argument("--port", type=int, default=5000, help="port to listen on, 0 for a free one (default: 5000)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--verbose", action="store_true", help="write a line for each request to standard error")
    options = parser.parse_args(arguments)

    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        emulator = Emulator(options.seed, options.port, options.host, options.verbose)
        with emulator:
            print(f"Amazon WorkMail emulator ready at {emulator.endpoint_url}", flush=True)
            ended.wait()
    except (SeedError, OSError, OverflowError) as error:
        print(f"workmail-emulator: {error}", file=sys.stderr)
        return 2
    return 0
