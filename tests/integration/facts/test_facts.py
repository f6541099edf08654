# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module and the lookup return every token of the seed, with the same fields."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from estate import ACME, ANA, BEN, EVE, GLOBEX, GONE, INITECH, NOBODY, ORPHAN, SECRETS_OF_A_NAME
from guarding import guards
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError

RunTasks = Callable[..., dict[str, Any]]
Gather = Callable[..., Any]

MANY = "m-" + "f" * 32
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def many_tokens() -> list[dict[str, Any]]:
    """1,001 tokens with every field there or left out in turn, sub-second times, and names in several scripts."""
    scripts = ["Outlook", "тест", "工作", "נייד", "📧", "{{ 1 }}", "=1+1", "<b>"[1:2], "a" * 64]
    tokens = []
    for number in range(1001):
        created = START + datetime.timedelta(minutes=number * 37, milliseconds=number)
        token: dict[str, Any] = {
            "PersonalAccessTokenId": f"pat-{number * 7919 % 1001:04}",
            "UserId": f"{number % 90:08}-0000-0000-0000-000000000000",
            "Name": scripts[number % len(scripts)],
            "DateCreated": created.timestamp(),
        }
        if number % 3:
            token["DateLastUsed"] = (created + datetime.timedelta(hours=number)).timestamp()
        if number % 4:
            token["ExpiresTime"] = (created + datetime.timedelta(days=number % 400 + 1)).timestamp()
        if number % 5:
            token["Scopes"] = ["imap", "smtp"][: number % 2 + 1]
        tokens.append(token)
    return tokens


def expected(tokens: list[dict[str, Any]], as_of: datetime.datetime) -> list[dict[str, Any]]:
    """The records that a seed makes, computed again."""

    def moment(epoch: float | None) -> datetime.datetime | None:
        return None if epoch is None else START + datetime.timedelta(seconds=round(epoch - START.timestamp(), 6))

    def iso(when: datetime.datetime | None) -> str | None:
        return None if when is None else when.isoformat()

    def days(span: datetime.timedelta | None) -> float | None:
        return None if span is None else round(span / datetime.timedelta(days=1), 2)

    records = []
    for token in tokens:
        created = moment(token["DateCreated"])
        used, expires = moment(token.get("DateLastUsed")), moment(token.get("ExpiresTime"))
        assert created is not None
        records.append(
            {
                "account_id": "123456789012",
                "account_name": None,
                "organization_id": MANY,
                "organization_alias": "many",
                "region": "us-east-1",
                "personal_access_token_id": token["PersonalAccessTokenId"],
                "user_id": token["UserId"],
                "name": token["Name"],
                "date_created": iso(created),
                "date_last_used": iso(used),
                "expires_time": iso(expires),
                "scopes": token.get("Scopes"),
                "expired": expires is not None and expires <= as_of,
                "never_used": used is None,
                "age_days": days(as_of - created),
                "unused_days": days(as_of - (used or created)),
                "lifetime_days": days(expires - created if expires else None),
                "expires_in_days": days(expires - as_of if expires else None),
            }
        )
    return sorted(records, key=lambda record: (record["date_created"], record["personal_access_token_id"]))


@pytest.mark.ansible
@pytest.mark.slow
def test_module_and_lookup_return_every_token_of_eleven_pages(emulator: Emulator, run_tasks: RunTasks) -> None:
    seed = many_tokens()
    emulator.load({"Organizations": [{"OrganizationId": MANY, "Alias": "many", "PersonalAccessTokens": seed}]})
    as_of = "2026-06-01T00:00:00+00:00"
    results = run_tasks(
        [
            {
                "patrol.workmail.workmail_pat_info": {"organization": "many", "as_of": as_of},
                "register": "module",
            },
            {
                "ansible.builtin.set_fact": {
                    "looked_up": "{{ query('patrol.workmail.workmail_pat', 'many', as_of='" + as_of + "') }}"
                },
                "register": "lookup",
            },
        ]
    )
    records = expected(seed, datetime.datetime.fromisoformat(as_of))
    module = results["module"]
    assert module["personal_access_tokens"] == records
    assert results["lookup"]["ansible_facts"]["looked_up"] == records
    assert module["complete"] is True and module["errors"] == [] and module["changed"] is False
    assert module["as_of"] == as_of
    assert module["organizations"] == [
        {
            "account_id": "123456789012",
            "account_name": None,
            "id": MANY,
            "alias": "many",
            "region": "us-east-1",
            "state": "Active",
            "tokens": 1001,
        }
    ]
    counts = {
        "tokens": 1001,
        "selected": 1001,
        "expired": sum(record["expired"] for record in records),
        "never_used": sum(record["never_used"] for record in records),
    }
    assert module["summary"] == {
        "accounts": 1,
        "organizations": 1,
        **counts,
        "by_organization": {MANY: {"alias": "many", **counts}},
    }
    pages = [request.page for request in emulator.requests if request.operation == "ListPersonalAccessTokens"]
    assert pages == [*range(1, 12), *range(1, 12)]


