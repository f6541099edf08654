# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the host that calls AWS needs."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - boto3 >= 1.35.52
  - botocore >= 1.35.52
"""
