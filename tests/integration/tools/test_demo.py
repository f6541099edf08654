# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo that ``scripts/demo`` runs: its output, which is short, and each exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scripts.support import demo
from scripts.support.environment import Environment

COLLECTION = Path(__file__).parents[3]
MOST_LINES = 200


@pytest.mark.ansible
@pytest.mark.slow
def test_the_demo_shows_each_scene_in_few_lines(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("REPORT", "RECORDS", "BASELINE", "LOG"):
        monkeypatch.setattr(demo, name, tmp_path / name.lower())
    variables = {**os.environ, **environment, **demo.SETTINGS}
    made = Environment(Path(sys.prefix), variables)
    with demo.start_emulator(made) as endpoint:
        variables["AWS_ENDPOINT_URL"] = endpoint
        demo.play(demo.Stage(made, COLLECTION, demo.LOG))
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert len(lines) <= MOST_LINES, shown
    assert "Traceback" not in shown + demo.LOG.read_text()
    for text in (
        "FAIL: 5 violations (5 high) on 170 tokens of 1 organization",
        "PASS: 0 violations on 400 tokens of 3 organizations",
        "Accounts not read because of their state: archive (345678901234) SUSPENDED",
        "FAIL: 1 violation (1 medium) on 461 tokens of 5 organizations in 2 accounts",
        "REVOKED: 5 of 5 planned",
        f"The report to open in a browser: {demo.REPORT / 'audit.html'}",
    ):
        assert text in shown, text
    # One reply was truncated.
    assert sum(line.strip().startswith("ListPersonalAccessTokens: the reply is incomplete") for line in lines) == 1
    # The audit with a baseline that knows everything passes.
    assert sum(line.strip().startswith("PASS: 0 violations on 460 tokens") for line in lines) == 1


def test_the_first_and_the_last_lines_of_a_long_output_are_shown() -> None:
    assert demo.select_lines("a\nb") == ["a", "b"]
    selected = demo.select_lines("\n".join(map(str, range(100))), 10)
    assert selected == ["0", "1", "2", "3", "4", "5", "... and 91 more lines", "97", "98", "99"]
    log = 'PLAY [x]\n\nTASK [y]\nok: [localhost] => {\n    "summary": [\n        "a \\"b\\"",\n        "c"\n    ]\n}\n'
    assert demo.select_lines(log) == ['a "b"', "c"]
