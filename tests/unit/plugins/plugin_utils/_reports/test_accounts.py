# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit of many accounts in every format: which account a finding is of, and which one was not read."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from audits import NOW, ORGANIZATIONS, audit_of, clean, estate, incomplete, merged, mixed, token
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import COLLECTION_VERSION
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._account_merge import merge_audits
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import FORMATS, render
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._shared import headline

DENIED = {"failed": True, "msg": "AssumeRole: AccessDenied: not you", "error_code": "AccessDenied"}


@pytest.mark.parametrize("report_format", FORMATS)
def test_every_report_names_what_was_not_read(report_format: str) -> None:
    sales = audit_of([token(1, expires_time=NOW - DAY)], organizations=ORGANIZATIONS[:1])
    text = render(merge_audits({"sales": sales, "legal": DENIED}, ["sales", "legal", "support"]), report_format)
    assert "incomplete" in text.lower() or report_format == "junit"
    if report_format == "openmetrics":
        # Counts, without messages.
        assert 'workmail_pat_audit_errors{host="legal",' in text and 'workmail_pat_audit_errors{host="support",' in text
        return
    assert "legal: AssumeRole: AccessDenied: not you" in text
    assert "support: it was not audited" in text
    assert ("<bdi>sales</bdi>/<bdi>acme</bdi>" if report_format == "html" else "sales: The token has expired") in text


def test_names_of_organizations_include_the_host() -> None:
    reports = {report_format: render(merged(), report_format) for report_format in FORMATS}
    assert "production/acme" in reports["junit"] and "`production/acme`" in reports["markdown"]
    assert '"name": "production/acme"' in reports["sarif"] and "archive/initech" in reports["markdown"]
    assert "<bdi>production</bdi>/<bdi>acme</bdi>" in reports["html"] and "Accounts read" in reports["html"]
    assert " of 2 organizations in 2 accounts; " in reports["text"]


def test_a_host_that_was_not_read_is_a_separate_suite() -> None:
    text = render(merge_audits({"sales": audit_of([]), "legal": DENIED}, ["sales", "legal"]), "junit")
    assert '<testsuite name="legal"' in text and '<property name="host" value="legal" />' in text


@guards("plugins/plugin_utils/_reports/_shared.py", "if account_id is None or not self.several:", "if True:")
@pytest.mark.parametrize("report_format", FORMATS)
def test_every_report_names_the_account_of_each_finding_and_error(report_format: str) -> None:
    """The name and the ID, or the ID if AWS Organizations was not asked for the name."""
    text = render(estate(), report_format)
    if report_format == "json":
        assert [entry["token"]["account_id"] for entry in json.loads(text)["findings"]] == [
            "111111111111",
            "222222222222",
        ]
    elif report_format == "csv":
        rows = [(row["account_id"], row["account_name"]) for row in csv.DictReader(io.StringIO(text))]
        assert rows == [("444444444444", "denied <b>"), ("111111111111", "production"), ("222222222222", "")]
    else:
        named = {
            "html": [
                "<bdi>production (111111111111)</bdi>/<bdi>acme</bdi>",
                "<bdi>222222222222</bdi>/<bdi>globex</bdi>",
            ],
            "text": ["high: production (111111111111): The token has", "high: 222222222222: The token has"],
            "openmetrics": [
                'workmail_pat_violations{account_id="111111111111",account="production",',
                'workmail_pat_violations{account_id="222222222222",account="",',
            ],
        }.get(report_format, ["production (111111111111)/acme", "222222222222/globex"])
        assert all(name in text for name in named), text
        assert "444444444444" in text


@guards(
    "plugins/plugin_utils/_reports/_shared.py", 'if not Account(entry["id"], state=entry["state"]).readable', "if False"
)
@pytest.mark.parametrize("report_format", [name for name in FORMATS if name not in ("csv", "json")])
def test_every_report_lists_accounts_that_are_not_active(report_format: str) -> None:
    text = render(estate(), report_format)
    closed = 'account_id="333333333333",account="closed"' if report_format == "openmetrics" else "closed (333333333333)"
    assert closed in text and "SUSPENDED" in text


def test_an_account_that_was_not_read_is_a_separate_suite() -> None:
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(render(estate(), "junit"))}
    assert list(suites) == [
        "production (111111111111)/acme",
        "222222222222/globex",
        "denied <b> (444444444444)",
        "closed (333333333333)",
    ]
    [error] = suites["denied <b> (444444444444)"].iter("error")
    assert "AccessDenied" in error.attrib["message"]
    properties = {entry.get("name"): entry.get("value") for entry in suites["closed (333333333333)"].iter("property")}
    assert properties["account_id"] == "333333333333"


def with_caller(resource: str = "assumed-role/workmail-auditor/ops") -> dict[str, Any]:
    return {**mixed(), "caller": f"arn:aws:sts::210987654321:{resource}"}


@pytest.mark.parametrize("report_format", FORMATS)
def test_every_report_names_the_caller_and_the_version(report_format: str) -> None:
    text = render(with_caller(), report_format)
    assert "210987654321" in text and "assumed-role/workmail-auditor/ops" in text and COLLECTION_VERSION in text
    assert COLLECTION_VERSION in render(mixed(), report_format)


