# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log of a playbook, as Ansible's default callback writes it."""

from __future__ import annotations

# The most lines of a run that passes, on one host.
MOST_LINES = 25
_VERDICTS = ("PASS: ", "FAIL: ", "INCOMPLETE: ")


def verdicts(stdout: str) -> list[str]:
    """Return each line that contains a verdict."""
    return [line for line in stdout.splitlines() if any(word in line for word in _VERDICTS)]


def last_lines(stdout: str, count: int) -> list[str]:
    """Return the last lines with text before the recap of Ansible, without quotes and commas."""
    lines = [line.strip(' ",') for line in stdout.partition("PLAY RECAP")[0].splitlines() if line.strip(' ",]}')]
    return lines[-count:]
