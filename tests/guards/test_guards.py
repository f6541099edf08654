# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each guard is protected by a test: it fails in a copy of the collection that lacks the guard."""

from __future__ import annotations

import ast
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

COLLECTION = Path(__file__).parents[2]
PRELOADED = ["ansible.plugins.loader", "boto3", "hypothesis", "pytest", "pytest_ansible.plugin", "workmail_emulator"]


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the collection in a collections tree of its own."""
    collections = tmp_path_factory.mktemp("guards") / "ansible_collections"
    collection = collections / "patrol" / "workmail"
    collection.mkdir(parents=True)
    for name in ("galaxy.yml", "pyproject.toml", "README.md"):
        shutil.copy2(COLLECTION / name, collection)
    for name in ("docs", "extensions", "meta", "playbooks", "plugins", "policies", "roles", "scripts", "tests"):
        shutil.copytree(COLLECTION / name, collection / name, ignore=shutil.ignore_patterns("__pycache__", "output"))
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


def marked(file: Path) -> list[tuple[str, ...]]:
    """Find the tests with the decorator ``guards``: the ID of each test, followed by the arguments of the decorator."""
    module = ast.parse(file.read_text())
    constants = {
        ast.unparse(statement.targets[0]): statement.value.value
        for statement in module.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    }

    def found(tree: ast.AST, path: str) -> Iterator[tuple[str, ...]]:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.ClassDef):
                yield from found(node, f"{path}::{node.name}")
            elif isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "guards":
                        assert not decorator.keywords, f"{path}::{node.name}: give the arguments of guards by position"
                        values = (constants.get(ast.unparse(argument), argument) for argument in decorator.args)
                        literals = (value if isinstance(value, str) else ast.literal_eval(value) for value in values)
                        yield f"{path}::{node.name}", *literals

    return list(found(module, file.relative_to(COLLECTION).as_posix()))


CONDITION = re.compile(r"((?:el)?if) .*:", re.DOTALL)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each marker; a process that only imports this file does not search for them."""
    guards = [guard for file in sorted((COLLECTION / "tests").rglob("test_*.py")) for guard in marked(file)]
    ids = [f"{Path(guard[1]).stem}: {guard[2].strip()}" for guard in guards]
    metafunc.parametrize("guard", guards, ids=ids)


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


def test_its_test_fails_without_a_guard(
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
