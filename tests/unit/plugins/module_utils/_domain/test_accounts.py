# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS accounts, and those that are not read."""

from __future__ import annotations

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.accounts import Account, describe_unread

FILE = "plugins/module_utils/_domain/accounts.py"


@pytest.mark.parametrize(
    ("state", "readable"), [(None, True), ("ACTIVE", True), ("SUSPENDED", False), ("PENDING_CLOSURE", False)]
)
def test_only_an_active_account_is_read(state: str | None, readable: bool) -> None:
    assert Account("111111111111", "prod", state).readable is readable


@guards(FILE, " if not account.readable]", " if False]")
@guards(FILE, "{log_part(', '.join(unread))}", "{', '.join(unread)}")
def test_accounts_that_are_not_read_are_named_on_one_printable_line() -> None:
    active = Account("111111111111", "prod", "ACTIVE")
    assert describe_unread([active, Account("222222222222")]) is None
    closed = [Account("333333333333", "old\n##[error]x", "SUSPENDED"), Account("444444444444", "gone", "CLOSED")]
    assert describe_unread([active, *closed]) == (
        "Accounts that were not read because of their state in AWS Organizations: "
        "old?# #[error]x (333333333333) SUSPENDED, gone (444444444444) CLOSED"
    )
