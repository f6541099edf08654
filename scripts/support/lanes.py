# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run parts of the tests side by side, and count those that pass."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence

from .environment import LOGS, ROOT, VENV, Environment

# The sessions of noxfile.py that answer "does it work?", and all of them. The longest first, because two run at a time.
QUICK = (
    *("integration-quick", "sanity-here", "unit", "artifact", "emulator", "lint", "docs"),
    *("mypy", "wording", "ruff", "changelog", "reuse", "shell"),
)
ALL = (
    *("integration", "supported-releases", "guards", "unit", "sanity", "browser", "artifact", "emulator", "lint"),
    *("site", "docs", "mypy", "wording", "changelog", "reuse", "ruff", "shell"),
)
# The sessions that run last, after all other parts.
LAST = ("coverage",)
NOT_QUICK = (
    "slow tests of integration",
    "guards",
    "supported-releases",
    "sanity for every Python",
    "browser",
    "site",
    "coverage",
)

_LANES = 2
_RESULT = re.compile(
    r"(?:=+ )?(\d+ (?:passed|failed|skipped|error|deselected)[^=]*?) in [0-9.]+s.*|^(ok|FAILED) ansible-core .*"
)
# The line in which a part names what it leaves out, and why.
_LEFT_OUT = ("Not run: ", "Not checked, ", "Left out: ")
_SHOWN_LINES = 40
_SECONDS_BETWEEN_REPORTS = 30.0


class _Run:
    """The parts that wait, the parts that run, and the results of the others."""

    def __init__(self, environment: Environment, parts: Sequence[str], count: int) -> None:
        self.environment = environment
        self.count = count
        self.waiting = deque(parts)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.passed: list[str] = []
        self.failed: list[str] = []
        self.stopped = False
        self.changed = threading.Lock()

    def lane(self, number: int) -> None:
        variables = {**self.environment.variables, "WORKMAIL_TREE": str(VENV / "lanes" / str(number))}
        while True:
            with self.changed:
                if self.stopped or not self.waiting:
                    return
                part = self.waiting.popleft()
                log = LOGS / f"{part}.log"
                start = time.monotonic()
                with log.open("wb") as output:
                    # In a session of its own, to end it with everything that it started.
                    process = subprocess.Popen(
                        [self.environment.prefix / "bin/python", "-m", "nox", "--session", part],
                        env=variables,
                        cwd=ROOT,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                self.running[part] = process
            returncode = process.wait()
            with self.changed:
                del self.running[part]
                if not self.stopped:
                    self.report(part, returncode, time.monotonic() - start)

    def report(self, part: str, returncode: int, seconds: float) -> None:
        (self.failed if returncode else self.passed).append(part)
        lines = (LOGS / f"{part}.log").read_text(errors="replace").splitlines()
        results = [match[1] for match in map(_RESULT.match, lines) if match]
        done = len(self.passed) + len(self.failed)
        state = "FAILED" if returncode else "ok"
        tests = f", {results[-1]}" if results else ""
        print(f"[{done}/{self.count}] {state} {part}, {seconds:.0f} s{tests}", flush=True)
        for line in dict.fromkeys(line for line in lines if line.startswith(_LEFT_OUT)):
            print(f"  {line}", flush=True)
        if returncode:
            print(f"The end of .venv/logs/{part}.log:", *lines[-_SHOWN_LINES:], sep="\n", flush=True)

    def show_progress(self) -> None:
        with self.changed:
            running = [f"{part} {_progress(part)}".strip() for part in self.running]
            done = len(self.passed) + len(self.failed)
        if running:
            print(f"[{done}/{self.count}] running: {', '.join(running)}", flush=True)

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            for process in self.running.values():
                os.killpg(process.pid, signal.SIGTERM)


def _progress(part: str) -> str:
    """Return the progress of pytest, such as ``45%``, if the part runs pytest."""
    found = re.findall(r"\[ *(\d+%)\]$", (LOGS / f"{part}.log").read_text(errors="replace"), re.MULTILINE)
    return found[-1] if found else ""


def _wait_for_all(threads: Sequence[threading.Thread], seconds: float) -> None:
    """Wait until every thread has ended, but at most so many seconds."""
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


def run_parts(
    environment: Environment, parts: Sequence[str], last: Sequence[str] = (), left_out: Sequence[str] = ()
) -> int:
    """Run parts, two at a time, each lane in a collections tree of its own.

    Args:
        environment: From ``setup.prepare``.
        parts: The sessions of ``noxfile.py``, the longest first.
        last: Sessions that run one by one when the others are done.
        left_out: What this run does not include, to be named at its end.

    Returns:
        The exit code: 0 if every part passes.
    """
    run = _Run(environment, parts, len(parts) + len(last))
    lanes = [threading.Thread(target=run.lane, args=(number,)) for number in range(_LANES)]

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    start = time.monotonic()
    print(f"Running {run.count} parts, {_LANES} at a time; their output goes to .venv/logs.", flush=True)
    try:
        for lane in lanes:
            lane.start()
        while any(lane.is_alive() for lane in lanes):
            run.show_progress()
            _wait_for_all(lanes, _SECONDS_BETWEEN_REPORTS)
        run.waiting.extend(last)
        run.lane(0)
    except KeyboardInterrupt:
        run.stop()
        return 130
    if left_out:
        print(f"Not part of this run: {', '.join(left_out)}. To run everything: scripts/test everything")
    if run.failed:
        print(f"Failed parts: {', '.join(run.failed)}")
    minutes, seconds = divmod(round(time.monotonic() - start), 60)
    print(f"It took {minutes} min {seconds} s.")
    print(f"{len(run.passed)} passed, {len(run.failed)} failed")
    return 1 if run.failed else 0
