# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON report, checked against its published schema."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from audits import AUDITS, NOW, audit_of, mixed, token
from hypothesis import given
from jsonschema import Draft202012Validator
from report_strategies import NAMES, audit_named

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import CONDITIONS
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._json import render

SCHEMA = json.loads(Path(__file__).parents[5].joinpath("docs", "audit.v1.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def containers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all mappings in a document."""
    if isinstance(value, dict):
        yield path
        for key, item in value.items():
            yield from containers(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from containers(item, (*path, index))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("audit", AUDITS.values(), ids=AUDITS)
def test_the_report_is_the_audit(audit: Callable[[], dict[str, Any]]) -> None:
    result = audit()
    text = render(result)
    assert json.loads(text) == result
    assert text.isascii() and text.endswith("}\n") and "\n  " in text
    VALIDATOR.validate(json.loads(text))


def test_what_ansible_adds_to_a_result_is_not_in_the_report() -> None:
    assert render({"changed": False, "failed": False, **mixed()}) == render(mixed())


def test_a_field_that_aws_adds_is_kept() -> None:
    result = audit_of([token(1, expires_time=NOW, other={"new_field": {"of": ["aws"]}})])
    report = json.loads(render(result))
    assert report["findings"][0]["token"]["new_field"] == {"of": ["aws"]}
    VALIDATOR.validate(report)


@given(NAMES)
def test_any_text_is_read_back_unchanged(name: str) -> None:
    text = render(audit_named(name))
    report = json.loads(text)
    VALIDATOR.validate(report)
    # A surrogate without its other half is no text, and no other program would read it.
    expected = json.loads(json.dumps(name)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert {finding["token"]["name"] for finding in report["findings"]} == {expected}
    assert text.isascii()


def documents() -> dict[str, Any]:
    return {"mixed": json.loads(render(mixed())), "incomplete": json.loads(render(AUDITS["incomplete"]()))}


@pytest.mark.parametrize("document", documents().values(), ids=documents())
def test_the_schema_refuses_a_missing_or_an_unknown_field(document: dict[str, Any]) -> None:
    tried = 0
    for path in containers(document):
        if "match" in path or path[-1:] == ("by_rule",):
            continue
        if path[-1:] != ("token",):
            more = copy.deepcopy(document)
            at(more, path)["surprise"] = 1
            assert not VALIDATOR.is_valid(more), path
        for key in at(document, path):
            less = copy.deepcopy(document)
            del at(less, path)[key]
            # Not every token comes with its owner.
            assert VALIDATOR.is_valid(less) == (key == "owner"), (path, key)
            tried += 1
    assert tried > 40


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("outcome",), "fine"),
        (("outcome",), "incomplete"),
        (("complete",), False),
        (("complete",), "yes"),
        (("as_of",), "2026-11-21"),
        (("as_of",), "2026-11-21T00:00:00+01:00"),
        (("errors",), [{}]),
        (("findings", 0, "rule_id"), "no rule"),
        (("findings", 0, "severity"), "severe"),
        (("findings", 0, "muted"), False),
        (("findings", 0, "exception"), None),
        (("findings", 0, "exception", "match"), {}),
        (("findings", 0, "exception", "match"), {"nmae": ["svc-*"]}),
        (("findings", 0, "exception", "match"), {"any": [{"not": {"nmae": ["svc-*"]}}]}),
        (("findings", 0, "exception", "expires"), "soon"),
        (("findings", 0, "token", "organization_id"), None),
        (("findings", 0, "token", "date_created"), "2026-09-22T00:00:00Z"),
        (("findings", 0, "token", "expired"), "no"),
        (("findings", 0, "token", "age_days"), "60"),
        (("findings", 0, "token", "scopes"), "imap"),
        (("findings", 0, "token", "owner"), {}),
        (("findings", 1, "muted"), True),
        (("summary", "tokens"), -1),
        (("summary", "by_rule", "expired"), "one"),
        (("summary", "by_rule", "no rule"), 1),
        (("policy", "rules"), []),
        (("policy", "rules", 0, "line"), 0),
        (("organizations", 0, "tokens"), 1.5),
    ],
)
def test_the_schema_refuses_other_values(path: tuple[Any, ...], value: Any) -> None:
    document = json.loads(render(mixed()))
    VALIDATOR.validate(document)
    at(document, path[:-1])[path[-1]] = value
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize(
    "match",
    [dict.fromkeys(CONDITIONS, "x"), {"not": {"name": ["a"]}}, {"any": [{"name": ["a"]}, {"owner": ["b"]}]}],
    ids=["each", "not", "any"],
)
def test_the_schema_knows_every_condition(match: dict[str, Any]) -> None:
    document = json.loads(render(mixed()))
    document["findings"][0]["exception"]["match"] = match
    VALIDATOR.validate(document)


def test_the_schema_is_closed_and_described() -> None:
    opened = []
    for path in containers(SCHEMA):
        node = at(SCHEMA, path)
        for name, field in node.get("properties", {}).items() if "description" in node else ():
            assert "$ref" in field or "description" in field or name in ("not", "any"), (*path, name)
        if "required" in node and node["additionalProperties"] is not False:
            opened.append(path)
    assert opened == [("$defs", "token")]
