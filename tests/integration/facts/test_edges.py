# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module, lookup and test plugin as playbooks use them: results, failures, options."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import ACME, ESTATE
from guarding import guards
from workmail_emulator import Emulator, Fault

RunTasks = Callable[..., dict[str, Any]]
Playbook = Callable[..., subprocess.CompletedProcess[str]]

INFO = "patrol.workmail.workmail_pat_info"
LOOKUP = "patrol.workmail.workmail_pat"

# Each kind of trouble once, through a whole run of Ansible; test_faults has every one at every operation.
FAULTS = {
    "throttle": "ThrottlingException",
    "internal_error": "InternalServerException",
    "unavailable": "ServiceUnavailableException",
    "access_denied": "AccessDeniedException",
    "expired_credentials": "ExpiredTokenException",
    "reset": "ConnectionClosedError",
    "truncated": "MalformedResponseException",
    # Some versions of botocore notice by themselves that a body is short.
    "short_body": "MalformedResponseException ConnectionClosedError",
    "html": "MalformedResponseException",
    "empty_body": "MalformedResponseException",
    "empty_object": "MalformedResponseException",
    "miscased_key": "MalformedResponseException",
    "null_list": "MalformedResponseException",
    "empty_next_token": "PaginationException",
    "millisecond_timestamps": "MalformedResponseException",
    "unparsable_timestamps": "MalformedResponseException",
    "invalid_utf8": "MalformedResponseException",
}


def test_a_failing_module_says_what_where_and_what_to_do(
    emulator: Emulator, server: Emulator, run_tasks: RunTasks
) -> None:
    def tasks(kind: str) -> list[dict[str, Any]]:
        fault = {"kind": kind, "operation": "ListPersonalAccessTokens", "page": 2, "times": 2}
        failing = {"organization": ACME, "page_size": 2}
        looked_up = f"{{{{ query('{LOOKUP}', '{ACME}', page_size=2) }}}}"
        return [
            {
                "ansible.builtin.uri": {
                    "url": f"{server.endpoint_url}/_workmail/faults",
                    "method": "POST",
                    "body": fault,
                    "body_format": "json",
                    "status_code": [200, 201, 204],
                }
            },
            {INFO: failing, "register": f"module_{kind}", "ignore_errors": True},
            {"ansible.builtin.debug": {"msg": looked_up}, "register": f"lookup_{kind}", "ignore_errors": True},
        ]

    results = run_tasks([task for kind in FAULTS for task in tasks(kind)])
    for kind, code in FAULTS.items():
        failure = results[f"module_{kind}"]
        assert failure["failed"] is True
        assert failure["error_code"] in code.split()
        assert failure["organization_id"] == ACME
        assert failure["region"] == "us-east-1"
        assert failure["operation"] == "ListPersonalAccessTokens"
        assert failure["page"] == 2
        assert failure["boto3_version"] and failure["botocore_version"]
        assert failure["msg"].endswith(failure["hint"] or ")")
        assert "personal_access_tokens" not in failure
        assert "Traceback" not in str(failure)
        lookup = results[f"lookup_{kind}"]
        assert lookup["failed"] is True
        for part in (ACME, "us-east-1", "page 2", "ListPersonalAccessTokens"):
            assert part in lookup["msg"]
        assert "Traceback" not in str(lookup)
    denied = results["module_access_denied"]
    assert "workmail:ListPersonalAccessTokens" in denied["hint"]
    assert denied["error"]["code"] == "AccessDeniedException" and denied["response_metadata"]["http_status_code"] == 400


def test_missing_libraries(ansible_playbook: Playbook, environment: dict[str, str], tmp_path: Path) -> None:
    """A module fails with the text of amazon.aws. Lookup and inventory say which Python needs what."""
    (tmp_path / "missing").mkdir()
    for name in ("boto3", "botocore"):
        (tmp_path / "missing" / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')")
    (tmp_path / "x.workmail_pat.yml").write_text(f"plugin: {LOOKUP}")
    tasks = [
        {INFO: {"organization": ACME}, "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', '{ACME}') }}}}"}},
    ]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (tmp_path / "book.yml").write_text(json.dumps([play]))
    path = f"{tmp_path / 'missing'}:{environment.get('PYTHONPATH', '')}"
    run = ansible_playbook("-i", "x.workmail_pat.yml", "book.yml", env={"PYTHONPATH": path})
    output = " ".join((run.stdout + run.stderr).split())
    assert run.returncode == 2 and "Failed to import the required Python library (botocore and boto3)" in run.stdout
    assert output.count("boto3 and botocore are not installed for /") >= 2 and "Install both for this" in output
    assert "Failed to parse inventory" in output and "Traceback" not in output


