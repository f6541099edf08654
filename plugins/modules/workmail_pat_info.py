#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_info
version_added: 0.1.0
short_description: Gather facts about Amazon WorkMail personal access tokens
description:
  - Lists every personal access token of one, several or all Amazon WorkMail organizations, with computed fields such as
    its age and whether it has expired.
  - The result is complete, or the task fails. Denied access, continued throttling, a truncated or foreign reply, or
    endless pages are errors, and never an empty list.
author:
  - The patrol.workmail contributors (@patrol-collections)
options: {}
seealso:
  - module: patrol.workmail.workmail_pat_audit
  - plugin: patrol.workmail.workmail_pat
    plugin_type: lookup
  - plugin: patrol.workmail.workmail_pat_matching
    plugin_type: test
  - name: ListPersonalAccessTokens
    description: The API operation behind this module.
    link: https://docs.aws.amazon.com/workmail/latest/APIReference/API_ListPersonalAccessTokens.html
extends_documentation_fragment:
  - patrol.workmail._organizations
  - patrol.workmail._users
  - patrol.workmail._reading
  - patrol.workmail._selection
  - patrol.workmail._as_of
  - patrol.workmail._paging
  - patrol.workmail._paging.manual
  - patrol.workmail._role
  - patrol.workmail._accounts
  - patrol.workmail._connection
  - patrol.workmail._attributes
  - patrol.workmail._attributes.info
  - patrol.workmail._requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Gather every token of one organization
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
  register: acme

- name: Show the IDs of the tokens that have expired
  ansible.builtin.debug:
    msg: "{{ acme.personal_access_tokens | selectattr('expired') | map(attribute='personal_access_token_id') }}"

- name: Gather the tokens that expire within two weeks, from every organization in every region
  patrol.workmail.workmail_pat_info:
    regions: all
    select:
      expires_within: 14d

- name: Gather the tokens of users who are no longer enabled
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
    owners: true
    select:
      not:
        owner_state: ENABLED
  register: orphans

- name: Gather one user's tokens by e-mail address
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
    user: ana@acme.example

- name: Gather the tokens that will have expired in thirty days
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
    as_of: +30d
    select:
      expired: true

- name: Gather the tokens of all organizations that can be read
  patrol.workmail.workmail_pat_info:
    regions: all
    on_error: continue
  register: estate

- name: Show what was not read
  ansible.builtin.debug:
    msg: "{{ estate.errors | map(attribute='msg') }}"
  when: not estate.complete
"""

RETURN = r"""
personal_access_tokens:
  description:
    - The selected tokens, sorted by C(organization_id), C(date_created) and C(personal_access_token_id).
    - A field that the service omits is null. A field that the service adds in the future is returned under its
      snake_case name.
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
    organization_id:
      description: The ID of the organization.
      type: str
      returned: always
      sample: m-0123456789abcdef0123456789abcdef
    organization_alias:
      description: The alias of the organization.
      type: str
      returned: always
      sample: acme
    region:
      description: The region of the organization.
      type: str
      returned: always
      sample: us-east-1
    personal_access_token_id:
      description: The ID of the token.
      type: str
      returned: always
      sample: pat-5f1c0e9ad1
    user_id:
      description: The ID of the user who owns the token.
      type: str
      returned: always
      sample: 12345678-1234-1234-1234-123456789012
    name:
      description: The name that the user gave to the token. Names are not unique.
      type: str
      returned: always
      sample: Outlook laptop
    date_created:
      description: When the token was created, in ISO 8601 in UTC.
      type: str
      returned: always
      sample: "2026-01-02T03:04:05+00:00"
    date_last_used:
      description: When the token was last used, in ISO 8601 in UTC; null if never.
      type: str
      returned: always
      sample: "2026-02-03T04:05:06+00:00"
    expires_time:
      description: When the token expires, in ISO 8601 in UTC; null if never.
      type: str
      returned: always
      sample: "2027-01-02T03:04:05+00:00"
    scopes:
      description: The scopes of the token, as the service returns them.
      type: list
      elements: str
      returned: always
    expired:
      description: Whether C(expires_time) is at or before C(as_of).
      type: bool
      returned: always
    never_used:
      description: Whether the token was never used.
      type: bool
      returned: always
    age_days:
      description: Days from the creation to C(as_of).
      type: float
      returned: always
      sample: 90.5
    unused_days:
      description: Days from the last use to C(as_of), or from the creation if the token was never used.
      type: float
      returned: always
      sample: 58.46
    lifetime_days:
      description: Days from the creation to the expiry; null without an expiry.
      type: float
      returned: always
      sample: 365
    expires_in_days:
      description: Days from C(as_of) to the expiry, negative once expired; null without an expiry.
      type: float
      returned: always
      sample: 274.5
    owner:
      description: The user who owns the token.
      type: dict
      returned: with O(owners=true)
      contains:
        user_id:
          description: The ID of the user.
          type: str
          returned: always
        name:
          description: The user name.
          type: str
          returned: always
        email:
          description: The primary e-mail address.
          type: str
          returned: always
        display_name:
          description: The display name.
          type: str
          returned: always
        state:
          description:
            - V(ENABLED), V(DISABLED) or V(DELETED); V(UNKNOWN) for a user whom C(ListUsers) does not list.
          type: str
          returned: always
        disabled_date:
          description: When the user was disabled, in ISO 8601 in UTC; null if not.
          type: str
          returned: always
        identity_provider_user_id:
          description: The ID of the user in IAM Identity Center; null if not linked.
          type: str
          returned: always
summary:
  description: How much was read, including tokens that were not selected.
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
      description: How many tokens were read. A token that is listed on several pages counts once.
      type: int
      returned: always
    selected:
      description: How many of these were selected.
      type: int
      returned: always
    expired:
      description: How many of these have expired.
      type: int
      returned: always
    never_used:
      description: How many of these were never used.
      type: int
      returned: always
    by_organization:
      description:
        - The same counts for each organization of which something was read, by its ID, with its C(alias).
      type: dict
      returned: always
      sample:
        m-0123456789abcdef0123456789abcdef:
          alias: acme
          tokens: 12
          selected: 12
          expired: 1
          never_used: 3
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
users:
  description: The O(users) whose tokens were asked for; empty if the tokens of all users were.
  type: list
  elements: str
  returned: success
as_of:
  description: The instant for which the tokens were evaluated, in ISO 8601 in UTC.
  type: str
  returned: success
  sample: "2026-04-02T15:04:05+00:00"
complete:
  description: Whether every requested page was read.
  type: bool
  returned: success
errors:
  description:
    - What was not read, with O(on_error=continue) or when reading page by page. It has at least one entry unless
      C(complete) is true.
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
next_token:
  description: The value for O(next_token) to read the next page; null at the end of the listing.
  type: str
  returned: when O(max_items) or O(next_token) is set
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
    PAGING_MANUAL,
    READING,
    ROLE,
    SELECTION,
    USERS,
    fail,
    make_module,
)
from ..module_utils._domain.errors import PatrolError
from ..module_utils._sweep.facts import gather_facts


def main() -> None:
    module = make_module(
        argument_spec={
            **ORGANIZATIONS,
            **USERS,
            **READING,
            **SELECTION,
            **AS_OF,
            **PAGING,
            **PAGING_MANUAL,
            **ROLE,
            **ACCOUNTS,
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, **gather_facts(module.params, module.connection).result)
    except PatrolError as error:
        fail(module, error)


if __name__ == "__main__":
    main()
