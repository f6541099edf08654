# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every link of the site and of the Markdown files leads somewhere.

Without a network, of a link to elsewhere only the form is checked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import lxml.html
import pytest
import yaml
from markdown_it import MarkdownIt

COLLECTION = Path(__file__).parents[2]
NOT_OURS = {".venv", ".ansible", "node_modules", "output"}
# The part ``site`` of ``scripts/test`` builds the site. Without it, these tests can be collected, and fail.
SITE = Path(os.environ.get("WORKMAIL_SITE", COLLECTION / "site"))
MARKDOWN = sorted(file for file in COLLECTION.rglob("*.md") if not NOT_OURS & set(file.relative_to(COLLECTION).parts))
GALAXY = yaml.safe_load((COLLECTION / "galaxy.yml").read_text())
# In the description of an option that is amazon.aws's own.
OF_AMAZON_AWS = {"http://docs.aws.amazon.com/general/latest/gr/rande.html#ec2_region"}


@cache
def read(page: Path) -> lxml.html.HtmlElement:
    """A page of HTML, or one of Markdown with the anchors that GitHub gives to headings."""
    if page.suffix != ".md":
        return lxml.html.document_fromstring(page.read_bytes())
    document = lxml.html.document_fromstring(MarkdownIt("commonmark").enable("table").render(page.read_text()))
    for heading in document.iter("h1", "h2", "h3", "h4"):
        words = re.sub(r"[^\w\- ]", "", heading.text_content().lower())
        heading.set("id", words.replace(" ", "-"))
    return document


def links(page: Path) -> Iterator[str]:
    """What a page leads to or shows."""
    for element in read(page).iter("a", "area", "img", "link", "script", "source", "object"):
        yield from (element.get(name) for name in ("href", "src", "data") if element.get(name) is not None)


def anchors(page: Path) -> set[str]:
    return {*read(page).xpath("//@id"), *read(page).xpath("//a/@name")}


def is_shipped(file: Path) -> bool:
    """Whether a file is in the artifact: ``galaxy.yml`` says what is not."""
    if not file.resolve().is_relative_to(COLLECTION):
        return False
    name = file.resolve().relative_to(COLLECTION)
    ignored = [*GALAXY["build_ignore"], "galaxy.yml"]
    parts = [str(part) for part in (name, *name.parents)]
    return not any(fnmatch(part, each) or fnmatch(Path(part).name, each) for part in parts for each in ignored)


def fault(page: Path, link: str) -> str | None:
    """What is wrong about a link; None if nothing is."""
    if re.search(r"\s", link) or not link:
        return "it is empty or has whitespace in it"
    parts = urlsplit(link)
    if link.startswith(f"{GALAXY['repository']}/"):
        file = re.sub(r"^/(?:blob|edit|tree)/main/", "", parts.path.removeprefix(urlsplit(GALAXY["repository"]).path))
        known = file.startswith(("/issues", "/security/advisories")) or (COLLECTION / file).exists()
        return None if known else "the repository has no such file"
    if parts.scheme or parts.netloc:
        return None if parts.scheme == "https" and "." in parts.netloc else "it is no https:// link to a host"
    target = page.parent / unquote(parts.path) if parts.path else page
    if not target.exists():
        return "there is no such file"
    if page.suffix == ".md" and is_shipped(page) and not is_shipped(target):
        return "the artifact has this page but not the file"
    if parts.fragment and target.suffix in (".html", ".md") and unquote(parts.fragment) not in anchors(target):
        return "there is no such anchor"
    return None


def faults(page: Path) -> list[str]:
    found = {link: fault(page, link) for link in links(page) if link not in OF_AMAZON_AWS}
    return [f"{link}: {why}" for link, why in found.items() if why]


PAGES = sorted(SITE.rglob("*.html")) or [SITE / "index.html"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(SITE)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert faults(page) == []


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: str(page.relative_to(COLLECTION)))
def test_the_links_of_a_markdown_file_lead_somewhere(page: Path) -> None:
    assert faults(page) == []


