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
  - Reads every personal access token of the organizations, plans to revoke those that violate a policy, or those of
    given findings, and returns the plan. Only with O(confirm=true) does it revoke them.
  - The role R(patrol.workmail.revoke, ansible_collections.patrol.workmail.revoke_role) shows the plan as well.
  - A token is planned where a finding on it is a violation, that is, not muted by an exception of the policy and at
    least as severe as the policy's C(fail_on).
  - Where not everything could be read, or the plan is over O(max_tokens) or O(max_percent), nothing is revoked and the
    task fails.
  - Each token is read just before it is deleted, and left if the policy no longer finds it. It is read again
    afterwards, so that RV(revoked) is what was there and is gone.
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  policy:
    description:
      - The policy, as M(patrol.workmail.workmail_pat_audit) describes it.
      - One of O(policy), O(policy_file) and O(findings) is required.
    type: dict
  policy_file:
    description:
      - A YAML file with the policy, on the controller, or the name of a policy that the collection brings, as for
        M(patrol.workmail.workmail_pat_audit).
    type: str
  findings:
    description:
      - Findings of an audit, from M(patrol.workmail.workmail_pat_audit) or
        P(patrol.workmail.workmail_pat_findings#filter), whose tokens are to be revoked, whatever their severity. Those
        that are muted are left.
      - A token that has changed since it was found, because it was used for example, is left.
      - O(organizations) and O(regions) cannot be given with it, since the findings say where they are.
    type: list
    elements: dict
  confirm:
    description:
      - Whether to revoke what is planned. Otherwise the task only plans.
    type: bool
    default: false
  max_tokens:
    description:
      - How many tokens may be planned in all. A plan for more is an error, and nothing is revoked.
    type: int
    default: 10
  max_percent:
    description:
      - How many percent of the tokens of each organization may be planned, V(1) to V(100). A plan for more is an error,
        and nothing is revoked.
    type: int
    default: 10
  protected:
    description:
      - Conditions on a token, at least one. A token that meets all of them is never revoked.
      - The conditions are those of the test plugin P(patrol.workmail.workmail_pat_matching#test), which describes each.
      - With conditions on owners, owners are read.
    type: dict
  grace:
    description:
      - A duration, such as V(7d). A token that was created within it before now is left.
    type: str
  as_of:
    description:
      - The instant at which the policy and O(protected) judge.
      - An instant in ISO 8601 with an offset, such as V(2026-01-02T03:04:05Z); a date, such as V(2026-01-02), which is
        the instant at which that day begins in UTC; or a duration from now, such as V(+30d).
      - Left out, the moment at which the task reads its options.
    type: str
  record_dir:
    description:
      - A directory on the host that runs the module, which is made if it is not there. Each run leaves a file of its
        own in it, which only its owner can read, also where it only plans. Not in check mode.
      - The file has a line of JSON for each thing that happens, on the disk before the next thing happens, with
        C(time), C(caller) (the ARN that C(sts:GetCallerIdentity) gives), C(as_of), C(confirm), C(outcome), the token,
        C(rule_ids) and C(reason).
      - C(outcome) is V(started), V(left), V(planned), V(revoking) before a deletion, V(revoked), V(not_revoked),
        V(absent), V(failed) or V(unconfirmed) after it, and at the end V(finished) or V(failed). Where the end is
        missing, the run was killed.
      - Where it cannot be written, nothing is revoked.
    type: path
    required: true
seealso:
  - module: patrol.workmail.workmail_pat
  - module: patrol.workmail.workmail_pat_audit
extends_documentation_fragment:
  - patrol.workmail.targets.organizations
  - patrol.workmail.targets.regions
  - patrol.workmail.role
  - patrol.workmail.connection
  - patrol.workmail.attributes
  - patrol.workmail.attributes.change
  - patrol.workmail.requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Plan to revoke what has expired
  patrol.workmail.workmail_pat_revoke:
    organization: acme
    region: us-east-1
    policy_file: no_expired
    record_dir: records
  register: plan

- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ plan.plan | map(attribute='message') }}"

- name: Revoke it, but nothing of the backup service and nothing that is new
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
  description: What is to be revoked, or was.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
  contains:
    rule_ids:
      description: The rules that ask for it.
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
left:
  description: What was found and is left.
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
      description: Why it is left.
      type: str
      returned: always
      sample: "muted: TICKET-1, the service moves in spring"
    token:
      description: The token.
      type: dict
      returned: always
