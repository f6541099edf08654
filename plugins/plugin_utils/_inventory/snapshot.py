# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""What an inventory is made of: everything that was fetched, before anything is selected or judged, and its cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._domain.conditions import parse_conditions
from ...module_utils._domain.errors import PatrolError
from ...module_utils._domain.tokens import Organization, Owner, Token
from ...module_utils._settings import settings_of
from ...module_utils._sweep.concurrency import WorkerPool
from ...module_utils._sweep.options import SweepOptions
from ...module_utils._sweep.sweep import owner_of, sweep
from ...module_utils._workmail import operations
from ...module_utils._workmail.errors import DENIED
from ...module_utils._workmail.session import Session

# To be counted up with each change of what is cached; a record of another format is fetched anew.
_FORMAT = 1
_OF_THE_TOKEN = Token._fields[Token._fields.index("personal_access_token_id") : Token._fields.index("owner")]


class OrganizationSnapshot(NamedTuple):
    """An organization of an estate and whether it was read whole.

    C(users) are its users in order, None where owners were not wanted. C(settings) are those of its tokens, None where
    they were not wanted or may not be read.
    """

    organization: Organization
    complete: bool
    tokens: Sequence[Token]
    users: Sequence[Owner] | None
    settings: Mapping[str, Any] | None


class Snapshot(NamedTuple):
    """The Active organizations of a sweep, in order, and what could not be read."""

    parts: Sequence[OrganizationSnapshot]
    errors: Sequence[PatrolError]


def fetch(options: SweepOptions, session: Session, settings: bool) -> Snapshot:
    """Read everything that the options ask for, whatever they select.

    Args:
        options: What to read.
        session: Where and as whom.
        settings: Whether to read the settings of the tokens as well.

    Raises:
        PatrolError: A target could not be read whole; with C(options.keep_going) it is among C(errors) instead.
    """
    found = sweep(options._replace(select=parse_conditions({}, "select")), session)
    organizations = [entry.organization for entry in found.organizations if entry.organization.readable]
    complete = {entry.organization for entry in found.organizations if entry.complete}
    errors = list(found.errors)
    known: dict[Organization, Mapping[str, Any] | None] = {}
    if settings:
        calls = WorkerPool(options.concurrency, options.keep_going)
        readable = [organization for organization in organizations if organization in complete]
        clients = {region: session.client(region) for region in sorted({each.region for each in readable})}

        def read(organization: Organization) -> dict[str, Any]:
            return {"read": _settings(clients[organization.region], organization)}

        for organization, answer in zip(readable, calls.each(read, readable), strict=True):
            if answer is None:
                complete.discard(organization)
            else:
                known[organization] = answer["read"]
        errors += calls.errors
    tokens: dict[tuple[str, str], list[Token]] = {}
    for token in found.tokens:
        tokens.setdefault((token.organization_id, token.region), []).append(token)
    return Snapshot(
        [
            OrganizationSnapshot(
                organization,
                organization in complete,
                tokens.get((organization.id, organization.region), []),
                _sorted(found.owners.get(organization)) if options.owners else None,
                known.get(organization),
            )
            for organization in organizations
        ],
        errors,
    )


def _settings(client: Any, organization: Organization) -> dict[str, Any] | None:
    try:
        configuration = operations.describe_identity_provider_configuration(client, organization.id)
    except PatrolError as error:
        if error.error_code in DENIED:
            return None
        raise
    return settings_of(configuration)


def _sorted(users: Mapping[str, Owner] | None) -> list[Owner]:
    return [users[user_id] for user_id in sorted(users)] if users else []


def cache_key(whence: Mapping[str, Any]) -> str:
    """The key of a cache record: a digest of everything that decides what is fetched."""
    return hashlib.sha256(json.dumps([_FORMAT, whence], sort_keys=True).encode()).hexdigest()


def to_cache(estate: Snapshot, key: str) -> dict[str, Any] | None:
    """The cache record of an estate; None where it is not whole and so must not be cached."""
    if estate.errors or not all(part.complete for part in estate.parts):
        return None
    fetched = json.dumps(
        [
            [
                part.organization,
                [[getattr(token, name) for name in (*_OF_THE_TOKEN, "other")] for token in part.tokens],
                part.users,
                part.settings,
            ]
            for part in estate.parts
        ]
    )
    return {"key": key, "digest": _digest(key, fetched), "fetched": fetched}


def from_cache(record: object, key: str) -> Snapshot | None:
    """The estate of a cache record; None where the record is not one that M(to_cache) made under this key."""
    if not isinstance(record, Mapping) or record.get("key") != key or not isinstance(record.get("fetched"), str):
        return None
    if record.get("digest") != _digest(key, record["fetched"]):
        return None
    return Snapshot([_organization_snapshot(*fields) for fields in json.loads(record["fetched"])], [])


def _digest(key: str, fetched: str) -> str:
    return hashlib.sha256(f"{key}{fetched}".encode()).hexdigest()


def _organization_snapshot(organization: Any, tokens: Any, users: Any, settings: Any) -> OrganizationSnapshot:
    place = Organization(*organization)
    known = None if users is None else {fields[0]: Owner(*fields) for fields in users}

    def token(*fields: Any, other: Any) -> Token:
        values = dict(zip(_OF_THE_TOKEN, fields, strict=True))
        owner = None if known is None else owner_of(values["user_id"], known)
        return Token(place.id, place.alias, place.region, **values, owner=owner, other=other)

    return OrganizationSnapshot(
        place,
        True,
        [token(*fields[:-1], other=fields[-1]) for fields in tokens],
        None if known is None else list(known.values()),
        settings,
    )
