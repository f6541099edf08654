# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How long to wait for AWS."""

    DOCUMENTATION = r"""
options:
  connect_timeout:
    description:
      - How many seconds to wait for a connection with AWS, V(1) to V(600), before it is tried again.
      - C(AWS_MAX_ATTEMPTS) says how often a call is tried, by default 8 times.
    type: int
    default: 5
  read_timeout:
    description:
      - How many seconds to wait for AWS to answer on a connection, V(1) to V(600), before the call is tried again.
      - An endpoint that never answers fails a call after about three minutes.
    type: int
    default: 20
"""
