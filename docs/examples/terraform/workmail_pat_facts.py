# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program for Terraform's data source "external": what ansible-inventory lists, as a flat map of strings.

It reads {"inventory": "FILE"} and writes a map of each host to its workmail_ variables in JSON. Whatever keeps the
inventory from being whole ends it with status 1 and a message, so that the plan fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def plain(value: Any) -> Any:
    """Undo how ansible-inventory writes text that is not to be templated."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def facts(query: Any) -> dict[str, str]:
    """The answer to a query of Terraform.

    Raises:
        ValueError: The query is not valid, or the inventory could not be read whole.
        OSError: ansible-inventory cannot be run.
    """
    if not isinstance(query, dict) or set(query) != {"inventory"} or not isinstance(query["inventory"], str):
        raise ValueError('the query must be {"inventory": "FILE"}')
    run = subprocess.run(
        ["ansible-inventory", "--inventory", query["inventory"], "--list"],
        env={**os.environ, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"},
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise ValueError(f"ansible-inventory failed with status {run.returncode}\n{run.stderr}")
    hosts = plain(json.loads(run.stdout)["_meta"]["hostvars"])
    return {
        host: json.dumps({name: value for name, value in variables.items() if name.startswith("workmail_")})
        for host, variables in hosts.items()
    }


def main() -> int:
    """Answer the query on standard input."""
    try:
        answer = facts(json.load(sys.stdin))
    except (ValueError, OSError) as error:
        print(f"workmail_pat_facts: {error}", file=sys.stderr)
        return 1
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
