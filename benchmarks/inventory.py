# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU time and peak memory of ansible-inventory over many tokens, beside those of the same hosts in a static file.

Run it with a Python that can import workmail_emulator, and an ansible-inventory on the path that finds the collection:

    python benchmarks/inventory.py [TOKENS]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from workmail_emulator import Emulator

USERS = 1_000


class Cost(NamedTuple):
    """The cost of a run: CPU time and peak memory."""

    seconds: float
    megabytes: float


def seed(count: int) -> dict[str, Any]:
    """Make an organization with many tokens of a thousand users.

    Args:
        count: The number of tokens.

    Returns:
        The seed.
    """
    user_ids = [f"{number:08}-0000-0000-0000-000000000000" for number in range(USERS)]
    return {
        "Organizations": [
            {
                "Alias": "acme",
                "Users": [
                    {"Id": user_id, "Name": f"user{number}", "Email": f"user{number}@acme.example", "State": "ENABLED"}
                    for number, user_id in enumerate(user_ids)
                ],
                "PersonalAccessTokens": [
                    {
                        "PersonalAccessTokenId": f"pat-{number:08}",
                        "UserId": user_ids[number % USERS],
                        "Name": f"Outlook {number}",
                        "DateCreated": f"-{number % 400 + 1}d",
                        "DateLastUsed": f"-{number % 90}d",
                        "ExpiresTime": f"{number % 365 - 30:+}d",
                        "Scopes": ["imap", "smtp"],
                    }
                    for number in range(count)
                ],
            }
        ]
    }


def listed(source: Path, output: Path, environment: dict[str, str]) -> Cost:
    """List a source into a file.

    Args:
        source: The file of the inventory source.
        output: The file to write.
        environment: The environment variables of ``ansible-inventory``.

    Returns:
        The CPU time in seconds, and the memory in MiB.
    """
    process = subprocess.Popen(
        ["ansible-inventory", "--inventory", str(source), "--list", "--output", str(output)], env=environment
    )
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "ansible-inventory failed"
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def static(listing: Path, target: Path) -> None:
    """Write the hosts and groups of a listing as a file for Ansible's own plugin for YAML.

    Args:
        listing: The listing of ``ansible-inventory``.
        target: The file to write.
    """
    content = json.loads(listing.read_text())
    hosts = content.pop("_meta")["hostvars"]
    children = {
        group: {"hosts": dict.fromkeys(members.get("hosts", []))}
        for group, members in content.items()
        if group != "all" and members.get("hosts")
    }
    target.write_text(json.dumps({"all": {"hosts": hosts, "children": children}}))


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as directory, Emulator(seed=seed(count)) as emulator:
        folder = Path(directory)
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": emulator.endpoint_url,
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_REGION": "us-east-1",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(folder / "cache"),
            "ANSIBLE_INVENTORY_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        }
        costs: dict[str, Cost] = {}
        for hosts in ("tokens", "users"):
            source, output = folder / f"{hosts}.workmail_pat.yml", folder / f"{hosts}.json"
            options = {"plugin": "patrol.workmail.workmail_pat", "hosts": hosts, "cache": True}
            source.write_text(json.dumps(options))
            costs[f"{hosts}, cold"] = listed(source, output, environment)
            costs[f"{hosts}, cached"] = listed(source, output, environment)
            if hosts == "tokens":
                assert len(json.loads(output.read_text())["_meta"]["hostvars"]) == count
                static(output, folder / "static.json")
                costs["static file"] = listed(folder / "static.json", output, environment)
        (folder / "none.json").write_text("{}")
        costs["no host"] = listed(folder / "none.json", output, environment)
    base = costs["static file"]
    print(f"ansible-inventory --list over {count} tokens of {USERS} users")
    for name, cost in costs.items():
        ratios = f"{cost.seconds / base.seconds:4.1f} x, {cost.megabytes / base.megabytes:4.1f} x"
        print(f"{name:15} {cost.seconds:6.1f} s of CPU {cost.megabytes:6.0f} MiB   {ratios} the static file")


if __name__ == "__main__":
    main()
