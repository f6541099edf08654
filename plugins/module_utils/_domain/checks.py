# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Checks of values from users: results of earlier tasks, options and files. Pure: the standard library only."""

from __future__ import annotations

import math
from typing import Any, Iterable, Mapping, NoReturn

from .errors import OptionError
from .text import expected, named, quoted, shortened

# Much deeper than any result, but not deep enough to exhaust the stack of a recursive reader.
DEEPEST = 64
_MOST_BITS = 64
# The number of parts that may be repeated, for example by YAML aliases: a fixed number, plus a number for each distinct
# part. Some repetition is normal, because findings of the same token share its record. But nested aliases double the
# size of the written document at each level.
_MOST_REPEATED = 10_000
_MOST_REPEATED_EACH = 64

_Place = Any  # A nested tuple (place of the parent, key), or the path at which the check began.


def check_plain(value: object, path: str) -> None:
    """Check that a value can be written as JSON, and that other programs can read it.

    Args:
        value: The value. Subclasses of ``str``, such as the tagged text of Ansible, count as text.
        path: The name of the value in an error.

    Raises:
        OptionError: The value contains anything other than mappings with text keys, lists, text, Booleans, null and
            numbers; is nested too deeply; repeats its parts too often; or has a number or text that cannot be written.
            The error names the place.
    """
    waiting: list[tuple[object, _Place, int]] = [(value, path, 1)]
    # By identity. The values are kept alive, because Python can reuse the identity of a deleted value.
    seen: dict[int, object] = {}
    once = repeated = 0
    while waiting:
        item, place, depth = waiting.pop()
        if item is None or isinstance(item, bool):
            continue
        if isinstance(item, str):
            _check_text(item, place)
        elif isinstance(item, int):
            if item.bit_length() > _MOST_BITS:
                _refuse(place, f"expected a number of at most {_MOST_BITS} bits")
        elif isinstance(item, float):
            if not math.isfinite(item):
                _refuse(place, f"{item} is not a value of JSON")
        elif isinstance(item, (Mapping, list, tuple)):
            if depth > DEEPEST:
                _refuse(place, f"it is nested more than {DEEPEST} levels deep")
            if id(item) in seen:
                repeated += len(item) + 1
            else:
                seen[id(item)] = item
                once += len(item) + 1
            if repeated > _MOST_REPEATED + _MOST_REPEATED_EACH * once:
                _refuse(place, "it repeats its parts too often, as nested YAML aliases can do")
            if isinstance(item, Mapping):
                for key in item:
                    if not isinstance(key, str):
                        _refuse(place, f"expected a text as key, got {quoted(key)}")
                    _check_text(key, place)
            members = item.items() if isinstance(item, Mapping) else enumerate(item)
            waiting.extend((inner, (place, key), depth + 1) for key, inner in members)
        else:
            _refuse(place, f"expected a value of JSON, got {type(item).__name__}")


def _check_text(text: str, place: _Place) -> None:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise OptionError(
                f"{_path(place)}: the text has an incomplete character, which cannot be written"
            ) from error


def _refuse(place: _Place, problem: str) -> NoReturn:
    raise OptionError(f"{_path(place)}: {problem}")


def _path(place: _Place) -> str:
    keys: list[object] = []
    while isinstance(place, tuple):
        place, key = place
        keys.append(key)
    path = str(place)
    for key in reversed(keys):
        path += f"[{key}]" if isinstance(key, int) else f".{key}"
    return shortened(path, 200)


def mapping_at(value: object, path: str, required: Iterable[str] = ()) -> Mapping[str, Any]:
    """Return a value that must be a mapping with certain keys.

    Args:
        value: The value, of any type.
        path: The place of the value in an error.
        required: The required keys.

    Raises:
        OptionError: The value is not a mapping, or lacks some of the keys.
    """
    if not isinstance(value, Mapping):
        raise OptionError(f"{path}: expected a mapping, got {quoted(value)}")
    missing = [key for key in required if key not in value]
    if missing:
        raise OptionError(f"{path}: it lacks {', '.join(missing)}")
    return value


def list_at(value: object, path: str) -> list[Any]:
    """Return a value that must be a list.

    Args:
        value: The value, of any type.
        path: The place of the value in an error.

    Raises:
        OptionError: The value is not a list.
    """
    if not isinstance(value, (list, tuple)):
        raise OptionError(f"{path}: expected a list, got {quoted(value)}")
    return list(value)


def text_at(value: object, path: str) -> str:
    """Return a value that must be text.

    Args:
        value: The value, of any type.
        path: The place of the value in an error.

    Raises:
        OptionError: The value is not text.
    """
    if not isinstance(value, str):
        raise OptionError(f"{path}: expected text, got {quoted(value)}")
    return value


def optional_text_at(value: object, path: str) -> str | None:
    """Return a value that must be text or None.

    Args:
        value: The value, of any type.
        path: The place of the value in an error.

    Raises:
        OptionError: The value is neither text nor None.
    """
    return None if value is None else text_at(value, path)


def count_at(value: object, path: str) -> int:
    """Return a value that must be an integer of at least 0.

    Args:
        value: The value, of any type.
        path: The place of the value in an error.

    Raises:
        OptionError: The value is not such an integer.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise OptionError(f"{path}: expected a whole number of at least 0, got {quoted(value)}")
    return value


def boolean_at(value: object, path: str) -> bool:
    """Return a value that must be a Boolean.

    Args:
        value: The value, of any type.
        path: The place of the value in an error.

    Raises:
        OptionError: The value is not a Boolean.
    """
    if not isinstance(value, bool):
        raise OptionError(f"{path}: expected true or false, got {quoted(value)}")
    return value


def integer_option(options: Mapping[str, Any], option: str, default: int, most: int | None) -> int:
    """Return the value of an option that must be an integer of at least 1.

    Args:
        options: The options by name.
        option: The name of the option.
        default: The value to return if the option is missing or None.
        most: The largest valid value, or None if there is no maximum.

    Returns:
        The value.

    Raises:
        OptionError: The value is not an integer from 1 to ``most``.
    """
    value = options.get(option)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        problem = "is out of range" if is_integer else "is not an integer"
        allowed = "1 or more" if most is None else f"1 to {most}"
        raise OptionError(f"{option}: {quoted(value)} {problem}; expected {allowed}")
    return value


def reject_unknown_options(given: Iterable[object], known: Iterable[str]) -> None:
    """Refuse options that do not exist.

    Args:
        given: The names of the options that are set.
        known: The names of the options that exist.

    Raises:
        OptionError: An option does not exist. The error names it, the most similar option and all valid options.
    """
    names = sorted(known)
    for name in given:
        if name not in names:
            raise OptionError(f"{named(name)}: unknown option{expected(name, names)}")
