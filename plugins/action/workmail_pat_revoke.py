# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of the module: it reads the policy file, and lookups read again afterwards."""

from __future__ import annotations

from ansible_collections.patrol.workmail.plugins.plugin_utils._policy_action import PolicyActionBase
from ansible_collections.patrol.workmail.plugins.plugin_utils._run_cache import forget
from ansible_collections.patrol.workmail.plugins.plugin_utils._starter import describe_starter


class ActionModule(PolicyActionBase):
    """Runs the module with the policy in place of the file."""

    def run(self, tmp=None, task_vars=None):
        """See the documentation of the module."""
        describe_starter(self._task)
        try:
            return super().run(tmp, task_vars)
        finally:
            forget(ongoing=bool(self._task.async_val))
