# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The pages of a listing."""

    DOCUMENTATION = r"""
options:
  page_size:
    description:
      - The number of tokens to request with each call, V(1) to V(100).
    type: int
    default: 100
    aliases: [max_results]
"""

    MANUAL = r"""
options:
  max_items:
    description:
      - Stop after reading this number of tokens, to page through one organization manually.
      - It counts the tokens that are read, before O(select).
      - If there are more tokens, the result is incomplete, and its C(errors) have an entry.
    type: int
  next_token:
    description:
      - Start at the page of an earlier result's C(next_token), to page through one organization manually.
      - The result is incomplete, because it lacks the earlier pages, and its C(errors) have an entry.
    type: str
"""
