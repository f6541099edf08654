# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/test live`` against the emulator, with each undocumented behavior either way."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from estate import ACME, ANA, ESTATE, GLOBEX, NOBODY
from guarding import guards
from workmail_emulator import Emulator, Fault

from scripts.support import environment as scripts_environment
from scripts.support import lanes, live

COLLECTION = Path(__file__).parents[3]
DELETE, GET = "DeletePersonalAccessToken", "GetPersonalAccessTokenMetadata"

Gather = Callable[..., Any]
RECORD: dict[str, Any] = {
    "organization_id": ACME,
    "personal_access_token_id": "pat-1",
    "date_last_used": "2026-01-20T00:00:00+00:00",
    "unused_days": 3.0,
    "name": "Laptop",
}


def operations(emulator: Emulator) -> list[str]:
    return [entry.operation for entry in emulator.requests]


def private_texts(value: Any, key: str = "") -> set[str]:
    """The names, addresses and IDs of a seed."""
    if isinstance(value, dict):
        return set().union(*(private_texts(each, name) for name, each in value.items()))
    if isinstance(value, list):
        return set().union(*(private_texts(each, key) for each in value))
    named = re.search(r"Id$|Name$|Email|Alias", key)
    return {value} if named and isinstance(value, str) else set()


def run_live(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.support.live", *arguments]
    run = subprocess.run(command, cwd=COLLECTION, env=environment, capture_output=True, text=True, check=False)
    output = run.stdout + run.stderr
    shown = {text for text in private_texts(ESTATE) if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", output)}
    assert not shown and "Traceback" not in output and "testing" not in output
    return run


@pytest.mark.ansible
@pytest.mark.slow
def test_the_real_plugins_are_compared_and_nothing_is_changed(emulator: Emulator, environment: dict[str, str]) -> None:
    run = run_live(environment, "--regions", "us-east-1", "eu-west-1")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        "Read 3 WorkMail organizations in eu-west-1, us-east-1.",
        "Left out 121 WorkMail organizations because of the state.",
        "The endpoint is not one of AWS: this report says nothing about the real service.",
        "Module: 6 tokens. Lookup: 6 tokens. Inventory: 6 tokens.",
        "The three agree on every token and every field.",
        "",
        "What AWS does not document:",
        "- Do expired tokens stay listed? Yes: 2 of 6 listed tokens expired before this run.",
        "- How exact is DateLastUsed? To fractions of a second, in the last use of 1 token.",
        "- Does ListPersonalAccessTokens accept an e-mail address as UserId? Yes: it gives the same tokens as the ID.",
        "- What does DeletePersonalAccessToken answer for a token that does not exist? Not observed: that needs a call "
        "that can delete, which only --delete-missing ORGANIZATION_ID makes.",
        "",
        "This report contains no name, address or ID.",
    ]
    assert all(operation.startswith(("List", "Describe")) for operation in operations(emulator))


@guards("scripts/support/live.py", "        if not present:")
@pytest.mark.parametrize(
    ("missing", "arguments", "said"),
    [
        (
            "AWS_ACCESS_KEY_ID",
            ["--regions", "all"],
            "no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID",
        ),
        ("AWS_REGION", [], "no region was found: give --regions, for example --regions all, or set AWS_REGION"),
    ],
)
def test_missing_settings_are_reported_before_anything_is_read(
    emulator: Emulator, surroundings: dict[str, str], missing: str, arguments: list[str], said: str
) -> None:
    run = run_live({name: value for name, value in surroundings.items() if name != missing}, *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert said in run.stderr and "Nothing was read." in run.stderr
    assert len(emulator.requests) == 0


def test_the_help_says_what_can_change_something(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        live.main(["--help"])
    assert "Every call only reads, except with --delete-missing." in " ".join(capsys.readouterr().out.split())


@pytest.mark.ansible
@pytest.mark.slow
@pytest.mark.parametrize(
    ("reads", "failure"),
    [
        (0, "the module failed"),
        (1, "the lookup failed where the module did not"),
        (2, "the inventory failed where the module did not"),
    ],
)
def test_a_failure_is_one_line_without_names(
    emulator: Emulator, environment: dict[str, str], reads: int, failure: str
) -> None:
    place: dict[str, str] = {"operation": "ListPersonalAccessTokens", "organization_id": GLOBEX}
    if reads:
        emulator.faults.add(Fault("delay", **place, times=reads, seconds=0))
    emulator.faults.add(Fault("access_denied", **place))
    run = run_live(environment)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"Error: {failure}: ") and run.stderr.count("\n") == 1
    assert "not authorized" in run.stderr and "workmail:ListPersonalAccessTokens" in run.stderr


def test_a_difference_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    other = {**RECORD, "personal_access_token_id": "pat-2"}
    assert not live.report_comparison(live.Readings([RECORD], [RECORD], [other], []))
    assert "The module and the inventory DIFFER: 1 token only in the module, 1 only in the inventory, 0 with" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([RECORD], (0, 0, 0, 0)),
        ([], (1, 0, 0, 0)),
        ([RECORD, RECORD], (0, 0, 1, 0)),
        ([{**RECORD, "name": "Phone"}], (0, 0, 1, 0)),
        ([{**RECORD, "scopes": []}], (0, 0, 1, 0)),
        ([{**RECORD, "organization_id": GLOBEX}], (1, 1, 0, 0)),
        ([{**RECORD, "date_last_used": "2026-01-21T00:00:00+00:00", "unused_days": 2.0}], (0, 0, 0, 1)),
        ([{**RECORD, "date_last_used": "2026-01-19T00:00:00+00:00"}], (0, 0, 1, 0)),
        ([{**RECORD, "date_last_used": "2026-01-21T00:00:00+00:00", "name": "Phone"}], (0, 0, 1, 0)),
        ([{**RECORD, "unused_days": 2.0}], (0, 0, 1, 0)),
    ],
)
def test_records_are_compared_by_organization_and_id(later: list[dict[str, Any]], expected: tuple[int, ...]) -> None:
    assert live.compare([RECORD], later) == expected


