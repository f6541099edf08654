# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A revocation in the log: the result of each token, in lines that no pipeline executes as commands."""

from __future__ import annotations

import shlex
from typing import Any

import audits
import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._revoke.summary import command_for, log_lines

LISTS = ("plan", "left", "not_in_plan", "revoked", "not_revoked", "absent", "unconfirmed")


def entry(token_id: str, message: str | None = None, **fields: Any) -> dict[str, Any]:
    token = {"organization_id": "m-1", "personal_access_token_id": token_id}
    return {"rule_ids": ["expired"], "message": message or f"Expired: {token_id}", "token": token, **fields}


def result(**fields: Any) -> dict[str, Any]:
    known = {
        **{name: [] for name in LISTS},
        "accounts": [{"id": "111111111111", "name": "shop", "state": "ACTIVE"}],
        "as_of": "2026-11-24T03:04:05+00:00",
        "confirm": False,
        "record_file": "/r/revoke.jsonl",
        "plan_file": None,
        "command": None,
        **fields,
    }
    return {**known, "summary": {"tokens": 100, **{name: len(known[name]) for name in LISTS}}}


def test_each_token_of_a_revocation_is_shown_with_its_outcome() -> None:
    plan = [entry(f"pat-{number}") for number in range(1, 6)]
    done = result(
        confirm=True,
        plan=plan,
        revoked=[plan[0]["token"]],
        not_revoked=[{"reason": "protected", "token": plan[1]["token"]}],
        absent=["pat-3"],
        unconfirmed=["pat-4"],
        left=[entry("pat-6", reason="muted: TICKET-1")],
        not_in_plan=[entry("pat-7")],
    )
    assert log_lines(done, check_mode=False) == [
        "REVOKED: 1 of 5 planned, 1 found but skipped, of 100 tokens as of 2026-11-24T03:04:05+00:00",
        "revoked: Expired: pat-1",
        "not revoked, protected: Expired: pat-2",
        "planned, not reached: Expired: pat-5",
        "left, muted: TICKET-1: Expired: pat-6",
        "not in the plan: Expired: pat-7",
        "did not exist: pat-3",
        "not known whether it still exists: pat-4",
        "Record: /r/revoke.jsonl",
    ]
    predicted = log_lines({**done, "record_file": None}, check_mode=True)
    assert predicted[0].startswith("WOULD REVOKE: 1 of 5") and predicted[1] == "would be revoked: Expired: pat-1"


def test_accounts_that_are_not_read_are_named() -> None:
    accounts = [
        {"id": "111111111111", "name": "shop", "state": "ACTIVE"},
        {"id": "222222222222", "name": "archive", "state": "SUSPENDED"},
        {"id": "333333333333", "name": None, "state": None},
    ]
    line = log_lines(result(accounts=accounts), check_mode=False)[1]
    assert line.endswith("because of their state in AWS Organizations: archive (222222222222) SUSPENDED")


@guards("plugins/module_utils/_revoke/summary.py", "if key not in ended and", "if")
def test_revoked_tokens_are_not_called_planned() -> None:
    plan = [entry(f"pat-{number}") for number in range(5)]
    lines = log_lines(result(confirm=True, plan=plan, revoked=[each["token"] for each in plan]), check_mode=False)
    assert lines[0].startswith("REVOKED: 5 of 5 planned")
    assert not any(line.startswith("planned") for line in lines)


def test_the_last_line_of_a_plan_is_its_command() -> None:
    command = command_for("/r/plan.json")
    lines = log_lines(result(plan=[entry("pat-1")], plan_file="/r/plan.json", command=command), check_mode=False)
    assert lines[0].startswith("PLANNED: 1 to revoke") and lines[1] == "planned: Expired: pat-1"
    assert (
        lines[-1]
        == command
        == ("ansible-playbook patrol.workmail.revoke -e revoke_plan=/r/plan.json -e revoke_confirm=true")
    )


@pytest.mark.parametrize(
    "path", ["/a b/plan.json", "/it's/plan.json", '/"/plan.json', "/a;b/$x.json", "/{x}/plan.json"]
)
def test_the_command_can_be_copied_to_a_shell(path: str) -> None:
    *head, option, variables = shlex.split(command_for(path))
    assert head == ["ansible-playbook", "patrol.workmail.revoke"] and option == "-e"
    assert variables.startswith("{") and path.replace('"', '\\"') in variables and '"revoke_confirm": true' in variables


@guards("plugins/module_utils/_revoke/summary.py", "texts[:_MOST_ENTRIES]]", "texts]")
@guards(
    "plugins/module_utils/_domain/text.py",
    "printable(shortened(text, _LONGEST_LINE))",
    "printable(text)",
)
def test_a_log_stays_short() -> None:
    """Over a limit, one line with all tokens had 66,000 characters."""
    plan = [entry(f"pat-{number}", "x" * 5_000) for number in range(1_000)]
    lines = log_lines(result(plan=plan, left=[{**each, "reason": "protected"} for each in plan]), check_mode=False)
    assert len(lines) < 50 and max(map(len, lines)) < 410
    assert "planned: 980 more, not shown" in lines and "left: 980 more, not shown" in lines


@guards(
    "plugins/module_utils/_revoke/summary.py",
    "lines = [log_line(line) for line in lines]",
    "lines = [str(line) for line in lines]",
)
@pytest.mark.parametrize("name", audits.HOSTILE_NAMES)
def test_no_line_is_a_command_of_a_pipeline(name: str) -> None:
    lists = {"plan": [entry("pat-1", name)], "left": [entry("pat-2", name, reason=name)], "absent": [name]}
    for line in log_lines(result(**lists), check_mode=False):
        assert "##" not in line and "::" not in line and line.isprintable()
