# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The cache of snapshots."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from typing import Any

from ...module_utils._domain.accounts import Account
from ...module_utils._domain.tokens import Organization, Owner, Token, owner_of
from ...module_utils._sweep.accounts import AccountOptions
from ...module_utils._workmail.connection import Connection
from ...module_utils._workmail.progress import Progress
from ...module_utils._workmail.session import Session
from .options import ORGANIZATIONS, InventoryOptions
from .snapshot import AccountSnapshot, OrganizationSnapshot, Snapshot, fetch_snapshot

# Increase this number with each change to the content of records. Records with another number are not used.
_FORMAT = 3
_FIELDS = Token._fields[Token._fields.index("personal_access_token_id") : Token._fields.index("owner")]

CONNECTION_OPTIONS = (
    "access_key",
    "assume_role_external_id",
    "connect_timeout",
    "endpoint_url",
    "profile",
    "read_timeout",
    "region",
    "secret_key",
    "session_token",
)
# The environment variables that decide whose credentials boto3 finds and which endpoints it calls. None of them is
# secret.
_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_ORGANIZATIONS",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_WORKMAIL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
_SECRETS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")


def load_or_fetch(plugin: Any, options: InventoryOptions, cache: bool) -> Snapshot:
    """Load the snapshot from the plugin's cache, or fetch it.

    Args:
        plugin: The inventory plugin, which has read its options.
        options: Its checked options.
        cache: Whether Ansible allows the plugin to use its cache.

    Returns:
        The snapshot.

    Raises:
        PatrolError: A target could not be read completely.
    """
    settings = options.hosts == ORGANIZATIONS
    connection = Connection({name: plugin.get_option(name) for name in CONNECTION_OPTIONS})
    key = ""
    if plugin.get_option("cache"):
        key = cache_key(_cache_scope(plugin, options, settings, connection))
        snapshot = from_cache(_read_cache(plugin, key, cache), key)
        if snapshot is not None:
            return snapshot
    session = Session.open(connection, options.sweep, Progress(plugin.display.v))
    snapshot = fetch_snapshot(options.sweep, session, settings)
    session.progress.show_total()
    record = to_cache(snapshot, key)
    if record is not None:
        # With cache=False, Ansible replaces a record that could not be used.
        plugin.update_cached_result(key, False, record)
    return snapshot


def _cache_scope(plugin: Any, options: InventoryOptions, settings: bool, connection: Connection) -> dict[str, Any]:
    asked = options.sweep
    return {
        "origin": origin_of_calls(connection),
        "access_key": plugin.get_option("access_key"),
        "profile": plugin.get_option("profile"),
        "endpoint_url": plugin.get_option("endpoint_url"),
        "role": asked.role,
        "accounts": _account_scope(asked.accounts),
        "region": connection.region,
        "regions": sorted(asked.regions),
        "organizations": sorted(asked.organizations),
        "users": sorted(asked.users),
        "owners": asked.owners,
        "settings": settings,
    }


def _account_scope(asked: AccountOptions | None) -> Any:
    if asked is None:
        return None
    return asked._replace(entries=sorted(asked.entries), excluded=sorted(asked.excluded))


def origin_of_calls(connection: Connection) -> dict[str, Any]:
    """Collect the settings of this machine that determine the credentials and the endpoints of boto3.

    Args:
        connection: The connection.

    Returns:
        The environment variables, the AWS configuration files without their secrets, and the host name, because an
        instance can have a role. No AWS call is necessary.
    """
    files = connection.settings.full_config
    return {
        "environment": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "profiles": {
            name: {key: value for key, value in settings.items() if key not in _SECRETS}
            for name, settings in files.get("profiles", {}).items()
        },
        "others": {name: value for name, value in files.items() if name not in ("profiles", "_path")},
        "machine": platform.node(),
    }


def _read_cache(plugin: Any, key: str, cache: bool) -> Any:
    try:
        return plugin.get_cached_result(key, cache)[1]
    except Exception:
        # Cache plugins raise any exception for a corrupt record, which the service can replace.
        return None


def cache_key(scope: Mapping[str, Any]) -> str:
    """Make the key of a cache record.

    Args:
        scope: Everything that determines the content of the snapshot.

    Returns:
        A digest, which does not reveal the scope.
    """
    return hashlib.sha256(json.dumps([_FORMAT, scope], sort_keys=True).encode()).hexdigest()


def to_cache(snapshot: Snapshot, key: str) -> dict[str, Any] | None:
    """Make the cache record of a snapshot.

    Args:
        snapshot: The snapshot.
        key: The key of the record.

    Returns:
        The record, or None if the snapshot is incomplete and must not be cached.
    """
    if snapshot.errors or not all(part.complete for part in snapshot.organizations):
        return None
    if any(part.complete is False for part in snapshot.accounts):
        return None
    organizations = [
        [
            part.organization,
            [[getattr(token, name) for name in (*_FIELDS, "other")] for token in part.tokens],
            part.users,
            part.settings,
        ]
        for part in snapshot.organizations
    ]
    fetched = json.dumps({"organizations": organizations, "accounts": snapshot.accounts})
    return {"key": key, "digest": _digest(key, fetched), "fetched": fetched}


def from_cache(record: object, key: str) -> Snapshot | None:
    """Restore the snapshot from a cache record.

    Args:
        record: The value that the cache returned.
        key: The key under which it was stored.

    Returns:
        The snapshot, or None if the record is not exactly what ``to_cache`` made for the key.
    """
    if not isinstance(record, Mapping) or record.get("key") != key or not isinstance(record.get("fetched"), str):
        return None
    if record.get("digest") != _digest(key, record["fetched"]):
        return None
    fetched = json.loads(record["fetched"])
    return Snapshot(
        [_organization_snapshot(*fields) for fields in fetched["organizations"]],
        [],
        [_account_snapshot(*fields) for fields in fetched["accounts"]],
    )


def _digest(key: str, fetched: str) -> str:
    return hashlib.sha256(f"{key}{fetched}".encode()).hexdigest()


def _account_snapshot(account: Any, complete: Any, organizations: Any) -> AccountSnapshot:
    return AccountSnapshot(Account(*account), complete, [Organization(*fields) for fields in organizations])


def _organization_snapshot(organization: Any, tokens: Any, users: Any, settings: Any) -> OrganizationSnapshot:
    place = Organization(*organization)
    known = None if users is None else {fields[0]: Owner(*fields) for fields in users}

    def token(*fields: Any, other: Any) -> Token:
        values = dict(zip(_FIELDS, fields, strict=True))
        owner = None if known is None else owner_of(values["user_id"], known)
        account: dict[str, Any] = {"account_id": place.account_id, "account_name": place.account_name}
        return Token(place.id, place.alias, place.region, **values, owner=owner, other=other, **account)

    return OrganizationSnapshot(
        place,
        True,
        [token(*fields[:-1], other=fields[-1]) for fields in tokens],
        None if known is None else list(known.values()),
        settings,
    )
