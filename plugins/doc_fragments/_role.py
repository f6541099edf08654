# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection and may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The IAM role to assume."""

    DOCUMENTATION = r"""
options:
  assume_role_arn:
    description:
      - The ARN of an IAM role to assume before any call to Amazon WorkMail.
      - The credentials of the connection need the permission C(sts:AssumeRole) for this role.
      - If O(endpoint_url) is set, AWS STS is called at this endpoint as well.
    type: str
    aliases: [iam_role_arn]
  assume_role_external_id:
    description:
      - The external ID that the trust policy of the role requires.
      - It is sent with every call of C(sts:AssumeRole), and an error if no role is assumed.
      - It is not shown in messages, results and logs.
    type: str
"""
