# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events between two sweeps: each change is reported once, and a failure is never reported as a deletion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.accounts import Account
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization, token_from_summary
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.sweep import Sweep, SweptOrganization, Tally
from ansible_collections.patrol.workmail.plugins.plugin_utils._changes import Reading, Threshold, find_steps
from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.events import failure_event
from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.source import reading_of
from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.state import State

NOW = 20_000 * DAY
THRESHOLDS = [Threshold("30d", 30 * DAY), Threshold("7d", 7 * DAY), Threshold("1d", DAY)]
TARGETS: dict[str, Any] = {"organizations": []}


def organization(name: str) -> Organization:
    return Organization("m-" + name * 32, name, "us-east-1", "Active")


def sweep(found: dict[str, Any], day: float = 0, complete: bool = True) -> Reading:
    """What is read of a sweep: for each organization its tokens by ID, or None if it was not read completely."""
    organizations, tokens = [], []
    for name, summaries in found.items():
        place = organization(name)
        organizations.append(SweptOrganization(place, Tally(), summaries is not None))
        for token_id, fields in (summaries or {}).items():
            summary = {"PersonalAccessTokenId": token_id, "DateCreated": NOW - 400 * DAY, **fields}
            tokens.append(token_from_summary(summary, place))
    errors = [] if complete else [PatrolError("not read")]
    return reading_of(Sweep([Account(None)], organizations, tokens, errors, [], None, {}), NOW + round(day * DAY))


def send(state: State, reading: Reading, report_existing: bool = False) -> list[tuple[str, str]]:
    """Take every step; the kinds of the events and what they are about."""
    sent = []
    for step in find_steps(state, reading, THRESHOLDS, report_existing):
        if step.event is not None:
            detail = step.event.get("warn")
            kind = step.event["kind"] + (f" {detail}" if detail else "")
            sent.append((kind, step.token_id or step.organization_id))
        state.note(step.organization_id, step.token_id, step.entry)
    if reading.complete:
        state.begin()
    return sent


def in_days(days: float) -> dict[str, Any]:
    return {"ExpiresTime": NOW + round(days * DAY)}


@pytest.mark.parametrize(
    ("before", "after", "day", "expected"),
    [
        ({}, {"t": {}}, 0, ["appeared"]),
        ({}, {"t": in_days(-1)}, 0, ["appeared", "expired"]),
        ({"t": {}}, {}, 0, ["gone"]),
        ({"t": {}}, {"t": {"DateLastUsed": NOW}}, 0, ["first_used"]),
        ({"t": {"DateLastUsed": NOW - DAY}}, {"t": {"DateLastUsed": NOW}}, 0, []),
        ({"t": {"Name": "a"}}, {"t": {"Name": "b"}}, 0, ["changed"]),
        ({"t": {"Name": "a"}}, {"t": {"Name": "b", "DateLastUsed": NOW}}, 0, ["changed", "first_used"]),
        ({"t": in_days(40)}, {"t": in_days(40)}, 9.9, []),
        ({"t": in_days(40)}, {"t": in_days(40)}, 10, ["expiring 30d"]),
        ({"t": in_days(40)}, {"t": in_days(40)}, 39.5, ["expiring 1d"]),
        ({"t": in_days(40)}, {"t": in_days(40)}, 40, ["expired"]),
        ({"t": in_days(20)}, {"t": in_days(20)}, 1, []),
        ({"t": in_days(20)}, {"t": in_days(20)}, 13, ["expiring 7d"]),
        ({"t": in_days(-1)}, {"t": in_days(-1)}, 1, []),
        ({"t": in_days(-1)}, {"t": in_days(5)}, 0, ["changed", "expiring 7d"]),
        ({"t": in_days(5)}, {"t": {}}, 0, ["changed"]),
    ],
)
def test_each_difference_between_two_sweeps_is_one_event(
    before: dict[str, Any], after: dict[str, Any], day: float, expected: list[str]
) -> None:
    state = State(None, TARGETS)
    send(state, sweep({"a": before}))
    assert [kind for kind, _about in send(state, sweep({"a": after}, day))] == expected
    assert send(state, sweep({"a": after}, day)) == []


def test_the_first_sweep_sends_events_of_other_tokens_only_with_report_existing() -> None:
    found = {"a": {"old": in_days(-1), "near": in_days(3), "far": in_days(300)}}
    assert send(State(None, TARGETS), sweep(found)) == [("expired", "old"), ("expiring 7d", "near")]
    reported = send(State(None, TARGETS), sweep(found), report_existing=True)
    assert [about for kind, about in reported if kind == "appeared"] == ["old", "near", "far"]


