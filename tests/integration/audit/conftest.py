# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many accounts, with and without a role in each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from connecting import REGION
from fleets import (
    ACCOUNTS,
    DENIED,
    EXTERNAL_ID,
    IAM,
    ROLE,
    VIOLATING,
    account_id,
)
from workmail_emulator import Emulator


@pytest.fixture
def fleet(emulator: Emulator) -> Emulator:
    """Return the emulator with 30 accounts with one organization each, one of which has an expired token."""
    emulator.reset()
    emulator.load(
        {
            "Organizations": [
                {
                    "OrganizationId": f"m-{int(name[-2:]):032x}",
                    "Alias": f"org-{name}",
                    "AccountId": account_id(name),
                    "Users": [
                        {"Id": f"user-{name}", "Name": "ana", "Email": f"ana@{name}.example", "State": "ENABLED"}
                    ],
                    "PersonalAccessTokens": [
                        {
                            "PersonalAccessTokenId": f"pat-{name}-{number}",
                            "UserId": f"user-{name}",
                            "Name": "{{ lookup('ansible.builtin.pipe', 'echo owned') }}",
                            "DateCreated": "2026-01-01T00:00:00Z",
                            "DateLastUsed": "2026-02-01T00:00:00Z",
                            "ExpiresTime": "2026-02-01T00:00:00Z"
                            if (name, number) == (VIOLATING, 1)
                            else "2026-06-01T00:00:00Z",
                        }
                        for number in range(2)
                    ],
                }
                for name in ACCOUNTS
            ]
        }
    )
    return emulator


@pytest.fixture
def roles(fleet: Emulator, allowed: Callable[[Any], dict[str, str]]) -> Iterator[dict[str, str]]:
    """Create the documented role in each account except one, enforce IAM, and return the caller's environment."""

    def client(service: str, **credentials: str) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", **credentials}
        return boto3.client(service, endpoint_url=fleet.endpoint_url, region_name=REGION, **keys)

    def iam(name: str) -> Any:
        arn = f"arn:aws:iam::{account_id(name)}:role/administrator"
        given = client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return client(
            "iam",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    trust = (IAM / "trust.json").read_text().replace("CHANGE-ME", EXTERNAL_ID)
    trust = trust.replace("arn:aws:iam::111111111111:role/workmail-patrol", "arn:aws:iam::123456789012:user/patrol")
    trusting = [name for name in ACCOUNTS if name != DENIED]
    for name in trusting:
        iam(name).create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
        policy = (IAM / "auditor.json").read_text()
        iam(name).put_role_policy(RoleName=ROLE, PolicyName="workmail", PolicyDocument=policy)
    fleet.requests.clear()
    yield allowed(json.loads((IAM / "caller.json").read_text()))
    fleet.enforce_iam(False)
    for name in trusting:
        iam(name).delete_role_policy(RoleName=ROLE, PolicyName="workmail")
        iam(name).delete_role(RoleName=ROLE)
