# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the event source tells between two sweeps: each thing once, and no failure as a deletion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import (
    Organization,
    to_record,
    token_from_summary,
)
from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.events import Warn, failure, steps
from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.state import State, StateError

NOW = 20_000 * DAY
WARN = [Warn("30d", 30 * DAY), Warn("7d", 7 * DAY), Warn("1d", DAY)]
TARGETS: dict[str, Any] = {"organizations": []}


def organization(name: str) -> Organization:
    return Organization("m-" + name * 32, name, "us-east-1", "Active")


def sweep(found: dict[str, Any], day: float = 0, complete: bool = True) -> dict[str, Any]:
    """A sweep's result: for each organization its tokens by id, or None where it was not read whole."""
    as_of = NOW + round(day * DAY)
    records, organizations = [], []
    for name, tokens in found.items():
        place = organization(name)
        organizations.append({"id": place.id, "tokens": None if tokens is None else len(tokens)})
        for token_id, fields in (tokens or {}).items():
            summary = {"PersonalAccessTokenId": token_id, "DateCreated": NOW - 400 * DAY, **fields}
            records.append(to_record(token_from_summary(summary, place), as_of))
    return {
        "as_of": format_instant(as_of),
        "personal_access_tokens": records,
        "organizations": organizations,
        "complete": complete,
    }


def tell(state: State, result: dict[str, Any], report_existing: bool = False) -> list[tuple[str, str]]:
    """Take every step; the kinds of the events and what they are about."""
    told = []
    for step in steps(state, result, WARN, report_existing):
        if step.event is not None:
            detail = step.event.get("warn")
            kind = step.event["kind"] + (f" {detail}" if detail else "")
            told.append((kind, step.token_id or step.organization_id))
        state.note(step.organization_id, step.token_id, step.entry)
    if result["complete"]:
        state.begin()
    return told


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
def test_two_sweeps(before: dict[str, Any], after: dict[str, Any], day: float, expected: list[str]) -> None:
    state = State(None, TARGETS)
    tell(state, sweep({"a": before}))
    assert [kind for kind, _about in tell(state, sweep({"a": after}, day))] == expected
    assert tell(state, sweep({"a": after}, day)) == []


def test_the_first_sweep_tells_of_what_is_due_and_of_the_rest_only_where_asked() -> None:
    found = {"a": {"old": in_days(-1), "near": in_days(3), "far": in_days(300)}}
    assert tell(State(None, TARGETS), sweep(found)) == [("expired", "old"), ("expiring 7d", "near")]
    reported = tell(State(None, TARGETS), sweep(found), report_existing=True)
    assert [about for kind, about in reported if kind == "appeared"] == ["old", "near", "far"]


@guards(
    "plugins/plugin_utils/_watch/events.py",
    '.setdefault(record["personal_access_token_id"], record)',
    '.update({str(len(by_organization[record["organization_id"]])): record})',
)
def test_a_token_that_comes_twice_is_told_once() -> None:
    """A sweep lists each token once. If one came twice, every later sweep would find it new or changed again."""
    state = State(None, TARGETS)
    tell(state, sweep({"a": {}}))
    result = sweep({"a": {"one": in_days(3)}})
    [record] = result["personal_access_tokens"]
    result["personal_access_tokens"] = [record, {**record, "name": "other"}, record]
    assert tell(state, result) == [("appeared", "one"), ("expiring 7d", "one")]
    assert tell(state, result) == []


def test_an_organization_that_the_first_sweep_could_not_read_is_no_news_later() -> None:
    state = State(None, TARGETS)
    tell(state, sweep({"a": {"one": {}}, "b": None}, complete=False))
    assert tell(state, sweep({"a": {"one": {}}, "b": {"two": {}}})) == []
    assert tell(state, sweep({"a": {"one": {}}, "b": {"two": {}}, "c": {"three": {}}})) == [("appeared", "three")]


@guards("plugins/plugin_utils/_watch/events.py", '    if result["complete"]:\n', "    if True:\n")
@guards(
    "plugins/plugin_utils/_watch/events.py",
    'for organization in result["organizations"] if organization["tokens"] is not None',
    'for organization in result["organizations"]',
)
def test_what_could_not_be_read_is_not_gone() -> None:
    state = State(None, TARGETS)
    everything = {"a": {"one": {}}, "b": {"two": {}}}
    tell(state, sweep(everything))
    assert tell(state, sweep({"a": None, "b": {"two": {}}}, complete=False)) == []
    assert tell(state, sweep({"b": {"two": {}}}, complete=False)) == []
    assert tell(state, sweep(everything)) == []