BAD_MODULE_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "id": ({"organization": "m-XYZ"}, "organizations: 'm-XYZ' is not a valid organization ID"),
    "alias": (
        {"organization": "acme", "organizations": ["globex"]},
        "organizations, organization: are two names of one option; give one of them",
    ),
    "aliases": ({"user": "ana", "user_id": "u-1"}, "users, user_id: are two names of one option"),
    "page": ({"page_size": 0}, "page_size: 0 is out of range; expected 1 to 100"),
    "region": ({"regions": ["eu-central-1"]}, "eu-west-1, us-east-1, us-west-2"),
    "connection": ({"region": "eu-central-1"}, "region: Amazon WorkMail is not in 'eu-central-1'"),
    "condition": ({"select": {"expird": True}}, "select.expird: unknown condition, did you mean expired?"),
    "duration": ({"select": {"older_than": "90"}}, "select.older_than: '90' is not a duration"),
    "instant": ({"as_of": "2026-01-02T03:04:05"}, "as_of: '2026-01-02T03:04:05' is neither an instant with an offset"),
    "digits": ({"as_of": "+" + "9" * 5000 + "d"}, "as_of: '+999"),
    "role": ({"assume_role_arn": ""}, "assume_role_arn: '' is not like arn:aws:iam::"),
    "owners": ({"select": {"owner_state": "DISABLED"}}, "need owners: true"),
    "paging": ({"organizations": ["acme", "globex"], "max_items": 5}, "exactly one organization"),
    "choice": ({"on_error": "contine"}, "value of on_error must be one of: fail, continue, got: contine"),
    "config": ({"aws_config": {"retrys": 3}}, "retrys"),
    "profile": ({"profile": "nope", "access_key": "", "secret_key": ""}, "nope"),
}


def test_bad_input_to_the_module(emulator: Emulator, run_tasks: RunTasks) -> None:
    results = run_tasks(
        [
            {INFO: options, "register": name, "ignore_errors": True}
            for name, (options, _message) in BAD_MODULE_INPUT.items()
        ],
    )
    for name, (_options, message) in BAD_MODULE_INPUT.items():
        assert results[name]["failed"] is True
        assert message in results[name]["msg"]
        assert "Traceback" not in str(results[name])
    assert len(emulator.requests) == 0


BAD_EXPRESSIONS = {
    "term": (f"query('{LOOKUP}', 'm-XYZ')", "organizations: 'm-XYZ' is not a valid organization ID"),
    "nothing": (f"query('{LOOKUP}', '')", "organizations: expected non-empty strings"),
    "option": (f"query('{LOOKUP}', 'acme', slect={{'expired': true}})", "slect: unknown option, did you mean select?"),
    "terms": (f"query('{LOOKUP}', organizations=['acme'])", "organizations: unknown option"),
    "select": (f"query('{LOOKUP}', select={{'unused_for': '9'}})", "select.unused_for: '9' is not a duration"),
    "region": (f"query('{LOOKUP}', region='nowhere-1')", "Amazon WorkMail is not in 'nowhere-1'"),
    "number": (f"query('{LOOKUP}', page_size='many')", "page_size: 'many' is not an integer"),
    "choice": (f"query('{LOOKUP}', on_missing='ignore')", "on_missing: 'ignore' is not one of error, skip, warn"),
    "alias": (
        f"query('{LOOKUP}', user='a', users=['b'])",
        "user, users: are two names of one option; give one of them",
    ),
    "test": ("{} is patrol.workmail.workmail_pat_matching(expired=true)", "not a record of a personal access token"),
    "condition": (
        "{} is patrol.workmail.workmail_pat_matching(expird=true)",
        "conditions.expird: unknown condition, did you mean expired?",
    ),
    "both": ("{} is patrol.workmail.workmail_pat_matching({}, expired=true)", "one dict or keyword arguments"),
    "as_of": ("{} is patrol.workmail.workmail_pat_matching(expired=true, as_of='now')", "as_of: 'now' is neither"),
    "nothing_given": (
        "{} is patrol.workmail.workmail_pat_matching(none)",
        "expected a mapping of conditions, got nothing",
    ),
}


