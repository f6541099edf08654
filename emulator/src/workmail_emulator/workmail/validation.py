# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a request against the constraints of botocore's service model, in the words AWS uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from .exceptions import InvalidParameterException

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "timestamp": (int, float),
    "list": (list,),
    "structure": (dict,),
}


def validate(parameters: Any, shape: Shape, error: Callable[[str], Exception] = InvalidParameterException) -> None:
    """Check the parameters of a request against the operation's input shape.

    Args:
        parameters: The parameters.
        shape: The input shape.
        error: Makes the exception from its message.

    Raises:
        InvalidParameterException: Or another ``error``, with every violated constraint of the model: required members,
            types, lengths, values, patterns and enumerations.
    """
    violations = list(_violations(parameters, shape, ""))
    if violations:
        plural = "" if len(violations) == 1 else "s"
        text = "; ".join(violations)
        raise error(f"{len(violations)} validation error{plural} detected: {text}")


def _violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if not _has_type(value, shape):
        yield _violation(value, path, f"Member must be of type {shape.type_name}")
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            member_path = f"{path}.{_lowered(name)}" if path else _lowered(name)
            if value.get(name) is not None:
                yield from _violations(value[name], member, member_path)
            elif name in shape.required_members:
                yield f"Value null at '{member_path}' failed to satisfy constraint: Member must not be null"
    else:
        for constraint in _broken_constraints(value, shape):
            yield _violation(value, path, constraint)
        if isinstance(shape, ListShape):
            for number, item in enumerate(value, start=1):
                yield from _violations(item, shape.member, f"{path}.{number}.member")


def _has_type(value: Any, shape: Shape) -> bool:
    types = _TYPES[shape.type_name]
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _broken_constraints(value: Any, shape: Shape) -> Iterator[str]:
    """Yield the violated constraints. ``min`` and ``max`` limit the length of texts and lists, and numbers."""
    limits = shape.metadata
    if isinstance(value, str | list):
        size, measured = len(value), "have length"
    else:
        size, measured = value, "have value"
    if "max" in limits and size > limits["max"]:
        yield f"Member must {measured} less than or equal to {limits['max']}"
    if "min" in limits and size < limits["min"]:
        yield f"Member must {measured} greater than or equal to {limits['min']}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"
    if "pattern" in limits and not _compiled(limits["pattern"]).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # The model's patterns are Java's, where \d and \w mean ASCII.
    return re.compile(pattern, re.ASCII)


def _violation(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]
