# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML report in a headless Chromium, which WORKMAIL_CHROMIUM names."""

from __future__ import annotations

import itertools
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
# In pixels: the phone that WCAG 2.2 names (https://www.w3.org/TR/WCAG22/#reflow), a tablet, and two desktops.
WIDTHS = (320, 768, 1_300, 1_920)
DESKTOP = {"width": 1_300, "height": 900}
PICTURES = Path("tests/output/browser")
PICTURED = {"company": audits.company} | {
    name: audits.AUDITS[name] for name in ("clean", "hostile", "incomplete", "estate")
}
# Text that is ours, or a number. Names that users wrote may be longer than any line.
OURS = (
    "h1, h2, h3, dt, legend, label > span, button, thead th, summary, caption, .severity, .day, .number, "
    ".count, .figures dd, #shown, #page"
)
# The words of an element that are on more than one line.
BROKEN_WORDS = """
(selector) => {
  const broken = [];
  for (const element of document.querySelectorAll(selector)) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const word of node.data.matchAll(/[\\p{L}\\p{N}.,]+/gu)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        const tops = new Set(Array.from(range.getClientRects(), (box) => Math.round(box.top)));
        if (tops.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}
"""
# What is wider than its box or sticks out of the page.
OUTSIDE = """
() => Array.from(document.querySelectorAll("body *")).filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width && (box.right > document.documentElement.clientWidth + 0.5 || box.left < -0.5);
}).map((element) => element.outerHTML.slice(0, 80))
"""
ROWS = ".findings tbody tr"
SECTIONS = ("verdict", "rules", "findings", "expiries", "owners", "organizations", "evidence")
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

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
    return page.locator(f"{ROWS}:visible").count()


def names(page: Page) -> list[str]:
    return page.locator(f"{ROWS} .name").all_inner_texts()


