# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts and the inventory of the guide on many accounts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from examples import COLLECTION, blocks

GUIDE = COLLECTION / "docs/docsite/rst/guide_accounts.rst"
IAM = COLLECTION / "docs" / "iam"
BOOK = "patrol.workmail.audit_accounts"
AS_OF = "2026-02-04T00:00:00Z"
ROLE = "workmail-auditor"
EXTERNAL_ID = "TICKET-1"
ACCOUNTS = [f"account{number:02}" for number in range(30)]
DENIED, VIOLATING = "account17", "account05"
Playbook = Callable[..., subprocess.CompletedProcess[str]]
EXTRA = {
    "audit_as_of": AS_OF,
    "audit_policy": "no_expired",
    "audit_report_dir": "reports",
    "audit_report_formats": ["json"],
}


def account_id(name: str) -> str:
    return f"{800 + int(name[-2:]):012}"


def block(caption: str) -> Any:
    """Return the file of the guide with this name."""
    [found] = [block for block in blocks(GUIDE) if block.caption == caption]
    return yaml.safe_load(found.text)


def inventory(names: list[str], **variables: Any) -> dict[str, Any]:
    """Return the guide's inventory with these accounts, and variables for some of them."""
    document: dict[str, Any] = block("accounts.yml")
    document["accounts"]["vars"]["audit_assume_role_external_id"] = EXTERNAL_ID
    document["accounts"]["hosts"] = {
        name: {"account_id": account_id(name), **variables.get(name, {})} for name in names
    }
    return document


def write(tmp_path: Path, document: Any) -> str:
    file = tmp_path / "accounts.yml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return str(file)


def report(tmp_path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((tmp_path / "reports" / "audit.json").read_text())
    return document
