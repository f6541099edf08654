# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the module that runs on the controller: it reads the policy file and clears the lookup cache."""

from __future__ import annotations

from ..module_utils._domain.errors import PatrolError
from ..plugin_utils._lookup.cache import forget_answers
from ..plugin_utils._plugin_options import reject_nulls
from ..plugin_utils._policy_action import PolicyActionBase
from ..plugin_utils._starter import describe_starter

_NARROWING = (
    "plan_file",
    "protected",
    "grace",
    "organizations",
    "organization",
    "organization_id",
    "as_of",
    "max_tokens",
    "max_percent",
)


class ActionModule(PolicyActionBase):
    """The action that runs the module with the content of the policy file."""

    def run(self, tmp=None, task_vars=None):
        """Run the module. See the documentation of the module."""
        describe_starter(self._task)
        try:
            reject_nulls(self._task.args, _NARROWING)
        except PatrolError as error:
            return {"failed": True, **error.as_result()}
        try:
            return super().run(tmp, task_vars)
        finally:
            forget_answers(ongoing=bool(self._task.async_val))
