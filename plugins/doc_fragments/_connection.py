# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The timeouts of calls to AWS."""

    DOCUMENTATION = r"""
options:
  connect_timeout:
    description:
      - The time to wait for a connection to AWS before the next attempt, in seconds, V(1) to V(600).
      - The environment variable C(AWS_MAX_ATTEMPTS) sets the number of attempts for each call. The default is 8.
    type: int
    default: 5
  read_timeout:
    description:
      - The time to wait for a reply from AWS on a connection before the next attempt, in seconds, V(1) to V(600).
      - If an endpoint never replies, a call fails after about three minutes.
    type: int
    default: 20
"""
