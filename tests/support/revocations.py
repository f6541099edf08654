# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies for the tests of revocation, queries of the emulator, and checks of results."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from estate import ACME, ESTATE, GLOBEX
from workmail_emulator import Emulator

GET, DELETE = "GetPersonalAccessTokenMetadata", "DeletePersonalAccessToken"
AS_OF = "2026-02-04T00:00:00Z"
EXPIRED = {"version": 1, "rules": [{"id": "expired", "severity": "high", "when": {"expired": True}}]}
EVERY = {"version": 1, "rules": [{"id": "every", "severity": "high", "when": {"organization": "*"}}]}


WIDE = {"max_tokens": 1000, "max_percent": 100}

Run = Callable[..., dict[str, Any]]


def held(emulator: Emulator) -> set[str]:
    """Return the IDs of all tokens."""
    return {
        token["PersonalAccessTokenId"] for place in (ACME, GLOBEX) for token in emulator.personal_access_tokens(place)
    }


def asked(emulator: Emulator, operation: str = DELETE) -> list[str]:
    """Return the IDs of the tokens in the requests of an operation."""
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


def change_user(emulator: Emulator, user_id: str, **fields: Any) -> None:
    """Change a user, as an administrator may."""
    seed = copy.deepcopy(ESTATE)
    for organization in seed["Organizations"]:
        for each in organization.get("Users", []):
            if each["Id"] == user_id:
                each.pop("DisabledDate", None)
                each.update(fields)
    emulator.reset()
    emulator.load(seed)


def check_against_emulator(emulator: Emulator, before: set[str], result: dict[str, Any]) -> None:
    """Check that the revoked tokens are gone, and that all others exist except those that may be gone."""
    gone = before - held(emulator)
    revoked = set(ids(result["revoked"]))
    assert revoked <= gone <= revoked | set(result["absent"]) | set(result["unconfirmed"])
    assert result["changed"] is bool(revoked)


def lines_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the record of a run."""
    return [json.loads(line) for line in Path(result["record_file"]).read_text().splitlines()]


def check_against_record(result: dict[str, Any]) -> None:
    """Check that the record agrees with the result, and that its lines are in a possible order."""
    record = lines_of(result)
    by_outcome: dict[str, list[str]] = {}
    for line in record:
        if line["personal_access_token_id"] is not None:
            by_outcome.setdefault(line["outcome"], []).append(line["personal_access_token_id"])
    plan = ids([entry["token"] for entry in result["plan"]])
    assert by_outcome.get("planned", []) == plan
    assert by_outcome.get("left", []) == ids([entry["token"] for entry in result["left"]])
    if result["confirm"]:
        assert by_outcome.get("revoked", []) == ids(result["revoked"])
        assert by_outcome.get("not_revoked", []) == ids([entry["token"] for entry in result["not_revoked"]])
        assert by_outcome.get("unconfirmed", []) == result["unconfirmed"]
        assert set(by_outcome.get("absent", [])) <= set(result["absent"])
    assert set(by_outcome.get("revoking", [])) >= set(by_outcome.get("revoked", []))
    assert record[-1]["outcome"] == ("failed" if "error_code" in result else "finished")
    for line in record:
        assert line["confirm"] is result["confirm"] and line["as_of"] == result["as_of"]


def plan_of(by_policy: Run, **options: Any) -> str:
    """Make a plan, and return the path of its file."""
    made = by_policy(**{"policy": EXPIRED, "as_of": AS_OF, "organizations": ["acme"], **WIDE, **options})
    assert "error_code" not in made and not made["changed"], made.get("msg")
    return str(made["plan_file"])


def reasons_of(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the IDs of skipped tokens with their reasons."""
    return [(entry["token"]["personal_access_token_id"], entry["reason"]) for entry in entries]


def many_tokens(expired: int, valid: int, **organization: str) -> dict[str, Any]:
    """Return an organization with tokens that have expired and tokens that have not."""
    old = {"UserId": "somebody-old", "DateCreated": "-400d", "ExpiresTime": "-1d"}
    tokens = [{"PersonalAccessTokenId": f"old-{number}", **old} for number in range(expired)]
    tokens += [{"PersonalAccessTokenId": f"good-{number}", "UserId": "somebody-old"} for number in range(valid)]
    return {"Alias": "many", **organization, "PersonalAccessTokens": tokens}
