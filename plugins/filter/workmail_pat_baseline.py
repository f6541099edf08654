# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat_baseline
author:
  - The patrol.workmail contributors (@patrol-collections)
version_added: 0.1.0
short_description: Read an earlier audit of personal access tokens as a baseline
description:
  - Reads and checks the C(audit.json) of an earlier audit, for the option C(baseline) of
    P(patrol.workmail.workmail_pat_findings#filter) and P(patrol.workmail.workmail_pat_merged#filter).
  - M(patrol.workmail.workmail_pat_audit) reads the file itself.
  - It is an error if the file does not exist, or if it is not a complete audit of at most O(max_age).
options:
  _input:
    description:
      - The path of the file on the controller, or the result of an audit.
      - A relative path is searched in O(directory), and then in the working directory.
    type: raw
    required: true
  max_age:
    description: The maximum age of the audit, a duration such as V(30d).
    type: str
    default: 90d
  directory:
    description: The first directory to search for a relative path, for example C(playbook_dir).
    type: str
seealso:
  - plugin: patrol.workmail.workmail_pat_findings
    plugin_type: filter
  - plugin: patrol.workmail.workmail_pat_merged
    plugin_type: filter
"""

EXAMPLES = r"""
- name: List the findings that are new since an earlier audit
  when: earlier_audit is file
  ansible.builtin.debug:
    msg: "{{ audit.findings | rejectattr('known') | map(attribute='message') }}"
  vars:
    audit: "{{ acme | patrol.workmail.workmail_pat_findings('default', baseline=earlier) }}"
    earlier: "{{ earlier_audit | patrol.workmail.workmail_pat_baseline(max_age='30d') }}"
    earlier_audit: "{{ playbook_dir }}/reports/audit.json"
"""

RETURN = r"""
_value:
  description: The audit, with the fields that M(patrol.workmail.workmail_pat_audit) returns.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._audit.baseline import MAX_AGE, read_baseline
from ..module_utils._domain.errors import PatrolError
from ..module_utils._domain.times import current_instant
from ..plugin_utils._baseline_files import find_and_load


def workmail_pat_baseline(audit, *, max_age=MAX_AGE, directory=None):
    """Read and check a baseline. See the documentation of the filter."""
    try:
        document = find_and_load(audit, directory) if isinstance(audit, str) else audit
        read_baseline(document, max_age, current_instant())
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_baseline: {error}") from error
    return document


class FilterModule:
    """The filter plugin for earlier audits."""

    def filters(self):
        """Return the filters by name."""
        return {"workmail_pat_baseline": workmail_pat_baseline}
