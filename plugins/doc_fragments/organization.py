# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The one organization that a module works on."""

    DOCUMENTATION = r"""
options:
  organization:
    description:
      - The organization, by id (C(m-) and 32 lower-case hex digits) or by alias, in the connection's region.
      - One that does not exist, or is not in state C(Active), is an error.
    type: str
    required: true
    aliases: [organization_id]
"""
