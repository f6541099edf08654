# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status of each finding is the same in every format, whatever users wrote and whatever the baseline has."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from xml.etree import ElementTree

from audits import NOW, ORGANIZATIONS, audit_of, token, with_baseline
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from report_strategies import NAMES

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import render
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._shared import headline


def in_csv(text: str) -> Mapping[str, int]:
    return Counter(row["status"] for row in csv.DictReader(io.StringIO(text, newline="")))


def in_junit(text: str) -> Mapping[str, int]:
    """A failed case is new, a skipped one known or muted, and one that passed with a reason is fixed."""
    counts: Counter[str] = Counter()
    for case in ElementTree.fromstring(text).iter("testcase"):
        if ": token " in case.attrib["name"]:
            [outcome] = case
            word = (outcome.text or "").split()[0]
            counts["new" if outcome.tag == "failure" else word.lower()] += 1
    return counts


def in_sarif(text: str) -> Mapping[str, int]:
    [run] = json.loads(text)["runs"]
    names = {"new": "new", "unchanged": "known", "absent": "fixed"}
    counts = Counter(names[result["baselineState"]] for result in run["results"])
    return counts + Counter(muted=run["properties"]["muted"])


def in_markdown(text: str) -> Mapping[str, int]:
    """The rows of each table; a table of them has a name with the status in it."""
    counts: Counter[str] = Counter()
    for section in text.split("\n### ")[1:]:
        title = section.split()[0].lower()
        if title in ("new", "known", "fixed", "muted"):
            counts[title] = len(re.findall(r"^\| ", section, re.MULTILINE)) - 2
    return counts


def in_ocsf(text: str) -> Mapping[str, int]:
    statuses = [json.loads(line)["unmapped"]["status"] for line in text.splitlines()]
    return Counter(status for status in statuses if status != "pass")


def in_openmetrics(text: str) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        if family.name == "workmail_pat_findings":
            for sample in family.samples:
                counts[sample.labels["status"]] += int(sample.value)
    return counts


READERS: dict[str, Callable[[str], Mapping[str, int]]] = {
    "csv": in_csv,
    "junit": in_junit,
    "sarif": in_sarif,
    "markdown": in_markdown,
    "ocsf": in_ocsf,
    "openmetrics": in_openmetrics,
}


# A file has no lone surrogates, and a baseline is one.
WRITTEN = NAMES.map(lambda name: name.encode("utf-8", "replace").decode())


@given(WRITTEN, st.sets(st.integers(1, 12)), st.sets(st.integers(1, 12)))
def test_every_format_counts_the_same_statuses(name: str, now: set[int], then: set[int]) -> None:
    """Tokens from 9 on are muted."""
    policy = {
        "version": 1,
        "rules": [{"id": "expired", "severity": "high", "when": {"expired": True}, "description": "It has expired"}],
        "exceptions": [
            {"rules": ["expired"], "match": {"scopes_any": ["muted"]}, "reason": "TICKET-1", "expires": "2099-12-31"}
        ],
    }
    audit, baseline = (
        audit_of(
            [
                token(
                    number,
                    ORGANIZATIONS[number % 3],
                    name=name,
                    expires_time=NOW - DAY,
                    scopes=["muted" if number >= 9 else "imap"],
                )
                for number in sorted(numbers)
            ],
            policy,
        )
        for numbers in (now, then)
    )
    compared = with_baseline(audit, baseline)
    muted = {number for number in now if number >= 9}
    expected = {
        "new": len(now - muted - then),
        "known": len((now - muted) & then),
        "fixed": len({number for number in then if number < 9} - now),
        "muted": len(muted),
    }
    assert {status: compared["summary"][status] for status in expected} == expected
    for report_format, read in READERS.items():
        text = render(compared, report_format)
        assert read(text) == Counter(expected), report_format
        without = render(audit, report_format)
        assert not re.search("baseline|fixed", without, re.IGNORECASE) or re.search(
            "baseline|fixed", name, re.IGNORECASE
        )
    words = headline(compared)
    assert ("known from the baseline" in words) is bool(expected["known"])
    assert (" fixed" in words) is bool(expected["fixed"])
