# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.plugin_utils._plugin_options import (
    check_options,
    name_variables,
    reject_nulls,
    replace_options,
)

PLUGIN = SimpleNamespace(
    option_definitions={
        "_terms": {"type": "list"},
        "hosts": {"type": "str", "choices": ["users", "tokens"]},
        "organizations": {"type": "list", "aliases": ["organization", "organization_id"]},
        "owners": {"type": "bool"},
        "page_size": {"type": "int", "aliases": ["max_results"]},
        "region": {},
        "select": {"type": "dict"},
    }
)


@guards("plugins/plugin_utils/_plugin_options.py", "    reject_unknown_options(given, names)\n", "")
@guards("plugins/plugin_utils/_plugin_options.py", "        if name in first:")
@guards("plugins/plugin_utils/_plugin_options.py", "    if choices and value not in choices:")
@guards("plugins/plugin_utils/_plugin_options.py", '    if kind == "bool" and not _is_boolean(value):')
@guards("plugins/plugin_utils/_plugin_options.py", '    if kind == "dict" and not isinstance(value, Mapping):')
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"organisation": "a"},
            r"^organisation: unknown option, did you mean organization\? Expected hosts, ",
        ),
        ({"_terms": "a"}, "^_terms: unknown option, expected hosts, max_results, organization, "),
        ({1: "a"}, "^1: unknown option"),
        ({"organization": "a", "organizations": ["b"]}, "^organization, organizations: are two names of one option"),
        ({"organization": "a", "organization_id": None}, "^organization, organization_id: are two names"),
        ({"max_results": 5, "page_size": 5}, "^max_results, page_size: are two names"),
        ({"hosts": "tokns"}, r"^hosts: 'tokns' is not one of users, tokens, did you mean tokens\?$"),
        ({"hosts": ["users"]}, r"^hosts: \['users'\] is not one of users, tokens$"),
        ({"owners": "maybe"}, "^owners: 'maybe' is not valid; expected true or false$"),
        ({"owners": [True]}, "^owners: .* is not valid"),
        ({"owners": 2}, "^owners: 2 is not valid"),
        ({"page_size": "many"}, "^page_size: 'many' is not an integer$"),
        ({"page_size": True}, "^page_size: True is not an integer$"),
        ({"page_size": 1.5}, "^page_size: 1.5 is not an integer$"),
        ({"page_size": float("nan")}, "^page_size: nan is not an integer$"),
        ({"page_size": float("inf")}, "^page_size: inf is not an integer$"),
        ({"page_size": [1]}, r"^page_size: \[1\] is a list; expected an integer$"),
        ({"page_size": {}}, "^page_size: {} is a mapping; expected an integer$"),
        ({"region": ["a"]}, r"^region: \['a'\] is a list; expected a string$"),
        ({"organizations": {"a": 1}}, "^organizations: {'a': 1} is a mapping; expected a list$"),
        ({"select": "expired"}, "^select: 'expired' is not a mapping$"),
        ({"select": []}, r"^select: \[\] is not a mapping$"),
    ],
)
def test_bad_options_are_refused(given: dict[Any, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check_options(PLUGIN, given)


def test_good_options_are_accepted() -> None:
    for given in (
        {"hosts": "users", "organization": "a,b", "owners": "Yes", "page_size": "5", "region": 1, "select": {}},
        {"hosts": None, "organizations": ["a"], "owners": 1, "page_size": 5.0, "region": "x", "select": None},
        {"owners": False, "page_size": 10**400},
    ):
        assert check_options(PLUGIN, given) == given
    assert check_options(PLUGIN, {"region": datetime.date(2027, 1, 1)}) == {"region": "2027-01-01"}


VARIABLES = {
    "policy": "revoke_policy",
    "policy_file": "revoke_policy",
    "plan_file": "revoke_plan",
    "protected": "revoke_protected",
    "findings": "revoke_findings",
    "mode": "revoke_mode",
    "max_tokens": "revoke_max_tokens",
    "allow_future": "revoke_allow_future",
    "regions": "revoke_regions",
    "accounts": "revoke_accounts",
    "exclude_accounts": "revoke_exclude_accounts",
    "owners": "revoke_owners",
}


@guards("plugins/plugin_utils/_plugin_options.py", "^[0-9]+ mistakes: ", "^never: ")
@guards("plugins/plugin_utils/_plugin_options.py", "(?=[.\\[]\\S|: |", "(?=: |")
@guards("plugins/plugin_utils/_plugin_options.py", """(?<!\\w)'[^']*'(?!\\w)|""", "")
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("protected: expected a mapping", "revoke_protected: expected a mapping"),
        ("protected.ownr: unknown condition", "revoke_protected.ownr: unknown condition"),
        ("findings[3].token: it is missing", "revoke_findings[3].token: it is missing"),
        (
            "2 mistakes: (1) protected.x: unknown; (2) policy.rules[0].id: unknown, see mode; (3) mode: bad",
            "2 mistakes: (1) revoke_protected.x: unknown; (2) revoke_policy.rules[0].id: unknown, see mode; "
            "(3) revoke_mode: bad",
        ),
        ("argument 'mode' is of type str and it cannot", "argument 'revoke_mode' is of type str and it cannot"),
        ("value of mode must be one of: mode, x", "value of revoke_mode must be one of: mode, x"),
        ("policy_file: no file 'policy_file: x'", "revoke_policy: no file 'policy_file: x'"),
        ("2 are planned, and max_tokens is 1", "2 are planned, and revoke_max_tokens is 1"),
        ("as_of: it isn't now; set allow_future to true.", "as_of: it isn't now; set revoke_allow_future to true."),
        ("/a/plan_file.json: cannot be read", "/a/plan_file.json: cannot be read"),
        ("policy.yml: line 3, rule a: bad", "policy.yml: line 3, rule a: bad"),
        ("p.yml: line 3, rule mode: when.mode: unknown", "p.yml: line 3, rule mode: when.mode: unknown"),
        ("the mode: it is wrong; policy: too", "the mode: it is wrong; policy: too"),
        ("Set region or regions; it is in all regions.", "Set revoke_regions; it is in all regions."),
        (
            "exclude_accounts: requires accounts, which is not set",
            "revoke_exclude_accounts: requires revoke_accounts, which is not set",
        ),
        ("Check accounts and exclude_accounts.", "Check revoke_accounts and revoke_exclude_accounts."),
        (
            "regions: cannot be combined with findings, which",
            "revoke_regions: cannot be combined with revoke_findings, which",
        ),
        ("select: owner needs owners: true", "select: owner needs revoke_owners: true"),
        ("'Set mode' needs no \"owners: true\"; accounts: 3", "'Set mode' needs no \"owners: true\"; accounts: 3"),
        ("Check modes and the accounts.", "Check modes and the accounts."),
    ],
)
def test_an_error_of_a_role_names_its_variables(text: str, named: str) -> None:
    assert replace_options(text, VARIABLES) == named


def test_the_hint_of_a_failed_task_names_the_variables_of_its_role() -> None:
    action = SimpleNamespace(_templar=SimpleNamespace(template=lambda value: value))
    result = {
        "failed": True,
        "msg": "regions: all cannot be combined with other entries",
        "hint": "Set region or regions.",
    }
    assert name_variables(action, dict(result), {"__workmail_variables": VARIABLES}) == {
        "failed": True,
        "msg": "revoke_regions: all cannot be combined with other entries",
        "hint": "Set revoke_regions.",
    }
    assert name_variables(action, dict(result), {}) == result


@guards("plugins/plugin_utils/_plugin_options.py", "        if name in given and given[name] is None:")
def test_an_option_that_protects_is_not_null() -> None:
    """To a module, ``only_if`` without a value is not a condition."""
    reject_nulls({"only_if": {"expired": True}, "other": None}, ("only_if", "as_of"))
    with pytest.raises(OptionError, match="^only_if: it has no value") as caught:
        reject_nulls({"only_if": None}, ("as_of", "only_if"))
    assert "default(omit)" in str(caught.value.hint)
