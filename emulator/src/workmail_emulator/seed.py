# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads seed documents and fills WorkMail, AWS Organizations and IAM with them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.utils import get_service_model

from . import accounts, organizations
from .checks import SeedError, checked, checked_members, documents, entries, known_keys, text
from .generated import generated_tokens, generated_users
from .seed_accounts import Accounts
from .shapes import reply_shape, user_members
from .workmail import models
from .workmail.models import Organization, workmail_backends

_DEFAULT_REGION = "us-east-1"
_OWN_KEYS = (
    "AccountId",
    "Region",
    "Users",
    "PersonalAccessTokens",
    "IdentityProviderConfiguration",
    "GeneratedUsers",
    "GeneratedPersonalAccessTokens",
)
# The C loader reads a large seed some ten times as fast, and is not in every build of PyYAML.
_YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Seed = Mapping[str, Any] | str | Path


@dataclass
class _SeededOrganization:
    account_id: str
    region: str
    organization: Organization


def load(seed: Seed) -> None:
    """Add the accounts and WorkMail organizations of a seed in this process: all of them, or none if there is an error.

    Args:
        seed: The document itself, or the path of a JSON or YAML file with it.

    Raises:
        SeedError: The seed has unknown keys, wrong types, invalid times, duplicate IDs, or accounts or organizations
            that exist already, or the file cannot be read. The error names the place.
    """
    document = _read(Path(seed)) if isinstance(seed, str | Path) else seed
    known_keys(document, ("Organizations", "Accounts", "AwsOrganization"), "")
    now = time.time()
    found = Accounts.of(document, now)
    plants = list(_parse_organizations(document, now))
    found.add()
    for plant in plants:
        workmail_backends[plant.account_id][plant.region].add_organization(plant.organization)


def empty() -> None:
    """Remove the content of all seeds from this process, and return to the default behaviors."""
    models.empty()
    organizations.empty()
    accounts.empty()


def parse(source: str) -> Any:
    """Parse a JSON or YAML text.

    Args:
        source: The text.

    Returns:
        The document.

    Raises:
        SeedError: If the text is neither JSON nor YAML.
    """
    try:
        return json.loads(source)
    except ValueError:
        pass
    try:
        return yaml.load(source, _YAML_LOADER)
    except (yaml.YAMLError, ValueError) as error:
        raise SeedError(f"neither JSON nor YAML: {' '.join(str(error).split())}") from None


def _read(path: Path) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SeedError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SeedError(f"{path}: not UTF-8") from None


def _entries_by_account(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the account ID, path and value of each organization: those of the accounts, then those of the seed."""
    for account_path, account in entries(document, "Accounts", ""):
        for path, entry in entries(account, "Organizations", account_path):
            known_keys(entry, tuple(name for name in _organization_keys() if name != "AccountId"), path)
            yield account["Id"], path, entry
    for path, entry in entries(document, "Organizations", ""):
        known_keys(entry, _organization_keys(), path)
        yield text(entry, "AccountId", path, r"\d{12}", DEFAULT_ACCOUNT_ID), path, entry


def _organization_keys() -> tuple[str, ...]:
    return (*reply_shape("workmail", "DescribeOrganization").members, *_OWN_KEYS)


def _parse_organizations(document: Mapping[str, Any], now: float) -> Iterator[_SeededOrganization]:
    seen: set[str] = set()
    for account_id, path, entry in _entries_by_account(document):
        region = text(entry, "Region", path, r"[a-z0-9-]+", _DEFAULT_REGION)
        if region not in workmail_backends[account_id]:
            raise SeedError(f"{path}.Region: {region!r} is not a region of Amazon WorkMail")
        organization = _organization(entry, path, account_id, region, now)
        organization_id = organization.description["OrganizationId"]
        if organization_id in seen or organization_id in workmail_backends[account_id][region].organizations:
            raise SeedError(f"{path}.OrganizationId: duplicate {organization_id!r}")
        seen.add(organization_id)
        yield _SeededOrganization(account_id, region, organization)


def _number(entry: Mapping[str, Any], key: str, path: str) -> int:
    value = entry.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SeedError(f"{path}.{key}: must be a whole number from 0, not {value!r}")
    return value


def _organization(entry: Mapping[str, Any], path: str, account_id: str, region: str, now: float) -> Organization:
    alias = text(entry, "Alias", path, r".+")
    digest = hashlib.sha256(f"{account_id}/{region}/{alias}".encode()).hexdigest()
    organization_id = text(entry, "OrganizationId", path, r"m-[0-9a-f]{32}", f"m-{digest[:32]}")
    described = {name: value for name, value in entry.items() if name not in _OWN_KEYS}
    organization = Organization(
        {
            "State": "Active",
            "DefaultMailDomain": f"{alias}.awsapps.com",
            **checked_members(described, reply_shape("workmail", "DescribeOrganization").members, path, now),
            "OrganizationId": organization_id,
        }
    )
    users, tokens = (_number(entry, key, path) for key in ("GeneratedUsers", "GeneratedPersonalAccessTokens"))
    if users:
        organization.users = generated_users(users, alias, digest)
    if tokens:
        organization.personal_access_tokens = generated_tokens(tokens, users, digest, now)
    for user_path, user in documents(entry, "Users", user_members(), "Id", path, now):
        if "Id" not in user:
            raise SeedError(f"{user_path}.Id: missing")
        organization.users.add(user)
    members = reply_shape("workmail", "ListPersonalAccessTokens").members
    for _, token in documents(entry, "PersonalAccessTokens", members, "PersonalAccessTokenId", path, now):
        organization.personal_access_tokens.add(token)
    if "IdentityProviderConfiguration" in entry:
        output = get_service_model("workmail").operation_model("DescribeIdentityProviderConfiguration").output_shape
        organization.identity_provider_configuration = checked(
            entry["IdentityProviderConfiguration"], output, f"{path}.IdentityProviderConfiguration", now
        )
    return organization
