# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""What happened to personal access tokens between two sweeps. Pure: the standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._domain.times import parse_instant
from ...module_utils._domain.tokens import DERIVED, key_of
from .state import State

# A token's use is told once, by first_used; each later one changes date_last_used.
_TOLD_OTHERWISE = {"date_last_used"}


class Warn(NamedTuple):
    """A threshold before a token's expiry: as the user wrote it, and in microseconds."""

    text: str
    duration: int


class Step(NamedTuple):
    """An event to tell, if any, and what is to be known of a token, or of its organization, once that is done.

    C(token_id) is None where the step is about an organization. C(entry) is None where the token is gone.
    """

    event: dict[str, Any] | None
    organization_id: str
    token_id: str | None
    entry: dict[str, Any] | None


def steps(state: State, result: Mapping[str, Any], warn: Sequence[Warn], report_existing: bool) -> Iterator[Step]:
    """Find what a sweep brought to light.

    Args:
        state: What is known; the caller notes each step in it before it takes the next one.
        result: The sweep's result, as ``gather_facts`` returns it. Only organizations that were read completely count.
        warn: The thresholds.
        report_existing: Whether the tokens of the first sweep are events too.

    Returns:
        The steps, in the order of the result's tokens; those that are gone come after the others of their organization.
    """
    as_of = str(result["as_of"])
    now = parse_instant(as_of, "as_of")
    by_organization: dict[str, dict[str, dict[str, Any]]] = {
        str(organization["id"]): {} for organization in result["organizations"] if organization["tokens"] is not None
    }
    for record in result["personal_access_tokens"]:
        if record["organization_id"] in by_organization:
            # A token that came twice would be known and forgotten in turn, and so be news at every sweep.
            by_organization[record["organization_id"]].setdefault(record["personal_access_token_id"], record)
    for organization_id, records in by_organization.items():
        quiet = not report_existing and not state.begun and not state.knows(organization_id)
        known = dict(state.tokens_of(organization_id))
        for record in records.values():
            previous = known.pop(record["personal_access_token_id"], None)
            yield from _steps_of_token(record, previous, now, as_of, warn, quiet)
        for token_id, entry in known.items():
            event = _event("gone", as_of, entry["token"])
            yield Step(event, organization_id, token_id, None)
        yield Step(None, organization_id, None, {"gone": False, "read": True})
    if result["complete"]:
        for organization_id in state.present():
            if organization_id not in by_organization:
                count = len(state.tokens_of(organization_id))
                event = {
                    "kind": "organization_gone",
                    "as_of": as_of,
                    "organization_id": organization_id,
                    "tokens": count,
                }
                yield Step(event, organization_id, None, {"gone": True})


def _steps_of_token(
    record: dict[str, Any],
    previous: Mapping[str, Any] | None,
    now: int,
    as_of: str,
    warn: Sequence[Warn],
    quiet: bool,
) -> Iterator[Step]:
    organization_id, token_id = key_of(record)
    lasting = {field: value for field, value in record.items() if field not in DERIVED}
    expires = record["expires_time"]
    if previous is None:
        entry: dict[str, Any] = {"token": lasting, "warned": None, "expired": False}
        yield Step(None if quiet else _event("appeared", as_of, record), organization_id, token_id, entry)
    else:
        before = previous["token"]
        entry = {**previous, "token": lasting}
        changes = {
            field: {"before": before[field], "after": value}
            for field, value in lasting.items()
            if field not in _TOLD_OTHERWISE and field in before and before[field] != value
        }
        if "expires_time" in changes:
            entry.update(warned=None, expired=False)
        unused = {**lasting, "date_last_used": before["date_last_used"]}
        if changes:
            event = {**_event("changed", as_of, record), "changes": changes}
            yield Step(event, organization_id, token_id, {**entry, "token": unused})
        if before["date_last_used"] is None and record["date_last_used"] is not None:
            yield Step(_event("first_used", as_of, record), organization_id, token_id, dict(entry))
        elif entry != previous:
            yield Step(None, organization_id, token_id, dict(entry))
    if expires is None:
        return
    left = parse_instant(expires, "expires_time") - now
    if left <= 0:
        if not entry["expired"]:
            entry = {**entry, "expired": True}
            yield Step(_event("expired", as_of, record), organization_id, token_id, entry)
        return
    passed = min((one for one in warn if left <= one.duration), key=lambda one: one.duration, default=None)
    if passed is not None and (entry["warned"] is None or passed.duration < entry["warned"]):
        entry = {**entry, "warned": passed.duration}
        yield Step({**_event("expiring", as_of, record), "warn": passed.text}, organization_id, token_id, entry)


def _event(kind: str, as_of: str, token: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "as_of": as_of,
        "organization_id": token["organization_id"],
        "personal_access_token": dict(token),
    }


def failure(errors: Sequence[Mapping[str, Any]], failures: int, retry_in: float) -> dict[str, Any]:
    """Make the event of a sweep that failed, wholly or for some organizations.

    Args:
        errors: The errors, as M(PatrolError.as_result) gives them; at least one.
        failures: How many sweeps in a row have failed.
        retry_in: Seconds until the next one.
    """
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return {
        "kind": "sweep_failed",
        "msg": f"{first['msg']}{more}",
        "error_code": first["error_code"],
        "errors": [dict(error) for error in errors],
        "failures": failures,
        "retry_in": round(retry_in, 1),
    }
