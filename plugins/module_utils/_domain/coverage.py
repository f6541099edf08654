# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""How much of what was asked for was read. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence


class Coverage(NamedTuple):
    """The accounts, organizations and tokens that were read, and the errors of everything that was not.

    Each of ``accounts`` is a record as results have it; its ``organizations`` is None unless it was read completely.
    Each of ``organizations`` is a record as results have it; its ``tokens`` is None unless all of them were read.
    ``tokens_read`` counts the tokens, selected or not, also those of an organization that was read in part.
    """

    accounts: Sequence[Mapping[str, Any]]
    organizations: Sequence[Mapping[str, Any]]
    tokens_read: int
    errors: Sequence[Mapping[str, Any]]

    @property
    def complete(self) -> bool:
        """Whether every page of everything asked for was read. What is incomplete has an error."""
        return not self.errors

    @property
    def accounts_read(self) -> int:
        """How many accounts were read completely."""
        return sum(account["organizations"] is not None for account in self.accounts)

    @property
    def organizations_read(self) -> int:
        """How many organizations were read completely."""
        return sum(organization["tokens"] is not None for organization in self.organizations)
