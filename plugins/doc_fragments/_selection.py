# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Which tokens to return."""

    DOCUMENTATION = r"""
options:
  select:
    description:
      - Conditions on a token. Only the tokens that meet all of them are returned; the summary still counts all tokens.
      - The test plugin P(patrol.workmail.workmail_pat_matching#test) documents each condition.
      - An unknown condition or an invalid value is an error before any call.
      - V(owner), V(owner_state) and V(owner_linked) need O(owners=true).
    type: dict
"""
