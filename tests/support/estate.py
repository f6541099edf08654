# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organizations of the integration tests, as a seed of the emulator."""

from __future__ import annotations

from typing import Any

ACME = "m-" + "a" * 32
GLOBEX = "m-" + "b" * 32
INITECH = "m-" + "c" * 32
GONE = "m-" + "d" * 32
NOBODY = "m-" + "e" * 32

ANA = "11111111-1111-1111-1111-111111111111"
BEN = "22222222-2222-2222-2222-222222222222"
EVE = "33333333-3333-3333-3333-333333333333"
ORPHAN = "99999999-9999-9999-9999-999999999999"

# An identity provider configuration in the form of DescribeIdentityProviderConfiguration.
CENTER = {
    "InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
    "ApplicationArn": "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef",
}
CONFIGURATION: dict[str, Any] = {
    "AuthenticationMode": "IDENTITY_PROVIDER_AND_DIRECTORY",
    "IdentityCenterConfiguration": CENTER,
    "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", "LifetimeInDays": 365},
}

SECRETS_OF_A_NAME = "{{ lookup('ansible.builtin.pipe', 'echo owned') }}"


def token(number: int, user_id: str, **fields: Any) -> dict[str, Any]:
    """Return an entry of ListPersonalAccessTokens, created on the given day of 2026."""
    return {
        "PersonalAccessTokenId": f"pat-{number}",
        "UserId": user_id,
        "Name": f"Token {number}",
        "DateCreated": f"2026-01-{number:02}T00:00:00Z",
        "Scopes": ["imap"],
        **fields,
    }


def user(user_id: str, name: str, **fields: Any) -> dict[str, Any]:
    """Return an entry of ListUsers."""
    return {
        "Id": user_id,
        "Name": name,
        "Email": f"{name}@acme.example",
        "DisplayName": name.capitalize(),
        "State": "ENABLED",
        "UserRole": "USER",
        **fields,
    }


ESTATE: dict[str, Any] = {
    "Organizations": [
        {
            "OrganizationId": ACME,
            "Alias": "acme",
            "Users": [
                user(ANA, "ana", IdentityProviderUserId="90677608-cd1f-4a63-9c5a-1d2f3a4b5c6d"),
                user(BEN, "ben", State="DISABLED", DisabledDate="2026-02-01T00:00:00Z"),
                # Enough for a second page of ListUsers.
                *(user(f"00000000-0000-0000-0000-{n:012}", f"filler{n}") for n in range(120)),
            ],
            "PersonalAccessTokens": [
                token(1, ANA, ExpiresTime="2026-02-01T00:00:00Z", DateLastUsed="2026-01-20T00:00:00.5Z"),
                token(2, ANA, ExpiresTime="2099-01-01T00:00:00Z", Name=SECRETS_OF_A_NAME),
                token(3, BEN, ExpiresTime="2026-02-03T00:00:00Z", Name="::error::owned\u202e"),
                token(4, BEN),
                token(5, ORPHAN, ExpiresTime="2099-01-01T00:00:00Z", Name="工作"),
            ],
        },
        {
            "OrganizationId": GLOBEX,
            "Alias": "globex",
            "Users": [user(EVE, "eve", Email="eve@globex.example")],
            "PersonalAccessTokens": [token(6, EVE, ExpiresTime="2099-01-01T00:00:00Z")],
        },
        {"OrganizationId": INITECH, "Alias": "initech", "Region": "eu-west-1"},
        {"OrganizationId": GONE, "Alias": "gone", "State": "Deleted"},
        # Enough for a second page of ListOrganizations.
        *({"OrganizationId": f"m-{n:032x}", "Alias": f"filler{n}", "State": "Deleting"} for n in range(120)),
    ]
}
