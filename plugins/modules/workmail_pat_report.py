#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_report
version_added: 0.1.0
short_description: Write the reports of an audit of Amazon WorkMail personal access tokens, and show its verdict
description:
  - Writes the result of an audit to a directory on the controller, in one or several formats.
  - The reports are named C(audit.json), C(audit.csv), C(audit.xml) for V(junit), C(audit.sarif), C(audit.md),
    C(audit.html), C(audit.txt), C(audit.ocsf.jsonl) and C(audit.prom) for V(openmetrics).
  - Each report is replaced atomically, so nobody reads an incomplete report.
  - Only regular files with the name of a requested format are replaced or removed. A link or a directory of such a name
    is an error. Other files are not changed, such as an C(audit.md) if O(formats) does not contain V(markdown).
  - Text that users wrote, such as the name of a token, is escaped for each format.
  - With O(verdict=true), it shows a short summary and fails if the audit does not pass. The last lines of the summary
    are the verdict and the paths of the reports.
  - To get a single report as text, use the filter P(patrol.workmail.workmail_pat_report#filter).
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  audit:
    description:
      - The result of M(patrol.workmail.workmail_pat_audit), P(patrol.workmail.workmail_pat_findings#filter) or
        P(patrol.workmail.workmail_pat_merged#filter).
      - Required with O(state=present).
    type: dict
  dest:
    description:
      - The directory for the reports. A relative path is relative to the working directory.
      - It is created with the mode C(0700) if it does not exist. The mode of an existing directory is not changed.
      - Required unless O(verdict=true). Without O(dest), no reports are written or removed.
    type: path
  formats:
    description:
      - The formats of the reports, as O(patrol.workmail.workmail_pat_report#filter:format) describes them.
    type: list
    elements: str
    choices: [json, csv, junit, sarif, markdown, html, text, ocsf, openmetrics]
    default: [html, json, junit]
  mode:
    description:
      - The mode of the reports, as octal digits in quotes. Reports contain names and e-mail addresses.
    type: raw
    default: "0600"
  sarif_base:
    description:
      - The root of the repository, for V(sarif). The path of the policy file in the report is relative to it.
      - The default is the nearest directory that contains C(.git), from the working directory upward, or else the
        working directory.
    type: path
  state:
    description:
      - V(present) writes the reports.
      - V(absent) removes the reports of an earlier run and checks that new ones can be written. Use it before an audit,
        so nobody mistakes an earlier report for the report of a failed audit.
    type: str
    choices: [present, absent]
    default: present
  verdict:
    description:
      - Whether to show a short summary of the audit in the log, and to fail if the audit does not pass. Reports are
        written first.
      - The summary has one line for each of the most severe findings. A task that passes shows at most six lines.
      - With O(state=absent), the result has an RV(outcome) that is not a pass. Register it under the name of the audit
        result, so nobody mistakes the result of an earlier audit for the result of a failed one.
    type: bool
    default: false
  fail_on_violations:
    description:
      - Whether violations of the policy fail the task. An incomplete audit always fails it.
      - Only with O(verdict=true). The default is V(true).
    type: bool
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without changing it.
    support: full
    details:
      - Nothing is written or removed. Reports of an earlier run remain.
  diff_mode:
    description: Returns what was or would be changed in diff mode.
    support: full
    details:
      - The difference contains the names and e-mail addresses of the reports.
  idempotent:
    description: When run twice in a row on an unchanged target, the second run changes nothing.
    support: full
notes:
  - The module always runs on the controller, regardless of the host of the task. A play with several hosts needs
    C(run_once) or one directory per host.
seealso:
  - module: patrol.workmail.workmail_pat_audit
  - plugin: patrol.workmail.workmail_pat_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Remove the reports of an earlier run
  patrol.workmail.workmail_pat_report:
    state: absent
    dest: reports
    formats: [html, json, sarif]

- name: Audit the tokens
  patrol.workmail.workmail_pat_audit:
    organization: acme
    region: us-east-1
    policy_file: default
  register: audit

- name: Write three reports in one task
  patrol.workmail.workmail_pat_report:
    audit: "{{ audit }}"
    dest: reports
    formats: [html, json, sarif]
  register: reports

- name: Show the verdict, and fail if the audit does not pass
  patrol.workmail.workmail_pat_report:
    audit: "{{ audit }}"
    verdict: true

- name: Show the path of the HTML report
  ansible.builtin.debug:
    msg: "{{ reports.paths.html }}"
"""

RETURN = r"""
dest:
  description: The directory, as an absolute path.
  type: str
  returned: success, without O(verdict=true)
  sample: /srv/project/reports
paths:
  description: The path of each report by its format. In check mode and with O(state=absent), the files need not exist.
  type: dict
  returned: success, without O(verdict=true)
  sample: {html: /srv/project/reports/audit.html, json: /srv/project/reports/audit.json}
summary:
  description:
    - The most severe findings, the errors, the policy and the instant, the verdict with its counts, and the paths of
      the reports.
    - No line is a command of a pipeline, and no line contains a control character.
  type: list
  elements: str
  returned: with O(verdict=true), also if the audit does not pass
  sample:
    - "PASS: 0 violations on 9 tokens of 3 organizations"
    - "Reports: /srv/project/reports/audit.html, /srv/project/reports/audit.json, /srv/project/reports/audit.xml"
outcome:
  description: Always V(incomplete).
  type: str
  returned: with O(verdict=true) and O(state=absent)
complete:
  description: Always V(false).
  type: bool
  returned: with O(verdict=true) and O(state=absent)
error_code:
  description:
    - V(InvalidOptionException) for an option that is not valid, V(IncompleteAuditException) for the verdict on an audit
      that is incomplete, and V(ReportException) if a report cannot be written or removed.
  type: str
  returned: failure
  sample: ReportException
hint:
  description: How to fix it, if known.
  type: str
  returned: failure
"""
