#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_config_info
version_added: 0.1.0
short_description: Read the settings of an organization's Amazon WorkMail personal access tokens
description:
  - Returns whether the users of an Amazon WorkMail organization can create and use personal access tokens, and how long
    a new token is valid.
  - If IAM Identity Center was never set up for the organization, the task succeeds and RV(configured) is V(false).
author:
  - The patrol.workmail contributors (@patrol-collections)
seealso:
  - module: patrol.workmail.workmail_pat_config
extends_documentation_fragment:
  - patrol.workmail._organization
  - patrol.workmail._role
  - patrol.workmail._connection
  - patrol.workmail._attributes
  - patrol.workmail._attributes.info
  - patrol.workmail._requirements
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Read the settings
  patrol.workmail.workmail_pat_config_info:
    organization: acme
    region: us-east-1
  register: settings

- name: Assert that new tokens are valid for at most ninety days
  ansible.builtin.assert:
    that: not settings.configured or (settings.lifetime_in_days or 365) <= 90
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
from ..module_utils._settings import read_settings


def main() -> None:
    module = make_module(
        argument_spec={**ORGANIZATION, **ROLE},
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, **read_settings(module.params, module.connection))
    except PatrolError as error:
        fail(module, error)


if __name__ == "__main__":
    main()
