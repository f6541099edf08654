# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script that one would write without the collection: count the tokens of every account of AWS Organizations.

    python accounts_boto3.py THREADS shared|own

With ``shared``, all clients come from one botocore session and its loader; with ``own``, each account has a session.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import boto3
from botocore.session import Session

THREADS, SHARED = int(sys.argv[1]), sys.argv[2] == "shared"
base = boto3.Session(region_name="us-east-1")
core, making = Session(), Lock()


def client_of(credentials: dict[str, Any]) -> Any:
    """Make a client of WorkMail.

    Args:
        credentials: The credentials of an assumed role, as STS returns them.

    Returns:
        The client.
    """
    keys = {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    if SHARED:
        with making:
            return core.create_client("workmail", region_name="us-east-1", **keys)
    return boto3.Session(**keys).client("workmail", region_name="us-east-1")


def count(account: dict[str, Any]) -> int:
    """Count the tokens of an account.

    Args:
        account: The account, as AWS Organizations returns it.

    Returns:
        The number of tokens.
    """
    if account["Id"] == own:
        workmail = base.client("workmail") if not SHARED else core.create_client("workmail", region_name="us-east-1")
    else:
        role = f"arn:aws:iam::{account['Id']}:role/workmail-auditor"
        assumed = sts.assume_role(RoleArn=role, RoleSessionName="count")
        workmail = client_of(assumed["Credentials"])
    found = 0
    for page in workmail.get_paginator("list_organizations").paginate():
        for organization in page["OrganizationSummaries"]:
            tokens = workmail.get_paginator("list_personal_access_tokens")
            for listing in tokens.paginate(OrganizationId=organization["OrganizationId"]):
                found += len(listing["PersonalAccessTokenSummaries"])
    return found


sts = base.client("sts")
own = sts.get_caller_identity()["Account"]
pages = base.client("organizations").get_paginator("list_accounts").paginate()
accounts = [account for page in pages for account in page["Accounts"]]
if THREADS == 1:
    total = sum(map(count, accounts))
else:
    with ThreadPoolExecutor(THREADS) as pool:
        total = sum(pool.map(count, accounts))
print(f"tokens={total}")
