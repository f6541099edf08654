# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module runs on the controller, so this is all of it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..module_utils._domain.errors import PatrolError
from ..plugin_utils._plugin_options import name_variables
from ..plugin_utils._reports._files import parse_report_options, write_reports


class ActionModule(ActionBase):
    """Writes reports, or removes those of an earlier run."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        """See the documentation of the module."""
        result = super().run(tmp, task_vars)
        try:
            options = parse_report_options(self._task.args)
            reports = write_reports(options, check=self._task.check_mode)
        except PatrolError as error:
            known = {key: value for key, value in error.as_result().items() if value is not None}
            return name_variables(self, {**result, "failed": True, **known}, task_vars)
        result.update(
            changed=any(report.changed for report in reports),
            dest=options.directory,
            paths={report.report_format: report.path for report in reports},
        )
        if self._task.diff:
            result["diff"] = [report.as_diff() for report in reports if report.changed]
        return result
