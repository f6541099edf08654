#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_notices
version_added: 0.1.0
short_description: Make notices to the owners of Amazon WorkMail personal access tokens
description:
  - Groups the findings of an audit by owner and makes a message for each, which says which tokens were found and why.
  - Findings that are muted are left out.
  - With O(delivery=eml), writes each message into a file. It never sends mail itself. The role
    R(patrol.workmail.notify, ansible_collections.patrol.workmail.notify_role) does, with C(community.general.mail).
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  findings:
    description:
      - The findings of M(patrol.workmail.workmail_pat_audit) or P(patrol.workmail.workmail_pat_findings#filter), with
        the owners of the tokens.
    type: list
    elements: dict
    required: true
  sender:
    description:
      - The e-mail address that the messages are from. Required with every O(delivery) but V(none).
    type: str
  deadline:
    description:
      - The time from which the tokens are revoked, for the message. A date, an instant in ISO 8601 with an offset, or a
        duration from now such as V(+14d).
    type: str
  subject:
    description:
      - The Jinja template of the subject. O(patrol.workmail.workmail_pat_notices#filter:text_template) describes the
        variables of the templates.
    type: str
    default: Your Amazon WorkMail personal access tokens
  text_template:
    description:
      - The path of a Jinja template for the message as text. If left out, the collection's own.
      - A relative path is looked for in C(files), beside the playbook, and from the working directory.
    type: path
  html_template:
    description:
      - The same for the message as HTML.
    type: path
  delivery:
    description:
      - V(none) only makes the messages. V(eml) writes them into files.
      - V(mail) only makes the messages as well, for a task that sends them.
      - V(auto) is V(mail) if the module C(community.general.mail) is installed, else V(eml).
    type: str
    choices: [none, mail, eml, auto]
    default: none
  dest:
    description:
      - The directory for the files. Required with O(delivery=eml) and O(delivery=auto).
      - It is created with the mode C(0700) if it does not exist. The mode of an existing directory is not changed.
      - Each run writes new files with the mode C(0600). Their names begin with the time. Existing files are never
        replaced, so that no message is lost that is still to be sent.
    type: path
attributes:
  check_mode:
    description: Can run in check mode and tell what would change without changing it.
    support: full
  diff_mode:
    description: Returns what was or would be changed in diff mode.
    support: none
  idempotent:
    description: Run twice in a row on an unchanged target, the second run changes nothing.
    support: none
    details:
      - With O(delivery=eml), each run writes new files.
notes:
  - The module runs on the controller, whatever host the task is for.
seealso:
  - module: patrol.workmail.workmail_pat_audit
  - plugin: patrol.workmail.workmail_pat_notices
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Audit the tokens
  patrol.workmail.workmail_pat_audit:
    organization: acme
    region: us-east-1
    owners: true
    policy_file: default
  register: audit

- name: Write a message to each owner as a file
  patrol.workmail.workmail_pat_notices:
    findings: "{{ audit.findings }}"
    sender: security@acme.example
    deadline: +14d
    delivery: eml
    dest: notices
  register: result

- name: Show who cannot be notified
  ansible.builtin.debug:
    msg: "{{ result.problems }}"
"""

RETURN = r"""
notices:
  description:
    - The notices, as P(patrol.workmail.workmail_pat_notices#filter) returns them.
  type: list
  elements: dict
  returned: success
delivery:
  description: How the messages are delivered, V(none), V(mail) or V(eml).
  type: str
  returned: success
  sample: eml
files:
  description: The files that were written, as absolute paths.
  type: list
  elements: str
  returned: success
  sample: [/srv/notices/20261126T061700.000000Z.0001-ana@acme.example.eml]
messages:
  description:
    - The first twenty messages as lines for a log, and the number of the others. Nothing in them can be a command of a
      pipeline, whatever users wrote.
  type: list
  elements: str
  returned: success
problems:
  description: Who cannot be notified of which tokens, and why, as lines for a log.
  type: list
  elements: str
  returned: success
  sample: ["Ben cannot be notified of pat-3: the owner is DISABLED"]
error_code:
  description: V(InvalidOptionException) for an option that is not valid, else V(NoticeException).
  type: str
  returned: failure
  sample: NoticeException
hint:
  description: What to do about it, if known.
  type: str
  returned: failure
"""