@guards(
    "plugins/test/workmail_pat_matching.py",
    "named if conditions is NOT_GIVEN else conditions",
    "named if conditions in (NOT_GIVEN, None) else conditions",
)
def test_bad_input_to_lookup_and_test(emulator: Emulator, run_tasks: RunTasks) -> None:
    results = run_tasks(
        [
            {
                "ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"},
                "register": name,
                "ignore_errors": True,
            }
            for name, (expression, _message) in BAD_EXPRESSIONS.items()
        ]
    )
    for name, (_expression, message) in BAD_EXPRESSIONS.items():
        assert results[name]["failed"] is True, name
        assert message in results[name]["msg"]
    assert len(emulator.requests) == 0


def test_what_is_missing_can_be_passed_over(
    emulator: Emulator, ansible_playbook: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Any
) -> None:
    book = tmp_path / "missing.yml"
    lookups = {
        "skip": f"query('{LOOKUP}', 'acme', 'acmee', users=['ana', 'nobody'], on_missing='skip')",
        "warn": f"query('{LOOKUP}', 'acme', 'acmee', users=['ana', 'nobody'], on_missing='warn')",
        "none": f"query('{LOOKUP}', 'acmee', on_missing='skip')",
    }
    tasks = "".join(
        f'    - ansible.builtin.debug:\n        msg: "{name} {{{{ {text} | length }}}}"\n'
        for name, text in lookups.items()
    )
    book.write_text(f"- hosts: localhost\n  gather_facts: false\n  tasks:\n{tasks}")
    run = ansible_playbook(str(book))
    assert run.returncode == 0, run.stdout + run.stderr
    for said in ("skip 2", "warn 2", "none 0"):
        assert said in run.stdout
    output = " ".join((run.stdout + run.stderr).split())
    assert output.count("Passed over, not found: organization acmee") == 1
    assert output.count("Passed over, not found: user nobody") == 1


@pytest.mark.parametrize(
    ("arguments", "read", "warning"),
    [
        ("on_error='continue'", 4, "ListPersonalAccessTokens: AccessDeniedException"),
        ("'many', max_items=2", 2, "the listing was paged by hand, and the tokens after the last page"),
    ],
)
def test_a_lookup_that_is_not_complete_warns(
    emulator: Emulator,
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Any,
    arguments: str,
    read: int,
    warning: str,
) -> None:
    tokens = [{"PersonalAccessTokenId": f"many-{number}"} for number in range(3)]
    emulator.load({"Organizations": [{"Alias": "many", "PersonalAccessTokens": tokens}]})
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=ACME))
    book = tmp_path / "warns.yml"
    book.write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.debug:\n"
        f"        msg: \"read {{{{ query('{LOOKUP}', {arguments}) | length }}}}\"\n"
    )
    run = ansible_playbook(str(book))
    assert run.returncode == 0 and f"read {read}" in run.stdout
    assert f"Not complete: {warning}" in " ".join(run.stderr.split())


