# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit as playbooks use it: the module and its policy file, and the filters."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from connecting import connect
from estate import ACME, ESTATE, GLOBEX, SECRETS_OF_A_NAME
from guarding import guards
from workmail_emulator import Emulator, Fault

RunTasks = Callable[..., dict[str, Any]]
Playbook = Callable[..., subprocess.CompletedProcess[str]]

AUDIT = "patrol.workmail.workmail_pat_audit"
AS_OF = "2026-02-04T00:00:00Z"
POLICY: dict[str, Any] = {
    "version": 1,
    "fail_on": "medium",
    "rules": [
        {"id": "expired", "severity": "high", "when": {"expired": True}, "description": "The token has expired"},
        {"id": "forever", "severity": "low", "when": {"has_expiry": False}},
        {"id": "old", "severity": "critical", "when": {"older_than": "3650d"}},
    ],
}
ORPHANED: dict[str, Any] = {
    "version": 1,
    "rules": [{"id": "orphaned", "severity": "high", "when": {"not": {"owner_state": "ENABLED"}}}],
}
EXCEPTION = {"rules": ["expired"], "match": {"name": "*"}, "reason": "TICKET-1", "expires": "2026-02-03"}


def found(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["rule_id"], finding["token"]["personal_access_token_id"]) for finding in result["findings"]]


@pytest.mark.ansible
@pytest.mark.slow
def test_the_module_finds_and_does_not_fail(emulator: Emulator, run_tasks: RunTasks) -> None:
    muting = {**EXCEPTION, "expires": "2026-02-04"}
    results = run_tasks(
        [
            {AUDIT: {"policy": POLICY, "as_of": AS_OF}, "register": "violated"},
            {AUDIT: {"policy": {**POLICY, "exceptions": [EXCEPTION]}, "as_of": AS_OF}, "register": "past"},
            {AUDIT: {"policy": {**POLICY, "exceptions": [muting]}, "as_of": AS_OF}, "register": "muted"},
            {AUDIT: {"policy": ORPHANED, "as_of": AS_OF}, "register": "orphaned"},
            {AUDIT: {"policy": POLICY, "as_of": AS_OF, "select": {"name": "Token 4"}}, "register": "selected"},
            {AUDIT: {"policy": POLICY, "as_of": AS_OF, "users": ["ana"], "owners": True}, "register": "owned"},
        ]
    )
    violated = results["violated"]
    assert violated["outcome"] == "violations" and violated["changed"] is False and violated["complete"] is True
    assert found(violated) == [("expired", "pat-1"), ("expired", "pat-3"), ("forever", "pat-4")]
    assert violated["summary"] == {
        "accounts": 1,
        "organizations": 2,
        "tokens": 6,
        "findings": 3,
        "violations": 2,
        "new": 3,
        "known": 0,
        "fixed": 0,
        "muted": 0,
        "by_rule": {"expired": 2, "forever": 1, "old": 0},
        "by_severity": {"critical": 0, "high": 2, "medium": 0, "low": 1},
    }
    tokens = {organization["id"]: organization["tokens"] for organization in violated["organizations"]}
    assert tokens[ACME] == 5 and tokens[GLOBEX] == 1
    assert violated["policy"]["file"] is None and violated["policy"]["rules"][0]["line"] is None
    assert "owner" not in violated["findings"][0]["token"]
    assert results["past"]["outcome"] == "violations"
    assert [entry["reason"] for entry in results["past"]["exceptions"]["expired"]] == ["TICKET-1"]
    assert results["muted"]["outcome"] == "pass" and results["muted"]["summary"]["muted"] == 2
    assert found(results["orphaned"]) == [("orphaned", "pat-3"), ("orphaned", "pat-4"), ("orphaned", "pat-5")]
    assert results["orphaned"]["findings"][2]["token"]["owner"]["state"] == "UNKNOWN"
    assert found(results["selected"]) == [("forever", "pat-4")] and results["selected"]["summary"]["tokens"] == 6
    assert results["owned"]["findings"][0]["token"]["owner"]["email"] == "ana@acme.example"


