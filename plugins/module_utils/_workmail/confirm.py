# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Changes that are confirmed by reading. Pure: it gets the functions that make calls."""

from __future__ import annotations

from typing import Callable, Mapping, TypeVar

from .._domain.errors import PatrolError

# Seconds between the readings of a change that does not show yet.
WAITS = (1, 2, 4)

_SERVER_ERROR = 500

Value = TypeVar("Value")


class UnconfirmedError(Exception):
    """It is not known whether a change was made.

    Args:
        error: The error of the change, or else that of the reading. None if neither failed, but the change does not
            show.
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
    """Make a change, then read until it shows.

    A connection can break after the service has done its work, and a reply says nothing. Only reading confirms.

    Args:
        change: Makes the change.
        read: Reads what was to be changed.
        done: Returns whether the change shows in what was read.
        sleep: Waits for a number of seconds.

    Returns:
        What was read once the change shows.

    Raises:
        PatrolError: The service refused the change, and it was not made.
        UnconfirmedError: The change does not show, or could not be read, and may have been made.
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
    """Return whether the service refused the request itself, so that it does not make the change later."""
    metadata = error.details.get("response_metadata")
    status = metadata.get("http_status_code") if isinstance(metadata, Mapping) else None
    return isinstance(status, int) and status < _SERVER_ERROR
