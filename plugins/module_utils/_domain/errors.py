# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The one exception root of the collection. Pure: the standard library only."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence

from .text import join_sentences, log_part, shortened

_LONGEST_PROBLEM = 500
_MISTAKES_IN_TEXT = 20
_MISTAKES_IN_DETAILS = 100
# The user name and password of a URL. Greedy, since a password can hold any character, also another @.
_USERINFO = re.compile(r"(?<=://)\S*@")


class PatrolError(Exception):
    """Base class of all errors of the collection.

    Args:
        message: What happened, as one sentence without a final full stop.
        error_code: AWS's error code, botocore's exception name, or one of ours in the same style.
        organization_id, region, operation, page, account_id: Where, as far as known; pages count from 1.
        hint: What to do about it, as complete sentences.
        details: Further fields for a module's result, such as botocore's ``error`` and ``response_metadata``.
    """

    error_code = "PatrolException"
    longest_message = 600

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
        account_id: str | None = None,
    ) -> None:
        # It can contain text of the service, which must not forge a line, turn its direction, flood a log or be a
        # command of a pipeline.
        message = _USERINFO.sub("***@", message)
        self.message = log_part(shortened(message, self.longest_message))
        super().__init__(self.message)
        self.error_code = error_code or self.error_code
        self.account_id = account_id
        self.organization_id = organization_id
        self.region = region
        self.operation = operation
        self.page = page
        self.hint = None if hint is None else log_part(hint)
        self.details = details or {}

    def at(
        self,
        organization_id: str | None = None,
        region: str | None = None,
        operation: str | None = None,
        page: int | None = None,
        account_id: str | None = None,
    ) -> PatrolError:
        """Fill in where it happened. What is known already is kept.

        Args:
            organization_id, region, operation, page, account_id: As for the class.

        Returns:
            The error itself.
        """
        self.account_id = self.account_id or account_id
        self.organization_id = self.organization_id or organization_id
        self.region = self.region or region
        self.operation = self.operation or operation
        self.page = self.page or page
        return self

    def __str__(self) -> str:
        where = [
            f"{label} {log_part(str(value))}"
            for label, value in (
                ("account", self.account_id),
                ("organization", self.organization_id),
                ("region", self.region),
                ("page", self.page),
            )
            if value is not None
        ]
        text = f"{self.operation}: {self.message}" if self.operation else self.message
        if where:
            text += f" ({', '.join(where)})"
        return join_sentences(text, self.hint) if self.hint else text

    def as_result(self) -> dict[str, Any]:
        """Return the error as the fields of a module's result, and as an entry of its ``errors`` list.

        Returns:
            ``msg``, ``error_code``, ``account_id``, ``organization_id``, ``region``, ``operation``, ``page``
            and ``hint``;
            what is not known is None.
        """
        return {
            "msg": str(self),
            "error_code": self.error_code,
            "account_id": self.account_id,
            "organization_id": self.organization_id,
            "region": self.region,
            "operation": self.operation,
            "page": self.page,
            "hint": self.hint,
        }


class OptionError(PatrolError):
    """An option, condition or document that is not valid; raised before any call to the service."""

    error_code = "InvalidOptionException"


class Mistake(NamedTuple):
    """A mistake in a document: the path, the problem there, and the line and rule ID if they are known."""

    path: str
    problem: str
    line: int | None = None
    rule_id: str | None = None

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line is not None else []
        if self.rule_id is not None:
            place.append(f"rule {self.rule_id}")
        return f"{', '.join(place)}{': ' if place else ''}{self.path}: {self.problem}"


class MistakesError(OptionError):
    """All mistakes of a value or a document.

    Args:
        mistakes: At least one.
        file: The name of the file that contains them, if there is one.
    """

    longest_message = (_MISTAKES_IN_TEXT + 1) * (_LONGEST_PROBLEM + 200)

    def __init__(self, mistakes: Sequence[Mistake], file: str | None = None) -> None:
        texts = [str(mistake) for mistake in mistakes[:_MISTAKES_IN_TEXT]]
        if len(mistakes) > 1:
            texts = [f"({number}) {text}" for number, text in enumerate(texts, 1)]
        if len(mistakes) > _MISTAKES_IN_TEXT:
            texts.append(f"and {len(mistakes) - _MISTAKES_IN_TEXT} more")
        count = f"{len(mistakes)} mistakes: " if len(mistakes) > 1 else ""
        super().__init__(
            f"{f'{file}: ' if file else ''}{count}{'; '.join(texts)}",
            details={"mistakes": [mistake._asdict() for mistake in mistakes[:_MISTAKES_IN_DETAILS]]},
        )
        self.mistakes = tuple(mistakes)


def mistake(path: str, problem: str) -> MistakesError:
    """Make the error of one mistake.

    Args:
        path: The place of the mistake, such as ``select.expired`` or ``rules[2].id``.
        problem: What is wrong there and what is allowed.

    Returns:
        The error.
    """
    return MistakesError([Mistake(path, shortened(problem, _LONGEST_PROBLEM))])


class MistakeCollector:
    """Collects the mistakes of several parts, so that all of them are reported at once."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    @contextlib.contextmanager
    def collect(self) -> Iterator[None]:
        """Keep the mistakes of the part that is parsed inside the ``with`` block."""
        try:
            yield
        except MistakesError as error:
            self.mistakes += error.mistakes

    def raise_all(self) -> None:
        """Raise the collected mistakes.

        Raises:
            MistakesError: At least one mistake was collected.
        """
        if self.mistakes:
            raise MistakesError(self.mistakes)


class IndeterminateError(PatrolError):
    """A condition that cannot be judged because the service left out what it needs."""

    error_code = "IndeterminateConditionException"


class ReplyError(PatrolError):
    """A reply of the service that is incomplete or not what the service model says."""

    error_code = "MalformedResponseException"


class ServiceError(PatrolError):
    """An error that the service or the way to it reported."""


class CredentialsError(PatrolError):
    """Credentials that could not be had. It is never an error of the call that needed them."""

    error_code = "CredentialsException"

    def at(
        self,
        organization_id: str | None = None,
        region: str | None = None,
        operation: str | None = None,
        page: int | None = None,
        account_id: str | None = None,
    ) -> PatrolError:
        """Fill in the account, the organization and the region that could not be read. What is known already is kept.

        Args:
            organization_id, region, account_id: As for the class.
            operation, page: Ignored, because the credentials are not an error of a call.

        Returns:
            The error itself.
        """
        return super().at(organization_id, region, account_id=account_id)


@contextlib.contextmanager
def in_account(account_id: str | None) -> Iterator[None]:
    """Fill in the account of the errors that the block raises.

    Args:
        account_id: The ID of the account, if it is known.

    Raises:
        PatrolError: The same.
    """
    try:
        yield
    except PatrolError as error:
        error.at(account_id=account_id)
        raise


@contextlib.contextmanager
def attach_details(result: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
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
