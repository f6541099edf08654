# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate of 30 AWS accounts as inventory, through the plugin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import many_accounts
import pytest
from ansible.errors import AnsibleParserError
from ansible.utils.display import Display
from guarding import guards
from managers import AS_OF, DESCRIBE, Manage, Parse, Source, groups, hostvars
from many_accounts import EUROPE, MANAGEMENT, PRODUCTION, ROLE_NAME, SUSPENDED, WITHOUT_WORKMAIL, account_id
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.ansible

ALL = {"accounts": "all", "assume_role_name": ROLE_NAME, "as_of": AS_OF}
NUMBERS = [number for number in range(many_accounts.COUNT) if account_id(number) not in (SUSPENDED, WITHOUT_WORKMAIL)]
DENIED = account_id(7)


@pytest.fixture
def estate(emulator: Emulator) -> Emulator:
    """The emulator with 30 accounts."""
    emulator.reset()
    emulator.load(many_accounts.seed())
    return emulator


def test_every_account_has_hosts(estate: Emulator, source: Source, manage: Manage, gather: Callable[..., Any]) -> None:
    manager = manage(source(hosts="accounts", **ALL))
    found = hostvars(manager)
    seeded = {entry["Id"]: entry for entry in many_accounts.seed()["Accounts"]}
    assert sorted(found) == sorted(entry["Name"] for entry in seeded.values())
    fields = ("id", "name", "state", "role_arn")
    records = gather(**ALL).result["accounts"]
    assert [record["id"] for record in records] == sorted(seeded)
    for record in records:
        known = found[record["name"]]
        assert {field: known[f"workmail_account_{field}"] for field in fields} == {
            field: record[field] for field in fields
        }
        assert known["workmail_account_state"] == seeded[record["id"]]["State"]
        assert known["workmail_organizations"] == record["organizations"]
        assert known["workmail_tokens"] == record["tokens"] == known["workmail_selected"]
        assert groups(manager)[f"workmail_account_{record['id']}"] == [record["name"]]
    assert (found["team-1"]["workmail_tokens"], found["team-1"]["workmail_expired"]) == (3, 1)
    assert found["team-1"]["workmail_account_organizations"] == [
        {
            "id": f"m-{1:032x}",
            "alias": "team-1",
            "region": "us-east-1",
            "state": "Active",
            "complete": True,
            "tokens": 3,
        }
    ]
    assert found["team-13"]["workmail_complete"] is None and found["team-13"]["workmail_tokens"] is None
    assert found["team-17"]["workmail_complete"] is True and found["team-17"]["workmail_organizations"] == 0
    assert found["team-0"]["workmail_account_role_arn"] is None
    assert len(groups(manager)["workmail_expired"]) == len(NUMBERS)
    assert not any("incomplete" in name for name in groups(manager))


@pytest.mark.parametrize("hosts", ["users", "tokens", "organizations"])
@guards("plugins/inventory/workmail_pat.py", '    *("accounts", "exclude_accounts", "assume_role_name"),\n', "")
def test_an_excluded_account_of_a_unit_has_no_hosts(
    estate: Emulator, source: Source, manage: Manage, aws: pytest.MonkeyPatch, hosts: str
) -> None:
    for name, value in (("UNIT", PRODUCTION), ("EXCLUDED", account_id(3)), ("ROLE", ROLE_NAME)):
        aws.setenv(name, value)
    manager = manage(
        source(
            hosts=hosts,
            accounts=["{{ lookup('ansible.builtin.env', 'UNIT') }}"],
            exclude_accounts=["{{ lookup('ansible.builtin.env', 'EXCLUDED') }}"],
            assume_role_name="{{ lookup('ansible.builtin.env', 'ROLE') }}",
        )
    )
    # The unit contains another unit, which has every third account.
    numbers = [number for number in NUMBERS if number and number % 3 != 2 and number != 3]
    found = hostvars(manager)
    assert {known["workmail_account_id"] for known in found.values()} == {account_id(number) for number in numbers}
    for known in found.values():
        assert known["workmail_account_name"] == known["workmail_organization_alias"]
        assert known["workmail_account_complete"] is True
    assert len(found) == len(numbers) * (3 if hosts == "tokens" else 1)
    listed = groups(manager)
    for number in numbers:
        members = listed[f"workmail_account_{account_id(number)}"]
        assert members == listed[f"workmail_organization_team_{number}"]


@guards("plugins/inventory/workmail_pat.py", "        if closed and options.hosts != ACCOUNTS:")
def test_a_suspended_account_is_a_host_or_named_in_a_warning(
    estate: Emulator, source: Source, manage: Manage, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda display, text, *args, **kwargs: warnings.append(text))
    manage(source(hosts="accounts", **ALL))
    assert not warnings
    manage(source(hosts="tokens", **ALL))
    [warning] = warnings
    assert f"not read because of their state in AWS Organizations: team-13 ({SUSPENDED}) SUSPENDED" in warning


