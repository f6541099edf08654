# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The instant for which conditions are evaluated."""

    DOCUMENTATION = r"""
options:
  as_of:
    description:
      - The instant for which conditions and policies are evaluated.
      - An instant in ISO 8601 with an offset, such as V(2026-01-02T03:04:05Z); a date, such as V(2026-01-02), which is
        the start of that day in UTC; or a duration from now, such as V(+30d).
      - The default is the start of the run.
    type: str
"""

    FUTURE = r"""
options:
  allow_future:
    description:
      - Whether to revoke even if O(as_of) is in the future. This revokes tokens that are still valid.
    type: bool
    default: false
"""
