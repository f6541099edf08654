#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat
version_added: 0.1.0
short_description: Revoke Amazon WorkMail personal access tokens
description:
  - Deletes the personal access tokens of one Amazon WorkMail organization that have given IDs. A mail client that uses
    a deleted token is locked out.
  - Each token is read just before its deletion and again afterward. RV(revoked) therefore lists tokens that existed
    and are gone, whatever the service replied in between.
  - If the Ansible process that started the module ends, the task stops before the next deletion, with the error code
    C(AbandonedRunException). An asynchronous task may outlive the playbook.
  - No API can create tokens. Users create them in the Amazon WorkMail web application.
  - To revoke the tokens that violate a policy, see M(patrol.workmail.workmail_pat_revoke) and the role
    R(patrol.workmail.revoke, ansible_collections.patrol.workmail.revoke_role).
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  state:
    description:
      - V(absent) revokes the tokens.
    type: str
    choices: [absent]
    required: true
  personal_access_token_ids:
    description:
      - The IDs of the tokens. A token that does not exist is not an error.
    type: list
    elements: str
    required: true
    aliases: [personal_access_token_id]
  only_if:
    description:
      - Conditions on a token, at least one. Each token is read just before its deletion. If it does not meet all
        conditions, it is not revoked and is listed in RV(not_revoked).
      - The conditions are those of the test plugin P(patrol.workmail.workmail_pat_matching#test), which documents each.
      - With conditions on owners, the owner of each token is read as well, with C(DescribeUser). An owner who does not
        exist in the organization is in the state V(UNKNOWN).
    type: dict
seealso:
  - module: patrol.workmail.workmail_pat_info
  - module: patrol.workmail.workmail_pat_revoke
  - plugin: patrol.workmail.workmail_pat_matching
    plugin_type: test
extends_documentation_fragment:
  - patrol.workmail._organization
  - patrol.workmail._as_of
  - patrol.workmail._as_of.future
  - patrol.workmail._role
  - patrol.workmail._connection
  - patrol.workmail._attributes
  - patrol.workmail._attributes.change
  - patrol.workmail._requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Revoke a token
  patrol.workmail.workmail_pat:
    organization: acme
    personal_access_token_ids: [pat-5f1c0e9ad1]
    state: absent
    region: us-east-1

- name: Find the tokens that nobody has used for a year
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
    select:
      unused_for: 365d
  register: found

- name: Revoke these tokens, except those that were used meanwhile
  patrol.workmail.workmail_pat:
    organization: acme
    personal_access_token_ids: "{{ found.personal_access_tokens | map(attribute='personal_access_token_id') }}"
    only_if:
      unused_for: 365d
    state: absent
    region: us-east-1
  when: found.personal_access_tokens | length > 0
"""

RETURN = r"""
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
  description: The tokens that exist and were not revoked.
  type: list
  elements: dict
  returned: success, and failure once the options were found valid
  contains:
    reason:
      description: Why it was not revoked.
      type: str
      returned: always
      sample: it does not match only_if
    token:
      description: The token as it was read.
      type: dict
      returned: always
absent:
  description: The IDs of tokens that did not exist.
  type: list
  elements: str
  returned: success, and failure once the options were found valid
unconfirmed:
  description:
    - The IDs of tokens whose deletion was requested and whose state is unknown. The task fails if it has an entry.
  type: list
  elements: str
  returned: success, and failure once the options were found valid
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
    AS_OF,
    AS_OF_FUTURE,
    ORGANIZATION,
    ROLE,
    fail,
    make_module,
)
from ..module_utils._domain.errors import PatrolError
from ..module_utils._revoke.by_id import revoke_by_id
from ..module_utils._revoke.deletion import diff_of


def main() -> None:
    module = make_module(
        argument_spec={
            "state": {"type": "str", "choices": ["absent"], "required": True},
            "personal_access_token_ids": {
                "type": "list",
                "elements": "str",
                "required": True,
                "aliases": ["personal_access_token_id"],
                "no_log": False,
            },
            "only_if": {"type": "dict"},
            **ORGANIZATION,
            **AS_OF,
            **AS_OF_FUTURE,
            **ROLE,
        },
        supports_check_mode=True,
    )
    try:
        result = revoke_by_id(module.params, module.connection, module.check_mode)
    except PatrolError as error:
        fail(module, error)
    else:
        module.exit_json(**result, diff=diff_of(result))


if __name__ == "__main__":
    main()
