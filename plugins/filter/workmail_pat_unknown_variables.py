# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat_unknown_variables
author:
  - The patrol.workmail contributors (@patrol-collections)
version_added: 0.1.0
short_description: Find misspelled names of role variables
description:
  - Returns the unknown names, each with the nearest known name.
  - The roles of this collection use it to refuse a misspelled variable, which would otherwise be ignored.
positional: known
options:
  _input:
    description:
      - The names of the variables, such as those that the lookup C(ansible.builtin.varnames) finds by the prefix of a
        role.
    type: list
    elements: str
    required: true
  known:
    description:
      - The names that exist.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse misspelled variables
  ansible.builtin.assert:
    that: unknown | length == 0
    fail_msg: "Unknown variables: {{ unknown | join(', ') }}"
  vars:
    found: "{{ query('ansible.builtin.varnames', '^report_') }}"
    unknown: "{{ found | patrol.workmail.workmail_pat_unknown_variables(['report_dir', 'report_formats']) }}"

- name: Show what a misspelled variable looks like
  ansible.builtin.debug:
    # ["report_fromats (did you mean report_formats?)"]
    msg: "{{ ['report_fromats'] | patrol.workmail.workmail_pat_unknown_variables(['report_dir', 'report_formats']) }}"
"""

RETURN = r"""
_value:
  description:
    - A text for each unknown name, sorted. It is the name, followed by the nearest known name in parentheses if one is
      near.
    - An empty list if every name is known.
  type: list
  elements: str
  sample: ["report_fromats (did you mean report_formats?)"]
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._domain.text import nearest, quoted


def workmail_pat_unknown_variables(names, known):
    """Find the names that are not known. See the documentation of the filter."""
    for label, value in (("input", names), ("known", known)):
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise AnsibleFilterError(
                f"workmail_pat_unknown_variables: {label}: {quoted(value)} is not valid; expected a list of names"
            )
    unknown = sorted(set(names) - set(known))
    near = [nearest(name, known).removeprefix(", ") for name in unknown]
    return [f"{name} ({hint})" if hint else name for name, hint in zip(unknown, near, strict=True)]


class FilterModule:
    """The filter plugin that finds unknown role variables."""

    def filters(self):
        """Return the filters by name."""
        return {"workmail_pat_unknown_variables": workmail_pat_unknown_variables}