@guards(
    "plugins/module_utils/_audit/run.py",
    'bool(options.get("owners")) or policy.needs_owners',
    'bool(options.get("owners"))',
)
def test_owners_are_read_only_if_the_policy_needs_them(emulator: Emulator, aws: pytest.MonkeyPatch) -> None:
    from ansible_collections.patrol.workmail.plugins.module_utils._audit.run import gather_audit

    def operations(policy: dict[str, Any]) -> set[str]:
        before = len(emulator.requests)
        gather_audit({"policy": policy, "organizations": [ACME]}, connect())
        return {request.operation for request in emulator.requests[before:]}

    needing = {**POLICY, "exceptions": [{**EXCEPTION, "match": {"owner": "svc-*"}}]}
    assert "ListUsers" not in operations(POLICY)
    assert "ListUsers" in operations(needing)
    assert "ListUsers" in operations(ORPHANED)


@pytest.mark.ansible
@pytest.mark.slow
def test_policy_files_are_found_where_ansible_searches(emulator: Emulator, run_tasks: RunTasks, tmp_path: Path) -> None:
    """A file is found beside the playbook, in its folder files, in the working directory, and by its absolute path."""
    lines = "# a comment\nversion: 1\nrules:\n  - {id: expired, severity: high, when: {expired: true}}\n"
    for name in ("beside.yml", "files/inside.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(lines)
    names = ["beside.yml", "inside.yml", str(tmp_path / "beside.yml"), "default", "no_expired", "wind_down"]
    results = run_tasks(
        [
            {AUDIT: {"policy_file": name, "organization": "acme", "as_of": AS_OF}, "register": f"audit_{number}"}
            for number, name in enumerate(names)
        ]
    )
    policies = [results[f"audit_{number}"]["policy"] for number in range(len(names))]
    assert [policy["file"] for policy in policies] == [
        "beside.yml",
        "files/inside.yml",
        "beside.yml",
        "policies/default.yml",
        "policies/no_expired.yml",
        "policies/wind_down.yml",
    ]
    assert policies[0]["rules"] == [{"id": "expired", "severity": "high", "description": None, "line": 4}]
    assert results["audit_3"]["summary"]["by_rule"]["orphaned"] == 3
    assert results["audit_5"]["summary"]["findings"] == 5


BAD_ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({}, "one of the following is required: policy, policy_file"),
    ({"policy": POLICY, "policy_file": "default"}, "parameters are mutually exclusive: policy|policy_file"),
    ({"policy_file": "defalt"}, "policy_file: 'defalt' does not exist, did you mean default?"),
    ({"policy_file": "x.yml"}, "'x.yml' does not exist. The built-in policies are default,"),
    ({"policy_file": ""}, "policy_file: expected the path of a file, got ''"),
    ({"policy_file": ["default"]}, "policy_file: expected the path of a file, got ['default']"),
    ({"policy_file": "x" * 300}, f"policy_file: '{'x' * 57}...{'x' * 58}' does not exist"),
    ({"policy_file": "/"}, "/: expected a regular file, got a directory"),
    ({"policy_file": "bad.yml"}, "bad.yml: line 2, rule a: rules[0].when.expird: unknown condition, did you "),
    ({"policy": {}}, "policy: version is missing"),
    ({"policy": {**POLICY, "rules": [{**POLICY["rules"][0], "when": {"expird": True}}]}},
     "rules[0].when.expird: unknown condition, did you mean expired?"),
    ({"policy": POLICY, "organizations": ["Acme!"]}, "organizations: 'Acme!' is not a valid organization ID or alias"),
    ({"policy": POLICY, "select": {"owner": "ana"}}, "require owners: true"),
    ({"policy": POLICY, "max_items": 3}, "Unsupported parameters"),
    ({"policy": POLICY, "baseline_file": "x.json"}, "baseline_file: 'x.json' does not exist. A baseline is the audit."),
    ({"policy": POLICY, "baseline_file": "bad.yml"}, "baseline_file: 'bad.yml' is not valid JSON: "),
    ({"policy": POLICY, "baseline_file": "/"}, "baseline_file: '/': expected a regular file, got a directory"),
    ({"policy": POLICY, "baseline_file": ["a"]}, "baseline_file: expected the path of a file, got ['a']"),
    ({"policy": POLICY, "baseline_file": "bad.yml", "baseline": {"a": 1}}, "parameters are mutually exclusive: base"),
    ({"policy": POLICY, "baseline": {"a": 1}}, "baseline: expected the result of an audit, got a "),
    ({"policy": POLICY, "baseline": {"a": 1}, "baseline_max_age": "soon"}, "baseline_max_age: 'soon' is not a valid"),
    ({"policy": POLICY, "baseline": {"a": 1}, "users": ["ana"]}, "baseline: it cannot be combined with users, "),
]  # fmt: skip