@pytest.mark.parametrize("report_format", ["text", "markdown", "html", "junit", "sarif"])
def test_the_headline_is_the_same_everywhere(report_format: str) -> None:
    for make in (clean, mixed, incomplete, merged):
        assert headline(make()) in render(make(), report_format)


def test_the_headline_counts_violations_by_severity() -> None:
    audit = mixed()
    audit["summary"].update(
        {"tokens": 400, "findings": 479, "violations": 157, "new": 479, "muted": 0},
        by_severity={"critical": 0, "high": 61, "medium": 96, "low": 322},
    )
    assert headline(audit) == (
        "FAIL: 157 violations (61 high, 96 medium) on 400 tokens of 3 organizations; 322 lower findings do not fail"
    )


@guards("plugins/plugin_utils/_reports/_shared.py", "if abs(shift) <= _SAME_TIME:", "if True:")
@pytest.mark.parametrize("report_format", ["text", "markdown", "junit", "sarif"])
@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (
            "2020-01-01T00:00:00+00:00",
            "is about the past: it judges the tokens as of 2020-01-01T00:00:00+00:00, 2516 days",
        ),
        (
            "2026-11-20T23:00:00+00:00",
            "is about the past: it judges the tokens as of 2026-11-20T23:00:00+00:00, 60 minutes",
        ),
        (
            "2026-12-21T00:00:00+00:00",
            "is about the future: it judges the tokens as of 2026-12-21T00:00:00+00:00, 30 days",
        ),
        ("9999-12-31T23:59:59+00:00", "is about the future"),
        ("0001-01-01T00:00:00+00:00", "is about the past"),
    ],
)
def test_an_instant_other_than_now_is_named_in_words(report_format: str, as_of: str, words: str) -> None:
    assert words in render({**mixed(), "as_of": as_of}, report_format)
    assert "This audit is about" not in render(mixed(), report_format)
    a_little_later = {**mixed(), "audited_at": "2026-11-21T00:04:00+00:00"}
    assert "This audit is about" not in render(a_little_later, report_format)


@pytest.mark.parametrize("report_format", FORMATS)
@pytest.mark.parametrize("caller", ["##vso[task.complete]", "x\n::error::", "arn:aws:iam::123456789012:<b>\u202e`|"])
def test_the_name_of_a_caller_is_text_in_every_report(report_format: str, caller: str) -> None:
    text = render({**mixed(), "caller": caller}, report_format)
    assert "\u202e" not in text and "\n::" not in text and "<b>\ufffd" not in text
    if report_format == "text":
        assert "##" not in text


@pytest.mark.parametrize("report_format", [name for name in FORMATS if name != "json"])
@pytest.mark.parametrize(
    "damage",
    [
        {"findings": "none"},
        {"findings": [{}]},
        {"findings": [None]},
        {"summary": {}},
        {"as_of": None},
        {"as_of": "soon"},
        {"policy": None},
        {"organizations": [7], "findings": 7},
    ],
    ids=repr,
)
def test_a_damaged_audit_is_an_error(report_format: str, damage: dict[str, Any]) -> None:
    try:
        render({**mixed(), **damage}, report_format)
    except OptionError as error:
        assert str(error).startswith(("audit: not the result of an audit, ", "as_of: "))


@pytest.mark.parametrize("report_format", FORMATS)
def test_a_new_field_of_the_service_replaces_no_field_of_a_record(report_format: str) -> None:
    """Such as ``Owner`` in a summary, also if owners are not read."""
    names = {"owner": "ana", "expired": "no", "age_days": "x", "organization_id": "m-x", "region": 7, "new": [1]}
    fields = {"expires_time": NOW - DAY, "other": names}
    for owner in (None, token(1).owner):
        audit = audit_of([token(1, owner=owner, **fields)])
        record = audit["findings"][0]["token"]
        assert record.get("owner") == (owner and {**owner._asdict()}) and record["new"] == [1]
        plain = audit_of([token(1, owner=owner, expires_time=NOW - DAY)])["findings"][0]["token"]
        assert {key: value for key, value in record.items() if key != "new"} == plain
        if report_format != "json":
            assert render(audit, report_format) == render(
                audit_of([token(1, owner=owner, expires_time=NOW - DAY)]), report_format
            )


@pytest.mark.parametrize("report_format", [name for name in FORMATS if name != "json"])
def test_reports_of_one_account_do_not_name_it(report_format: str) -> None:
    audit = audit_of([token(1, expires_time=NOW - DAY)])
    text = render(audit, report_format)
    assert "/acme" not in text.replace("m-", "")
    if report_format == "openmetrics":
        assert set(re.findall(r'account(?:_id)?="(.*?)"', text)) == {""}
    elif report_format == "ocsf":
        assert all("account" not in json.loads(line)["cloud"] for line in text.splitlines())
    elif report_format == "html":
        assert '<h2 id="organizations">Organizations</h2>' in text and 'name="account"' not in text
    else:
        assert "account" not in text.lower().replace('"account_id","account_name"', "")
