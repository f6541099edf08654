# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from guarding import guards
from plans import token
from token_strategies import NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import to_record
from ansible_collections.patrol.workmail.plugins.test.workmail_pat_matching import workmail_pat_matching

RECORD = to_record(token(), NOW)
AS_OF = "2027-01-15T08:00:00Z"


@pytest.mark.parametrize(
    ("positional", "named", "message"),
    [
        ((None,), {}, "conditions: expected a mapping of conditions, got nothing"),
        (([],), {}, "conditions: expected a mapping of conditions"),
        (({},), {"expired": True}, "conditions: one dict and keyword arguments cannot be combined"),
        ((), {"expird": True}, r"conditions\.expird: unknown condition, did you mean expired\?"),
        ((), {"expired": True, "as_of": "now"}, "as_of: 'now' is not a valid time"),
    ],
)
@guards(
    "plugins/test/workmail_pat_matching.py",
    "named if conditions is NOT_GIVEN else conditions",
    "named if conditions in (NOT_GIVEN, None) else conditions",
)
def test_invalid_conditions_are_errors(positional: tuple[Any, ...], named: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"^workmail_pat_matching: {message}"):
        workmail_pat_matching(RECORD, *positional, **named)


def test_a_value_that_is_not_a_record_is_an_error() -> None:
    for value in (None, {}, [], "pat-1", {"name": "phone"}):
        with pytest.raises(AnsibleFilterError, match="^workmail_pat_matching: .* a record of a personal access token"):
            workmail_pat_matching(value, expired=True)


def test_a_token_matches_if_it_meets_every_condition() -> None:
    for conditions, matches in (
        ({}, True),
        ({"expired": True}, True),
        ({"expired": True, "name": "phone"}, True),
        ({"expired": True, "name": "laptop"}, False),
        ({"not": {"any": [{"never_used": True}, {"owner": "ben"}]}}, True),
    ):
        assert workmail_pat_matching(RECORD, conditions, as_of=AS_OF) is matches
    assert workmail_pat_matching(RECORD, expired=True, as_of="2026-01-01") is False