@pytest.mark.ansible
@pytest.mark.slow
def test_bad_input_is_refused_before_any_call(emulator: Emulator, run_tasks: RunTasks, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("version: 1\nrules: [{id: a, severity: low, when: {expird: true}}]\n")
    results = run_tasks(
        [
            {AUDIT: arguments, "register": f"audit_{number}", "ignore_errors": True}
            for number, (arguments, _message) in enumerate(BAD_ARGUMENTS)
        ]
    )
    for number, (arguments, message) in enumerate(BAD_ARGUMENTS):
        failed = results[f"audit_{number}"]
        assert failed["failed"] is True and message in failed["msg"], arguments
        assert "Traceback" not in str(failed)
    assert len(emulator.requests) == 0


KINDS = {
    "100000000001": "access_denied",
    "100000000002": "truncated",
    "100000000003": "empty_object",
    "100000000004": "empty_next_token",
}


@pytest.mark.ansible
@pytest.mark.slow
def test_an_organization_that_cannot_be_read_is_an_error_or_incomplete(emulator: Emulator, run_tasks: RunTasks) -> None:
    """With each kind of fault in an account of its own."""
    clean = {"policy": {**POLICY, "rules": POLICY["rules"][2:]}}
    tasks: list[dict[str, Any]] = []
    for account_id, kind in KINDS.items():
        emulator.load({"Organizations": [{**entry, "AccountId": account_id} for entry in ESTATE["Organizations"]]})
        limits = {"organization_id": GLOBEX, "account_id": account_id}
        emulator.faults.add(Fault(kind, operation="ListPersonalAccessTokens", **limits))
        keys = {name.upper(): value for name, value in emulator.credentials(account_id).items()}
        failing = {AUDIT: clean, "register": f"failed_{kind}", "ignore_errors": True, "environment": keys}
        continuing = {AUDIT: {**clean, "on_error": "continue"}, "register": f"incomplete_{kind}", "environment": keys}
        tasks += [failing, continuing]
    results = run_tasks(tasks)
    for kind in KINDS.values():
        failed, incomplete = results[f"failed_{kind}"], results[f"incomplete_{kind}"]
        assert failed["failed"] is True and failed["organization_id"] == GLOBEX, kind
        assert "outcome" not in failed, kind
        assert incomplete["outcome"] == "incomplete" and incomplete["complete"] is False, kind
        assert [error["organization_id"] for error in incomplete["errors"]] == [GLOBEX], kind
        assert incomplete["summary"]["organizations"] == 1 and incomplete["summary"]["tokens"] == 5, kind


@pytest.mark.ansible
@pytest.mark.slow
def test_filters_agree_with_the_module(emulator: Emulator, run_tasks: RunTasks) -> None:
    findings = "patrol.workmail.workmail_pat_findings"
    results = run_tasks(
        [
            {"patrol.workmail.workmail_pat_info": {"as_of": AS_OF, "owners": True}, "register": "facts"},
            {AUDIT: {"policy_file": "default", "as_of": AS_OF, "owners": True}, "register": "audit"},
            {
                "ansible.builtin.set_fact": {
                    "whole": f"{{{{ facts | {findings}('default') }}}}",
                    "records": f"{{{{ facts.personal_access_tokens | {findings}('default', as_of=facts.as_of) }}}}",
                    "later": f"{{{{ facts | {findings}(policy, as_of='2100-01-01T00:00:00Z') }}}}",
                    "report": "{{ audit | patrol.workmail.workmail_pat_report('json') | from_json }}",
                },
                "register": "filtered",
            },
        ],
        vars={"policy": POLICY, "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    )
    filtered = results["filtered"]["ansible_facts"]
    audit = {key: value for key, value in results["audit"].items() if key not in ("changed", "failed", "warnings")}
    assert filtered["whole"]["findings"] == audit["findings"]
    for key in ("outcome", "summary", "exceptions", "organizations", "as_of", "complete", "errors"):
        assert filtered["whole"][key] == audit[key]
    assert filtered["records"]["findings"] == audit["findings"]
    assert filtered["later"]["summary"]["by_rule"]["expired"] == 5
    assert SECRETS_OF_A_NAME in json.dumps(filtered["report"], ensure_ascii=False)
    assert filtered["report"]["findings"] == audit["findings"]


@guards(
    "plugins/module_utils/_audit/run.py",
    "            result = compare_with_baseline(result, baseline)\n",
    "            pass\n",
)
@pytest.mark.ansible
@pytest.mark.slow
def test_only_findings_that_are_new_since_the_baseline_fail(
    emulator: Emulator, run_tasks: RunTasks, tmp_path: Path
) -> None:
    findings = "patrol.workmail.workmail_pat_findings"
    (tmp_path / "policy.yml").write_text(json.dumps(POLICY))
    options = {"policy_file": "policy.yml", "as_of": AS_OF, "baseline_file": "audit.json"}
    fewer = "{{ dict(first, findings=first.findings[1:], summary=dict(first.summary, **counts)) }}"
    results = run_tasks(
        [
            {AUDIT: {"policy_file": "policy.yml", "as_of": AS_OF}, "register": "first"},
            {
                "patrol.workmail.workmail_pat_report": {
                    "audit": "{{ first }}",
                    "dest": str(tmp_path),
                    "formats": ["json"],
                }
            },
            {AUDIT: options, "register": "same"},
            {AUDIT: {"policy": POLICY, "as_of": AS_OF, "baseline": fewer}, "register": "more"},
            {AUDIT: {**options, "as_of": "2026-01-01T00:00:00Z"}, "register": "earlier"},
            {AUDIT: {**options, "organizations": [ACME]}, "register": "part", "ignore_errors": True},
            {"patrol.workmail.workmail_pat_info": {"as_of": AS_OF}, "register": "facts"},
            {
                "ansible.builtin.set_fact": {
                    "filtered": f"{{{{ facts | {findings}(policy, baseline=first) }}}}",
                },
                "register": "set",
            },
        ],
        vars={
            "policy": POLICY,
            "counts": {
                "findings": 2,
                "new": 2,
                "violations": 1,
                "by_rule": {"expired": 1, "forever": 1, "old": 0},
                "by_severity": {"critical": 0, "high": 1, "medium": 0, "low": 1},
            },
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        },
    )
    first, same, more, earlier = (results[name] for name in ("first", "same", "more", "earlier"))
    assert first["outcome"] == "violations" and first["baseline"] is None
    assert first["policy"]["name"] == "policy" and first["policy"]["digest"].startswith("sha256:")
    assert same["outcome"] == "pass" and all(finding["known"] for finding in same["findings"])
    assert same["baseline"]["policy"] == {"name": "policy", "digest": same["policy"]["digest"]}
    assert more["outcome"] == "violations"
    assert [found({"findings": [entry]})[0] for entry in more["findings"] if not entry["known"]] == [
        ("expired", "pat-1")
    ]
    assert earlier["summary"]["fixed"] == len(earlier["fixed"]) == 2
    assert f"this audit does not read '{GLOBEX}'" in results["part"]["msg"] and results["part"]["failed"] is True
    filtered = results["set"]["ansible_facts"]["filtered"]
    assert filtered["outcome"] == "pass" and filtered["findings"] == same["findings"]


BAD_EXPRESSIONS = [
    (
        "[] | patrol.workmail.workmail_pat_findings('defalt')",
        "'defalt' is not a built-in policy, did you mean default?",
    ),
    ("[] | patrol.workmail.workmail_pat_findings({})", "policy: version is missing"),
    ("none | patrol.workmail.workmail_pat_findings('no_expired')", "facts: expected a list of records"),
    ("[{}] | patrol.workmail.workmail_pat_findings('no_expired')", "facts[0]: not a record"),
    ("[] | patrol.workmail.workmail_pat_findings('no_expired', as_of='soon')", "as_of: 'soon' is not a valid time"),
    ("{} | patrol.workmail.workmail_pat_report('json')", "audit: not the result of an audit, it lacks outcome"),
    ("{} | patrol.workmail.workmail_pat_report('sarf')", "'sarf' is not a report format, did you mean sarif?"),
]


@pytest.mark.ansible
@pytest.mark.slow
def test_filters_refuse_bad_input(run_tasks: RunTasks) -> None:
    results = run_tasks(
        [
            {"ansible.builtin.debug": {"msg": f"{{{{ {text} }}}}"}, "register": f"r_{number}", "ignore_errors": True}
            for number, (text, _message) in enumerate(BAD_EXPRESSIONS)
        ]
    )
    for number, (expression, message) in enumerate(BAD_EXPRESSIONS):
        failed = results[f"r_{number}"]
        assert failed["failed"] is True and message in failed["msg"], expression


@pytest.mark.ansible
@pytest.mark.slow
def test_check_mode_audits_and_fails(
    emulator: Emulator, ansible_playbook: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    run = ansible_playbook("patrol.workmail.audit", "--check", "--diff", extra={"audit_as_of": AS_OF})
    assert run.returncode == 2 and "FAIL: " in run.stdout