def test_a_list_of_organizations_is_as_good_as_several_terms(emulator: Emulator, run_tasks: RunTasks) -> None:
    expressions = {
        "several": f"query('{LOOKUP}', 'acme', 'globex', as_of=instant)",
        "one_list": f"query('{LOOKUP}', ['acme', 'globex'], as_of=instant)",
        "loop": f"lookup('{LOOKUP}', 'acme', 'globex', as_of=instant, wantlist=true)",
    }
    results = run_tasks(
        [
            {"ansible.builtin.set_fact": {name: f"{{{{ {expression} }}}}"}, "register": f"r_{name}"}
            for name, expression in expressions.items()
        ],
        vars={"instant": "2026-06-01T00:00:00Z", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    )
    several, one_list, loop = (results[f"r_{name}"]["ansible_facts"][name] for name in expressions)
    assert several == one_list == loop
    assert len(several) == 6


@pytest.mark.smoke
def test_the_test_plugin_judges_records(emulator: Emulator, run_tasks: RunTasks) -> None:
    def ids(chosen: str) -> str:
        chosen = chosen.format("patrol.workmail.workmail_pat_matching")
        return f"{{{{ tokens | {chosen} | map(attribute='personal_access_token_id') }}}}"

    results = run_tasks(
        [
            {INFO: {"organization": "acme", "owners": True, "as_of": "2026-02-02T00:00:00Z"}, "register": "facts"},
            {
                "ansible.builtin.set_fact": {
                    "expired": ids("select('{}', expired=true, as_of=facts.as_of)"),
                    "later": ids("select('{}', expired=true, as_of='2026-02-04T00:00:00Z')"),
                    "orphans": ids("reject('{}', owner_state='ENABLED')"),
                    "nested": ids("select('{}', nested)"),
                    "all": ids("select('{}')"),
                },
                "vars": {
                    "tokens": "{{ facts.personal_access_tokens }}",
                    "nested": {"not": {"any": [{"has_expiry": False}, {"owner": "ana"}]}},
                },
                "register": "judged",
            },
        ]
    )
    judged = results["judged"]["ansible_facts"]
    assert judged["expired"] == ["pat-1"]
    assert judged["later"] == ["pat-1", "pat-3"]
    assert judged["orphans"] == ["pat-3", "pat-4", "pat-5"]
    assert judged["nested"] == ["pat-3", "pat-5"]
    assert len(judged["all"]) == 5


def test_check_mode_changes_nothing_and_tells_the_same(emulator: Emulator, run_tasks: RunTasks) -> None:
    gathering = {INFO: {"organization": "acme", "as_of": "2026-02-02T00:00:00Z"}}
    results = run_tasks([{**gathering, "register": "real"}, {**gathering, "check_mode": True, "register": "check"}])
    assert all(result.pop("elapsed") > 0 for result in results.values())
    assert results["real"] == results["check"]


def test_connection_options_by_module_defaults(emulator: Emulator, server: Emulator, run_tasks: RunTasks) -> None:
    """The group covers the modules of amazon.aws too, so that one block of defaults serves a play that uses both."""
    results = run_tasks(
        [{INFO: {"organization": "initech"}, "register": "facts"}, {"amazon.aws.aws_caller_info": {}}],
        env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "us-east-1"},
        module_defaults={
            "group/patrol.workmail.workmail": {
                "endpoint_url": server.endpoint_url,
                "region": "eu-west-1",
                "access_key": "defaulted",
                "secret_key": "testing",
            }
        },
    )
    assert results["facts"]["organizations"][0]["region"] == "eu-west-1"
    assert {request.access_key_id for request in emulator.requests} == {"defaulted"}
    assert {request.service for request in emulator.requests} == {"workmail", "sts", "iam"}


def test_nothing_of_the_estate_was_changed(emulator: Emulator, run_tasks: RunTasks) -> None:
    run_tasks([{INFO: {"owners": True}, "register": "facts"}])
    seeded = ESTATE["Organizations"][0]["PersonalAccessTokens"]
    assert len(emulator.personal_access_tokens(ACME)) == len(seeded)
    assert {request.operation for request in emulator.requests} == {
        "ListOrganizations",
        "ListPersonalAccessTokens",
        "ListUsers",
    }


