# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time, CPU time and peak memory of reading every account of an estate, beside scripts with boto3.

Run it with a Python that can import workmail_emulator, and an ansible-playbook on the path that finds the collection:

    python benchmarks/accounts.py [ACCOUNTS [TOKENS [SECONDS]]]

Each account has one organization with so many tokens, and each call takes so many seconds. IAM is not enforced.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import yaml
from workmail_emulator.estate import large_estate

CONTENDERS = Path(__file__).resolve().parent / "contenders"
KEY = "AKIAIOSFODNN7EXAMPLE"
OPTIONS = {"accounts": ["all"], "assume_role_name": "workmail-auditor", "concurrency": 16}


class Cost(NamedTuple):
    """What a run took: seconds by the clock, seconds of CPU, and the memory of its largest process in MiB."""

    seconds: float
    cpu: float
    mebibytes: float


def play(folder: Path, name: str, *tasks: dict[str, object]) -> list[str]:
    """Return the command that runs these tasks."""
    path = folder / f"{name}.yml"
    path.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    interpreter = f"ansible_python_interpreter={sys.executable}"
    return ["ansible-playbook", "-i", "localhost,", "--connection", "local", "-e", interpreter, str(path)]


def show(expression: str) -> dict[str, object]:
    """Return a task that prints a number of tokens."""
    return {"ansible.builtin.debug": {"msg": "tokens={{ " + expression + " }}"}}


def measure(command: list[str], environment: dict[str, str], tokens: int) -> Cost:
    """Run a command, which has to find all tokens."""
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    found = re.search(r"tokens=(\d+)", text)
    assert process.returncode == 0 and found is not None and int(found[1]) == tokens, text
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def contenders(folder: Path) -> dict[str, list[str]]:
    """Return the commands by name. The ratios are of the first."""
    script = [sys.executable, str(CONTENDERS / "accounts_boto3.py")]
    info = {"patrol.workmail.workmail_pat_info": {**OPTIONS, "select": {"name": "none"}}, "register": "found"}
    audit = {
        "patrol.workmail.workmail_pat_audit": {
            **OPTIONS,
            "policy": {"version": 1, "rules": [{"id": "none", "severity": "low", "when": {"name": "none"}}]},
        },
        "register": "found",
    }
    return {
        "loop, own sessions": [*script, "1", "own"],
        "loop, shared session": [*script, "1", "shared"],
        "pool of 16, shared session": [*script, "16", "shared"],
        "module, nothing selected": play(folder, "module", info, show("found.summary.tokens")),
        "audit": play(folder, "audit", audit, show("found.summary.tokens")),
    }


def main() -> None:
    """Print the table."""
    given = sys.argv[1:]
    accounts, tokens = (int(given[place]) if len(given) > place else default for place, default in ((0, 300), (1, 200)))
    latency = float(given[2]) if len(given) > 2 else 0.02
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        seed = large_estate(accounts, tokens)
        # The caller is in the management account.
        seed["Accounts"][0]["IamUsers"] = [
            {"UserName": "benchmark", "AccessKeyId": KEY, "SecretAccessKey": "benchmark"}
        ]
        (folder / "seed.yml").write_text(yaml.safe_dump(seed))
        server = subprocess.Popen(
            ["workmail-emulator", "--seed", str(folder / "seed.yml"), "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            endpoint = server.stdout.readline().split()[-1]
            fault = json.dumps({"kind": "delay", "seconds": latency})
            urllib.request.urlopen(f"{endpoint}/_workmail/faults", fault.encode()).close()
            environment = {
                **os.environ,
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": "benchmark",
                "AWS_REGION": "us-east-1",
            }
            noop = measure(play(folder, "noop", show(str(accounts * tokens))), environment, accounts * tokens)
            costs = {
                name: measure(command, environment, accounts * tokens) for name, command in contenders(folder).items()
            }
        finally:
            server.terminate()
            server.wait()
    base = next(iter(costs.values()))
    print(f"{accounts} accounts with {tokens} tokens each, {latency} s a call")
    print(f"{'':28}{'seconds':>9}{'ratio':>7}{'CPU s':>8}{'MiB':>7}")
    for name, cost in {**costs, "a task without calls": noop}.items():
        print(
            f"{name:28}{cost.seconds:9.2f}{cost.seconds / base.seconds:7.2f}{cost.cpu:8.2f}{cost.mebibytes:7.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
