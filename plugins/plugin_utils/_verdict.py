# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The verdict of an audit: its summary for a log, and whether it passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._audit.audit_check import check_audit
from ..module_utils._audit.result import PASS, VIOLATIONS
from ..module_utils._domain.errors import OptionError
from ..module_utils._domain.text import join_sentences, log_line, quoted
from ._reports._text import log_lines, reasons

_OPTIONS = {"verdict": False, "fail_on_violations": True}
# The log of a run that passes has at most 25 lines, and Ansible itself needs the others.
_MOST_LINES_OF_A_PASS = 6


class Verdict(NamedTuple):
    """The lines of the summary. ``problem`` is the reason why the audit does not pass, or None if it passes."""

    summary: list[str]
    problem: str | None
    error_code: str | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the verdict as a result that Ansible shows with one line per line of the summary."""
        failure = {} if self.problem is None else {"failed": True, "msg": self.problem}
        code = {} if self.error_code is None else {"error_code": self.error_code}
        return {"summary": self.summary, **failure, **code, "_ansible_verbose_always": True}


def split_verdict_options(arguments: Mapping[str, Any]) -> tuple[bool | None, dict[str, Any]]:
    """Separate the options of the verdict from the other options of the module ``workmail_pat_report``.

    Args:
        arguments: The options by name, as the task has them.

    Returns:
        Whether violations fail the task, or None if it does not draw a verdict; and the other options.

    Raises:
        OptionError: An option of the verdict is not valid.
    """
    others = {name: value for name, value in arguments.items() if name not in _OPTIONS}
    values = {}
    for name, default in _OPTIONS.items():
        value = arguments.get(name)
        try:
            values[name] = default if value is None else boolean(value)
        except TypeError as error:
            raise OptionError(f"{name}: {quoted(value)} is not valid; expected true or false") from error
    if not values["verdict"]:
        if "fail_on_violations" in arguments:
            raise OptionError("fail_on_violations: expected only with verdict: true")
        return None, others
    return values["fail_on_violations"], others


def draw_verdict(
    audit: object,
    fail_on_violations: bool,
    reports: Mapping[str, Any],
    check: bool,
    option: str = "fail_on_violations",
) -> Verdict:
    """Summarize an audit, and decide whether it passes. An incomplete audit never passes.

    Args:
        audit: The result of an audit.
        fail_on_violations: Whether violations fail it.
        reports: The directory of the reports in ``dest``, and the path of each by its format in ``paths``; empty
            without reports.
        check: Whether the run only checks, so no report was written.
        option: The name of ``fail_on_violations`` in errors: of the option, or of the variable of a role.

    Returns:
        The verdict.

    Raises:
        OptionError: It is not the result of an audit.
    """
    known = check_audit(audit)
    outcome = known["outcome"]
    passed = outcome == PASS or (outcome == VIOLATIONS and not fail_on_violations)
    notes = []
    if outcome == VIOLATIONS and passed:
        notes.append(f"Violations do not fail this run, because {option} is false.")
    if reports and check:
        notes.append(
            f"No report was written, because of check mode. Reports in {reports['dest']} are from an earlier run."
        )
    elif reports:
        notes.append(f"Reports: {', '.join(reports['paths'].values())}")
    most = _MOST_LINES_OF_A_PASS - len(notes) if passed else None
    summary = [*log_lines(known, most), *map(log_line, notes)]
    if passed:
        return Verdict(summary, None)
    if outcome == VIOLATIONS:
        return Verdict(summary, "Violations of the policy fail this audit. The verdict is in the summary.")
    problem = join_sentences("The audit is incomplete, so it cannot pass", *reasons(known))
    return Verdict(summary, problem, "IncompleteAuditException")
