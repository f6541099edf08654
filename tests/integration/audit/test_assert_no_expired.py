# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook as a pipeline runs it: its output and its exit code."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from estate import ACME, ESTATE
from guarding import guards
from host_runs import HostRun
from logs import MOST_LINES, last_lines, verdicts
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.ansible

Playbook = Callable[..., subprocess.CompletedProcess[str]]
RunHosts = Callable[..., list[HostRun]]

BOOK = "patrol.workmail.assert_no_expired"
BEFORE, AFTER = "2026-01-31T00:00:00Z", "2026-02-04T00:00:00Z"


@pytest.mark.smoke
def test_no_expired_token_exits_0(emulator: Emulator, ansible_playbook: Playbook) -> None:
    run = ansible_playbook(BOOK, extra={"audit_organizations": ["acme"], "audit_as_of": BEFORE})
    assert run.returncode == 0 and len(run.stdout.splitlines()) <= MOST_LINES, run.stdout
    assert '"PASS: 0 violations on 5 tokens of 1 organization"' in run.stdout
    # Nobody must mistake it for an audit of the present.
    assert "This audit is about the past: it judges the tokens as of 2026-01-31T00:00:00+00:00" in run.stdout


@pytest.mark.smoke
@guards("roles/audit/tasks/report.yml", "    verdict: true\n", "    verdict: false\n")
def test_expired_tokens_are_named_and_exit_2(emulator: Emulator, ansible_playbook: Playbook) -> None:
    run = ansible_playbook(BOOK, extra={"audit_as_of": AFTER})
    assert run.returncode == 2
    [verdict] = verdicts(run.stdout)
    assert verdict.strip() == '"FAIL: 2 violations (2 high) on 6 tokens of 2 organizations"'
    assert last_lines(run.stdout, 1) == [verdict.strip(' "')]
    assert "high: The token has expired: acme, token pat-1 " in run.stdout
    assert "of ana@acme.example, created 2026-01-01, last used 2026-01-20, expired 2026-02-01" in run.stdout
    assert "of ben@acme.example DISABLED, created 2026-01-03, never used, expired 2026-02-03" in run.stdout
    assert "pat-2" not in run.stdout
    # What a user wrote can neither begin a line, as a pipeline's command would, nor turn the direction of the text.
    assert not any(line.lstrip().startswith("::") for line in run.stdout.splitlines())
    assert "\u202e" not in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.slow
def test_every_organization_is_audited_by_default(emulator: Emulator, ansible_playbook: Playbook) -> None:
    run = ansible_playbook(BOOK, extra={"audit_regions": ["all"], "audit_as_of": BEFORE})
    assert run.returncode == 0, run.stdout
    assert "6 tokens of 3 organizations" in run.stdout


FAULTS = {
    "100000000001": Fault("access_denied", operation="ListOrganizations", account_id="100000000001"),
    "100000000002": Fault("access_denied", operation="ListUsers", account_id="100000000002"),
    "100000000003": Fault(
        "truncated", operation="ListPersonalAccessTokens", organization_id=ACME, account_id="100000000003"
    ),
    "100000000004": Fault("empty_object", operation="ListPersonalAccessTokens", account_id="100000000004"),
    "100000000005": Fault("expired_credentials", account_id="100000000005"),
}


@pytest.mark.slow
def test_an_incomplete_sweep_never_exits_0(emulator: Emulator, run_hosts: RunHosts) -> None:
    """With each fault in an account of its own, which one host audits with ``fail``, and one with ``continue``."""
    organizations = ESTATE["Organizations"]
    cases: list[dict[str, Any]] = []
    for account_id, fault in FAULTS.items():
        emulator.load({"Organizations": [{**entry, "AccountId": account_id} for entry in organizations]})
        emulator.faults.add(fault)
        keys = {name.upper(): value for name, value in emulator.credentials(account_id).items()}
        cases += [
            {"audit_as_of": BEFORE, "audit_on_error": on_error, "case_environment": keys}
            for on_error in ("fail", "continue")
        ]
    runs = run_hosts(BOOK, cases)
    for case, run in zip(cases, runs, strict=True):
        assert run.returncode == 2, case
        if case["audit_on_error"] == "continue":
            assert "INCOMPLETE" in run.stdout and "INCOMPLETE: not everything was read; 0 violations" in run.stdout, (
                case,
                run.stdout,
            )


BAD_VARIABLES: list[dict[str, Any]] = [
    {"audit_organizations": ["acmee"]},
    {"audit_organizations": ["gone"]},
    {"audit_as_of": "yesterday"},
    {"audit_on_error": "ignore"},
    {"audit_regions": ["us-west-2"]},
    {"audit_users": ["nobody"]},
    {"audit_organizations": {"acme": 1}},
    {"audit_assume_role_arn": ""},
    {"audit_region": "all"},
    {"audit_report_formats": ["pdf"]},
    {"audit_report_dir": ""},
    {"audit_fail": "sometimes"},
]
BAD_POLICIES: list[Any] = ["defalt", "", {"version": 1}, ["default"]]


