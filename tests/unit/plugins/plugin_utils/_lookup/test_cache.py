# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.plugin_utils._lookup.cache import (
    Answer,
    forget_answers,
    load_or_fetch,
    to_plain_data,
)

OPTIONS: dict[str, Any] = {"organizations": ["acme"], "select": {"name": ["a*"]}, "secret_key": "hush"}
COMPLETE = Answer(
    [{"name": "á", "scopes": None, "age_days": 1.5}], ["Skipped, because it does not exist: user ana"], True
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path / "cache"


class Service:
    """Counts how often it is asked."""

    def __init__(self, answer: Answer = COMPLETE) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self) -> Answer:
        self.asked += 1
        return self.answer


def test_the_same_lookup_is_fetched_once(folder: Path) -> None:
    service = Service()
    assert [load_or_fetch(OPTIONS, service, folder) for _time in range(3)] == [COMPLETE] * 3
    assert service.asked == 1


@pytest.mark.parametrize(
    "other",
    [
        {**OPTIONS, "organizations": ["globex"]},
        {**OPTIONS, "organizations": None},
        {**OPTIONS, "select": {"name": ["a*", "b*"]}},
        {**OPTIONS, "select": {"not": {"name": ["a*"]}}},
        {**OPTIONS, "secret_key": "other"},
        {**OPTIONS, "page_size": "1"},
    ],
)
@guards("plugins/plugin_utils/_lookup/cache.py", "_digest([options, ", "_digest([")
def test_a_lookup_with_other_options_is_fetched(folder: Path, other: dict[str, Any]) -> None:
    service = Service()
    for options in (OPTIONS, other):
        load_or_fetch(options, service, folder)
    assert service.asked == 2


@guards("plugins/plugin_utils/_lookup/cache.py", ", _aws_environment()]", "]")
def test_the_same_lookup_with_other_credentials_is_fetched(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()
    load_or_fetch(OPTIONS, service, folder)
    monkeypatch.setenv("AWS_PROFILE", "other")
    load_or_fetch(OPTIONS, service, folder)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        (tmp_path / name).write_text("[default]\n")
        load_or_fetch(OPTIONS, service, folder)
    assert service.asked == 4


@guards("plugins/plugin_utils/_lookup/cache.py", "if answer.complete:", "if True:")
def test_an_incomplete_answer_is_not_cached(folder: Path) -> None:
    service = Service(COMPLETE._replace(complete=False))
    for _time in range(2):
        load_or_fetch(OPTIONS, service, folder)
    assert service.asked == 2


def test_an_error_is_not_cached(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        load_or_fetch(OPTIONS, lambda: Answer([{"name": 1 // 0}], [], True), folder)
    assert load_or_fetch(OPTIONS, Service(), folder) == COMPLETE


@pytest.mark.parametrize("corrupt", [b"", b"[[", b"\xff", b"[]", b"{}", b"[1, []]", b"[[], 1]", b"[[], [], []]"])
@guards(
    "plugins/plugin_utils/_lookup/cache.py", "    if not isinstance(records, list) or not isinstance(warnings, list):"
)
def test_a_corrupt_answer_is_fetched_again(folder: Path, corrupt: bytes) -> None:
    load_or_fetch(OPTIONS, Service(), folder)
    (path,) = folder.glob("*.json")
    path.write_bytes(corrupt)
    service = Service()
    assert load_or_fetch(OPTIONS, service, folder) == COMPLETE
    assert service.asked == 1


@guards(
    "plugins/plugin_utils/_lookup/cache.py",
    "        path.unlink(missing_ok=True)\n\n\ndef _refusal_file",
    "        pass\n\n\ndef _refusal_file",
)
def test_a_forgotten_answer_is_fetched_again(folder: Path) -> None:
    service = Service()
    load_or_fetch(OPTIONS, service, folder)
    forget_answers(folder)
    load_or_fetch(OPTIONS, service, folder)
    assert service.asked == 2


@guards(
    "plugins/plugin_utils/_lookup/cache.py",
    "        os.replace(file.name, path)\n",
    ("        path.parent.mkdir(exist_ok=True)\n        path.write_text(json.dumps(answer[:2]))\n"),
)
def test_an_answer_forgotten_while_it_is_fetched_is_fetched_again(folder: Path) -> None:
    def fetch() -> Answer:
        forget_answers(folder)
        return COMPLETE

    assert load_or_fetch(OPTIONS, fetch, folder) == COMPLETE
    service = Service()
    load_or_fetch(OPTIONS, service, folder)
    assert service.asked == 1


def ask_concurrently(folder: Path, count: int, meanwhile: Callable[[Any], None]) -> list[Answer]:
    """Answer processes with the same lookup. ``meanwhile`` gets the queue into which each fetch puts an entry."""
    context = multiprocessing.get_context("fork")
    began, answers = context.Queue(), context.Queue()
    ready, gate = context.Barrier(count + 1), context.Event()

    def fetch() -> Answer:
        began.put("one")
        gate.wait(30)
        return COMPLETE

    def ask() -> None:
        ready.wait(30)
        answers.put(load_or_fetch(OPTIONS, fetch, folder))

    processes = [context.Process(target=ask) for _number in range(count)]
    for process in processes:
        process.start()
    ready.wait(30)
    assert began.get(timeout=30) == "one"
    meanwhile(began)
    gate.set()
    found = [answers.get(timeout=30) for _process in processes]
    for process in processes:
        process.join(30)
    return found


def test_an_answer_forgotten_while_others_wait_is_fetched_again(folder: Path) -> None:
    assert ask_concurrently(folder, 3, lambda began: forget_answers(folder)) == [COMPLETE] * 3


@guards("plugins/plugin_utils/_lookup/cache.py", "        _refusal_file(folder).touch()\n", "        pass\n")
def test_nothing_is_cached_during_a_change(folder: Path) -> None:
    service = Service()
    load_or_fetch(OPTIONS, service, folder)
    forget_answers(folder, ongoing=True)
    assert [load_or_fetch(OPTIONS, service, folder) for _time in range(2)] == [COMPLETE] * 2
    assert service.asked == 3
    assert not list(folder.glob("*.json"))


@guards("plugins/plugin_utils/_lookup/cache.py", "mkdir(mode=0o700, ", "mkdir(")
def test_only_the_user_can_read_the_cache(folder: Path) -> None:
    load_or_fetch(OPTIONS, Service(), folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    (path,) = folder.glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "hush" not in "".join(each.name + each.read_text() for each in folder.iterdir())


def test_a_failed_fetch_leaves_no_file(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        load_or_fetch(OPTIONS, lambda: Answer([{"name": 1 // 0}], [], True), folder)
    load_or_fetch(OPTIONS, Service(COMPLETE._replace(complete=False)), folder)
    assert [path.suffix for path in folder.iterdir()] == [".lock"]


def test_processes_wait_for_the_first_to_fetch(folder: Path) -> None:
    def nobody_else(began: Any) -> None:
        with pytest.raises(queue.Empty):
            began.get(timeout=0.5)

    assert ask_concurrently(folder, 3, nobody_else) == [COMPLETE] * 3


def test_late_values_become_plain_data() -> None:
    class Late(dict[str, Any]):
        def items(self) -> Any:
            return [("name", "now")]

    class Text(str):
        __slots__ = ()

    value = to_plain_data({"select": Late(name="later"), "users": (Text("ana"), 1, None)})
    assert value == {"select": {"name": "now"}, "users": ["ana", 1, None]}
    assert value["select"].__class__ is dict and value["users"][0].__class__ is str
