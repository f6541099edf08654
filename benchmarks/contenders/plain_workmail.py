#!/usr/bin/python
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module that one would write with AnsibleAWSModule and botocore's paginator: every token of an organization."""

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule


def main():
    """Read every token, and return the tokens."""
    module = AnsibleAWSModule(
        argument_spec={"organization_id": {"type": "str", "required": True}}, supports_check_mode=True
    )
    pages = module.client("workmail").get_paginator("list_personal_access_tokens")
    found = pages.paginate(OrganizationId=module.params["organization_id"]).build_full_result()
    tokens = [camel_dict_to_snake_dict(token) for token in found["PersonalAccessTokenSummaries"]]
    module.exit_json(changed=False, personal_access_tokens=tokens)


if __name__ == "__main__":
    main()
