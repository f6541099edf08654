# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit that was changed after it was made is refused, with the place of the change."""

from __future__ import annotations

import copy
import json
from typing import Any

import audits
import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._audit.audit_check import check_audit
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError


@pytest.mark.parametrize(
    "make", [audits.clean, audits.mixed, audits.hostile, audits.incomplete, audits.estate, audits.merged]
)
def test_the_audits_of_this_collection_are_accepted(make: Any) -> None:
    audit = make()
    assert check_audit(audit) is audit
    # Half of a character cannot be written to a report, and hostile names are cut before they get here.
    assert check_audit(json.loads(json.dumps(audit)))


def without(path: str) -> Any:
    """Return the audit of every kind of finding without what is at a path, such as ``findings.0.token``."""
    audit = copy.deepcopy(audits.mixed())
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    part: Any = audit
    for key in parents:
        part = part[key]
    del part[last]
    return audit


def changed(path: str, value: Any) -> Any:
    """Return the audit of every kind of finding with another value at a path."""
    audit = copy.deepcopy(audits.mixed())
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    part: Any = audit
    for key in parents:
        part = part[key]
    part[last] = value
    return audit


def nested(depth: int) -> Any:
    value: Any = []
    for _level in range(depth):
        value = {"a": value}
    return value


@guards("plugins/module_utils/_audit/audit_check.py", 'entry["organizations"] is None and audit["complete"]', "False")
def test_a_complete_audit_with_an_account_that_was_not_read_is_refused() -> None:
    """Except for an account that cannot be read, because it is suspended."""
    audit = audits.clean()
    audit["accounts"].append({**audits.account(None, None, "111111111111"), "state": "SUSPENDED"})
    assert check_audit(audit)
    for state in ("ACTIVE", None):
        audit["accounts"][1]["state"] = state
        with pytest.raises(OptionError, match=r"audit\.accounts\[1\]: it was not read, but no error gives the reason"):
            check_audit(audit)


@pytest.mark.parametrize("part", ["findings", "accounts", "organizations", "errors"])
def test_a_host_that_is_not_text_is_refused(part: str) -> None:
    audit = copy.deepcopy(audits.merged())
    audit[part][0]["host"] = ["a"]
    with pytest.raises(OptionError, match=rf"audit\.{part}\[0\]\.host: "):
        check_audit(audit)