def test_every_active_organization_is_read_by_default(emulator: Emulator, gather: Gather) -> None:
    facts = gather().result
    assert [token["personal_access_token_id"] for token in facts["personal_access_tokens"]] == [
        f"pat-{number}" for number in range(1, 7)
    ]
    states = {entry["alias"]: (entry["state"], entry["tokens"]) for entry in facts["organizations"]}
    assert len(states) == 123
    assert states["acme"] == ("Active", 5) and states["gone"] == ("Deleted", None)
    assert facts["summary"]["organizations"] == 2
    assert facts["complete"] is True


def test_all_regions_are_read(emulator: Emulator, gather: Gather) -> None:
    facts = gather(regions=["all"]).result
    assert {entry["region"] for entry in facts["organizations"]} == {"us-east-1", "eu-west-1"}
    assert {request.region for request in emulator.requests} == {"us-east-1", "us-west-2", "eu-west-1"}


def test_an_organization_is_found_in_whichever_region(emulator: Emulator, gather: Gather) -> None:
    for name in ("initech", "INITECH", INITECH):
        facts = gather(organizations=[name], regions=["us-east-1", "eu-west-1"]).result
        assert [(entry["id"], entry["region"], entry["tokens"]) for entry in facts["organizations"]] == [
            (INITECH, "eu-west-1", 0)
        ]


def test_an_organization_by_id_and_by_alias_is_swept_once(emulator: Emulator, gather: Gather) -> None:
    assert gather(organizations=[ACME, "acme", "globex"]).result["summary"]["tokens"] == 6


def test_an_id_needs_no_listing_of_organizations(emulator: Emulator, gather: Gather) -> None:
    gather(organizations=[ACME])
    assert {request.operation for request in emulator.requests} == {"DescribeOrganization", "ListPersonalAccessTokens"}


@pytest.mark.parametrize("user", ["ana", "ana@acme.example", ANA])
def test_only_the_tokens_of_the_given_user_are_returned(emulator: Emulator, gather: Gather, user: str) -> None:
    facts = gather(organizations=[ACME], users=[user]).result
    assert [token["personal_access_token_id"] for token in facts["personal_access_tokens"]] == ["pat-1", "pat-2"]


def test_a_user_under_several_names_is_read_once(emulator: Emulator, gather: Gather) -> None:
    facts = gather(organizations=[ACME], users=["ana", ANA, "ana@acme.example", "ben"]).result
    assert facts["summary"]["tokens"] == facts["organizations"][0]["tokens"] == 4


def test_given_users_can_be_in_different_organizations(emulator: Emulator, gather: Gather) -> None:
    facts = gather(users=["ana", EVE]).result
    assert {token["user_id"] for token in facts["personal_access_tokens"]} == {ANA, EVE}


def test_tokens_have_their_owners(emulator: Emulator, gather: Gather) -> None:
    tokens = gather(organizations=[ACME], owners=True).result["personal_access_tokens"]
    assert [token["owner"]["state"] for token in tokens] == ["ENABLED", "ENABLED", "DISABLED", "DISABLED", "UNKNOWN"]
    assert tokens[2]["owner"] == {
        "user_id": BEN,
        "name": "ben",
        "email": "ben@acme.example",
        "display_name": "Ben",
        "state": "DISABLED",
        "disabled_date": "2026-02-01T00:00:00+00:00",
        "identity_provider_user_id": None,
    }
    assert tokens[4]["owner"]["user_id"] == ORPHAN and tokens[4]["owner"]["email"] is None


def test_the_summary_counts_selected_and_all_tokens(emulator: Emulator, gather: Gather) -> None:
    facts = gather(select={"expired": True}, as_of="2026-02-02T00:00:00Z").result
    assert [token["personal_access_token_id"] for token in facts["personal_access_tokens"]] == ["pat-1"]
    assert {name: facts["summary"][name] for name in ("tokens", "selected", "expired", "never_used")} == {
        "tokens": 6,
        "selected": 1,
        "expired": 1,
        "never_used": 5,
    }
    assert facts["complete"] is True


