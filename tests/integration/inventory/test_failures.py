# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invalid options, and targets that cannot be read completely."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.plugins.doc_fragments import constructed, inventory_cache
from ansible.plugins.loader import inventory_loader
from estate import (
    ACME,
    GLOBEX,
)
from guarding import guards
from managers import NAME, Manage, Parse, Run, Source
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.cache import CONNECTION_OPTIONS
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.options import OPTIONS


@pytest.mark.ansible
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
def test_strict_failure_adds_no_hosts(
    emulator: Emulator,
    source: Source,
    manage: Manage,
    parse: Parse,
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


@pytest.mark.ansible
@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        (
            Fault("access_denied", operation="ListOrganizations"),
            ["ListOrganizations", "Grant these credentials workmail:ListOrganizations"],
        ),
        (Fault("throttle"), ["ThrottlingException"]),
        (Fault("expired_credentials"), ["ExpiredTokenException", "renew them"]),
        (Fault("reset"), ["Connection was closed", "check network, proxy"]),
        (Fault("html", operation="ListOrganizations"), ["ListOrganizations", "not from AWS"]),
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
def test_a_target_that_cannot_be_read_completely_is_an_error(
    emulator: Emulator, source: Source, parse: Parse, gather: Callable[..., Any], fault: Fault, parts: Any
) -> None:
    emulator.faults.add(fault)
    inventory = InventoryData()
    with pytest.raises(AnsibleParserError) as raised:
        parse(source(page_size=2), inventory)
    for part in parts:
        assert part in str(raised.value)
    assert not inventory.hosts and "workmail_pat" not in inventory.groups
    with pytest.raises(PatrolError) as reported:
        gather(owners=True, page_size=2)
    assert str(reported.value) == str(raised.value)


@pytest.mark.ansible
@pytest.mark.slow
def test_on_error_continue_warns_and_marks_the_organization(
    emulator: Emulator, source: Source, ansible_inventory: Run
) -> None:
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    path = source(hosts="organizations", on_error="continue")
    run = ansible_inventory("-i", path, "--list")
    assert run.returncode == 0
    warned = " ".join(run.stderr.split())
    assert "Incomplete: ListPersonalAccessTokens: AccessDeniedException" in warned and GLOBEX in warned
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
@pytest.mark.ansible
@pytest.mark.parametrize("fails", [False, True])
def test_a_failing_source_warns_if_ansible_continues(
    emulator: Emulator,
    source: Source,
    parse: Parse,
    aws: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fails: bool,
) -> None:
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    aws.setenv("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", str(fails))
    path = source(hosts="tokens")
    with pytest.raises(AnsibleParserError, match="AccessDeniedException"):
        parse(path)
    # Older versions of Ansible break the lines of a warning anywhere.
    warned = "".join(capsys.readouterr().err.split())
    message = f"Ansiblecontinueswithout{path},unlessANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true"
    assert (message in warned) is not fails


@pytest.mark.ansible
@pytest.mark.slow
def test_a_failing_inventory_fails_the_run_if_ansible_is_configured_so(
    emulator: Emulator, source: Source, ansible_playbook: Run, ansible_inventory: Run, tmp_path: Path
) -> None:
    emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    path = source(hosts="tokens")
    book = tmp_path / "book.yml"
    book.write_text(
        "- hosts: workmail_pat\n  gather_facts: false\n  tasks: [{ansible.builtin.debug: {msg: reached}}]\n"
    )
    # By default, Ansible warns and runs nothing.
    unset = ansible_playbook("-i", path, str(book))
    assert unset.returncode == 0 and "reached" not in unset.stdout
    warned = "".join(unset.stderr.split())
    assert f"Ansiblecontinueswithout{path},unlessANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true" in warned
    assert "AccessDeniedException" in warned and GLOBEX in warned and "Traceback" not in unset.stderr
    by_variable = ansible_inventory("-i", path, "--list", env={"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"})
    (tmp_path / "ansible.cfg").write_text("[inventory]\nany_unparsed_is_failed = true\n")
    by_file = ansible_playbook("-i", path, str(book))
    for run in (by_variable, by_file):
        assert run.returncode != 0
        output = " ".join((run.stdout + run.stderr).split())
        assert "AccessDeniedException" in output and "Completely failed to parse inventory source" in output
        assert "continues without" not in output


@pytest.mark.ansible
def test_the_group_of_every_host_shows_that_a_source_was_read(
    emulator: Emulator, source: Source, manage: Manage, aws: pytest.MonkeyPatch
) -> None:
    aws.setattr("ansible.constants.INVENTORY_ANY_UNPARSED_IS_FAILED", False)
    emulator.reset()
    emulator.load({"Organizations": [{"Alias": "acme"}]})
    path = source(hosts="tokens")
    # A play sees this as the variable "groups".
    assert manage(path).get_groups_dict()["workmail_pat"] == []
    emulator.faults.add(Fault("access_denied"))
    assert "workmail_pat" not in manage(path).get_groups_dict()


INVALID = {
    "unknown": ({"organisations": ["acme"]}, "organisations: unknown option, did you mean organizations?"),
    "paging": ({"max_items": 5}, "max_items: unknown option"),
    "organizations": ({"organizations": ["m-XYZ"]}, "organizations: 'm-XYZ' is not a valid organization ID"),
    "regions": ({"regions": ["eu-central-1"]}, "regions: 'eu-central-1' is not a region of Amazon WorkMail"),
    "region": ({"region": "nowhere-1"}, "region: 'nowhere-1' is not a region of Amazon WorkMail"),
    "as_of": ({"as_of": "2026-01"}, "as_of: '2026-01' is not a valid time; expected ISO 8601 with an offset"),
    "template": ({"organizations": ["{{ nothing_of_the_kind }}"]}, "nothing_of_the_kind"),
    "profile": ({"profile": "nope", "access_key": "", "secret_key": ""}, "nope"),
}


@pytest.mark.ansible
@pytest.mark.parametrize("name", INVALID)
@guards("plugins/inventory/workmail_pat.py", "check_options(self, direct or {})", "direct")
def test_invalid_options_are_refused(emulator: Emulator, source: Source, parse: Parse, name: str) -> None:
    options, message = INVALID[name]
    inventory = InventoryData()
    with pytest.raises(Exception) as raised:
        parse(source(**options), inventory)
    assert message in str(raised.value)
    assert not inventory.hosts
    assert len(emulator.requests) == 0


@pytest.mark.ansible
def test_only_files_of_the_plugin_are_accepted(
    emulator: Emulator, tmp_path: Path, parse: Parse, manage: Manage
) -> None:
    for name, taken in (("x.workmail_pat.yml", True), ("workmail_pat.yaml", True), ("workmail.yml", False)):
        file = tmp_path / name
        file.write_text(f"plugin: {NAME}\nhosts: organizations\n")
        assert inventory_loader.get(NAME).verify_file(str(file)) is taken
    assert inventory_loader.get(NAME).verify_file(str(tmp_path / "absent_workmail_pat.yml")) is False
    foreign = tmp_path / "2workmail_pat.yml"
    foreign.write_text("plugin: amazon.aws.aws_ec2\n")
    with pytest.raises(AnsibleParserError, match="Incorrect plugin name"):
        parse(str(foreign))


def test_every_documented_option_is_read() -> None:
    documented = {name for name in inventory_loader.get(NAME).option_definitions if not name.startswith("_")}
    read_by_ansible = {"plugin"}
    for fragment in (constructed, inventory_cache):
        read_by_ansible |= yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION)["options"].keys()
    assert documented == {*OPTIONS, *CONNECTION_OPTIONS, *read_by_ansible}
