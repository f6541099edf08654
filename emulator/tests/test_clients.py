# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that others made: boto3, the AWS CLI, and the AWS SDK for JavaScript."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from workmail_emulator import Emulator

ORGANIZATION_ID = "m-" + "0123456789abcdef" * 2
UNKNOWN_ORGANIZATION_ID = "m-" + "0" * 32
SCRIPTS = Path(sysconfig.get_path("scripts"))
JAVASCRIPT = Path(__file__).parent / "javascript"


@pytest.fixture
def environment(emulator: Emulator, tmp_path: Path) -> dict[str, str]:
    """Return an environment in which AWS tools know the emulator and nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": emulator.endpoint_url,
        "AWS_PAGER": "",
    }


def remaining(emulator: Emulator) -> list[str]:
    return [token["PersonalAccessTokenId"] for token in emulator.personal_access_tokens(ORGANIZATION_ID)]


def test_boto3_reads_pages_and_errors(emulator: Emulator, seed: Any, workmail: Any) -> None:
    pages = list(workmail.get_paginator("list_personal_access_tokens").paginate(OrganizationId=ORGANIZATION_ID))
    tokens = [token for page in pages for token in page["PersonalAccessTokenSummaries"]]
    assert [len(page["PersonalAccessTokenSummaries"]) for page in pages] == [100, 100, 50]
    expected = seed["Organizations"][0]["PersonalAccessTokens"]
    assert [token["Name"] for token in tokens] == [token["Name"] for token in expected]
    assert {token["DateCreated"].timestamp() for token in tokens} == {1767323045.123}
    with pytest.raises(workmail.exceptions.OrganizationNotFoundException):
        workmail.list_personal_access_tokens(OrganizationId=UNKNOWN_ORGANIZATION_ID)
    with pytest.raises(workmail.exceptions.EntityNotFoundException):
        workmail.describe_user(OrganizationId=ORGANIZATION_ID, UserId="nobody")
    workmail.delete_personal_access_token(OrganizationId=ORGANIZATION_ID, PersonalAccessTokenId="token-042")
    assert "token-042" not in remaining(emulator)


def aws(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(SCRIPTS / "aws"), "workmail", *arguments, "--output", "json"]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)


def test_the_aws_cli_reads_pages_and_errors(emulator: Emulator, seed: Any, environment: dict[str, str]) -> None:
    listed = aws(environment, "list-personal-access-tokens", "--organization-id", ORGANIZATION_ID)
    assert (listed.returncode, listed.stderr) == (0, "")
    tokens = json.loads(listed.stdout)["PersonalAccessTokenSummaries"]
    expected = seed["Organizations"][0]["PersonalAccessTokens"]
    assert [(token["PersonalAccessTokenId"], token["Name"], token["Scopes"]) for token in tokens] == [
        (token["PersonalAccessTokenId"], token["Name"], token["Scopes"]) for token in expected
    ]
    unknown = aws(environment, "describe-organization", "--organization-id", UNKNOWN_ORGANIZATION_ID)
    assert "(OrganizationNotFoundException)" in unknown.stderr
    nobody = aws(environment, "describe-user", "--organization-id", ORGANIZATION_ID, "--user-id", "nobody")
    assert "(EntityNotFoundException)" in nobody.stderr
    token = ("--organization-id", ORGANIZATION_ID, "--personal-access-token-id", "token-042")
    assert aws(environment, "delete-personal-access-token", *token).returncode == 0
    assert "token-042" not in remaining(emulator)


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the client and the SDK, the latter from EMULATOR_NODE_CACHE if it is there already."""
    cache = os.environ.get("EMULATOR_NODE_CACHE")
    folder = Path(cache) if cache else tmp_path_factory.mktemp("javascript")
    folder.mkdir(parents=True, exist_ok=True)
    lock = (JAVASCRIPT / "package-lock.json").read_bytes()
    installed = folder / "package-lock.json"
    complete = folder / "node_modules" / ".package-lock.json"
    if not (complete.exists() and installed.exists() and installed.read_bytes() == lock):
        shutil.copy(JAVASCRIPT / "package.json", folder)
        shutil.copy(JAVASCRIPT / "package-lock.json", folder)
        subprocess.run(
            [str(SCRIPTS / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            env={**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"},
            check=True,
        )
    shutil.copy(JAVASCRIPT / "client.mjs", folder)
    return folder


def test_the_javascript_sdk_reads_pages_and_errors(
    emulator: Emulator, seed: Any, environment: dict[str, str], javascript: Path
) -> None:
    command = [str(SCRIPTS / "node"), "client.mjs", ORGANIZATION_ID, UNKNOWN_ORGANIZATION_ID, "token-042"]
    done = subprocess.run(command, cwd=javascript, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    expected = seed["Organizations"][0]["PersonalAccessTokens"]
    assert seen["pages"] == [100, 100, 50]
    assert seen["names"] == [token["Name"] for token in expected]
    assert seen["created"] == ["2026-01-02T03:04:05.123Z"]
    assert seen["errors"] == ["OrganizationNotFoundException", "EntityNotFoundException"]
    assert "token-042" not in remaining(emulator)
