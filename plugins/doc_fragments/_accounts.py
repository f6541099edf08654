# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The AWS accounts to read."""

    DOCUMENTATION = r"""
options:
  accounts:
    description:
      - The AWS accounts to read.
      - Each entry is the ID of an account, the ARN of a role to assume in an account, or the ID of an organizational
        unit (C(ou-...)) or of a root (C(r-...)) of AWS Organizations, which stands for all accounts in it and in the
        units below. V(all) stands for every account of AWS Organizations.
      - The account of the credentials, or of O(assume_role_arn) if that is given, is read with these credentials.
        In every other account a role is assumed.
      - Accounts that AWS Organizations lists in another state than C(ACTIVE) are not read. Results show them with their
        state. A lookup names them in a warning, and so does an inventory whose hosts are not accounts.
      - To list accounts, the credentials must be of the management account or of a delegated administrator, with the
        permissions C(organizations:ListAccounts), or C(organizations:ListAccountsForParent) and
        C(organizations:ListOrganizationalUnitsForParent).
      - The default is the account of the credentials. An empty list is an error.
      - Quote account IDs, because YAML reads an ID that begins with C(0) as an octal number.
    type: list
    elements: str
  exclude_accounts:
    description:
      - Account IDs, organizational units and ARNs of roles in O(accounts) to exclude.
      - An entry that excludes nothing is an error, and so is an empty list.
    type: list
    elements: str
  assume_role_name:
    description:
      - The name of the role to assume in each account, such as V(workmail-auditor), or with its path
        V(audit/workmail-auditor).
      - Required if O(accounts) has an account ID, an organizational unit, a root or V(all).
      - O(assume_role_external_id) is sent with it.
    type: str
"""
