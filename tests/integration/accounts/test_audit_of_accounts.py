# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate of many AWS accounts through the role and the playbooks: one report that names each account."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from many_accounts import (
    COUNT,
    EUROPE,
    MANAGEMENT,
    PRODUCTION,
    ROLE_NAME,
    SANDBOX,
    SUSPENDED,
    WITHOUT_WORKMAIL,
    account_id,
    seed,
)
from report_files import FILES
from workmail_emulator import Emulator

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

Playbook = Callable[..., subprocess.CompletedProcess[str]]

AS_OF = "2026-02-04T00:00:00Z"
EXCLUDED = account_id(5)
EVERYONE = {account_id(number) for number in range(COUNT)}


@pytest.fixture(autouse=True)
def estate(emulator: Emulator) -> Emulator:
    """The emulator with many accounts."""
    emulator.reset()
    emulator.load(seed())
    return emulator


def label(number: int) -> str:
    return f"team-{number} ({account_id(number)})"


def test_the_role_audits_all_accounts_but_the_excluded_one(ansible_playbook: Playbook, tmp_path: Path) -> None:
    """All but the excluded account. One finding per organization; an exception is for an account by its name."""
    policy = {
        "version": 1,
        "rules": [{"id": "expired", "severity": "high", "when": {"expired": True}}],
        "exceptions": [
            {"rules": ["expired"], "match": {"account": "TEAM-1?"}, "reason": "TICKET-1", "expires": "2026-12-31"}
        ],
    }
    extra = {
        "audit_accounts": "all",
        "audit_exclude_accounts": [EXCLUDED],
        "audit_assume_role_name": ROLE_NAME,
        "audit_policy": policy,
        "audit_as_of": AS_OF,
        "audit_report_dir": "reports",
        "audit_report_formats": list(FILES),
    }
    run = ansible_playbook("patrol.workmail.audit", extra=extra)
    assert run.returncode == 2 and "Traceback" not in run.stdout + run.stderr
    reports = {name: (tmp_path / "reports" / f"audit.{end}").read_text() for name, end in FILES.items()}
    audit = json.loads(reports["json"])
    assert audit["outcome"] == "violations" and audit["complete"] is True
    assert {account["id"] for account in audit["accounts"]} == EVERYONE - {EXCLUDED}
    without_tokens = {SUSPENDED, WITHOUT_WORKMAIL, EXCLUDED}
    expected = sorted(EVERYONE - without_tokens)
    assert [finding["token"]["account_id"] for finding in audit["findings"]] == expected
    muted = {finding["token"]["account_id"] for finding in audit["findings"] if finding["muted"]}
    assert muted == {account_id(number) for number in range(10, 20)} - without_tokens
    assert audit["summary"]["accounts"] == COUNT - 2
    rows = list(csv.DictReader(reports["csv"].splitlines()))
    assert [row["account_id"] for row in rows] == expected and rows[0]["account_name"] == "team-1"
    for name in ("markdown", "junit", "sarif"):
        assert f"{label(3)}/team-3" in reports[name], name
    assert f"<bdi>{label(3)}</bdi>/<bdi>team-3</bdi>" in reports["html"]
    assert f"high: {label(3)}: expired: team-3, token pat-3-0" in run.stdout
    for name in ("markdown", "html", "text", "junit", "sarif"):
        assert SUSPENDED in reports[name] and "SUSPENDED" in reports[name], name


def test_hosts_that_read_different_accounts_make_one_audit(ansible_playbook: Playbook, tmp_path: Path) -> None:
    """Each host reads a part with its own variables. Two hosts that read the same account are an error."""
    hosts: dict[str, dict[str, Any]] = {
        "production": {"audit_accounts": [PRODUCTION], "audit_exclude_accounts": [EUROPE]},
        "europe": {"audit_accounts": EUROPE},
        "sandbox": {"audit_accounts": [SANDBOX]},
        "twice": {"audit_accounts": [account_id(1), MANAGEMENT]},
    }
    inventory = tmp_path / "accounts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": {"audit_assume_role_name": ROLE_NAME}}}))
    extra = {
        "audit_as_of": AS_OF,
        "audit_policy": "no_expired",
        "audit_report_dir": "reports",
        "audit_report_formats": ["json"],
    }
    run = ansible_playbook("-i", str(inventory), "patrol.workmail.audit_accounts", extra=extra)
    assert run.returncode == 2 and "Traceback" not in run.stdout + run.stderr
    audit = json.loads((tmp_path / "reports" / "audit.json").read_text())
    [error] = audit["errors"]
    assert (error["host"], error["error_code"]) == ("twice", "DuplicateAccountException")
    assert f"europe also read its account {account_id(1)}" in error["msg"]
    read = {entry["id"]: entry["host"] for entry in audit["accounts"]}
    assert read.keys() == EVERYONE - {MANAGEMENT}
    assert (read[account_id(3)], read[account_id(1)], read[account_id(2)]) == ("production", "europe", "sandbox")
