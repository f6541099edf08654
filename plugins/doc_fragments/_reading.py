# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """How to read the organizations."""

    DOCUMENTATION = r"""
options:
  regions:
    description:
      - The AWS regions to look in.
      - V(all) stands for every region in which botocore knows Amazon WorkMail.
      - If left out or empty, the connection's own O(region).
      - A region without Amazon WorkMail is an error before any call.
    type: list
    elements: str
  owners:
    description:
      - Whether to add the owner of each token, from one listing of the users of each organization.
    type: bool
    default: false
  concurrency:
    description:
      - How many calls may run at the same time, V(1) to V(64).
    type: int
    default: 8
"""
