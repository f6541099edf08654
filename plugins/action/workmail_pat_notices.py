# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The complete implementation of the module, which runs only on the controller."""

from __future__ import annotations

import os

from ansible.errors import AnsibleFileNotFound
from ansible.plugins.action import ActionBase

from ..module_utils._domain.errors import PatrolError
from ..plugin_utils._notice_files import (
    message_lines,
    parse_notice_options,
    problem_lines,
    write_notices,
)
from ..plugin_utils._notices import make_notices
from ..plugin_utils._plugin_options import name_variables
from ..plugin_utils._refusal import refusal

_MAIL = "community.general.mail"


class ActionModule(ActionBase):
    """The action that makes notices, and writes them as files if they are delivered as files."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Make and deliver the notices. See the documentation of the module."""
        result = super().run(tmp, task_vars)
        if refused := refusal(self, task_vars):
            return {**result, **refused}
        try:
            options = parse_notice_options(self._task.args, self._find)
            notices = make_notices(options.findings, options.templates, options.sender, options.deadline)
            sendable = [notice for notice in notices if notice["to"] is not None]
            delivery = options.delivery
            if delivery == "auto":
                delivery = "mail" if self._shared_loader_obj.module_loader.find_plugin(_MAIL) else "eml"
            files = []
            if delivery == "eml" and sendable and not self._task.check_mode:
                files = write_notices(sendable, options.directory)
        except PatrolError as error:
            known = {key: value for key, value in error.as_result().items() if value is not None}
            return name_variables(self, {**result, "failed": True, **known}, task_vars)
        result.update(
            changed=delivery == "eml" and bool(sendable),
            delivery=delivery,
            notices=notices,
            files=files,
            messages=message_lines(sendable),
            problems=problem_lines([notice for notice in notices if notice["to"] is None]),
        )
        return result

    def _find(self, name):
        try:
            return self._find_needle("files", name)
        except AnsibleFileNotFound:
            # Ansible does not search the working directory if the playbook belongs to a collection.
            if os.path.exists(name):
                return name
            raise FileNotFoundError(name) from None
