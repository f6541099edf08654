# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat_changes
author:
  - The patrol.workmail contributors (@patrol-collections)
version_added: 0.1.0
short_description: List the changes between two sets of facts about Amazon WorkMail personal access tokens
description:
  - Compares facts of M(patrol.workmail.workmail_pat_info) with those of an earlier run, and lists the tokens that
    appeared, are gone, were used for the first time, expired or changed.
  - The event source of this collection finds its events in the same way.
  - A token is gone only if its organization was read completely at both times. Other organizations are in
    C(not_compared).
  - An organization that is missing in the later facts is in C(not_compared) as well, because it may have been deleted
    or not requested.
positional: before
options:
  _input:
    description: The result of M(patrol.workmail.workmail_pat_info).
    type: dict
    required: true
  before:
    description:
      - An earlier result of M(patrol.workmail.workmail_pat_info), for example from a file.
      - Both results must be about the same O(patrol.workmail.workmail_pat_info#module:users), and must not be gathered
        with O(patrol.workmail.workmail_pat_info#module:select) or
        O(patrol.workmail.workmail_pat_info#module:max_items).
    type: dict
    required: true
seealso:
  - module: patrol.workmail.workmail_pat_info
  - plugin: patrol.workmail.workmail_pat_findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Gather the tokens
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
  register: facts

- name: Show the tokens that were created since the last run
  when: last_facts is file
  ansible.builtin.debug:
    msg: "{{ changes.appeared | map(attribute='name') }}"
  vars:
    changes: "{{ facts | patrol.workmail.workmail_pat_changes(last) }}"
    last: "{{ lookup('ansible.builtin.file', last_facts) | from_json }}"
    last_facts: "{{ playbook_dir }}/facts.json"

- name: Store the facts for the next run
  ansible.builtin.copy:
    content: "{{ facts | to_json }}"
    dest: "{{ playbook_dir }}/facts.json"
    mode: "0600"
"""

RETURN = r"""
_value:
  description: The changes.
  type: dict
  contains:
    appeared:
      description: The tokens that are new. Each is a record of the later facts.
      type: list
      elements: dict
    gone:
      description: The tokens that no longer exist. Each is a record without the fields that depend on the time.
      type: list
      elements: dict
    first_used:
      description: The tokens that were used for the first time.
      type: list
      elements: dict
    expired:
      description: The tokens that expired since, and those that appeared after they had expired.
      type: list
      elements: dict
    changed:
      description:
        - The tokens of which other fields changed. Each has the record as C(personal_access_token), and C(changes) with
          C(before) and C(after) for each field.
        - A later use of a token is not a change.
      type: list
      elements: dict
    not_compared:
      description: >-
        The organizations that were not compared. Each has C(organization_id), C(organization_alias), C(region), and
        C(msg) with the reason.
      type: list
      elements: dict
    summary:
      description: The number of entries of each of these lists.
      type: dict
    as_of:
      description: The instant of the later facts.
      type: str
    before:
      description: The instant of the earlier facts.
      type: str
    complete:
      description: Whether both facts are complete and every organization was compared.
      type: bool
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._domain.errors import PatrolError
from ..plugin_utils._facts_changes import compare_facts


def workmail_pat_changes(facts, before):
    """Compare facts with earlier facts. See the documentation of the filter."""
    try:
        return compare_facts(facts, before)
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_changes: {error}") from error


class FilterModule:
    """The filter plugin that compares facts with earlier facts."""

    def filters(self):
        """Return the filters by name."""
        return {"workmail_pat_changes": workmail_pat_changes}
