# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Events of tokens between two readings. Pure: the standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ..module_utils._domain.times import format_instant
from ..module_utils._domain.tokens import DERIVED, Token, to_record

# The first use is an event of its own, and a later use is not an event.
_NOT_CHANGES = {"date_last_used"}


class Threshold(NamedTuple):
    """A duration before the expiry of a token: as the user wrote it, and in microseconds."""

    text: str
    duration: int


class Reading(NamedTuple):
    """The tokens that were read at an instant, which is in microseconds since the epoch.

    ``organizations`` maps the ID of each organization that was read completely to its tokens. ``complete`` is true if
    these are all organizations.
    """

    as_of: int
    organizations: Mapping[str, Sequence[Token]]
    complete: bool


class Known(Protocol):
    """The tokens of earlier readings. The entry of a token is ``{token, warned, expired}``, as in ``Step``."""

    @property
    def begun(self) -> bool:
        """Whether all organizations were read before."""

    def knows(self, organization_id: str) -> bool:
        """Whether an organization was read before."""

    def present(self) -> Sequence[str]:
        """List the organizations that were not gone."""

    def tokens_of(self, organization_id: str) -> Mapping[str, dict[str, Any]]:
        """Return the entries of the tokens of an organization, by token ID."""


class Step(NamedTuple):
    """An event to send, if any, and the entry to record for its token or organization afterward.

    ``token_id`` is None if the step is about an organization. ``entry`` is None if the token is gone.
    """

    event: dict[str, Any] | None
    organization_id: str
    token_id: str | None
    entry: dict[str, Any] | None


def find_steps(
    state: Known, reading: Reading, thresholds: Sequence[Threshold], report_existing: bool
) -> Iterator[Step]:
    """Find the events of a reading.

    Args:
        state: The known tokens. The caller must record each step in it before it requests the next step.
        reading: The new reading.
        thresholds: The durations before an expiry at which an event is due.
        report_existing: Whether the tokens of the first reading cause events too.

    Returns:
        The steps, in the order of the tokens. The steps of tokens that are gone come last in their organization.
    """
    for organization_id, tokens in reading.organizations.items():
        quiet = not report_existing and not state.begun and not state.knows(organization_id)
        known = dict(state.tokens_of(organization_id))
        by_id: dict[str, Token] = {}
        for token in tokens:
            # A duplicate would be recorded and forgotten by turns, and cause an event in every reading.
            by_id.setdefault(str(token.personal_access_token_id), token)
        for token_id, token in by_id.items():
            previous = known.pop(token_id, None)
            yield from _steps_of_token(token, previous, reading.as_of, thresholds, quiet)
        for token_id, entry in known.items():
            event = _event("gone", reading.as_of, entry["token"])
            yield Step(event, organization_id, token_id, None)
        yield Step(None, organization_id, None, {"gone": False, "read": True})
    if reading.complete:
        for organization_id in state.present():
            if organization_id not in reading.organizations:
                event = {
                    "kind": "organization_gone",
                    "as_of": format_instant(reading.as_of),
                    "organization_id": organization_id,
                    "tokens": len(state.tokens_of(organization_id)),
                }
                yield Step(event, organization_id, None, {"gone": True})


def _steps_of_token(
    token: Token,
    previous: Mapping[str, Any] | None,
    as_of: int,
    thresholds: Sequence[Threshold],
    quiet: bool,
) -> Iterator[Step]:
    organization_id, token_id = token.organization_id, str(token.personal_access_token_id)
    record = to_record(token, as_of)
    lasting = {field: value for field, value in record.items() if field not in DERIVED}
    if previous is None:
        entry: dict[str, Any] = {"token": lasting, "warned": None, "expired": False}
        yield Step(None if quiet else _event("appeared", as_of, record), organization_id, token_id, entry)
    else:
        before = previous["token"]
        entry = {**previous, "token": lasting}
        changes = {
            field: {"before": before[field], "after": value}
            for field, value in lasting.items()
            if field not in _NOT_CHANGES and field in before and before[field] != value
        }
        if "expires_time" in changes:
            entry.update(warned=None, expired=False)
        unused = {**lasting, "date_last_used": before["date_last_used"]}
        if changes:
            event = {**_event("changed", as_of, record), "changes": changes}
            yield Step(event, organization_id, token_id, {**entry, "token": unused})
        if before["date_last_used"] is None and token.date_last_used is not None:
            yield Step(_event("first_used", as_of, record), organization_id, token_id, dict(entry))
        elif entry != previous:
            yield Step(None, organization_id, token_id, dict(entry))
    if token.expires_time is None:
        return
    left = token.expires_time - as_of
    if left <= 0:
        if not entry["expired"]:
            entry = {**entry, "expired": True}
            yield Step(_event("expired", as_of, record), organization_id, token_id, entry)
        return
    passed = min((one for one in thresholds if left <= one.duration), key=lambda one: one.duration, default=None)
    if passed is not None and (entry["warned"] is None or passed.duration < entry["warned"]):
        entry = {**entry, "warned": passed.duration}
        yield Step({**_event("expiring", as_of, record), "warn": passed.text}, organization_id, token_id, entry)


def _event(kind: str, as_of: int, record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "as_of": format_instant(as_of),
        "organization_id": record["organization_id"],
        "personal_access_token": dict(record),
    }
