# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program for Terraform's data source "external": what ansible-inventory lists, as a flat map of strings.

It reads {"inventory": "FILE"} and writes a map of each host to its workmail_ variables in JSON. If the inventory cannot
be read completely, it ends with status 1 and a message, and the plan fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# Whatever the environment and ansible.cfg say, an inventory that could not be read fails, and messages are plain text.
SETTINGS = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    "ANSIBLE_FORCE_COLOR": "false",
    "ANSIBLE_NOCOLOR": "true",
}


def plain(value: Any) -> Any:
    """Return a value without the mark of text that looks like a template, which ansible-inventory keeps."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def facts(query: Any) -> dict[str, str]:
    """Answer a query of Terraform.

    Args:
        query: The query, which must be ``{"inventory": "FILE"}``.

    Returns:
        Each host's ``workmail_`` variables in JSON, by the name of the host.

    Raises:
        ValueError: The query is not valid, or the inventory could not be read completely.
        OSError: ``ansible-inventory`` cannot be run.
    """
    if not isinstance(query, dict) or set(query) != {"inventory"} or not isinstance(query["inventory"], str):
        raise ValueError('the query must be {"inventory": "FILE"}')
    with tempfile.TemporaryDirectory() as folder:
        # Settings such as ANSIBLE_VERBOSITY and ANSIBLE_DEBUG add lines to the standard output, but not to this file.
        listing = Path(folder, "inventory.json")
        run = subprocess.run(
            ["ansible-inventory", "--inventory", query["inventory"], "--list", "--output", str(listing)],
            env={**os.environ, **SETTINGS},
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        if run.returncode != 0:
            raise ValueError(f"ansible-inventory failed with status {run.returncode}\n{run.stderr}")
        hosts = plain(json.loads(listing.read_text(encoding="utf-8"))["_meta"]["hostvars"])
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
