# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The one organization that a module works on."""

    DOCUMENTATION = r"""
options:
  organization:
    description:
      - The organization, by ID (C(m-) and 32 lowercase hexadecimal digits) or by alias, in the connection's region.
      - An organization that does not exist, or is in state C(Creating), C(Deleting) or C(Deleted), is an error.
    type: str
    required: true
    aliases: [organization_id]
"""
