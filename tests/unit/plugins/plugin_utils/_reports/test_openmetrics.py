# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OpenMetrics report, read with the Prometheus client's parsers for OpenMetrics and the older text format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    mixed,
    token,
    unclear,
)
from guarding import guards
from hypothesis import given
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from report_strategies import NAMES, audit_named

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, SECOND
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._openmetrics import render

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
PREFIX = "workmail_pat_"


def samples_of(text: str) -> Samples:
    """The samples of a report, checked for what holds for every report."""
    assert text.endswith("\n# EOF\n") and text.count("# EOF\n") == 1
    found: list[Samples] = []
    for parse in (parse_openmetrics, parse_text):
        samples: Samples = {}
        for family in parse(text):
            assert family.type == "gauge" and family.documentation.endswith(".")
            for sample in family.samples:
                # The textfile collector refuses a file with timestamps.
                assert sample.timestamp is None and sample.exemplar is None
                assert sample.name == family.name and sample.name.startswith(PREFIX)
                key = (sample.name.removeprefix(PREFIX), frozenset(sample.labels.items()))
                assert key not in samples
                samples[key] = sample.value
        found.append(samples)
    assert found[0] == found[1]
    return found[0]


def value_of(samples: Samples, name: str, **labels: str) -> float | None:
    """The sum of the samples of a metric with these labels; None if it has none."""
    values = [value for (metric, found), value in samples.items() if metric == name and labels.items() <= set(found)]
    return sum(values) if values else None


@pytest.mark.parametrize("audit", AUDITS.values(), ids=AUDITS)
def test_the_metrics_are_the_counts_of_the_audit(audit: Callable[[], dict[str, Any]]) -> None:
    result = audit()
    samples, summary = samples_of(render(result)), result["summary"]
    assert value_of(samples, "audit_complete") == result["complete"]
    assert value_of(samples, "audit_errors") == len(result["errors"])
    assert value_of(samples, "audit_accounts") == summary["accounts"]
    assert value_of(samples, "audit_organizations") == summary["organizations"]
    assert value_of(samples, "audit_timestamp_seconds") == NOW / SECOND
    assert value_of(samples, "audit_as_of_timestamp_seconds") == NOW / SECOND
    assert (value_of(samples, "violations") or 0) == summary["violations"]
    statuses = ("muted", "open") if result["baseline"] is None else ("muted", "new", "known", "fixed")
    counts = {status: value_of(samples, "findings", status=status) or 0 for status in statuses}
    assert counts == {
        status: summary["findings"] - summary["muted"] if status == "open" else summary[status] for status in statuses
    }
    assert (value_of(samples, "findings") or 0) == sum(counts.values())
    found = samples_of(render({**result, "fixed": []}))
    for severity, count in summary["by_severity"].items():
        muted = value_of(samples, "findings", severity=severity, status="muted") or 0
        assert (value_of(found, "findings", severity=severity) or 0) - muted == count
    for rule, count in summary["by_rule"].items():
        muted = value_of(samples, "findings", rule=rule, status="muted") or 0
        assert (value_of(found, "findings", rule=rule) or 0) - muted == count
    for organization in result["organizations"]:
        assert value_of(samples, "tokens", organization_id=organization["id"]) == organization["tokens"]


def test_the_found_tokens_are_counted_with_their_next_expiry() -> None:
    samples = samples_of(render(mixed()))
    assert value_of(samples, "found_tokens") == 6
    assert value_of(samples, "found_tokens_expired") == 2
    assert value_of(samples, "found_tokens_soonest_expiry_timestamp_seconds") == (NOW + 2 * DAY) / SECOND
    assert value_of(samples_of(render(clean())), "found_tokens_soonest_expiry_timestamp_seconds") is None


def test_the_information_names_policy_and_caller() -> None:
    audit = {**mixed(), "caller": "arn:aws:sts::123456789012:assumed-role/auditor/x"}
    [(_metric, labels)] = [key for key in samples_of(render(audit)) if key[0] == "audit_info"]
    assert dict(labels).items() >= {"version": "0.1.0", "caller": audit["caller"], "fail_on": "medium"}.items()
    assert dict(labels)["policy_digest"] == audit["policy"]["digest"] and dict(labels)["schema_version"] == "1"


def test_known_findings_are_not_violations() -> None:
    samples = samples_of(render(compared()))
    assert value_of(samples, "violations", rule="expired", organization="acme") == 0
    assert value_of(samples, "findings", rule="expired", organization="acme", status="known") == 1
    assert value_of(samples, "findings", rule="expired", organization="globex", status="fixed") == 1


def test_accounts_and_organizations_are_labels() -> None:
    samples = samples_of(render(estate()))
    assert value_of(samples, "violations", account_id="111111111111", account="production") == 1
    assert value_of(samples, "violations", account_id="222222222222", account="", organization="globex") == 1
    assert value_of(samples, "audit_errors", account="denied <b>", error_code="AccessDenied") == 1
    assert value_of(samples, "audit_left_out_accounts", account="closed", state="SUSPENDED") == 1


def test_a_rule_that_finds_nothing_is_zero() -> None:
    samples = samples_of(render(clean()))
    place = {"organization": "acme", "region": "us-east-1", "organization_id": ORGANIZATIONS[0].id}
    assert value_of(samples, "violations", rule="clean", severity="high", **place) == 0
    assert value_of(samples, "violations", rule="never-used") is None


@guards("plugins/plugin_utils/_reports/_openmetrics.py", 'if organization["tokens"] is not None', "if True")
def test_an_organization_that_was_not_read_has_no_number_of_tokens() -> None:
    samples = samples_of(render(incomplete()))
    unread = {"organization_id": ORGANIZATIONS[2].id}
    assert value_of(samples, "tokens", **unread) is None and value_of(samples, "violations", **unread) is None
    assert value_of(samples, "audit_complete") == 0


def test_no_rule_is_zero_if_an_error_names_no_organization() -> None:
    audit = unclear()
    samples = samples_of(render(audit))
    assert 0 not in [value for (name, _labels), value in samples.items() if name == "violations"]
    assert value_of(samples, "violations") == audit["summary"]["violations"]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=repr)
def test_a_hostile_alias_is_a_label(name: str) -> None:
    place = ORGANIZATIONS[0]._replace(alias=name)
    named, plain = (
        samples_of(render(audit_of([token(1, entry, expires_time=NOW - DAY)], organizations=[entry])))
        for entry in (place, ORGANIZATIONS[0])
    )
    [labels] = [dict(labels) for metric, labels in named if metric == "tokens"]
    assert len(labels["organization"]) <= 200 and labels["organization"].isprintable()
    assert len(named) == len(plain)


@given(NAMES)
def test_any_text_changes_no_number_of_samples(name: str) -> None:
    audit = audit_named(name)
    for organization in audit["organizations"]:
        organization["alias"] = name
    audit["caller"] = name
    assert len(samples_of(render(audit))) == len(samples_of(render(audit_named("name"))))


def test_the_parsers_refuse_other_documents() -> None:
    text = render(mixed())
    with pytest.raises(ValueError):
        list(parse_openmetrics(text.removesuffix("# EOF\n")))
    for parse in (parse_openmetrics, parse_text):
        with pytest.raises(ValueError):
            list(parse(text.replace('severity="', "severity=")))
