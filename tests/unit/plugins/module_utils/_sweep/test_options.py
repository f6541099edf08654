# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.options import parse_sweep_options

ID = "m-" + "0123456789abcdef" * 2


def test_every_option_has_a_default() -> None:
    options = parse_sweep_options({}, 5)
    assert options._replace(select=None) == (
        *([], [], []),
        None,
        *(5, False, 100, None, None, False, False, 8, None, None),
    )
    assert not options.manual_paging


def test_repeated_names_are_used_once() -> None:
    options = parse_sweep_options({"organizations": [ID, "acme", ID, " acme "], "users": "ana", "regions": ()}, 0)
    assert options.organizations == [ID, "acme"]
    assert options.users == ["ana"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"organizations": ["m-123"]},
            r"^organizations: 'm-123' is not a valid organization ID; .*32 lowercase hexadecimal",
        ),
        ({"organizations": [ID.upper().replace("M-", "m-")]}, r"^organizations: .* is not a valid organization ID"),
        ({"organizations": [ID.upper()]}, r"^organizations: .* is not a valid organization ID"),
        ({"organizations": [ID + "0"]}, r"^organizations: .* is not a valid organization ID"),
        ({"organizations": ["ac me"]}, r"^organizations: 'ac me' is not a valid organization ID or alias"),
        ({"organizations": ["d-123"]}, r"^organizations: 'd-123' is not a valid organization ID or alias"),
        ({"organizations": ["a" * 63]}, r"^organizations: .* is not a valid organization ID or alias"),
        ({"organizations": [""]}, r"^organizations: expected non-empty strings, got ''$"),
        ({"organizations": [None]}, r"^organizations: expected non-empty strings, got None$"),
        ({"organizations": {"a": 1}}, r"^organizations: expected a list of strings"),
        ({"users": ["an a"]}, r"^users: 'an a' is not a valid user ID, name or e-mail address"),
        ({"users": ["u" * 257]}, r"^users: "),
        ({"regions": [1]}, r"^regions: expected non-empty strings, got 1$"),
        ({"page_size": 0}, r"^page_size: 0 is out of range; expected 1 to 100$"),
        ({"page_size": 101}, r"^page_size: 101 is out of range; expected 1 to 100$"),
        ({"page_size": True}, r"^page_size: True is not"),
        ({"concurrency": 65}, r"^concurrency: 65 is out of range; expected 1 to 64$"),
        ({"organizations": ID, "max_items": 0}, r"^max_items: 0 is out of range; expected 1 or more$"),
        ({"organizations": ID, "next_token": ""}, r"^next_token: expected a string of 1 to 1024 characters, got ''$"),
        (
            {"max_items": 5},
            r"^max_items: paging by hand requires exactly one organization in .*got none, which",
        ),
        ({"next_token": "x", "organizations": ["a", "b"]}, r"^next_token: paging by hand .* got a, b$"),
        ({"max_items": 5, "organizations": ID, "users": ["a", "b"]}, r"^max_items: .* one entry in users, got a, b$"),
        ({"max_items": 5, "organizations": ID, "regions": ["all"]}, r"^max_items: .* one entry in regions, got all$"),
        ({"select": {"owner": "x"}}, r"^select: owner, owner_state and owner_linked require owners: true$"),
        ({"select": ["expired"]}, r"^select: expected a mapping of conditions, got \['expired'\]$"),
        (
            {"as_of": "2026-01-02T03:04:05"},
            r"^as_of: .* is not a valid time; expected ISO 8601 with an offset.*or a duration from now",
        ),
        ({"on_error": "contine"}, r"^on_error: 'contine' is not one of fail, continue, did you mean continue\?$"),
        ({"on_missing": "ignore"}, r"^on_missing: 'ignore' is not one of error, skip, warn$"),
        ({"assume_role_arn": "auditor"}, r"^assume_role_arn: 'auditor' is not the ARN of a role"),
        ({"assume_role_arn": ""}, r"^assume_role_arn: '' is not the ARN of a role"),
        (
            {"assume_role_arn": "arn:aws:iam::123456789012:role/x", "assume_role_external_id": ""},
            r"^assume_role_external_id: the value is not valid; expected 2",
        ),
        ({"assume_role_external_id": "acme"}, r"^assume_role_external_id: requires assume_role_arn or accounts$"),
    ],
)
@guards("plugins/module_utils/_sweep/options.py", "    if select.needs_owners and not owners:")
@guards("plugins/module_utils/_workmail/role.py", "    if arn is None:\n", "    if not arn:\n")
def test_bad_options_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        parse_sweep_options(given, 0)
    assert caught.value.error_code == "InvalidOptionException"
