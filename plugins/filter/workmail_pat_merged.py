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
short_description: Merge the audits of many AWS accounts into one
description:
  - Makes one audit of those of many accounts, for a report on all of them.
  - The outcome is V(pass) only if that is the outcome of every audit. It is V(incomplete) unless every account was
    audited and read completely. An account is among the C(errors), by its name, if its audit failed, is missing, has an
    unknown outcome, or contradicts itself, such as a C(pass) with errors or without some of the findings that it
    counts.
  - An account with an organization that another account has as well is left out and is an error too, since one of the
    two is not what it is taken for, such as by a role that was copied.
  - All audits need to have been judged by the same policy and at the same instant.
positional: accounts
options:
  _input:
    description:
      - By the name of each account what M(patrol.workmail.workmail_pat_audit) returned, or
        P(patrol.workmail.workmail_pat_findings#filter). The result of a task that failed is fine.
    type: dict
    required: true
  accounts:
    description:
      - The names of all accounts that were to be audited.
    type: list
    elements: str
    required: true
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
    by_account: "{{ dict(audits.results | map(attribute='item') | zip(audits.results)) }}"
    merged: "{{ by_account | patrol.workmail.workmail_pat_merged(['111111111111', '222222222222']) }}"
"""

RETURN = r"""
_value:
  description:
    - The outcome, the findings and the summary, with the fields that M(patrol.workmail.workmail_pat_audit) returns, but
      for what it cost.
    - Each finding, organization and error has its C(account) as well, which also begins the C(message) of a finding and
      the C(msg) of an error. C(summary.accounts) is how many accounts were read completely.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._domain.errors import PatrolError
from ..plugin_utils._account_merge import merge_audits


def workmail_pat_merged(audits, accounts):
    """Merge audits; see the documentation of the filter."""
    try:
        return merge_audits(audits, accounts)
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_merged: {error}") from error


class FilterModule:
    """The filter on audits of several accounts."""

    def filters(self):
        """Filters by name."""
        return {"workmail_pat_merged": workmail_pat_merged}
