# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The complete implementation of the module, which runs only on the controller."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.action import ActionBase

from ..module_utils._domain.errors import PatrolError
from ..module_utils._domain.times import current_instant
from ..plugin_utils._plugin_options import name_variables
from ..plugin_utils._policy_action import PolicyActionBase
from ..plugin_utils._policy_check import check_policy, parse_check_options
from ..plugin_utils._refusal import refusal


class ActionModule(PolicyActionBase):
    """The action that checks a policy file and describes its rules."""

    _requires_connection = False
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        """Check the policy. See the documentation of the module."""
        result = ActionBase.run(self, tmp, task_vars)
        if refused := refusal(self, task_vars):
            return {**result, **refused}
        try:
            options = parse_check_options(self._task.args, self._find)
            result.update(check_policy(options, current_instant()))
        except PatrolError as error:
            known = {key: value for key, value in error.as_result().items() if value is not None}
            result.update(failed=True, **known)
        return name_variables(self, result, task_vars)

    def _find(self, option, name):
        path = self.find_file(option, name)
        return None if path is None else Path(path)
