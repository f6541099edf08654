# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IAM policies of the documentation, with IAM enforced: each is sufficient, and each action is necessary."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import ACME, CONFIGURATION, ESTATE, GLOBEX
from workmail_emulator import Emulator

FOLDER = Path(__file__).parents[3] / "docs" / "iam"
NAMES = ("auditor", "revoker", "configuration")
INFO, AUDIT = "patrol.workmail.workmail_pat_info", "patrol.workmail.workmail_pat_audit"
PAT, REVOKE = "patrol.workmail.workmail_pat", "patrol.workmail.workmail_pat_revoke"
CONFIG_INFO, CONFIG = "patrol.workmail.workmail_pat_config_info", "patrol.workmail.workmail_pat_config"
EXPIRED = {
    "policy": {"version": 1, "rules": [{"id": "expired", "severity": "high", "when": {"expired": True}}]},
    "record_dir": "records",
    "max_percent": 100,
    "confirm": True,
}

Allowed = Callable[..., dict[str, str]]
Playbook = Callable[..., subprocess.CompletedProcess[str]]
RunTasks = Callable[..., dict[str, Any]]


def token(token_id: str) -> dict[str, Any]:
    return {"personal_access_token_ids": [token_id], "state": "absent"}


# For each action a documented use that cannot do without it.
USES: dict[str, dict[str, dict[str, Any]]] = {
    "auditor": {
        "ListOrganizations": {INFO: {}},
        "DescribeOrganization": {INFO: {"organization": ACME}},
        "DescribeUser": {INFO: {"organization": "acme", "user": "ana"}},
        "ListPersonalAccessTokens": {AUDIT: {"policy_file": "no_expired", "regions": "all"}},
        "ListUsers": {INFO: {"organization": "acme", "owners": True}},
    },
    "revoker": {
        "ListOrganizations": {REVOKE: EXPIRED},
        "DescribeOrganization": {PAT: {"organization": ACME, **token("pat-3")}},
        "ListPersonalAccessTokens": {REVOKE: {**EXPIRED, "organizations": ["acme"]}},
        "DescribeUser": {PAT: {"organization": "acme", **token("pat-2"), "only_if": {"owner": "nobody"}}},
        "ListUsers": {REVOKE: {**EXPIRED, "organizations": ["acme"], "owners": True}},
        "GetPersonalAccessTokenMetadata": {PAT: {"organization": "acme", **token("pat-4")}},
        "DeletePersonalAccessToken": {PAT: {"organization": "acme", **token("pat-5")}},
    },
    "configuration": {
        "ListOrganizations": {CONFIG_INFO: {"organization": "acme"}},
        "DescribeOrganization": {CONFIG_INFO: {"organization": ACME}},
        "DescribeIdentityProviderConfiguration": {CONFIG_INFO: {"organization": "acme"}},
        "PutIdentityProviderConfiguration": {CONFIG: {"organization": "acme", "lifetime_in_days": 90}},
    },
}
# Those who use a policy by a role: what they run, and its variables.
BOOKS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "auditor": [
        ("patrol.workmail.audit", {"audit_regions": ["all"], "audit_fail": False}),
        ("patrol.workmail.assert_no_expired", {"audit_as_of": "2026-01-10T00:00:00Z"}),
        ("patrol.workmail.notify", {"audit_policy": "no_expired", "notify_on_undeliverable": "continue"}),
    ],
    "revoker": [
        (
            "patrol.workmail.revoke",
            {"revoke_policy": "no_expired", "revoke_confirm": True, "revoke_max_percent": 100},
        )
    ],
    "configuration": [],
}


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return document


def actions(document: dict[str, Any]) -> list[str]:
    found = []
    for statement in document["Statement"]:
        action = statement["Action"]
        found += [action] if isinstance(action, str) else action
    return found


def without(document: dict[str, Any], action: str) -> dict[str, Any]:
    """The policy without an action, and without the statement that is left empty."""
    less = copy.deepcopy(document)
    for statement in less["Statement"]:
        kept = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [name for name in kept if name != action]
    less["Statement"] = [statement for statement in less["Statement"] if statement["Action"]]
    return less


def test_the_guide_explains_every_action() -> None:
    guide = (FOLDER.parent / "docsite" / "rst" / "guide_permissions.rst").read_text()
    explained = re.findall(r"^``([A-Z]\w+)`` {2,}\S", guide, re.MULTILINE)
    assert sorted(f"workmail:{action}" for action in explained) == sorted({action for _name, action in ACTIONS})


ACTIONS = [(name, action) for name in NAMES for action in actions(read(name))]


