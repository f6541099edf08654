# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook never passes without running, and never runs elsewhere than on the controller."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import context
from ansible.cli import CLI
from ansible.errors import AnsibleError
from ansible.executor.playbook_executor import PlaybookExecutor
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_options_vars
from ansible.vars.manager import VariableManager
from guarding import guards
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from workmail_emulator import Emulator

pytestmark = pytest.mark.ansible

Playbook = Callable[..., subprocess.CompletedProcess[str]]

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"
INVENTORIES = {
    "empty": {"all": {"hosts": {}}},
    "others": {"prod": {"hosts": {"web1": {}, "web2": {}}}},
    "localhost": {"prod": {"hosts": {"web1": {}}}, "all": {"hosts": {"localhost": {}}}},
    "127.0.0.1": {"prod": {"hosts": {"web1": {}}}, "all": {"hosts": {"127.0.0.1": {}}}},
    "both": {"prod": {"hosts": {"web1": {}}}, "all": {"hosts": {"127.0.0.1": {}, "localhost": {}}}},
    "group": {"localhost": {"hosts": {"web1": {}}}, "prod": {"hosts": {"web2": {}}}},
}
ATOMS = [
    "prod",
    "web1",
    "localhost",
    "127.0.0.1",
    "all",
    "*",
    "nothing",
    "~loc.*",
    "all[0]",
    "web[12]",
    "@",
    "ungrouped",
]
LIMITS = st.lists(
    st.tuples(st.sampled_from([",", ":"]), st.sampled_from(["", "!", "&"]), st.sampled_from(ATOMS)), max_size=3
).map(lambda parts: "".join("".join(part) for part in parts)[1:])


@pytest.fixture
def hosts_of(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., list[str]]]:
    """The hosts of a playbook, without running it. ``@`` in a limit is a file that removes localhost."""
    removed = tmp_path / "removed"
    removed.write_text("!localhost\n!127.0.0.1\n")
    plain = tmp_path / "plain.yml"
    plain.write_text("- hosts: localhost")
    for name, content in INVENTORIES.items():
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(content))

    def call(
        name: str | None, inventory: str, limit: str | None, tags: Any = ("all",), skip_tags: Any = ()
    ) -> list[str]:
        playbook = plain if name is None else PLAYBOOKS / f"{name}.yml"
        limit = limit.replace("@", f"@{removed}") if limit else limit
        arguments = {"listhosts": True, "subset": limit, "tags": tags, "skip_tags": skip_tags, "syntax": False}
        monkeypatch.setattr(context, "CLIARGS", ImmutableDict(arguments))
        # Ansible keeps the variables of the command line for the process.
        monkeypatch.delattr(load_options_vars, "options_vars", raising=False)
        loader = DataLoader()
        sources = InventoryManager(loader, [str(tmp_path / f"{inventory}.yml")])
        CLI.get_host_list(sources, limit)
        variables = VariableManager(loader, sources)
        [entry] = PlaybookExecutor([str(playbook)], sources, variables, loader, {}).run()
        [play] = entry["plays"]
        return [host.name for host in sources.get_hosts(play.hosts)]

    yield call


@guards(
    "playbooks/vars/localhost.yml", "else 'localhost' if not ansible_limit | default('')", "else 'localhost' if true"
)
@guards("playbooks/vars/localhost.yml", "[] if ansible_limit is search('[@[]') else ", "")
@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(INVENTORIES)), LIMITS)
@example("localhost", "web1,localhost,@")
def test_a_limit_never_leaves_a_playbook_without_hosts(
    hosts_of: Callable[..., list[str]], inventory: str, limit: str
) -> None:
    """It runs on localhost if that is in the limit, and else fails: on a host of the limit, or without any."""
    try:
        expected = hosts_of(None, inventory, limit)
    except AnsibleError:
        return
    try:
        hosts = hosts_of("audit", inventory, limit)
    except AnsibleError as error:
        assert "which --limit" in str(error) and (not expected or "@" in limit or "[" in limit)
        return
    assert hosts == expected if expected else len(hosts) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["assert_no_expired", "audit", "check_policy", "notify", "revoke"])
