# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Strict parsing of JSON: whatever could hide or change a value is an error. Pure: the standard library only."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from .text import quoted


def parse_json(content: bytes) -> Any:
    """Parse JSON in UTF-8.

    Args:
        content: The bytes.

    Returns:
        The value. Each text in it can be written to a file in UTF-8.

    Raises:
        ValueError: The content is not valid JSON, has a name twice in an object, or has a number that JSON does not
            have. The text continues a sentence such as "the file is".
    """
    try:
        text = content.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite_number)
        if "\\u" in text:
            # An escape can carry half of a character, which no file or terminal accepts.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise ValueError(f"not valid UTF-8: {error}") from error
    except ValueError as error:
        raise ValueError(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(members)
    if len(document) != len(members):
        # In Python, the last one would win, so an empty list could hide a full one.
        raise ValueError("not valid, because an object has a duplicate key")
    return document


def _refuse_constant(name: str) -> NoReturn:
    # Python reads and writes NaN and Infinity, which JSON does not have.
    raise ValueError(f"{name} is not a value of JSON")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{quoted(text)} is out of range")
    return number
