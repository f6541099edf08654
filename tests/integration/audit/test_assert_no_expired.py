# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook as a pipeline runs it: what it prints, and its exit code."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from estate import ACME
from guarding import guards
from workmail_emulator import Emulator, Fault

Playbook = Callable[..., subprocess.CompletedProcess[str]]

BOOK = "patrol.workmail.assert_no_expired"
BEFORE, AFTER = "2026-01-31T00:00:00Z", "2026-02-04T00:00:00Z"


@pytest.mark.smoke
def test_no_expired_token_exits_0(emulator: Emulator, ansible_playbook: Playbook) -> None:
    run = ansible_playbook(BOOK, extra={"audit_organizations": ["acme"], "audit_as_of": BEFORE})
    assert run.returncode == 0, run.stdout
    assert '"PASS: 0 violations on 5 tokens of 1 organization"' in run.stdout
    # Nobody must mistake it for an audit of the present.
    assert "This audit is about the past: it judges the tokens as of 2026-01-31T00:00:00+00:00" in run.stdout


@pytest.mark.smoke
@guards(
    "roles/audit/tasks/report.yml",
    "__audit_result.outcome == 'pass' or (__audit_result.outcome == 'violations' and not audit_fail | bool)",
    "true",
)
def test_expired_tokens_are_named_and_exit_2(emulator: Emulator, ansible_playbook: Playbook) -> None:
    run = ansible_playbook(BOOK, extra={"audit_as_of": AFTER})
    assert run.returncode == 2
    assert '"FAIL: 2 violations (2 high) on 6 tokens of 2 organizations"' in run.stdout
    assert "high: The token has expired: acme, token pat-1 " in run.stdout
    assert "of ana@acme.example, created 2026-01-01, last used 2026-01-20, expired 2026-02-01" in run.stdout
    assert "of ben@acme.example DISABLED, created 2026-01-03, never used, expired 2026-02-03" in run.stdout
    assert "pat-2" not in run.stdout
    # What a user wrote can neither begin a line, as a pipeline's command would, nor turn the direction of the text.
    assert not any(line.lstrip().startswith("::") for line in run.stdout.splitlines())
    assert "\u202e" not in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_every_organization_where_none_is_named(emulator: Emulator, ansible_playbook: Playbook) -> None:
    run = ansible_playbook(BOOK, extra={"audit_regions": ["all"], "audit_as_of": BEFORE})
    assert run.returncode == 0, run.stdout
    assert "6 tokens of 3 organizations" in run.stdout


@pytest.mark.parametrize(
    "fault",
    [
        Fault("access_denied", operation="ListOrganizations"),
        Fault("access_denied", operation="ListUsers"),
        Fault("truncated", operation="ListPersonalAccessTokens", organization_id=ACME),
        Fault("empty_object", operation="ListPersonalAccessTokens"),
        Fault("expired_credentials"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("on_error", ["fail", "continue"])
def test_an_incomplete_sweep_never_exits_0(
    emulator: Emulator, ansible_playbook: Playbook, fault: Fault, on_error: str
) -> None:
    emulator.faults.add(fault)
    run = ansible_playbook(BOOK, extra={"audit_as_of": BEFORE, "audit_on_error": on_error})
    assert run.returncode == 2
    if on_error == "continue":
        assert "NOT COMPLETE" in run.stdout and "INCOMPLETE: 0 violations" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    "extra",
    [
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
        {"audit_policy": "defalt"},
        {"audit_policy": ""},
        {"audit_policy": {"version": 1}},
        {"audit_policy": ["default"]},
        {"audit_fail": "sometimes"},
    ],
    ids=repr,
)
def test_bad_input_never_exits_0(emulator: Emulator, ansible_playbook: Playbook, extra: dict[str, Any]) -> None:
    run = ansible_playbook(BOOK, extra=extra)
    assert run.returncode == 2
    assert "Traceback" not in run.stdout + run.stderr


@guards("roles/audit/tasks/main.yml", "__common_unknown | length == 0", "true")
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
@pytest.mark.parametrize(
    ("extra", "name"),
    [({"audit_policy": "wind_down"}, "audit_policy"), ({"audit_fail": "false"}, "audit_fail")],
)
def test_it_is_never_weakened(emulator: Emulator, ansible_playbook: Playbook, extra: Any, name: str) -> None:
    run = ansible_playbook(BOOK, extra={"audit_as_of": BEFORE, **extra})
    assert run.returncode == 2 and len(emulator.requests) == 0
    assert f"{name} cannot be set for the playbook assert_no_expired" in " ".join(run.stdout.split())


def test_nobody_hands_it_the_result(emulator: Emulator, ansible_playbook: Playbook) -> None:
    good = {"outcome": "pass", "findings": []}
    assert ansible_playbook(BOOK, extra={"audit_result": good, "audit_as_of": AFTER}).returncode == 2


@pytest.mark.parametrize("tags", [["--tags", "nothing"], ["--skip-tags", "everything"]])
@guards("playbooks/assert_no_expired.yml", "      tags: [always]\n", "")
def test_tags_do_not_keep_it_from_looking(emulator: Emulator, ansible_playbook: Playbook, tags: list[str]) -> None:
    assert ansible_playbook(BOOK, *tags, extra={"audit_as_of": AFTER}).returncode == 2


def test_users_and_role(emulator: Emulator, ansible_playbook: Playbook) -> None:
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
