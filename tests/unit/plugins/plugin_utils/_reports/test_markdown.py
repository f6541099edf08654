# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Markdown report, parsed with markdown-it, with the extensions of GitHub, and with GitHub's own parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import comrak
import pytest
from audits import (
    AUDITS,
    HOSTILE_NAMES,
    NOW,
    ORGANIZATIONS,
    audit_of,
    clean,
    compared,
    estate,
    incomplete,
    large,
    mixed,
    token,
)
from hypothesis import assume, given
from markdown_it import MarkdownIt
from markdown_it.token import Token
from report_strategies import NAMES, audit_named

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._markdown import render
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._shared import headline

MOST = 60_000
PARSER = MarkdownIt("gfm-like")
CAVEAT = "clean list may only mean that they were purged."


def pieces(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Kind and content of everything in a document, cells and texts in order."""
    found: list[tuple[str, str]] = []
    for part in tokens:
        if part.type == "inline":
            found += pieces(part.children or [])
        else:
            found.append((part.type, part.content))
    return found


def tables_of(text: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each table under a heading, cells by column with code as it reads."""
    tables: dict[str, list[dict[str, str]]] = {}
    heading, columns, cells = "", [], []
    tokens = PARSER.parse(text)
    for number, part in enumerate(tokens):
        if part.type == "heading_open":
            heading = tokens[number + 1].content
        elif part.type in ("th_open", "td_open"):
            cells.append("".join(child.content for child in tokens[number + 1].children or []))
        elif part.type == "tr_close":
            if columns:
                tables[heading].append(dict(zip(columns, cells, strict=True)))
            else:
                columns = cells
                # Tables without a heading of their own stand before those with one.
                tables[heading] = []
            cells = []
        elif part.type == "table_close":
            columns = []
    return tables


def check(text: str) -> str:
    """Check what holds for every report; gives it back."""
    assert len(text.encode("utf-8")) <= MOST
    assert all(line.isprintable() for line in text.split("\n"))
    kinds = {kind for kind, _text in pieces(PARSER.parse(text))}
    # No links, images, HTML, emphasis, strikethrough, or blocks of code.
    assert {kind for kind in kinds if not kind.startswith(("table", "thead", "tbody", "tr_", "th_", "td_"))} <= {
        "heading_open",
        "heading_close",
        "paragraph_open",
        "paragraph_close",
        "strong_open",
        "strong_close",
        "code_inline",
        "text",
    }
    # In code, GitHub looks for none of these.
    for kind, content in pieces(PARSER.parse(text)):
        if kind == "text":
            assert not re.search(r"[@#<>`|\[\]*]|://|www\.", content), content
    # A cell more or less than there are columns would be dropped or added by parsers without a word.
    columns = 0
    for line in text.split("\n"):
        pipes = len(re.findall(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            columns = 0
        elif not columns:
            columns = pipes
        assert pipes == columns
    assert text.rstrip().endswith(CAVEAT)
    return text


@pytest.mark.parametrize("audit", AUDITS.values(), ids=AUDITS)
def test_counts_and_findings(audit: Callable[[], dict[str, Any]]) -> None:
    result = audit()
    text = check(render(result))
    assert text.startswith(f"## Amazon WorkMail tokens: {result['outcome']}\n\n**{headline(result)}**")
    tables, summary = tables_of(text), result["summary"]
    assert {row["Rule"]: int(row["Findings"]) for row in tables["Rules"]} == summary["by_rule"]
    assert sum(int(row["Muted"]) for row in tables["Rules"]) == summary["muted"]
    assert {row["Severity"]: int(row["Findings"]) for row in tables["Severities"]} == summary["by_severity"]
    counted = [finding for finding in result["findings"] if not finding["muted"] and not finding["known"]]
    rows = tables.get("Findings" if result["baseline"] is None else "New findings", [])
    assert [(row["Rule"], row["Token"].split()[0]) for row in rows] == [
        (finding["rule_id"], finding["token"]["personal_access_token_id"]) for finding in counted[: len(rows)]
    ]
    rest = re.search(r"^\.\.\. and (\d+) more, which did not fit\.$", text, re.MULTILINE)
    assert len(counted) == len(rows) + (int(rest[1]) if rest else 0)


def test_known_and_fixed_findings_have_sections() -> None:
    tables = tables_of(check(render(compared())))
    known, fixed = tables["Known from the baseline of 2026-10-22"], tables["Fixed since the baseline of 2026-10-22"]
    assert [row["Token"] for row in known] == ["pat-00001 Outlook laptop", "pat-00005 tablet"]
    assert [row["Token"] for row in fixed] == [
        "pat-00008 <b>scanner</b>",
        "pat-00009 printer",
        "pat-00008 <b>scanner</b>",
    ]
    assert not any("baseline" in heading.lower() for heading in tables_of(render(mixed())))


def test_the_evidence_is_listed() -> None:
    audit = {**compared(), "caller": "arn:aws:sts::123456789012:assumed-role/auditor/x"}
    audit["policy"]["name"] = "default"
    assert {row["Entry"]: row["Value"] for row in tables_of(check(render(audit)))["Evidence"]} == {
        "Audited at": audit["audited_at"],
        "Caller": audit["caller"],
        "Collection": "patrol.workmail 0.1.0, schema version 1",
        "Policy": "default",
        "Policy digest": audit["policy"]["digest"],
        "Baseline": "2026-10-22T00:00:00+00:00, 5 findings",
    }
    accounts = {row["Entry"]: row["Value"] for row in tables_of(render(estate()))["Evidence"]}["Accounts"]
    assert accounts == "4: 111111111111, 222222222222, 333333333333, 444444444444"


def test_the_columns_of_a_row() -> None:
    tables = tables_of(check(render(mixed())))
    message = 'The token has expired: acme, token pat-00001 "Outlook laptop" of user1@acme.example, created 2026-09-22'
    assert tables["Findings"][1] == {
        "Severity": "high",
        "Rule": "expired",
        "Organization": "acme",
        "Token": "pat-00001 Outlook laptop",
        "Owner": "user1@acme.example",
        "Created": "2026-09-22",
        "Last used": "2026-11-20",
        "Expires": "2026-11-18",
        "Message": f"{message}, last used 2026-11-20, expired 2026-11-18",
    }
    assert tables["Findings"][2]["Token"] == "pat-00007 -" and tables["Findings"][2]["Owner"] == "u-0"
    assert tables["Findings"][0]["Last used"] == tables["Findings"][0]["Expires"] == "-"
    assert [row["Severity"] for row in tables["Findings"]] == ["critical", "high", "high", "medium", "low", "low"]
    assert tables["Muted findings"] == [
        {
            "Severity": "critical",
            "Rule": "no-expiry",
            "Organization": "acme",
            "Token": "pat-00003 svc-archive",
            "Owner": "user3@acme.example",
            "Until": "2026-12-31",
            "Reason": "TICKET-1: <b>the archive</b> & co",
        }
    ]
    assert tables["Expired exceptions, which no longer mute anything"] == [
        {"Rules": "expired", "Tokens": '{"name": ["old"]}', "Until": "2026-01-31", "Reason": "TICKET-2"}
    ]
    assert [row["Reason"] for row in tables["Exceptions that matched nothing"]] == ["TICKET-3"]


def test_the_report_begins_with_the_headline() -> None:
    (row,) = tables_of(check(render(mixed())))["Amazon WorkMail tokens: violations"]
    assert row == {
        "As of": "2026-11-21T00:00:00+00:00",
        "Policy file": "-",
        "Fails on": "medium and above",
        "Organizations": "3",
        "Tokens": "7",
        "Violations": "4",
        "Findings": "6",
        "Muted": "1",
    }
    audit = mixed()
    audit["policy"].update(file="a|`b`.yml", fail_on="critical")
    (row,) = tables_of(check(render(audit)))["Amazon WorkMail tokens: violations"]
    assert (row["Policy file"], row["Fails on"], row["Violations"]) == ("a|'b'.yml", "critical and above", "4")


def test_sections_without_content_are_left_out() -> None:
    audit = clean()
    audit["exceptions"] = {"expired": [], "unused": []}
    assert [line for line in render(audit).splitlines() if line.startswith("#")] == [
        "## Amazon WorkMail tokens: pass",
        "### Severities",
        "### Rules",
        "### Evidence",
    ]


def test_organizations_that_were_not_read_are_listed() -> None:
    tables = tables_of(check(render(incomplete())))
    why = "AccessDeniedException: ListPersonalAccessTokens: <b>User</b> is not authorized? ::error::"
    assert tables["Not read"] == [{"Place": "initech", "Region": "us-west-2", "Why": why}]
    audit = clean()
    audit["organizations"][1].update(state="Requested", tokens=None)
    tables = tables_of(check(render(audit)))
    assert tables["Not read"] == [{"Place": "globex", "Region": "eu-west-1", "Why": "Not read, its state is Requested"}]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=repr)
def test_a_hostile_name_is_code(name: str) -> None:
    text = check(render(audit_of([token(1, expires_time=NOW - DAY, name=name, owner=None)])))
    (row,) = tables_of(text)["Findings"]
    shown = "".join(" " if char.isspace() else char if char.isprintable() else "?" for char in name)
    shown = shown.replace("`", "'").strip() or "-"
    # What is longer than it may be is cut, and says so.
    assert row["Token"] == f"pat-00001 {shown if len(shown) <= 80 else shown[:77] + '...'}"


@given(NAMES)
def test_any_text_changes_nothing_but_itself(name: str) -> None:
    assume(name.strip())  # a blank text is a dash

    def around(document: str) -> list[tuple[str, str]]:
        return [(kind, "" if kind == "code_inline" else content) for kind, content in pieces(PARSER.parse(document))]

    assert around(check(render(audit_named(name)))) == around(render(audit_named("name")))


# What GitHub adds to CommonMark.
GITHUB = comrak.ExtensionOptions()
for extension in ("autolink", "strikethrough", "table", "tagfilter", "tasklist"):
    setattr(GITHUB, extension, True)


@given(NAMES)
def test_any_text_changes_nothing_for_github(name: str) -> None:
    assume(name.strip())

    def around(document: str) -> str:
        # Dangerous tags are let through here, to be found.
        options = comrak.RenderOptions()
        options.unsafe_ = True
        html = comrak.render_markdown(document, extension_options=GITHUB, render_options=options)
        return re.sub(r"<code>[^<]*</code>", "<code/>", html)

    html = around(render(audit_named(name)))
    assert html == around(render(audit_named("name")))
    assert "<code/>" in html and "<td>" in html and "<code>" not in html and "<a" not in html


def many(count: int, text: str) -> dict[str, Any]:
    """An audit in which there is too much of everything."""
    audit = large(count)
    for finding in audit["findings"]:
        finding["message"] = text
        finding["token"].update(name=text, organization_alias=text, personal_access_token_id=text, user_id=text)
        finding["token"]["owner"].update(name=text, email=text)
    exception = {"rules": ["expired"] * count, "match": {"name": [text] * 9}, "reason": text, "expires": "2026-12-31"}
    for finding in audit["findings"][::2]:
        finding.update(muted=True, exception=exception)
    for finding in audit["findings"][1::4]:
        finding.update(known=True)
    policy = {"name": text, "digest": text}
    audit.update(
        fixed=list(audit["findings"]),
        baseline={"as_of": audit["as_of"], "audited_at": audit["as_of"], "findings": count, "policy": policy},
        caller=text,
    )
    audit["policy"].update(policy)
    audit["exceptions"] = {"expired": [exception] * count, "unused": [exception] * count}
    error = {"msg": text, "error_code": text, "organization_id": text, "region": text}
    audit.update(outcome="incomplete", complete=False, errors=[error] * count)
    rule = {"id": "expired", "severity": "high", "description": text, "line": 1}
    audit["policy"].update(file=text, rules=[rule] * count)
    audit["organizations"] = [
        {"id": f"m-{number}", "account_id": None, "alias": text, "region": text, "state": text, "tokens": None}
        for number in range(count)
    ]
    return audit


@pytest.mark.parametrize(
    "text", ["short", "x" * 100_000, "😀" * 5_000, "|" * 5_000, "`|" * 300], ids=lambda text: text[:2]
)
def test_it_is_never_too_long(text: str) -> None:
    count = 500
    report = check(render(many(count, text)))
    headings = [line for line in report.splitlines() if line.startswith("### ")]
    assert len(headings) == 10
    sections = re.split(r"^### .*$", report, flags=re.MULTILINE)[1:]
    totals = [2 * count, 4, count, count // 4, count // 4, count, count // 2, count, count, 6]
    for heading, section, total in zip(headings, sections, totals, strict=True):
        rows = [line for line in section.splitlines() if line.startswith("| ")]
        shown = len(rows) - 2  # below the columns and the line
        rest = re.search(r"^\.\.\. and (\d+) more, which did not fit\.$", section, re.MULTILINE)
        assert shown >= 1
        assert shown + (int(rest[1]) if rest else 0) == total, heading


def test_as_many_rows_as_fit_are_shown() -> None:
    audit = large(600)
    for finding in audit["findings"]:
        finding["message"] = finding["token"]["name"] = finding["token"]["owner"]["email"] = "x"
    sizes = set()
    # Each leaves a byte less to the findings.
    for length in range(200):
        audit["policy"]["file"] = "f" * length
        text = render(audit)
        assert "more, which did not fit." in text
        sizes.add(len(text.encode()))
    assert min(sizes) > MOST - 250 and max(sizes) <= MOST


def test_an_organization_without_alias_is_named_by_its_id() -> None:
    text = render(audit_of([token(1, expires_time=NOW - DAY, organization_alias=None)]))
    assert tables_of(text)["Findings"][0]["Organization"] == ORGANIZATIONS[0].id