def fragment(page: Page) -> str:
    return str(page.evaluate("decodeURIComponent(location.hash)"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PICTURED)
def test_the_report_is_accessible_and_nothing_is_cut(show: Open, name: str, width: int, scheme: str) -> None:
    """Checked by ``axe`` for WCAG 2.2 AA. No word breaks and nothing scrolls sideways. The pictures are for people."""
    page = show(PICTURED[name](), viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    for details in page.locator("details:not([open]) > summary").all():
        details.click()
    results = Axe().run(page, options={"runOnly": [*AXE_TAGS]})
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(BROKEN_WORDS, OURS) == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("width", WIDTHS)
def test_large_numbers_stay_on_one_line(show: Open, width: int) -> None:
    audit = audits.compared()
    audit["summary"].update(violations=1_234_567, tokens=12_345_678, organizations=123_456, new=1_234_567, known=99_999)
    page = show(audit, viewport={"width": width, "height": 900})
    assert page.evaluate(BROKEN_WORDS, OURS) == [] and page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sections_follow_each_other_without_overlap(show: Open, width: int) -> None:
    page = show(audits.compared(), viewport={"width": width, "height": 900})
    boxes = {
        heading: page.locator(f"section:has(> h2#{heading}), section:has(#{heading})").bounding_box()
        for heading in SECTIONS
    }
    tops = [box["y"] for box in boxes.values() if box]
    assert len(tops) == len(SECTIONS) and tops == sorted(tops)
    ends = [boxes[name] for name in ("verdict", "rules", "findings", "expiries")]
    for above, below in itertools.pairwise(ends):
        assert above and below and above["y"] + above["height"] <= below["y"]


@pytest.mark.parametrize("name", audits.AUDITS)
def test_nothing_is_loaded_or_run(show: Open, name: str) -> None:
    page = show(audits.AUDITS[name]())
    assert page.locator(".headline").first.inner_text().startswith(("PASS: ", "FAIL: ", "INCOMPLETE: "))


def test_the_report_is_complete_without_javascript(show: Open) -> None:
    page = show(audits.compared(), java_script_enabled=False)
    assert page.locator(ROWS).count() == 8 and page.locator(".labels li").count() == 10
    assert page.locator(".filters").is_hidden() and page.locator("nav").is_hidden()
    assert page.locator("#shown").inner_text() == "6 tokens with 7 findings, then 3 fixed findings"
    without = [row.inner_html() for row in page.locator(ROWS).all()]
    # Those that are fixed come last. With JavaScript, they are shown on request.
    assert [row.inner_html() for row in show(audits.compared()).locator(ROWS).all()] == without[:6]


def test_filters_hide_rows_and_count_the_others(show: Open) -> None:
    page = show(audits.mixed())
    status = page.get_by_role("status")
    assert shown(page) == 6 and status.inner_text() == "6 tokens with 7 findings"
    page.locator("select[name=severity]").select_option("high")
    assert shown(page) == 2 and status.inner_text() == "2 of 6 tokens with 2 of 7 findings"
    page.locator("select[name=organization]").select_option("globex")
    assert shown(page) == 1 and status.inner_text() == "1 of 6 tokens with 1 of 7 findings"
    for name in ("severity", "organization"):
        page.locator(f"select[name={name}]").select_option("all")
    page.get_by_role("radio", name="Muted").check()
    assert names(page) == ["svc-archive"]
    page.get_by_role("radio", name="All").check()
    page.locator("select[name=rule]").select_option("never-used")
    assert names(page) == ["backup", "tablet"]
    page.locator("select[name=rule]").select_option("all")
    page.get_by_label("Search").fill("OUTLOOK user1")
    assert shown(page) == 1
    page.get_by_label("Search").fill("no such thing")
    assert (
        shown(page) == 0 and status.inner_text() == "0 of 6 tokens with 0 of 7 findings. Clear the filters to show all."
    )
    page.get_by_role("button", name="Clear filters").click()
    assert shown(page) == 6 and fragment(page) == ""


def test_a_row_is_a_token_or_a_finding(show: Open) -> None:
    page = show(audits.mixed())
    assert page.locator(".findings", has_text="backup").locator("li").count() == 7
    page.get_by_role("radio", name="finding").check()
    assert shown(page) == 7 and names(page).count("backup") == 2 and fragment(page) == "#by=finding"
    assert {row.locator("li").count() for row in page.locator(ROWS).all()} == {1}


def test_new_known_muted_and_fixed_findings_are_filtered(show: Open) -> None:
    page = show(audits.compared())
    counts = {}
    for name in ("All", "New", "Known", "Muted", "Fixed"):
        page.get_by_role("radio", name=name).check()
        counts[name] = page.get_by_role("status").inner_text()
    assert counts == {
        "All": "6 tokens with 7 findings",
        "New": "3 of 6 tokens with 4 of 7 findings",
        "Known": "2 of 6 tokens with 2 of 7 findings",
        "Muted": "1 of 6 tokens with 1 of 7 findings",
        "Fixed": "2 tokens with 3 fixed findings",
    }
    assert fragment(page) == "#status=fixed" and "fixed" in page.locator(ROWS).first.inner_text()


def test_the_page_points_to_fixed_findings_if_there_are_no_others(show: Open) -> None:
    page = show(audits.with_baseline(audits.clean(), audits.mixed()))
    text = page.get_by_role("status").inner_text()
    assert text == "0 tokens with 0 findings. The status Fixed shows 6 fixed findings."
    page.get_by_role("radio", name="Fixed").check()
    assert shown(page) == 5 and page.get_by_role("status").inner_text() == "5 tokens with 6 fixed findings"


def test_accounts_are_filtered_if_there_are_several(show: Open) -> None:
    page = show(audits.estate())
    page.locator("select[name=account]").select_option("production (111111111111)")
    assert shown(page) == 1 and fragment(page) == "#account=111111111111"
    assert show(audits.mixed()).locator("select[name=account]").count() == 0


def test_a_bar_filters_the_table_by_its_rule(show: Open) -> None:
    page = show(audits.mixed())
    button = page.get_by_role("button", name="never-used")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert names(page) == ["backup", "tablet"] and button.get_attribute("aria-pressed") == "true"
    assert page.locator("select[name=rule]").input_value() == "never-used" and fragment(page) == "#rule=never-used"
    page.get_by_role("button", name="no-expiry").click()
    assert names(page) == ["backup", "svc-archive"] and button.get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="no-expiry").click()
    assert shown(page) == 6 and fragment(page) == ""


def test_a_link_restores_filters_order_and_page(show: Open) -> None:
    page = show(audits.large(300))
    page.get_by_label("Search").fill("example")
    page.get_by_label("Order").select_option("Expires, descending")
    page.get_by_role("radio", name="finding").check()
    page.get_by_role("button", name="Next").click()
    assert fragment(page) == "#q=example&by=finding&sort=-expires&page=2"
    address, rows = page.url, page.locator(ROWS).all_inner_texts()
    other = page.context.new_page()
    other.goto(address)
    assert other.locator(ROWS).all_inner_texts() == rows
    assert other.get_by_label("Search").input_value() == "example"
    assert other.get_by_role("columnheader", name="Expires").get_attribute("aria-sort") == "descending"
    # An address that is typed over, and choices that this report does not have.
    for hash_ in ("#rule=other&severity=x&status=fixed&page=-4&q=", "#page=99&%"):
        other.evaluate("(hash) => { location.hash = hash; }", hash_)
        other.wait_for_function("document.querySelector('[name=q]').value === ''")
        assert other.get_by_role("status").inner_text() == "300 tokens with 300 findings"
    assert other.locator("#page").inner_text() == "Page 12 of 12"


def test_markup_in_a_link_is_text(show: Open) -> None:
    """A link with markup finds what has this text, and adds nothing to the page."""
    page = show(audits.hostile())
    page.goto(f"{page.url}#q=%3Cscript%3Ealert(1)%3C/script%3E%3C!--&rule=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E")
    page.reload()
    assert names(page) == ["</script><script>alert(1)</script><!--"] and page.locator("img").count() == 0


def test_the_keyboard_alone_filters_sorts_and_turns_pages(show: Open) -> None:
    page = show(audits.large(300))
    page.get_by_role("button", name="expired").focus()
    page.keyboard.press("Enter")
    assert fragment(page) == "#rule=expired"
    page.keyboard.press("Tab")
    page.keyboard.type("globex")
    assert page.get_by_role("status").inner_text() == "100 of 300 tokens with 100 of 300 findings"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert fragment(page) == "#q=globex&by=finding&rule=expired"
    for _press in range(6):  # past the four choices and the button to the first header
        page.keyboard.press("Tab")
    header = page.locator(".findings").get_by_role("columnheader", name="Token")
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "descending"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") is None and fragment(page).endswith("&sort=severity")
    for _press in range(6):  # past the other headers to the button of the next page
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#page").inner_text() == "Page 2 of 4"


def test_all_rows_are_printed(show: Open) -> None:
    page = show(audits.large(300))
    assert shown(page) == 25
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert shown(page) == 300
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert shown(page) == 25
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(22, 25, 29)"
    assert page.locator(".filters").is_hidden() and page.locator("nav").is_hidden()


def test_many_findings_are_filtered_and_sorted_in_pages(show: Open) -> None:
    page = show(audits.large(6_000))
    assert shown(page) == 25 and page.locator("#page").inner_text() == "Page 1 of 240"
    assert page.get_by_role("status").inner_text() == "6,000 tokens with 6,000 findings"
    page.get_by_label("Search").fill("pat-05999")
    assert shown(page) == 1
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="Expires").click()
    days = [text.split()[-1] for text in page.locator(f"{ROWS} td:last-child").all_inner_texts()]
    assert len(days) == 25 and days == sorted(days) and days[0] == "2026-05-06"


@pytest.mark.parametrize(
    "damage", [("JSON.parse", "JSON.parse.not.there"), ("</script>\n</body>", "(</script>\n</body>")]
)
def test_all_rows_are_shown_if_the_script_fails(browser: Browser, tmp_path: Path, damage: tuple[str, str]) -> None:
    text = render(audits.hostile(), "html")
    file = tmp_path / "audit.html"
    file.write_text(text.replace(*damage))
    with browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        assert shown(page) == 29 and page.locator(".filters").is_hidden()


def test_the_first_tokens_of_a_large_audit_are_shown_without_javascript(show: Open) -> None:
    page = show(audits.large(6_000), java_script_enabled=False)
    assert page.locator(ROWS).count() == 3_000
    text = page.locator("#rest").inner_text()
    assert "shows the worst 3,000 tokens. All 6,000 are shown in pages with JavaScript." in text
