# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Personal access tokens: the internal type ``Token``, and the record that users see.

Pure: the standard library only.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional, Sequence, Tuple

from .checks import check_plain, list_at, optional_text_at, text_at
from .errors import OptionError
from .times import format_instant, in_days, parse_instant

UNKNOWN = "UNKNOWN"
# The organization ID and the token ID.
TokenKey = Tuple[str, Optional[str]]

# The states of organizations that are being created or deleted, or that were deleted, in lowercase.
_WITHOUT_TOKENS = ("creating", "deleting", "deleted")

TOKEN_FIELDS = {
    "PersonalAccessTokenId": "personal_access_token_id",
    "UserId": "user_id",
    "Name": "name",
    "DateCreated": "date_created",
    "DateLastUsed": "date_last_used",
    "ExpiresTime": "expires_time",
    "Scopes": "scopes",
}
_ACCOUNT = ("account_id", "account_name")
_PLACE = ("organization_id", "organization_alias", "region")
_TIMES = ("date_created", "date_last_used", "expires_time")
DERIVED = ("expired", "never_used", "age_days", "unused_days", "lifetime_days", "expires_in_days")


class Organization(NamedTuple):
    """A WorkMail organization.

    ``region`` is the region that listed it, and ``state`` is the state that the service returned. ``account_id`` and
    ``account_name`` belong to its AWS account, and are None if they are not known.
    """

    id: str
    alias: str | None
    region: str
    state: str
    account_id: str | None = None
    account_name: str | None = None

    @property
    def readable(self) -> bool:
        """Whether to read the tokens of the organization.

        AWS does not document the states of an organization. An organization that is being created or deleted has no
        tokens, so it is skipped. In every other state the tokens are read, and if AWS refuses this, it is an error.
        """
        return self.state.casefold() not in _WITHOUT_TOKENS


class Owner(NamedTuple):
    """The user who owns a token.

    ``state`` is ``ENABLED``, ``DISABLED`` or ``DELETED``, or ``UNKNOWN`` if ListUsers does not return the user.
    ``disabled_date`` is in microseconds since the epoch.
    """

    user_id: str | None
    name: str | None = None
    email: str | None = None
    display_name: str | None = None
    state: str | None = UNKNOWN
    disabled_date: int | None = None
    identity_provider_user_id: str | None = None


class Token(NamedTuple):
    """A personal access token.

    All times are in microseconds since the epoch. A field is None if the service did not return it. ``other`` has the
    fields that this collection does not know.
    """

    organization_id: str
    organization_alias: str | None
    region: str
    personal_access_token_id: str | None
    user_id: str | None
    name: str | None
    date_created: int | None
    date_last_used: int | None
    expires_time: int | None
    scopes: Sequence[str] | None
    owner: Owner | None = None
    other: Mapping[str, Any] | None = None
    account_id: str | None = None
    account_name: str | None = None

    @property
    def key(self) -> TokenKey:
        """The organization ID and the token ID, which identify the token."""
        return self.organization_id, self.personal_access_token_id

    def expired(self, as_of: int) -> bool:
        """Return whether the token has expired.

        Args:
            as_of: The instant, in microseconds since the epoch.

        Returns:
            Whether the token has an expiry time at or before the instant.
        """
        return self.expires_time is not None and self.expires_time <= as_of

    @property
    def last_activity(self) -> int | None:
        """The time of the last use, or of the creation if the token was never used."""
        return self.date_created if self.date_last_used is None else self.date_last_used


def token_from_summary(summary: Mapping[str, Any], organization: Organization, owner: Owner | None = None) -> Token:
    """Make a token from an entry of ListPersonalAccessTokens.

    Args:
        summary: The entry, with times in microseconds since the epoch. The fields in ``TOKEN_FIELDS`` have their API
            names, and other fields have the names that they get in the record. See
            https://docs.aws.amazon.com/workmail/latest/APIReference/API_PersonalAccessTokenSummary.html.
        organization: The organization of the token.
        owner: The owner of the token; None if owners were not requested.

    Returns:
        The token.
    """
    get = summary.get
    other = None
    if not summary.keys() <= TOKEN_FIELDS.keys():
        other = {key: value for key, value in summary.items() if key not in TOKEN_FIELDS}
    return Token(
        organization.id,
        organization.alias,
        organization.region,
        get("PersonalAccessTokenId"),
        get("UserId"),
        get("Name"),
        get("DateCreated"),
        get("DateLastUsed"),
        get("ExpiresTime"),
        get("Scopes"),
        owner,
        other,
        organization.account_id,
        organization.account_name,
    )


