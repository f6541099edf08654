# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account that is missing, or that cannot be audited, never makes the audit of many accounts pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fleets import (
    ACCOUNTS,
    BOOK,
    EXTRA,
    ROLE,
    Playbook,
    account_id,
    inventory,
    report,
    write,
)
from guarding import guards
from workmail_emulator import Emulator

pytestmark = [pytest.mark.ansible, pytest.mark.slow]


@guards("roles/audit/vars/main.yml", "if __audit_uncommon else ''", "if false else ''")
@guards("roles/audit/tasks/accounts.yml", '"{{ __audit_refusals_of_host }}"', "[]")
@guards(
    "roles/audit/vars/main.yml",
    "(audit_accounts is defined or audit_assume_role_arn is defined) != (audit_own_account | default(false) | bool)",
    "true",
)
def test_each_bad_host_is_an_error_beside_a_good_one(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    """Each says what is wrong with it, and none of them keeps the report from the one that is in order."""
    good, *bad = ACCOUNTS[:10]
    document = inventory([good])
    hosts = document["accounts"]["hosts"]
    arn = f"arn:aws:iam::{account_id(ACCOUNTS[20])}:role/{ROLE}"
    reasons = {
        "copied": (
            {"audit_assume_role_arn": f"arn:aws:iam::{account_id(good)}:role/another"},
            f"{good} also read its account {account_id(good)}",
        ),
        "empty": (
            {"audit_assume_role_arn": None},
            "assume_role_arn: '' is not the ARN of a role",
        ),
        "lenient": (
            {"account_id": account_id(bad[0]), "audit_fail": False},
            "audit_fail: expected the same value on each",
        ),
        "forgotten": ({}, "audit_assume_role_arn: expected the ARN of the role of this host"),
        "misspelled": (
            {"account_id": account_id(bad[2]), "audit_regoins": ["all"]},
            "Unknown variables: audit_regoins (did you mean audit_regions?)",
        ),
        "nobody": ({"account_id": "000000000999"}, "no organization is in state Active"),
        "both": ({"audit_own_account": True, "audit_assume_role_arn": arn}, "audit_assume_role_arn: expected the ARN"),
        "undecided": (
            {"account_id": account_id(bad[1]), "audit_owners": "maybe"},
            "argument 'audit_owners' is of type",
        ),
        "wrong": (
            {"account_id": "12"},
            "assume_role_arn: 'arn:aws:iam::12:role/workmail-auditor' is not the ARN of a role",
        ),
    }
    hosts.update({name: variables for name, (variables, _reason) in reasons.items()})
    # A host beside the group, which names no role.
    document["all"] = {"hosts": {"stranger": {}}}
    reasons["stranger"] = ({}, "audit_assume_role_arn: expected the ARN of the role of this host")
    run = ansible_playbook("-i", write(tmp_path, document), BOOK, extra=EXTRA)
    assert run.returncode == 2 and "Traceback" not in run.stdout + run.stderr
    audit = report(tmp_path)
    assert audit["outcome"] == "incomplete" and audit["summary"]["accounts"] == 1
    assert [entry["host"] for entry in audit["organizations"]] == [good]
    reported = {error["host"]: error["msg"] for error in audit["errors"]}
    assert reported.keys() == reasons.keys()
    for name, (_variables, reason) in reasons.items():
        assert reported[name].startswith(f"{name}: ") and reason in reported[name], reported[name]


@pytest.mark.parametrize(
    ("extra", "missed"),
    [
        ({}, [ACCOUNTS[0]]),
        ({"audit_hosts": f"{ACCOUNTS[1]}, london", "audit_report_formats": "json,csv"}, ["london"]),
        ({"audit_hosts": [ACCOUNTS[1]]}, []),
    ],
    ids=repr,
)
@guards("roles/audit/vars/main.yml", "else groups['all']", "else ansible_play_hosts_all")
def test_accounts_outside_a_limit_are_reported_as_not_audited(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, extra: dict[str, Any], missed: list[str]
) -> None:
    hosts = write(tmp_path, inventory(ACCOUNTS[:2]))
    run = ansible_playbook("-i", hosts, "--limit", ACCOUNTS[1], "--tags", "nothing", BOOK, extra={**EXTRA, **extra})
    assert run.returncode == (2 if missed else 0), run.stdout
    errors = report(tmp_path)["errors"]
    assert [error["host"] for error in errors] == missed
    assert all(error["msg"].startswith(f"{error['host']}: it was not audited: ") for error in errors)


@guards("roles/audit/vars/main.yml", "if audit_own_account | default(false) | bool and __audit_other_own", "if false")
def test_two_hosts_with_the_same_role_are_errors(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """The second of them is an error, also if they look in different regions. Two own accounts are errors."""
    first, second = ACCOUNTS[:2]
    twice = {"account_id": account_id(first), "audit_regions": ["eu-west-1"]}
    fleet.load({"Organizations": [{"Alias": "elsewhere", "AccountId": account_id(first), "Region": "eu-west-1"}]})
    document = inventory([*ACCOUNTS[:3]], **{second: twice})
    document["all"] = {"hosts": {name: {"audit_own_account": True} for name in ("own1", "own2")}}
    run = ansible_playbook("-i", write(tmp_path, document), BOOK, extra=EXTRA)
    assert run.returncode == 2
    reported = {error["host"]: error["msg"] for error in report(tmp_path)["errors"]}
    assert reported.keys() == {second, "own1", "own2"} and "audit_own_account: own1 has it as well" in reported["own2"]
    assert f"{first} also read its account {account_id(first)}" in reported[second]


@guards(
    "playbooks/audit_accounts.yml",
    "or (ansible_inventory_sources | length == 1 and ansible_inventory_sources[0] is not directory)",
    "or true",
)
def test_an_inventory_source_that_ansible_skips_is_an_error(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    good = write(tmp_path, inventory(ACCOUNTS[:1]))
    folder, reports = tmp_path / "folder", tmp_path / "reports"
    folder.mkdir()
    (folder / "good.yml").write_text(Path(good).read_text())
    (folder / "bad.yml").write_text("accounts: [")
    for arguments in (["-i", str(tmp_path / "nothing.yml"), "-i", good], ["-i", str(folder)]):
        reports.mkdir(exist_ok=True)
        (reports / "audit.json").write_text("{}")
        run = ansible_playbook(*arguments, BOOK, extra=EXTRA)
        assert run.returncode == 2 and "Ansible continues without an inventory source" in run.stdout.replace("\n", " ")
        assert len(fleet.requests) == 0 and not list(reports.iterdir())
    (folder / "bad.yml").unlink()
    strictly = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    assert ansible_playbook("-i", str(folder), BOOK, extra=EXTRA, env=strictly).returncode == 0


@pytest.mark.parametrize("arguments", [[], ["--skip-tags", "everything"]], ids=repr)
@guards(
    "playbooks/audit_accounts.yml",
    "'The inventory has no hosts. List each account as a host, and pass the file with -i.' if not groups['all']",
    "'' if not groups['all']",
)
def test_an_inventory_without_hosts_is_an_error(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, arguments: list[str]
) -> None:
    hosts = write(tmp_path, {"accounts": {"hosts": {}}})
    run = ansible_playbook("-i", hosts, *arguments, BOOK, extra=EXTRA)
    assert run.returncode == 2 and "The inventory has no hosts. List each account as a host" in run.stdout
    assert len(fleet.requests) == 0


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"audit_as_of": "soon"}, "as_of: 'soon' is not a valid time; expected ISO 8601 with an offset"),
        ({"audit_as_of": None}, "as_of: '' is not a valid time; expected ISO 8601 with an offset"),
        ({"audit_policy": "no_expird"}, "'no_expird' does not exist, did you mean no_expired?"),
        ({"audit_hots": ["account00"]}, "Unknown variables: audit_hots (did you mean audit_hosts?)"),
        ({"audit_fail": "maybe"}, 'audit_fail: "maybe" is not valid; expected true or false'),
        ({"audit_hosts": None}, "is not valid; expected a list of at least one host"),
        ({"audit_hosts": []}, "audit_hosts: [] is not valid; expected a list of at least one host"),
    ],
    ids=repr,
)
def test_a_mistake_in_common_variables_ends_the_run(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, extra: dict[str, Any], message: str
) -> None:
    """Nobody is to take the report of an earlier run for that of this one."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "audit.json").write_text("{}")
    hosts = write(tmp_path, inventory(ACCOUNTS[:2]))
    run = ansible_playbook("-i", hosts, BOOK, extra={**EXTRA, **extra})
    assert run.returncode == 2 and message in (run.stdout + run.stderr).replace("\\", "")
    assert run.stdout.count("Remove the result and the reports of an earlier run") == 1
    assert not list((tmp_path / "reports").iterdir()) and "Traceback" not in run.stdout + run.stderr
