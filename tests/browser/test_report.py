# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML report in a headless Chromium, which WORKMAIL_CHROMIUM names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import audits
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import render

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESKTOP = {"width": 360, "height": 780}, {"width": 1280, "height": 900}

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ["WORKMAIL_CHROMIUM"], args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Shows an audit's report; whatever it asks for, says on the console or pops up is an error of the test."""
    file = tmp_path / "audit.html"
    requests: list[str] = []
    complaints: list[str] = []
    contexts = []

    def call(audit: dict[str, Any], **options: Any) -> Page:
        file.write_text(render(audit, "html"))
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(file.as_uri())
        return page

    yield call
    for context in contexts:
        context.close()
    assert set(requests) == {file.as_uri()}
    assert complaints == []


def shown(page: Page) -> int:
    return page.locator(".findings tbody tr:visible").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["clean", "mixed", "hostile", "incomplete"])
def test_the_report_is_accessible(show: Open, name: str, viewport: dict[str, int], scheme: str) -> None:
    page = show(audits.AUDITS[name](), viewport=viewport, color_scheme=scheme, bypass_csp=True)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.parametrize("name", audits.AUDITS)
def test_nothing_is_loaded_or_run(show: Open, name: str) -> None:
    page = show(audits.AUDITS[name]())
    assert page.locator("strong").first.inner_text().startswith(("PASS: ", "FAIL: ", "INCOMPLETE: "))


def test_the_report_is_complete_without_javascript(show: Open) -> None:
    page = show(audits.mixed(), java_script_enabled=False)
    assert page.locator(".findings tbody tr").count() == 7
    assert page.locator(".filters").is_hidden()
    assert page.locator("#shown").inner_text() == "7 findings"


def test_filters_hide_rows_and_count_the_others(show: Open) -> None:
    page = show(audits.mixed())
    status = page.get_by_role("status")
    assert shown(page) == 7 and status.inner_text() == "7 of 7 findings shown"
    page.locator("select[name=severity]").select_option("high")
    assert shown(page) == 2 and status.inner_text() == "2 of 7 findings shown"
    page.locator("select[name=organization]").select_option("globex")
    assert shown(page) == 1
    for name in ("severity", "organization"):
        page.locator(f"select[name={name}]").select_option("all")
    page.locator("select[name=muted]").select_option("muted")
    assert shown(page) == 1
    page.locator("select[name=muted]").select_option("all")
    page.locator("select[name=rule]").select_option("never-used")
    assert shown(page) == 2
    page.locator("select[name=rule]").select_option("all")
    page.get_by_label("Search").fill("OUTLOOK user1")
    assert shown(page) == 1
    page.get_by_label("Search").fill("no such thing")
    assert shown(page) == 0 and status.inner_text() == "0 of 7 findings shown"


def test_the_keyboard_alone_filters_and_sorts(show: Open) -> None:
    page = show(audits.mixed())
    page.get_by_label("Search").focus()
    page.keyboard.type("acme")
    assert shown(page) == 6
    for _press in range(5):  # past the four choices to the first header
        page.keyboard.press("Tab")
    header = page.locator(".findings").get_by_role("columnheader", name="Severity")
    ranks = [row.inner_text() for row in page.locator(".findings tbody tr:visible td:first-child").all()]
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"
    assert [row.inner_text() for row in page.locator(".findings tbody tr:visible td:first-child").all()] == ranks
    page.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "descending"
    assert [row.inner_text() for row in page.locator(".findings tbody tr:visible td:first-child").all()] == ranks[::-1]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") is None
    assert page.locator(".findings").get_by_role("columnheader", name="Rule").get_attribute("aria-sort") == "ascending"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_five_thousand_findings_can_be_filtered_and_sorted(show: Open) -> None:
    page = show(audits.large())
    page.get_by_label("Search").fill("pat-04999")
    assert shown(page) == 1
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="Expires").click()
    days = page.locator(".findings tbody td[data-label=Expires]").all_inner_texts()
    assert len(days) == 5_000 and days == sorted(days)
