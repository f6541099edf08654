#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_config
version_added: 0.1.0
short_description: Change the settings of an organization's Amazon WorkMail personal access tokens
description:
  - Sets whether the users of an Amazon WorkMail organization can create and use personal access tokens, and how long a
    new token is valid. The rest of the configuration of the identity provider is preserved.
  - IAM Identity Center must be set up for the organization in the Amazon WorkMail console.
  - After a change, the configuration is read again, and the task fails if it does not show the change.
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  status:
    description:
      - V(ACTIVE) allows users to create and use personal access tokens.
      - V(INACTIVE) makes all tokens unusable without deleting them. Mail clients that use a token are locked out, so a
        change to V(INACTIVE) requires O(confirm_lockout=true).
    type: str
    choices: [ACTIVE, INACTIVE]
  lifetime_in_days:
    description:
      - The number of days that a new token is valid, V(1) to V(3653).
      - AWS does not document whether this changes the expiry of existing tokens.
    type: int
  confirm_lockout:
    description:
      - Confirms that O(status=INACTIVE) is intended. Without it, the change is an error, in check mode as well.
    type: bool
    default: false
seealso:
  - module: patrol.workmail.workmail_pat_config_info
notes:
  - AWS always replaces the complete configuration. If somebody else changes it between reading and replacing, that
    change is lost.
extends_documentation_fragment:
  - patrol.workmail._organization
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
- name: Set the lifetime of new tokens to ninety days
  patrol.workmail.workmail_pat_config:
    organization: acme
    region: us-east-1
    lifetime_in_days: 90

- name: Make every token of the organization unusable
  patrol.workmail.workmail_pat_config:
    organization: acme
    region: us-east-1
    status: INACTIVE
    confirm_lockout: true
"""

RETURN = r"""
organization_id:
  description: The ID of the organization.
  type: str
  returned: always
organization_alias:
  description: The alias of the organization.
  type: str
  returned: success
  sample: acme
region:
  description: The region of the organization.
  type: str
  returned: always
configured:
  description: Whether an identity provider was ever set up. If not, the organization has no personal access tokens.
  type: bool
  returned: success
status:
  description: V(ACTIVE) if personal access tokens can be used, V(INACTIVE) if not; null if it is not configured.
  type: str
  returned: success
  sample: ACTIVE
lifetime_in_days:
  description: The number of days that a new token is valid; null if it is not configured. The default of AWS is V(365).
  type: int
  returned: success
  sample: 365
authentication_mode:
  description: How users sign in; null if it is not configured.
  type: str
  returned: success
  sample: IDENTITY_PROVIDER_ONLY
identity_center_configuration:
  description: The instance and the application of IAM Identity Center; null if it is not configured.
  type: dict
  returned: success
  contains:
    instance_arn:
      description: The ARN of the instance.
      type: str
      returned: always
    application_arn:
      description: The ARN of the application.
      type: str
      returned: always
error_code:
  description: A code of AWS, the name of a botocore exception, or a code of this collection.
  type: str
  returned: failure
  sample: AccessDeniedException
account_id:
  description: The AWS account, if it is known.
  type: str
  returned: failure
operation:
  description: The API operation that failed, if it is known.
  type: str
  returned: failure
hint:
  description: How to fix it, if known.
  type: str
  returned: failure
page:
  description: The page of the listing, counted from 1, if it is known.
  type: int
  returned: failure
"""

from ..module_utils._argspec import (
    ORGANIZATION,
    ROLE,
    fail,
    make_module,
)
from ..module_utils._domain.errors import PatrolError
from ..module_utils._settings import (
    ACTIVE,
    INACTIVE,
    change_settings,
)


def main() -> None:
    module = make_module(
        argument_spec={
            "status": {"type": "str", "choices": [ACTIVE, INACTIVE]},
            "lifetime_in_days": {"type": "int"},
            "confirm_lockout": {"type": "bool", "default": False},
            **ORGANIZATION,
            **ROLE,
        },
        required_one_of=[("status", "lifetime_in_days")],
        supports_check_mode=True,
    )
    try:
        before, after = change_settings(module.params, module.connection, module.check_mode)
    except PatrolError as error:
        fail(module, error)
    else:
        module.exit_json(changed=before != after, diff={"before": before, "after": after}, **after)


if __name__ == "__main__":
    main()
