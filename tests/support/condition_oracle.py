# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conditions of every kind, and a slow second implementation of the grammar, on the records that users see."""

from __future__ import annotations

import datetime
import fnmatch
import unicodedata
from typing import Any

from hypothesis import strategies as st
from token_strategies import ACME, NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant

days = st.integers(0, 400)
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "expired": st.booleans(),
    "expires_within": days.map("{}d".format),
    "expires_after": st.integers(-400, 400).map(lambda day: format_instant(NOW + day * DAY)),
    "has_expiry": st.booleans(),
    "never_used": st.booleans(),
    "unused_for": days.map("{}d".format),
    "older_than": days.map("{}d".format),
    "lifetime_over": days.map("{}d".format),
    "name": st.lists(st.sampled_from(["*", "back*", "?????k laptop", "工作", "a[[]b]c"]), min_size=1),
    "personal_access_token_id": st.lists(st.sampled_from(["pat-1", "pat-3"]), min_size=1),
    "scopes_any": st.lists(st.sampled_from(["imap", "pop3"]), min_size=1),
    "scopes_outside": st.lists(st.sampled_from(["imap", "smtp"])),
    "account": st.lists(st.sampled_from(["1111*", "222222222222", "PROD*", "sandbox"]), min_size=1),
    "organization": st.lists(st.sampled_from(["acme", "AC*", "globex", ACME.id]), min_size=1),
    "owner": st.lists(st.sampled_from(["svc-*@acme.example", "ana", "u-2", "nobody"]), min_size=1),
    "owner_state": st.lists(st.sampled_from(["ENABLED", "DELETED", "UNKNOWN"]), min_size=1),
    "owner_linked": st.booleans(),
}
flat = st.fixed_dictionaries({}, optional=SIMPLE)
documents = st.recursive(
    flat,
    lambda inner: st.fixed_dictionaries(
        {}, optional={**SIMPLE, "not": inner.filter(bool), "any": st.lists(inner.filter(bool), min_size=1, max_size=3)}
    ),
    max_leaves=6,
)


class Unknown(Exception):
    """A condition needs a field that the record does not have."""


def oracle(document: dict[str, Any], record: dict[str, Any], as_of: datetime.datetime) -> bool:
    """Return whether a record meets conditions.

    Raises:
        Unknown: The record lacks a field that one of them needs.
    """
    return all(_meets(name, value, record, as_of) for name, value in document.items())


def _meets(name: str, value: Any, record: dict[str, Any], as_of: datetime.datetime) -> bool:
    def moment(text: str) -> datetime.datetime:
        return datetime.datetime.fromisoformat(text)

    def duration(text: str) -> datetime.timedelta:
        return datetime.timedelta(days=int(text[:-1]))

    def like(text: str | None, fold: bool) -> bool:
        if text is None:
            return False
        text, *globs = (unicodedata.normalize("NFC", each) for each in (text, *value))
        return any(fnmatch.fnmatchcase(*((text.lower(), glob.lower()) if fold else (text, glob))) for glob in globs)

    def known(value: Any) -> Any:
        if value is None:
            raise Unknown(name)
        return value

    def account(account_id: str | None, name: str | None) -> bool:
        if like(account_id, True) or like(name, True):
            return True
        known(account_id)
        if any(character.isalpha() for glob in value for character in glob):
            known(name)
        return False

    expires = record["expires_time"] and moment(record["expires_time"])
    created = moment(record["date_created"])
    used = record["date_last_used"] and moment(record["date_last_used"])
    owner = record["owner"]
    if name == "not":
        return not oracle(value, record, as_of)
    if name == "any":
        return any(oracle(choice, record, as_of) for choice in value)
    return bool(
        {
            "expired": lambda: (expires is not None and expires <= as_of) == value,
            "expires_within": lambda: expires and as_of < expires <= as_of + duration(value),
            "expires_after": lambda: expires and expires > moment(value),
            "has_expiry": lambda: (expires is not None) == value,
            "never_used": lambda: (used is None) == value,
            "unused_for": lambda: as_of - (used or created) >= duration(value),
            "older_than": lambda: as_of - created > duration(value),
            "lifetime_over": lambda: expires and expires - created > duration(value),
            "name": lambda: like(record["name"], False),
            "personal_access_token_id": lambda: known(record["personal_access_token_id"]) in value,
            "scopes_any": lambda: set(value) & set(known(record["scopes"])),
            "scopes_outside": lambda: set(known(record["scopes"])) - set(value),
            "account": lambda: account(record["account_id"], record["account_name"]),
            "organization": lambda: like(record["organization_id"], True) or like(record["organization_alias"], True),
            "owner": lambda: (
                known(owner["user_id"]) and any(like(owner[field], True) for field in ("user_id", "name", "email"))
            ),
            "owner_state": lambda: (
                known(owner["state"] if owner["state"] in ("ENABLED", "DISABLED", "DELETED", "UNKNOWN") else None)
                in value
            ),
            "owner_linked": lambda: (
                known(owner["user_id"]) and (owner["identity_provider_user_id"] is not None) == value
            ),
        }[name]()
    )
