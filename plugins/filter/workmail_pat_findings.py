# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat_findings
author:
  - The patrol.workmail contributors (@patrol-collections)
version_added: 0.1.0
short_description: Check facts about Amazon WorkMail personal access tokens against a policy
description:
  - Audits facts that are already gathered, in the same way as M(patrol.workmail.workmail_pat_audit) audits the tokens
    that it reads.
  - The outcome is V(incomplete), and C(errors) says why, unless the facts are complete. They are complete if their
    C(complete) is true, they have no errors, and they contain every record and organization that their summary counts
    exactly once.
  - Facts that were gathered with O(patrol.workmail.workmail_pat_info#module:select), that were read page by page, or
    that were filtered afterward are incomplete.
  - The audit covers what was requested when the facts were gathered. Facts about some organizations or some users can
    be complete.
  - A bare list of records does not say whether it is complete, so its outcome is V(incomplete) unless O(complete=true).
positional: policy
options:
  _input:
    description:
      - The result of M(patrol.workmail.workmail_pat_info), or a list of records of tokens such as its
        RV(patrol.workmail.workmail_pat_info#module:personal_access_tokens).
      - The records must contain the owners if the policy has conditions on owners.
    type: raw
    required: true
  policy:
    description:
      - The policy, as O(patrol.workmail.workmail_pat_audit#module:policy) describes it, or the name of a built-in
        policy, V(default), V(no_expired) or V(wind_down).
    type: raw
    required: true
  complete:
    description:
      - Whether a list of records contains every token, for example because it comes from
        P(patrol.workmail.workmail_pat#lookup) with neither O(patrol.workmail.workmail_pat#lookup:select) nor
        O(patrol.workmail.workmail_pat#lookup:on_error=continue). The filter cannot check this.
      - Only for a list. The result of M(patrol.workmail.workmail_pat_info) has its own C(complete).
    type: bool
  as_of:
    description:
      - The instant for which the policy is evaluated. An instant in ISO 8601 with an offset; a date, which is the start
        of that day in UTC; or a duration from now such as V(+30d).
      - The default is the C(as_of) of the result, or now for a list.
    type: str
  baseline:
    description:
      - An earlier audit to compare with, as O(patrol.workmail.workmail_pat_audit#module:baseline) describes it.
      - Pass facts about all tokens of the organizations of the baseline. Findings of other tokens would look fixed.
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
- name: Gather the tokens once
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
    owners: true
  register: acme

- name: Check them against the built-in default policy
  ansible.builtin.debug:
    msg: "{{ (acme | patrol.workmail.workmail_pat_findings('default')).summary }}"

- name: List the findings that are new since an earlier audit
  when: earlier_audit is file
  ansible.builtin.debug:
    msg: "{{ audit.findings | rejectattr('known') | map(attribute='message') }}"
  vars:
    audit: "{{ acme | patrol.workmail.workmail_pat_findings('default', baseline=earlier) }}"
    earlier: "{{ earlier_audit | patrol.workmail.workmail_pat_baseline }}"
    earlier_audit: "{{ playbook_dir }}/reports/audit.json"

- name: List the findings of a stricter policy in thirty days
  ansible.builtin.debug:
    msg: "{{ audit.findings | map(attribute='message') }}"
  vars:
    audit: "{{ acme | patrol.workmail.workmail_pat_findings(policy, as_of='+30d') }}"
    policy:
      version: 1
      rules:
        - id: expired
          severity: high
          when:
            expired: true
        - id: unused
          severity: low
          when:
            unused_for: 30d
"""

RETURN = r"""
_value:
  description:
    - The outcome, the findings and the summary, with the fields that M(patrol.workmail.workmail_pat_audit) returns.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._audit.baseline import MAX_AGE, read_baseline
from ..module_utils._domain.errors import OptionError, PatrolError
from ..module_utils._domain.policy import parse_policy
from ..module_utils._domain.text import expected, quoted
from ..module_utils._domain.times import current_instant
from ..plugin_utils._facts_audit import audit_facts
from ..plugin_utils._policy_files import BUILT_IN, load_built_in


def workmail_pat_findings(facts, policy, *, as_of=None, complete=None, baseline=None, baseline_max_age=MAX_AGE):
    """Check facts against a policy. See the documentation of the filter."""
    try:
        name = policy if isinstance(policy, str) else None
        if isinstance(policy, str):
            if policy not in BUILT_IN:
                raise OptionError(
                    f"policy: {quoted(policy)} is not a built-in policy{expected(policy, list(BUILT_IN))}"
                )
            policy = load_built_in(policy).document
        now = current_instant()
        earlier = None if baseline is None else read_baseline(baseline, baseline_max_age, now)
        result = audit_facts(parse_policy(policy), facts, as_of, now, complete, earlier)
        result["policy"]["name"] = name
        return result
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_findings: {error}") from error


class FilterModule:
    """The filter plugin that checks facts against a policy."""

    def filters(self):
        """Return the filters by name."""
        return {"workmail_pat_findings": workmail_pat_findings}
