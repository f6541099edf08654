# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat_merged
author:
  - The patrol.workmail contributors (@patrol-collections)
version_added: 0.1.0
short_description: Merge the audits of several hosts into one
description:
  - Merges the audits of several hosts, each of which audited a part of the AWS accounts, into one for a common report.
  - To audit several accounts from one host, use O(patrol.workmail.workmail_pat_audit#module:accounts) instead.
  - The outcome is V(pass) only if that is the outcome of every audit. It is V(incomplete) unless every host was audited
    and everything was read completely. C(errors) contains a host, by its name, if its audit failed, is missing, has an
    unknown outcome, or contradicts itself. An example of the latter is a C(pass) with errors, or without some of the
    findings that it counts.
  - If two hosts read the same account or the same organization, the second host is skipped and is an error too. One of
    the two probably did not read the intended account, for example because its role was copied.
  - All audits must have used the same policy and the same instant.
positional: hosts
options:
  _input:
    description:
      - The result of M(patrol.workmail.workmail_pat_audit) or P(patrol.workmail.workmail_pat_findings#filter) for each
        host, by its name. The result can be that of a task that failed.
    type: dict
    required: true
  hosts:
    description:
      - The names of all hosts that must be audited. Any names are allowed, not only hosts of the inventory.
    type: list
    elements: str
    required: true
  baseline:
    description:
      - An earlier audit of all hosts to compare with, as O(patrol.workmail.workmail_pat_audit#module:baseline)
        describes it.
      - To read it from a file, use P(patrol.workmail.workmail_pat_baseline#filter).
    type: dict
  baseline_max_age:
    description: The maximum age of the baseline, a duration such as V(30d).
    type: str
    default: 90d
seealso:
  - module: patrol.workmail.workmail_pat_audit
  - plugin: patrol.workmail.workmail_pat_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Audit two accounts
  patrol.workmail.workmail_pat_audit:
    region: us-east-1
    policy_file: default
    as_of: "2026-11-24T00:00:00Z"
    on_error: continue
    assume_role_arn: arn:aws:iam::{{ item }}:role/workmail-auditor
  loop: ["111111111111", "222222222222"]
  register: audits
  ignore_errors: true

- name: Show one summary
  ansible.builtin.debug:
    msg: "{{ (merged | patrol.workmail.workmail_pat_report('text')).splitlines() }}"
  vars:
    by_host: "{{ dict(audits.results | map(attribute='item') | zip(audits.results)) }}"
    merged: "{{ by_host | patrol.workmail.workmail_pat_merged(['111111111111', '222222222222']) }}"
"""

RETURN = r"""
_value:
  description:
    - The outcome, the findings and the summary, with the fields that M(patrol.workmail.workmail_pat_audit) returns,
      except those about the calls and the time of the run.
    - Each finding, account, organization and error also has its C(host), which begins the C(message) of a finding and
      the C(msg) of an error as well.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._audit.baseline import MAX_AGE, read_baseline
from ..module_utils._domain.errors import PatrolError
from ..module_utils._domain.times import current_instant
from ..plugin_utils._account_merge import merge_audits


def workmail_pat_merged(audits, hosts, *, baseline=None, baseline_max_age=MAX_AGE):
    """Merge the audits of several hosts. See the documentation of the filter."""
    try:
        earlier = None if baseline is None else read_baseline(baseline, baseline_max_age, current_instant())
        return merge_audits(audits, hosts, earlier)
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_merged: {error}") from error


class FilterModule:
    """The filter plugin that merges the audits of several hosts."""

    def filters(self):
        """Return the filters by name."""
        return {"workmail_pat_merged": workmail_pat_merged}
