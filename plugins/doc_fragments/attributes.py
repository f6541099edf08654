# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of the collection's modules."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what would change without changing it.
  diff_mode:
    description: Returns what was or would be changed in diff mode.
  idempotent:
    description: Run twice in a row on an unchanged target, the second run changes nothing.
  action_group:
    description:
      - Use C(group/patrol.workmail.workmail) in C(module_defaults).
      - The group covers the modules of C(group/amazon.aws.aws) as well.
    support: full
    membership:
      - patrol.workmail.workmail
"""

    # Modules that only gather.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - Nothing is ever changed.
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
    details:
      - Nothing is ever changed.
"""

    # Modules that change something.
    CHANGE = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""
