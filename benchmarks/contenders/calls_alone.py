#!/usr/bin/python
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that makes the calls, and reads only the token of the next page in each reply.

No module with ``AnsibleAWSModule`` can take less time, whatever it does with tokens.
"""

import re

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

NEXT = re.compile(rb'"NextToken": "(\w+)"\}$')


def skim(response_dict, customized_response_dict, **event):
    """Keep only the page token of a reply before botocore parses it.

    Args:
        response_dict: The reply, whose body is replaced.
        customized_response_dict: The fields that botocore adds to the result.
        event: The other arguments of the event of botocore.
    """
    found = NEXT.search(response_dict["body"][-100:])
    if found:
        customized_response_dict["NextToken"] = found[1].decode()
    response_dict["body"] = b"{}"


def main():
    """Read every page, and return the number of pages."""
    module = AnsibleAWSModule(
        argument_spec={"organization_id": {"type": "str", "required": True}}, supports_check_mode=True
    )
    client = module.client("workmail")
    client.meta.events.register("before-parse.workmail.ListPersonalAccessTokens", skim)
    request = {"OrganizationId": module.params["organization_id"], "MaxResults": 100}
    pages = 0
    while True:
        pages += 1
        following = client.list_personal_access_tokens(**request).get("NextToken")
        if following is None:
            module.exit_json(changed=False, pages=pages)
        request["NextToken"] = following


if __name__ == "__main__":
    main()
