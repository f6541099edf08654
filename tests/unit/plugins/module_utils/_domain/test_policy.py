# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from guarding import guards
from policy_documents import VALID

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import (
    MistakesError,
    OptionError,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy, policy_mistakes


def _set(*path: Any) -> Callable[[Any], None]:
    """A change to the valid policy: the last of the path is the value to set at the rest."""

    def change(policy: Any) -> None:
        for step in path[:-2]:
            policy = policy[step]
        policy[path[-2]] = path[-1]

    return change


def _drop(*path: Any) -> Callable[[Any], None]:
    def change(policy: Any) -> None:
        for step in path[:-1]:
            policy = policy[step]
        del policy[path[-1]]

    return change


RULE, EXCEPTION = ("rules", 2), ("exceptions", 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("rule", []), r"rule: unknown key, did you mean rules\?"),
        (_set("name", "x"), r"name: unknown key, expected version, rules, fail_on, exceptions"),
        (_drop("version"), r"policy: version is missing"),
        (_set("version", 2), r"version: unsupported policy version 2; expected 1$"),
        (_set("version", True), r"version: unsupported policy version True"),
        (_set("version", None), r"version: has no value"),
        (_set("fail_on", "hihg"), r"fail_on: 'hihg' is not one of low, medium, high, critical, did you mean high\?"),
        (_set("fail_on", "info"), r"fail_on: 'info' is not one of low, medium, high, critical"),
        (_set("fail_on", None), r"fail_on: has no value"),
        (_drop("rules"), r"policy: rules is missing"),
        (_set("rules", []), r"rules: expected at least one rule"),
        (_set("rules", {"id": "a"}), r"rules: expected a list, got \{'id': 'a'\}"),
        (_set("rules", None), r"rules: has no value"),
        (_set("rules", 1, "stale"), r"rules\[1\]: expected a mapping, got 'stale'"),
        (_set("rules", 1, "id", "expired"), r"rules\[1\]\.id: duplicate ID 'expired'; rules\[0\] has it already"),
        (_drop(*RULE, "id"), r"rules\[2\]: id is missing"),
        (_set(*RULE, "id", ""), r"rules\[2\]\.id: '' is not a valid rule ID; expected at most 64 letters"),
        (_set(*RULE, "id", 7), r"rules\[2\]\.id: 7 is not a valid rule ID"),
        (_set(*RULE, "id", "a b"), r"rules\[2\]\.id: 'a b' is not a valid rule ID"),
        (_set(*RULE, "id", "a\n"), r"rules\[2\]\.id: 'a\\n' is not a valid rule ID"),
        (_set(*RULE, "id", "x" * 65), r"rules\[2\]\.id: 'x+' is not a valid rule ID"),
        (_drop(*RULE, "severity"), r"rules\[2\]: severity is missing"),
        (_set(*RULE, "severity", "hgih"), r"rules\[2\]\.severity: 'hgih' is not one of .*, did you mean high\?"),
        (_set(*RULE, "severity", ["high"]), r"rules\[2\]\.severity: \['high'\] is not one of low, medium"),
        (_drop(*RULE, "when"), r"rules\[2\]: when is missing"),
        (_set(*RULE, "when", {}), r"rules\[2\]\.when: expected at least one condition"),
        (_set(*RULE, "when", None), r"rules\[2\]\.when: has no value"),
        (_set(*RULE, "when", {"expird": True}), r"rules\[2\]\.when\.expird: unknown condition, did you mean expired\?"),
        (_set(*RULE, "when", {"not": {"any": [{"x": 1}]}}), r"rules\[2\]\.when\.not\.any\[0\]\.x: unknown condition"),
        (_set(*RULE, "descripton", "x"), r"rules\[2\]\.descripton: unknown key, did you mean description\?"),
        (_set(*RULE, "description", " "), r"rules\[2\]\.description: expected a text, got ' '"),
        (_set("exceptions", {}), r"exceptions: expected a list, got \{\}"),
        (_set("exceptions", None), r"exceptions: has no value"),
        (_drop(*EXCEPTION, "reason"), r"exceptions\[0\]: reason is missing"),
        (_set(*EXCEPTION, "reason", ""), r"exceptions\[0\]\.reason: expected a text, got ''"),
        (_set(*EXCEPTION, "reason", 7), r"exceptions\[0\]\.reason: expected a text, got 7"),
        (_drop(*EXCEPTION, "expires"), r"exceptions\[0\]: expires is missing"),
        (_set(*EXCEPTION, "expires", "2026-02-30"), r"exceptions\[0\]\.expires: '2026-02-30' does not exist"),
        (
            _set(*EXCEPTION, "expires", "never"),
            r"exceptions\[0\]\.expires: 'never' is not a valid date or time; expected a date, such as 2026-12-31,",
        ),
        (
            _set(*EXCEPTION, "expires", "2026-12-31T00:00:00"),
            r"exceptions\[0\]\.expires: .* is not a valid date or time",
        ),
        (_set(*EXCEPTION, "expires", 20261231), r"exceptions\[0\]\.expires: 20261231 is not a valid date or time"),
        (_drop(*EXCEPTION, "match"), r"exceptions\[0\]: match is missing"),
        (_set(*EXCEPTION, "match", {}), r"exceptions\[0\]\.match: expected at least one condition"),
        (
            _set(*EXCEPTION, "match", {"nam": "x"}),
            r"exceptions\[0\]\.match\.nam: unknown condition, did you mean name\?",
        ),
        (_drop(*EXCEPTION, "rules"), r"exceptions\[0\]: rules is missing"),
        (_set(*EXCEPTION, "rules", []), r"exceptions\[0\]\.rules: expected at least one rule ID"),
        (
            _set(*EXCEPTION, "rules", ["stal"]),
            r"exceptions\[0\]\.rules\[0\]: rule 'stal' does not exist, did you mean stale\?",
        ),
        (
            _set(*EXCEPTION, "rules", ["x", 1]),
            r"exceptions\[0\]\.rules\[0\]: rule 'x' does not exist, expected expired, stale,",
        ),
        (_set(*EXCEPTION, "rules", 1), r"exceptions\[0\]\.rules: expected a list, got 1"),
        (_set(*EXCEPTION, "rule", "stale"), r"exceptions\[0\]\.rule: unknown key, did you mean rules\?"),
    ],
)
@guards("plugins/module_utils/_domain/policy.py", "        if rule_id in first:")
@guards("plugins/module_utils/_domain/policy.py", "        if rule_ids is not None and rule not in rule_ids:")
@guards(
    "plugins/module_utils/_domain/policy.py",
    "parse_conditions(value, path, required=True)",
    "parse_conditions(value, path)",
)
@guards("plugins/module_utils/_domain/policy.py", "        if key not in known:")
def test_bad_policies_are_refused(change: Callable[[Any], None], message: str) -> None:
    policy = copy.deepcopy(VALID)
    change(policy)
    with pytest.raises(MistakesError) as caught:
        parse_policy(policy)
    found = [f"{mistake.path}: {mistake.problem}" for mistake in caught.value.mistakes]
    assert any(re.match(message, text) for text in found), found
    assert all(text in str(caught.value) for text in found)
    assert policy_mistakes(policy) == caught.value.mistakes


@pytest.mark.parametrize("document", [None, [], "default", 1])
def test_a_policy_that_is_not_a_mapping_is_refused(document: object) -> None:
    with pytest.raises(OptionError, match="^policy: expected a mapping, got "):
        parse_policy(document)


def test_fail_on_and_exceptions_are_optional() -> None:
    policy = parse_policy({"version": "1", "rules": VALID["rules"]})
    assert policy.fail_on == "low" and not policy.exceptions


@pytest.mark.parametrize("value", [None, 0, "maybe", []])
def test_revoke_is_a_boolean(value: object) -> None:
    with pytest.raises(OptionError, match=r"rules\[0\]\.revoke: "):
        parse_policy({"version": 1, "rules": [{**VALID["rules"][0], "revoke": value}]})
