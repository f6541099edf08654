# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The users whose tokens to read, and what to do if some tokens cannot be read."""

    DOCUMENTATION = r"""
options:
  users:
    description:
      - Only the personal access tokens of these users.
      - User IDs are used as they are. User names and primary e-mail addresses are resolved with C(DescribeUser).
      - A user that does not exist in any of the organizations is an error with the code C(EntityNotFoundException).
      - If omitted or empty, the tokens of every user.
    type: list
    elements: str
    aliases: [user, user_id]
  on_error:
    description:
      - What to do if an organization or a region cannot be read completely.
      - V(fail) fails with the error.
      - V(continue) reads the other organizations, and returns a result that is marked as incomplete.
    type: str
    choices: [fail, continue]
    default: fail
"""
