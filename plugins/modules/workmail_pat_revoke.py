#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_revoke
version_added: 0.1.0
short_description: Revoke the Amazon WorkMail personal access tokens that violate a policy
description:
  - Reads every personal access token of the organizations, and plans to revoke the tokens that violate a policy, or
    those of given findings. It writes the plan to a file in O(record_dir) and returns it. It revokes nothing yet.
  - With O(plan_file) and O(confirm=true), it carries out a plan that somebody has reviewed. It revokes only tokens of
    that plan, and each only if the plan still applies to it.
  - With O(confirm=true) and without O(plan_file), it plans and revokes in one run, within the limits and without a
    review.
  - The role R(patrol.workmail.revoke, ansible_collections.patrol.workmail.revoke_role) shows the plan as well.
  - A token is planned if it has a finding that no exception of the policy mutes, that is at least as severe as the
    C(fail_on) of the policy, and whose rule does not have C(revoke) set to V(false). A policy without such a rule is an
    error.
  - If something cannot be read, or the plan exceeds O(max_tokens) or O(max_percent), the task fails and revokes
    nothing.
  - Each token is read again just before its deletion, and so is its owner if a rule, an exception or O(protected)
    refers to owners. A token that belongs to another user now, that one of its rules no longer finds, or that is
    protected now, is skipped. Each token is read once more after its deletion. RV(revoked) therefore lists tokens that
    existed and are gone.
  - If the Ansible process that started the module ends, the task stops before the next deletion, with the error code
    C(AbandonedRunException). An asynchronous task may outlive the playbook.
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  policy:
    description:
      - The policy. O(patrol.workmail.workmail_pat_audit#module:policy) describes its format.
      - One of O(policy), O(policy_file), O(findings) and O(plan_file) is required.
    type: dict
  policy_file:
    description:
      - The path of a YAML file with the policy on the controller, or the name of a built-in policy.
        O(patrol.workmail.workmail_pat_audit#module:policy_file) describes both.
    type: str
  findings:
    description:
      - Findings of M(patrol.workmail.workmail_pat_audit) or P(patrol.workmail.workmail_pat_findings#filter) whose
        tokens to revoke, regardless of their severity. Findings that are muted, and those of rules with C(revoke) set
        to V(false), are skipped. If no finding may revoke, that is an error.
      - A token is skipped if it or its owner has changed since it was found, for example because it was used.
      - It cannot be combined with O(organizations) and O(regions), because each finding names its own.
      - Findings of an audit whose C(as_of) was in the future need O(allow_future=true), even to plan.
    type: list
    elements: dict
  plan_file:
    description:
      - The path of a plan that an earlier run has written on the host that runs the module. Only the tokens of the plan
        are revoked, and only with O(confirm=true).
      - The plan contains the policy, the protections, the limits, the instant and what to read. If you set these
        options again, they must have the same values. Only O(owners), O(concurrency) and O(record_dir) may differ.
      - The credentials must belong to the same account.
      - RV(not_in_plan) lists the tokens that a new plan would contain in addition. They are not revoked.
      - A file that was changed after it was written is an error. Anyone who can write to the file can write any plan,
        so protect it like a playbook.
    type: path
  confirm:
    description:
      - Whether to revoke the planned tokens. Otherwise the task only plans.
      - Without O(plan_file), the tokens are revoked without a review.
    type: bool
    default: false
  max_tokens:
    description:
      - The maximum number of planned tokens in total. If the plan has more, the task fails and revokes nothing.
      - The default is V(10).
    type: int
  max_percent:
    description:
      - The maximum percentage of the tokens of each organization, V(1) to V(100). If the plan has more, the task fails
        and revokes nothing.
      - The default is V(10).
    type: int
  protected:
    description:
      - Conditions on a token, at least one. A token that meets all of them is never revoked.
      - The conditions are those of the test plugin P(patrol.workmail.workmail_pat_matching#test), which documents each.
      - With conditions on owners, owners are read.
    type: dict
  grace:
    description:
      - A duration such as V(7d). A token that was created less than this duration ago is skipped.
    type: str
  organizations:
    description:
      - The organizations to read, by ID (C(m-) and 32 lowercase hexadecimal digits) or by alias.
      - An organization that does not exist, or whose tokens cannot be read, is an error.
      - If omitted, every organization that C(ListOrganizations) returns, except those in state C(Creating), C(Deleting)
        or C(Deleted). If no organization remains, that is an error.
      - An empty list is an error, because a list that a playbook computes could be empty by mistake.
    type: list
    elements: str
    aliases: [organization, organization_id]
  record_dir:
    description:
      - A directory on the host that runs the module. It is created if it does not exist. Each run writes a record to
        it, C(revoke-TIME-NUMBER.jsonl), and a run that only plans also writes its plan, C(plan-TIME.json). Only the
        owner of the files can read them. In check mode, nothing is written.
      - A record has one line of JSON for each step, which is on the disk before the next step, with C(time), C(caller)
        (the ARN that C(sts:GetCallerIdentity) returns), C(as_of), C(confirm), C(plan_file), C(outcome), the token,
        C(rule_ids) and C(reason).
      - C(outcome) is V(started), V(left), V(not_in_plan), V(planned), V(revoking) before a deletion, V(revoked),
        V(not_revoked), V(absent), V(failed) or V(unconfirmed) after it, and V(finished) or V(failed) at the end. If
        this last line is missing, the run was killed.
      - A plan has the policy and its digest, the instant, the limits, the protections, and each token with its rules.
      - If a file cannot be written, nothing is revoked.
      - Only one run at a time can use the directory. A second run fails with the error code
        C(RevocationLockedException). The lock is on the directory and ends with the process that holds it.
      - Required without O(plan_file). With O(plan_file), the default is the directory of the plan.
    type: path
seealso:
  - module: patrol.workmail.workmail_pat
  - module: patrol.workmail.workmail_pat_audit
extends_documentation_fragment:
  - patrol.workmail._reading
  - patrol.workmail._as_of
  - patrol.workmail._as_of.future
  - patrol.workmail._role
  - patrol.workmail._accounts
  - patrol.workmail._connection
  - patrol.workmail._attributes
  - patrol.workmail._attributes.change
  - patrol.workmail._requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Plan to revoke the expired tokens
  patrol.workmail.workmail_pat_revoke:
    organization: acme
    region: us-east-1
    policy_file: no_expired
    max_percent: 50
    record_dir: records
  register: plan

- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ plan.lines }}"

- name: Revoke the tokens of the plan, and no others
  patrol.workmail.workmail_pat_revoke:
    plan_file: "{{ plan.plan_file }}"
    confirm: true

- name: Revoke expired tokens without a review, except new ones and those of the backup service
  patrol.workmail.workmail_pat_revoke:
    organization: acme
    region: us-east-1
    policy_file: no_expired
    protected:
      owner: svc-backup@acme.example
    grace: 7d
    max_tokens: 50
    confirm: true
    record_dir: records
"""

RETURN = r"""
plan:
  description:
    - The planned tokens. With O(plan_file), the tokens to which the plan still applies.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
  contains:
    rule_ids:
      description: The rules that find it.
      type: list
      elements: str
      returned: always
    message:
      description: One line for a person, of the most severe finding.
      type: str
      returned: always
    token:
      description:
        - The token, with the fields that RV(patrol.workmail.workmail_pat_info#module:personal_access_tokens) describes.
      type: dict
      returned: always
not_in_plan:
  description: With O(plan_file), the tokens that a new plan would contain and this plan does not. They are not revoked.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
  contains:
    rule_ids:
      description: The rules that find it.
      type: list
      elements: str
      returned: always
    message:
      description: One line for a person, of the most severe finding.
      type: str
      returned: always
    token:
      description: The token.
      type: dict
      returned: always
left:
  description: The tokens that were found or are in the plan, and are skipped.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
  contains:
    rule_ids:
      description: The rules that found it.
      type: list
      elements: str
      returned: always
    message:
      description: One line for a person, of the most severe finding.
      type: str
      returned: always
    reason:
      description: Why it is skipped.
      type: str
      returned: always
      sample: "muted: TICKET-1, the service moves in spring"
    token:
      description: The token.
      type: dict
      returned: always
revoked:
  description:
    - The tokens that existed and are gone now, as they were just before their deletion, with the fields that
      RV(patrol.workmail.workmail_pat_info#module:personal_access_tokens) describes. In check mode, the tokens that
      would be revoked.
    - If the task fails, the tokens that it revoked before the failure.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
not_revoked:
  description: The planned tokens that were skipped after they were read again.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
  contains:
    reason:
      description: Why it is skipped.
      type: str
      returned: always
      sample: no longer found by unused
    token:
      description: The token as it was read.
      type: dict
      returned: always
absent:
  description: The IDs of tokens that were found or planned and do not exist.
  type: list
  elements: str
  returned: success, and failure once the options were found valid
unconfirmed:
  description:
    - The IDs of tokens whose deletion was requested and whose state is unknown. The task fails if it has an entry.
  type: list
  elements: str
  returned: success, and failure once the options were found valid
summary:
  description: How much was read, and the number of entries in each list.
  type: dict
  returned: success, and failure once the options were found valid
  contains:
    accounts:
      description: How many AWS accounts were read completely.
      type: int
      returned: always
    organizations:
      description: How many organizations were read.
      type: int
      returned: always
    tokens:
      description: How many tokens were read.
      type: int
      returned: always
    plan:
      description: How many tokens are planned.
      type: int
      returned: always
    left:
      description: How many were found and are skipped.
      type: int
      returned: always
    revoked:
      description: How many were revoked.
      type: int
      returned: always
    not_in_plan:
      description: How many a new plan would contain in addition.
      type: int
      returned: always
    not_revoked:
      description: How many were planned and are skipped.
      type: int
      returned: always
    absent:
      description: How many did not exist.
      type: int
      returned: always
    unconfirmed:
      description: How many are in an unknown state.
      type: int
      returned: always
accounts:
  description:
    - The AWS accounts, including those in another state than C(ACTIVE), which are not read.
    - Without O(accounts), the account of the credentials.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
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
  returned: success, and failure once the options were found valid
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
      description: How many tokens the organization has; null if it was skipped.
      type: int
      returned: always
as_of:
  description: The instant for which the tokens were evaluated, in ISO 8601 in UTC.
  type: str
  returned: success, and failure once the options were found valid
  sample: "2026-04-02T15:04:05+00:00"
confirm:
  description: Whether the run was confirmed to revoke.
  type: bool
  returned: success, and failure once the options were found valid
plan_file:
  description: The path of the plan that was written or carried out; null if no plan was written.
  type: str
  returned: success, and failure once the options were found valid
  sample: /srv/records/plan-20261124T030405Z.json
command:
  description:
    - The command that carries out the plan, on the machine that has the file, with the same credentials. If the role
      requires an external ID, add C(revoke_assume_role_external_id).
    - Null if nothing is planned, if no plan was written, or if O(confirm=true).
  type: str
  returned: success, and failure once the options were found valid
  sample: >-
    ansible-playbook patrol.workmail.revoke -e revoke_plan=/srv/records/plan-20261124T030405Z.json
    -e revoke_confirm=true
lines:
  description:
    - The revocation as lines for a log, with at most twenty entries of each kind. Names that users chose cannot make a
      line a command of a pipeline. If RV(command) is not null, it is the last line.
  type: list
  elements: str
  returned: success, and failure once the options were found valid
record_file:
  description: The file with the record of the run; null in check mode.
  type: str
  returned: success, and failure once the options were found valid
  sample: /srv/records/revoke-20261124T030405Z-1.jsonl
elapsed:
  description: The time that reading and revoking took, in seconds.
  type: float
  returned: success, and failure once the options were found valid
  sample: 6.1
pages:
  description: How many pages of listings were read.
  type: int
  returned: success, and failure once the options were found valid
  sample: 123
calls:
  description: How many calls were made to AWS.
  type: int
  returned: success, and failure once the options were found valid
  sample: 125
retries:
  description: How many times botocore repeated one of these calls, for example after throttling.
  type: int
  returned: success, and failure once the options were found valid
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
    AS_OF_FUTURE,
    ORGANIZATIONS,
    READING,
    ROLE,
    fail,
    make_module,
)
from ..module_utils._domain.errors import PatrolError
from ..module_utils._revoke.by_policy import revoke_by_policy
from ..module_utils._revoke.deletion import diff_of


def main() -> None:
    module = make_module(
        argument_spec={
            "policy": {"type": "dict"},
            "policy_file": {"type": "str"},
            "findings": {"type": "list", "elements": "dict"},
            "plan_file": {"type": "path"},
            "confirm": {"type": "bool", "default": False},
            "max_tokens": {"type": "int", "no_log": False},
            "max_percent": {"type": "int"},
            "protected": {"type": "dict"},
            "grace": {"type": "str"},
            "record_dir": {"type": "path"},
            **ORGANIZATIONS,
            **READING,
            **AS_OF,
            **AS_OF_FUTURE,
            **ROLE,
            **ACCOUNTS,
        },
        mutually_exclusive=[("policy", "policy_file", "findings")],
        required_one_of=[("policy", "policy_file", "findings", "plan_file"), ("record_dir", "plan_file")],
        supports_check_mode=True,
    )
    try:
        result = revoke_by_policy(module.params, module.connection, module.check_mode)
    except PatrolError as error:
        fail(module, error)
    else:
        module.exit_json(**result, diff=diff_of(result))


if __name__ == "__main__":
    main()
