# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role audit and its reports: files of other people, earlier runs, check mode, and errors that name the variable."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from workmail_emulator import Emulator

Playbook = Callable[..., subprocess.CompletedProcess[str]]

BOOK = "patrol.workmail.audit"
MILD = {"version": 1, "fail_on": "high", "rules": [{"id": "forever", "severity": "low", "when": {"has_expiry": False}}]}


def test_x(emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    run = ansible_playbook(BOOK, extra={"audit_report_dir": "reports", "audit_report_formats": "json,sarif, text"})
    print(run.stdout, run.stderr)
    print(*(tmp_path / "reports").iterdir())
    print((tmp_path / "reports/audit.txt").read_text())
    run = ansible_playbook(
        "-D",
        "-C",
        BOOK,
        extra={"audit_report_dir": "reports", "audit_report_formats": "text", "audit_policy": "nofile.yml"},
    )
    print(run.stdout, run.stderr)
    assert 0