@pytest.mark.parametrize("hosts", ["users", "tokens", "organizations", "accounts"])
def test_a_denied_account_is_an_error_or_marked(
    estate: Emulator,
    source: Source,
    manage: Manage,
    parse: Parse,
    hosts: str,
) -> None:
    role_arn = f"arn:aws:iam::{DENIED}:role/{ROLE_NAME}"
    estate.faults.add(Fault("access_denied", operation="AssumeRole", role_arn=role_arn))
    with pytest.raises(AnsibleParserError, match=f"AssumeRole.*account {DENIED}"):
        parse(source(hosts=hosts, **ALL))
    manager = manage(source(hosts=hosts, on_error="continue", **ALL))
    found, listed = hostvars(manager), groups(manager)
    others = {account_id(number) for number in NUMBERS} - {DENIED}
    assert others <= {known["workmail_account_id"] for known in found.values()}
    # The groups of the account exist, with its host if there is one.
    own = ["team-7"] if hosts == "accounts" else []
    assert listed["workmail_account_incomplete"] == own == listed[f"workmail_account_{DENIED}"]
    if hosts == "accounts":
        assert listed["workmail_incomplete"] == own
        assert found["team-7"]["workmail_complete"] is False and found["team-7"]["workmail_tokens"] is None
        assert found["team-7"]["workmail_errors"][0]["account_id"] == DENIED
    else:
        assert "workmail_incomplete" not in listed
        assert DENIED not in {known["workmail_account_id"] for known in found.values()}


def test_an_account_is_incomplete_if_one_of_its_organizations_cannot_be_read(
    estate: Emulator, source: Source, manage: Manage
) -> None:
    estate.faults.add(Fault("access_denied", operation="ListPersonalAccessTokens", account_id=DENIED))
    found = hostvars(manage(source(hosts="accounts", on_error="continue", **ALL)))
    assert [name for name, known in found.items() if known["workmail_complete"] is False] == ["team-7"]
    assert found["team-7"]["workmail_account_organizations"][0]["complete"] is False


def test_a_cached_run_returns_the_same_accounts_without_a_call(
    estate: Emulator, cached: Source, manage: Manage, records: Callable[[], list[Path]]
) -> None:
    paths = {hosts: cached(hosts, hosts=hosts, **ALL) for hosts in ("accounts", "tokens", "organizations")}
    cold = {hosts: manage(path) for hosts, path in paths.items()}
    estate.requests.clear()
    for hosts, path in paths.items():
        warm = manage(path)
        assert (hostvars(warm), groups(warm)) == (hostvars(cold[hosts]), groups(cold[hosts]))
    assert len(estate.requests) == 0
    # The accounts and the tokens are of the same snapshot; the organizations have settings as well.
    assert len(records()) == 2
    assert hostvars(cold["tokens"])["team-1.pat-1-0"]["workmail_account_id"] == account_id(1)


@guards(
    "plugins/plugin_utils/_inventory/snapshot.py",
    "            with in_account(organization.account_id):",
    "            if True:",
)
def test_settings_that_cannot_be_read_mark_only_their_account(estate: Emulator, source: Source, manage: Manage) -> None:
    estate.faults.add(Fault("html", operation=DESCRIBE, account_id=DENIED))
    found = hostvars(manage(source(hosts="organizations", on_error="continue", **ALL)))
    marked = {name for name, known in found.items() if not known["workmail_account_complete"]}
    assert marked == {"team-7"} and found["team-7"]["workmail_errors"][0]["account_id"] == DENIED


@guards("plugins/plugin_utils/_inventory/cache.py", '        "accounts": _account_scope(asked.accounts),\n', "")
def test_cache_is_not_shared_across_accounts(
    estate: Emulator, cached: Source, manage: Manage, records: Callable[[], list[Path]]
) -> None:
    scopes: list[dict[str, Any]] = [
        {},
        {"accounts": [EUROPE, "ou-root-sandbox1"], "assume_role_name": ROLE_NAME},
        {"accounts": [EUROPE], "assume_role_name": ROLE_NAME},
        {"accounts": [EUROPE], "assume_role_name": "another"},
        {"accounts": [EUROPE], "assume_role_name": ROLE_NAME, "exclude_accounts": [account_id(4)]},
        {"accounts": [EUROPE], "assume_role_name": ROLE_NAME, "assume_role_external_id": "TICKET-1"},
        {"accounts": [MANAGEMENT], "assume_role_name": ROLE_NAME},
    ]
    for number, scope in enumerate(scopes, 1):
        manage(cached(**scope))
        assert len(records()) == number, scope
    estate.requests.clear()
    manage(cached(accounts=["ou-root-sandbox1", EUROPE], assume_role_name=ROLE_NAME))
    assert len(estate.requests) == 0


@guards(
    "plugins/plugin_utils/_inventory/populate.py", '_SAME_ACCOUNT = (*_SAME, "account_id")', "_SAME_ACCOUNT = _SAME"
)
@guards(
    "plugins/plugin_utils/_inventory/populate.py",
    "name in inventory.groups or name in builtin",
    "name in inventory.groups",
)
def test_accounts_of_two_sources_with_one_name_stay_apart(estate: Emulator, source: Source, manage: Manage) -> None:
    name = {"hosts": "accounts", "assume_role_name": ROLE_NAME, "hostnames": ["'same'"]}
    manager = manage(source("1", accounts=[account_id(1)], **name), source("2", accounts=[account_id(2)], **name))
    assert [known["workmail_account_id"] for known in hostvars(manager).values()] == [account_id(1), account_id(2)]
    taken = {**name, "hostnames": ["'workmail_expired'"]}
    [(host, _known)] = hostvars(manage(source(accounts=[account_id(1)], **taken))).items()
    assert host.startswith("workmail_expired~")