def test_all_playbooks_on_localhost_guard_their_hosts(hosts_of: Callable[..., list[str]], name: str) -> None:
    assert hosts_of(name, "others", None) == hosts_of(name, "others", "prod,localhost") == ["localhost"]
    assert hosts_of(name, "others", "prod") == ["web1"]
    with pytest.raises(AnsibleError, match="This playbook runs on localhost, which --limit prod leaves out"):
        hosts_of(name, "empty", "prod")


@pytest.mark.slow
def test_audit_accounts_runs_on_every_host_of_the_limit(hosts_of: Callable[..., list[str]]) -> None:
    name = "audit_accounts"
    assert hosts_of(name, "others", None) == hosts_of(name, "others", "all") == ["web1", "web2"]
    assert hosts_of(name, "others", "web2,localhost") == ["web2"]
    assert hosts_of(name, "empty", None) == ["localhost"]
    for limit in ("prod", "all", "localhost"):
        with pytest.raises(AnsibleError, match="The inventory has no hosts"):
            hosts_of(name, "empty", limit)


@guards(
    "playbooks/vars/localhost.yml", "undef(hint=__playbook_skipped) if", "undef(hint=__playbook_skipped) if false and"
)
@pytest.mark.slow
@pytest.mark.parametrize("name", ["audit", "audit_accounts", "check_policy"])
@pytest.mark.parametrize("skipped", ["always", "tagged"])
def test_tags_never_leave_a_playbook_without_tasks(hosts_of: Callable[..., list[str]], name: str, skipped: str) -> None:
    assert hosts_of(name, "others", None, ("web",), ("other",))
    with pytest.raises(AnsibleError, match="--skip-tags always and --skip-tags tagged leave out every task"):
        hosts_of(name, "others", None, ("all",), ("other", skipped))


@guards("playbooks/revoke.yml", "if ansible_run_tags", "if false and ansible_run_tags")
@pytest.mark.slow
@pytest.mark.parametrize(("tags", "skipped"), [(("web",), ()), (("all",), ("web",)), (("always",), ())])
def test_the_revoke_playbook_refuses_tags(hosts_of: Callable[..., list[str]], tags: Any, skipped: Any) -> None:
    with pytest.raises(AnsibleError, match="--tags and --skip-tags are not supported by the playbook revoke"):
        hosts_of("revoke", "others", None, tags, skipped)


@guards(
    "playbooks/vars/localhost.yml",
    "'local' if inventory_hostname in ['localhost', '127.0.0.1', '::1'] else undef(hint=__playbook_left_out)",
    "'local'",
)
@pytest.mark.smoke
def test_a_limit_without_localhost_exits_2(emulator: Emulator, ansible_playbook: Playbook) -> None:
    run = ansible_playbook("-i", "prod,", "--limit", "prod", "patrol.workmail.audit")
    assert run.returncode == 2 and "which --limit prod leaves out" in " ".join(run.stdout.split())
    assert len(emulator.requests) == 0


@guards("playbooks/vars/localhost.yml", "ansible_become: false", "{}")
@pytest.mark.slow
def test_variables_of_localhost_in_the_inventory_are_ignored(
    emulator: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    elsewhere = {
        "ansible_connection": "ssh",
        "ansible_host": "192.0.2.1",
        "ansible_become": True,
        "ansible_become_method": "no.such.method",
        "ansible_python_interpreter": "/nowhere/python",
    }
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": {"localhost": elsewhere}}}))
    extra = {
        "audit_as_of": "2026-01-31T00:00:00Z",
        "audit_policy": "no_expired",
        "audit_report_dir": "reports",
        "audit_report_formats": ["json"],
    }
    run = ansible_playbook("-i", "inventory.yml", "patrol.workmail.audit", extra=extra)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "reports/audit.json").exists()
