#!/usr/bin/python
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module without calls that returns a given number of records: the cost of a large result in Ansible alone."""

from ansible.module_utils.basic import AnsibleModule

RECORD = {
    "organization_id": "m-00000000000000000000000000000000",
    "organization_alias": "acme-0",
    "region": "us-east-1",
    "user_id": "00000042-0000-0000-0000-000000000000",
    "name": "Outlook laptop 42",
    "date_created": "2026-07-05T10:00:00+00:00",
    "date_last_used": "2026-11-02T22:00:00+00:00",
    "expires_time": "2027-07-05T10:00:00+00:00",
    "scopes": ["imap", "smtp"],
    "expired": False,
    "never_used": False,
    "age_days": 142.0,
    "unused_days": 21.5,
    "lifetime_days": 365.0,
    "expires_in_days": 223.0,
}


def main():
    """Return records without a call."""
    # Like every module with credentials, it has a value that Ansible must remove from results, which takes time.
    options = {"count": {"type": "int", "required": True}, "secret_key": {"type": "str", "no_log": True}}
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    records = [{"personal_access_token_id": f"pat-{number:011}", **RECORD} for number in range(module.params["count"])]
    module.exit_json(changed=False, personal_access_tokens=records)


if __name__ == "__main__":
    main()