@guards(
    "plugins/plugin_utils/_changes.py",
    "by_id.setdefault(str(token.personal_access_token_id), token)",
    "by_id[str(len(by_id))] = token",
)
def test_a_token_that_is_listed_twice_is_one_event() -> None:
    """A sweep lists each token once. If one came twice, every later sweep would find it new or changed again."""
    state = State(None, TARGETS)
    send(state, sweep({"a": {}}))
    reading = sweep({"a": {"one": in_days(3)}})
    [[token]] = reading.organizations.values()
    reading = reading._replace(organizations={token.organization_id: [token, token._replace(name="other"), token]})
    assert send(state, reading) == [("appeared", "one"), ("expiring 7d", "one")]
    assert send(state, reading) == []


def test_tokens_of_an_organization_that_was_not_read_at_first_do_not_appear_later() -> None:
    state = State(None, TARGETS)
    send(state, sweep({"a": {"one": {}}, "b": None}, complete=False))
    assert send(state, sweep({"a": {"one": {}}, "b": {"two": {}}})) == []
    assert send(state, sweep({"a": {"one": {}}, "b": {"two": {}}, "c": {"three": {}}})) == [("appeared", "three")]


@guards("plugins/plugin_utils/_changes.py", "    if reading.complete:\n", "    if True:\n")
@guards(
    "plugins/plugin_utils/_watch/source.py",
    "for entry in found.organizations if entry.complete",
    "for entry in found.organizations",
)
def test_tokens_that_could_not_be_read_are_not_gone() -> None:
    state = State(None, TARGETS)
    everything = {"a": {"one": {}}, "b": {"two": {}}}
    send(state, sweep(everything))
    assert send(state, sweep({"a": None, "b": {"two": {}}}, complete=False)) == []
    assert send(state, sweep({"b": {"two": {}}}, complete=False)) == []
    assert send(state, sweep(everything)) == []


def test_an_organization_that_is_no_longer_listed_is_gone() -> None:
    state = State(None, TARGETS)
    send(state, sweep({"a": {"one": {}}, "b": {"two": {}}}))
    assert send(state, sweep({"a": {"one": {}}})) == [("organization_gone", "m-" + "b" * 32)]
    assert send(state, sweep({"a": {"one": {}}})) == []
    assert send(state, sweep({"a": {"one": {}}, "b": {"two": {}}})) == []


TOKENS = st.dictionaries(
    st.sampled_from(["one", "two", "three"]),
    st.fixed_dictionaries(
        {"Name": st.sampled_from(["a", "b"])},
        optional={
            "DateLastUsed": st.sampled_from([NOW - DAY, NOW]),
            "ExpiresTime": st.integers(-10, 40).map(lambda days: NOW + days * DAY),
        },
    ),
)
SWEEPS = st.lists(st.tuples(st.none() | TOKENS, st.integers(0, 3)), max_size=8)


@given(SWEEPS, st.integers(0, 60))
def test_a_restart_at_any_step_repeats_no_event_and_loses_none(
    tmp_path_factory: pytest.TempPathFactory, sweeps: list[tuple[Any, int]], cut: int
) -> None:
    def run(path: Path | None) -> list[Any]:
        state, sent, taken, day = State(None if path is None else str(path), TARGETS), [], 0, 0
        for tokens, days in sweeps:
            day += days
            reading = sweep({"a": tokens}, day, complete=tokens is not None)
            pending = True
            while pending:
                pending = False
                for step in find_steps(state, reading, THRESHOLDS, False):
                    if step.event is not None:
                        sent.append((step.event["kind"], step.token_id, step.event.get("warn")))
                    state.note(step.organization_id, step.token_id, step.entry)
                    taken += 1
                    if path is not None and taken == cut:
                        state.save()
                        state.end()
                        state = State(str(path), TARGETS)
                        pending = True
                        break
            if reading.complete:
                state.begin()
        state.end()
        return sent

    path = tmp_path_factory.mktemp("state") / "state.json"
    assert sorted(map(str, run(path))) == sorted(map(str, run(None)))


@given(SWEEPS)
def test_only_a_token_that_a_complete_reading_lacks_is_gone(sweeps: list[tuple[Any, int]]) -> None:
    state = State(None, TARGETS)
    there: set[str] = set()
    for tokens, day in sweeps:
        sent = send(state, sweep({"a": tokens}, day, complete=tokens is not None))
        gone = {about for kind, about in sent if kind == "gone"}
        assert gone == (set() if tokens is None else there - tokens.keys())
        there = there if tokens is None else set(tokens)


def test_a_failure_has_the_first_error_and_the_number_of_the_others() -> None:
    errors = [PatrolError("no", error_code="A"), PatrolError("nor", error_code="B")]
    event = failure_event(errors, 2, 12.345)
    assert (event["kind"], event["msg"], event["error_code"]) == ("sweep_failed", "no (and 1 more)", "A")
    assert (event["failures"], event["retry_in"], len(event["errors"])) == (2, 12.3, 2)