class TestRunCache:
    """Lookups of one run share an answer, as long as it is the answer."""

    @pytest.fixture
    def listings(self, emulator: Emulator) -> Callable[[], int]:
        return lambda: [request.operation for request in emulator.requests].count("ListPersonalAccessTokens")

    @pytest.mark.smoke
    def test_the_same_lookup_sweeps_once(
        self,
        listings: Callable[[], int],
        ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
        tmp_path: Path,
    ) -> None:
        found = f"{{{{ query('{LOOKUP}', 'acme', 'nobody', on_missing='warn') | length }}}}"
        play = {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": found}}] * 3}
        book = tmp_path / "book.yml"
        book.write_text(json.dumps([play]))
        run = ansible_playbook("-v", "--forks", "4", "-i", "a,b,c,d", "-c", "local", str(book))
        assert run.returncode == 0 and run.stdout.count('"msg": "5"') + run.stdout.count('"msg": 5') == 12
        assert listings() == 1
        assert "Passed over, not found: organization nobody" in run.stderr + run.stdout
        assert run.stdout.count("5 personal access tokens read in ") == 1
        assert list((tmp_path / "ansible" / "tmp").iterdir()) == []

    def test_another_lookup_sweeps_anew(self, listings: Callable[[], int], run_tasks: RunTasks) -> None:
        asked = f"query('{LOOKUP}', 'acme', select=wanted) | map(attribute='personal_access_token_id') | first"
        task = {
            "ansible.builtin.debug": {"msg": f"{{{{ {asked} }}}}"},
            "vars": {"wanted": {"personal_access_token_id": "{{ item }}"}},
            "loop": ["pat-1", "pat-3", "pat-1"],
            "register": "found",
        }
        assert [entry["msg"] for entry in run_tasks([task])["found"]["results"]] == ["pat-1", "pat-3", "pat-1"]
        assert listings() == 2

    def test_cache_can_be_refused(self, listings: Callable[[], int], run_tasks: RunTasks) -> None:
        run_tasks([{"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', 'acme', cache=false) }}}}"}}] * 2)
        assert listings() == 2

    def test_an_error_is_not_shared(self, emulator: Emulator, run_tasks: RunTasks) -> None:
        emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", times=1))
        count = {"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', 'acme') | length }}}}"}}
        results = run_tasks([{**count, "register": "denied", "ignore_errors": True}, {**count, "register": "allowed"}])
        assert results["denied"]["failed"] is True
        assert int(results["allowed"]["msg"]) == 5

    @pytest.mark.parametrize("module", ["workmail_pat", "workmail_pat_revoke"])
    @guards(
        "plugins/plugin_utils/_lookup/cache.py",
        ("        path.unlink(missing_ok=True)\n\n\ndef _refusal"),
        ("        pass\n\n\ndef _refusal"),
    )
    def test_revoking_makes_lookups_read_anew(
        self, listings: Callable[[], int], run_tasks: RunTasks, tmp_path: Path, module: str
    ) -> None:
        options: dict[str, Any] = {"state": "absent", "personal_access_token_ids": ["pat-1"]}
        if module == "workmail_pat_revoke":
            rule = {"id": "first", "severity": "high", "when": {"personal_access_token_id": "pat-1"}}
            policy = {"version": 1, "rules": [rule]}
            options = {"policy": policy, "confirm": True, "max_percent": 100, "record_dir": str(tmp_path / "records")}
        count = {"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', 'acme') | length }}}}"}}
        tasks = [
            {**count, "register": "before"},
            {**count, "register": "again"},
            {f"patrol.workmail.{module}": {"organization": "acme", **options}},
            {**count, "register": "after"},
        ]
        results = run_tasks(tasks)
        assert [int(results[name]["msg"]) for name in ("before", "again", "after")] == [5, 5, 4]
        assert listings() == (2 if module == "workmail_pat" else 3)

    @guards("plugins/action/workmail_pat.py", "ongoing=bool(self._task.async_val)", "")
    def test_revoking_in_the_background_leaves_no_answer_to_keep(
        self, listings: Callable[[], int], run_tasks: RunTasks
    ) -> None:
        revoke = {"state": "absent", "personal_access_token_ids": ["pat-1"], "organization": "acme"}
        count = {"ansible.builtin.debug": {"msg": f"{{{{ query('{LOOKUP}', 'acme') | length }}}}"}}
        tasks = [
            count,
            {"patrol.workmail.workmail_pat": revoke, "async": 120, "poll": 0, "register": "revoking"},
            count,
            {
                "ansible.builtin.async_status": {"jid": "{{ revoking.ansible_job_id }}"},
                "register": "revoked",
                "until": "revoked is finished",
                "retries": 60,
                "delay": 1,
            },
            {**count, "register": "after"},
        ]
        assert int(run_tasks(tasks)["after"]["msg"]) == 4
        assert listings() == 3


DATES = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    date: 2027-01-01
    conditions: {expires_after: 2027-01-01}
    policy:
      version: 1
      rules: [{id: late, severity: low, when: {expires_after: 2027-01-01}}]
      exceptions: [{rules: late, match: {expires_after: 2027-01-01}, reason: x, expires: 2027-01-01}]
  tasks:
    - patrol.workmail.workmail_pat_info:
        as_of: 2027-01-01
        select: {expires_after: 2027-01-01}
      register: facts
    - patrol.workmail.workmail_pat_audit:
        as_of: "{{ date }}"
        policy: "{{ policy }}"
      register: audit
    - ansible.builtin.assert:
        that:
          - facts.as_of == '2027-01-01T00:00:00+00:00' and audit.as_of == facts.as_of
          - query('patrol.workmail.workmail_pat', as_of=date, select=conditions) == facts.personal_access_tokens
          - record is patrol.workmail.workmail_pat_matching(conditions, as_of=date)
          - record is patrol.workmail.workmail_pat_matching(expired=false, as_of=date)
          - (facts | patrol.workmail.workmail_pat_findings(policy, as_of=date)).outcome in ('pass', 'incomplete')
      vars:
        record: "{{ facts.personal_access_tokens | first }}"
"""


def test_a_date_is_taken_wherever_an_instant_is(
    emulator: Emulator, ansible_playbook: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Any
) -> None:
    book = tmp_path / "dates.yml"
    book.write_text(DATES)
    emulator.load(
        {"Organizations": [{"Alias": "late", "PersonalAccessTokens": [{"ExpiresTime": "2027-06-01T00:00:00Z"}]}]}
    )
    run = ansible_playbook(str(book))
    assert run.returncode == 0, run.stdout + run.stderr
