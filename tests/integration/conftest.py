# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator, and Ansible and the core against it over HTTP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from connecting import REGION, connect
from event_sources import Events, load_by_path
from host_runs import HostRun, play_on_all_hosts, split_by_host
from marking import require_marker
from workmail_emulator import Emulator


@pytest.fixture
def environment(request: pytest.FixtureRequest, surroundings: dict[str, str]) -> dict[str, str]:
    """Return the environment variables for a program that the test starts. The test must have the markers."""
    require_marker(request, "ansible", "guide")
    require_marker(request, "slow", "smoke")
    return surroundings


@pytest.fixture
def allowed(server: Emulator, environment: dict[str, str]) -> Iterator[Callable[..., dict[str, str]]]:
    """Return a function that gives a policy to a user, enforces IAM, and returns the user's variables."""
    iam = boto3.client(
        "iam",
        endpoint_url=server.endpoint_url,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    keys: dict[str, dict[str, str]] = {}

    def allow(document: Any, user: str = "patrol") -> dict[str, str]:
        server.enforce_iam(False)
        if user not in keys:
            iam.create_user(UserName=user)
            keys[user] = iam.create_access_key(UserName=user)["AccessKey"]
        iam.put_user_policy(UserName=user, PolicyName="patrol", PolicyDocument=json.dumps(document))
        server.enforce_iam()
        key = keys[user]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    yield allow
    server.enforce_iam(False)
    for user, key in keys.items():
        iam.delete_user_policy(UserName=user, PolicyName="patrol")
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=user)


@pytest.fixture
def gather(aws: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that gathers facts over HTTP with these options, without a plugin."""
    from ansible_collections.patrol.workmail.plugins.module_utils._sweep.facts import gather_facts

    def call(**options: Any) -> Any:
        return gather_facts(options, connect(profile=options.get("profile")))

    return call


@pytest.fixture
def watch(aws: pytest.MonkeyPatch) -> Iterator[Callable[..., Events]]:
    """Return a function that runs the event source, with an action between sweeps, and then cancels it."""
    source = load_by_path()["_core"]("plugin_utils._watch.source")

    def call(*between: Callable[[], Any], queue: Any = None, **args: Any) -> Events:
        events = Events() if queue is None else queue
        waiting = iter(between)

        async def sleep(seconds: float) -> None:
            step = next(waiting, None)
            if step is None:
                raise asyncio.CancelledError
            step()

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(source.watch(events, args, sleep))
        return events

    yield call
    for name in [name for name in sys.modules if name.startswith("patrol_workmail")]:
        del sys.modules[name]


@pytest.fixture
def run_program(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a program, with the variables ``env`` added to the environment."""

    def call(*command: str, env: Any = None) -> subprocess.CompletedProcess[str]:
        variables = {**environment, **(env or {})}
        return subprocess.run(command, env=variables, cwd=tmp_path, check=False, capture_output=True, text=True)

    return call


@pytest.fixture
def ansible_playbook(
    run_program: Callable[..., subprocess.CompletedProcess[str]],
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs ansible-playbook with ``extra`` variables and the environment ``env``."""

    def call(*arguments: str, extra: Any = None, env: Any = None) -> subprocess.CompletedProcess[str]:
        extra_vars = [] if extra is None else ["--extra-vars", json.dumps(extra)]
        return run_program("ansible-playbook", *arguments, *extra_vars, env=env)

    return call


@pytest.fixture
def run_tasks(
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    """Return a function that runs tasks on localhost and returns their registered results by name."""

    def call(tasks: list[dict[str, Any]], env: Any = None, **play: Any) -> dict[str, Any]:
        names = [task["register"] for task in tasks if "register" in task]
        content = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
        result = tmp_path / "registered.json"
        keep = {"ansible.builtin.copy": {"content": content, "dest": str(result), "mode": "0600"}}
        book = tmp_path / "tasks.yml"
        book.write_text(
            json.dumps(
                [
                    {
                        "hosts": "localhost",
                        "connection": "local",
                        "gather_facts": False,
                        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                        **play,
                        "tasks": [*tasks, keep],
                    }
                ]
            )
        )
        run = ansible_playbook(str(book), env=env)
        assert run.returncode == 0, run.stdout + run.stderr
        registered: dict[str, Any] = json.loads(result.read_text())
        return registered

    return call


@pytest.fixture
def run_hosts(
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> Callable[..., list[HostRun]]:
    """Return a function that runs a playbook or plays once, with a separate host for the variables of each case."""

    def call(
        playbook: str | list[dict[str, Any]],
        cases: Iterable[dict[str, Any]],
        *arguments: str,
        extra: Any = None,
        env: Any = None,
    ) -> list[HostRun]:
        hosts = {f"case{number:02}": variables for number, variables in enumerate(cases)}
        local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        # The working directory is where users keep their files: nothing else is put into it.
        folder = tmp_path / "playbook-of-cases"
        folder.mkdir(exist_ok=True)
        inventory, book = folder / "hosts.json", folder / "playbook.yml"
        inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": local}}))
        book.write_text(json.dumps(play_on_all_hosts(playbook) if isinstance(playbook, str) else playbook))
        run = ansible_playbook("-i", str(inventory), "--forks", "4", *arguments, str(book), extra=extra, env=env)
        assert "Traceback" not in run.stdout + run.stderr
        runs = split_by_host(run.stdout)
        assert sorted(runs) == list(hosts), run.stdout + run.stderr
        assert run.returncode == max(host.returncode for host in runs.values())
        return [runs[host] for host in hosts]

    return call
