# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OCSF report, checked against the schemas of OCSF and the models of Prowler."""

from __future__ import annotations

import json
import sys
from collections import Counter
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
    merged,
    mixed,
    token,
    unclear,
)
from guarding import guards
from hypothesis import given
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from report_strategies import NAMES, audit_named

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports import _sarif
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._ocsf import render

# The events are of 1.5.0. Consumers of other versions read them as well, because no later attribute is used.
VERSIONS = ("1.5.0", "1.3.0", "1.8.0")
VALIDATORS = {
    version: Draft202012Validator(
        OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version)).get_class_schema(
            class_name="compliance_finding", profiles=["cloud"]
        )
    )
    for version in VERSIONS
}
MODELS: list[Callable[[dict[str, Any]], Any]] = []
# The package cannot be installed on Python 3.15 yet.
if sys.version_info < (3, 15):
    from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

    MODELS.append(ComplianceFinding.model_validate)


def events_of(text: str, versions: tuple[str, ...] = VERSIONS[:1]) -> list[dict[str, Any]]:
    """The events of a report, checked for what holds for every report."""
    assert not text or text.endswith("}\n")
    assert all(line.isprintable() for line in text.split("\n"))
    events: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    for event in events:
        for version in versions:
            error = next(VALIDATORS[version].iter_errors(event), None)
            assert error is None, error
        for validate in MODELS:
            model = validate(event)
            assert (model.class_uid, model.category_uid, model.finding_info.uid) == (
                2003,
                2,
                event["finding_info"]["uid"],
            )
        assert event["type_uid"] == 200300 + event["activity_id"]
        assert event["metadata"]["version"] == "1.5.0"
    uids = [event["finding_info"]["uid"] for event in events]
    assert len(set(uids)) == len(uids)
    return events


def by_status(events: list[dict[str, Any]], status: str) -> list[dict[str, Any]]:
    return [event for event in events if event["unmapped"]["status"] == status]


@pytest.mark.parametrize("name", AUDITS)
def test_every_finding_is_an_event(name: str) -> None:
    result = AUDITS[name]() if name != "large" else AUDITS[name](200)
    events = events_of(render(result), VERSIONS)
    counted = [event for status in ("open", "new", "known") for event in by_status(events, status)]
    found = counted + by_status(events, "muted")
    assert Counter((event["compliance"]["control"], event["resources"][0]["uid"]) for event in found) == Counter(
        (finding["rule_id"], f"{finding['token']['organization_id']}/{finding['token']['personal_access_token_id']}")
        for finding in result["findings"]
    )
    assert len(by_status(events, "muted")) == result["summary"]["muted"]
    assert Counter(event["severity"].lower() for event in counted) == Counter(result["summary"]["by_severity"])
    if result["baseline"] is None:
        assert not {"new", "known", "fixed"} & {event["unmapped"]["status"] for event in events}
    else:
        for status in ("new", "known", "fixed"):
            assert len(by_status(events, status)) == result["summary"][status] > 0
    assert len(by_status(events, "incomplete")) == len(result["errors"])
    for event in events:
        assert event["unmapped"]["complete"] is result["complete"]
        assert event["unmapped"]["as_of"] == result["as_of"]
        assert event["metadata"]["product"]["version"] == result["collection_version"]
        assert event["time"] == NOW // 1000


def test_an_event_describes_a_finding() -> None:
    audit = mixed()
    [event] = [
        event
        for event in by_status(events_of(render(audit)), "open")
        if event["compliance"]["control"] == "expired" and event["resources"][0]["namespace"] == "acme"
    ]
    assert (event["severity_id"], event["status_id"], event["status"]) == (4, 1, "New")
    assert event["compliance"] == {
        "control": "expired",
        "requirements": ["The token has expired"],
        "standards": ["policy"],
        "status_id": 3,
        "status": "Fail",
    }
    assert event["message"].startswith("The token has expired: acme, token pat-00001")
    assert event["cloud"] == {"provider": "AWS", "region": "us-east-1"}
    [resource] = event["resources"]
    assert resource["name"] == "Outlook laptop"
    assert resource["owner"]["email_addr"] == "user1@acme.example"
    assert resource["data"]["expired"] is True and resource["data"]["scopes"] == ["imap"]


def test_a_muted_finding_is_suppressed_with_its_reason() -> None:
    [event] = by_status(events_of(render(mixed())), "muted")
    assert (event["status_id"], event["status"]) == (3, "Suppressed")
    assert event["status_detail"] == "Muted until 2026-12-31: TICKET-1: <b>the archive</b> & co"


def test_known_and_fixed_findings_name_the_baseline() -> None:
    events = events_of(render(compared()))
    for event in by_status(events, "known"):
        assert (event["activity_name"], event["status"], event["compliance"]["status"]) == (
            "Update",
            "In Progress",
            "Fail",
        )
        assert event["status_detail"] == "Known from the baseline of 2026-10-22T00:00:00+00:00"
    for event in by_status(events, "fixed"):
        assert (event["activity_name"], event["status"], event["compliance"]["status"]) == ("Close", "Resolved", "Pass")
        assert event["status_detail"] == "Fixed since the baseline of 2026-10-22T00:00:00+00:00"
    assert {event["resources"][0]["name"] for event in by_status(events, "fixed")} == {"<b>scanner</b>", "printer"}
    assert all("status_detail" not in event for event in by_status(events, "new"))


