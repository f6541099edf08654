# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict of an audit in a log: it is short if the audit passes, it comes last, and it is never a false pass."""

from __future__ import annotations

from typing import Any

import audits
import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._verdict import draw_verdict, split_verdict_options

REPORTS = {"dest": "/srv/reports", "paths": {"html": "/srv/reports/audit.html", "json": "/srv/reports/audit.json"}}
POLICY = {**audits.POLICY, "exceptions": []}
# Ansible itself needs the others of 25 lines for the playbook audit.
MOST = 6


@guards("plugins/plugin_utils/_verdict.py", "passed = outcome == PASS or", "passed = True or")
@guards(
    "plugins/plugin_utils/_verdict.py",
    "(outcome == VIOLATIONS and not fail_on_violations)",
    "not fail_on_violations",
)
@pytest.mark.parametrize("fail", [True, False])
def test_an_audit_passes_only_if_it_is_complete_and_without_violations_that_fail(fail: bool) -> None:
    assert draw_verdict(audits.clean(), fail, {}, False).problem is None
    assert (draw_verdict(audits.mixed(), fail, {}, False).problem is None) is not fail
    for incomplete in (audits.incomplete(), audits.unclear()):
        verdict = draw_verdict(incomplete, fail, {}, False)
        assert verdict.as_result()["failed"] is True
        assert (verdict.problem or "").startswith("The audit is incomplete, so it cannot pass. ")
        assert str(incomplete["errors"][0]["msg"])[:40] in (verdict.problem or "")


@guards("plugins/plugin_utils/_verdict.py", "known = check_audit(audit)", "known: Any = audit")
@pytest.mark.parametrize("audit", [{"failed": True, "msg": "x"}, {**audits.mixed(), "outcome": "pass"}, None])
def test_what_is_not_an_audit_or_contradicts_itself_is_an_error(audit: Any) -> None:
    with pytest.raises(OptionError, match="audit"):
        draw_verdict(audit, False, {}, False)


def test_the_verdict_and_the_paths_of_the_reports_are_last() -> None:
    verdict = draw_verdict(audits.mixed(), True, REPORTS, False)
    *findings, _expired, _unused, about, headline, reports = verdict.summary
    assert [line.partition(":")[0] for line in findings] == ["critical", "high", "high", "medium", "low", "low"]
    assert about.startswith("Audit by patrol.workmail") and about.endswith("fails on medium and above.")
    assert headline.startswith("FAIL: 4 violations (1 critical, 2 high, 1 medium) on 7 tokens of 3 organizations; ")
    assert reports == "Reports: /srv/reports/audit.html, /srv/reports/audit.json"
    assert verdict.problem is not None and "4" not in verdict.problem


def with_findings(count: int, policy: dict[str, Any]) -> dict[str, Any]:
    old = {"date_created": audits.NOW - 40 * DAY, "date_last_used": None}
    return audits.audit_of([audits.token(number, **old) for number in range(count)], policy)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5_000])
@pytest.mark.parametrize("policy", [audits.POLICY, POLICY], ids=["exceptions", "no-exceptions"])
def test_the_verdict_of_a_pass_is_short(count: int, policy: dict[str, Any]) -> None:
    """The verdict has the number of all findings, also if there is no line for one of them."""
    audit = {**with_findings(count, policy), "audited_at": "2026-12-24T00:00:00+00:00"}
    lines = draw_verdict(audit, True, REPORTS, False).summary
    assert len(lines) <= MOST and lines[-2].startswith("PASS: 0 violations on ") and lines[-1].startswith("Reports: ")
    assert any(line.startswith("This audit is about the past") for line in lines)
    shown = sum(line.startswith("low: ") for line in lines)
    [rest] = [int(line.split()[2]) for line in lines if line.startswith("... and ")] or [0]
    assert shown + rest == count or (policy is audits.POLICY and f"{count} lower finding" in lines[-2])


def test_a_run_that_ignores_violations_or_only_checks_says_so() -> None:
    lines = draw_verdict(audits.mixed(), False, REPORTS, True).summary
    assert len(lines) <= MOST + 1
    assert lines[-2:] == [
        "Violations do not fail this run, because fail_on_violations is false.",
        "No report was written, because of check mode. Reports in /srv/reports are from an earlier run.",
    ]


def test_a_failure_shows_twenty_findings_and_every_reason() -> None:
    lines = draw_verdict(audits.large(5_000), True, REPORTS, False).summary
    assert sum(line.startswith("high: ") for line in lines) == 20 and "... and 4980 more findings" in lines
    lines = draw_verdict(audits.incomplete(), True, REPORTS, False).summary
    assert any(line.startswith("INCOMPLETE") for line in lines) and lines[-2].startswith("INCOMPLETE: ")


@pytest.mark.parametrize("path", ["/srv/a\nFAIL: 1", "/srv/\x1b[2J"])
def test_no_path_is_a_line_of_its_own(path: str) -> None:
    lines = draw_verdict(audits.clean(), True, {"dest": path, "paths": {"json": path}}, False).summary
    assert all(line.isprintable() for line in lines)


def test_options_of_the_verdict_are_split_from_those_of_the_report() -> None:
    assert split_verdict_options({"dest": "x"}) == (None, {"dest": "x"})
    assert split_verdict_options({"dest": "x", "verdict": "yes"}) == (True, {"dest": "x"})
    assert split_verdict_options({"verdict": True, "fail_on_violations": "false"}) == (False, {})


BAD: list[tuple[dict[str, Any], str]] = [
    ({"verdict": "maybe"}, "verdict: 'maybe' is not valid; expected true or false"),
    ({"verdict": True, "fail_on_violations": "sometimes"}, "fail_on_violations: 'sometimes' is not valid"),
    ({"verdict": True, "fail_on_violations": [False]}, "fail_on_violations: .* is not valid"),
    ({"fail_on_violations": False}, "fail_on_violations: expected only with verdict: true"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[message for _arguments, message in BAD])
def test_bad_options_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        split_verdict_options(arguments)
