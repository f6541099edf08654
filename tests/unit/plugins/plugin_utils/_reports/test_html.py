# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
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
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._shared import headline

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


@pytest.mark.parametrize("make", audits.AUDITS.values(), ids=audits.AUDITS)
def test_the_page_holds_every_finding_once_and_loads_nothing(make: Callable[[], dict[str, Any]]) -> None:
    audit = make()
    page = elements(audit)
    rows = [element for element in page if element.tag == "tr" and "data-severity" in element.attrib]
    assert [(row.get("data-severity"), row.get("data-rule"), row.get("data-muted")) for row in rows] == [
        (finding["severity"], finding["rule_id"], "yes" if finding["muted"] else "no") for finding in audit["findings"]
    ]
    ids = [next(element for element in row.iter() if element.get("class") == "id").find("bdi").text for row in rows]
    assert ids == [finding["token"]["personal_access_token_id"] for finding in audit["findings"]]
    assert not any(element.tag in ACTIVE for element in page)
    assert not any({"src", "href", "style", "srcset", "action"} & element.attrib.keys() for element in page)
    assert not any(str(name).startswith("on") for element in page for name in element.attrib)
    [style] = [element for element in page if element.tag == "style"]
    assert not re.search(r"url\(|@import", style.text)
    assert sum(element.tag == "script" for element in page) == 1


@pytest.mark.parametrize(
    ("make", "outcome"), [(audits.clean, "Pass"), (audits.mixed, "Violations"), (audits.incomplete, "Incomplete")]
)
def test_the_outcome_is_at_the_top(make: Callable[[], dict[str, Any]], outcome: str) -> None:
    page = elements(make())
    [title] = [element for element in page if element.tag == "title" and not element.attrib]
    assert title.text.startswith(f"{outcome}: ")
    assert next(element for element in page if element.tag == "strong").text == headline(make())
    whole = text_of(page[0])
    assert "A token that AWS no longer lists cannot be seen" in whole
    assert ("What could not be read" in whole) is (outcome == "Incomplete")


@guards("plugins/plugin_utils/_reports/_html.py", "autoescape=True", "autoescape=False")
def test_counts_exceptions_and_errors() -> None:
    page = elements(audits.mixed())
    whole = " ".join(text_of(element) for element in page if element.tag in ("div", "section"))
    for part in (
        "Findings6",
        "Muted1",
        "critical1",
        "TICKET-1: <b>the archive</b> & co until 2026-12-31",
        "TICKET-2",
    ):
        assert part in whole
    assert "User</b> is not authorized\ufffd ::error::" in text_of(elements(audits.incomplete())[0])


@pytest.mark.parametrize(
    "as_of", ["9999-12-31T23:59:59+00:00", "9998-12-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00"]
)
def test_the_first_and_the_last_year_have_a_page(as_of: str) -> None:
    page = elements({**audits.mixed(), "as_of": as_of})
    assert any(str(element.tag).endswith("svg") for element in page)


@pytest.mark.parametrize("count", [5_000, 1_234_567])
def test_no_count_of_the_timeline_is_cut(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each end of the picture; a digit is at most 7 units wide."""
    bars = [_html.Bar("2026-11", count, 100, False)] * 28
    monkeypatch.setattr(_html, "_timeline", lambda audit, tokens: bars)
    [picture, _use] = [element for element in elements(audits.mixed()) if str(element.tag).endswith("svg")]
    left, _top, width, _height = map(float, picture.get("viewBox").split())
    counts = [element for element in picture if str(element.tag).endswith("text") and element.get("class") == "count"]
    assert len(counts) == 28 and {element.text for element in counts} == {str(count)}
    for element in counts:
        half = 7 * len(str(count)) / 2
        assert left <= float(element.get("x")) - half and float(element.get("x")) + half <= left + width


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


def test_five_thousand_findings_make_a_page_below_five_megabytes() -> None:
    assert len(render(audits.large(), "html").encode()) < 5_000_000


def test_the_number_of_owners_is_limited() -> None:
    tokens = [
        audits.token(number, expires_time=audits.NOW, owner=Owner(f"u-{number}", f"name{number}"))
        for number in range(60)
    ]
    assert "and 10 more owners" in text_of(elements(audits.audit_of(tokens))[0])
