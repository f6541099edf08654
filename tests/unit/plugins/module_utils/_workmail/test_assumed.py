# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of roles, which AWS STS gives for an hour."""

from __future__ import annotations

import datetime

import pytest
from botocore.config import Config
from connecting import REGION, connect
from guarding import guards
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._workmail.assumed import AssumedRole, account_of_arn
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.role import Role

ROLE = Role("arn:aws:iam::210987654321:role/workmail-auditor", None)


@guards(
    "plugins/module_utils/_workmail/assumed.py",
    "self._expiration is None or self._expiration - self._now() < _RENEW_BEFORE",
    "self._expiration is None",
)
def test_credentials_are_renewed_before_they_expire(emulator: Emulator, aws: pytest.MonkeyPatch) -> None:
    client = connect().client("sts", REGION, Config())
    start = datetime.datetime.now(datetime.UTC)
    minutes = 0
    role = AssumedRole(ROLE, lambda: client, lambda: start + datetime.timedelta(minutes=minutes))
    first = role.credentials()
    minutes = 50
    assert role.credentials() is first
    minutes = 57
    assert role.credentials().access_key != first.access_key
    assert [entry.operation for entry in emulator.requests] == ["AssumeRole", "AssumeRole"]


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        ("arn:aws:sts::210987654321:assumed-role/x/y", "210987654321"),
        ("arn:aws:workmail:us-east-1:210987654321:organization/m-1", "210987654321"),
        ("arn:aws:iam::aws:policy/x", None),
        ("arn:aws:s3:::bucket", None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_the_account_is_read_from_an_arn(arn: object, account: str | None) -> None:
    assert account_of_arn(arn) == account
