# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any

import audits
import html5lib
import pytest
from guarding import guards
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports import _html
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import render
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._html_charts import expiry_bars
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._shared import finding_status, headline

# What could load or run something, or leave the page.
ACTIVE = {"a", "iframe", "img", "link", "object", "embed", "base", "use", "image", "audio", "video", "source"}


def elements(audit: dict[str, Any]) -> list[Any]:
    """The elements of the page as a browser sees them; an error of the parser is one of the test."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    page = parser.parse(render(audit, "html"))
    assert not parser.errors
    return list(page.iter())


def shape(page: list[Any]) -> list[tuple[Any, list[Any]]]:
    return [(element.tag, sorted(element.attrib)) for element in page]


def text_of(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def data_of(page: list[Any]) -> list[dict[str, Any]]:
    """The rows of the table as the script reads them."""
    texts = [element.text for element in page if element.tag == "script" and element.get("id") == "data"]
    if not texts:
        return []
    data = json.loads(texts[0])
    rows = []
    for row in data["rows"]:
        *fields, created, used, expires, labels = row
        named = [data["texts"][number] for number in labels]
        rows.append(
            {
                "name": fields[0],
                "id": fields[1],
                "owner": data["texts"][fields[2]],
                "days": [created, used, expires],
                "labels": [tuple(named[index : index + 4]) for index in range(0, len(named), 4)],
            }
        )
    return rows


def table_of(page: list[Any]) -> list[dict[str, Any]]:
    """The rows of the table as they are read without the script."""
    [*tables] = [element for element in page if element.tag == "table" and element.get("class") == "findings"]
    rows = []
    for row in tables[0].find("tbody") if tables else ():
        token, labels, owner, _place, *days = row
        rows.append(
            {
                "name": token[0].text or "",
                "id": token[1].text,
                "owner": owner[0].text,
                "days": [day.text for day in days],
                "labels": [
                    (label[0].text, label[1].text, label[2].get("class").split()[1], label[2].text or "")
                    for label in labels[0]
                ],
            }
        )
    return rows


def statuses_of(audit: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Severity, rule, status and token ID of each finding, in any order."""
    current = [
        (finding["severity"], finding["rule_id"], finding_status(audit, finding), finding["token"])
        for finding in audit["findings"]
    ]
    fixed = [(finding["severity"], finding["rule_id"], "fixed", finding["token"]) for finding in audit["fixed"]]
    return sorted((*rest, token["personal_access_token_id"]) for *rest, token in current + fixed)


@guards("plugins/plugin_utils/_reports/_html_rows.py", '.replace("<", "\\\\u003c")', "")
@pytest.mark.parametrize("make", audits.AUDITS.values(), ids=audits.AUDITS)
def test_the_page_holds_every_finding_once_and_loads_nothing(make: Callable[[], dict[str, Any]]) -> None:
    audit = make()
    page = elements(audit)
    rows = data_of(page)
    assert sorted((*label[:3], row["id"]) for row in rows for label in row["labels"]) == statuses_of(audit)
    assert table_of(page) == rows[:3_000]
    assert not any(element.tag in ACTIVE for element in page)
    assert not any({"src", "href", "style", "srcset", "action"} & element.attrib.keys() for element in page)
    assert not any(str(name).startswith("on") for element in page for name in element.attrib)
    [style] = [element for element in page if element.tag == "style"]
    assert not re.search(r"url\(|@import", style.text)
    scripts = [element.get("type") for element in page if element.tag == "script"]
    assert scripts == ([None, "application/json", None] if rows else [None, None])


@pytest.mark.parametrize("make", [audits.mixed, audits.compared, audits.estate, audits.incomplete])
def test_the_sections_are_in_the_order_in_which_they_are_needed(make: Callable[[], dict[str, Any]]) -> None:
    page = elements(make())
    ids = [element.get("id") for element in page if element.tag == "h2"]
    assert [name for name in ids if name != "exceptions"] == [
        *("verdict", "rules", "findings", "expiries", "uses", "owners", "organizations", "evidence")
    ]


