# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The part of modules with a policy file that runs on the controller."""

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
from ._refusal import refusal


class PolicyActionBase(ActionBase):
    """Reads the files of a task on the controller, and runs the module of the same name with their content."""

    _supports_async = True
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """See the documentation of the module."""
        result = super().run(tmp, task_vars)
        if refused := refusal(self, task_vars):
            return {**result, **refused}
        arguments = dict(self._task.args)
        policy = None
        try:
            # If both are given, the module reports that they are mutually exclusive.
            if arguments.get("policy") is None and arguments.get("policy_file") is not None:
                policy = self._policy(arguments.pop("policy_file"))
                arguments["policy"] = policy.document
            self.read_files(arguments)
        except PatrolError as error:
            failed = {**result, "failed": True, **error.details, **error.as_result()}
            return name_variables(self, failed, task_vars)
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val))
        if policy is not None and "policy" in result:
            result["policy"].update(name=policy.name, file=policy.file)
            for rule, line in zip(result["policy"]["rules"], policy.lines, strict=True):
                rule["line"] = line
        return name_variables(self, result, task_vars)

    def read_files(self, arguments):
        """Replace the paths of other files by the content of the files.

        Args:
            arguments: The arguments of the module, which change.

        Raises:
            PatrolError: A file cannot be read, or its content is not valid.
        """

    def find_file(self, option, name):
        """Find a file as Ansible does, and then from the working directory.

        Args:
            option: The option of the task.
            name: The path, as the user gives it.

        Returns:
            The path; None if the file does not exist.

        Raises:
            OptionError: It is not the path of a file.
        """
        if not isinstance(name, str) or not name.strip():
            raise OptionError(f"{option}: expected the path of a file, got {quoted(name)}")
        try:
            return self._find_needle("files", name)
        except AnsibleFileNotFound:
            # Ansible does not search the working directory for a playbook of a collection.
            return name if os.path.exists(name) else None
        except (OSError, ValueError) as error:
            raise OptionError(f"{option}: {quoted(name)} is not the path of a file: {error}") from error

    def _policy(self, name: object) -> PolicyFile:
        if isinstance(name, str) and name in BUILT_IN:
            return load_built_in(name)
        path = self.find_file("policy_file", name)
        if path is None:
            near = nearest(name, BUILT_IN)
            known = f"The built-in policies are {', '.join(BUILT_IN)}."
            raise OptionError(f"policy_file: {quoted(name)} does not exist{near}", hint=known)
        return load_policy(Path(path))
