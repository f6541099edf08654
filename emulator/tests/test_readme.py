# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README: its seeds can be loaded, its tables name every kind of fault and every behavior."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workmail_emulator import Emulator
from workmail_emulator.kinds import KINDS
from workmail_emulator.seed import parse
from workmail_emulator.workmail.behaviors import BEHAVIORS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SEEDS = [parse(text) for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]


@pytest.fixture
def seed() -> dict[str, Any]:
    return {}


def test_the_seed_of_one_organization_loads(emulator: Emulator) -> None:
    emulator.load(SEEDS[0])
    assert [organization["Alias"] for organization in emulator.organizations("123456789012")] == ["acme"]


def test_the_seed_of_accounts_works_with_iam_enforced(emulator: Emulator, client: Callable[..., Any]) -> None:
    emulator.load(SEEDS[1])
    user = {"key": "AKIAAUDITOREXAMPLE01", "aws_secret_access_key": "example"}
    emulator.enforce_iam()
    try:
        listed = client("organizations", **user).list_accounts()["Accounts"]
        role = {"RoleArn": "arn:aws:iam::222222222222:role/audit/workmail-auditor", "RoleSessionName": "readme"}
        given = client("sts", **user).assume_role(**role, ExternalId="example")["Credentials"]
        session = {"aws_secret_access_key": given["SecretAccessKey"], "aws_session_token": given["SessionToken"]}
        workmail = client(key=given["AccessKeyId"], **session)
        organization_id = workmail.list_organizations()["OrganizationSummaries"][0]["OrganizationId"]
        tokens = workmail.list_personal_access_tokens(OrganizationId=organization_id)["PersonalAccessTokenSummaries"]
    finally:
        emulator.enforce_iam(False)
    assert [(account["Id"], account["State"]) for account in listed] == [
        ("111111111111", "ACTIVE"),
        ("222222222222", "ACTIVE"),
        ("333333333333", "SUSPENDED"),
    ]
    assert tokens == [{"PersonalAccessTokenId": "pat-1"}]


def test_the_tables_name_every_kind_and_behavior() -> None:
    cells = re.findall(r"^\| (`[^|]*`) \|", README, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert KINDS.keys() <= named
    assert BEHAVIORS.keys() <= named


def test_the_readme_names_every_public_member_of_the_emulator() -> None:
    public = {name for name in vars(Emulator) if not name.startswith("_")} - {"start", "stop", "endpoint_url"}
    assert {name for name in public if f"`{name}" not in README} == set()