def test_manual_paging_reads_everything_once(emulator: Emulator, gather: Gather) -> None:
    seen: list[str] = []
    next_token = None
    for _page in range(3):
        facts = gather(organizations=[ACME], page_size=1, max_items=2, next_token=next_token).result
        assert facts["complete"] is False
        [error] = facts["errors"]
        assert (error["error_code"], error["organization_id"]) == ("PagedByHandException", ACME)
        assert ("the tokens before next_token" in error["msg"]) is (next_token is not None)
        assert ("after the last page that was read" in error["msg"]) is (facts["next_token"] is not None)
        seen.extend(token["personal_access_token_id"] for token in facts["personal_access_tokens"])
        next_token = facts["next_token"]
    assert next_token is None
    assert seen == [f"pat-{number}" for number in range(1, 6)]


def test_manual_paging_past_the_end_is_complete(emulator: Emulator, gather: Gather) -> None:
    facts = gather(organizations=[ACME], max_items=50).result
    assert facts["complete"] is True and facts["errors"] == [] and facts["next_token"] is None
    assert facts["summary"]["tokens"] == 5


def test_max_items_counts_before_the_selection(emulator: Emulator, gather: Gather) -> None:
    facts = gather(organizations=[ACME], max_items=2, select={"has_expiry": False}).result
    assert facts["personal_access_tokens"] == [] and facts["summary"]["tokens"] == 2 and facts["next_token"]


def test_another_account_is_read_by_its_role(emulator: Emulator, gather: Gather) -> None:
    emulator.load({"Organizations": [{"Alias": "elsewhere", "AccountId": "210987654321"}]})
    facts = gather(assume_role_arn="arn:aws:iam::210987654321:role/auditor", assume_role_external_id="x-1").result
    assert [entry["alias"] for entry in facts["organizations"]] == ["elsewhere"]
    assumed = [request for request in emulator.requests if request.operation == "AssumeRole"]
    assert len(assumed) == 1 and assumed[0].parameters["ExternalId"] == "x-1"
    assert {request.account_id for request in emulator.requests if request.service == "workmail"} == {"210987654321"}


@pytest.mark.parametrize("concurrency", [1, 4, 64])
def test_the_answer_does_not_depend_on_concurrency(emulator: Emulator, gather: Gather, concurrency: int) -> None:
    emulator.load(
        {
            "Organizations": [
                {"Alias": f"many{n}", "PersonalAccessTokens": [{"PersonalAccessTokenId": f"{n}-{i}"} for i in range(3)]}
                for n in range(20)
            ]
        }
    )
    options = {"as_of": "2026-06-01T00:00:00Z", "owners": True, "page_size": 1}
    answers = [gather(**options, concurrency=number).result for number in (concurrency, 2)]
    assert all(answer.pop("elapsed") > 0 for answer in answers)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            {"organizations": ["acmee"]},
            "OrganizationNotFoundException",
            "called acmee, did you mean acme",
        ),
        ({"organizations": [NOBODY]}, "OrganizationNotFoundException", "Check the region and the account"),
        ({"organizations": [ACME, NOBODY], "regions": ["all"]}, "OrganizationNotFoundException", NOBODY),
        ({"organizations": ["gone"]}, "OrganizationStateException", "gone is in state 'Deleted'"),
        ({"organizations": [GONE]}, "OrganizationStateException", "gone is in state 'Deleted'"),
        ({"regions": ["us-west-2"]}, "NoOrganizationException", "no organization is in state Active"),
        ({"organizations": [ACME], "users": ["nobody"]}, "EntityNotFoundException", "a user nobody"),
        ({"organizations": [ACME], "users": [EVE]}, "EntityNotFoundException", EVE),
        ({"users": [ANA, "nobody@acme.example"]}, "EntityNotFoundException", "nobody@acme.example"),
    ],
)
def test_targets_that_do_not_exist_are_errors(
    emulator: Emulator, gather: Gather, options: dict[str, Any], code: str, message: str
) -> None:
    with pytest.raises(PatrolError, match=message) as caught:
        gather(**options)
    assert caught.value.error_code == code


