# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin through a real InventoryManager, ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from estate import ACME, ANA, BEN, ESTATE, EVE, GLOBEX, INITECH, ORPHAN, SECRETS_OF_A_NAME, token, user
from guarding import guards
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.options import OPTIONS

NAME = "patrol.workmail.workmail_pat"
AS_OF = "2026-02-02T00:00:00Z"
OTHER_ACCOUNT = "210987654321"
OTHER = "m-" + "9" * 32
CONFIGURATION = {
    "AuthenticationMode": "IDENTITY_PROVIDER_AND_DIRECTORY",
    "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", "LifetimeInDays": 90},
}
CENTER = {
    "InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
    "ApplicationArn": "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef",
}
DESCRIBE = "DescribeIdentityProviderConfiguration"

Source = Callable[..., str]
Manage = Callable[..., InventoryManager]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Writes the file of an inventory source; C(name) tells several apart."""

    def call(name: str = "", **config: Any) -> str:
        file = tmp_path / f"{name}workmail_pat.yml"
        file.write_text(yaml.safe_dump({"plugin": NAME, **config}))
        return str(file)

    return call


@pytest.fixture
def manage(aws: pytest.MonkeyPatch) -> Manage:
    """A real InventoryManager over sources; one that cannot be parsed is an error, as users should set it."""
    aws.setattr("ansible.constants.INVENTORY_ANY_UNPARSED_IS_FAILED", True)

    def call(*sources: str, cache: bool = True) -> InventoryManager:
        return InventoryManager(DataLoader(), sources=list(sources), cache=cache)

    return call


@pytest.fixture
def parse(aws: pytest.MonkeyPatch) -> Callable[..., InventoryData]:
    """The plugin alone, so that what it raises can be looked at; into an inventory that is there, if one is given."""

    def call(path: str, inventory: InventoryData | None = None) -> InventoryData:
        inventory = inventory or InventoryData()
        inventory_loader.get(NAME).parse(inventory, DataLoader(), path, cache=True)
        return inventory

    return call


@pytest.fixture
def ansible_inventory(environment: dict[str, str], tmp_path: Path) -> Run:
    def call(*arguments: str, env: Any = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ansible-inventory", *arguments],
            env={**environment, **(env or {})},
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )

    return call


def hostvars(manager: InventoryManager) -> dict[str, dict[str, Any]]:
    """The variables of each host as JSON has them, without those that Ansible adds to any host of any source."""
    own = ("inventory_file", "inventory_dir", "group_names", "inventory_hostname", "inventory_hostname_short")
    found = {
        host.name: {key: value for key, value in host.get_vars().items() if key not in own}
        for host in manager.get_hosts()
    }
    read: dict[str, dict[str, Any]] = json.loads(json.dumps(found))
    return read


def groups(manager: InventoryManager) -> dict[str, list[str]]:
    found: dict[str, list[str]] = manager.get_groups_dict()
    return {name: sorted(members) for name, members in found.items() if name not in ("all", "ungrouped") or members}


def prefixed(record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    named = {f"workmail_{name}": value for name, value in {**record, **fields}.items()}
    return {"ansible_connection": "local", **named}


def test_hosts_of_tokens(emulator: Emulator, source: Source, manage: Manage, gather: Callable[..., Any]) -> None:
    manager = manage(source(hosts="tokens", regions=["all"], as_of=AS_OF, owners=True))
    records = gather(regions=["all"], as_of=AS_OF, owners=True).result["personal_access_tokens"]
    assert [record["personal_access_token_id"] for record in records] == [f"pat-{n}" for n in range(1, 7)]
    assert hostvars(manager) == {
        f"{record['organization_alias']}.{record['personal_access_token_id']}": prefixed(record, complete=True)
        for record in records
    }
    every = [f"acme.pat-{number}" for number in range(1, 6)]
    assert groups(manager) == {
        "all": [*every, "globex.pat-6"],
        "workmail_pat": [*every, "globex.pat-6"],
        "workmail_organization_acme": every,
        "workmail_organization_globex": ["globex.pat-6"],
        "workmail_region_us_east_1": [*every, "globex.pat-6"],
        "workmail_expired": ["acme.pat-1"],
        "workmail_never_used": [*every[1:], "globex.pat-6"],
        "workmail_owner_enabled": [*every[:2], "globex.pat-6"],
        "workmail_owner_disabled": every[2:4],
        "workmail_owner_unknown": every[4:],
    }


def test_hosts_of_users(emulator: Emulator, source: Source, manage: Manage, gather: Callable[..., Any]) -> None:
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
        place = {field: own[0][field] for field in ("organization_id", "organization_alias", "region", "owner")}
        last_use = f"{counts['last_use']}00000+00:00" if "last_use" in counts else None
        expected[name] = prefixed(
            {**place, **counts, "last_use": last_use, "user_id": user_id, "personal_access_tokens": own},
            complete=True,
            tokens=len(own),
            selected=len(own),
        )
    assert hostvars(manager) == expected
    assert groups(manager)["workmail_expired"] == ["acme.ana"]
    assert groups(manager)["workmail_owner_disabled"] == ["acme.ben"]


def test_hosts_of_users_without_tokens(emulator: Emulator, source: Source, manage: Manage) -> None:
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


def test_hosts_of_organizations(emulator: Emulator, source: Source, manage: Manage) -> None:
    emulator.load({"Organizations": [{"Alias": "umbrella", "IdentityProviderConfiguration": CONFIGURATION}]})
    manager = manage(source(hosts="organizations", regions=["all"], as_of=AS_OF))
    found = hostvars(manager)
    unset = dict.fromkeys(("status", "lifetime_in_days", "authentication_mode", "identity_center_configuration"))
    nothing = {"tokens": 0, "selected": 0, "expired": 0, "never_used": 0, "next_expiry": None, "last_use": None}
    common = {"state": "Active", "complete": True, "errors": [], "settings": {"configured": False, **unset}, **nothing}
    assert found.pop("umbrella")["workmail_settings"] == {
        **unset,
        "configured": True,
        "status": "ACTIVE",
        "lifetime_in_days": 90,
        "authentication_mode": "IDENTITY_PROVIDER_AND_DIRECTORY",
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
def test_settings_that_may_not_be_read_are_null_and_other_trouble_is_trouble(
    emulator: Emulator, source: Source, manage: Manage, parse: Callable[..., Any]
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
def test_list_and_graph(emulator: Emulator, source: Source, manage: Manage, ansible_inventory: Run) -> None:
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
        "  |--@workmail_organization_acme:",
        *(f"  |  |--acme.pat-{number}" for number in range(1, 6)),
        "  |--@workmail_region_us_east_1:",
        *(f"  |  |--acme.pat-{number}" for number in range(1, 6)),
        "  |--@workmail_expired:",
        "  |  |--acme.pat-1",
        "  |--@workmail_never_used:",
        *(f"  |  |--acme.pat-{number}" for number in range(2, 6)),
    ]


def test_prefix_and_groups_of_the_user(emulator: Emulator, source: Source, manage: Manage) -> None:
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


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"compose": {"x": "workmail_nmae"}}, "Could not set x for host acme.pat-1"),
        ({"groups": {"x": "workmail_nmae"}}, "Could not add host acme.pat-1 to group x"),
        ({"keyed_groups": [{"key": "workmail_nmae"}]}, "Could not generate group for host acme.pat-1"),
        # Fails at the second host only, when the first one is there already.
        ({"compose": {"x": "workmail_date_last_used | length"}}, "Could not set x for host acme.pat-2"),
        ({"hostnames": ["workmail_nmae"]}, "workmail_nmae"),
    ],
)
@guards(
    "plugins/plugin_utils/_inventory/populate.py",
    "                inventory.remove_host(inventory.hosts[name])\n",
    "                pass\n",
)
def test_what_is_strict_fails_as_a_whole(
    emulator: Emulator,
    source: Source,
    manage: Manage,
    parse: Callable[..., Any],
    broken: dict[str, Any],
    message: str,
) -> None:
    inventory = InventoryData()
    with pytest.raises(Exception, match=message):
        parse(source(hosts="tokens", strict=True, **broken), inventory)
    # A shorter list would pass for the whole.
    assert not inventory.hosts and "workmail_pat" not in inventory.groups
    assert all(not group.hosts for group in inventory.groups.values())
    lenient = manage(source(hosts="tokens", **broken))
    assert len(lenient.get_hosts()) == 6


def test_host_names_by_preference(emulator: Emulator, source: Source, manage: Manage) -> None:
    manager = manage(
        source(
            organizations=["acme"],
            hostnames=["workmail_nmae", "workmail_owner.email", "user-{{ workmail_user_id[:4] }}", "workmail_region"],
        )
    )
    assert sorted(hostvars(manager)) == ["ana@acme.example", "ben@acme.example", "user-9999"]
    numbered = manage(source(organizations=["acme"], hostnames=["workmail_tokens > 99", "[]", "''", "workmail_tokens"]))
    assert sorted(name.split("~")[0] for name in hostvars(numbered)) == ["1", "2", "2"]


HOSTILE = [
    SECRETS_OF_A_NAME,
    "#jinja2: variable_start_string:'[%', variable_end_string:'%]'\n[% lookup('ansible.builtin.pipe', 'echo owned') %]",
    "all",
    "localhost",
    "production",
    "web1",
    "web[1:3]",
    "../../../etc/passwd",
    "/etc/passwd",
    "a,b:c",
    "!web1",
    "~.*",
    "*",
    "-l",
    "::error::owned\u202e",
    "工作",
    "Outlook",
    "Outlook",
    "",
    " ",
]


@pytest.fixture
def hostile(emulator: Emulator) -> list[str]:
    """Tokens of a stranger who would rather be something else."""
    emulator.reset()
    emulator.load(
        {
            "Organizations": [
                {
                    "OrganizationId": ACME,
                    "Alias": "acme",
                    "Users": [user(ANA, "ana", DisplayName=SECRETS_OF_A_NAME)],
                    "PersonalAccessTokens": [
                        token(number, ANA, Name=name, Scopes=[name]) for number, name in enumerate(HOSTILE, 1)
                    ],
                }
            ]
        }
    )
    return HOSTILE


def test_hostile_names_make_hosts_of_their_own(
    hostile: list[str], source: Source, manage: Manage, tmp_path: Path
) -> None:
    static = tmp_path / "1-static.ini"
    static.write_text("[production]\nweb1 ansible_host=192.0.2.1\n")
    manager = manage(
        str(static),
        source(hosts="tokens", hostnames=["workmail_name"], keyed_groups=[{"key": "workmail_name", "prefix": "n"}]),
    )
    found = hostvars(manager)
    assert found.pop("web1") == {"ansible_host": "192.0.2.1"}
    assert [host.name for host in manager.get_hosts("production")] == ["web1"]
    assert sorted(known["workmail_personal_access_token_id"] for known in found.values()) == sorted(
        f"pat-{number}" for number in range(1, len(hostile) + 1)
    )
    for name, known in found.items():
        assert [host.name for host in manager.get_hosts(name)] == [name]
        assert known["workmail_name"] in hostile
        assert "/" not in name and "\n" not in name
    named = {known["workmail_personal_access_token_id"]: name for name, known in found.items()}
    # A name of nothing but spaces is none, and one that is shared, or taken, gets a digest.
    assert named["pat-19"] == "acme.pat-19" and named["pat-20"] == "acme.pat-20"
    for number, name in (
        (3, "all"),
        (4, "localhost"),
        (5, "production"),
        (6, "web1"),
        (17, "Outlook"),
        (18, "Outlook"),
    ):
        assert named[f"pat-{number}"].startswith(f"{name}~")
    assert named["pat-17"] != named["pat-18"]
    assert named["pat-16"] == "工作"
    again = manage(source(hosts="tokens", hostnames=["workmail_name"]))
    assert {named["pat-17"], named["pat-18"]} <= set(hostvars(again))


@guards("plugins/plugin_utils/_inventory/populate.py", "            if name in inventory.groups:")
def test_a_host_and_a_group_never_share_a_name(hostile: list[str], source: Source, parse: Callable[..., Any]) -> None:
    inventory = InventoryData()
    options = {"hostnames": ["workmail_name"], "keyed_groups": [{"key": "workmail_name"}], "leading_separator": False}
    with pytest.raises(AnsibleParserError, match="keyed_groups: 'production'") as raised:
        parse(source(hosts="tokens", **options), inventory)
    assert "would be a host and a group" in str(raised.value)
    assert not inventory.hosts


def test_no_name_is_a_template(
    hostile: list[str], source: Source, ansible_playbook: Run, ansible_inventory: Run, tmp_path: Path
) -> None:
    options = {
        "compose": {
            "composed": "'name: ' ~ workmail_name",
            "nested": "{'of': [workmail_name]}",
            "bare": "workmail_name",
        },
        "keyed_groups": [{"key": "workmail_name", "prefix": "n", "default_value": "none"}],
        "groups": {"hostile": "'owned' in workmail_name"},
        "owners": True,
        "strict": True,
    }
    path = source(hosts="tokens", **options)
    result = tmp_path / "said.json"
    book = tmp_path / "book.yml"
    said = {"name": "workmail_name", "composed": "composed", "nested": "nested.of[0]", "bare": "bare"}
    said.update(owner="workmail_owner.display_name", scope="workmail_scopes[0]")
    content = ", ".join(f"'{name}': item.{value}" for name, value in said.items())
    book.write_text(
        yaml.safe_dump(
            [
                {
                    "hosts": "workmail_pat",
                    "gather_facts": False,
                    "tasks": [
                        {
                            "ansible.builtin.copy": {
                                "content": "[{% for item in ansible_play_hosts | map('extract', hostvars) %}"
                                f"{{{{ {{{content}}} | to_json }}}},{{% endfor %}}null]",
                                "dest": str(result),
                                "mode": "0600",
                            },
                            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                            "run_once": True,
                        }
                    ],
                }
            ]
        )
    )
    run = ansible_playbook("-i", path, str(book))
    assert run.returncode == 0, run.stdout + run.stderr
    entries = json.loads(result.read_text())[:-1]
    assert sorted(entry["name"] for entry in entries) == sorted(hostile)
    for entry in entries:
        assert entry["composed"] == f"name: {entry['name']}"
        assert entry["nested"] == entry["bare"] == entry["scope"] == entry["name"]
        assert entry["owner"] == SECRETS_OF_A_NAME
    graph = ansible_inventory("-i", path, "--graph")
    assert graph.returncode == 0
    listed = {line.strip(" |-@:") for line in graph.stdout.splitlines()}
    assert "n____lookup__ansible_builtin_pipe____echo_owned_____" in listed
    assert not any("{" in name or "lookup(" in name for name in listed)


class TestCache:
    """What was fetched is kept, and nothing else."""

    @pytest.fixture
    def cached(self, source: Source, tmp_path: Path) -> Callable[..., str]:
        def call(name: str = "", **config: Any) -> str:
            cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "c")}
            return source(name, **{"as_of": AS_OF, "hosts": "tokens", **cache, **config})

        return call

    @pytest.fixture
    def records(self, tmp_path: Path) -> Callable[[], list[Path]]:
        return lambda: sorted((tmp_path / "c").glob("*")) if (tmp_path / "c").exists() else []

    @pytest.mark.parametrize("hosts", ["users", "tokens", "organizations"])
    @guards(
        "plugins/inventory/workmail_pat.py",
        "BaseInventoryPlugin.parse(self, inventory, loader, path)",
        "super().parse(inventory, loader, path)",
    )
    def test_a_warm_run_calls_nobody_and_tells_the_same(
        self, emulator: Emulator, cached: Callable[..., str], ansible_inventory: Run, hosts: str
    ) -> None:
        options = {
            "hosts": hosts,
            "regions": ["all"],
            "owners": True,
            "select": {"not": {"owner_state": "DISABLED"}},
            "compose": {"composed": "workmail_organization_alias | upper"},
            "keyed_groups": [{"key": "workmail_region", "prefix": "r"}],
            "groups": {"some": "workmail_expired | int > 0"},
            "hostnames": ["workmail_user_id"],
            "assume_role_arn": "arn:aws:iam::123456789012:role/auditor",
        }
        path = cached(**options)
        cold = [ansible_inventory("-i", path, *how).stdout for how in (["--list"],)]
        assert len(emulator.requests) > 0
        emulator.requests.clear()
        # Nobody would answer, or rather the wrong thing.
        emulator.faults.add(Fault("access_denied"))
        warm = [ansible_inventory("-i", path, "--list")]
        assert [run.stdout for run in warm] == cold and warm[0].stderr == ""
        graph = ansible_inventory("-i", path, "--graph").stdout
        assert "@some:" in graph and "@r_us_east_1:" in graph and "@workmail_expired:" in graph
        assert len(emulator.requests) == 0

    def test_the_order_of_names_and_what_comes_after_do_not_matter(
        self, emulator: Emulator, cached: Callable[..., str], manage: Manage
    ) -> None:
        manage(cached(organizations=["acme", "globex"]))
        emulator.requests.clear()
        found = manage(cached("other", organizations=["globex", "acme"], select={"expired": True}, page_size=7))
        assert sorted(hostvars(found)) == ["acme.pat-1"]
        found = manage(cached(organizations=["acme", "globex"], as_of="2026-03-01T00:00:00Z"))
        assert groups(found)["workmail_expired"] == ["acme.pat-1", "acme.pat-3"]
        assert len(emulator.requests) == 0

    def test_a_token_expires_while_it_is_cached(
        self, emulator: Emulator, cached: Callable[..., str], manage: Manage
    ) -> None:
        emulator.reset()
        tokens = [{"PersonalAccessTokenId": "pat-1", "DateCreated": "-1d", "ExpiresTime": "+1h"}]
        emulator.load({"Organizations": [{"Alias": "acme", "PersonalAccessTokens": tokens}]})
        assert hostvars(manage(cached(as_of=None)))["acme.pat-1"]["workmail_expired"] is False
        emulator.requests.clear()
        manager = manage(cached(as_of="+2d"))
        assert hostvars(manager)["acme.pat-1"]["workmail_expired"] is True
        assert hostvars(manager)["acme.pat-1"]["workmail_expires_in_days"] < 0
        assert groups(manager)["workmail_expired"] == ["acme.pat-1"]
        assert len(emulator.requests) == 0

    def test_flushing_fetches_anew(
        self,
        emulator: Emulator,
        cached: Callable[..., str],
        ansible_inventory: Run,
        ansible_playbook: Run,
        tmp_path: Path,
    ) -> None:
        path = cached()
        ansible_inventory("-i", path, "--list")
        emulator.load({"Organizations": [{"Alias": "new", "PersonalAccessTokens": [token(9, ANA)]}]})
        assert "new.pat-9" not in ansible_inventory("-i", path, "--list").stdout
        book = tmp_path / "book.yml"
        book.write_text("- hosts: all\n")
        assert "new.pat-9" in ansible_playbook("-i", path, "--list-hosts", "--flush-cache", str(book)).stdout
        emulator.requests.clear()
        assert "new.pat-9" in ansible_inventory("-i", path, "--list").stdout
        assert len(emulator.requests) == 0

    def test_flushing_fetches_anew_within_a_run(
        self, emulator: Emulator, cached: Callable[..., str], manage: Manage
    ) -> None:
        manager = manage(cached())
        emulator.load({"Organizations": [{"Alias": "new", "PersonalAccessTokens": [token(9, ANA)]}]})
        manager.refresh_inventory()
        assert "new.pat-9" in hostvars(manager)
        assert "new.pat-9" in hostvars(manage(cached()))

    def test_the_cache_runs_out(
        self, emulator: Emulator, cached: Callable[..., str], manage: Manage, records: Callable[[], list[Path]]
    ) -> None:
        path = cached(cache_timeout=100)
        manage(path)
        [record] = records()
        emulator.requests.clear()
        os.utime(record, (time.time() - 90, time.time() - 90))
        manage(path)
        assert len(emulator.requests) == 0
        os.utime(record, (time.time() - 110, time.time() - 110))
        manage(path)
        assert len(emulator.requests) > 0

    @pytest.mark.parametrize(
        "spoilt",
        [
            "",
            "{",
            "null",
            "[]",
            '"text"',
            '{"key": 1}',
            b"\xff\xfe",
            lambda text: text[: len(text) // 2],
            lambda text: text.replace("pat-5", "pat-0"),
        ],
    )
    @guards(
        "plugins/plugin_utils/_inventory/cache.py",
        "update_cached_result(key, False, record)",
        "update_cached_result(key, cache, record)",
    )
    @guards(
        "plugins/plugin_utils/_inventory/cache.py",
        "    except Exception:\n        # Cache",
        "    except KeyError:\n        # Cache",
    )
    def test_a_spoilt_record_is_fetched_anew(
        self,
        emulator: Emulator,
        cached: Callable[..., str],
        manage: Manage,
        records: Callable[[], list[Path]],
        spoilt: Any,
    ) -> None:
        path = cached()
        cold = hostvars(manage(path))
        [record] = records()
        whole = record.read_bytes()
        if callable(spoilt):
            spoilt = spoilt(whole.decode())
        record.write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
        emulator.requests.clear()
        assert hostvars(manage(path)) == cold
        assert len(emulator.requests) > 0
        assert records()[0].read_bytes() == whole
        emulator.requests.clear()
        assert hostvars(manage(path)) == cold
        assert len(emulator.requests) == 0

    @pytest.mark.parametrize(
        ("config", "environment_of"),
        [
            ({"organizations": ["globex"]}, {}),
            ({"users": [ANA]}, {}),
            ({"regions": ["eu-west-1"]}, {}),
            ({"region": "eu-west-1"}, {}),
            ({"owners": True}, {}),
            ({"hosts": "organizations"}, {}),
            ({"access_key": "another", "secret_key": "testing"}, {}),
            ({"assume_role_arn": "arn:aws:iam::123456789012:role/auditor"}, {}),
            ({"profile": "auditor", "access_key": "", "secret_key": ""}, {}),
            ({}, {"AWS_ACCESS_KEY_ID": "another"}),
            ({}, {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/another"}),
            ({}, {"AWS_REGION": "eu-west-1"}),
            ({}, {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}),
        ],
    )
    @guards("plugins/plugin_utils/_inventory/cache.py", '        "role": asked.role,\n', "")
    def test_whoever_would_fetch_something_else_does_not_get_it(
        self,
        emulator: Emulator,
        cached: Callable[..., str],
        manage: Manage,
        aws: pytest.MonkeyPatch,
        tmp_path: Path,
        records: Callable[[], list[Path]],
        config: dict[str, Any],
        environment_of: dict[str, str],
    ) -> None:
        manage(cached(as_of=AS_OF))
        assert len(records()) == 1
        credentials = tmp_path / "credentials"
        credentials.write_text("[auditor]\naws_access_key_id = profiled\naws_secret_access_key = testing\n")
        if "profile" in config:
            aws.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
        for name, value in environment_of.items():
            aws.setenv(name, value)
        if "regions" in config or config.get("region") or environment_of.get("AWS_REGION"):
            config = {**config, "organizations": ["initech"]}
        emulator.requests.clear()
        manage(cached(**config))
        assert len(emulator.requests) > 0
        assert len(records()) == 2

    @guards("plugins/plugin_utils/_inventory/cache.py", '        "origin": origin_of_calls(profile),\n', "")
    def test_another_key_in_the_same_profile_is_someone_else(
        self, emulator: Emulator, cached: Callable[..., str], manage: Manage, aws: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        credentials = tmp_path / "credentials"
        aws.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            aws.delenv(name)
        for key in ("first", "second"):
            credentials.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = testing\n")
            emulator.requests.clear()
            manage(cached())
            assert {request.access_key_id for request in emulator.requests} == {key}
            emulator.requests.clear()
            manage(cached())
            assert len(emulator.requests) == 0

    def test_nothing_secret_is_kept(
        self,
        emulator: Emulator,
        cached: Callable[..., str],
        manage: Manage,
        records: Callable[[], list[Path]],
        aws: pytest.MonkeyPatch,
    ) -> None:
        secrets = {
            "AWS_ACCESS_KEY_ID": "KEYKEYKEY",
            "AWS_SECRET_ACCESS_KEY": "SECRETSECRET",
            "AWS_SESSION_TOKEN": "SESSION",
        }
        for name, value in secrets.items():
            aws.setenv(name, value)
        manage(cached(assume_role_arn="arn:aws:iam::123456789012:role/auditor", assume_role_external_id="EXTERNAL"))
        [record] = records()
        kept = record.name + record.read_text()
        assert not any(secret in kept for secret in (*secrets.values(), "auditor", "EXTERNAL"))

    @pytest.mark.parametrize(
        ("fault", "on_error"),
        [
            (Fault("access_denied", operation="ListOrganizations"), "fail"),
            (Fault("truncated", operation="ListPersonalAccessTokens", organization_id=GLOBEX), "fail"),
            (Fault("empty_next_token", operation="ListPersonalAccessTokens", organization_id=ACME), "fail"),
            (Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX), "continue"),
            (Fault("html", operation="ListUsers", organization_id=GLOBEX), "continue"),
        ],
    )
    def test_neither_an_error_nor_a_part_is_kept(
        self,
        emulator: Emulator,
        cached: Callable[..., str],
        manage: Manage,
        parse: Callable[..., Any],
        records: Callable[[], list[Path]],
        fault: Fault,
        on_error: str,
    ) -> None:
        emulator.faults.add(fault)
        path = cached(on_error=on_error, owners=True)
        if on_error == "fail":
            with pytest.raises(AnsibleParserError):
                parse(path)
        else:
            assert len(hostvars(manage(path))) == 5
        assert records() == []
        emulator.faults.clear()
        assert len(hostvars(manage(path))) == 6
        assert len(records()) == 1

    def test_a_failure_does_not_spoil_what_is_cached(
        self, emulator: Emulator, cached: Callable[..., str], manage: Manage, records: Callable[[], list[Path]]
    ) -> None:
        path = cached()
        manage(path)
        before = records()[0].read_bytes()
        emulator.faults.add(Fault("access_denied"))
        with pytest.raises(Exception, match="Completely failed"):
            manage(path, cache=False)
        assert records()[0].read_bytes() == before


def test_two_accounts_by_role_in_one_run(emulator: Emulator, source: Source, manage: Manage, tmp_path: Path) -> None:
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


def test_several_regions_and_kinds_side_by_side(emulator: Emulator, source: Source, manage: Manage) -> None:
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


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        (
            Fault("access_denied", operation="ListOrganizations"),
            ["ListOrganizations", "Allow workmail:ListOrganizations"],
        ),
        (Fault("throttle"), ["ThrottlingException"]),
        (Fault("expired_credentials"), ["ExpiredTokenException", "renew them"]),
        (Fault("reset"), ["Connection was closed", "check network, proxy"]),
        (Fault("html", operation="ListOrganizations"), ["ListOrganizations", "not from WorkMail"]),
        (Fault("truncated", operation="ListUsers", organization_id=ACME, page=2), ["ListUsers", ACME, "page 2"]),
        (
            Fault("empty_object", operation="ListPersonalAccessTokens", organization_id=ACME, page=2),
            ["ListPersonalAccessTokens", ACME, "us-east-1", "page 2"],
        ),
        (
            Fault("alternating_next_token", operation="ListPersonalAccessTokens", organization_id=ACME),
            ["the page repeats the one before it", ACME],
        ),
    ],
)
def test_what_cannot_be_read_whole_is_an_error(
    emulator: Emulator, source: Source, parse: Callable[..., Any], gather: Callable[..., Any], fault: Fault, parts: Any
) -> None:
    emulator.faults.add(fault)
    inventory = InventoryData()
    with pytest.raises(AnsibleParserError) as raised:
        parse(source(page_size=2), inventory)
    for part in parts:
        assert part in str(raised.value)
    assert not inventory.hosts and "workmail_pat" not in inventory.groups
    with pytest.raises(PatrolError) as told:
        gather(owners=True, page_size=2)
    assert str(told.value) == str(raised.value)


def test_going_on_warns_and_marks(emulator: Emulator, source: Source, ansible_inventory: Run) -> None:
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    path = source(hosts="organizations", on_error="continue")
    run = ansible_inventory("-i", path, "--list")
    assert run.returncode == 0
    warned = " ".join(run.stderr.split())
    assert "Not complete: ListPersonalAccessTokens: AccessDeniedException" in warned and GLOBEX in warned
    listed = json.loads(run.stdout)
    found = listed["_meta"]["hostvars"]
    assert found["acme"]["workmail_complete"] is True and found["acme"]["workmail_errors"] == []
    assert found["globex"]["workmail_complete"] is False and found["globex"]["workmail_tokens"] is None
    assert found["globex"]["workmail_errors"][0]["error_code"] == "AccessDeniedException"
    assert listed["workmail_incomplete"]["hosts"] == ["globex"]


@guards(
    "plugins/inventory/workmail_pat.py",
    '            if not config.get_config_value("INVENTORY_ANY_UNPARSED_IS_FAILED"):',
)
def test_a_failing_inventory_fails_the_run_where_ansible_is_told_so(
    emulator: Emulator, source: Source, ansible_playbook: Run, ansible_inventory: Run, tmp_path: Path
) -> None:
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    path = source(hosts="tokens")
    book = tmp_path / "book.yml"
    book.write_text(
        "- hosts: workmail_pat\n  gather_facts: false\n  tasks: [{ansible.builtin.debug: {msg: reached}}]\n"
    )
    # Ansible's own default: a warning, and nothing to do.
    silent = ansible_playbook("-i", path, str(book))
    assert silent.returncode == 0 and "reached" not in silent.stdout
    # Ansible breaks its lines anywhere, in older versions.
    warned = "".join(silent.stderr.split())
    assert f"Ansiblegoesonwithout{path},unlessANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true" in warned
    assert "AccessDeniedException" in warned and GLOBEX in warned and "Traceback" not in silent.stderr
    told = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    for run in (ansible_playbook("-i", path, str(book), env=told), ansible_inventory("-i", path, "--list", env=told)):
        assert run.returncode != 0
        said = " ".join((run.stdout + run.stderr).split())
        assert "AccessDeniedException" in said and "Completely failed to parse inventory source" in said
        assert "goes on without" not in said
    (tmp_path / "ansible.cfg").write_text("[inventory]\nany_unparsed_is_failed = true\n")
    assert ansible_playbook("-i", path, str(book)).returncode != 0


def test_a_play_can_see_that_a_source_failed(
    emulator: Emulator, source: Source, ansible_playbook: Run, tmp_path: Path
) -> None:
    emulator.reset()
    emulator.load({"Organizations": [{"Alias": "acme"}]})
    path = source(hosts="tokens")
    book = tmp_path / "book.yml"
    book.write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.assert: {that: \"'workmail_pat' in groups\"}\n"
    )
    # The group is there where nothing was found, and not where nothing was read.
    assert ansible_playbook("-i", path, str(book)).returncode == 0
    emulator.faults.add(Fault("access_denied"))
    assert ansible_playbook("-i", path, str(book)).returncode == 2


def test_a_stray_play_over_everything_stays_on_the_controller(
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


BAD = {
    "unknown": ({"organisations": ["acme"]}, "organisations: unknown option, did you mean organizations?"),
    "by_hand": ({"max_items": 5}, "max_items: unknown option"),
    "hosts": ({"hosts": "tokns"}, "hosts: 'tokns' is not one of users, tokens, organizations, did you mean tokens?"),
    "boolean": ({"builtin_groups": "maybe"}, "builtin_groups: 'maybe' is not valid; expected true or false"),
    "alias": ({"organization": "a", "organizations": ["b"]}, "are two names of one option; give one of them"),
    "organizations": ({"organizations": ["m-XYZ"]}, "organizations: 'm-XYZ' is no organization id"),
    "users": ({"users": ["a b"]}, "users: 'a b' is no user id"),
    "regions": ({"regions": ["eu-central-1"]}, "regions: Amazon WorkMail is not in 'eu-central-1'"),
    "region": ({"region": "nowhere-1"}, "region: Amazon WorkMail is not in 'nowhere-1'"),
    "select": ({"select": {"expird": True}}, "select.expird: unknown condition, did you mean expired?"),
    "duration": ({"select": {"older_than": "90"}}, "select.older_than: '90' is not a duration"),
    "owners": ({"hosts": "tokens", "select": {"owner_state": "DISABLED"}}, "need owners: true"),
    "as_of": ({"as_of": "2026-01"}, "as_of: '2026-01' is neither an instant with an offset"),
    "page_size": ({"page_size": 0}, "page_size: 0 is out of range; expected 1 to 100"),
    "number": ({"page_size": "many"}, "page_size: 'many' is not an integer"),
    "concurrency": ({"concurrency": 65}, "concurrency: 65 is out of range; expected 1 to 64"),
    "on_error": ({"on_error": "contine"}, "on_error: 'contine' is not one of fail, continue, did you mean continue?"),
    "role": ({"assume_role_arn": ""}, "assume_role_arn: '' is not like arn:aws:iam::"),
    "external": ({"assume_role_external_id": "x1"}, "assume_role_external_id: needs assume_role_arn"),
    "template": ({"organizations": ["{{ nothing_of_the_kind }}"]}, "nothing_of_the_kind"),
    "include": ({"hosts": "tokens", "include_without_tokens": True}, "include_without_tokens: needs hosts: users"),
    "prefix": ({"hostvars_prefix": ""}, "hostvars_prefix: '' is not a valid prefix"),
    "hostnames": ({"hostnames": [{"name": "x"}]}, "hostnames: expected non-empty Jinja"),
    "profile": ({"profile": "nope", "access_key": "", "secret_key": ""}, "nope"),
}


@pytest.mark.parametrize("name", BAD)
@guards("plugins/inventory/workmail_pat.py", "check_options(self, direct or {})", "direct")
def test_bad_input(emulator: Emulator, source: Source, parse: Callable[..., Any], name: str) -> None:
    options, message = BAD[name]
    inventory = InventoryData()
    with pytest.raises(Exception) as raised:
        parse(source(**options), inventory)
    assert message in str(raised.value)
    assert not inventory.hosts
    assert len(emulator.requests) == 0


def test_only_its_own_files(emulator: Emulator, tmp_path: Path, parse: Callable[..., Any], manage: Manage) -> None:
    for name, taken in (("x.workmail_pat.yml", True), ("workmail_pat.yaml", True), ("workmail.yml", False)):
        file = tmp_path / name
        file.write_text(f"plugin: {NAME}\nhosts: organizations\n")
        assert inventory_loader.get(NAME).verify_file(str(file)) is taken
    assert inventory_loader.get(NAME).verify_file(str(tmp_path / "absent_workmail_pat.yml")) is False
    foreign = tmp_path / "2workmail_pat.yml"
    foreign.write_text("plugin: amazon.aws.aws_ec2\n")
    with pytest.raises(AnsibleParserError, match="Incorrect plugin name"):
        parse(str(foreign))


def test_every_option_is_documented_and_read(documented_options: dict[str, Any]) -> None:
    assert set(OPTIONS) <= documented_options.keys()


@pytest.fixture
def documented_options(environment: dict[str, str]) -> dict[str, Any]:
    run = subprocess.run(
        ["ansible-doc", "--json", "--type", "inventory", NAME],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    options: dict[str, Any] = json.loads(run.stdout)[NAME]["doc"]["options"]
    return options


def test_nothing_of_the_estate_was_changed(emulator: Emulator, source: Source, manage: Manage) -> None:
    manage(source(hosts="organizations", owners=True, organizations=[ACME], users=["ana"]))
    assert len(emulator.personal_access_tokens(ACME)) == len(ESTATE["Organizations"][0]["PersonalAccessTokens"])
    assert {request.operation for request in emulator.requests} == {
        "DescribeOrganization",
        "DescribeUser",
        "ListPersonalAccessTokens",
        "ListUsers",
        DESCRIBE,
    }


GUIDE = (Path(__file__).parents[3] / "docs/docsite/rst/guide_inventory.rst").read_text()


def blocks_of_the_guide() -> list[tuple[str, Any]]:
    """The captions and the YAML of the guide's examples: sources, and the playbooks that follow them."""
    found = re.findall(r"^\.\. code-block:: yaml\n    :caption: (.*)\n\n((?:    .*\n|\n)+)", GUIDE, re.MULTILINE)
    return [(caption, yaml.safe_load(block)) for caption, block in found]


