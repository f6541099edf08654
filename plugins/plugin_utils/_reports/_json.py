# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as JSON, in the form of ``docs/audit.v1.schema.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._audit.result import KEYS
from ...module_utils._domain.errors import OptionError

# An escape sequence: a surrogate pair, a lone surrogate (the group), or another character.
_ESCAPED = re.compile(r"\\(?:ud[89ab]..\\ud[c-f]..|(ud[89a-f]..)|.)")


def render(audit: Mapping[str, Any]) -> str:
    """Write the audit result itself, without the fields that Ansible adds to the result of a module.

    Args:
        audit: The result of an audit.

    Returns:
        ASCII, so text of users cannot change the direction of the text after it. A lone surrogate, which is not valid
        text, becomes U+FFFD. Each entry of a list, such as a finding, is on one line, because the indented lines of
        many findings are mostly space.

    Raises:
        OptionError: The audit contains a number that JSON does not have.
    """
    try:
        return "".join(_lines({key: audit[key] for key in KEYS}))
    except ValueError as error:
        raise OptionError("audit: it contains NaN or Infinity, which JSON does not allow") from error


def _lines(audit: Mapping[str, Any]) -> Iterator[str]:
    before = "{\n"
    for key, value in audit.items():
        yield f'{before}  "{key}": '
        before = ",\n"
        if isinstance(value, (list, tuple)) and value:
            for index, entry in enumerate(value):
                yield f"{',' if index else '['}\n    {_encode(entry)}"
            yield "\n  ]"
        else:
            yield _encode(value, indent=2).replace("\n", "\n  ")
    yield "\n}\n"


def _encode(value: object, indent: int | None = None) -> str:
    text = json.dumps(value, allow_nan=False, indent=indent)
    return _ESCAPED.sub(_replace_lone_surrogate, text) if r"\ud" in text else text


def _replace_lone_surrogate(match: re.Match[str]) -> str:
    return r"\ufffd" if match[1] else match[0]
