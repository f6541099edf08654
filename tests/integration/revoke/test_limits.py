# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan that exceeds a limit revokes nothing."""

from __future__ import annotations

from estate import ACME, GLOBEX
from guarding import guards
from revocations import (
    AS_OF,
    EVERY,
    EXPIRED,
    Run,
    asked,
    held,
    ids,
    many_tokens,
)
from workmail_emulator import Emulator


@guards("plugins/module_utils/_revoke/by_policy.py", "        if exceeded:")
def test_nothing_is_revoked_beyond_a_limit(by_policy: Run, emulator: Emulator) -> None:
    for confirm in (False, True):
        result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=confirm)
        assert ids([entry["token"] for entry in result["plan"]]) == ["pat-1", "pat-3"]
        assert result["error_code"] == "RevocationLimitException"
        assert "the plan has 2 of the 5 tokens of acme; max_percent is 10" in result["msg"]
        assert result["revoked"] == [] and len(held(emulator)) == 6
    within = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, max_tokens=2, max_percent=40)
    assert ids(within["revoked"]) == ["pat-1", "pat-3"] and "error_code" not in within


def test_max_tokens_is_for_all_organizations_together(by_policy: Run) -> None:
    assert by_policy(policy=EVERY, max_percent=100, max_tokens=5)["error_code"] == "RevocationLimitException"
    assert "error_code" not in by_policy(policy=EVERY, max_percent=100, max_tokens=6)


def test_the_default_limit_is_ten_tokens(by_policy: Run, emulator: Emulator) -> None:
    emulator.reset()
    others = {"OrganizationId": GLOBEX, "Alias": "globex"}
    emulator.load({"Organizations": [many_tokens(11, 200, OrganizationId=ACME), others]})
    given = {"policy": EXPIRED, "organizations": ["many"], "confirm": True}
    refused = by_policy(**given)
    assert "the plan has 11 tokens; max_tokens is 10" in refused["msg"] and not asked(emulator)
    by_policy(**given, max_tokens=11)
    assert len(asked(emulator)) == 11
