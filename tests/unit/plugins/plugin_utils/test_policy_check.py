# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of a policy file: every mistake with its place, its findings in facts, and invalid input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from guarding import guards
from token_strategies import NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.plugin_utils._policy_check import check_policy, parse_check_options

MISTAKEN = """\
version: 1
fail_on: hgh
rules:
  - id: expired
    severity: high
    when: {expird: true}
  - id: unused
    severity: medium
    when:
      unused_for: 90 days
exceptions:
  - rules: [unusd]
    match: {owner: []}
    reason: x
    expires: 2026-02-30
"""
RECORD = {
    "organization_id": "m-" + "a" * 32,
    "organization_alias": "acme",
    "region": "us-east-1",
    "account_id": "123456789012",
    "account_name": None,
    "personal_access_token_id": "pat-1",
    "user_id": "u-1",
    "name": "Outlook",
    "date_created": format_instant(NOW - 60 * DAY),
    "date_last_used": None,
    "expires_time": format_instant(NOW - DAY),
    "scopes": ["imap"],
}


def check(**arguments: Any) -> dict[str, Any]:
    def find(_option: str, name: object) -> Path | None:
        path = Path(str(name))
        return path if path.exists() else None

    return check_policy(parse_check_options(arguments, find), NOW)


def write(path: Path, content: str) -> str:
    path.write_text(content)
    return str(path)


def test_all_mistakes_have_a_line_a_rule_and_the_nearest_name(tmp_path: Path) -> None:
    result = check(policy_file=write(tmp_path / "policy.yml", MISTAKEN))
    assert result["failed"] is True and result["msg"].endswith("policy.yml has 6 mistakes.")
    begins = [
        "line 2: fail_on: 'hgh' is not one of low, medium, high, critical, did you mean high?",
        "line 6, rule expired: rules[0].when.expird: unknown condition, did you mean expired? Expected ",
        "line 10, rule unused: rules[1].when.unused_for: '90 days' is not a valid duration",
        "line 12: exceptions[0].rules[0]: rule 'unusd' does not exist, did you mean unused?",
        "line 13: exceptions[0].match.owner: expected a list of at least one non-empty string",
        "line 15: exceptions[0].expires: '2026-02-30' does not exist",
    ]
    for line, begin in zip(result["mistakes"], begins, strict=True):
        assert line.startswith(begin)


def test_a_policy_of_the_collection_and_what_it_finds_in_facts(tmp_path: Path) -> None:
    facts = write(tmp_path / "facts.json", json.dumps([RECORD]))
    assert check(policy_file="no_expired")["review"][0].startswith("policies/no_expired.yml is valid, with 1 rule and ")
    review = check(policy_file="no_expired", facts_file=facts)["review"]
    start = review.index(f"Findings in {facts}:")
    assert review[start + 1].startswith("high: The token has expired: acme, token pat-1 ")
    # A list does not say whether it is complete.
    assert review[-1].startswith(
        "INCOMPLETE: not everything was read; 1 violation (1 high) on 1 token of 1 organization"
    )
    assert not check(policy_file="no_expired", facts_file=facts).get("failed")


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "policy_file: expected the path of a policy, got an empty value"),
    ({"policy_file": "no_expird"}, "policy_file: 'no_expird' does not exist, did you mean no_expired?"),
    ({"policy_file": "{folder}/yaml"}, "line 1: not valid YAML"),
    ({"policy_file": "{folder}/nothing"}, "the file is empty"),
    ({"policy_file": "{folder}"}, "expected a regular file, got a directory"),
    ({"policy_file": "default", "facts": "x"}, "facts: unknown option, did you mean facts_file?"),
    ({"policy_file": "default", "facts_file": "none.json"}, "facts_file: 'none.json' does not exist"),
    ({"policy_file": "default", "facts_file": "{folder}/yaml"}, "is not valid JSON"),
    ({"policy_file": "default", "facts_file": "{folder}/audit"}, "is the result of an audit, which has only"),
    ({"policy_file": "default", "facts_file": "{folder}/text"}, "facts_file: facts: expected a list of records"),
    # The records have no owners.
    ({"policy_file": "default", "facts_file": "{folder}/facts"}, "gather the tokens with owners: true"),
]


@guards("plugins/plugin_utils/_policy_check.py", '    if isinstance(facts, dict) and "outcome" in facts:')
@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[message for _arguments, message in BAD])
def test_bad_input(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    contents = {"yaml": "rules: [", "nothing": "", "audit": '{"outcome": "pass"}', "text": '"x"'}
    contents["facts"] = json.dumps([RECORD])
    for name, content in contents.items():
        write(tmp_path / name, content)
    given = {name: value.format(folder=tmp_path) for name, value in arguments.items()}
    with pytest.raises(OptionError) as raised:
        check(**given)
    assert message in str(raised.value)
