# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""AWS accounts. Pure: the standard library only."""

from __future__ import annotations

from typing import Iterable, NamedTuple

from .text import log_part

ACTIVE = "ACTIVE"


class Account(NamedTuple):
    """An AWS account.

    Fields:
        id: Its ID of 12 digits; None if it is not known.
        name: Its name in AWS Organizations; None if the account was not listed there.
        state: Its state in AWS Organizations, such as ``ACTIVE`` or ``SUSPENDED``; None if it was not listed there.
        role_arn: The ARN of the role to assume in it; None for the account of the credentials in use.
    """

    id: str | None
    name: str | None = None
    state: str | None = None
    role_arn: str | None = None

    @property
    def readable(self) -> bool:
        """Whether AWS allows calls to the account. AWS refuses every call to a suspended or closed account."""
        return self.state in (None, ACTIVE)


def describe_unread(accounts: Iterable[Account]) -> str | None:
    """Name the accounts that are not read because of their state, for plugins whose result does not show accounts.

    Args:
        accounts: The accounts that were found.

    Returns:
        The text of a warning; None if every account is read.
    """
    unread = [f"{account.name} ({account.id}) {account.state}" for account in accounts if not account.readable]
    if not unread:
        return None
    return f"Accounts that were not read because of their state in AWS Organizations: {log_part(', '.join(unread))}"
