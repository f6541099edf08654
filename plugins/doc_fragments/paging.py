# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The pages of a listing."""

    DOCUMENTATION = r"""
options:
  page_size:
    description:
      - How many tokens to ask for with each call, V(1) to V(100).
    type: int
    default: 100
    aliases: [max_results]
"""

    BY_HAND = r"""
options:
  max_items:
    description:
      - Stop after reading so many tokens, to page through one organization by hand.
      - It counts the tokens that are read, before O(select).
      - If there are more tokens, the result is not complete, and its C(errors) says so.
    type: int
  next_token:
    description:
      - Start at the page that an earlier result's C(next_token) stands for, to page through one organization by hand.
      - The result is not complete, because it lacks what came before, and its C(errors) says so.
    type: str
"""