@guards(
    "plugins/module_utils/_audit/audit_check.py",
    '    if value is not None and is_number is not path.endswith("_days"):',
)
@guards(
    "plugins/module_utils/_audit/audit_check.py",
    'f"{path}.token", DERIVED)',
    'f"{path}.token") | dict.fromkeys(DERIVED)',
)
@guards(
    "plugins/module_utils/_audit/audit_check.py",
    '    elif fixed or any(finding["known"] for finding in findings):',
)
@guards(
    "plugins/module_utils/_audit/audit_check.py",
    '    if audit["schema_version"] != SCHEMA_VERSION or isinstance(audit["schema_version"], bool):',
)
@pytest.mark.parametrize(
    ("audit", "message"),
    [
        (None, "^audit: not the result of an audit, it lacks outcome"),
        (without("findings.0.token.never_used"), r"findings\[0\]\.token: .*never_used"),
        (changed("findings.0.token.age_days", "60"), r"findings\[0\]\.token\.age_days: '60' is not valid"),
        (changed("findings.0.token.expired", 1), r"findings\[0\]\.token\.expired: 1 is not valid"),
        (changed("findings.0.token.expired", "no"), r"findings\[0\]\.token\.expired: "),
        (without("errors"), "^audit: not the result of an audit, it lacks errors$"),
        (without("findings.0.token"), r"^audit.findings\[0\]: it lacks token$"),
        (without("findings.1.token.name"), r"^audit.findings\[1\].token: not a record .* it lacks name$"),
        (without("findings.1"), "^audit.summary.findings: it is"),
        (without("policy.rules"), "^audit.policy: it lacks rules$"),
        (without("summary.by_rule.expired"), "^audit.summary.by_rule: it lacks expired$"),
        (changed("summary.muted", 5), "^audit.summary.muted: it is 5, but the findings give 1$"),
        (changed("summary.tokens", -1), "^audit.summary.tokens: expected a whole number of at least 0, got -1$"),
        (changed("summary.by_rule.nobody", 0), "^audit.summary.by_rule.nobody: it is not a rule"),
        (changed("summary.by_severity.high", 0), "^audit.summary.by_severity.high: it is 0, but the findings give 2$"),
        (changed("summary.new", 0), "^audit.summary.new: it is 0, but the findings give 6$"),
        (changed("summary.fixed", 1), "^audit.summary.fixed: it is 1, but the findings give 0$"),
        (changed("findings.0.known", "no"), r"^audit.findings\[0\].known: expected true or false, got 'no'$"),
        (changed("findings.0.known", True), "^audit.baseline: it is null, but some findings are known or fixed$"),
        (changed("fixed", audits.mixed()["findings"][:1]), "^audit.baseline: it is null, but some findings are known"),
        (changed("fixed", [{}]), r"^audit.fixed\[0\]: it lacks rule_id, "),
        (changed("baseline", {}), "^audit.baseline: it lacks as_of, "),
        (changed("schema_version", 2), "^audit.schema_version: 2 is not supported; expected 1$"),
        (changed("schema_version", True), "^audit.schema_version: True is not supported; expected 1$"),
        (without("policy.digest"), "^audit.policy: it lacks digest$"),
        (changed("findings.0.severity", "worst"), r"^audit.findings\[0\].severity: 'worst' is not one of low,"),
        (changed("findings.0.severity", ["high"]), r"^audit.findings\[0\].severity: \['high'\] is not one of"),
        (changed("findings.0.rule_id", "other"), r"^audit.findings\[0\].rule_id: 'other' is not a rule"),
        (changed("findings.0.muted", "no"), r"^audit.findings\[0\].muted: expected true or false, got 'no'$"),
        (changed("findings.0.muted", not audits.mixed()["findings"][0]["muted"]), r"^audit.findings\[0\].exception: "),
        (changed("findings.0.message", None), r"^audit.findings\[0\].message: expected text, got None$"),
        (changed("findings.0.token.expires_time", "soon"), r"^audit.findings\[0\].token.expires_time: 'soon' is not"),
        (changed("findings.0.token.owner", {"name": "x"}), r"^audit.findings\[0\].token.owner: expected user_id"),
        (changed("findings.0.token.new", float("inf")), r"^audit.findings\[0\].token.new: inf is not a value of JSON$"),
        (changed("findings.0.token.new", 10**5000), r"^audit.findings\[0\].token.new: expected a number of at most"),
        (changed("findings.0.token.new", nested(500)), r"^audit.findings\[0\].token.new.a.a.*: it is nested more than"),
        (changed("findings.0.token.new", {1: 2}), r"^audit.findings\[0\].token.new: expected a text as key, got 1$"),
        (changed("findings.0.token.new", {1}), r"^audit.findings\[0\].token.new: expected a value of JSON, got set$"),
        (
            changed("findings.0.token.new", "\ud800"),
            r"^audit.findings\[0\].token.new: the text has an incomplete character",
        ),
        (changed("policy.fail_on", None), "^audit.policy.fail_on: None is not one of"),
        (changed("policy.rules", "expired"), "^audit.policy.rules: expected a list, got 'expired'$"),
        (changed("exceptions.expired", [{}]), r"^audit.exceptions.expired\[0\]: it lacks rules, match"),
        (changed("organizations.0.tokens", "5"), r"^audit.organizations\[0\].tokens: expected a whole number"),
        (changed("as_of", "yesterday"), "^audit.as_of: 'yesterday' is not a valid time"),
        (changed("errors", [{"msg": "denied"}]), r"^audit.errors\[0\]: it lacks error_code, organization_id$"),
        (changed("complete", "true"), "^audit.complete: expected true or false, got 'true'$"),
    ],
)
def test_another_document_is_not_an_audit(audit: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check_audit(audit)


ERROR = {"msg": "denied", "error_code": "AccessDeniedException", "organization_id": None}


@guards("plugins/module_utils/_audit/audit_check.py", '    if summary["organizations"] != len(read):')
@guards(
    "plugins/module_utils/_audit/audit_check.py",
    '    if summary["tokens"] < tokens or (audit["complete"] and summary["tokens"] != tokens):',
)
def test_an_audit_without_some_of_its_organizations_is_refused() -> None:
    """Nobody mistakes a part of an audit for the audit, also if the part has no finding."""
    audit = audits.clean()
    tokens = audit["summary"]["tokens"]
    fewer = {**audit, "organizations": audit["organizations"][1:]}
    with pytest.raises(OptionError, match=r"^audit\.summary\.organizations: it is \d+, but \d+ organizations were"):
        check_audit(fewer)
    for count in (tokens - 1, tokens + 1):
        with pytest.raises(OptionError, match=rf"^audit\.summary\.tokens: it is {count}, but the organizations have"):
            check_audit({**audit, "summary": {**audit["summary"], "tokens": count}})
    # Of an organization that was read in part, some tokens were read.
    partial = {**audits.incomplete(), "summary": {**audits.incomplete()["summary"]}}
    partial["summary"]["tokens"] += 1
    assert check_audit(partial)


@guards("plugins/module_utils/_audit/audit_check.py", "    if complete == bool(errors):")
def test_an_audit_is_incomplete_exactly_if_it_has_errors() -> None:
    with pytest.raises(OptionError, match="^audit.complete: it is true, but errors has 1 entries$"):
        check_audit(changed("errors", [ERROR]))
    with pytest.raises(OptionError, match="^audit.complete: it is false, but errors has 0 entries$"):
        check_audit({**audits.clean(), "complete": False, "outcome": "incomplete"})


@guards("plugins/module_utils/_audit/audit_check.py", '    if audit["outcome"] != expected:')
@pytest.mark.parametrize("outcome", ["pass", "incomplete"])
def test_an_outcome_that_contradicts_findings_and_errors_is_refused(outcome: str) -> None:
    message = f"^audit.outcome: it is {outcome}, but the rest of the audit gives violations$"
    with pytest.raises(OptionError, match=message):
        check_audit(changed("outcome", outcome))


@guards("plugins/module_utils/_audit/audit_check.py", '    if audit["outcome"] not in OUTCOMES:')
@pytest.mark.parametrize("outcome", ["passed", "PASS", "", None, ["pass"]])
def test_an_unknown_outcome_is_refused(outcome: Any) -> None:
    with pytest.raises(OptionError, match="^audit.outcome: .* is not one of pass, violations, incomplete$"):
        check_audit(changed("outcome", outcome))


@guards(
    "plugins/module_utils/_audit/audit_check.py",
    '        if count_at(count, f"{path}.{name}") != expected.get(name, count):',
)
def test_an_audit_without_some_of_its_findings_is_refused() -> None:
    audit = audits.mixed()
    with pytest.raises(OptionError, match=r"^audit\.summary\.\w+"):
        check_audit({**audit, "findings": [entry for entry in audit["findings"] if entry["severity"] != "low"]})


@guards(
    "plugins/module_utils/_audit/audit_check.py",
    '        if entry["tokens"] is None and place.readable and place.id not in named:',
)
def test_an_organization_that_was_not_read_has_an_error() -> None:
    errors = [{"msg": "denied", "error_code": "AccessDeniedException", "organization_id": audits.ORGANIZATIONS[0].id}]
    audit = audits.audit_of([], errors=errors)
    assert check_audit(audit) is audit
    audit["errors"] = [{**errors[0], "organization_id": None}]
    with pytest.raises(OptionError, match=r"organizations\[0\]: it was not read, but no error gives the reason"):
        check_audit(audit)
    audit["organizations"][0]["state"] = "Deleting"
    assert check_audit(audit) is audit
