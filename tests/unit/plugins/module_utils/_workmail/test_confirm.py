# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change is confirmed by reading the token again, and never by the reply to the change."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.confirm import UnconfirmedError, confirmed

CONFIRM = "plugins/module_utils/_workmail/confirm.py"

DENIED = PatrolError("denied", details={"response_metadata": {"http_status_code": 400}})
BROKEN = PatrolError("the connection broke")
FAILING = PatrolError("internal", details={"response_metadata": {"http_status_code": 500}})
UNREADABLE = PatrolError("it could not be read")


class Service:
    """A service whose change fails with an error, if there is one, and which shows these values one after another."""

    def __init__(self, failure: PatrolError | None, *shown: Any) -> None:
        self.failure = failure
        self.shown = list(shown)
        self.changes = 0
        self.waits: list[float] = []

    def confirm(self) -> Any:
        return confirmed(self._change, self._read, lambda value: value == "new", self.waits.append)

    def _change(self) -> None:
        self.changes += 1
        if self.failure is not None:
            raise self.failure

    def _read(self) -> Any:
        value = self.shown.pop(0)
        if isinstance(value, PatrolError):
            raise value
        return value


@pytest.mark.parametrize("failure", [None, DENIED, BROKEN, FAILING])
@guards(CONFIRM, "        failure = error\n", "        raise\n")
def test_a_visible_change_is_confirmed_even_if_its_call_failed(failure: PatrolError | None) -> None:
    service = Service(failure, "new")
    assert service.confirm() == "new"
    assert service.changes == 1 and service.waits == []


@pytest.mark.parametrize("failure", [None, BROKEN, FAILING])
@guards(CONFIRM, "return isinstance(status, int) and status < _SERVER_ERROR", "return True")
def test_a_change_that_is_visible_late_is_made_once(failure: PatrolError | None) -> None:
    service = Service(failure, "old", "old", "old", "new")
    assert service.confirm() == "new"
    assert service.changes == 1 and service.waits == [1, 2, 4]


@guards(CONFIRM, "        if failure is not None and _is_refusal(failure):")
def test_a_change_that_the_service_refused_is_not_waited_for() -> None:
    service = Service(DENIED, "old")
    with pytest.raises(PatrolError) as raised:
        service.confirm()
    assert raised.value is DENIED and service.waits == []


@pytest.mark.parametrize("failure", [None, BROKEN, FAILING])
@guards(CONFIRM, "        if done(found):", "        if True:")
def test_a_change_that_is_never_visible_is_not_confirmed(failure: PatrolError | None) -> None:
    service = Service(failure, *["old"] * 4)
    with pytest.raises(UnconfirmedError) as raised:
        service.confirm()
    assert raised.value.error is failure and service.waits == [1, 2, 4] and service.shown == []


@pytest.mark.parametrize(
    ("failure", "shown", "error"),
    [
        (None, [UNREADABLE], UNREADABLE),
        (None, ["old", UNREADABLE], UNREADABLE),
        (BROKEN, [UNREADABLE], BROKEN),
        (DENIED, [UNREADABLE], DENIED),
    ],
)
@guards(
    CONFIRM, "            raise UnconfirmedError(failure or error) from None\n", "            raise failure or error\n"
)
def test_a_change_that_cannot_be_read_is_not_confirmed(
    failure: PatrolError | None, shown: list[Any], error: PatrolError
) -> None:
    service = Service(failure, *shown)
    with pytest.raises(UnconfirmedError) as raised:
        service.confirm()
    assert raised.value.error is error
