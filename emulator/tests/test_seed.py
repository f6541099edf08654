# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seed documents: what they may hold, what is refused, and the lifelike one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from workmail_emulator import SeedError, load, register
from workmail_emulator.estate import estate
from workmail_emulator.seed import parse
from workmail_emulator.times import epoch_seconds
from workmail_emulator.workmail.models import Organization, workmail_backends
from workmail_emulator.workmail.validation import validate

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def moto_state() -> Iterator[None]:
    register()
    with mock_aws():
        yield


def organizations(account_id: str = "123456789012", region: str = "us-east-1") -> list[Organization]:
    return list(workmail_backends[account_id][region].organizations.values())


def test_an_organization_needs_only_an_alias() -> None:
    load({"Organizations": [{"Alias": "acme"}]})
    (organization,) = organizations()
    assert organization.description == {
        "OrganizationId": "m-35cda303c589637f16fad36257962505",
        "Alias": "acme",
        "State": "Active",
        "DefaultMailDomain": "acme.awsapps.com",
    }


def test_derived_ids_differ_by_account_and_region() -> None:
    places = [("123456789012", "us-east-1"), ("123456789012", "eu-west-1"), ("210987654321", "us-east-1")]
    load({"Organizations": [{"Alias": "acme", "AccountId": a, "Region": r} for a, r in places]})
    assert len({organizations(*place)[0].description["OrganizationId"] for place in places}) == 3


def test_a_file_is_loaded_with_every_value(tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text(
        """
Organizations:
  - Alias: acme
    CompletedDate: 2020-01-01
    Users:
      - {Id: u-1, Name: ann, EnabledDate: 2024-02-29T12:00:00+02:00, HiddenFromGlobalAddressList: true}
    PersonalAccessTokens:
      - {}
      - {PersonalAccessTokenId: t1, UserId: nobody-listed, Name: "\\u202eX 🚀", Scopes: [imap], DateCreated: 5.5}
    IdentityProviderConfiguration:
      AuthenticationMode: IDENTITY_PROVIDER_ONLY
      PersonalAccessTokenConfiguration: {Status: ACTIVE, LifetimeInDays: 30}
""",
        encoding="utf-8",
    )
    load(str(file))
    (organization,) = organizations()
    assert organization.description["CompletedDate"] == 1577836800
    assert list(organization.users) == [
        {"Id": "u-1", "Name": "ann", "EnabledDate": 1709200800, "HiddenFromGlobalAddressList": True}
    ]
    assert list(organization.personal_access_tokens) == [
        {},
        {
            "PersonalAccessTokenId": "t1",
            "UserId": "nobody-listed",
            "Name": "\u202eX 🚀",
            "Scopes": ["imap"],
            "DateCreated": 5.5,
        },
    ]
    assert organization.identity_provider_configuration == {
        "AuthenticationMode": "IDENTITY_PROVIDER_ONLY",
        "PersonalAccessTokenConfiguration": {"Status": "ACTIVE", "LifetimeInDays": 30},
    }


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        (1767323045.123, 1767323045.123),
        ("2026-01-02T03:04:05.123Z", 1767323045.123),
        ("2026-01-02T04:04:05+01:00", 1767323045),
        (datetime(2026, 1, 2, 3, 4, 5), 1767323045),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 1767323045),
        (yaml.safe_load("2026-01-02"), 1767312000),
        ("-90d", NOW - 90 * 86400),
        ("+12h", NOW + 12 * 3600),
        ("-1.5m", NOW - 90),
        ("+2w", NOW + 14 * 86400),
        ("-0.25s", NOW - 0.25),
    ],
)
def test_times_become_epoch_seconds(value: Any, seconds: float) -> None:
    assert epoch_seconds(value, NOW) == seconds


