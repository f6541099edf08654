# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads seed documents and fills WorkMail with them."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from botocore.model import ListShape, Shape, StructureShape
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.utils import get_service_model

from .model import reply_shape, user_members
from .times import epoch_seconds
from .workmail.models import Organization, workmail_backends

_DEFAULT_REGION = "us-east-1"
_OWN_KEYS = ("AccountId", "Region", "Users", "PersonalAccessTokens", "IdentityProviderConfiguration")
_PYTHON_TYPES: dict[str, tuple[type, str]] = {
    "string": (str, "a string"),
    "boolean": (bool, "true or false"),
    "integer": (int, "an integer"),
}
# The C loader reads a large seed some ten times as fast, and is not in every build of PyYAML.
_YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Seed = Mapping[str, Any] | str | Path


class SeedError(ValueError):
    """A seed that cannot be used; the message names the place in it."""


@dataclass
class _Planted:
    account_id: str
    region: str
    organization: Organization


def load(seed: Seed) -> None:
    """Add the organizations of a seed to WorkMail in this process: all of them, or none if there is an error.

    :param seed: the document itself, or the path of a JSON or YAML file with it.
    :raises SeedError: naming the place: unknown keys, wrong types, bad times, duplicate ids, organizations that are
        there already, a file that cannot be read.
    """
    document = _read(Path(seed)) if isinstance(seed, str | Path) else seed
    plants = list(_planted(document, time.time()))
    for plant in plants:
        workmail_backends[plant.account_id][plant.region].add_organization(plant.organization)


def parse(text: str) -> Any:
    """Return the document in a JSON or YAML text.

    :raises SeedError: if it is neither.
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.load(text, _YAML_LOADER)
    except (yaml.YAMLError, ValueError) as error:
        raise SeedError(f"neither JSON nor YAML: {' '.join(str(error).split())}") from None


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SeedError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SeedError(f"{path}: not UTF-8") from None
    return parse(text)


def _planted(document: Any, now: float) -> Iterator[_Planted]:
    _known_keys(document, ("Organizations",), "")
    seen: set[str] = set()
    for path, entry in _entries(document, "Organizations", ""):
        _known_keys(entry, (*reply_shape("DescribeOrganization").members, *_OWN_KEYS), path)
        account_id = _text(entry, "AccountId", path, r"\d{12}", DEFAULT_ACCOUNT_ID)
        region = _text(entry, "Region", path, r"[a-z0-9-]+", _DEFAULT_REGION)
        if region not in workmail_backends[account_id]:
            raise SeedError(f"{path}.Region: Amazon WorkMail is not in {region!r}")
        organization = _organization(entry, path, account_id, region, now)
        organization_id = organization.description["OrganizationId"]
        if organization_id in seen or organization_id in workmail_backends[account_id][region].organizations:
            raise SeedError(f"{path}.OrganizationId: duplicate {organization_id!r}")
        seen.add(organization_id)
        yield _Planted(account_id, region, organization)


def _organization(entry: Mapping[str, Any], path: str, account_id: str, region: str, now: float) -> Organization:
    alias = _text(entry, "Alias", path, r".+")
    digest = hashlib.sha256(f"{account_id}/{region}/{alias}".encode()).hexdigest()
    organization_id = _text(entry, "OrganizationId", path, r"m-[0-9a-f]{32}", f"m-{digest[:32]}")
    described = {name: value for name, value in entry.items() if name not in _OWN_KEYS}
    organization = Organization(
        {
            "State": "Active",
            "DefaultMailDomain": f"{alias}.awsapps.com",
            **_checked_members(described, reply_shape("DescribeOrganization").members, path, now),
            "OrganizationId": organization_id,
        }
    )
    for user_path, user in _checked_entries(entry, "Users", user_members(), "Id", path, now):
        if "Id" not in user:
            raise SeedError(f"{user_path}.Id: missing")
        organization.users.add(user)
    token_members = reply_shape("ListPersonalAccessTokens").members
    for _, token in _checked_entries(entry, "PersonalAccessTokens", token_members, "PersonalAccessTokenId", path, now):
        organization.personal_access_tokens.add(token)
    if "IdentityProviderConfiguration" in entry:
        output = get_service_model("workmail").operation_model("DescribeIdentityProviderConfiguration").output_shape
        organization.identity_provider_configuration = _checked(
            entry["IdentityProviderConfiguration"], output, f"{path}.IdentityProviderConfiguration", now
        )
    return organization


def _checked_entries(
    parent: Mapping[str, Any], key: str, members: Mapping[str, Shape], id_field: str, path: str, now: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    seen: set[str] = set()
    for entry_path, entry in _entries(parent, key, path):
        _known_keys(entry, tuple(members), entry_path)
        document = _checked_members(entry, members, entry_path, now)
        document_id = document.get(id_field)
        if document_id is not None and document_id in seen:
            raise SeedError(f"{entry_path}.{id_field}: duplicate {document_id!r}")
        seen.add(str(document_id))
        yield entry_path, document


def _entries(parent: Mapping[str, Any], key: str, path: str) -> Iterator[tuple[str, Any]]:
    entries = parent.get(key, [])
    list_path = f"{path}.{key}" if path else key
    if not isinstance(entries, list | tuple):
        raise SeedError(f"{list_path}: must be a list, not {_type_name(entries)}")
    for index, entry in enumerate(entries):
        yield f"{list_path}[{index}]", entry


def _known_keys(value: Any, known: tuple[str, ...], path: str) -> None:
    if not isinstance(value, Mapping):
        raise SeedError(f"{path or 'seed'}: must be a mapping, not {_type_name(value)}")
    for key in value:
        if key not in known:
            raise SeedError(f"{path}.{key}: unknown key" if path else f"{key}: unknown key")


def _checked_members(entry: Mapping[str, Any], members: Mapping[str, Shape], path: str, now: float) -> dict[str, Any]:
    return {name: _checked(value, members[name], f"{path}.{name}", now) for name, value in entry.items()}


def _checked(value: Any, shape: Shape, path: str, now: float) -> Any:
    """Return a value of the type the service model gives it, times as epoch seconds.

    Lengths, patterns and enumerations are left alone, so that a seed can hold what the service should never reply.
    """
    if shape.type_name == "timestamp":
        try:
            return epoch_seconds(value, now)
        except ValueError as error:
            raise SeedError(f"{path}: {error}") from None
    if isinstance(shape, StructureShape):
        _known_keys(value, tuple(shape.members), path)
        return _checked_members(value, shape.members, path, now)
    if isinstance(shape, ListShape):
        if not isinstance(value, list | tuple):
            raise SeedError(f"{path}: must be a list, not {_type_name(value)}")
        return [_checked(item, shape.member, f"{path}[{index}]", now) for index, item in enumerate(value)]
    wanted, description = _PYTHON_TYPES[shape.type_name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise SeedError(f"{path}: must be {description}, not {_type_name(value)}")
    return value


def _text(entry: Mapping[str, Any], key: str, path: str, pattern: str, default: str | None = None) -> str:
    if key not in entry:
        if default is None:
            raise SeedError(f"{path}.{key}: missing")
        return default
    value = entry[key]
    if not isinstance(value, str):
        raise SeedError(f"{path}.{key}: must be a string, not {_type_name(value)}")
    if not re.fullmatch(pattern, value):
        raise SeedError(f"{path}.{key}: {value!r} does not match {pattern}")
    return value


def _type_name(value: Any) -> str:
    return "null" if value is None else type(value).__name__