def test_what_is_new_precedes_what_is_known_muted_and_fixed() -> None:
    rows = table_of(elements(audits.company()))
    firsts = ["new", "known", "muted", "fixed"]
    order = [min(firsts.index(label[2]) for label in row["labels"]) for row in rows]
    assert order == sorted(order) and set(order) == {0, 1, 2, 3}


def test_without_findings_the_page_says_what_was_checked() -> None:
    page = elements(audits.clean())
    text = text_of(page[0])
    assert "9 tokens of 3 organizations in 1 account were checked against 5 rules." in text
    assert [element.get("id") for element in page if element.tag == "h2"][:3] == ["verdict", "rules", "organizations"]
    assert all(rule["id"] in text for rule in audits.POLICY["rules"])


def test_what_was_not_read_precedes_all_counts() -> None:
    text = text_of(elements(audits.incomplete())[0])
    assert text.index("What was not read") < text.index("User</b> is not authorized") < text.index("Violations1")


def test_only_a_complete_audit_is_proposed_as_a_baseline() -> None:
    """An audit that is not complete is refused as one."""
    proposal = "as the baseline of the next ones"
    assert proposal in text_of(elements(audits.mixed())[0])
    for audit in (audits.incomplete(), audits.compared(), audits.clean()):
        assert proposal not in text_of(elements(audit)[0])
    assert "No findings in what was read: " in text_of(elements(audits.incomplete())[0])


def test_statuses_are_filters_only_if_there_are_several() -> None:
    def choices(audit: dict[str, Any]) -> list[str]:
        inputs = [element for element in elements(audit) if element.get("name") == "status"]
        return [element.get("value") for element in inputs]

    assert choices(audits.compared()) == ["", "new", "known", "muted", "fixed"]
    assert choices(audits.mixed()) == ["", "open", "muted"]
    assert choices(audits.hostile()) == []
    [main] = [element for element in elements(audits.mixed()) if element.tag == "main"]
    assert not re.search(r"\b(new|known|fixed)\b", text_of(main).replace("new findings only", ""), re.IGNORECASE)


