# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Digests of documents. Pure: the standard library only."""

from __future__ import annotations

import datetime
import hashlib
import json

from .errors import OptionError
from .text import quoted


def digest_of(document: object, path: str = "document") -> str:
    """Compute the digest of a document, such as a policy. The order of its keys does not matter.

    Args:
        document: The document. A date has the same digest as its text.
        path: The name of the document in an error.

    Returns:
        ``sha256:`` and 64 hexadecimal digits.

    Raises:
        OptionError: The document cannot be written as JSON.
    """
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), default=as_text)
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(f"{path}: it cannot be written as JSON: {type(error).__name__}") from error
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def as_text(value: object) -> str:
    """Convert a date to text, because JSON has no dates. Use it as the argument ``default`` of ``json.dumps``.

    Raises:
        OptionError: The value is not a date.
    """
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise OptionError(f"{quoted(value)} cannot be written as JSON")
