# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and personal access tokens by the thousand, made from their numbers when they are read."""

from __future__ import annotations

from typing import Any

from .workmail.collection import GeneratedCollection

_DAY = 86_400


def generated_users(size: int, alias: str, digest: str) -> GeneratedCollection:
    """Return the users of an organization.

    Args:
        size: The number of users.
        alias: The alias of the organization.
        digest: Hexadecimal digits of the organization.
    """

    def make(number: int) -> dict[str, Any]:
        return {
            "Id": _user_id(number, digest),
            "Name": f"user{number}",
            "Email": f"user{number}@{alias}.example",
            "DisplayName": f"User {number}",
            "State": "DISABLED" if number % 10 == 0 else "ENABLED",
            "UserRole": "USER",
        }

    return GeneratedCollection("Id", size, make)


def generated_tokens(size: int, users: int, digest: str, now: float) -> GeneratedCollection:
    """Return the tokens of an organization; some have expired, some never expire, some were never used.

    Args:
        size: The number of tokens.
        users: The number of generated users that own them in turn; their owners are not listed if there are 0.
        digest: Hexadecimal digits of the organization.
        now: Epoch seconds that the times count from.
    """
    prefix, today = digest[:8], int(now)

    def make(number: int) -> dict[str, Any]:
        age = number % 300 + 1
        token: dict[str, Any] = {
            "PersonalAccessTokenId": f"pat-{prefix}-{number:06}",
            "UserId": _user_id((number - 1) % users + 1 if users else number, digest),
            "Name": f"Outlook {number}",
            "DateCreated": today - age * _DAY,
            "Scopes": ["imap", "smtp"],
        }
        if number % 13:
            token["DateLastUsed"] = today - min(age, number % 120) * _DAY
        if number % 16:
            token["ExpiresTime"] = today + (number * 37 % 365 - 20) * _DAY + 3600
        return token

    return GeneratedCollection("PersonalAccessTokenId", size, make)


def _user_id(number: int, digest: str) -> str:
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{number:012}"