@pytest.fixture
def estate(emulator: Emulator) -> Emulator:
    """The emulator, in which acme also has settings."""
    organizations = copy.deepcopy(ESTATE["Organizations"])
    organizations[0]["IdentityProviderConfiguration"] = CONFIGURATION
    emulator.reset()
    emulator.load({"Organizations": organizations})
    return emulator


def called(emulator: Emulator) -> set[str]:
    return {f"workmail:{entry.operation}" for entry in emulator.requests if entry.service == "workmail"}


@pytest.mark.ansible
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_documented_policy_is_sufficient(
    estate: Emulator, allowed: Allowed, run_tasks: RunTasks, ansible_playbook: Playbook, name: str
) -> None:
    """For all that its users run; and nothing else than what it names is called."""
    policy = read(name)
    assert all(action.startswith("workmail:") for action in actions(policy))
    user = allowed(policy)
    tasks = [{**use, "register": action.lower()} for action, use in USES[name].items()]
    if name == "auditor":
        looked_up = "{{ query('patrol.workmail.workmail_pat', 'acme', owners=true) | length }}"
        tasks.append({"ansible.builtin.debug": {"msg": looked_up}, "register": "lookup"})
    results = run_tasks(tasks, env=user)
    assert not any(result["failed"] for result in results.values() if "failed" in result)
    for book, extra in BOOKS[name]:
        run = ansible_playbook(book, extra=extra, env=user)
        assert run.returncode == 0, run.stdout
    assert called(estate) == set(actions(policy))
    if name == "revoker":
        assert [token["PersonalAccessTokenId"] for token in estate.personal_access_tokens(ACME)] == ["pat-2"]


@pytest.mark.ansible
@pytest.mark.slow
@pytest.mark.parametrize("hosts", ["users", "tokens", "organizations"])
def test_the_policy_of_the_auditor_is_sufficient_for_an_inventory(
    estate: Emulator, allowed: Allowed, run_program: Playbook, tmp_path: Path, hosts: str
) -> None:
    """An organization's settings are for those who may read them."""
    source = tmp_path / "workmail_pat.yml"
    source.write_text(json.dumps({"plugin": "patrol.workmail.workmail_pat", "hosts": hosts}))
    strictly = {**allowed(read("auditor")), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    run = run_program("ansible-inventory", "-i", str(source), "--list", env=strictly)
    assert run.returncode == 0, run.stderr
    variables = json.loads(run.stdout)["_meta"]["hostvars"]
    assert variables
    beyond = called(estate) - set(actions(read("auditor")))
    if hosts == "organizations":
        assert beyond == {"workmail:DescribeIdentityProviderConfiguration"}
        assert all(host["workmail_settings"] is None for host in variables.values())
    else:
        assert not beyond


@pytest.mark.ansible
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_action_is_necessary(estate: Emulator, allowed: Allowed, run_tasks: RunTasks, name: str) -> None:
    """In one run, in which each task has a user whose policy lacks one action."""
    policy = read(name)
    tasks = []
    for action in actions(policy):
        user = allowed(without(policy, action), action.removeprefix("workmail:"))
        task = USES[name][action.removeprefix("workmail:")]
        tasks.append({**task, "register": action.partition(":")[2], "ignore_errors": True, "environment": user})
    results = run_tasks(tasks)
    assert {f"workmail:{operation}" for operation in results} == set(actions(policy))
    for operation, result in results.items():
        action = f"workmail:{operation}"
        assert result["failed"] and result["error_code"] == "AccessDeniedException", result
        assert result["operation"] == operation
        assert f"is not authorized to perform: {action} on resource: " in result["msg"]
        assert result["hint"] == f"Grant these credentials {action}." and result["msg"].endswith(result["hint"])


@pytest.mark.ansible
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_policy_on_another_organization_is_denied(
    estate: Emulator, allowed: Allowed, run_tasks: RunTasks, name: str
) -> None:
    policy = read(name)
    for statement in policy["Statement"]:
        if statement["Resource"] != "*":
            statement["Resource"] = f"arn:aws:workmail:us-east-1:123456789012:organization/{GLOBEX}"
    task = USES[name]["DescribeOrganization"]
    result = run_tasks([{**task, "register": "denied", "ignore_errors": True}], env=allowed(policy))["denied"]
    assert result["error_code"] == "AccessDeniedException" and result["organization_id"] in result["msg"]
    if name == "auditor":
        own = {INFO: {"organization": GLOBEX}, "register": "own"}
        assert run_tasks([own], env=allowed(policy))["own"]["summary"]["tokens"] == 1
