# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Strict parsing of JSON, which refuses everything that could hide or change a value.

Pure: the standard library only.
"""

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
        The value. All its text can be encoded in UTF-8.

    Raises:
        ValueError: The content is not valid JSON, an object has a duplicate key, or a number is not finite. The message
            is a phrase that completes a sentence such as "the file is".
    """
    try:
        text = content.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite_number)
        if "\\u" in text:
            # An escape can be a lone surrogate, which cannot be encoded in UTF-8.
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
        # Python keeps only the last value, so an empty list could hide a non-empty one.
        raise ValueError("not valid, because an object has a duplicate key")
    return document


def _refuse_constant(name: str) -> NoReturn:
    # Python accepts NaN and Infinity, which are not valid JSON.
    raise ValueError(f"{name} is not a value of JSON")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{quoted(text)} is out of range")
    return number
