# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat_matching
author:
  - The patrol.workmail contributors (@patrol-collections)
version_added: 0.1.0
short_description: Check whether an Amazon WorkMail personal access token meets conditions
description:
  - Checks the record of a token, as M(patrol.workmail.workmail_pat_info) and P(patrol.workmail.workmail_pat#lookup)
    return it.
  - Pass the conditions as keyword arguments or as one dict. The token must meet all of them.
    O(patrol.workmail.workmail_pat_info#module:select) and the rules of a policy use the same conditions.
  - A duration is a text such as V(90d), V(12h), V(2w) or V(1w2d), with the units C(w), C(d), C(h), C(m) and C(s).
  - A single string is accepted in place of a list of strings. Globs support C(*), C(?) and C([...]).
  - If the service omitted what a condition needs, such as the creation for O(older_than) or the scopes for
    O(scopes_outside), that is an error, because a guess could hide a token.
  - A token without a name matches no O(name), and one without an expiry has none. Neither is an error.
  - Without any condition, every token matches.
options:
  _input:
    description: The record of a token.
    type: dict
    required: true
  _conditions:
    description: The conditions as one dict, in place of keyword arguments. Only the dict can contain V(not) and V(any).
    type: dict
  as_of:
    description:
      - The instant for which the conditions are evaluated. An instant in ISO 8601 with an offset; a date, which is the
        start of that day in UTC; or a duration from now such as V(+30d).
      - The default is now. To evaluate at the same instant as the result that contains the record, pass the C(as_of) of
        the result.
    type: str
  expired:
    description: Whether the token has expired.
    type: bool
  expires_within:
    description: The token has not expired yet and expires within this duration.
    type: str
  expires_after:
    description:
      - The token expires after this instant, which is in ISO 8601 with an offset.
      - A date is the instant at which this day begins in UTC.
    type: str
  has_expiry:
    description: Whether the token expires at all.
    type: bool
  never_used:
    description: Whether the token was never used.
    type: bool
  unused_for:
    description:
      - The token was last used at least this duration ago. If it was never used, its creation counts as the last use.
    type: str
  older_than:
    description: The token was created more than this duration ago.
    type: str
  lifetime_over:
    description:
      - The time from the creation to the expiry is more than this duration.
      - A token without an expiry does not match; see O(has_expiry).
    type: str
  name:
    description: The name of the token matches one of these globs. Case matters.
    type: list
    elements: str
  personal_access_token_id:
    description: The token has one of these IDs.
    type: list
    elements: str
  scopes_any:
    description: The token has at least one of these scopes.
    type: list
    elements: str
  scopes_outside:
    description:
      - The token has a scope that is not in this list. With an empty list, every token with a scope matches.
    type: list
    elements: str
  account:
    description:
      - The ID or the name of the AWS account matches one of these globs, regardless of case. Quote account IDs.
      - The name of an account is only known if AWS Organizations listed the account. An unknown name is an error,
        except if every glob consists of digits and wildcards, or if one of the globs matches the ID. An unknown ID is
        an error too.
    type: list
    elements: str
  organization:
    description: The ID or alias of the token's WorkMail organization matches one of these globs, regardless of case.
    type: list
    elements: str
  owner:
    description:
      - The owner's user ID, name or e-mail address matches one of these globs, regardless of case.
      - For an owner in state V(UNKNOWN), only the user ID is known and can match.
      - Needs a record with its owner.
    type: list
    elements: str
  owner_state:
    description:
      - The owner is in one of these states; V(UNKNOWN) is a user whom the organization does not list.
      - If the owner is in a state that AWS does not document, that is an error.
      - Needs a record with its owner.
    type: list
    elements: str
    choices: [ENABLED, DISABLED, DELETED, UNKNOWN]
  owner_linked:
    description:
      - Whether the owner is linked to a user in IAM Identity Center.
      - Needs a record with its owner.
    type: bool
  not:
    description:
      - At least one of these conditions is not met.
      - Only in the dict, because C(not) is a keyword of Jinja.
    type: dict
  any:
    description: The token meets at least one of these mappings of conditions.
    type: list
    elements: dict
seealso:
  - module: patrol.workmail.workmail_pat_info
  - plugin: patrol.workmail.workmail_pat
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Gather the tokens
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
    owners: true
  register: acme

- name: Show the names of the tokens that nobody has used for ninety days
  ansible.builtin.debug:
    msg: >-
      {{ acme.personal_access_tokens
         | select('patrol.workmail.workmail_pat_matching', unused_for='90d', as_of=acme.as_of)
         | map(attribute='name') }}

- name: Assert that no token is unwanted
  ansible.builtin.assert:
    that: item is not patrol.workmail.workmail_pat_matching(unwanted)
  loop: "{{ acme.personal_access_tokens }}"
  loop_control:
    label: "{{ item.personal_access_token_id }}"
  vars:
    unwanted:
      any:
        - expired: true
        - has_expiry: false
        - not:
            owner_state: ENABLED
"""

RETURN = r"""
_value:
  description: Whether the token meets all the conditions.
  type: bool
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._domain.conditions import parse_conditions
from ..module_utils._domain.errors import OptionError, PatrolError
from ..module_utils._domain.times import current_instant, resolve_as_of
from ..module_utils._domain.tokens import token_from_record

# A variable without a value is None. If None meant "no conditions", such a variable would match every token.
NOT_GIVEN = object()


def workmail_pat_matching(token, conditions=NOT_GIVEN, *, as_of=None, **named):
    """Return whether the record of a token meets conditions. See the documentation of the test plugin."""
    try:
        if conditions is not NOT_GIVEN and named:
            raise OptionError("conditions: one dict and keyword arguments cannot be combined")
        ready = parse_conditions(named if conditions is NOT_GIVEN else conditions, "conditions")
        instant = resolve_as_of(as_of, current_instant())
        return ready.matches(token_from_record(token), instant)
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_matching: {error}") from error


class TestModule:
    """The test plugin for personal access tokens."""

    def tests(self):
        """Return the tests by name."""
        return {"workmail_pat_matching": workmail_pat_matching}
