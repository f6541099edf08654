# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of revocation ask the emulator."""

from __future__ import annotations

import copy
from typing import Any

from estate import ACME, ESTATE, GLOBEX
from workmail_emulator import Emulator

GET, DELETE = "GetPersonalAccessTokenMetadata", "DeletePersonalAccessToken"
AS_OF = "2026-02-04T00:00:00Z"
EXPIRED = {"version": 1, "rules": [{"id": "expired", "severity": "high", "when": {"expired": True}}]}
EVERY = {"version": 1, "rules": [{"id": "every", "severity": "high", "when": {"organization": "*"}}]}


def held(emulator: Emulator) -> set[str]:
    """The ids of all tokens."""
    return {
        token["PersonalAccessTokenId"] for place in (ACME, GLOBEX) for token in emulator.personal_access_tokens(place)
    }


def asked(emulator: Emulator, operation: str = DELETE) -> list[str]:
    return [entry.parameters["PersonalAccessTokenId"] for entry in emulator.requests if entry.operation == operation]


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [record["personal_access_token_id"] for record in records]


def change_token(emulator: Emulator, token_id: str, **fields: Any) -> None:
    """Change a token, as the service may."""
    seed = copy.deepcopy(ESTATE)
    kept = held(emulator)
    for organization in seed["Organizations"]:
        tokens = [
            each for each in organization.get("PersonalAccessTokens", []) if each["PersonalAccessTokenId"] in kept
        ]
        for each in tokens:
            if each["PersonalAccessTokenId"] == token_id:
                each.update(fields)
        organization["PersonalAccessTokens"] = tokens
    emulator.reset()
    emulator.load(seed)
