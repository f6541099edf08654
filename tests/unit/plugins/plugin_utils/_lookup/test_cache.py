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
WHOLE = Answer([{"name": "á", "scopes": None, "age_days": 1.5}], ["Passed over, not found: user ana"], True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path / "cache"


class Service:
    """Counts how often it is asked."""

    def __init__(self, answer: Answer = WHOLE) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self) -> Answer:
        self.asked += 1
        return self.answer


def test_the_same_is_fetched_once(folder: Path) -> None:
    service = Service()
    assert [load_or_fetch(OPTIONS, service, folder) for _time in range(3)] == [WHOLE] * 3
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
def test_something_else_is_fetched(folder: Path, other: dict[str, Any]) -> None:
    service = Service()
    for options in (OPTIONS, other):
        load_or_fetch(options, service, folder)
    assert service.asked == 2


@guards("plugins/plugin_utils/_lookup/cache.py", ", _aws_environment()]", "]")
def test_so_is_the_same_as_somebody_else(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    load_or_fetch(OPTIONS, service, folder)
    monkeypatch.setenv("AWS_PROFILE", "other")
    load_or_fetch(OPTIONS, service, folder)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        (tmp_path / name).write_text("[default]\n")
        load_or_fetch(OPTIONS, service, folder)
    assert service.asked == 4


@guards("plugins/plugin_utils/_lookup/cache.py", "if answer.complete:", "if True:")
def test_what_is_not_whole_is_not_kept(folder: Path) -> None:
    service = Service(WHOLE._replace(complete=False))
    for _time in range(2):
        load_or_fetch(OPTIONS, service, folder)
    assert service.asked == 2


def test_neither_is_an_error(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        load_or_fetch(OPTIONS, lambda: Answer([{"name": 1 // 0}], [], True), folder)
    assert load_or_fetch(OPTIONS, Service(), folder) == WHOLE


@pytest.mark.parametrize("spoilt", [b"", b"[[", b"\xff", b"[]", b"{}", b"[1, []]", b"[[], 1]", b"[[], [], []]"])
@guards(
    "plugins/plugin_utils/_lookup/cache.py", "    if not isinstance(records, list) or not isinstance(warnings, list):"
)
def test_what_is_spoilt_is_fetched_anew(folder: Path, spoilt: bytes) -> None:
    load_or_fetch(OPTIONS, Service(), folder)
    (path,) = folder.glob("*.json")
    path.write_bytes(spoilt)
    service = Service()
    assert load_or_fetch(OPTIONS, service, folder) == WHOLE
    assert service.asked == 1


@guards(
    "plugins/plugin_utils/_lookup/cache.py",
    "        path.unlink(missing_ok=True)\n\n\ndef _refusal_file",
    "        pass\n\n\ndef _refusal_file",
)
def test_what_was_forgotten_is_fetched_anew(folder: Path) -> None:
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
def test_so_is_what_was_forgotten_on_its_way(folder: Path) -> None:
    def fetch() -> Answer:
        forget_answers(folder)
        return WHOLE

    assert load_or_fetch(OPTIONS, fetch, folder) == WHOLE
    service = Service()
    load_or_fetch(OPTIONS, service, folder)
    assert service.asked == 1


def asked_at_once(folder: Path, count: int, meanwhile: Callable[[Any], None]) -> list[Answer]:
    """What processes are answered that ask the same at once; C(meanwhile) has the queue into which fetches begin."""
    context = multiprocessing.get_context("fork")
    began, answers = context.Queue(), context.Queue()
    ready, gate = context.Barrier(count + 1), context.Event()

    def fetch() -> Answer:
        began.put("one")
        gate.wait(30)
        return WHOLE

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


def test_what_is_forgotten_while_others_wait_is_fetched_anew(folder: Path) -> None:
    assert asked_at_once(folder, 3, lambda began: forget_answers(folder)) == [WHOLE] * 3


@guards("plugins/plugin_utils/_lookup/cache.py", "        _refusal_file(folder).touch()\n", "        pass\n")
def test_nothing_is_kept_while_a_change_goes_on(folder: Path) -> None:
    service = Service()
    load_or_fetch(OPTIONS, service, folder)
    forget_answers(folder, ongoing=True)
    assert [load_or_fetch(OPTIONS, service, folder) for _time in range(2)] == [WHOLE] * 2
    assert service.asked == 3
    assert not list(folder.glob("*.json"))


@guards("plugins/plugin_utils/_lookup/cache.py", "mkdir(mode=0o700, ", "mkdir(")
def test_nobody_else_can_read_it(folder: Path) -> None:
    load_or_fetch(OPTIONS, Service(), folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    (path,) = folder.glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "hush" not in "".join(each.name + each.read_text() for each in folder.iterdir())


def test_nothing_is_left_of_a_fetch_that_fails(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        load_or_fetch(OPTIONS, lambda: Answer([{"name": 1 // 0}], [], True), folder)
    load_or_fetch(OPTIONS, Service(WHOLE._replace(complete=False)), folder)
    assert [path.suffix for path in folder.iterdir()] == [".lock"]


def test_processes_wait_for_the_first(folder: Path) -> None:
    def nobody_else(began: Any) -> None:
        with pytest.raises(queue.Empty):
            began.get(timeout=0.5)

    assert asked_at_once(folder, 3, nobody_else) == [WHOLE] * 3


def test_late_values_become_plain_ones() -> None:
    class Late(dict[str, Any]):
        def items(self) -> Any:
            return [("name", "now")]

    class Text(str):
        __slots__ = ()

    value = to_plain_data({"select": Late(name="later"), "users": (Text("ana"), 1, None)})
    assert value == {"select": {"name": "now"}, "users": ["ana", 1, None]}
    assert value["select"].__class__ is dict and value["users"][0].__class__ is str
