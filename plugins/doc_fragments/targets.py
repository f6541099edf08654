# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What to sweep and how. The organizations are apart, since a lookup has them as its terms."""

    DOCUMENTATION = r"""
options:
  users:
    description:
      - Only the personal access tokens of these users.
      - User IDs are passed on as they are, user names and primary e-mail addresses are resolved with C(DescribeUser).
      - A user that none of the organizations knows is an error with the code C(EntityNotFoundException).
      - Left out or empty, the tokens of every user.
    type: list
    elements: str
    aliases: [user, user_id]
  on_error:
    description:
      - What to do where an organization or a region cannot be read whole.
      - With V(fail) that is the error of the whole.
      - With V(continue) the others are read, and the result says that it is not complete.
    type: str
    choices: [fail, continue]
    default: fail
"""

    ORGANIZATIONS = r"""
options:
  organizations:
    description:
      - The organizations to sweep, by ID (C(m-) and 32 lower-case hex digits) or by alias.
      - One that does not exist, or whose tokens cannot be read, is an error.
      - Left out or empty, every organization that C(ListOrganizations) shows, except those in state C(Creating),
        C(Deleting) or C(Deleted), which cannot list tokens. If none is left, that is an error.
      - AWS does not document the states of an organization. One that is neither in these states nor C(Active) is read
        as well, and an error if AWS refuses.
    type: list
    elements: str
    aliases: [organization, organization_id]
"""

    REGIONS = r"""
options:
  regions:
    description:
      - The AWS regions to look in.
      - V(all) stands for every region in which botocore knows Amazon WorkMail.
      - Left out or empty, the connection's own O(region).
      - A region without Amazon WorkMail is an error before any call.
    type: list
    elements: str
  owners:
    description:
      - Whether to join the owner of each token, from one listing of the users of each organization.
    type: bool
    default: false
  concurrency:
    description:
      - How many calls may be under way at once, V(1) to V(64).
    type: int
    default: 8
"""
