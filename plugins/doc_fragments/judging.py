# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which tokens to return, and the instant at which they are judged."""

    DOCUMENTATION = r"""
options:
  select:
    description:
      - Conditions on a token. Only the tokens that meet all of them are returned; the summary still speaks of all.
      - The conditions are those of the test plugin P(patrol.workmail.workmail_pat_matching#test), which describes each.
      - An unknown condition or a bad value is an error before any call.
      - V(owner), V(owner_state) and V(owner_linked) need O(owners=true).
    type: dict
  as_of:
    description:
      - The instant to judge the tokens at.
      - An instant in ISO 8601 with an offset, such as V(2026-01-02T03:04:05Z); a date, such as V(2026-01-02), which is
        the instant at which that day begins in UTC; or a duration from now, such as V(+30d).
      - Left out, the moment at which the run reads its options.
    type: str
"""
