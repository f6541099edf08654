#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_policy_info
version_added: 0.1.0
short_description: Check a policy on Amazon WorkMail personal access tokens, and explain it
description:
  - Checks the file of a policy, and fails if it has mistakes. It reports all of them, each with its line, the ID of the
    rule, what is allowed and the nearest name.
  - Explains a valid policy in plain words, with one line for each rule and each exception.
  - With O(facts_file), also shows what an audit of these facts finds. The module does not fail if there are violations.
  - It needs no AWS credentials and makes no calls.
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  policy_file:
    description:
      - The path of a YAML file. A relative path is searched next to the playbook and in the working directory.
      - Or the name of a policy of the collection, V(default), V(no_expired) or V(wind_down).
    type: str
    required: true
  facts_file:
    description:
      - The path of a JSON file with the result of M(patrol.workmail.workmail_pat_info), or with a list of its records.
      - The policy is evaluated for the instant of the result, or for now with a list.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without changing it.
    support: full
  diff_mode:
    description: Returns what was or would be changed in diff mode.
    support: none
  idempotent:
    description: When run twice in a row on an unchanged target, the second run changes nothing.
    support: full
notes:
  - The module always runs on the controller, regardless of the host of the task.
seealso:
  - module: patrol.workmail.workmail_pat_audit
  - plugin: patrol.workmail.workmail_pat_findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check a policy, and explain it
  patrol.workmail.workmail_pat_policy_info:
    policy_file: default

- name: Gather the tokens once
  patrol.workmail.workmail_pat_info:
    organization: acme
    region: us-east-1
    owners: true
  register: acme

- name: Save the facts
  ansible.builtin.copy:
    content: "{{ acme | to_json }}"
    dest: ./facts.json
    mode: "0600"

- name: Show what a policy finds in them
  patrol.workmail.workmail_pat_policy_info:
    policy_file: default
    facts_file: facts.json
"""

RETURN = r"""
review:
  description:
    - What the policy does, one line for each rule and exception.
    - Then what it finds in the facts, if they are given.
    - No line is a command of a pipeline or contains a control character.
  type: list
  elements: str
  returned: success
mistakes:
  description: The mistakes of the policy in the order of their lines.
  type: list
  elements: str
  returned: if the policy is not valid
  sample:
    - "line 12, rule unused: rules[1].when.unused_fro: unknown condition, did you mean unused_for? Expected ..."
error_code:
  description: V(InvalidOptionException) for an option or a file that is not valid.
  type: str
  returned: if an option or a file cannot be used
hint:
  description: How to fix it, if known.
  type: str
  returned: failure
"""
