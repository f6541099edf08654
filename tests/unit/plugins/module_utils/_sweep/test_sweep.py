# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep reads everything or reports an error. The replies are scripted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from guarding import guards
from scripted import ACME, TOKENS, Script, scripted_connection

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.facts import gather_facts
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.options import (
    OrganizationOptions,
    parse_sweep_options,
)
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.organizations import find_organization
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.sweep import sweep
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.session import Session

ORGANIZATIONS = "plugins/module_utils/_sweep/organizations.py"
SWEEP = "plugins/module_utils/_sweep/sweep.py"
GLOBEX = "m-" + "b" * 32
ANA, BEN = (f"{digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}" for digit in "12")
DENIED = ({"__type": "AccessDeniedException", "Message": "no"}, 400)
UNKNOWN_USER = ({"__type": "EntityNotFoundException", "Message": "no such user"}, 400)
TOKEN = {"PersonalAccessTokenId": "pat-1", "UserId": ANA}


def summary(organization_id: str = ACME, alias: str = "acme", state: str = "Active") -> dict[str, Any]:
    return {"OrganizationId": organization_id, "Alias": alias, "State": state}


def listing(*organizations: dict[str, Any]) -> dict[str, Any]:
    return {"OrganizationSummaries": list(organizations)}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def gather(script: Script | dict[str, list[Any]], **options: Any) -> dict[str, Any]:
    script = script if isinstance(script, Script) else Script(script)
    result: dict[str, Any] = gather_facts({"concurrency": 1, **options}, scripted_connection(script)).result
    return result


@pytest.mark.parametrize(
    ("replies", "options", "code"),
    [
        ({"ListOrganizations": [listing()]}, {}, "NoOrganizationException"),
        ({"ListOrganizations": [listing(summary(state="Deleted"))]}, {}, "NoOrganizationException"),
        (
            {"ListOrganizations": [listing(summary())]},
            {"organizations": ["globex"]},
            "OrganizationNotFoundException",
        ),
        (
            {"ListOrganizations": [listing(summary(state="Deleted"))]},
            {"organizations": ["acme"]},
            "OrganizationStateException",
        ),
        (
            {"ListOrganizations": [listing(summary())], "DescribeUser": [UNKNOWN_USER]},
            {"users": ["nobody"]},
            "EntityNotFoundException",
        ),
    ],
)
@guards(ORGANIZATIONS, "        if not organization.readable:")
@guards(ORGANIZATIONS, "        if not calls.errors and not any(organization.readable for organization in found):")
@guards(ORGANIZATIONS, "    if unknown and not skip_missing and not calls.errors:")
@guards(SWEEP, "        if not options.skip_missing:")
def test_a_target_that_does_not_exist_is_an_error(
    replies: dict[str, list[Any]], options: dict[str, Any], code: str
) -> None:
    with pytest.raises(PatrolError) as caught:
        gather(replies, **options)
    assert caught.value.error_code == code


@guards(ORGANIZATIONS, "        if first.region != organization.region:")
def test_an_organization_in_two_regions_is_an_error() -> None:
    """An endpoint that answers for every region would count its tokens twice."""
    with pytest.raises(PatrolError, match="is also listed in region us-east-1"):
        gather({"ListOrganizations": [listing(summary())]}, regions=["us-east-1", "eu-west-1"])


@guards(ORGANIZATIONS, "    if len(found) > 1:")
def test_an_alias_of_two_organizations_does_not_name_one() -> None:
    script = Script({"ListOrganizations": [listing(summary(), summary(GLOBEX, "ACME"))]})
    session = Session.open(scripted_connection(script), OrganizationOptions("acme", None))
    with pytest.raises(PatrolError, match=f"acme is the alias of several organizations: {ACME}, {GLOBEX}"):
        find_organization(session, "acme")


@pytest.mark.parametrize(
    ("options", "following", "lacking"),
    [
        ({"max_items": 1}, "more", "after the last page that was read"),
        ({"next_token": "more"}, None, "before next_token"),
    ],
)
@guards(SWEEP, "    if options.next_token is not None:\n        lacking")
@guards(SWEEP, "    if next_token is not None:\n        lacking")
def test_a_listing_that_is_paged_by_hand_is_incomplete(
    options: dict[str, Any], following: str | None, lacking: str
) -> None:
    replies = {
        "DescribeOrganization": [summary()],
        "ListPersonalAccessTokens": [{TOKENS: [TOKEN], **({"NextToken": following} if following else {})}],
    }
    facts = gather(replies, organizations=[ACME], **options)
    assert facts["complete"] is False and facts["next_token"] == following
    assert [lacking in error["msg"] for error in facts["errors"]] == [True]


