# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the inventory plugin through an ``InventoryManager``, with their variables and groups."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleParserError
from estate import (
    ACME,
    ANA,
    BEN,
    CENTER,
    CONFIGURATION,
    ESTATE,
    EVE,
    GLOBEX,
    INITECH,
    ORPHAN,
    SECRETS_OF_A_NAME,
    token,
    user,
)
from guarding import guards
from managers import AS_OF, DESCRIBE, Manage, Parse, Run, Source, groups, hostvars
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.ansible

OTHER_ACCOUNT = "210987654321"
COMPLETE = {"complete": True, "account_complete": True}


OTHER = "m-" + "9" * 32


def prefixed(record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    named = {f"workmail_{name}": value for name, value in {**record, **fields}.items()}
    return {"ansible_connection": "local", **named}


def test_each_token_is_a_host(emulator: Emulator, source: Source, manage: Manage, gather: Callable[..., Any]) -> None:
    manager = manage(source(hosts="tokens", regions=["all"], as_of=AS_OF, owners=True))
    records = gather(regions=["all"], as_of=AS_OF, owners=True).result["personal_access_tokens"]
    assert [record["personal_access_token_id"] for record in records] == [f"pat-{n}" for n in range(1, 7)]
    assert hostvars(manager) == {
        f"{record['organization_alias']}.{record['personal_access_token_id']}": prefixed(record, **COMPLETE)
        for record in records
    }
    every = [f"acme.pat-{number}" for number in range(1, 6)]
    assert groups(manager) == {
        "all": [*every, "globex.pat-6"],
        "workmail_pat": [*every, "globex.pat-6"],
        "workmail_account_123456789012": [*every, "globex.pat-6"],
        "workmail_organization_acme": every,
        "workmail_organization_globex": ["globex.pat-6"],
        "workmail_region_us_east_1": [*every, "globex.pat-6"],
        "workmail_expired": ["acme.pat-1"],
        "workmail_never_used": [*every[1:], "globex.pat-6"],
        "workmail_owner_enabled": [*every[:2], "globex.pat-6"],
        "workmail_owner_disabled": every[2:4],
        "workmail_owner_unknown": every[4:],
    }


def test_each_user_with_tokens_is_a_host(
    emulator: Emulator, source: Source, manage: Manage, gather: Callable[..., Any]
) -> None:
    manager = manage(source(regions=["all"], as_of=AS_OF))
    records = gather(regions=["all"], as_of=AS_OF, owners=True).result["personal_access_tokens"]
    never = "2099-01-01T00:00:00+00:00"
    figures = {
        ("acme.ana", ANA): {"expired": 1, "never_used": 1, "next_expiry": never, "last_use": "2026-01-20T00:00:00.5"},
        ("acme.ben", BEN): {"expired": 0, "never_used": 2, "next_expiry": "2026-02-03T00:00:00+00:00"},
        (f"acme.{ORPHAN}", ORPHAN): {"expired": 0, "never_used": 1, "next_expiry": never},
        ("globex.eve", EVE): {"expired": 0, "never_used": 1, "next_expiry": never},
    }
    expected = {}
    for (name, user_id), counts in figures.items():
        own = [record for record in records if record["user_id"] == user_id]
        fields = ("account_id", "account_name", "organization_id", "organization_alias", "region", "owner")
        place = {field: own[0][field] for field in fields}
        last_use = f"{counts['last_use']}00000+00:00" if "last_use" in counts else None
        expected[name] = prefixed(
            {**place, **counts, "last_use": last_use, "user_id": user_id, "personal_access_tokens": own},
            complete=True,
            account_complete=True,
            tokens=len(own),
            selected=len(own),
        )
    assert hostvars(manager) == expected
    assert groups(manager)["workmail_expired"] == ["acme.ana"]
    assert groups(manager)["workmail_owner_disabled"] == ["acme.ben"]


def test_users_without_tokens_are_hosts_if_included(emulator: Emulator, source: Source, manage: Manage) -> None:
    manager = manage(source(organizations=["acme"], include_without_tokens=True, select={"expired": True}))
    found = hostvars(manager)
    assert len(found) == 2 + 120 + 1
    assert found["acme.filler7"]["workmail_tokens"] == 0
    assert found["acme.filler7"]["workmail_personal_access_tokens"] == []
    assert found["acme.filler7"]["workmail_owner"]["email"] == "filler7@acme.example"
    assert found[f"acme.{ORPHAN}"]["workmail_tokens"] == 1 and found[f"acme.{ORPHAN}"]["workmail_selected"] == 0
    selected = manage(source(organizations=["acme"], select={"expired": True}))
    assert sorted(hostvars(selected)) == ["acme.ana", "acme.ben"]
    # The figures speak of all tokens, as the summary of the module does.
    assert hostvars(selected)["acme.ana"]["workmail_tokens"] == 2
    assert len(hostvars(selected)["acme.ana"]["workmail_personal_access_tokens"]) == 1


def test_each_organization_is_a_host(emulator: Emulator, source: Source, manage: Manage) -> None:
    emulator.load({"Organizations": [{"Alias": "umbrella", "IdentityProviderConfiguration": CONFIGURATION}]})
    manager = manage(source(hosts="organizations", regions=["all"], as_of=AS_OF))
    found = hostvars(manager)
    unset = dict.fromkeys(("status", "lifetime_in_days", "authentication_mode", "identity_center_configuration"))
    nothing = {"tokens": 0, "selected": 0, "expired": 0, "never_used": 0, "next_expiry": None, "last_use": None}
    account = {"account_id": "123456789012", "account_name": None, "account_complete": True}
    settings = {"configured": False, **unset}
    common = {"state": "Active", "complete": True, "errors": [], "settings": settings, **account, **nothing}
    assert found.pop("umbrella")["workmail_settings"] == {
        **unset,
        "configured": True,
        "status": "ACTIVE",
        "lifetime_in_days": 365,
        "authentication_mode": "IDENTITY_PROVIDER_AND_DIRECTORY",
        "identity_center_configuration": {
            "instance_arn": CENTER["InstanceArn"],
            "application_arn": CENTER["ApplicationArn"],
        },
    }
    assert found == {
        "acme": prefixed(
            common,
            organization_id=ACME,
            organization_alias="acme",
            region="us-east-1",
            tokens=5,
            selected=5,
            expired=1,
            never_used=4,
            next_expiry="2026-02-03T00:00:00+00:00",
            last_use="2026-01-20T00:00:00.500000+00:00",
        ),
        "globex": prefixed(
            common,
            organization_id=GLOBEX,
            organization_alias="globex",
            region="us-east-1",
            tokens=1,
            selected=1,
            never_used=1,
            next_expiry="2099-01-01T00:00:00+00:00",
        ),
        "initech": prefixed(common, organization_id=INITECH, organization_alias="initech", region="eu-west-1"),
    }
    assert groups(manager)["workmail_region_eu_west_1"] == ["initech"]
    assert groups(manager)["workmail_expired"] == ["acme"]


@guards("plugins/plugin_utils/_inventory/snapshot.py", "        if error.error_code in DENIED:\n", "        if True:\n")
def test_settings_are_null_if_access_is_denied_and_other_errors_are_errors(
    emulator: Emulator, source: Source, manage: Manage, parse: Parse
) -> None:
    emulator.faults.add(Fault("access_denied", operation=DESCRIBE, organization_id=ACME))
    path = source(hosts="organizations")
    found = hostvars(manage(path))
    assert found["acme"]["workmail_settings"] is None and found["acme"]["workmail_complete"] is True
    assert found["globex"]["workmail_settings"]["configured"] is False
    emulator.faults.add(Fault("html", operation=DESCRIBE, organization_id=GLOBEX))
    with pytest.raises(AnsibleParserError, match=f"{DESCRIBE}.*{GLOBEX}"):
        parse(path)
    found = hostvars(manage(source(hosts="organizations", on_error="continue")))
    assert found["globex"]["workmail_complete"] is False and found["globex"]["workmail_tokens"] is None
    assert found["globex"]["workmail_errors"][0]["operation"] == DESCRIBE


@pytest.mark.smoke
def test_ansible_inventory_lists_and_draws_the_hosts(
    emulator: Emulator, source: Source, manage: Manage, ansible_inventory: Run
) -> None:
    compose = {"label": "workmail_name", "place": "[workmail_region]"}
    path = source(hosts="tokens", organizations=["acme"], as_of=AS_OF, compose=compose)
    listed = ansible_inventory("-i", path, "--list")
    assert listed.returncode == 0 and listed.stderr == ""
    # Only text that Ansible could evaluate is marked, on every ansible-core.
    expected = hostvars(manage(path))
    assert expected["acme.pat-2"]["workmail_name"] == SECRETS_OF_A_NAME
    expected["acme.pat-2"].update(dict.fromkeys(("workmail_name", "label"), {"__ansible_unsafe": SECRETS_OF_A_NAME}))
    assert json.loads(listed.stdout)["_meta"]["hostvars"] == expected
    graph = ansible_inventory("-i", source(hosts="tokens", organizations=["acme"], as_of=AS_OF), "--graph")
    assert graph.stdout.splitlines() == [
        "@all:",
        "  |--@ungrouped:",
        "  |--@workmail_pat:",
        *(f"  |  |--acme.pat-{number}" for number in range(1, 6)),
        "  |--@workmail_account_123456789012:",
        *(f"  |  |--acme.pat-{number}" for number in range(1, 6)),
        "  |--@workmail_organization_acme:",
        *(f"  |  |--acme.pat-{number}" for number in range(1, 6)),
        "  |--@workmail_region_us_east_1:",
        *(f"  |  |--acme.pat-{number}" for number in range(1, 6)),
        "  |--@workmail_expired:",
        "  |  |--acme.pat-1",
        "  |--@workmail_never_used:",
        *(f"  |  |--acme.pat-{number}" for number in range(2, 6)),
    ]


def test_the_prefix_applies_to_groups_of_the_options(emulator: Emulator, source: Source, manage: Manage) -> None:
    manager = manage(
        source(
            hosts="tokens",
            organizations=["acme"],
            as_of=AS_OF,
            owners=True,
            builtin_groups=False,
            hostvars_prefix="pat_",
            strict=True,
            compose={"mail": "pat_owner.email", "ansible_connection": "'ssh' if pat_expired else 'local'"},
            groups={
                "due": "pat_expires_in_days is not none and pat_expires_in_days < 7",
                "mailed": "pat_owner.email is not none",
            },
            keyed_groups=[
                {"key": "pat_owner.state | lower", "prefix": "owner", "parent_group": "owners"},
                {"key": "pat_scopes", "separator": ""},
                {"key": "pat_region"},
            ],
            leading_separator=False,
        )
    )
    found = hostvars(manager)
    assert all(name.startswith("pat_") or name in ("ansible_connection", "mail") for name in found["acme.pat-1"])
    assert {name: known["ansible_connection"] for name, known in found.items() if name != "acme.pat-2"} == {
        "acme.pat-1": "ssh",
        "acme.pat-3": "local",
        "acme.pat-4": "local",
        "acme.pat-5": "local",
    }
    made = groups(manager)
    del made["all"]
    assert made == {
        "due": ["acme.pat-1", "acme.pat-3"],
        "mailed": ["acme.pat-1", "acme.pat-2", "acme.pat-3", "acme.pat-4"],
        "owners": [f"acme.pat-{number}" for number in range(1, 6)],
        "owner_enabled": ["acme.pat-1", "acme.pat-2"],
        "owner_disabled": ["acme.pat-3", "acme.pat-4"],
        "owner_unknown": ["acme.pat-5"],
        "imap": [f"acme.pat-{number}" for number in range(1, 6)],
        "us_east_1": [f"acme.pat-{number}" for number in range(1, 6)],
    }


def test_one_run_reads_two_accounts_by_role(emulator: Emulator, source: Source, manage: Manage, tmp_path: Path) -> None:
    emulator.load(
        {
            "Organizations": [
                {
                    "AccountId": OTHER_ACCOUNT,
                    "OrganizationId": OTHER,
                    "Alias": "other",
                    "Users": [user(ANA, "ana")],
                    "PersonalAccessTokens": [token(1, ANA)],
                }
            ]
        }
    )
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "c")}
    paths = [
        source(
            name,
            hosts="tokens",
            assume_role_arn=f"arn:aws:iam::{account}:role/auditor",
            assume_role_external_id="{{ 'TICKET' ~ '-1' }}",
            compose={"account": f"'{account}'"},
            hostnames=["workmail_personal_access_token_id"],
            **cache,
        )
        for name, account in (("one", "123456789012"), ("two", OTHER_ACCOUNT))
    ]
    manager = manage(*paths)
    found = hostvars(manager)
    assert len(found) == 7
    mine, [others] = (
        [known for known in found.values() if known["account"] != OTHER_ACCOUNT],
        [known for known in found.values() if known["account"] == OTHER_ACCOUNT],
    )
    assert {known["workmail_organization_id"] for known in mine} == {ACME, GLOBEX}
    assert others["workmail_organization_id"] == OTHER
    # Both have a token pat-1; neither has become the other.
    named = sorted(name for name in found if name.startswith("pat-1"))
    assert len(named) == 2 and named[0] == "pat-1" and named[1].startswith("pat-1~")
    assert groups(manager)["workmail_organization_other"] == [named[1]]
    assert [request.operation for request in emulator.requests].count("AssumeRole") == 2
    emulator.requests.clear()
    assert hostvars(manage(*paths)) == found
    assert len(emulator.requests) == 0


