# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the module workmail_pat, which are checked before any call."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.by_id import revoke_by_id

ACME = "m-" + "a" * 32
BY_ID = "plugins/module_utils/_revoke/by_id.py"
OPTIONS = "plugins/module_utils/_revoke/options.py"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"personal_access_token_ids": []}, "personal_access_token_ids: expected a list of at least one ID, got []"),
        (
            {"personal_access_token_ids": None},
            "personal_access_token_ids: expected a list of at least one ID, got None",
        ),
        ({"personal_access_token_ids": ["pat-1", "a b"]}, "personal_access_token_ids: 'a b' is not a token ID"),
        ({"personal_access_token_ids": ["pat-1", ""]}, "personal_access_token_ids: '' is not a token ID"),
        ({"personal_access_token_ids": ["x" * 65]}, "is not a token ID; expected 1 to 64"),
        ({"personal_access_token_ids": [1]}, "personal_access_token_ids: 1 is not a token ID"),
        ({"only_if": {}}, "only_if: expected at least one condition"),
        ({"only_if": {"expird": True}}, "only_if.expird: unknown condition, did you mean expired?"),
        ({"as_of": "tomorrow"}, "as_of: 'tomorrow' is not a valid time"),
        ({"only_if": {"expired": True}, "as_of": "+1d"}, "is in the future, so valid tokens would be revoked"),
    ],
)
@guards(OPTIONS, "parse_conditions(value, option, required=True)", "parse_conditions(value, option)")
@guards(
    BY_ID,
    "        if not isinstance(item, str) or not _TOKEN_ID.fullmatch(item):",
)
@guards(
    BY_ID,
    ' or not items:\n        raise OptionError(f"personal_access',
    ':\n        raise OptionError(f"personal_access',
)
@guards(BY_ID, "    check_future(options, as_of, now)\n", "")
def test_an_option_that_is_not_valid_is_refused(options: dict[str, Any], message: str) -> None:
    given = {"organization": ACME, "personal_access_token_ids": ["pat-1"], **options}
    # Without a connection, any call would be another error.
    with pytest.raises(OptionError) as caught:
        revoke_by_id(given, None)
    assert message in caught.value.message
