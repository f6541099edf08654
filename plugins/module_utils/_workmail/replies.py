# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Strict reading of the replies of a service.

botocore silently mistakes a truncated, empty or foreign reply, or a reply with names in the wrong case, for an empty
page. This module parses the body of each reply before botocore does, and checks it against the service model.
Everything that could hide an entry is an error.
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

# Without botocore, this file can still be imported, and require_boto3 reports the error.
with contextlib.suppress(ImportError):
    from botocore import xform_name

# The fields that the reply of each operation in use must have.
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

# Unknown fields that mean that the reply is an error, or that the listing has more entries. Such a field contradicts
# the rest of the reply. All other unknown fields are allowed, because AWS may add fields at any time. The second
# pattern is only for listings, because AWS may add a status or a type to a token.
_ERROR_FIELD = re.compile(r"_+type|messages?|.*(?:error|exception|fault).*", re.I)
_CONTRADICTION = re.compile(
    r"type|(?:status)?code|status|reason|.*(?:fail|next|marker|cursor|continu|truncat|partial|more).*", re.I
)
_ERROR_HEADER = "x-amzn-errortype"

# The maximum nesting of a field that this collection does not use. Deeply nested JSON could exhaust the stack of a
# program that reads the result.
_DEEPEST = 32


def read_strictly(client: Any) -> None:
    """Make a boto3 client check replies strictly.

    Afterward, the methods of the client return the fields of the reply under their API names, with times in
    microseconds since the epoch. Unknown fields of a token have snake_case names. A method raises ``ReplyError`` if the
    reply is incomplete or not from the service. Only the operations that this collection uses are affected.

    Args:
        client: A client of WorkMail or of AWS Organizations. A client of another service is not changed.
    """
    model = client.meta.service_model
    for operation in _OPERATIONS.get(model.service_name, ()):
        reader = _Reader(operation, model.operation_model(operation).output_shape)
        client.meta.events.register(f"before-parse.{model.service_name}.{operation}", reader)


class _Reader:
    """A handler of the before-parse event of botocore for one operation."""

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
        # botocore itself handles a reply with a status of 301 or higher as an error.
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
        """Refuse fields that are not in the service model and contradict the rest of the reply."""
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
    """Accept a value of any type, for fields that this collection does not use. Only its nesting is limited."""
    if isinstance(value, (dict, list)) and too_deep(value, _DEEPEST):
        raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
    return value


def too_deep(value: Any, deepest: int) -> bool:
    """Return whether lists and mappings are nested too deeply, without recursion.

    Args:
        value: A JSON document.
        deepest: The maximum number of levels of lists and mappings.
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
    """The members of a structure in the service model, and the check of each member.

    Args:
        shape: The structure in the service model.
        label: The name of the structure in an error.
        own: The names of the fields that keep their API names. All other names are converted to snake_case. If None,
            all fields keep their API names.
    """

    def __init__(self, shape: Any, label: str, own: Container[str] | None = None) -> None:
        self._label = label
        self._own = own
        self._checkers = {name: _checker(name, member) for name, member in shape.members.items()}
        kept = shape.members if own is None else [name for name in shape.members if name in own]
        self._kept_strings = frozenset(name for name in kept if shape.members[name].type_name == "string")
        self._folded = {name.casefold(): name for name in shape.members}

    def check(self, document: object, essential: Iterable[str]) -> dict[str, Any]:
        """Check a structure, convert its times to microseconds since the epoch, and remove nulls.

        Args:
            document: The structure, which is changed in place.
            essential: The names of the required fields.

        Returns:
            The structure.

        Raises:
            ReplyError: A field has the wrong type, a name has the wrong case, or a required field is missing.
        """
        if not isinstance(document, dict):
            _refuse(f"{self._label} is not a JSON object")
        own, others, kept_strings, checkers = self._own, [], self._kept_strings, self._checkers
        for name, value in document.items():
            # A fast path, because most fields are strings that need no conversion.
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