def test_every_page_can_be_reached() -> None:
    reached, todo = set(), [SITE / "index.html"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in links(page):
            parts = urlsplit(link)
            if not parts.scheme and parts.path.endswith(".html"):
                todo.append((page.parent / unquote(parts.path)).resolve())
    assert reached == {page.resolve() for page in PAGES}


def test_the_site_has_every_guide_plugin_and_role() -> None:
    """Each plugin, role and guide has a page, each playbook is told of, and each picture is shown."""
    folders = {"modules": "module", "filter": "filter", "inventory": "inventory", "lookup": "lookup", "test": "test"}
    plugins = {
        f"{file.stem}_{kind}"
        for folder, kind in folders.items()
        for file in (COLLECTION / "plugins" / folder).glob("*.py")
    }
    # A role without variables is a part of the others.
    roles = {f"{file.parents[1].name}_role" for file in (COLLECTION / "roles").glob("*/meta/argument_specs.yml")}
    guides = {f"docsite/{file.stem}" for file in (COLLECTION / "docs/docsite/rst").glob("*.rst")}
    names = {str(page.relative_to(SITE).with_suffix("")) for page in PAGES}
    assert names == {*plugins, *roles, *guides, "index", "search", "environment_variables"}
    told = read(SITE / "docsite/guide_playbooks.html").text_content()
    assert all(f"patrol.workmail.{book.stem}" in told for book in (COLLECTION / "playbooks").glob("*.yml"))
    shown = {Path(urlsplit(link).path).name for page in PAGES for link in links(page)}
    pictures = {file.name for file in (COLLECTION / "docs/docsite/rst").iterdir() if file.suffix != ".rst"}
    assert pictures and pictures <= shown


def test_a_picture_has_an_alternative_text() -> None:
    pictures = [image for page in PAGES for image in read(page).iter("img") if "_images" in image.get("src", "")]
    assert pictures
    assert all(len(image.get("alt", "").split()) > 5 for image in pictures)


@pytest.mark.parametrize(
    ("name", "shipped"),
    [
        ("README.md", True),
        ("docs/iam/auditor.json", True),
        ("roles/audit/README.md", True),
        ("CONTRIBUTING.md", False),
        ("emulator/README.md", False),
        ("galaxy.yml", False),
    ],
)
def test_the_artifact_ships_only_some_files(name: str, shipped: bool) -> None:
    assert is_shipped(COLLECTION / name) is shipped


def test_a_link_of_a_shipped_page_to_a_file_that_is_not_shipped_is_found() -> None:
    why = "the artifact has this page but not the file"
    assert fault(COLLECTION / "README.md", "emulator/README.md") == why
    assert fault(COLLECTION / "roles/audit/README.md", "../../CONTRIBUTING.md") == why
    assert fault(COLLECTION / "CONTRIBUTING.md", "emulator/README.md") is None
    assert fault(COLLECTION / "README.md", f"{GALAXY['repository']}/blob/main/emulator/README.md") is None
    absent = fault(COLLECTION / "README.md", f"{GALAXY['repository']}/blob/main/absent.md")
    assert absent == "the repository has no such file"


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("http://docs.aws.amazon.com/", "https"),
        ("https://docs.aws.amazon.com/a b", "whitespace"),
        ("//docs.aws.amazon.com/", "https"),
        ("https://localhost/", "https"),
        ("", "empty"),
        ("absent.html", "file"),
        ("other.html#absent", "anchor"),
        ("#absent", "anchor"),
        ("guide.md#absent", "anchor"),
    ],
)
def test_a_bad_link_is_found(tmp_path: Path, link: str, why: str) -> None:
    (tmp_path / "other.html").write_text('<h1 id="there">There</h1>')
    (tmp_path / "guide.md").write_text("# What to do, and when?\n")
    page = tmp_path / "page.html"
    good = ["other.html#there", "guide.md#what-to-do-and-when", "https://docs.aws.amazon.com/"]
    page.write_text("".join(f'<a href="{target}">x</a>' for target in [*good, link]))
    [found] = faults(page)
    assert found.startswith(f"{link}: ") and why in found
