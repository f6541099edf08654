# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The one exception root of the collection. Pure: the standard library only."""

from __future__ import annotations

import contextlib
import difflib
import reprlib
from typing import Any, Callable, Iterable, Iterator, Mapping

_LONGEST_MESSAGE = 600


class PatrolError(Exception):
    """Anything that kept the collection from giving a whole and true answer.

    Args:
        message: What happened, as one sentence without a final full stop.
        error_code: AWS's error code, botocore's exception name, or one of ours in the same style.
        organization_id, region, operation, page: Where, as far as known; pages count from 1.
        hint: What to do about it, as whole sentences.
        details: Further fields for a module's result, such as botocore's C(error) and C(response_metadata).
    """

    error_code = "PatrolException"

    def __init__(
        self,
        message: str,
        error_code: str | None = None,
        organization_id: str | None = None,
        region: str | None = None,
        operation: str | None = None,
        page: int | None = None,
        hint: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        # The service's own words can be among it: they are not to forge a line, turn its direction or flood a log.
        shown = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."
        self.message = "".join(character if character.isprintable() else "?" for character in shown)
        super().__init__(self.message)
        self.error_code = error_code or self.error_code
        self.organization_id = organization_id
        self.region = region
        self.operation = operation
        self.page = page
        self.hint = hint
        self.details = details or {}

    def at(
        self,
        organization_id: str | None = None,
        region: str | None = None,
        operation: str | None = None,
        page: int | None = None,
    ) -> PatrolError:
        """Fill in where it happened, keeping what is known already; returns the error itself."""
        self.organization_id = self.organization_id or organization_id
        self.region = self.region or region
        self.operation = self.operation or operation
        self.page = self.page or page
        return self

    def __str__(self) -> str:
        where = [
            f"{label} {value}"
            for label, value in (
                ("organization", self.organization_id),
                ("region", self.region),
                ("page", self.page),
            )
            if value is not None
        ]
        text = f"{self.operation}: {self.message}" if self.operation else self.message
        if where:
            text += f" ({', '.join(where)})"
        return f"{text}. {self.hint}" if self.hint else text

    def as_result(self) -> dict[str, Any]:
        """The error as the fields of a module's result, and as an entry of its C(errors) list.

        Returns:
            C(msg), C(error_code), C(organization_id), C(region), C(operation), C(page) and C(hint);
            what is not known is None.
        """
        return {
            "msg": str(self),
            "error_code": self.error_code,
            "organization_id": self.organization_id,
            "region": self.region,
            "operation": self.operation,
            "page": self.page,
            "hint": self.hint,
        }


class OptionError(PatrolError):
    """An option, condition or document that is not valid; raised before any call to the service."""

    error_code = "InvalidOptionException"


class IndeterminateError(PatrolError):
    """A condition that cannot be judged because the service left out the time it needs."""

    error_code = "IndeterminateConditionException"


class ReplyError(PatrolError):
    """A reply of the service that is not whole or not what the service model says."""

    error_code = "MalformedResponseException"


class ServiceError(PatrolError):
    """An error that the service or the way to it reported."""


@contextlib.contextmanager
def telling(result: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
    """Put what was done into the error that ends it.

    Args:
        result: Says what was done.

    Raises:
        PatrolError: The same, with the result among its details.
    """
    try:
        yield
    except PatrolError as error:
        error.details = {**error.details, **result()}
        raise


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 120


def shown(value: object) -> str:
    """A value for an error's text, cut where it is long."""
    return _short.repr(value)


def nearest(name: object, known: Iterable[str]) -> str:
    """Say which known name was probably meant.

    Returns:
        C(, did you mean NAME?) for the nearest of the known names, or an empty string where none is near.
    """
    near = difflib.get_close_matches(str(name), list(known), 1)
    return f", did you mean {near[0]}?" if near else ""
