# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that name AWS accounts."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.accounts import (
    AccountOptions,
    parse_account_options,
)

FILE = "plugins/module_utils/_sweep/accounts.py"
ONE, TWO = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{ONE}:role/audit/workmail-auditor"
UNIT, ROOT = "ou-ab12-34cdef56", "r-ab12"
NAME = {"assume_role_name": "workmail-auditor"}


@pytest.mark.parametrize(
    ("options", "parsed"),
    [
        ({}, None),
        ({"accounts": None}, None),
        ({"accounts": [ROLE]}, AccountOptions([ROLE], [], None)),
        ({"accounts": ROLE}, AccountOptions([ROLE], [], None)),
        ({"accounts": "all", **NAME}, AccountOptions(["all"], [], "workmail-auditor")),
        ({"accounts": 111111111111, **NAME}, AccountOptions([ONE], [], "workmail-auditor")),
        ({"accounts": [f" {ONE} ", TWO], **NAME}, AccountOptions([ONE, TWO], [], "workmail-auditor")),
        (
            {
                "accounts": [UNIT, ROOT],
                "assume_role_name": "audit/workmail-auditor",
                "exclude_accounts": [TWO, UNIT, ROLE],
            },
            AccountOptions([UNIT, ROOT], [TWO, UNIT, ROLE], "audit/workmail-auditor"),
        ),
        (
            {"accounts": [ONE, TWO], "exclude_accounts": [ROLE], **NAME},
            AccountOptions([ONE, TWO], [ROLE], NAME["assume_role_name"]),
        ),
        (
            {"accounts": ["arn:aws-us-gov:iam::111111111111:role/a"]},
            AccountOptions(["arn:aws-us-gov:iam::111111111111:role/a"], [], None),
        ),
    ],
    ids=str,
)
def test_valid_options_are_accepted(options: dict[str, Any], parsed: AccountOptions | None) -> None:
    assert parse_account_options(options) == parsed


BAD = [
    ({"accounts": []}, "accounts: the list is empty; expected at least one account"),
    ({"accounts": ["all"], "exclude_accounts": [], **NAME}, "exclude_accounts: the list is empty; expected at least"),
    ({"exclude_accounts": []}, "exclude_accounts: the list is empty; expected at least one account"),
    ({"accounts": {}}, "accounts: expected a list of strings, got {}"),
    ({"accounts": [None]}, "accounts: expected non-empty strings, got None"),
    ({"accounts": [" "]}, "accounts: expected non-empty strings"),
    ({"accounts": [True]}, "accounts: expected non-empty strings, got True"),
    # What YAML makes of 012345670123, and Ansible of that.
    ({"accounts": [1402433619]}, "accounts: '1402433619' is not an account ID; expected 12 digits. Quote account IDs"),
    (
        {"accounts": ["1402433619"]},
        "accounts: '1402433619' is not an account ID; expected 12 digits. Quote account IDs",
    ),
    ({"accounts": ["１１１１１１１１１１１１"], **NAME}, "expected 12 digits"),
    (
        {"accounts": ["arn:aws:iam::111111111111:user/a"]},
        "is not the ARN of a role; expected one such as arn:aws:iam::123456789012:role/",
    ),
    ({"accounts": ["arn:aws:sts::111111111111:assumed-role/a/b"]}, "is not the ARN of a role"),
    (
        {"accounts": ["ou-ab12"], **NAME},
        "accounts: 'ou-ab12' is not a valid ID; expected an organizational unit, such as ou-ab12-34cdef56",
    ),
    ({"accounts": ["r-1"], **NAME}, "accounts: 'r-1' is not a valid ID; expected an organizational unit"),
    ({"accounts": ["production"], **NAME}, "or the ID of an organizational unit or a root, or all"),
    ({"accounts": ["ALL"], **NAME}, "accounts: 'ALL' is not valid; expected an account ID of 12 digits"),
    ({"accounts": ["all", ONE], **NAME}, f"accounts: all cannot be combined with other entries, got {ONE}"),
    ({"accounts": ["all", "all"], **NAME}, "accounts: all cannot be combined with other entries, got all again"),
    ({"accounts": f"{ONE},{TWO}", **NAME}, "or all. Give several entries as a list."),
    ({"accounts": ["arn:aws:organizations::1:ou/o-1/ou-ab12-34cdef56"]}, "Give the ID at the end of the ARN."),
    ({"accounts": [ONE, ONE], **NAME}, f"accounts: {ONE} is given twice"),
    ({"accounts": [ONE, ROLE], **NAME}, f"accounts: {ONE} and {ROLE} are the same account"),
    ({"accounts": [ONE]}, "assume_role_name: required if accounts is all or has IDs"),
    ({"accounts": [ROLE, UNIT]}, "assume_role_name: required"),
    ({"accounts": ["all"]}, "assume_role_name: required"),
    ({"accounts": ["all"], "assume_role_name": ""}, "assume_role_name: '' is not the name of a role"),
    ({"accounts": ["all"], "assume_role_name": ROLE}, "Give the name of the role without the rest of its ARN"),
    ({"accounts": ["all"], "assume_role_name": "/audit/x"}, "Omit the slash at the beginning."),
    ({"accounts": ["all"], "assume_role_name": "x" * 65}, "is not the name of a role"),
    ({"accounts": ["all"], "assume_role_name": "a/" * 300 + "x"}, "is not the name of a role"),
    ({"accounts": ["all"], "assume_role_name": 7}, "assume_role_name: 7 is not the name of a role"),
    ({"exclude_accounts": [ONE]}, "exclude_accounts: requires accounts, which is not set"),
    ({"assume_role_name": "x"}, "assume_role_name: requires accounts, which is not set"),
    (
        {"accounts": ["all"], "exclude_accounts": ["all"], **NAME},
        "exclude_accounts: 'all' is not valid; expected an account ID",
    ),
    ({"accounts": [ONE, TWO], "exclude_accounts": [UNIT], **NAME}, f"exclude_accounts: {UNIT} excludes nothing"),
    (
        {"accounts": [TWO], "exclude_accounts": [ONE], **NAME},
        f"exclude_accounts: {ONE} excludes nothing, because accounts does not include it",
    ),
    (
        {"accounts": [ONE], "exclude_accounts": [ONE], **NAME},
        "every account is excluded; expected at least one to read",
    ),
    (
        {"accounts": [UNIT], "exclude_accounts": [ONE, ROLE], **NAME},
        f"exclude_accounts: {ONE} and {ROLE} are the same account",
    ),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=lambda value: str(value)[:60])
@guards(FILE, "        if isinstance(options.get(option), (list, tuple)) and not options[option]:")
@guards(FILE, "    if ALL in entries and len(entries) > 1:")
@guards(FILE, "        if account in seen:")
@guards(FILE, "        if (account_of_role(entry) or entry) not in accounts:")
@guards(FILE, "    if len({account_of_role(entry) or entry for entry in options.excluded}) == len(accounts):")
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_account_options(options)
    assert message in str(caught.value)