def test_listed_expired_tokens_are_observed(emulator: Emulator, gather: Gather) -> None:
    assert live.observe_expired(records(gather)) == "Yes: 2 of 6 listed tokens expired before this run."
    emulator.behave(expired_tokens="removed")
    assert live.observe_expired(records(gather)) == (
        "Not observed: none of 4 listed tokens has expired. AWS may have removed those that had."
    )


def records(gather: Gather) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gather().result["personal_access_tokens"]
    return found


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("exact", "To fractions of a second, in the last use of 4 tokens."),
        ("second", "To seconds, in the last use of 4 tokens."),
        ("minute", "To minutes, in the last use of 4 tokens."),
        ("day", "To days, in UTC, in the last use of 4 tokens."),
    ],
)
def test_the_unit_of_last_uses_is_observed(server: Emulator, gather: Gather, unit: str, expected: str) -> None:
    server.reset()
    tokens = [{"PersonalAccessTokenId": f"t{n}", "DateLastUsed": f"2026-01-0{n}T10:11:12.5Z"} for n in range(1, 5)]
    server.load({"Organizations": [{"Alias": "acme", "PersonalAccessTokens": tokens}]})
    server.behave(date_last_used=unit)
    assert live.observe_last_used(records(gather)) == expected
    few = "Not observed: that needs 3 tokens that were used, and there are 2."
    assert (live.observe_last_used(records(gather)[:2]) == few) is (unit != "exact")


def test_listings_by_e_mail_address_are_observed(emulator: Emulator, gather: Gather) -> None:
    found = records(gather)
    assert live.observe_user_id(found) == "Yes: it gives the same tokens as the ID."
    emulator.behave(user_id="id")
    assert live.observe_user_id(found) == "No: EntityNotFoundException."
    empty = '{"PersonalAccessTokenSummaries": []}'
    emulator.faults.add(Fault("body", operation="ListPersonalAccessTokens", user_id="eve@globex.example", body=empty))
    assert live.observe_user_id(found) == "No: it gives other tokens than the ID (0 instead of 1)."
    assert live.observe_user_id([]) == "Not observed: no user holds a token."
    emulator.faults.add(Fault("access_denied", operation="DescribeUser"))
    assert live.observe_user_id(found) == "Not observed: a user could not be read (AccessDeniedException)."
    assert DELETE not in operations(emulator)


