# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The part of a requested sweep that was read. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence


class Coverage(NamedTuple):
    """The accounts, organizations and tokens that were read, and an error for each part that was not.

    ``accounts`` and ``organizations`` are lists of records, as in a result. ``organizations`` of an account is None
    unless the account was read completely. ``tokens`` of an organization is None unless all its tokens were read.
    ``tokens_read`` counts all tokens that were read, whether or not they are selected, and includes the tokens of an
    organization that was read partially.
    """

    accounts: Sequence[Mapping[str, Any]]
    organizations: Sequence[Mapping[str, Any]]
    tokens_read: int
    errors: Sequence[Mapping[str, Any]]

    @property
    def complete(self) -> bool:
        """Whether everything was read. Each part that was not has an error."""
        return not self.errors

    @property
    def accounts_read(self) -> int:
        """The number of accounts that were read completely."""
        return sum(account["organizations"] is not None for account in self.accounts)

    @property
    def organizations_read(self) -> int:
        """The number of organizations that were read completely."""
        return sum(organization["tokens"] is not None for organization in self.organizations)
