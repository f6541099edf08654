# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of the module: it reads the policy file where the play is."""

from __future__ import annotations

from ..plugin_utils._policy_action import PolicyActionBase


class ActionModule(PolicyActionBase):
    """Runs the module with the policy in place of the file."""
