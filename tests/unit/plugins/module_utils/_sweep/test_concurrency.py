# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import threading

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.concurrency import WorkerPool


def test_results_are_in_the_order_of_the_items() -> None:
    turn = threading.Barrier(3, timeout=30)

    def call(number: int) -> int:
        turn.wait()  # All three have to be under way at once.
        return number * number

    assert WorkerPool(3, False).each(call, [3, 1, 2]) == [9, 1, 4]


def test_no_items_give_no_results() -> None:
    assert WorkerPool(3, False).each(abs, []) == []


def test_concurrency_is_limited() -> None:
    lock, under_way, most = threading.Lock(), [0], [0]

    def call(_item: int) -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        with lock:
            under_way[0] -= 1

    WorkerPool(2, False).each(call, range(50))
    assert most[0] <= 2


@guards("plugins/module_utils/_sweep/concurrency.py", "        if not self._keep_going:\n            raise error\n", "")
def test_a_failure_ends_all_calls() -> None:
    calls = WorkerPool(1, False)
    called = []

    def call(number: int) -> int:
        called.append(number)
        raise PatrolError(f"no {number}")

    with pytest.raises(PatrolError, match="no 0"):
        calls.each(call, range(100))
    assert calls.stopped()
    assert len(called) < 100


def test_keep_going_returns_results_and_errors() -> None:
    calls = WorkerPool(4, True)

    def call(number: int) -> int:
        if number % 2:
            raise PatrolError(f"no {number}")
        return number

    assert calls.each(call, range(5)) == [0, None, 2, None, 4]
    assert [str(error) for error in calls.errors] == ["no 1", "no 3"]
    assert not calls.stopped()


def test_other_exceptions_are_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        WorkerPool(2, True).each(lambda number: 1 // number, [1, 0])


def test_no_thread_is_left_running() -> None:
    before = threading.active_count()
    WorkerPool(8, True).each(abs, range(100))
    with pytest.raises(PatrolError):
        WorkerPool(8, False).each(_fail, range(100))
    assert threading.active_count() == before


def _fail(number: int) -> None:
    raise PatrolError(f"no {number}")


def test_no_call_starts_after_a_failure() -> None:
    failed = threading.Event()
    called = []

    def call(number: int) -> None:
        called.append(number)
        if number == 0:
            failed.set()
            raise PatrolError("no 0")
        assert failed.wait(30)

    with pytest.raises(PatrolError, match="no 0"):
        WorkerPool(2, False).each(call, range(1000))
    assert len(called) < 1000


@guards(
    "plugins/module_utils/_sweep/concurrency.py",
    ("        except BaseException:\n            self._stop.set()\n            raise\n"),
    ("        finally:\n            pass\n"),
)
def test_an_interrupt_does_not_wait_for_calls() -> None:
    answered = threading.Event()
    under_way = threading.Barrier(2, timeout=30)
    calls = WorkerPool(2, True)

    def call(number: int) -> None:
        under_way.wait()
        if number == 1:
            os.kill(os.getpid(), signal.SIGINT)
        answered.wait(30)

    # A process in the background can begin with interrupts ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            calls.each(call, [0, 1])
        assert calls.stopped() and not answered.is_set()
    finally:
        answered.set()
        signal.signal(signal.SIGINT, before)