def test_nothing_is_observed_without_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    assert live.report_comparison(live.Readings([], [], [], []))
    assert "Module: 0 tokens. Lookup: 0 tokens. Inventory: 0 tokens." in capsys.readouterr().out
    for observe in (live.observe_expired, live.observe_last_used, live.observe_user_id):
        assert observe([]).startswith("Not observed: ")


ACTIVE = [{"id": ACME, "region": "us-east-1"}]


def test_the_deletion_of_a_missing_token_is_observed_if_asked_for(emulator: Emulator, aws: pytest.MonkeyPatch) -> None:
    assert live.observe_delete(ACME, ACTIVE) == "Success, as for a token that exists."
    assert operations(emulator) == [GET, DELETE]
    emulator.behave(delete_missing="ResourceNotFoundException")
    assert live.observe_delete(ACME, ACTIVE) == "An error: ResourceNotFoundException."
    emulator.faults.add(Fault("access_denied", operation=DELETE))
    assert live.observe_delete(ACME, ACTIVE) == "Not observed: the call failed (AccessDeniedException)."
    assert len(emulator.personal_access_tokens(ACME)) == 5


@guards("scripts/support/live.py", "if organization_id is None:")
@guards("scripts/support/live.py", "if not regions:")
@guards("scripts/support/live.py", 'if _code(error) != "ResourceNotFoundException":')
def test_no_delete_without_consent_and_proof(emulator: Emulator, aws: pytest.MonkeyPatch) -> None:
    assert "--delete-missing" in live.observe_delete(None, [{"id": None, "region": "us-east-1"}])
    assert live.observe_delete(NOBODY, ACTIVE).startswith("Not observed: no organization")
    emulator.faults.add(Fault("access_denied", operation=GET))
    assert "not certain" in live.observe_delete(ACME, ACTIVE)
    emulator.faults.clear()
    emulator.faults.add(Fault("body", operation=GET, body=json.dumps({"PersonalAccessTokenId": "pat-1"})))
    assert live.observe_delete(ACME, ACTIVE) == "Not observed: a random ID belongs to a token."
    assert DELETE not in operations(emulator)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User: arn:aws:iam::123456789012:user/ana is not authorized.", "User: *** is not authorized"),
        (f"The reply is cut ({ACME}, page 2)", "The reply is cut (***, page 2)"),
        ("ana@acme.example's token\nof 123456789012", "***'s token of ***"),
        (f"{ANA} S-1-1-12-3456 AKIAIOSFODNN7EXAMPLE", "*** *** ***"),
        ("WorkMail's user 'ana' isn't there, did you mean ben?", "WorkMail's user *** isn't there, did you mean ***?"),
        ('Could not connect to "https://workmail.us-east-1.amazonaws.com/"',) * 2,
        ("The organization acme (acme-2) is gone", "The organization *** (***-2) is gone"),
        ("A\x1b[31m token My  # phone", "A [31m token ***"),
    ],
)
def test_names_addresses_and_ids_are_masked(text: str, expected: str) -> None:
    assert live.mask(text, ["acme", "", " ", "My  # phone"]) == expected


def test_aws_settings_of_the_user_reach_only_this_part(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in live.os.environ if name.startswith(("AWS_", "WORKMAIL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/home/ana")
    monkeypatch.setenv("AWS_PROFILE", "audit")
    expected = {
        "HOME": "/home/ana",
        "AWS_PROFILE": "audit",
        "AWS_CONFIG_FILE": "/home/ana/.aws/config",
        "AWS_SHARED_CREDENTIALS_FILE": "/home/ana/.aws/credentials",
        "AWS_EC2_METADATA_DISABLED": "false",
    }
    assert scripts_environment.aws_variables() == expected
    # As scripts/test hands them on.
    for name, value in {**expected, "HOME": "/checkout/.venv/home", "WORKMAIL_USER_HOME": "/home/ana"}.items():
        monkeypatch.setenv(name, value)
    assert scripts_environment.aws_variables() == expected
    monkeypatch.setenv("AWS_CONFIG_FILE", "/etc/aws")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    chosen = {"AWS_CONFIG_FILE": "/etc/aws", "AWS_EC2_METADATA_DISABLED": "true"}
    assert scripts_environment.aws_variables() == {**expected, **chosen}
    assert "live" not in (*lanes.QUICK, *lanes.ALL)
