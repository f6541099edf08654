# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The controller's half of modules that take a policy file."""

from __future__ import annotations

import os
from pathlib import Path

from ansible.errors import AnsibleFileNotFound
from ansible.plugins.action import ActionBase

from ..module_utils._domain.errors import OptionError, PatrolError
from ..module_utils._domain.text import nearest, quoted
from ._plugin_options import name_variables
from ._policy_files import (
    BUILT_IN,
    PolicyFile,
    load_built_in,
    load_policy,
)


class PolicyActionBase(ActionBase):
    """Reads the policy file where the play is, and runs the module of the same name with the policy in its place."""

    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """See the documentation of the module."""
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        policy = None
        # With both, the module says that they exclude each other.
        if arguments.get("policy") is None and arguments.get("policy_file") is not None:
            try:
                policy = self._policy(arguments.pop("policy_file"))
            except PatrolError as error:
                failed = {**result, "failed": True, **error.details, **error.as_result()}
                return name_variables(self, failed, task_vars)
            arguments["policy"] = policy.document
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val))
        if policy is not None and "policy" in result:
            result["policy"]["file"] = policy.file
            for rule, line in zip(result["policy"]["rules"], policy.lines, strict=True):
                rule["line"] = line
        return name_variables(self, result, task_vars)

    def _policy(self, name: object) -> PolicyFile:
        if not isinstance(name, str) or not name.strip():
            raise OptionError(f"policy_file: expected the path of a file, got {quoted(name)}")
        if name in BUILT_IN:
            return load_built_in(name)
        try:
            path = self._find_needle("files", name)
        except AnsibleFileNotFound as error:
            # A playbook of a collection knows nothing of where its user is.
            if not os.path.exists(name):
                near = nearest(name, BUILT_IN)
                known = f"The policies of the collection are {', '.join(BUILT_IN)}."
                raise OptionError(f"policy_file: {quoted(name)} does not exist{near}", hint=known) from error
            path = name
        except (OSError, ValueError) as error:
            raise OptionError(f"policy_file: {quoted(name)} is not the path of a file: {error}") from error
        return load_policy(Path(path))