def test_the_examples_of_the_guide_run(
    emulator: Emulator, source: Source, ansible_playbook: Run, tmp_path: Path
) -> None:
    emulator.reset()
    seeded = [{**token(number, ANA), "ExpiresTime": "+30d"} for number in (1, 2)]
    users = [user(ANA, "ana"), user(BEN, "ben", State="DISABLED")]
    emulator.load(
        {
            "Organizations": [
                {
                    "Alias": alias,
                    "Users": users,
                    "PersonalAccessTokens": seeded,
                    "IdentityProviderConfiguration": {**CONFIGURATION, "IdentityCenterConfiguration": CENTER},
                }
                for alias in ("acme", "globex")
            ]
        }
    )
    blocks = blocks_of_the_guide()
    assert len([caption for caption, _block in blocks if caption == "playbook"]) == 4
    file = tmp_path / "unset"
    played = 0
    for caption, block in blocks:
        if caption != "playbook":
            file = tmp_path / caption
            file.write_text(yaml.safe_dump(block))
            book = [{"hosts": "workmail_pat", "gather_facts": False, "tasks": [{"ansible.builtin.meta": "noop"}]}]
        else:
            book, played = block, played + 1
        path = tmp_path / "book.yml"
        path.write_text(yaml.safe_dump(book, sort_keys=False))
        run = ansible_playbook("-i", str(file), str(path), env={"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"})
        assert run.returncode == 0 and "no hosts matched" not in run.stdout, run.stdout + run.stderr
        assert "[WARNING]" not in run.stderr, run.stderr
    assert played == 4
    tickets = sorted(tmp_path.glob("ticket-*"))
    assert [ticket.name for ticket in tickets] == ["ticket-acme.ana.txt", "ticket-globex.ana.txt"]
    assert tickets[0].read_text().startswith("ana@acme.example holds 2 tokens. The next one expires at 20")


@pytest.mark.parametrize(
    ("hosts", "title"), [("users", "a user"), ("tokens", "a token"), ("organizations", "an organization")]
)
def test_the_guide_lists_every_variable(
    emulator: Emulator, source: Source, manage: Manage, hosts: str, title: str
) -> None:
    [table] = re.findall(rf"Variables of {title}\n.*?\n\n(?! )", GUIDE + "\n\n", re.DOTALL)
    listed = set(re.findall(r"``(workmail_\w+)``", table))
    for known in hostvars(manage(source(hosts=hosts, owners=True))).values():
        assert set(known) == {"ansible_connection", *listed}