@guards("plugins/plugin_utils/_reports/_html.py", 'len(audit["findings"]) + len(audit["fixed"]) - _MOST_FINDINGS', "0")
def test_findings_beyond_the_limits_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most severe findings are in the page, and it says how many are only in other formats."""
    monkeypatch.setattr(_html, "_MOST_ROWS", 2)
    monkeypatch.setattr(_html, "_MOST_FINDINGS", 5)
    page = elements(audits.mixed())
    assert len(table_of(page)) == 2 and sum(len(row["labels"]) for row in data_of(page)) == 5
    text = text_of(page[0])
    assert "This page has the worst 5 findings, and not the other 2." in text and "audit.csv" in text
    assert "Without JavaScript, this page shows the worst 2 tokens." in text


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2026-11-21T00:00:00+00:00", "Saturday, 21 November 2026, 00:00 UTC"),
        ("2026-11-21T23:59:59.123456+00:00", "Saturday, 21 November 2026, 23:59 UTC"),
        ("2026-11-21T01:30:00+02:00", "Friday, 20 November 2026, 23:30 UTC"),
        ("0001-01-01T00:00:00+00:00", "Monday, 1 January 1, 00:00 UTC"),
        ("9999-12-31T23:59:59+00:00", "Friday, 31 December 9999, 23:59 UTC"),
    ],
)
def test_the_instant_is_in_words_with_its_zone(instant: str, words: str) -> None:
    text = text_of(elements({**audits.mixed(), "as_of": instant})[0])
    assert f"Audit as of {words}" in text and ".123456" not in text.partition("Evidence")[2]


def test_another_instant_than_now_is_in_words() -> None:
    text = text_of(elements({**audits.mixed(), "as_of": "2026-09-21T07:44:53.197562+00:00"})[0])
    assert (
        "the past: it judges the tokens as of Monday, 21 September 2026, 07:44 UTC, 60 days before it was made" in text
    )
    assert "07:44:53" not in text.partition("Evidence")[0]
    assert "This audit is about" not in text_of(elements(audits.mixed())[0])


@pytest.mark.parametrize(
    ("days", "name"),
    [
        (-366, "over a year ago"),
        (-365, "180 to 365 days ago"),
        (-7, "in the last 7 days"),
        (0, "in the last 7 days"),
        (0.5, "in the next 7 days"),
        (7, "in the next 7 days"),
        (8, "in 7 to 30 days"),
        (180, "in 90 to 180 days"),
        (366, "in over a year"),
        (None, "never"),
    ],
)
def test_tokens_are_counted_by_the_time_to_their_expiry(days: float | None, name: str) -> None:
    assert [(column.name, column.tokens) for column in expiry_bars([{"expires_in_days": days}]) if column.tokens] == [
        (name, 1)
    ]


@pytest.mark.parametrize(
    ("make", "outcome"), [(audits.clean, "Pass"), (audits.mixed, "Violations"), (audits.incomplete, "Incomplete")]
)
def test_the_outcome_is_at_the_top(make: Callable[[], dict[str, Any]], outcome: str) -> None:
    page = elements(make())
    [title] = [element for element in page if element.tag == "title"]
    assert title.text.startswith(f"{outcome}: ")
    assert next(element for element in page if element.get("class") == "headline").text == headline(make())
    whole = text_of(page[0])
    assert "A token that AWS no longer lists cannot be seen" in whole and "What to do next" in whole
    assert ("What was not read" in whole) is (outcome == "Incomplete")


@guards("plugins/plugin_utils/_reports/_html.py", "autoescape=True", "autoescape=False")
def test_the_page_has_counts_exceptions_and_errors() -> None:
    page = elements(audits.mixed())
    whole = " ".join(text_of(element) for element in page if element.tag in ("div", "section"))
    for part in ("Findings6", "Muted1", "until 2026-12-31: TICKET-1: <b>the archive</b> & co", "TICKET-2"):
        assert part in whole
    assert "User</b> is not authorized\ufffd ::error::" in text_of(elements(audits.incomplete())[0])


@pytest.mark.parametrize(
    "as_of", ["9999-12-31T23:59:59+00:00", "9998-12-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"]
)
def test_the_first_and_the_last_year_have_a_page(as_of: str) -> None:
    page = elements({**audits.mixed(), "as_of": as_of})
    assert any(element.get("class") == "bars short" for element in page)


def hostile(name: str) -> dict[str, Any]:
    owner = Owner(name, name, name, name, "ENABLED")
    policy = {**audits.POLICY, "exceptions": [{**audits.POLICY["exceptions"][1], "reason": f"x{name}"}]}
    error = {"msg": name, "organization_id": audits.ORGANIZATIONS[2].id}
    return audits.audit_of([audits.token(1, expires_time=audits.NOW - DAY, name=name, owner=owner)], policy, [error])


@functools.cache
def harmless() -> list[tuple[Any, list[Any]]]:
    return shape(elements(hostile("harmless")))


@settings(deadline=None)
@given(st.text(min_size=1) | st.sampled_from(audits.HOSTILE_NAMES).filter(bool))
def test_what_users_write_is_text_and_changes_nothing_else(name: str) -> None:
    """The page has the same elements and attributes as with a harmless name, and holds the name as its own text."""
    page = elements(hostile(name))
    assert shape(page) == harmless()
    said = [element.text or "" for element in page if element.tag == "bdi"]
    printable = "".join(character if character.isprintable() else "\ufffd" for character in name)
    assert said.count(printable) >= 4
    [row] = data_of(page)
    assert (row["name"], row["owner"]) == (printable, printable)


def test_five_thousand_findings_make_a_page_below_five_megabytes() -> None:
    assert len(render(audits.large(), "html").encode()) < 5_000_000


def test_ten_owners_are_shown_and_the_others_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_html, "_MOST_OWNERS", 50)
    tokens = [
        audits.token(number, expires_time=audits.NOW, owner=Owner(f"u-{number}", f"name{number % 60}"))
        for number in range(63)
    ]
    page = elements(audits.audit_of(tokens))
    shown, folded = [element for element in page if element.get("class") == "bars owners"]
    names = [text_of(row.find("span")[0][0]) for row in shown]
    assert len(names) == 10 and sorted(names[:3]) == ["name0", "name1", "name2"] and len(folded) == 40
    text = text_of(page[0])
    assert "50 more owners" in text and "and 10 more owners" in text
