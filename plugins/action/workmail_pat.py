# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the module that runs on the controller: it describes the run and clears the lookup cache."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..module_utils._domain.errors import PatrolError
from ..plugin_utils._lookup.cache import forget_answers
from ..plugin_utils._plugin_options import reject_nulls
from ..plugin_utils._starter import describe_starter


class ActionModule(ActionBase):
    """The action that runs the module and clears the lookup cache of this run of Ansible."""

    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Run the module. See the documentation of the module."""
        result = super().run(tmp, task_vars)
        describe_starter(self._task)
        try:
            reject_nulls(self._task.args, ("only_if", "as_of"))
        except PatrolError as error:
            return {**result, "failed": True, **error.as_result()}
        try:
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        finally:
            forget_answers(ongoing=bool(self._task.async_val))
        return result
