# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The exceptions of the collection, which have one base class. Pure: the standard library only."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence

from .text import join_sentences, log_part, shortened

_LONGEST_PROBLEM = 500
_MISTAKES_IN_TEXT = 20
_MISTAKES_IN_DETAILS = 100
# The user name and password of a URL. Greedy, because a password can contain any character, including @.
_USERINFO = re.compile(r"(?<=://)\S*@")


class PatrolError(Exception):
    """Base class of all errors of the collection.

    Args:
        message: The problem, as one sentence without a final full stop.
        error_code: An error code of AWS, the name of an exception of botocore, or a code of this collection.
        organization_id, region, operation, page, account_id: The place of the error, or None for each part that is not
            known. The first page is 1.
        hint: The suggested fix, as complete sentences.
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
        # The message can contain text of the service. That text must not add a line to a log, reverse the direction of
        # writing, flood a log or run a command of a CI pipeline.
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
        """Add the place of the error. Parts that are already known are not changed.

        Args:
            organization_id, region, operation, page, account_id: See the class.

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
        """Return the error as fields of the result of a module, or as an entry of its list ``errors``.

        Returns:
            ``msg``, ``error_code``, ``account_id``, ``organization_id``, ``region``, ``operation``, ``page`` and
            ``hint``. A field without a value is None.
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
    """The error of an option, condition or document that is not valid."""

    error_code = "InvalidOptionException"


class Mistake(NamedTuple):
    """A mistake in a document: its path, the problem, and the line and the rule ID if they are known."""

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
    """The error that reports all mistakes in a value or a document.

    Args:
        mistakes: The mistakes, at least one.
        file: The name of the file that contains the mistakes, or None if they are not in a file.
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
    """Make the error that reports one mistake.

    Args:
        path: The place of the mistake, such as ``select.expired`` or ``rules[2].id``.
        problem: The problem and the allowed values.

    Returns:
        The error.
    """
    return MistakesError([Mistake(path, shortened(problem, _LONGEST_PROBLEM))])


class MistakeCollector:
    """A collector of the mistakes of several parts, which are then reported in one error."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    @contextlib.contextmanager
    def collect(self) -> Iterator[None]:
        """Collect the mistakes that the ``with`` block raises."""
        try:
            yield
        except MistakesError as error:
            self.mistakes += error.mistakes

    def raise_all(self) -> None:
        """Raise one error for all collected mistakes, if there are any.

        Raises:
            MistakesError: At least one mistake was collected.
        """
        if self.mistakes:
            raise MistakesError(self.mistakes)


class IndeterminateError(PatrolError):
    """The error of a condition that cannot be evaluated, because the reply of the service lacks a required value."""

    error_code = "IndeterminateConditionException"


class ReplyError(PatrolError):
    """The error of a reply that is incomplete or does not match the service model."""

    error_code = "MalformedResponseException"


class ServiceError(PatrolError):
    """An error of the service, of the network or of botocore."""


class CredentialsError(PatrolError):
    """The error of credentials that could not be obtained. It does not name the call that needed them."""

    error_code = "CredentialsException"

    def at(
        self,
        organization_id: str | None = None,
        region: str | None = None,
        operation: str | None = None,
        page: int | None = None,
        account_id: str | None = None,
    ) -> PatrolError:
        """Add the account, the organization and the region that could not be read.

        Args:
            organization_id, region, account_id: See the class.
            operation, page: Ignored, because the error is not about a call.

        Returns:
            The error itself.
        """
        return super().at(organization_id, region, account_id=account_id)


@contextlib.contextmanager
def in_account(account_id: str | None) -> Iterator[None]:
    """Add the account to each error that the block raises.

    Args:
        account_id: The ID of the account, or None if it is not known.

    Raises:
        PatrolError: The error of the block.
    """
    try:
        yield
    except PatrolError as error:
        error.at(account_id=account_id)
        raise


@contextlib.contextmanager
def attach_details(result: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
    """Add the result so far to the details of an error that the block raises.

    Args:
        result: Returns the result so far.

    Raises:
        PatrolError: The error of the block, with the result in its details.
    """
    try:
        yield
    except PatrolError as error:
        error.details = {**error.details, **result()}
        raise
