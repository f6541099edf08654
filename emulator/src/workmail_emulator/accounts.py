# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWS accounts of the seed, their users and roles in moto's IAM, and the account of an access key."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import AccessKey, iam_backends
from moto.iam.utils import ACCOUNT_OFFSET, AWS_ROLE_ALPHABET
from moto.sts.models import sts_backends

_REGION = "us-east-1"
_ADMINISTRATOR = "workmail-emulator-administrator"
_ALLOW_ALL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


@dataclass(frozen=True)
class IamRole:
    """A role to assume: its trust policy and its inline policy, each as JSON."""

    name: str
    path: str
    trust: str
    policy: str | None


@dataclass(frozen=True)
class IamUser:
    """A user with an access key. moto generates each part of the key that is None."""

    name: str
    access_key_id: str | None
    secret_access_key: str | None
    policy: str | None


@dataclass(frozen=True)
class Account:
    """An AWS account of the seed.

    The parent is None for an account that is not in AWS Organizations.
    An account with ``roles`` has only these; with None, any role can be assumed while IAM is not enforced.
    """

    description: dict[str, Any]
    parent_id: str | None
    delegated_administrator: bool
    roles: tuple[IamRole, ...] | None
    users: tuple[IamUser, ...]

    @property
    def id(self) -> str:
        """The ID of the account."""
        return str(self.description["Id"])


_accounts: dict[str, Account] = {}
_account_ids_of_keys: dict[str, str] = {}


def account(account_id: str) -> Account | None:
    """Return an account of the seed.

    Args:
        account_id: The ID of the account.

    Returns:
        The account, or None if the seed has no account with this ID.
    """
    return _accounts.get(account_id)


def accounts() -> list[Account]:
    """Return the accounts of the seed in the order of the seed."""
    return list(_accounts.values())


def add(added: Account) -> None:
    """Add an account whose ID is new, with its IAM users and roles.

    Args:
        added: The account.
    """
    _accounts[added.id] = added
    iam = iam_backends[added.id]["aws"]
    for role in added.roles or ():
        iam.create_role(role.name, role.trust, role.path, None, "", [], "3600")
        if role.policy is not None:
            iam.put_role_policy(role.name, "seed", role.policy)
    for user in added.users:
        _add_user(added.id, user)


def credentials(account_id: str) -> dict[str, str]:
    """Return the access key of an administrator of an account, who is created if necessary.

    Args:
        account_id: The ID of the account.

    Returns:
        The arguments ``aws_access_key_id`` and ``aws_secret_access_key`` of boto3.
    """
    iam = iam_backends[account_id]["aws"]
    if _ADMINISTRATOR not in iam.users:
        _add_user(account_id, IamUser(_ADMINISTRATOR, None, None, _ALLOW_ALL))
    return _arguments(iam.users[_ADMINISTRATOR].access_keys[0])


def account_id_of(access_key_id: str | None) -> str:
    """Return the account of an access key, as moto does, without asking each account in turn.

    An access key that moto made contains its account ID.

    Args:
        access_key_id: The ID of the access key, or None for a request without one.

    Returns:
        The account ID. For an unknown access key, it is that of moto's default account.
    """
    if access_key_id in _account_ids_of_keys:
        return _account_ids_of_keys[access_key_id]
    account_id = _encoded_account_id(access_key_id or "")
    # get() does not create missing backends.
    of_partitions = list(dict.values(iam_backends.get(account_id, {})))
    if any(access_key_id in backend.access_keys for backend in of_partitions):
        return account_id
    return DEFAULT_ACCOUNT_ID


def empty() -> None:
    """Remove the accounts of the seed, and their data in moto's IAM and STS."""
    for account_id in _accounts:
        iam_backends.pop(account_id, None)
        sts_backends.pop(account_id, None)
    _accounts.clear()
    _account_ids_of_keys.clear()


def _add_user(account_id: str, user: IamUser) -> None:
    iam = iam_backends[account_id]["aws"]
    iam.create_user(_REGION, user.name)
    if user.policy is not None:
        iam.put_user_policy(user.name, "seed", user.policy)
    key = iam.create_access_key(user.name)
    key.secret_access_key = user.secret_access_key or key.secret_access_key
    if user.access_key_id is not None:
        del iam.access_keys[key.access_key_id]
        key.access_key_id = user.access_key_id
        iam.access_keys[key.access_key_id] = key
        _account_ids_of_keys[key.access_key_id] = account_id


def _arguments(key: AccessKey) -> dict[str, str]:
    return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}


def _encoded_account_id(access_key_id: str) -> str:
    """Decode the account ID in an access key: eight characters encode its half, and the next whether it is odd."""
    try:
        half = int.from_bytes(base64.b32decode(access_key_id[4:12]), "big") - ACCOUNT_OFFSET
    except ValueError:
        return ""
    odd = access_key_id[12:13] in AWS_ROLE_ALPHABET[16:]
    return f"{2 * half + odd:012}"