@guards(SWEEP, " and unheard_of:\n", ":\n")
def test_a_user_who_vanishes_between_two_pages_is_an_error() -> None:
    """Another organization can know the user, and then nothing else would show the missing tokens."""
    pages = [{TOKENS: [TOKEN], "NextToken": "more"}, UNKNOWN_USER, {TOKENS: []}]
    replies = {
        "ListOrganizations": [listing(summary(), summary(GLOBEX, "globex"))],
        "ListPersonalAccessTokens": pages,
    }
    with pytest.raises(PatrolError, match="no such user") as caught:
        gather(replies, users=[ANA])
    assert (caught.value.organization_id, caught.value.page) == (ACME, 2)


@guards(SWEEP, "errors=[*calls.errors, *_not_read_by_hand(", "errors=[*_not_read_by_hand(")
def test_an_organization_that_could_not_be_read_makes_the_result_incomplete() -> None:
    replies = {
        "ListOrganizations": [listing(summary(), summary(GLOBEX, "globex"))],
        "ListPersonalAccessTokens": [DENIED, {TOKENS: [TOKEN]}],
    }
    facts = gather(replies, on_error="continue")
    assert facts["complete"] is False
    assert [(error["error_code"], error["organization_id"]) for error in facts["errors"]] == [
        ("AccessDeniedException", ACME)
    ]
    assert {entry["alias"]: entry["tokens"] for entry in facts["organizations"]} == {"acme": None, "globex": 1}


@guards(
    "plugins/module_utils/_sweep/facts.py",
    "tally is not None and complete else None",
    "tally is not None else None",
)
def test_an_organization_with_one_unread_user_has_no_number_of_tokens() -> None:
    replies = {"DescribeOrganization": [summary()], "ListPersonalAccessTokens": [DENIED, {TOKENS: []}]}
    facts = gather(replies, organizations=[ACME], users=[ANA, BEN], on_error="continue")
    assert facts["complete"] is False
    assert [entry["tokens"] for entry in facts["organizations"]] == [None]


@guards(SWEEP, "            if owners is None:")
@guards(SWEEP, "            if not self._asked:", "            if True:")
def test_users_that_cannot_be_read_are_one_error_of_their_organization() -> None:
    script = Script(
        {"DescribeOrganization": [summary()], "ListUsers": [DENIED], "ListPersonalAccessTokens": [{TOKENS: []}]}
    )
    facts = gather(script, organizations=[ACME], users=[ANA, BEN], owners=True, on_error="continue")
    assert [(error["operation"], error["organization_id"]) for error in facts["errors"]] == [("ListUsers", ACME)]
    assert [entry["tokens"] for entry in facts["organizations"]] == [None]
    assert script.operations.count("ListUsers") == 1 and "ListPersonalAccessTokens" not in script.operations


@guards(SWEEP, "                if not self._listings and not self._keep:")
@guards(SWEEP, "not self._listings and not self._keep", "not self._keep")
def test_users_stay_in_memory_until_the_last_listing_of_their_organization_is_read() -> None:
    """Unless the caller needs them, as the inventory does."""
    script = Script(
        {
            "ListOrganizations": [listing(summary(), summary(GLOBEX, "globex"))],
            "ListUsers": [{"Users": [{"Id": ANA, "State": "ENABLED"}, {"Id": BEN, "State": "DISABLED"}]}],
            "ListPersonalAccessTokens": [
                {TOKENS: [{**TOKEN, "PersonalAccessTokenId": f"pat-{number}", "UserId": user}]}
                for number, user in enumerate((ANA, BEN) * 4)
            ],
        }
    )
    options = parse_sweep_options({"users": [ANA, BEN], "owners": True, "concurrency": 1}, 0)
    session = Session.open(scripted_connection(script), options)
    found = sweep(options, session)
    assert [token.owner and token.owner.state for token in found.tokens] == ["ENABLED", "DISABLED"] * 2
    assert list(found.owners.values()) == [None, None] and script.operations.count("ListUsers") == 2
    kept = sweep(options, session, keep_owners=True).owners
    assert [set(owners or ()) for owners in kept.values()] == [{ANA, BEN}, {ANA, BEN}]


@guards("plugins/module_utils/_workmail/session.py", "        if region not in available:")
def test_a_region_without_workmail_is_an_error_before_any_call() -> None:
    script = Script({})
    with pytest.raises(PatrolError) as caught:
        gather(script, regions=["eu-central-1"])
    assert caught.value.error_code == "UnsupportedRegionException" and script.operations == []


@guards("plugins/module_utils/_workmail/session.py", "        read_strictly(client)\n", "")
def test_the_clients_of_a_session_read_replies_strictly() -> None:
    session = Session.open(scripted_connection(Script({"ListOrganizations": [{}]})), OrganizationOptions("acme", None))
    with pytest.raises(PatrolError, match="the reply has no OrganizationSummaries"):
        session.client("us-east-1").list_organizations()


@guards(
    "plugins/module_utils/_workmail/session.py",
    "            if (service, region) not in self._clients:",
    "            if True:",
)
def test_a_sweep_makes_one_client_per_region() -> None:
    script = Script({"ListOrganizations": [listing(summary())], "ListPersonalAccessTokens": [{TOKENS: []}]})
    assert gather(script, users=[ANA, BEN])["complete"]
    assert len(script.clients) == 1
