# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Changes that are confirmed by reading. Pure: the functions that make calls are arguments."""

from __future__ import annotations

from typing import Callable, Mapping, TypeVar

from .._domain.errors import PatrolError

# Seconds to wait before each further reading, while the change is not visible.
WAITS = (1, 2, 4)

_SERVER_ERROR = 500

Value = TypeVar("Value")


class UnconfirmedError(Exception):
    """The error of a change of which it is not known whether it was made.

    Args:
        error: The error of the change, or of the reading if the change did not fail. None if neither failed, but the
            change is not visible.
    """

    def __init__(self, error: PatrolError | None) -> None:
        super().__init__(str(error))
        self.error = error


def confirmed(
    change: Callable[[], object],
    read: Callable[[], Value],
    done: Callable[[Value], bool],
    sleep: Callable[[float], None],
) -> Value:
    """Make a change, then read until the change is visible.

    Only reading confirms a change: a connection can break after the service made the change, and the replies to a
    change do not contain its result.

    Args:
        change: Makes the change.
        read: Reads the changed resource.
        done: Returns whether the change is visible in the result of ``read``.
        sleep: Waits for a number of seconds.

    Returns:
        The result of ``read`` in which the change is visible.

    Raises:
        PatrolError: The service refused the change, and it was not made.
        UnconfirmedError: The change may have been made, but it is not visible, or reading failed.
    """
    failure: PatrolError | None = None
    try:
        change()
    except PatrolError as error:
        failure = error
    for wait in (*WAITS, 0):
        try:
            found = read()
        except PatrolError as error:
            raise UnconfirmedError(failure or error) from None
        if done(found):
            return found
        if failure is not None and _is_refusal(failure):
            raise failure
        if wait:
            sleep(wait)
    raise UnconfirmedError(failure)


def _is_refusal(error: PatrolError) -> bool:
    """Return whether the service refused the request. If it did, it does not make the change later."""
    metadata = error.details.get("response_metadata")
    status = metadata.get("http_status_code") if isinstance(metadata, Mapping) else None
    return isinstance(status, int) and status < _SERVER_ERROR
