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
      - The AWS regions to read.
      - V(all) stands for every region in which botocore knows Amazon WorkMail.
      - If omitted or empty, the O(region) of the connection.
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
      - The maximum number of concurrent calls, V(1) to V(64).
    type: int
    default: 8
"""