@pytest.mark.slow
def test_bad_input_never_exits_0(emulator: Emulator, run_hosts: RunHosts) -> None:
    *runs, good = run_hosts(BOOK, [*BAD_VARIABLES, {"audit_as_of": BEFORE}])
    assert good.returncode == 0
    for variables, run in zip(BAD_VARIABLES, runs, strict=True):
        assert run.returncode == 2, variables


@pytest.mark.slow
def test_a_bad_policy_never_exits_0(emulator: Emulator, run_hosts: RunHosts) -> None:
    """The playbook sets ``audit_policy``, and only a variable of the command line counts more."""
    cases = [{"policy_of_host": policy} for policy in BAD_POLICIES]
    good = {"policy_of_host": "no_expired", "audit_as_of": BEFORE}
    *runs, passed = run_hosts(BOOK, [*cases, good], extra={"audit_policy": "{{ policy_of_host }}"})
    assert passed.returncode == 0
    for case, run in zip(cases, runs, strict=True):
        assert run.returncode == 2, case


@guards("roles/audit/vars/main.yml", "__common_unknown_message if __common_unknown else ''", "''")
@pytest.mark.slow
def test_a_misspelled_variable_is_named(emulator: Emulator, ansible_playbook: Playbook) -> None:
    misspelled = ["audit_region", "audit_report_format", "audit_known", "audit_unknown"]
    run = ansible_playbook(BOOK, extra={**dict.fromkeys(misspelled, []), "audit_as_of": BEFORE})
    assert run.returncode == 2 and len(emulator.requests) == 0
    output = " ".join(run.stdout.split())
    assert "Unknown variables: audit_known" in output and "The role patrol.workmail.audit has audit_organ" in output
    assert "audit_region (did you mean audit_regions?), audit_report_format (did you mean audit_report_for" in output


@guards(
    "playbooks/assert_no_expired.yml",
    "audit_policy == 'no_expired' and audit_fail | bool",
    "true",
)
@guards("playbooks/assert_no_expired.yml", " and audit_baseline is not defined\n", "\n")
@pytest.mark.slow
def test_variables_that_would_weaken_it_are_refused(emulator: Emulator, run_hosts: RunHosts) -> None:
    cases = {
        "audit_policy": {"policy_of_host": "wind_down"},
        "audit_fail": {"policy_of_host": "no_expired", "audit_fail": "false"},
        "audit_baseline": {"policy_of_host": "no_expired", "audit_baseline": "audit.json"},
    }
    hosts = [{"audit_as_of": BEFORE, **variables} for variables in cases.values()]
    runs = run_hosts(BOOK, hosts, extra={"audit_policy": "{{ policy_of_host }}"})
    for name, run in zip(cases, runs, strict=True):
        assert run.returncode == 2
        assert f"{name} cannot be set for the playbook assert_no_expired" in " ".join(run.stdout.split())
    assert len(emulator.requests) == 0


@pytest.mark.slow
@guards(
    "roles/audit/vars/main.yml",
    "audit_result is defined and audit_result.outcome | default('') != 'incomplete'",
    "false",
)
def test_a_result_among_the_variables_is_refused(emulator: Emulator, ansible_playbook: Playbook) -> None:
    good = {"outcome": "pass", "findings": []}
    run = ansible_playbook(BOOK, extra={"audit_result": good, "audit_as_of": AFTER})
    assert run.returncode == 2 and len(emulator.requests) == 0
    assert "audit_result: this variable is the result of the role, and cannot be set" in run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("tags", [["--tags", "nothing"], ["--skip-tags", "everything"]])
@guards("playbooks/assert_no_expired.yml", "      tags: [always]\n", "")
def test_tags_never_skip_the_audit(emulator: Emulator, ansible_playbook: Playbook, tags: list[str]) -> None:
    assert ansible_playbook(BOOK, *tags, extra={"audit_as_of": AFTER}).returncode == 2


@pytest.mark.slow
def test_users_can_be_checked_in_another_account(emulator: Emulator, ansible_playbook: Playbook) -> None:
    emulator.load(
        {
            "Organizations": [
                {
                    "Alias": "elsewhere",
                    "AccountId": "210987654321",
                    "Users": [{"Id": "44444444-4444-4444-4444-444444444444", "Name": "zoe"}],
                }
            ]
        }
    )
    run = ansible_playbook(
        BOOK, extra={"audit_users": ["zoe"], "audit_assume_role_arn": "arn:aws:iam::210987654321:role/auditor"}
    )
    assert run.returncode == 0, run.stdout
    assert "PASS: 0 violations on 0 tokens of 1 organization" in run.stdout
