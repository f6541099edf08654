# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of every kind, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, SECOND
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization, Owner, Token

NOW = 1_800_000_000 * SECOND
ACME = Organization("m-" + "a" * 32, "acme", "us-east-1", "Active")

# Include whole days, so tokens are often exactly at the limit of a condition.
instants = st.one_of(
    st.integers(-400, 400).map(lambda days: NOW + days * DAY),
    st.integers(NOW - 400 * DAY, NOW + 400 * DAY),
)
names = st.sampled_from(["Outlook laptop", "backup", "Backup", "", "工作", "{{ 7 * 7 }}", "a[b]c"])
scopes = st.lists(st.sampled_from(["imap", "smtp", "ews"]), max_size=3)
owners = st.builds(
    Owner,
    user_id=st.sampled_from([None, "u-1", "u-2"]),
    name=st.sampled_from([None, "ana", "svc-backup"]),
    email=st.sampled_from([None, "ana@acme.example", "SVC-backup@acme.example"]),
    display_name=st.none(),
    state=st.sampled_from(["ENABLED", "DISABLED", "DELETED", "UNKNOWN", "SUSPENDED", None]),
    disabled_date=st.none() | instants,
    identity_provider_user_id=st.none() | st.just("90677608-cd1f-4a63-9c5a-1d2f3a4b5c6d"),
)
tokens = st.builds(
    Token,
    organization_id=st.just(ACME.id),
    organization_alias=st.sampled_from([None, "acme"]),
    region=st.just("us-east-1"),
    personal_access_token_id=st.none() | st.sampled_from(["pat-1", "pat-2"]),
    user_id=st.none() | st.just("u-1"),
    name=st.none() | names,
    date_created=instants,
    date_last_used=st.none() | instants,
    expires_time=st.none() | instants,
    scopes=st.none() | scopes,
    owner=owners,
    other=st.none() | st.just({"new_field": 1}),
    account_id=st.sampled_from([None, "111111111111", "222222222222"]),
    account_name=st.sampled_from([None, "production", "sandbox"]),
)