@guards(
    "plugins/module_utils/_domain/tokens.py",
    "return self.state.casefold() not in _WITHOUT_TOKENS",
    'return self.state.casefold() == "active"',
)
def test_an_organization_in_an_undocumented_state_is_read(emulator: Emulator, gather: Gather) -> None:
    """The service may list its tokens. If it refuses, that is an error that names the organization."""
    emulator.load({"Organizations": [{"Alias": "ill", "State": "Impaired"}]})
    with pytest.raises(PatrolError, match="Impaired") as caught:
        gather()
    assert caught.value.error_code == "OrganizationStateException"
    facts = gather(on_error="continue").result
    [ill] = [entry for entry in facts["organizations"] if entry["alias"] == "ill"]
    assert facts["complete"] is False and ill["tokens"] is None and ill["state"] == "Impaired"
    assert [error["organization_id"] for error in facts["errors"]] == [ill["id"]]
    body = json.dumps({"PersonalAccessTokenSummaries": [{"PersonalAccessTokenId": "pat-ill"}]})
    emulator.faults.add(Fault("body", operation="ListPersonalAccessTokens", organization_id=ill["id"], body=body))
    assert "pat-ill" in {token["personal_access_token_id"] for token in gather().result["personal_access_tokens"]}


def test_an_organization_in_two_regions_is_an_error(emulator: Emulator, gather: Gather) -> None:
    """As with an endpoint that answers for every region: its tokens would count twice."""
    body = json.dumps({"OrganizationSummaries": [{"OrganizationId": ACME, "Alias": "acme", "State": "Active"}]})
    emulator.faults.add(Fault("body", operation="ListOrganizations", body=body))
    with pytest.raises(PatrolError, match="acme is also listed in region us-east-1") as caught:
        gather(regions=["us-east-1", "eu-west-1"])
    assert (caught.value.organization_id, caught.value.region) == (ACME, "eu-west-1")
    facts = gather(regions=["us-east-1", "eu-west-1"], on_error="continue").result
    assert facts["complete"] is False and len(facts["organizations"]) == 1 and facts["summary"]["tokens"] == 5


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"organizations": ["m-123"]}, "InvalidOptionException"),
        ({"page_size": 101}, "InvalidOptionException"),
        ({"regions": ["eu-central-1"]}, "UnsupportedRegionException"),
        ({"regions": ["all", "us-east-1"]}, "InvalidOptionException"),
        ({"regions": ["us-east-1", "us-esat-1"]}, "UnsupportedRegionException"),
        ({"select": {"expird": True}}, "InvalidOptionException"),
        ({"select": {"unused_for": "3 months"}}, "InvalidOptionException"),
        ({"select": {"owner": "ana"}}, "InvalidOptionException"),
        ({"as_of": "2026-01-02T03:04:05"}, "InvalidOptionException"),
        ({"max_items": 5}, "InvalidOptionException"),
        ({"profile": "no-such-profile"}, "ProfileNotFound"),
    ],
)
def test_bad_input_is_refused_before_any_call(
    emulator: Emulator, gather: Gather, options: dict[str, Any], code: str
) -> None:
    with pytest.raises(PatrolError) as caught:
        gather(**options)
    assert caught.value.error_code == code
    assert len(emulator.requests) == 0


def test_a_region_without_workmail_is_not_reported_as_a_misspelling(emulator: Emulator, gather: Gather) -> None:
    with pytest.raises(PatrolError) as caught:
        gather(regions=["eu-central-1"])
    assert str(caught.value) == (
        "regions: 'eu-central-1' is not a region of Amazon WorkMail (region eu-central-1). "
        "Amazon WorkMail is available in eu-west-1, us-east-1, us-west-2."
    )


@pytest.mark.ansible
@pytest.mark.slow
def test_names_that_look_like_templates_stay_text(emulator: Emulator, run_tasks: RunTasks) -> None:
    results = run_tasks(
        [
            {"patrol.workmail.workmail_pat_info": {"organization": "acme"}, "register": "module"},
            {
                "ansible.builtin.set_fact": {
                    "from_module": "{{ module.personal_access_tokens | map(attribute='name') | list }}",
                    "from_lookup": "{{ query('patrol.workmail.workmail_pat', 'acme') | map(attribute='name') | list }}",
                },
                "register": "names",
            },
        ]
    )
    names = results["names"]["ansible_facts"]
    assert names["from_module"] == names["from_lookup"]
    assert SECRETS_OF_A_NAME in names["from_module"] and "owned" not in names["from_module"]


def test_the_summary_of_one_organization_has_only_that_one(emulator: Emulator, gather: Gather) -> None:
    assert gather(organizations=[GLOBEX]).result["summary"]["by_organization"] == {
        GLOBEX: {"alias": "globex", "tokens": 1, "selected": 1, "expired": 0, "never_used": 1}
    }
