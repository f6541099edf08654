# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a seed document and their place in AWS Organizations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.iam.policy_validation import IAMPolicyDocumentValidator

from . import accounts, organizations
from .accounts import Account, IamRole, IamUser
from .checks import SeedError, checked_members, entries, known_keys, text
from .shapes import reply_shape

_ACCOUNT_ID = r"\d{12}"
_DESCRIBED = ("Id", "Name", "Email", "State", "JoinedMethod", "JoinedTimestamp")
_OWN_KEYS = ("Parent", "DelegatedAdministrator", "IamRoles", "IamUsers", "Organizations")
_TRUST_KEYS = ("AssumeRolePolicyDocument", "TrustedPrincipals", "ExternalId")
# Accounts join a second after each other from here on unless the seed says when.
_FIRST_JOINED = 1_577_836_800


@dataclass
class _AwsOrganization:
    management_account_id: str
    id: str
    root_id: str
    units: list[tuple[str, str, str]] = field(default_factory=list)
    ids_by_path: dict[str, str] = field(default_factory=dict)


@dataclass
class Accounts:
    """The accounts of one seed, checked and not yet added."""

    accounts: list[Account]
    organization: _AwsOrganization | None

    @classmethod
    def of(cls, document: Mapping[str, Any], now: float) -> Accounts:
        """Return the accounts of a seed.

        Args:
            document: The seed.
            now: Epoch seconds that relative times count from.

        Raises:
            SeedError: If they cannot be added.
        """
        organization = _aws_organization(document)
        found: dict[str, Account] = {}
        for number, (path, entry) in enumerate(entries(document, "Accounts", "")):
            account = _account(entry, path, organization, _FIRST_JOINED + number, now)
            if account.id in found or accounts.account(account.id) is not None:
                raise SeedError(f"{path}.Id: duplicate {account.id!r}")
            found[account.id] = account
        if organization is not None and organization.management_account_id not in found:
            path = "AwsOrganization.ManagementAccountId"
            raise SeedError(f"{path}: {organization.management_account_id!r} is not among the Accounts of the seed")
        return cls(list(found.values()), organization)

    def add(self) -> None:
        """Add the accounts to this process."""
        for account in self.accounts:
            accounts.add(account)
        management = None
        if self.organization is not None:
            management = next(a for a in self.accounts if a.id == self.organization.management_account_id)
            organizations.create(management, self.organization.id, self.organization.root_id, self.organization.units)
        backend = organizations.management_backend() if self.accounts else None
        for account in self.accounts:
            if backend is not None and account is not management and account.parent_id is not None:
                organizations.join(backend, account)


def _aws_organization(document: Mapping[str, Any]) -> _AwsOrganization | None:
    if "AwsOrganization" not in document:
        return None
    if organizations.management_backend() is not None:
        raise SeedError("AwsOrganization: there is one already")
    path, entry = "AwsOrganization", document["AwsOrganization"]
    known_keys(entry, ("ManagementAccountId", "Id", "RootId", "OrganizationalUnits"), path)
    organization = _AwsOrganization(
        text(entry, "ManagementAccountId", path, _ACCOUNT_ID),
        text(entry, "Id", path, r"o-[a-z0-9]{10,32}", "o-emulated00"),
        text(entry, "RootId", path, r"r-[a-z0-9]{4,32}", "r-root"),
    )
    for unit_id, parent_id, name, unit_path in _units(entry, path, organization.root_id, organization.root_id, ""):
        if unit_path in organization.ids_by_path or unit_id in organization.ids_by_path.values():
            raise SeedError(f"{path}: duplicate organizational unit {unit_path!r} ({unit_id})")
        organization.units.append((unit_id, parent_id, name))
        organization.ids_by_path[unit_path] = unit_id
    return organization


def _units(
    parent: Mapping[str, Any], path: str, root_id: str, parent_id: str, above: str
) -> Iterator[tuple[str, str, str, str]]:
    """Yield the ID, parent ID, name and path of names of each organizational unit, parents first."""
    for unit_path, entry in entries(parent, "OrganizationalUnits", path):
        known_keys(entry, ("Name", "Id", "OrganizationalUnits"), unit_path)
        name = text(entry, "Name", unit_path, r"[^/]+")
        names = f"{above}/{name}" if above else name
        suffix = root_id.removeprefix("r-")
        derived = f"ou-{suffix}-{hashlib.sha256(names.encode()).hexdigest()[:8]}"
        unit_id = text(entry, "Id", unit_path, rf"ou-{suffix}-[a-z0-9]{{8,32}}", derived)
        yield unit_id, parent_id, name, names
        yield from _units(entry, unit_path, root_id, unit_id, names)


