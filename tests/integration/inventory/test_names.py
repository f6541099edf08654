# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts, and text from the service that has another meaning in Ansible."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from estate import (
    ACME,
    ANA,
    SECRETS_OF_A_NAME,
    token,
    user,
)
from guarding import guards
from managers import Manage, Parse, Run, Source, groups, hostvars
from workmail_emulator import Emulator

pytestmark = pytest.mark.ansible


def test_a_host_has_the_first_name_that_has_a_value(emulator: Emulator, source: Source, manage: Manage) -> None:
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
    """Tokens of a user who names them like hosts, groups, files and templates."""
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


def test_hostile_names_never_merge_hosts(hostile: list[str], source: Source, manage: Manage, tmp_path: Path) -> None:
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
    # A name of spaces does not count, and a name that is shared or taken gets a digest.
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
def test_a_host_and_a_group_cannot_share_a_name(hostile: list[str], source: Source, parse: Parse) -> None:
    inventory = InventoryData()
    options = {"hostnames": ["workmail_name"], "keyed_groups": [{"key": "workmail_name"}], "leading_separator": False}
    with pytest.raises(AnsibleParserError, match="keyed_groups: 'production'") as raised:
        parse(source(hosts="tokens", **options), inventory)
    assert "would be both a host and a group" in str(raised.value)
    assert not inventory.hosts


@pytest.mark.slow
def test_text_of_tokens_is_never_evaluated_as_a_template(
    hostile: list[str], source: Source, ansible_playbook: Run, manage: Manage, tmp_path: Path
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
    manager = manage(path)
    listed = {*groups(manager), *(host.name for host in manager.get_hosts())}
    assert "n____lookup__ansible_builtin_pipe____echo_owned_____" in listed
    assert not any("{" in name or "lookup(" in name for name in listed)
