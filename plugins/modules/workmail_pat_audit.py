#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_audit
version_added: 0.1.0
short_description: Audit Amazon WorkMail personal access tokens against a policy
description:
  - Reads every personal access token of one, several or all Amazon WorkMail organizations, and checks it against the
    rules of a policy.
  - Violations do not fail the task, so a play can report them first. RV(outcome) is V(violations) then. The role
    R(patrol.workmail.audit, ansible_collections.patrol.workmail.audit_role) writes reports and then fails.
  - Only findings are returned, not the tokens without a finding.
  - The result is complete, or the task fails. With O(on_error=continue), it can be incomplete, and the outcome is
    V(incomplete) then.
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  policy:
    description:
      - The policy. Either O(policy) or O(policy_file) is required.
      - C(version) is the version of the policy format, V(1). Required.
      - C(fail_on) is the minimum severity of a violation, one of V(low), V(medium), V(high) and V(critical). The
        default is V(low), so every finding is a violation.
      - C(rules) is a list of rules that find tokens. Each rule has a unique C(id), a C(severity), and at least one
        condition in C(when). Optionally, it has a C(description) for the reports, and C(revoke). Required.
      - A rule with C(revoke) set to V(false) only reports. M(patrol.workmail.workmail_pat_revoke) never revokes a token
        because of it. The default is V(true).
      - C(exceptions) is a list of exceptions that mute findings. Each exception has C(rules), a list of rule IDs; at
        least one condition in C(match); a C(reason); and C(expires), a date, which includes that day in UTC, or an
        instant in ISO 8601 with an offset. After that, it mutes nothing and is listed in RV(exceptions.expired).
      - The test plugin P(patrol.workmail.workmail_pat_matching#test) documents the conditions.
      - The policy is checked before any call. Errors name the path of the mistake, such as C(rules[2].when.expird).
    type: dict
  policy_file:
    description:
      - The path of a YAML file with the policy on the controller. A relative path is searched in C(files) of the role,
        next to the playbook, and in the working directory.
      - Or the name of a built-in policy. V(default) suits most organizations, V(no_expired) fails only if a token has
        expired, and V(wind_down) lists every token and passes if no token is in use.
    type: str
  baseline:
    description:
      - An earlier result of this module, such as its C(audit.json), to compare this audit with.
      - A finding of the same rule on the same token is RV(findings[].known=true). It is reported, and does not fail the
        audit. A token is the same if its account, organization and ID are. Findings that an exception mutes in the
        baseline do not count.
      - Findings of the baseline that are gone are in RV(fixed).
      - It is an error if the baseline is not the result of an audit, was incomplete, is older than
        O(baseline_max_age), was made with a future O(as_of), or has an organization that this audit does not read.
      - It cannot be used with O(users) and O(select), because other findings would look fixed.
    type: dict
  baseline_file:
    description:
      - The file of an earlier audit, on the controller, in place of O(baseline).
      - A relative path is searched in the same places as O(policy_file).
      - To make a baseline, keep the C(audit.json) that M(patrol.workmail.workmail_pat_report) writes.
    type: str
  baseline_max_age:
    description:
      - The maximum age of the baseline, a duration such as V(30d). An older baseline is an error.
    type: str
    default: 90d
seealso:
  - module: patrol.workmail.workmail_pat_info
  - plugin: patrol.workmail.workmail_pat_findings
    plugin_type: filter
  - plugin: patrol.workmail.workmail_pat_report
    plugin_type: filter
  - plugin: patrol.workmail.workmail_pat_matching
    plugin_type: test
extends_documentation_fragment:
  - patrol.workmail._organizations
  - patrol.workmail._users
  - patrol.workmail._reading
  - patrol.workmail._selection
  - patrol.workmail._as_of
  - patrol.workmail._paging
  - patrol.workmail._role
  - patrol.workmail._accounts
  - patrol.workmail._connection
  - patrol.workmail._attributes
  - patrol.workmail._attributes.info
  - patrol.workmail._requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
notes:
  - The owners of tokens are read if the policy has conditions on owners, and with O(owners=true).
  - The summary counts every token that was read, including tokens that O(select) excludes from the rules.
  - O(select), O(users), O(organizations) and O(regions) limit the audit, and V(pass) applies only to what they include.
    To mute known findings in an audit of everything, add exceptions to the policy. Exceptions are reported and expire.
"""

EXAMPLES = r"""
- name: Audit every token of one organization with the built-in default policy
  patrol.workmail.workmail_pat_audit:
    organization: acme
    region: us-east-1
    policy_file: default
  register: audit

- name: Show the findings
  ansible.builtin.debug:
    msg: "{{ audit.findings | rejectattr('muted') | map(attribute='message') }}"

- name: Fail if the outcome is not a pass
  ansible.builtin.assert:
    that: audit.outcome == 'pass'

- name: Audit every organization in every region with a policy in the play
  patrol.workmail.workmail_pat_audit:
    regions: all
    policy:
      version: 1
      fail_on: high
      rules:
        - id: expired
          severity: high
          when:
            expired: true
          description: The token has expired
        - id: unused
          severity: low
          when:
            unused_for: 90d
      exceptions:
        - rules: [expired]
          match:
            owner: svc-*@acme.example
          reason: TICKET-1, the service moves in spring
          expires: "2027-03-31"

- name: Write the result to reports/audit.json
  patrol.workmail.workmail_pat_report:
    audit: "{{ audit }}"
    dest: reports
    formats: [json]

- name: Audit with an earlier result as baseline, so only new findings are violations
  patrol.workmail.workmail_pat_audit:
    organization: acme
    region: us-east-1
    policy_file: default
    baseline_file: reports/audit.json
  register: audit

- name: Find the tokens that will have expired in thirty days
  patrol.workmail.workmail_pat_audit:
    organization: acme
    region: us-east-1
    as_of: +30d
    policy_file: no_expired
"""

RETURN = r"""
outcome:
  description:
    - V(incomplete) if something could not be read; V(violations) if a finding that is neither muted nor known is at
      least as severe as the C(fail_on) of the policy; otherwise V(pass).
    - The audit cannot find a token that the service does not list. AWS does not document whether it lists tokens that
      have expired.
  type: str
  returned: success
  sample: violations
findings:
  description:
    - The findings, sorted by severity (the most severe first), C(rule_id), organization ID and token ID.
  type: list
  elements: dict
  returned: success
  contains:
    rule_id:
      description: The ID of the rule.
      type: str
      returned: always
      sample: expired
    severity:
      description: The severity of the rule.
      type: str
      returned: always
      sample: high
    revoke:
      description: Whether the rule may revoke the token. It is V(false) if the rule has C(revoke) set to V(false).
      type: bool
      returned: always
    description:
      description: The description of the rule, or its ID if it has none.
      type: str
      returned: always
      sample: The token has expired
    message:
      description: One line for people, with the C(description) and a summary of the token.
      type: str
      returned: always
      sample: >-
        The token has expired: acme, token pat-5f1c0e9ad1 "Outlook laptop" of ana@acme.example, created 2026-01-02,
        last used 2026-02-03, expired 2026-11-01
    known:
      description: Whether the baseline has a finding of the same rule on the same token.
      type: bool
      returned: always
    muted:
      description: Whether an exception mutes the finding.
      type: bool
      returned: always
    exception:
      description:
        - The exception that mutes it, with C(rules), C(match), C(reason) and C(expires); null if it is not muted.
      type: dict
      returned: always
    token:
      description:
        - The token, with the fields that RV(patrol.workmail.workmail_pat_info#module:personal_access_tokens) describes.
      type: dict
      returned: always
fixed:
  description: The findings of the baseline that are gone, each as the baseline has it.
  type: list
  elements: dict
  returned: success
summary:
  description: How much was read and found.
  type: dict
  returned: success
  contains:
    accounts:
      description: How many AWS accounts were read completely.
      type: int
      returned: always
    organizations:
      description: How many organizations were read completely.
      type: int
      returned: always
    tokens:
      description: How many tokens were read.
      type: int
      returned: always
    findings:
      description: The number of findings.
      type: int
      returned: always
    violations:
      description: How many findings are neither muted nor known, and at least as severe as C(fail_on) of the policy.
      type: int
      returned: always
    new:
      description: How many findings are neither muted nor known.
      type: int
      returned: always
    known:
      description: How many findings are known and not muted.
      type: int
      returned: always
    fixed:
      description: How many findings of the baseline are gone.
      type: int
      returned: always
    muted:
      description: How many findings are muted.
      type: int
      returned: always
    by_rule:
      description: How many findings of each rule are not muted.
      type: dict
      returned: always
      sample: {expired: 3, unused: 0}
    by_severity:
      description: How many findings of each severity are not muted.
      type: dict
      returned: always
      sample: {critical: 0, high: 3, medium: 0, low: 0}
exceptions:
  description: The exceptions of the policy that need attention, as they are in the policy.
  type: dict
  returned: success
  contains:
    expired:
      description: The expired exceptions, which no longer mute anything.
      type: list
      elements: dict
      returned: always
    unused:
      description: The exceptions that matched nothing.
      type: list
      elements: dict
      returned: always
policy:
  description: The parts of the policy that reports need.
  type: dict
  returned: success
  contains:
    name:
      description: The name of the policy, which is that of its file without folder and suffix; null with O(policy).
      type: str
      returned: always
      sample: default
    digest:
      description: The SHA-256 digest of the policy as JSON with sorted keys.
      type: str
      returned: always
      sample: sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862
    file:
      description: The file that it was read from, relative to the working directory; null with O(policy).
      type: str
      returned: always
      sample: policy.yml
    fail_on:
      description: The minimum severity of a violation.
      type: str
      returned: always
      sample: medium
    rules:
      description: The rules in the order of the policy.
      type: list
      elements: dict
      returned: always
      contains:
        id:
          description: The ID of the rule.
          type: str
          returned: always
        severity:
          description: The severity of the rule.
          type: str
          returned: always
        description:
          description: The description of the rule; null if the policy has none.
          type: str
          returned: always
        line:
          description: The line of the file at which the rule begins; null with O(policy).
          type: int
          returned: always
baseline:
  description: The earlier audit that this one was compared with; null if the audit had no baseline.
  type: dict
  returned: success
  contains:
    as_of:
      description: The instant for which its tokens were evaluated, in ISO 8601 in UTC.
      type: str
      returned: always
    audited_at:
      description: The instant of that audit, in ISO 8601 in UTC.
      type: str
      returned: always
    findings:
      description: How many findings it has that are not muted.
      type: int
      returned: always
    policy:
      description: The C(name) and the C(digest) of its policy. If the digest differs, rules may have changed since.
      type: dict
      returned: always
accounts:
  description:
    - The AWS accounts, including those in another state than C(ACTIVE), which are not read.
    - Without O(accounts), the account of the credentials.
  type: list
  elements: dict
  returned: success
  contains:
    id:
      description: The ID of the account; null if it is not known.
      type: str
      returned: always
      sample: "123456789012"
    name:
      description: The name of the account in AWS Organizations; null if AWS Organizations was not asked.
      type: str
      returned: always
      sample: production
    state:
      description: The state of the account in AWS Organizations; null if AWS Organizations was not asked.
      type: str
      returned: always
      sample: ACTIVE
    role_arn:
      description: The ARN of the role that was assumed in the account; null if it was read with the credentials in use.
      type: str
      returned: always
      sample: arn:aws:iam::123456789012:role/workmail-auditor
    organizations:
      description: How many organizations of the account were read; null if it was not read completely.
      type: int
      returned: always
    tokens:
      description: How many tokens the account has; null if it was not read completely.
      type: int
      returned: always
organizations:
  description:
    - The organizations that were found. If you name none, this includes those in state C(Creating), C(Deleting) or
      C(Deleted).
  type: list
  elements: dict
  returned: success
  contains:
    account_id:
      description: The AWS account of the organization; null if it is not known.
      type: str
      returned: always
      sample: "123456789012"
    account_name:
      description: The name of the account in AWS Organizations; null if AWS Organizations was not asked.
      type: str
      returned: always
      sample: production
    id:
      description: The ID of the organization.
      type: str
      returned: always
    alias:
      description: The alias of the organization.
      type: str
      returned: always
    region:
      description: The region of the organization.
      type: str
      returned: always
    state:
      description: The state of the organization, as the service returns it.
      type: str
      returned: always
      sample: Active
    tokens:
      description: How many tokens the organization has; null if it was skipped or not read completely.
      type: int
      returned: always
as_of:
  description: The instant for which the tokens were evaluated, in ISO 8601 in UTC.
  type: str
  returned: success
  sample: "2026-04-02T15:04:05+00:00"
audited_at:
  description: The instant of the audit, in ISO 8601 in UTC.
  type: str
  returned: success
  sample: "2026-04-02T15:04:05+00:00"
caller:
  description:
    - The ARN of the credentials that read the tokens, from C(sts:GetCallerIdentity), which needs no permission.
    - It is null if AWS STS does not return it within a few seconds.
  type: str
  returned: success
  sample: arn:aws:sts::123456789012:assumed-role/workmail-auditor/ansible-patrol-workmail
collection_version:
  description: The version of this collection.
  type: str
  returned: success
  sample: 0.1.0
schema_version:
  description: The version of the format of this result. C(docs/audit.v1.schema.json) is its JSON Schema.
  type: int
  returned: success
  sample: 1
complete:
  description: Whether every requested page was read.
  type: bool
  returned: success
errors:
  description: What could not be read, with O(on_error=continue).
  type: list
  elements: dict
  returned: success
  contains:
    msg:
      description: The message, with what is wrong, the place and how to fix it.
      type: str
      returned: always
    error_code:
      description: A code of AWS, the name of a botocore exception, or a code of this collection.
      type: str
      returned: always
      sample: AccessDeniedException
    account_id:
      description: The AWS account, if it is known.
      type: str
      returned: always
    organization_id:
      description: The organization, if it is known.
      type: str
      returned: always
    region:
      description: The region, if it is known.
      type: str
      returned: always
    operation:
      description: The API operation, if it is known.
      type: str
      returned: always
    page:
      description: The page of the listing, counted from 1, if it is known.
      type: int
      returned: always
    hint:
      description: How to fix it, if known.
      type: str
      returned: always
elapsed:
  description: The time that reading them took, in seconds.
  type: float
  returned: success, and failure once there was a connection
  sample: 6.1
pages:
  description: How many pages of listings were read.
  type: int
  returned: success, and failure once there was a connection
  sample: 123
calls:
  description: How many calls were made to AWS.
  type: int
  returned: success, and failure once there was a connection
  sample: 125
retries:
  description: How many times botocore repeated one of these calls, for example after throttling.
  type: int
  returned: success, and failure once there was a connection
  sample: 0
mistakes:
  description:
    - The mistakes of a policy or of conditions, at most 100. Each has C(path), C(problem), C(line) and C(rule_id).
    - C(line) is null if the document was not read from a file. C(rule_id) is null outside of the rules of a policy.
  type: list
  elements: dict
  returned: failure because of such a mistake
error_code:
  description: A code of AWS, the name of a botocore exception, or a code of this collection.
  type: str
  returned: failure
  sample: AccessDeniedException
account_id:
  description: The AWS account, if it is known.
  type: str
  returned: failure
organization_id:
  description: The organization in which the error occurred, if it is known.
  type: str
  returned: failure
region:
  description: The region in which the error occurred, if it is known.
  type: str
  returned: failure
operation:
  description: The API operation that failed, if it is known.
  type: str
  returned: failure
page:
  description: The page of the listing, counted from 1, if it is known.
  type: int
  returned: failure
hint:
  description: How to fix it, if known.
  type: str
  returned: failure
"""

from ..module_utils._argspec import (
    ACCOUNTS,
    AS_OF,
    ORGANIZATIONS,
    PAGING,
    READING,
    ROLE,
    SELECTION,
    USERS,
    fail,
    make_module,
)
from ..module_utils._audit.run import gather_audit
from ..module_utils._domain.errors import PatrolError


def main() -> None:
    module = make_module(
        argument_spec={
            "policy": {"type": "dict"},
            "policy_file": {"type": "str"},
            "baseline": {"type": "dict"},
            "baseline_file": {"type": "str"},
            "baseline_max_age": {"type": "str", "default": "90d"},
            **ORGANIZATIONS,
            **USERS,
            **READING,
            **SELECTION,
            **AS_OF,
            **PAGING,
            **ROLE,
            **ACCOUNTS,
        },
        mutually_exclusive=[("policy", "policy_file"), ("baseline", "baseline_file")],
        required_one_of=[("policy", "policy_file")],
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, **gather_audit(module.params, module.connection))
    except PatrolError as error:
        fail(module, error)


if __name__ == "__main__":
    main()
