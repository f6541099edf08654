# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The role to run as."""

    DOCUMENTATION = r"""
options:
  assume_role_arn:
    description:
      - The ARN of an IAM role to assume before any call to Amazon WorkMail.
      - The credentials given or found need the permission C(sts:AssumeRole) on it.
      - Where O(endpoint_url) is given, AWS STS is asked there as well.
    type: str
    aliases: [iam_role_arn]
  assume_role_external_id:
    description:
      - The external ID that the role's trust policy asks for.
      - Needs O(assume_role_arn).
      - It is not shown in messages, results and logs.
    type: str
"""