revoked:
  description:
    - The tokens that were there when they were read and are gone, as they were just before, with the fields that
      RV(patrol.workmail.workmail_pat_info#module:personal_access_tokens) describes. In check mode, those that would be.
    - Where the task fails midway, those that it had revoked before.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
not_revoked:
  description: The tokens that were planned, and are left now that they were read again.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
  contains:
    reason:
      description: Why it is left.
      type: str
      returned: always
      sample: no longer found by unused
    token:
      description: The token, as it was read.
      type: dict
      returned: always
absent:
  description: The ids of tokens that were found or planned and are not there.
  type: list
  elements: str
  returned: success, and failure once the options were found valid
unconfirmed:
  description:
    - The ids of tokens whose deletion was asked for, and of which it is not known whether they are gone. The task fails
      where there is one.
  type: list
  elements: str
  returned: success, and failure once the options were found valid
summary:
  description: How much was read, and how many entries each list has.
  type: dict
  returned: success, and failure once the options were found valid
  contains:
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
      description: How many were found and are left.
      type: int
      returned: always
    revoked:
      description: How many were revoked.
      type: int
      returned: always
    not_revoked:
      description: How many were planned and are left.
      type: int
      returned: always
    absent:
      description: How many were not there.
      type: int
      returned: always
    unconfirmed:
      description: Of how many it is not known whether they are gone.
      type: int
      returned: always
organizations:
  description:
    - The organizations found. Where none was named, those that are not in state C(Active) as well.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
  contains:
    id:
      description: The id of the organization.
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
      description: The state of the organization, as the service gives it.
      type: str
      returned: always
      sample: Active
    tokens:
      description: How many tokens the organization has; null if it was left out.
      type: int
      returned: always
as_of:
  description: The instant that the tokens were judged at, in ISO 8601 in UTC.
  type: str
  returned: success, and failure once the options were found valid
  sample: "2026-04-02T15:04:05+00:00"
confirm:
  description: Whether the run was to revoke.
  type: bool
  returned: success, and failure once the options were found valid
record_file:
  description: The file with the record of the run; null in check mode.
  type: str
  returned: success, and failure once the options were found valid
  sample: /srv/records/revoke-20261124T030405Z-1.jsonl
elapsed:
  description: How many seconds it took to read and to revoke.
  type: float
  returned: success, and failure once the options were found valid
  sample: 6.1
pages:
  description: How many pages of listings were read.
  type: int
  returned: success, and failure once the options were found valid
  sample: 123
calls:
  description: How many calls of AWS that took.
  type: int
  returned: success, and failure once the options were found valid
  sample: 125
retries:
  description: How often botocore made one of these calls again, after throttling for example.
  type: int
  returned: success, and failure once the options were found valid
  sample: 0
mistakes:
  description:
    - The mistakes of a policy or of conditions, at most 100. Each has C(path), C(problem), C(line) and C(rule_id).
    - C(line) is V(null) if the document was not read from a file, C(rule_id) outside of the rules of a policy.
  type: list
  elements: dict
  returned: failure because of such a mistake
error_code:
  description: The code of the service, the name of botocore's exception, or one of this collection's own.
  type: str
  returned: failure
  sample: AccessDeniedException
organization_id:
  description: The organization it happened in, where it is known.
  type: str
  returned: failure
region:
  description: The region in which it happened, where it is known.
  type: str
  returned: failure
operation:
  description: The API operation that failed, where it is known.
  type: str
  returned: failure
page:
  description: The page of the listing, counted from 1, where it is known.
  type: int
  returned: failure
hint:
  description: What to do about it, where there is something to say.
  type: str
  returned: failure
"""

from ansible_collections.patrol.workmail.plugins.module_utils._errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._module import (
    ROLE_ARGUMENTS,
    TARGET_ARGUMENTS,
    fail,
    make_module,
)
from ansible_collections.patrol.workmail.plugins.module_utils._revoke import difference, revoke_by_policy


def main() -> None:
    module = make_module(
        argument_spec={
            "policy": {"type": "dict"},
            "policy_file": {"type": "str"},
            "findings": {"type": "list", "elements": "dict"},
            "confirm": {"type": "bool", "default": False},
            "max_tokens": {"type": "int", "default": 10, "no_log": False},
            "max_percent": {"type": "int", "default": 10},
            "protected": {"type": "dict"},
            "grace": {"type": "str"},
            "as_of": {"type": "str"},
            "record_dir": {"type": "path", "required": True},
            **{name: TARGET_ARGUMENTS[name] for name in ("organizations", "regions", "owners", "concurrency")},
            **ROLE_ARGUMENTS,
        },
        mutually_exclusive=[("policy", "policy_file", "findings")],
        required_one_of=[("policy", "policy_file", "findings")],
        supports_check_mode=True,
    )
    try:
        result = revoke_by_policy(module.params, module.client, module.region, module.check_mode)
    except PatrolError as error:
        fail(module, error)
    else:
        module.exit_json(**result, diff=difference(result))


if __name__ == "__main__":
    main()