def token_from_record(record: object, path: str = "token") -> Token:
    """Make a token from a record that ``to_record`` returned, to evaluate the token again.

    Args:
        record: A record that a module or the lookup returned.
        path: The name of the record in an error.

    Returns:
        The token.

    Raises:
        OptionError: A field is missing or has the wrong type.
    """
    if not isinstance(record, Mapping):
        raise OptionError(f"{path}: expected a record of a personal access token, got {type(record).__name__}")
    missing = [field for field in (*_PLACE, *TOKEN_FIELDS.values()) if field not in record]
    if missing:
        raise OptionError(f"{path}: not a record of a personal access token, it lacks {', '.join(missing)}")
    known: dict[str, Any] = {field: record.get(field) for field in (*_ACCOUNT, *_PLACE, *TOKEN_FIELDS.values())}
    for field in _TIMES:
        if known[field] is not None:
            known[field] = parse_instant(known[field], f"{path}.{field}")
    for field in ("organization_id", "region"):
        text_at(known[field], f"{path}.{field}")
    for field in (*_ACCOUNT, "organization_alias", "personal_access_token_id", "user_id", "name"):
        optional_text_at(known[field], f"{path}.{field}")
    if known["scopes"] is not None:
        for index, scope in enumerate(list_at(known["scopes"], f"{path}.scopes")):
            text_at(scope, f"{path}.scopes[{index}]")
    other = {key: value for key, value in record.items() if key not in known and key not in DERIVED and key != "owner"}
    check_plain(other, path)
    check_plain({field: value for field, value in known.items() if field not in _TIMES}, path)
    return Token(owner=_owner_from_record(record.get("owner"), path), other=other or None, **known)


def _owner_from_record(owner: object, path: str) -> Owner | None:
    if owner is None:
        return None
    if not isinstance(owner, Mapping) or set(owner) != set(Owner._fields):
        raise OptionError(f"{path}.owner: expected {', '.join(Owner._fields)}")
    known = dict(owner)
    if known["disabled_date"] is not None:
        known["disabled_date"] = parse_instant(known["disabled_date"], f"{path}.owner.disabled_date")
    for field in Owner._fields:
        if field != "disabled_date":
            optional_text_at(known[field], f"{path}.owner.{field}")
    check_plain(known, f"{path}.owner")
    return Owner(**known)


def to_record(token: Token, as_of: int) -> dict[str, Any]:
    """Make the record of a token that the modules, the lookup and the inventory return.

    Args:
        token: The token.
        as_of: The instant for which the derived fields are computed, in microseconds since the epoch.

    Returns:
        The fields of the API in snake_case, with times as ISO 8601 in UTC; the derived fields; and ``owner`` if the
        token has an owner. A field that the service did not return is None. Fields that this collection does not know
        are preserved.
    """
    created, last_activity, expires = token.date_created, token.last_activity, token.expires_time
    record: dict[str, Any] = dict(token.other or {})
    # A field that AWS adds in the future must not replace a field of this collection.
    record.pop("owner", None)
    record.update(
        account_id=token.account_id,
        account_name=token.account_name,
        organization_id=token.organization_id,
        organization_alias=token.organization_alias,
        region=token.region,
        personal_access_token_id=token.personal_access_token_id,
        user_id=token.user_id,
        name=token.name,
        date_created=format_instant(created),
        date_last_used=format_instant(token.date_last_used),
        expires_time=format_instant(expires),
        scopes=None if token.scopes is None else list(token.scopes),
        expired=token.expired(as_of),
        never_used=token.date_last_used is None,
        age_days=in_days(None if created is None else as_of - created),
        unused_days=in_days(None if last_activity is None else as_of - last_activity),
        lifetime_days=in_days(None if created is None or expires is None else expires - created),
        expires_in_days=in_days(None if expires is None else expires - as_of),
    )
    if token.owner is not None:
        record["owner"] = record_of_owner(token.owner)
    return record


def key_of(record: Mapping[str, Any]) -> TokenKey:
    """Return the key of the token in a record, as ``Token.key`` does.

    Args:
        record: The record of the token.
    """
    return record["organization_id"], record["personal_access_token_id"]


def owner_of(user_id: str | None, owners: Mapping[str, Owner]) -> Owner:
    """Find the owner of a token.

    Args:
        user_id: The user ID of the token; None if the service did not return it.
        owners: The users of the organization by user ID.

    Returns:
        The user; an owner in the state ``UNKNOWN`` if the user is not in ``owners``.
    """
    return Owner(None) if user_id is None else owners.get(user_id) or Owner(user_id)


def record_of_owner(owner: Owner) -> dict[str, Any]:
    """Convert an owner to the field ``owner`` of a record.

    Args:
        owner: The owner.

    Returns:
        The fields of the owner, with times as ISO 8601.
    """
    return {**owner._asdict(), "disabled_date": format_instant(owner.disabled_date)}


def in_order(tokens: Sequence[Token]) -> list[Token]:
    """Sort tokens by account ID, organization ID, creation time and token ID.

    In each organization, tokens with an unknown creation time are last.

    Args:
        tokens: The tokens.

    Returns:
        The sorted tokens.
    """

    def key(token: Token) -> tuple[str, str, bool, int, str]:
        created = token.date_created
        return (
            token.account_id or "",
            token.organization_id,
            created is None,
            created or 0,
            token.personal_access_token_id or "",
        )

    return sorted(tokens, key=key)
