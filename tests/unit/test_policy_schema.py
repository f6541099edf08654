# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON Schema of policies: it is made from the grammar and agrees with the parser."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from policy_oracle import policies

from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import policy_mistakes
from scripts.support.policy_schema import GUIDE, SCHEMA, make_schema, make_table, write_all

FOLDER = Path(__file__).parents[2] / "policies"
VALIDATOR = Draft7Validator(make_schema())
# Of what only the parser can find. Each of these is also true of the rest of the document, or of the calendar.
ONLY_PARSER = ("does not exist", "already", "is too long", "is not valid: ", "'2026-02-30'")
JUNK: list[Any] = [None, 5, 1.5, True, "", " ", "junk", "5 days", "90d", "2026-12-31", "2026-12-31T00:00:00", "tRUE"]
JUNK += [
    "low",
    [],
    [""],
    ["x"],
    [1],
    [[]],
    {},
    {"expired": True},
    {"expird": True},
    [{"never_used": False}],
    ["a", None],
]


def test_schema_and_table_are_those_of_the_grammar(tmp_path: Path) -> None:
    """If this fails, run ``python -m scripts.support.policy_schema``."""
    assert json.loads(SCHEMA.read_text()) == make_schema()
    assert make_table() in GUIDE.read_text()
    (tmp_path / "guide.rst").write_text(GUIDE.read_text())
    write_all(tmp_path / "schema.json", tmp_path / "guide.rst")
    assert (tmp_path / "guide.rst").read_text() == GUIDE.read_text()
    assert (tmp_path / "schema.json").read_text() == SCHEMA.read_text()


def test_the_schema_is_valid() -> None:
    Draft7Validator.check_schema(make_schema())


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yml")), ids=lambda file: file.stem)
def test_the_policies_of_the_collection_name_the_schema_and_are_valid(file: Path) -> None:
    text = file.read_text()
    [line] = [line for line in text.splitlines() if line.startswith("# yaml-language-server: $schema=")]
    assert (file.parent / line.partition("=")[2]).resolve() == SCHEMA
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []


def agree(document: Any) -> None:
    """Check that the schema accepts what the parser accepts, and refuses what it can."""
    mistakes = policy_mistakes(document)
    errors = [f"{list(error.absolute_path)}: {error.message}" for error in VALIDATOR.iter_errors(document)]
    if not mistakes:
        assert errors == [], document
    elif not errors:
        assert all(any(text in mistake.problem for text in ONLY_PARSER) for mistake in mistakes), (document, mistakes)


def plain(document: Any) -> Any:
    return json.loads(json.dumps(document, default=datetime.date.isoformat))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each mapping or list in a document with one of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


@given(policies().map(plain), st.data())
def test_schema_and_parser_agree(policy: Any, data: st.DataObject) -> None:
    agree(policy)
    changed = copy.deepcopy(policy)
    part, key = data.draw(st.sampled_from(list(places(changed))))
    action = data.draw(st.sampled_from(["replace", "replace", "remove", "add"]))
    if action == "remove":
        del part[key]
    elif action == "replace":
        part[key] = data.draw(st.sampled_from(JUNK))
    elif isinstance(part, dict):
        part[data.draw(st.sampled_from(["x", "expired", "revoke", "description", "any", "not"]))] = data.draw(
            st.sampled_from(JUNK)
        )
    else:
        part.append(data.draw(st.sampled_from(JUNK)))
    agree(changed)


@pytest.mark.parametrize("junk", [*JUNK, "2026-02-30", "0d", "1000000000d", "expired\n"], ids=repr)
def test_schema_and_parser_agree_on_each_value(junk: Any) -> None:
    rule = {"id": "a", "severity": "low", "when": {"expired": True}}
    exception = {"rules": ["a"], "match": {"name": "x"}, "reason": "r", "expires": "2026-12-31"}
    base = {"version": 1, "rules": [rule], "exceptions": [exception]}
    agree(junk)
    for name in ("version", "fail_on", "rules", "exceptions"):
        agree({**base, name: junk})
    for name in ("id", "severity", "when", "description", "revoke"):
        agree({**base, "rules": [{**rule, name: junk}], "exceptions": []})
    for name in ("rules", "match", "reason", "expires"):
        agree({**base, "exceptions": [{**exception, name: junk}]})
    for name in make_schema()["definitions"]["conditions"]["properties"]:
        agree({**base, "rules": [{**rule, "when": {name: junk}}]})
