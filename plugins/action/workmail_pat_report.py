# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The complete implementation of the module, which runs only on the controller."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..module_utils._audit.result import INCOMPLETE
from ..module_utils._domain.errors import PatrolError
from ..plugin_utils._plugin_options import name_variables
from ..plugin_utils._refusal import refusal
from ..plugin_utils._reports._files import parse_report_options, write_reports
from ..plugin_utils._verdict import draw_verdict, split_verdict_options


class ActionModule(ActionBase):
    """The action that writes reports or removes earlier ones, and decides whether an audit passes."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        """Write the reports. See the documentation of the module."""
        result = super().run(tmp, task_vars)
        if refused := refusal(self, task_vars):
            return {**result, **refused, "outcome": INCOMPLETE, "complete": False}
        try:
            fail_on_violations, arguments = split_verdict_options(self._task.args)
            if fail_on_violations is None:
                result.update(self._reports(parse_report_options(arguments)))
            else:
                self._conclude(fail_on_violations, arguments, result, task_vars or {})
        except PatrolError as error:
            known = {key: value for key, value in error.as_result().items() if value is not None}
            result.update(failed=True, **known)
        return name_variables(self, result, task_vars)

    def _conclude(self, fail_on_violations, arguments, result, task_vars):
        """Write or remove reports if ``dest`` is set, and decide whether the audit passes if ``audit`` is set."""
        if arguments.get("state") == "absent":
            # A task can register this result under the same name as the audit that follows. If the audit fails, this
            # result remains and must not be mistaken for a pass.
            result.update(outcome=INCOMPLETE, complete=False)
        # The default of ``dest`` allows a check of the other options, even if no report is written.
        options = parse_report_options({"dest": ".", **arguments})
        reports = self._reports(options) if "dest" in arguments else {}
        result.update({key: reports[key] for key in ("changed", "diff") if key in reports})
        if options.audit is not None:
            names = self._templar.template(task_vars.get("__workmail_variables") or {})
            option = names.get("fail_on_violations", "fail_on_violations")
            verdict = draw_verdict(options.audit, fail_on_violations, reports, self._task.check_mode, option)
            result.update(verdict.as_result())

    def _reports(self, options):
        """Write or remove reports, and return their paths and their changes."""
        reports = write_reports(options, check=self._task.check_mode)
        places = {
            "changed": any(report.changed for report in reports),
            "dest": options.directory,
            "paths": {report.report_format: report.path for report in reports},
        }
        if self._task.diff:
            places["diff"] = [report.as_diff() for report in reports if report.changed]
        return places
