# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The organizations to read."""

    DOCUMENTATION = r"""
options:
  organizations:
    description:
      - The organizations to read, by ID (C(m-) and 32 lowercase hexadecimal digits) or by alias.
      - An organization that does not exist, or whose tokens cannot be read, is an error.
      - If omitted or empty, every organization that C(ListOrganizations) returns, except those in state C(Creating),
        C(Deleting) or C(Deleted), which cannot list tokens. If no organization remains, that is an error.
      - AWS does not document the states of an organization. An organization in any other state than these and C(Active)
        is read as well, and is an error if AWS refuses.
    type: list
    elements: str
    aliases: [organization, organization_id]
"""
