# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Strict reading of the service's replies.

botocore silently mistakes a truncated, empty, foreign or miscased reply for an empty page. Here the raw body of each
reply is read before botocore's own parser sees it, and checked against the service model. Whatever could hide an entry
is an error.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, Container, Iterable, NoReturn

from .._domain.errors import ReplyError
from .._domain.strict_json import parse_json
from .._domain.text import quoted
from .._domain.times import from_epoch_seconds
from .._domain.tokens import TOKEN_FIELDS
from .errors import FOREIGN_REPLY

# The edges refuse to run without botocore.
with contextlib.suppress(ImportError):
    from botocore import xform_name

# For each operation in use, what its reply must hold: without these an answer says nothing.
_ESSENTIAL = {
    "DescribeIdentityProviderConfiguration": ("AuthenticationMode",),
    "DescribeOrganization": ("OrganizationId", "State"),
    "DescribeUser": ("UserId",),
    "GetPersonalAccessTokenMetadata": ("PersonalAccessTokenId",),
    "ListAccounts": ("Accounts",),
    "ListAccountsForParent": ("Accounts",),
    "ListOrganizationalUnitsForParent": ("OrganizationalUnits",),
    "ListOrganizations": ("OrganizationSummaries",),
    "ListPersonalAccessTokens": ("PersonalAccessTokenSummaries",),
    "ListUsers": ("Users",),
}
_ESSENTIAL_IN_ITEM = {
    "ListAccounts": ("Id",),
    "ListAccountsForParent": ("Id",),
    "ListOrganizationalUnitsForParent": ("Id",),
    "ListOrganizations": ("OrganizationId", "State"),
    "ListPersonalAccessTokens": (),
    "ListUsers": ("Id",),
}
_OF_AWS_ORGANIZATIONS = ("ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent")
_OPERATIONS = {
    "workmail": tuple(operation for operation in _ESSENTIAL if operation not in _OF_AWS_ORGANIZATIONS),
    "organizations": _OF_AWS_ORGANIZATIONS,
}
_OF_TOKENS = ("GetPersonalAccessTokenMetadata", "ListPersonalAccessTokens")

# Fields beside the content which say that the reply is an error, or that the listing has more entries. AWS may add
# other fields to a reply at any time; these would contradict the content. The second pattern is for listings only: a
# token itself may get a status or a type one day.
_ERROR_FIELD = re.compile(r"_+type|messages?|.*(?:error|exception|fault).*", re.I)
_CONTRADICTION = re.compile(
    r"type|(?:status)?code|status|reason|.*(?:fail|next|marker|cursor|continu|truncat|partial|more).*", re.I
)
_ERROR_HEADER = "x-amzn-errortype"

# How deep the value of a field that this collection does not read can be nested: JSON of any depth is a way to exhaust
# whatever reads the result later.
_DEEPEST = 32


def read_strictly(client: Any) -> None:
    """Make a boto3 client read the replies of the operations in use strictly.

    Afterward these operations return what the service sent under its API names, checked against the service model:
    times in microseconds since the epoch. Fields of a token that are new to this collection are kept under their
    snake_case names. A reply that is incomplete or not from the service raises ReplyError out of the client's method.

    Args:
        client: A client of WorkMail, or of AWS Organizations. Clients of other services stay as they are.
    """
    model = client.meta.service_model
    for operation in _OPERATIONS.get(model.service_name, ()):
        reader = _Reader(operation, model.operation_model(operation).output_shape)
        client.meta.events.register(f"before-parse.{model.service_name}.{operation}", reader)


class _Reader:
    """A handler of botocore's before-parse event for one operation."""

    def __init__(self, operation: str, shape: Any) -> None:
        self._essential = _ESSENTIAL[operation]
        self._essential_in_item = _ESSENTIAL_IN_ITEM.get(operation)
        self._known = frozenset(shape.members)
        self._folded = frozenset(name.casefold() for name in shape.members)
        own = TOKEN_FIELDS if operation in _OF_TOKENS else None
        if self._essential_in_item is None:
            self._fields = _Fields(shape, "the reply", own)
        else:
            self._fields = _Fields(shape, "the reply")
            self._items = self._essential[0]
            self._item_fields = _Fields(shape.members[self._items].member, f"{self._items}[]", own)

    def __call__(self, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **event: Any) -> None:
        status = response_dict["status_code"]
        # From 301 on, botocore takes a reply for an error by itself.
        if status > 300:
            return
        if status != 200:
            _refuse(f"its status is {status}, not 200")
        if _ERROR_HEADER in {str(name).lower() for name in response_dict.get("headers", ())}:
            _refuse(f"its status is 200, but it has the header {_ERROR_HEADER} of an error")
        document = _decode(response_dict["body"])
        self._refuse_contradictions(document)
        self._fields.check(document, self._essential)
        if self._essential_in_item is not None:
            for item in document[self._items]:
                self._item_fields.check(item, self._essential_in_item)
        customized_response_dict.update(document)
        response_dict["body"] = b"{}"

    def _refuse_contradictions(self, document: dict[str, Any]) -> None:
        """Refuse fields that the service model does not have, and that speak against the rest of the reply."""
        for name in document:
            if name in self._known:
                continue
            if _ERROR_FIELD.fullmatch(name):
                _refuse(f"its status is 200, but it has the field {quoted(name)} of an error")
            if self._essential_in_item is None or name.casefold() in self._folded:
                continue
            if _CONTRADICTION.fullmatch(name):
                _refuse(f"the field {quoted(name)} is unknown, and may say that the listing has more entries")


