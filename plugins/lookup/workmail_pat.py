# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat
version_added: 0.1.0
short_description: Look up Amazon WorkMail personal access tokens
description:
  - Returns the personal access tokens of one, several or all Amazon WorkMail organizations, with computed fields such
    as the age of a token and whether it has expired.
  - The result is complete, or the lookup fails. Only O(on_error=continue), O(on_missing), O(max_items) and
    O(next_token) allow an incomplete result. A warning then says so, except with O(on_missing=skip).
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  _terms:
    description:
      - The organizations to read, by ID (C(m-) and 32 lowercase hexadecimal digits) or by alias.
      - An organization whose tokens cannot be read is an error.
      - Without terms, every organization that C(ListOrganizations) returns, except those in state C(Creating),
        C(Deleting) or C(Deleted). If no organization remains, that is an error.
    type: list
    elements: str
  on_missing:
    description:
      - What to do if an organization or a user does not exist.
      - V(error) fails, V(warn) skips it with a warning, and V(skip) skips it silently.
    type: str
    choices: [error, skip, warn]
    default: error
  cache:
    description:
      - Whether to share the result with the same lookup in other tasks, hosts and processes of this run of Ansible. Two
        lookups are the same if their terms, their options, the C(AWS_*) environment variables and the AWS configuration
        files are the same.
      - Only complete results are shared. They are stored in Ansible's private temporary directory of the run.
      - M(patrol.workmail.workmail_pat) and M(patrol.workmail.workmail_pat_revoke) make later lookups read again. Use
        V(false) if something else makes a change that a lookup must see in the same run, or to wait for a change with
        C(until).
    type: bool
    default: true
notes:
  - Call it with C(query), or with C(lookup) and C(wantlist=true). A plain C(lookup) returns a list only if it finds
    several tokens. For exactly one token it returns the record itself, and C(length) then counts the fields of the
    record.
seealso:
  - module: patrol.workmail.workmail_pat_info
  - plugin: patrol.workmail.workmail_pat_matching
    plugin_type: test
extends_documentation_fragment:
  - patrol.workmail._users
  - patrol.workmail._reading
  - patrol.workmail._selection
  - patrol.workmail._as_of
  - patrol.workmail._paging
  - patrol.workmail._paging.manual
  - patrol.workmail._role
  - patrol.workmail._accounts
  - patrol.workmail._connection
  - patrol.workmail._requirements
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
"""

EXAMPLES = r"""
- name: Show how many tokens an organization has
  ansible.builtin.debug:
    msg: "{{ query('patrol.workmail.workmail_pat', 'acme', region='us-east-1') | length }}"

- name: Assert that no token of any organization has expired
  ansible.builtin.assert:
    that: expired | length == 0
  vars:
    expired: "{{ query('patrol.workmail.workmail_pat', regions=['all'], select={'expired': true}) }}"

- name: Show the tokens that nobody has used for ninety days
  ansible.builtin.debug:
    msg: "{{ stale | map(attribute='personal_access_token_id') }}"
  vars:
    stale: "{{ query('patrol.workmail.workmail_pat', 'acme', region='us-east-1', select={'unused_for': '90d'}) }}"

- name: Skip an organization that does not exist, with a warning
  ansible.builtin.debug:
    msg: "{{ found | length }}"
  vars:
    found: "{{ query('patrol.workmail.workmail_pat', 'acme', 'gone', region='us-east-1', on_missing='warn') }}"
"""

RETURN = r"""
_raw:
  description:
    - The selected tokens, sorted by C(organization_id), C(date_created) and C(personal_access_token_id).
    - The fields of each are those that RV(patrol.workmail.workmail_pat_info#module:personal_access_tokens) describes.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils._domain.conditions import check_size
from ..module_utils._domain.errors import OptionError, PatrolError
from ..plugin_utils._lookup.cache import load_or_fetch, to_plain_data
from ..plugin_utils._plugin_options import check_options


class LookupModule(LookupBase):
    """The lookup plugin that returns the tokens of the organizations in its terms."""

    def run(self, terms, variables=None, **kwargs):
        """Return the records of the tokens. See the documentation of the plugin."""

        def fetch():
            # Import late: this module imports boto3, which is slow and not needed if the answer is in the cache.
            from ..plugin_utils._lookup.lookup import look_up

            return look_up(self, options)

        try:
            if "organizations" in kwargs:
                raise OptionError(
                    "organizations: unknown option; the organizations are the terms of the lookup",
                    hint="Write query('patrol.workmail.workmail_pat', 'acme', 'globex').",
                )
            self.set_options(var_options=variables, direct=check_options(self, kwargs))
            if self.get_option("select") is not None:
                check_size(self.get_option("select"), "select")
            options = to_plain_data({**self.get_options(), "organizations": self._flatten(terms)})
            answer = load_or_fetch(options, fetch) if options["cache"] else fetch()
        except PatrolError as error:
            # Drop the cause, because Ansible would show its text, which can contain secrets.
            raise AnsibleLookupError(str(error)) from None
        for warning in answer.warnings:
            self._display.warning(warning)
        return answer.records
