# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
from typing import Any

import pytest
from guarding import guards
from mutations import nested

from ansible_collections.patrol.workmail.plugins.module_utils._domain.digest import digest_of
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError


def test_a_digest_does_not_depend_on_the_order_of_keys_or_on_how_dates_are_given() -> None:
    assert digest_of({"a": 1, "b": datetime.date(2026, 1, 2)}) == digest_of({"b": "2026-01-02", "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
    # The SHA-256 of {"a":1}.
    assert digest_of({"a": 1}) == "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@guards(
    "plugins/module_utils/_domain/digest.py",
    '    except (TypeError, ValueError, RecursionError) as error:\n        raise OptionError(f"{path}: it cannot',
    '    except ZeroDivisionError as error:\n        raise OptionError(f"{path}: it cannot',
)
@pytest.mark.parametrize("value", [{1: 1, "a": 1}, nested(100_000), {"a": object()}, {("a",): 1}])
def test_a_value_without_a_digest_is_refused(value: Any) -> None:
    with pytest.raises(OptionError, match="cannot be written as JSON"):
        digest_of(value, "policy")