def _account(entry: Any, path: str, organization: _AwsOrganization | None, joined: float, now: float) -> Account:
    known_keys(entry, (*_DESCRIBED, *_OWN_KEYS), path)
    account_id = text(entry, "Id", path, _ACCOUNT_ID)
    members = reply_shape("organizations", "ListAccounts").members
    given = {name: entry[name] for name in _DESCRIBED if name in entry}
    delegated = entry.get("DelegatedAdministrator", False)
    if not isinstance(delegated, bool):
        raise SeedError(f"{path}.DelegatedAdministrator: must be true or false")
    return Account(
        {
            "Name": f"account-{account_id}",
            "Email": f"account-{account_id}@example.com",
            "State": "ACTIVE",
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": joined,
            **checked_members(given, members, path, now),
        },
        _parent_id(entry, path, organization),
        delegated,
        tuple(_roles(entry, path)) if "IamRoles" in entry else None,
        tuple(_users(entry, path)),
    )


def _parent_id(entry: Mapping[str, Any], path: str, organization: _AwsOrganization | None) -> str | None:
    """Return the ID of the root or unit that an account is in, None for an account outside AWS Organizations."""
    if entry.get("Parent", "") is None:
        return None
    if organization is not None:
        root_id, known = organization.root_id, organization.ids_by_path
    else:
        backend = organizations.management_backend()
        if backend is None or backend.org is None:
            if "Parent" in entry:
                raise SeedError(f"{path}.Parent: the seed has no AwsOrganization")
            return None
        root_id, known = backend.org.root_id, {unit.id: unit.id for unit in backend.ou}
    parent = text(entry, "Parent", path, r".+", root_id)
    if parent in (root_id, *known.values()):
        return parent
    if parent not in known:
        raise SeedError(f"{path}.Parent: {parent!r} is not an organizational unit of the seed")
    return known[parent]


def _roles(account: Mapping[str, Any], path: str) -> Iterator[IamRole]:
    for role_path, entry in entries(account, "IamRoles", path):
        known_keys(entry, ("RoleName", "Path", *_TRUST_KEYS, "PolicyDocument"), role_path)
        yield IamRole(
            text(entry, "RoleName", role_path, r"[\w+=,.@-]{1,64}"),
            text(entry, "Path", role_path, r"/|/[!-~]+/", "/"),
            _trust(entry, role_path),
            _policy(entry, role_path),
        )


def _trust(entry: Mapping[str, Any], path: str) -> str:
    """Return the trust policy of a role: as given, or made of principals and an external ID."""
    if "AssumeRolePolicyDocument" in entry:
        if len(set(_TRUST_KEYS) & entry.keys()) > 1:
            raise SeedError(f"{path}: AssumeRolePolicyDocument excludes TrustedPrincipals and ExternalId")
        return json.dumps(entry["AssumeRolePolicyDocument"])
    principals = entry.get("TrustedPrincipals")
    if not isinstance(principals, list) or not all(isinstance(principal, str) for principal in principals):
        raise SeedError(f"{path}.TrustedPrincipals: must be a list of account IDs and ARNs")
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principals}}
    if "ExternalId" in entry:
        external_id = text(entry, "ExternalId", path, r".+")
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _users(account: Mapping[str, Any], path: str) -> Iterator[IamUser]:
    for user_path, entry in entries(account, "IamUsers", path):
        known_keys(entry, ("UserName", "AccessKeyId", "SecretAccessKey", "PolicyDocument"), user_path)
        yield IamUser(
            text(entry, "UserName", user_path, r"[\w+=,.@-]{1,64}"),
            text(entry, "AccessKeyId", user_path, r"[A-Z0-9]{20}") if "AccessKeyId" in entry else None,
            text(entry, "SecretAccessKey", user_path, r".+") if "SecretAccessKey" in entry else None,
            _policy(entry, user_path),
        )


def _policy(entry: Mapping[str, Any], path: str) -> str | None:
    """Return the inline policy as JSON, after moto's IAM has checked it."""
    if "PolicyDocument" not in entry:
        return None
    document = json.dumps(entry["PolicyDocument"])
    try:
        IAMPolicyDocumentValidator(document).validate()
    except Exception as error:  # moto's errors have no common class that is public
        raise SeedError(f"{path}.PolicyDocument: {getattr(error, 'message', error)}") from None
    return document
