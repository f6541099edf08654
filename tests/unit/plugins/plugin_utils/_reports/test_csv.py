# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CSV report, read with the standard library and with a simple parser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from audits import AUDITS, NOW, audit_of, compared, mixed, token
from guarding import guards
from hypothesis import given
from report_strategies import NAMES, audit_named

from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import COLLECTION_VERSION
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._csv import render

NUMBERS = ("age_days", "unused_days", "lifetime_days", "expires_in_days")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def check(text: str, count: int) -> list[dict[str, str]]:
    """Check what holds for every report; gives the rows."""
    text.encode("utf-8")
    rows = rows_of(text)
    # RFC 4180 in a form that somebody who splits lines reads the same way.
    lines = text.split("\r\n")
    assert lines.pop() == ""
    assert len(lines) == count + 1 == len(rows) + 1
    assert len(text.splitlines()) == len(lines) and "\0" not in text
    for row in rows:
        assert None not in row and None not in row.values()
        for column, cell in row.items():
            if column in NUMBERS:
                assert cell == "" or float(cell) is not None
            else:
                assert not cell.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")), (column, cell)
    return rows


@pytest.mark.parametrize("audit", AUDITS.values(), ids=AUDITS)
@guards("plugins/plugin_utils/_reports/_csv.py", '    for error in audit["errors"]:\n', "    for error in ():\n")
def test_each_finding_is_a_row(audit: Callable[[], dict[str, Any]]) -> None:
    result = audit()
    errors = result["errors"]
    rows = check(render(result), len(errors) + result["summary"]["findings"] + len(result["fixed"]))
    for row, error in zip(rows, errors, strict=False):
        assert (row["rule_id"], row["severity"], row["muted"]) == ("", "incomplete", "")
        assert row["organization_id"] == (error["organization_id"] or "") and row["region"] == (error["region"] or "")
        assert row["message"].startswith(f"{error['error_code']}: ") and row["name"] == ""
    for row, finding in zip(rows[len(errors) :], [*result["findings"], *result["fixed"]], strict=True):
        known, owner = finding["token"], finding["token"].get("owner") or {}
        assert row["rule_id"] == finding["rule_id"] and row["host"] == finding.get("host", "")
        assert row["severity"] == finding["severity"]
        assert row["muted"] == str(finding["muted"]).lower()
        assert row["exception_reason"] == (finding["exception"] or {}).get("reason", "")
        assert row["exception_expires"] == (finding["exception"] or {}).get("expires", "")
        for column in ("organization_id", "organization_alias", "region", "personal_access_token_id", "user_id"):
            assert row[column] == known[column]
        for column in ("date_created", "date_last_used", "expires_time"):
            assert row[column] == (known[column] or "")
        for column in ("expired", "never_used"):
            assert row[column] == str(known[column]).lower()
        for column in NUMBERS:
            assert (float(row[column]) if row[column] else None) == known[column]
        assert row["owner_state"] == (owner.get("state") or "")
        assert row["scopes"] == "imap"
        assert re.sub("([;|] *)'", r"\1", row["message"]) == re.sub("([;|] *)'", r"\1", finding["message"])


def test_names_are_written_unchanged() -> None:
    rows = rows_of(render(mixed()))
    assert [row["name"] for row in rows] == ["svc-archive", "backup", "Outlook laptop", "", "phone", "backup", "tablet"]
    assert rows[0]["owner_email"] == "user3@acme.example" and rows[0]["owner_name"] == "user3"


def test_each_finding_has_its_status() -> None:
    statuses = [(row["personal_access_token_id"], row["rule_id"], row["status"]) for row in rows_of(render(compared()))]
    assert statuses == [
        ("pat-00003", "no-expiry", "muted"),
        ("pat-00004", "no-expiry", "new"),
        ("pat-00001", "expired", "known"),
        ("pat-00007", "expired", "new"),
        ("pat-00002", "expiring", "new"),
        ("pat-00004", "never-used", "new"),
        ("pat-00005", "never-used", "known"),
        ("pat-00008", "no-expiry", "fixed"),
        ("pat-00009", "expired", "fixed"),
        ("pat-00008", "never-used", "fixed"),
    ]
    assert {row["status"] for row in rows_of(render(mixed()))} == {"open", "muted"}


def test_each_row_names_the_policy_and_the_versions() -> None:
    audit = mixed()
    for row in rows_of(render(audit)):
        assert (row["schema_version"], row["policy_name"]) == ("1", "")
        assert row["policy_digest"] == audit["policy"]["digest"]


def test_an_empty_audit_has_a_header() -> None:
    text = render(AUDITS["clean"]())
    assert text.startswith('"rule_id","severity","status","muted",') and text.count("\r\n") == 1


def test_numbers_stay_numbers() -> None:
    text = render(audit_of([token(1, expires_time=NOW - 3 * DAY)]))
    assert ",-3.0," in text and "'-3" not in text


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"),
        ("\r\n=1", "'  =1"),
        ("  =1", "'  =1"),
        ("\u3000\uff1d1", "' \uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff201", "'\uff201"),
        ("\x00=1", "?=1"),
        ("a=1", "a=1"),
        ('"=1', '"=1'),
        ("two\nlines", "two lines"),
        ("two\u2028lines", "two lines"),
        ("\u202egnp", "?gnp"),
        ("a,b;c", "a,b;c"),
        ("a;=1", "a;'=1"),
        ("a; -1;|@x", "a;' -1;|'@x"),
        ('a;"=1', "a;'\"=1"),
        ("a;\uff1d1", "a;'\uff1d1"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_formula_is_text(name: str | None, cell: str) -> None:
    assert rows_of(render(audit_of([token(1, expires_time=NOW, name=name)])))[0]["name"] == cell


@guards("plugins/plugin_utils/_reports/_csv.py", '|(?<=[;|])(?=["\\s]*{0})', "")
@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("name", ["a;=1+1", 'a";=1', "a;\t=1", "a\t=1", "a|@SUM(A1)", 'a;"=1', "a; \uff1d1"], ids=repr)
def test_no_cell_is_a_formula_with_another_separator(name: str, separator: str) -> None:
    text = render(audit_of([token(1, expires_time=NOW, name=name, owner=Owner("u", name))]))
    for line in text.split("\r\n"):
        for cell in (*next(csv.reader([line], delimiter=separator), []), *line.split(separator)):
            assert not cell.strip(' "').startswith(("=", "+", "-", "@", "\uff1d")), (cell, line)


def test_every_row_has_the_instant_the_caller_and_the_version() -> None:
    result = {**mixed(), "caller": "arn:aws:iam::123456789012:user/ops"}
    for row in rows_of(render(result)):
        made = (row["as_of"], row["audited_at"], row["caller"], row["collection_version"])
        assert made == (result["as_of"], result["audited_at"], result["caller"], COLLECTION_VERSION)


@given(NAMES)
def test_any_text_stays_in_its_cell(name: str) -> None:
    result = audit_named(name)
    rows = check(render(result), 1 + len(result["findings"]))
    for row, finding in zip(rows[1:], result["findings"], strict=True):
        assert row["personal_access_token_id"] == finding["token"]["personal_access_token_id"]
        assert len(row["name"].replace("'", "")) == len(name.replace("'", ""))
