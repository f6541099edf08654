# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat_report
author:
  - The patrol.workmail contributors (@patrol-collections)
version_added: 0.1.0
short_description: Write an audit of Amazon WorkMail personal access tokens as a report
description:
  - Turns the result of an audit into the text of a report.
  - Text that users wrote, such as the name of a token, is escaped for each format.
  - If the audit was compared with a baseline, the report shows which findings are new, known and fixed.
positional: format
options:
  _input:
    description:
      - The result of M(patrol.workmail.workmail_pat_audit), P(patrol.workmail.workmail_pat_findings#filter) or
        P(patrol.workmail.workmail_pat_merged#filter).
    type: dict
    required: true
  format:
    description:
      - V(json) is the result itself, for programs; C(docs/audit.v1.schema.json) of the collection is its JSON Schema.
      - V(csv) has one row per finding, for a spreadsheet. No text is read as a formula. Errors come first, in rows with
        the severity V(incomplete).
      - V(junit) is the format that most pipelines show as test results, with one test suite per organization.
      - V(sarif) is SARIF 2.1.0, for code scanning. The location of a finding is its rule in the policy file; muted
        findings are omitted. If the policy is not a file of the repository, the location is the workflow that GitHub
        Actions runs, or else the file of another pipeline or the C(README) of the repository.
      - V(markdown) fits the comment of a pull request or the summary of a job, with at most 60 KB.
      - V(html) is a page for people, in one file without external resources. Its table has filters, and up to 100,000
        findings in pages. If there are more, the page says so.
      - V(text) is a short summary for a log, with the twenty most severe findings.
      - V(ocsf) is JSON Lines, with one Compliance Finding (class 2003) of the Open Cybersecurity Schema Framework 1.5.0
        for each finding, for each rule without a finding in an organization, and for each error.
      - V(openmetrics) contains counts by rule, severity, account and organization, for the textfile collector of
        Prometheus' node_exporter.
    type: str
    choices: [json, csv, junit, sarif, markdown, html, text, ocsf, openmetrics]
    required: true
  sarif_base:
    description:
      - The root of the repository, for V(sarif). The path of the policy file in the report is relative to it.
      - The default is the nearest directory that contains C(.git), from the working directory upward, or else the
        working directory.
    type: str
seealso:
  - module: patrol.workmail.workmail_pat_report
  - module: patrol.workmail.workmail_pat_audit
  - plugin: patrol.workmail.workmail_pat_findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Audit the tokens
  patrol.workmail.workmail_pat_audit:
    organization: acme
    region: us-east-1
    policy_file: default
  register: audit

- name: Write the HTML report
  ansible.builtin.copy:
    content: "{{ audit | patrol.workmail.workmail_pat_report('html') }}"
    dest: ./workmail-audit.html
    mode: "0600"

- name: Show the summary
  ansible.builtin.debug:
    msg: "{{ (audit | patrol.workmail.workmail_pat_report(format='text')).splitlines() }}"
"""

RETURN = r"""
_value:
  description: The text of the report.
  type: str
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._audit.audit_check import check_audit
from ..module_utils._domain.errors import PatrolError
from ..plugin_utils._reports._formats import FORMATS, render


def workmail_pat_report(audit, format, *, sarif_base=None):
    """Render an audit as a report. See the documentation of the filter."""
    try:
        if isinstance(format, str) and format in FORMATS:
            check_audit(audit)
        return render(audit, format, sarif_base)
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_report: {error}") from error


class FilterModule:
    """The filter plugin that renders an audit as a report."""

    def filters(self):
        """Return the filters by name."""
        return {"workmail_pat_report": workmail_pat_report}
