# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON that could hide or change a value is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.strict_json import parse_json

STRICT = "plugins/module_utils/_domain/strict_json.py"


@guards(STRICT, "    if len(document) != len(members):")
@guards(STRICT, 'if "\\\\u" in text:')
@guards(STRICT, 'content.decode("utf-8")', 'content.decode("utf-8", "replace")')
@guards(STRICT, "    if not math.isfinite(number):")
@guards(STRICT, ", parse_constant=_refuse_constant", "")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not valid JSON: "),
        (b"{", "not valid JSON: "),
        (b"{}}", "not valid JSON: "),
        (b'{"a": 1, "a": 2}', "not valid JSON: not valid, because an object has a duplicate key"),
        (b'[{"a": {"b": 1, "b": 1}}]', "not valid JSON: not valid, because an object has a duplicate key"),
        (b"NaN", "not valid JSON: NaN is not a value of JSON"),
        (b'{"a": -Infinity}', "not valid JSON: -Infinity is not a value of JSON"),
        (b"[1e999]", "not valid JSON: '1e999' is out of range"),
        (b'"\xff"', "not valid UTF-8: "),
        (rb'"\ud800"', "not valid UTF-8: "),
        (rb'{"\udc00": 1}', "not valid UTF-8: "),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_json_that_hides_or_changes_a_value_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        parse_json(content)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(values, st.booleans())
def test_other_json_is_parsed(value: Any, escaped: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=escaped).encode()) == value