def test_one_inventory_can_have_sources_of_several_regions_and_kinds(
    emulator: Emulator, source: Source, manage: Manage
) -> None:
    emulator.load(
        {"Organizations": [{"Alias": "irish", "Region": "eu-west-1", "PersonalAccessTokens": [token(1, ANA)]}]}
    )
    manager = manage(
        source("1", hosts="tokens", regions=["eu-west-1"], hostnames=["workmail_personal_access_token_id"]),
        source("2", hosts="tokens", organizations=["acme"]),
        source("3", hosts="tokens", organizations=["acme", "globex"]),
        source("4", hosts="users", organizations=["acme"]),
        source("5", hosts="organizations", region="eu-west-1"),
    )
    assert sorted(hostvars(manager)) == [
        f"acme.{ORPHAN}",
        "acme.ana",
        "acme.ben",
        *(f"acme.pat-{number}" for number in range(1, 6)),
        "globex.pat-6",
        "initech",
        "irish",
        "pat-1",
    ]


@pytest.mark.slow
def test_a_play_over_all_hosts_stays_on_the_controller(
    emulator: Emulator, source: Source, ansible_playbook: Run, tmp_path: Path
) -> None:
    book = tmp_path / "book.yml"
    book.write_text(
        "- hosts: all\n  gather_facts: false\n"
        '  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}\n'
        "  tasks: [{ansible.builtin.command: echo here}]\n"
    )
    run = ansible_playbook("-i", source(), str(book))
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("changed=1") == 4


def test_nothing_is_changed(emulator: Emulator, source: Source, manage: Manage) -> None:
    manage(source(hosts="organizations", owners=True, organizations=[ACME], users=["ana"]))
    assert len(emulator.personal_access_tokens(ACME)) == len(ESTATE["Organizations"][0]["PersonalAccessTokens"])
    assert {request.operation for request in emulator.requests} == {
        "DescribeOrganization",
        "DescribeUser",
        "ListPersonalAccessTokens",
        "ListUsers",
        DESCRIBE,
    }
