# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each guard is protected by a test: it fails in a copy of the collection that lacks the guard."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import shutil
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest
from guarding import find_guards

COLLECTION = Path(__file__).parents[2]
PRELOADED = ["ansible.plugins.loader", "boto3", "hypothesis", "pytest", "pytest_ansible.plugin", "workmail_emulator"]


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the collection in a collections tree of its own."""
    collections = tmp_path_factory.mktemp("guards") / "ansible_collections"
    collection = collections / "patrol" / "workmail"
    # Complete, because a test that lacks a file would fail with the guard as well.
    left_out = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "output")
    shutil.copytree(COLLECTION, collection, ignore=left_out)
    (collections / "amazon").symlink_to(COLLECTION.parents[1] / "amazon")
    return collection


@pytest.fixture(scope="session")
def processes(copy: Path) -> multiprocessing.context.ForkServerContext:
    """Starts processes that have imported what takes the longest, and nothing of the collection."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with pytest.MonkeyPatch.context() as patched:
        # Ansible reads it when it is imported.
        patched.setenv("ANSIBLE_COLLECTIONS_PATH", str(copy.parents[2]))
        forkserver.ensure_running()
    return context


CONDITION = re.compile(r"((?:el)?if) .*:", re.DOTALL)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each marker; a process that only imports this file does not search for them."""
    guards = find_guards(COLLECTION)
    metafunc.parametrize("guard", guards, ids=[f"{Path(guard[1]).stem}: {guard[2].strip()}" for guard in guards])


@contextlib.contextmanager
def removed(file: Path, guard: str, without: str) -> Iterator[None]:
    """Remove a guard from a file inside the block."""

    def write(content: str) -> None:
        file.write_text(content)
        # Python recognizes a stale one by its time in seconds and its size, which can be the same.
        for compiled in file.parent.glob(f"__pycache__/{file.stem}.*"):
            compiled.unlink()

    text = file.read_text()
    write(text.replace(guard, without))
    try:
        yield
    finally:
        write(text)


def run_tests(copy: Path, output: Path, *arguments: str) -> None:
    """Run pytest in this process, which ends with its exit code."""
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(copy)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(output.parent)
    sys.dont_write_bytecode = False
    sys.path[:] = [str(copy), *(entry for entry in sys.path if not Path(entry).is_relative_to(COLLECTION))]
    # One plugin collects garbage several times, and without a directory of its own, pytest removes those of other runs.
    disabled = ("cacheprovider", "unraisableexception", "xdist", "xdist.looponfail")
    options = ("-x", "-q", "--tb=native", "--ansible-unit-inject-only", f"--basetemp={output.parent / 'run'}")
    sys.exit(pytest.main([*options, *(f"-pno:{name}" for name in disabled), *arguments]))


def test_a_guard_is_protected_by_its_test(
    copy: Path, processes: multiprocessing.context.ForkServerContext, tmp_path: Path, guard: tuple[str, ...]
) -> None:
    test, file, line, *replacement = guard
    without = replacement[0] if replacement else CONDITION.sub(r"\1 False:", line, count=1)
    assert (copy / file).read_text().count(line) == 1, f"{file} has changed: update the marker of {test}"
    assert without != line
    output = tmp_path / "output.txt"
    with removed(copy / file, line, without):
        process = processes.Process(target=run_tests, args=(copy, output, test))
        process.start()
        process.join(300)
        if process.is_alive():
            process.kill()
            process.join()
    shown = output.read_text(errors="replace")
    # 1: tests ran and failed. Any other code would mean that they did not run.
    assert process.exitcode == 1, shown[-4000:]
    assert "failed" in shown.splitlines()[-1]
