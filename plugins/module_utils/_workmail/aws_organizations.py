# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Operations of AWS Organizations. Each function takes a client and returns plain data.

The clients come from a ``Session`` and check replies strictly.
See https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html.
"""

from __future__ import annotations

from typing import Any, Mapping

from .._domain.accounts import Account
from .._domain.errors import ReplyError
from .errors import FOREIGN_REPLY
from .operations import read_pages

LARGEST_PAGE = 20


def list_accounts(client: Any) -> list[Account]:
    """List every account of the organization in AWS Organizations, in any state.

    Args:
        client: A client of AWS Organizations.

    Returns:
        The accounts with ID, name and state.

    Raises:
        PatrolError: A page could not be read completely.
    """
    return _accounts(client, "ListAccounts", {})


def list_accounts_for_parent(client: Any, parent_id: str) -> list[Account]:
    """List the accounts that are directly in a root or an organizational unit.

    Args:
        client: A client of AWS Organizations.
        parent_id: The ID of the root or unit.

    Returns:
        The accounts with ID, name and state.

    Raises:
        PatrolError: A page could not be read completely.
    """
    return _accounts(client, "ListAccountsForParent", {"ParentId": parent_id})


def list_organizational_units_for_parent(client: Any, parent_id: str) -> list[str]:
    """List the organizational units that are directly in a root or another unit.

    Args:
        client: A client of AWS Organizations.
        parent_id: The ID of the root or unit.

    Returns:
        The IDs of the units.

    Raises:
        PatrolError: A page could not be read completely.
    """
    pages = read_pages(
        client,
        "ListOrganizationalUnitsForParent",
        {"ParentId": parent_id},
        "OrganizationalUnits",
        "Id",
        page_size=LARGEST_PAGE,
    )
    return [item["Id"] for page in pages for item in page.items]


def _accounts(client: Any, operation: str, parameters: dict[str, Any]) -> list[Account]:
    pages = read_pages(client, operation, parameters, "Accounts", "Id", check=_check_account, page_size=LARGEST_PAGE)
    return [Account(item["Id"], item.get("Name"), _state(item)) for page in pages for item in page.items]


def _check_account(item: Mapping[str, Any]) -> None:
    if not (item["Id"].isascii() and item["Id"].isdigit() and len(item["Id"]) == 12):
        raise ReplyError("an account has an ID that is not 12 digits", hint=FOREIGN_REPLY)
    # The state decides whether the account is read. A wrong guess would skip a readable account, or try to read a
    # suspended account, which fails.
    if _state(item) is None:
        raise ReplyError(f"account {item['Id']} has neither State nor Status", hint=FOREIGN_REPLY)


def _state(item: Mapping[str, Any]) -> str | None:
    # State replaces Status, see https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html.
    state = item.get("State") or item.get("Status")
    return state if isinstance(state, str) else None
