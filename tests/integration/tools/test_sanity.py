# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of the part ``sanity``, and its output about tests that do not run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from guarding import guards

from scripts.support import lanes, sanity
from scripts.support.environment import Environment, Failure

RUNS = 'Running sanity test "compile" on Python 3.15'
ABSENT = 'WARNING: Skipping sanity test "compile" on Python 3.9 because it could not be found.'


@pytest.fixture
def check_sanity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs the part with a program in place of ansible-test that prints lines, and a requirement of pylint."""
    package = tmp_path / "lib/ansible_test"
    (package / "_internal").mkdir(parents=True)
    (package / "_data/requirements").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "_internal/python_requirements.py").write_text("pip='1.2',\n")
    (package / "_data/requirements/sanity.compile.txt").write_text("")
    cache = tmp_path / ".ansible/test/cache"
    cache.mkdir(parents=True)
    (cache / "get_pip_1_2.py").write_text("")
    monkeypatch.setattr(sanity, "HOME", tmp_path)
    program = tmp_path / "bin/ansible-test"
    program.parent.mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    variables = {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": f"{tmp_path / 'lib'}"}

    def call(*lines: str, pylint: str = "", code: int = 0) -> None:
        (package / "_data/requirements/sanity.pylint.txt").write_text(f"isort==9.0.1\n{pylint}\n")
        output = "\n".join(lines)
        program.write_text(f"#!/bin/sh\necho \"arguments: $*\"\ncat <<'END'\n{output}\nEND\nexit {code}\n")
        program.chmod(0o755)
        sanity.check_sanity(Environment(tmp_path, variables), tmp_path)

    return call


def test_a_test_whose_package_is_not_on_the_index_is_named(
    check_sanity: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://github.example/dill/archive/1.zip"
    check_sanity(RUNS, pylint=f"dill @ {url}#sha256=12")
    reason = f"because it needs dill from {url}, which is not on the package index"
    output = capsys.readouterr().out
    assert f"Not run: the sanity test pylint, {reason}\n" in output
    assert "arguments: sanity --color no --skip-test pylint\n" in output
    check_sanity(RUNS, pylint="dill==0.4.1")
    output = capsys.readouterr().out
    assert "Not run" not in output and "--skip-test" not in output


@guards("scripts/support/sanity.py", "    if not started and (missing_packages or missing):")
def test_it_fails_if_no_test_can_run(check_sanity: Callable[..., None]) -> None:
    with pytest.raises(Failure, match="^ansible-test ran no test$"):
        check_sanity(pylint="dill @ https://github.example/1.zip")
    with pytest.raises(Failure, match="^ansible-test ran no test$"):
        check_sanity(ABSENT)


@guards("scripts/support/sanity.py", "    if run.wait() != 0:")
@guards("scripts/support/sanity.py", "    if skipped:")
def test_it_fails_if_ansible_test_fails_or_skips_a_test(
    check_sanity: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Failure, match="^ansible-test sanity failed$"):
        check_sanity(RUNS, code=1)
    with pytest.raises(Failure, match="skipped tests: WARNING: Required program"):
        check_sanity(RUNS, 'WARNING: Required program "shellcheck" not found.')
    check_sanity(RUNS, ABSENT, 'WARNING: Skipping sanity test "pylint" on Python 3.8 because it is unsupported.')
    assert "because this machine does not have the interpreter: Python 3.9\n" in capsys.readouterr().out
    check_sanity(
        RUNS, 'WARNING: Skipping sanity test "yamllint" on Python 3.15 due to missing libyaml support in PyYAML.'
    )
    assert "Not run: the sanity test yamllint on Python 3.15, because PyYAML has no wheel" in capsys.readouterr().out


def test_the_summary_names_what_a_part_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lanes, "LOGS", tmp_path)
    log = ["Not run: the sanity test pylint, because", RUNS, "Not checked, because: Python 3.9", "Left out: Python 3.8"]
    (tmp_path / "sanity.log").write_text("\n".join([*log, *log]))
    lanes._Run(Environment(tmp_path, {}), ["sanity"], 1).report("sanity", 0, 2.0)
    assert capsys.readouterr().out == "\n  ".join(["[1/1] ok sanity, 2 s", *log[:1], *log[2:]]) + "\n"