def _decode(body: bytes) -> dict[str, Any]:
    try:
        document = parse_json(body)
    except ValueError as error:
        _refuse(f"the body is {error}")
    if not isinstance(document, dict):
        _refuse("the body is not a JSON object")
    return document


def _refuse(reason: str) -> NoReturn:
    raise ReplyError(f"the reply is incomplete or not from AWS: {reason}", hint=FOREIGN_REPLY)


def _checked_string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not a string")
    return value


def _unchecked(value: Any) -> Any:
    """For types of fields that this collection does not read, or that AWS may add."""
    if isinstance(value, (dict, list)) and too_deep(value, _DEEPEST):
        raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
    return value


def too_deep(value: Any, deepest: int) -> bool:
    """Find out whether lists and mappings are nested deeper than a number of levels, without recursion.

    Args:
        value: A document of JSON.
        deepest: How many levels of lists and mappings it may have.

    Returns:
        Whether it has more levels.
    """
    level = [value]
    for _level in range(deepest):
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, (dict, list)) for item in level)


def _checked_list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{quoted(value)} is not a list")
    return value


def _checked_strings(value: object) -> list[Any]:
    items = _checked_list(value)
    for item in items:
        _checked_string(item)
    return items


def _checked_integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{quoted(value)} is not a whole number")
    return value


def _checker(name: str, shape: Any) -> Callable[[Any], Any]:
    if shape.type_name == "structure":
        fields = _Fields(shape, name)
        return lambda value: fields.check(value, shape.required_members)
    if shape.type_name == "list":
        return _checked_strings if shape.member.type_name == "string" else _checked_list
    checkers = {"string": _checked_string, "timestamp": from_epoch_seconds, "integer": _checked_integer}
    return checkers.get(shape.type_name, _unchecked)


class _Fields:
    """The members of a structure in the service model, and how to check each.

    ``own`` are the names that stay as the API has them; the others become snake_case. None keeps all as they are.
    """

    def __init__(self, shape: Any, label: str, own: Container[str] | None = None) -> None:
        self._label = label
        self._own = own
        self._checkers = {name: _checker(name, member) for name, member in shape.members.items()}
        kept = shape.members if own is None else [name for name in shape.members if name in own]
        self._kept_strings = frozenset(name for name in kept if shape.members[name].type_name == "string")
        self._folded = {name.casefold(): name for name in shape.members}

    def check(self, document: object, essential: Iterable[str]) -> dict[str, Any]:
        """Check a structure in place; times become microseconds since the epoch, and nulls are left out.

        Returns:
            The structure.

        Raises:
            ReplyError: A field of the wrong type, a known one miscased, or an essential one that is not there.
        """
        if not isinstance(document, dict):
            _refuse(f"{self._label} is not a JSON object")
        own, others, kept_strings, checkers = self._own, [], self._kept_strings, self._checkers
        for name, value in document.items():
            # Most fields are strings that stay as they are.
            if isinstance(value, str) and name in kept_strings:
                continue
            check = checkers.get(name)
            if check is None:
                self._refuse_miscased(name)
                check = _unchecked
            if value is not None:
                try:
                    document[name] = check(value)
                except ValueError as error:
                    _refuse(f"{name} of {self._label}: {error}")
                if own is None or name in own:
                    continue
            others.append(name)
        for name in others:
            value = document.pop(name)
            if value is not None or name not in self._checkers:
                document[name if own is None or name in own else xform_name(name)] = value
        for name in essential:
            if name not in document:
                _refuse(f"{self._label} has no {name}")
        return document

    def _refuse_miscased(self, name: str) -> None:
        known = self._folded.get(name.casefold())
        if known is not None:
            _refuse(f"{self._label} has {name} instead of {known}")