def one(**entry: Any) -> dict[str, Any]:
    return {"Organizations": [{"Alias": "acme", **entry}]}


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ({"Organisations": []}, "Organisations: unknown key; expected Organizations, Accounts, AwsOrganization"),
        ([], "seed: must be a mapping, not list"),
        (None, "seed: must be a mapping, not null"),
        ({"Organizations": {}}, "Organizations: must be a list, not dict"),
        ({"Organizations": ["acme"]}, "Organizations[0]: must be a mapping, not str"),
        ({"Organizations": [{}]}, "Organizations[0].Alias: missing"),
        (one(Alias=7), "Organizations[0].Alias: must be a string, not int"),
        (one(AccountId=123456789012), "Organizations[0].AccountId: must be a string, not int"),
        (one(AccountId="12"), r"Organizations[0].AccountId: '12' does not match \d{12}"),
        (one(OrganizationId="m-1"), "Organizations[0].OrganizationId: 'm-1' does not match m-[0-9a-f]{32}"),
        (one(Region="eu-north-1"), "Organizations[0].Region: 'eu-north-1' is not a region of Amazon WorkMail"),
        (one(Users=[{"Name": "ann"}]), "Organizations[0].Users[0].Id: missing"),
        (one(Users=[{"Id": "1"}, {"Id": "1"}]), "Organizations[0].Users[1].Id: duplicate '1'"),
        (one(PersonalAccessTokens=[{"Scopes": "imap"}]), "Organizations[0].PersonalAccessTokens[0].Scopes: must be a "
         "list, not str"),
        (one(PersonalAccessTokens=[{"Scopes": [1]}]), "Organizations[0].PersonalAccessTokens[0].Scopes[0]: must be a "
         "string, not int"),
        (one(PersonalAccessTokens=[{"PersonalAccessTokenId": "a"}] * 2),
         "Organizations[0].PersonalAccessTokens[1].PersonalAccessTokenId: duplicate 'a'"),
        (one(PersonalAccessTokens=[{"DateCreated": "soon"}]), "Organizations[0].PersonalAccessTokens[0].DateCreated: "
         "'soon' is not a time: epoch seconds, ISO 8601 with offset, or like -90d"),
        (one(CompletedDate="2026-01-02T03:04:05"), "Organizations[0].CompletedDate: '2026-01-02T03:04:05' has no UTC "
         "offset"),
        (one(CompletedDate=True), "Organizations[0].CompletedDate: must be a time, not a boolean"),
        (one(CompletedDate=None), "Organizations[0].CompletedDate: must be a time, not NoneType"),
        (one(CompletedDate=float("nan")), "Organizations[0].CompletedDate: must be a finite number of epoch seconds"),
        (one(InteroperabilityEnabled=1), "Organizations[0].InteroperabilityEnabled: must be true or false, not int"),
        (one(IdentityProviderConfiguration={"PersonalAccessTokenConfiguration": {"LifetimeInDays": True}}),
         "Organizations[0].IdentityProviderConfiguration.PersonalAccessTokenConfiguration.LifetimeInDays: must be an "
         "integer, not bool"),
        ({"Organizations": [{"Alias": "acme"}, {"Alias": "acme"}]},
         "Organizations[1].OrganizationId: duplicate 'm-35cda303c589637f16fad36257962505'"),
    ],
)  # fmt: skip
def test_invalid_seeds_are_refused(seed: Any, message: str) -> None:
    with pytest.raises(SeedError) as error:
        load(seed)
    assert str(error.value) == message
    assert organizations() == []


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        (
            one(Users=[{"Id": "1"}, {"Id": "2", "Sate": "x"}]),
            "Organizations[0].Users[1].Sate: unknown key; expected Id, ",
        ),
        (one(Colour="red"), "Organizations[0].Colour: unknown key; expected OrganizationId, Alias, "),
    ],
)
def test_an_unknown_key_is_refused_and_the_known_ones_are_named(seed: Any, message: str) -> None:
    with pytest.raises(SeedError) as error:
        load(seed)
    assert str(error.value).startswith(message) and organizations() == []


def test_an_organization_that_exists_is_refused() -> None:
    load(one())
    with pytest.raises(SeedError, match="duplicate"):
        load({"Organizations": [{"Alias": "new"}, {"Alias": "acme"}]})
    assert len(organizations()) == 1


@pytest.mark.parametrize("content", [None, b"\xff", b"{]", b"Organizations: [{Alias: a, CompletedDate: 2026-13-45}]"])
def test_unreadable_files_are_errors_of_one_line(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "seed.yml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SeedError) as error:
        load(file)
    assert "\n" not in str(error.value)


def test_the_sample_estate_is_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "estate.yml"
    subprocess.run([sys.executable, "-m", "workmail_emulator.estate", "--output", str(file)], check=True)
    printed = subprocess.run([sys.executable, "-m", "workmail_emulator.estate"], check=True, capture_output=True)
    assert printed.stdout == file.read_bytes()
    assert parse(file.read_text(encoding="utf-8")) == json.loads(json.dumps(estate())) == estate()
    load(file)
    described = [organization.description for organization in [*organizations(), *organizations(region="eu-west-1")]]
    assert [(entry["Alias"], entry["State"]) for entry in described] == [
        ("acme", "Active"),
        ("globex", "Active"),
        ("acme-old", "Deleted"),
        ("initech", "Active"),
    ]
    held = [*organizations(), *organizations(region="eu-west-1")]
    tokens = [token for organization in held for token in organization.personal_access_tokens]
    users = {user["Id"]: user for organization in held for user in organization.users}
    assert (len(users), len(tokens), len({token["PersonalAccessTokenId"] for token in tokens})) == (150, 400, 400)
    now = time.time()
    day = 86400
    assert sum(token.get("ExpiresTime", now + 1) < now for token in tokens) == 15
    assert sum(0 < token.get("ExpiresTime", 0) - now < 14 * day for token in tokens) == 20
    assert sum("ExpiresTime" not in token for token in tokens) == 25
    assert sum("DateLastUsed" not in token for token in tokens) == 30
    assert sum(now - token.get("DateLastUsed", now) > 90 * day for token in tokens) == 40
    assert all(token["DateCreated"] <= token.get("DateLastUsed", now) <= now for token in tokens)
    states = [users.get(token["UserId"], {"State": "unlisted"})["State"] for token in tokens]
    assert {state: states.count(state) for state in set(states) - {"ENABLED"}} == {
        "DISABLED": 9,
        "DELETED": 6,
        "unlisted": 6,
    }


def test_the_sample_estate_is_within_the_limits_of_the_model() -> None:
    load(estate())
    model = boto3.client("workmail", region_name="us-east-1").meta.service_model
    token_shape = model.shape_for("PersonalAccessTokenSummary")
    user_shape = model.shape_for("User")
    for organization in organizations():
        for token in organization.personal_access_tokens:
            validate(token, token_shape)
        for user in organization.users:
            validate({name: value for name, value in user.items() if name in user_shape.members}, user_shape)
        if organization.identity_provider_configuration:
            shape = model.operation_model("DescribeIdentityProviderConfiguration").output_shape
            validate(organization.identity_provider_configuration, shape)
