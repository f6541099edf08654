# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of seed documents, which name the place of each mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from .times import epoch_seconds

_PYTHON_TYPES: dict[str, tuple[type, str]] = {
    "string": (str, "a string"),
    "boolean": (bool, "true or false"),
    "integer": (int, "an integer"),
}


class SeedError(ValueError):
    """An error in a seed. The message names its place."""


def known_keys(value: Any, known: tuple[str, ...], path: str) -> None:
    """Check that a value is a mapping with known keys.

    Args:
        value: The value at the path.
        known: The keys it may have.
        path: The place in the seed; empty for the seed itself.

    Raises:
        SeedError: If it is not a mapping or has another key.
    """
    if not isinstance(value, Mapping):
        raise SeedError(f"{path or 'seed'}: must be a mapping, not {_type_name(value)}")
    for key in value:
        if key not in known:
            place = f"{path}.{key}" if path else key
            raise SeedError(f"{place}: unknown key; expected {', '.join(known)}")


def entries(parent: Mapping[str, Any], key: str, path: str) -> Iterator[tuple[str, Any]]:
    """Read a list in a mapping.

    Args:
        parent: The mapping.
        key: The key of the list, which may be missing.
        path: The place of the mapping.

    Yields:
        The path and the value of each entry.

    Raises:
        SeedError: If the value is not a list.
    """
    list_path = f"{path}.{key}" if path else key
    for index, entry in enumerate(_list(parent.get(key, []), list_path)):
        yield f"{list_path}[{index}]", entry


def documents(
    parent: Mapping[str, Any], key: str, members: Mapping[str, Shape], id_field: str, path: str, now: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read and check a list of documents in a mapping.

    Args:
        parent: The mapping that contains the list.
        key: The key of the list.
        members: The members that a document may have.
        id_field: The member that no two documents may share.
        path: The place of the mapping.
        now: Epoch seconds that relative times count from.

    Yields:
        The path and the checked document of each entry.

    Raises:
        SeedError: If an entry is not valid, or if two have the same ID.
    """
    seen: set[str] = set()
    for entry_path, entry in entries(parent, key, path):
        known_keys(entry, tuple(members), entry_path)
        document = checked_members(entry, members, entry_path, now)
        document_id = document.get(id_field)
        if document_id is not None and document_id in seen:
            raise SeedError(f"{entry_path}.{id_field}: duplicate {document_id!r}")
        seen.add(str(document_id))
        yield entry_path, document


def checked_members(entry: Mapping[str, Any], members: Mapping[str, Shape], path: str, now: float) -> dict[str, Any]:
    """Check the values of a mapping whose keys are known.

    Args:
        entry: The mapping.
        members: The shapes of the members by name.
        path: The place of the mapping.
        now: Epoch seconds that relative times count from.

    Returns:
        The values as ``checked`` returns them.

    Raises:
        SeedError: If a value is not valid.
    """
    return {name: checked(value, members[name], f"{path}.{name}", now) for name, value in entry.items()}


def checked(value: Any, shape: Shape, path: str, now: float) -> Any:
    """Return a value of the type that the service model gives it, times as epoch seconds.

    Lengths, patterns and enumerations are not checked: a seed can contain values that the service should never return.

    Args:
        value: The value at the path.
        shape: Its shape.
        path: The place in the seed.
        now: Epoch seconds that relative times count from.

    Raises:
        SeedError: If the value has another type.
    """
    if shape.type_name == "timestamp":
        try:
            return epoch_seconds(value, now)
        except ValueError as error:
            raise SeedError(f"{path}: {error}") from None
    if isinstance(shape, StructureShape):
        known_keys(value, tuple(shape.members), path)
        return checked_members(value, shape.members, path, now)
    if isinstance(shape, ListShape):
        items = _list(value, path)
        return [checked(item, shape.member, f"{path}[{index}]", now) for index, item in enumerate(items)]
    wanted, description = _PYTHON_TYPES[shape.type_name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise SeedError(f"{path}: must be {description}, not {_type_name(value)}")
    return value


def text(entry: Mapping[str, Any], key: str, path: str, pattern: str, default: str | None = None) -> str:
    """Return the text of a key.

    Args:
        entry: The mapping at the path.
        key: The key.
        path: The place of the mapping.
        pattern: The regular expression that the text must match.
        default: The text if the key is missing; None if the key is required.

    Raises:
        SeedError: If the text is missing, of another type, or does not match.
    """
    if key not in entry:
        if default is None:
            raise SeedError(f"{path}.{key}: missing")
        return default
    value = entry[key]
    if not isinstance(value, str):
        raise SeedError(f"{path}.{key}: must be a string, not {_type_name(value)}")
    if not re.fullmatch(pattern, value):
        raise SeedError(f"{path}.{key}: {value!r} does not match {pattern}")
    return value


def _list(value: Any, path: str) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise SeedError(f"{path}: must be a list, not {_type_name(value)}")
    return value


def _type_name(value: Any) -> str:
    return "null" if value is None else type(value).__name__