def test_an_organization_that_is_not_listed_any_more() -> None:
    state = State(None, TARGETS)
    tell(state, sweep({"a": {"one": {}}, "b": {"two": {}}}))
    assert tell(state, sweep({"a": {"one": {}}})) == [("organization_gone", "m-" + "b" * 32)]
    assert tell(state, sweep({"a": {"one": {}}})) == []
    assert tell(state, sweep({"a": {"one": {}}, "b": {"two": {}}})) == []


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
def test_a_restart_at_any_step_neither_repeats_nor_loses(
    tmp_path_factory: pytest.TempPathFactory, sweeps: list[tuple[Any, int]], cut: int
) -> None:
    def run(path: Path | None) -> list[Any]:
        state, told, taken, day = State(None if path is None else str(path), TARGETS), [], 0, 0
        for tokens, days in sweeps:
            day += days
            result = sweep({"a": tokens}, day, complete=tokens is not None)
            pending = True
            while pending:
                pending = False
                for step in steps(state, result, WARN, False):
                    if step.event is not None:
                        told.append((step.event["kind"], step.token_id, step.event.get("warn")))
                    state.note(step.organization_id, step.token_id, step.entry)
                    taken += 1
                    if path is not None and taken == cut:
                        state.save()
                        state.end()
                        state = State(str(path), TARGETS)
                        pending = True
                        break
            if result["complete"]:
                state.begin()
        state.end()
        return told

    path = tmp_path_factory.mktemp("state") / "state.json"
    assert sorted(map(str, run(path))) == sorted(map(str, run(None)))


@given(SWEEPS)
def test_gone_is_only_what_a_whole_reading_lacks(sweeps: list[tuple[Any, int]]) -> None:
    state = State(None, TARGETS)
    there: set[str] = set()
    for tokens, day in sweeps:
        told = tell(state, sweep({"a": tokens}, day, complete=tokens is not None))
        gone = {about for kind, about in told if kind == "gone"}
        assert gone == (set() if tokens is None else there - tokens.keys())
        there = there if tokens is None else set(tokens)


def test_a_failure_says_the_first_error_and_how_many_more() -> None:
    event = failure([{"msg": "no", "error_code": "A"}, {"msg": "nor", "error_code": "B"}], 2, 12.345)
    assert (event["kind"], event["msg"], event["error_code"]) == ("sweep_failed", "no (and 1 more)", "A")
    assert (event["failures"], event["retry_in"], len(event["errors"])) == (2, 12.3, 2)


class TestStateFile:
    def test_it_is_private_and_leaves_nothing_but_its_lock_beside_it(self, tmp_path: Path) -> None:
        path = tmp_path / "state.json"
        state = State(str(path), TARGETS)
        tell(state, sweep({"a": {"one": {}}}))
        state.save()
        state.end()
        assert sorted(file.name for file in tmp_path.iterdir()) == ["state.json", "state.json.lock"]
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in tmp_path.iterdir())
        assert tell(State(str(path), TARGETS), sweep({"a": {}})) == [("gone", "one")]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "is not JSON"),
            ("\x00", "is not JSON"),
            ("[]", "does not hold a state of this event source"),
            ('{"format": 2}', "does not hold a state of this event source"),
            (
                '{"format": 1, "targets": {}, "begun": true, "organizations": {"m": {"tokens": {}}}}',
                "does not hold a state of this event source",
            ),
            (
                '{"format": 1, "targets": {"organizations": ["acme"]}, "begun": true, "organizations": {}}',
                "was written with other organizations",
            ),
        ],
    )
    @guards("plugins/plugin_utils/_watch/state.py", 'if document["targets"] != self._targets:')
    def test_another_file_is_refused_and_left_alone(self, tmp_path: Path, content: str, message: str) -> None:
        path = tmp_path / "state.json"
        path.write_text(content)
        with pytest.raises(StateError, match=message):
            State(str(path), TARGETS)
        assert path.read_text() == content

    def test_a_folder_that_is_not_there_shows_at_the_start(self, tmp_path: Path) -> None:
        with pytest.raises(StateError, match="cannot be written, No such file or directory"):
            State(str(tmp_path / "none" / "state.json"), TARGETS)

    def test_a_write_that_fails_keeps_the_old_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "state.json"
        state = State(str(path), TARGETS)
        before = path.read_text()
        tell(state, sweep({"a": {"one": {}}}))

        def full(*arguments: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(json, "dump", full)
        with pytest.raises(StateError, match="No space left on device"):
            state.save()
        assert path.read_text() == before
        assert sorted(file.name for file in tmp_path.iterdir()) == ["state.json", "state.json.lock"]
