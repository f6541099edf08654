# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the module that runs on the controller: it reads the files of the policy and of the baseline."""

from __future__ import annotations

from ..module_utils._audit.result import INCOMPLETE
from ..plugin_utils._baseline_files import load_baseline_file
from ..plugin_utils._policy_action import PolicyActionBase


class ActionModule(PolicyActionBase):
    """The action that runs the module with the content of the policy file and of the baseline file."""

    def run(self, tmp=None, task_vars=None):
        """Run the module. See the documentation of the module."""
        result = super().run(tmp, task_vars)
        if result.get("failed") and "__workmail_refused" in (task_vars or {}):
            # The role registers this as its result. Without an outcome, it could be mistaken for a pass.
            result.update(outcome=INCOMPLETE, complete=False)
        return result

    def read_files(self, arguments):
        """Replace ``baseline_file`` with the content of the file. See the base class."""
        # If both are set, the module reports that they are mutually exclusive.
        if arguments.get("baseline_file") is not None and arguments.get("baseline") is None:
            name = arguments.pop("baseline_file")
            path = self.find_file("baseline_file", name)
            arguments["baseline"] = load_baseline_file(path, name, "baseline_file")
