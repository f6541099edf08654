# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The requirements of the host that calls AWS."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - boto3 >= 1.35.52
  - botocore >= 1.35.52
"""