def test_an_event_names_the_policy_and_who_asked() -> None:
    audit = {**mixed(), "caller": "arn:aws:sts::123456789012:assumed-role/auditor/x"}
    audit["policy"]["name"] = "default"
    for event in events_of(render(audit)):
        assert event["unmapped"]["policy_digest"] == audit["policy"]["digest"]
        assert event["unmapped"]["schema_version"] == 1 and event["unmapped"]["caller"] == audit["caller"]
        assert event["unmapped"]["policy_name"] == "default" and event["compliance"]["standards"] == ["default"]


def test_the_uid_is_the_fingerprint_of_sarif() -> None:
    audit = mixed()
    results = json.loads(_sarif.render(audit))["runs"][0]["results"]
    assert [event["finding_info"]["uid"] for event in by_status(events_of(render(audit)), "open")] == [
        result["partialFingerprints"]["primaryLocationLineHash"] for result in results
    ]


def test_the_account_of_a_finding_is_the_cloud_account() -> None:
    found = by_status(events_of(render(estate())), "open")
    assert [event["cloud"]["account"] for event in found] == [
        {"uid": "111111111111", "name": "production", "type_id": 10},
        {"uid": "222222222222", "name": "222222222222", "type_id": 10},
    ]
    [error] = by_status(events_of(render(estate())), "incomplete")
    assert error["cloud"]["account"]["name"] == "denied <b>" and error["resources"][0]["uid"] == "444444444444"


def test_a_rule_that_finds_nothing_passes() -> None:
    events = events_of(render(clean()))
    assert [(event["resources"][0]["name"], event["compliance"]["control"]) for event in events] == [
        (place.alias, rule)
        for place in ORGANIZATIONS
        for rule in ("expired", "expiring", "no-expiry", "never-used", "clean")
    ]
    for event in events:
        assert (event["severity_id"], event["compliance"]["status"], event["unmapped"]["status"]) == (1, "Pass", "pass")


@guards(
    "plugins/plugin_utils/_reports/_shared.py",
    'if organization["tokens"] is not None and organization["id"] not in unread:',
    "if True:",
)
def test_an_organization_that_was_not_read_does_not_pass() -> None:
    audit = incomplete()
    audit["organizations"][1].update(state="Deleting", tokens=None)
    events = events_of(render(audit))
    [error] = by_status(events, "incomplete")
    assert events[0] == error
    assert error["compliance"]["status"] == "Warning" and error["resources"][0]["uid"] == ORGANIZATIONS[2].id
    assert {event["resources"][0]["name"] for event in by_status(events, "pass")} == {"acme"}


@guards("plugins/plugin_utils/_reports/_shared.py", "if is_unclear(audit):")
def test_no_organization_passes_if_an_error_names_none() -> None:
    assert by_status(events_of(render(unclear())), "pass") == []


def test_hosts_of_a_merged_audit_are_named() -> None:
    events = events_of(render(merged()))
    assert {event["unmapped"]["host"] for event in by_status(events, "open")} == {"production"}
    assert {event["unmapped"]["host"] for event in by_status(events, "incomplete")} == {
        "archive",
        "<b>legal</b>?::error::",
    }


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=repr)
def test_a_hostile_name_is_in_the_message(name: str) -> None:
    text = render(audit_of([token(1, expires_time=NOW - DAY, name=name)]))
    [event] = by_status(events_of(text), "open")
    shown = "".join(char if char.isprintable() else "?" for char in name)
    assert f' "{shown}" of ' in event["message"]


@given(NAMES)
def test_any_text_changes_no_number_of_events(name: str) -> None:
    audit = audit_named(name)
    for organization in audit["organizations"]:
        organization["alias"] = name
    audit["caller"] = name
    assert len(events_of(render(audit))) == len(events_of(render(audit_named("name"))))


@pytest.mark.parametrize(
    "change",
    [
        lambda event: event.update(severity_id=7),
        lambda event: event.pop("finding_info"),
        lambda event: event["compliance"].update(status_id=4),
        lambda event: event["resources"][0].update(surprise=1),
        lambda event: event["cloud"].pop("provider"),
        lambda event: event.update(surprise=1),
    ],
)
def test_the_schema_refuses_other_events(change: Callable[[dict[str, Any]], Any]) -> None:
    event = json.loads(render(mixed()).splitlines()[0])
    change(event)
    assert not VALIDATORS["1.5.0"].is_valid(event)


def test_the_models_refuse_other_events() -> None:
    event = json.loads(render(mixed()).splitlines()[0])
    for validate in MODELS:
        validate(event)
        for change in ({"severity_id": 7}, {"finding_info": {}}, {"time": "today"}):
            with pytest.raises(ValueError):
                validate({**event, **change})
