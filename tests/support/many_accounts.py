# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A seed of many AWS accounts in nested organizational units."""

from __future__ import annotations

from typing import Any

# The account of the credentials of the tests.
MANAGEMENT = "123456789012"
ROOT, PRODUCTION, EUROPE, SANDBOX, EMPTY = (
    "r-root",
    "ou-root-production",
    "ou-root-production1eu",
    "ou-root-sandbox1",
    "ou-root-empty000",
)
ROLE_NAME = "audit/workmail-auditor"
COUNT = 30
SUSPENDED = "100000000013"
WITHOUT_WORKMAIL = "100000000017"


def account_id(number: int) -> str:
    return MANAGEMENT if number == 0 else f"{100_000_000_000 + number}"


def seed(count: int = COUNT, tokens: int = 3) -> dict[str, Any]:
    """Make a seed: the management account, and accounts in four units, one of them suspended, one without WorkMail."""
    return {
        "AwsOrganization": {
            "ManagementAccountId": MANAGEMENT,
            "RootId": ROOT,
            "OrganizationalUnits": [
                {"Name": "production", "Id": PRODUCTION, "OrganizationalUnits": [{"Name": "europe", "Id": EUROPE}]},
                {"Name": "sandbox", "Id": SANDBOX},
                {"Name": "empty", "Id": EMPTY},
            ],
        },
        "Accounts": [account(number, tokens) for number in range(count)],
    }


def account(number: int, tokens: int) -> dict[str, Any]:
    own = account_id(number)
    parents = ("production", "production/europe", "sandbox")
    return {
        "Id": own,
        "Name": f"team-{number}",
        "State": "SUSPENDED" if own == SUSPENDED else "ACTIVE",
        **({} if own == MANAGEMENT else {"Parent": parents[number % 3]}),
        "Organizations": []
        if own == WITHOUT_WORKMAIL
        else [
            {
                "Alias": f"team-{number}",
                "OrganizationId": f"m-{number:032x}",
                "Region": "us-east-1",
                "State": "Active",
                "Users": [
                    {"Id": user_id(number), "Name": "jo", "Email": f"jo@team-{number}.example", "State": "ENABLED"}
                ],
                "PersonalAccessTokens": [
                    {
                        "PersonalAccessTokenId": f"pat-{number}-{index}",
                        "UserId": user_id(number),
                        "Name": f"token {index}",
                        "DateCreated": "2026-01-01T00:00:00Z",
                        "ExpiresTime": "2026-02-01T00:00:00Z" if index == 0 else "2027-01-01T00:00:00Z",
                        "Scopes": ["imap"],
                    }
                    for index in range(tokens)
                ],
            }
        ],
    }


def user_id(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"
