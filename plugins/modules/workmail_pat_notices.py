#!/usr/bin/python

# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: workmail_pat_notices
version_added: 0.1.0
short_description: Create notices to the owners of Amazon WorkMail personal access tokens
description:
  - Groups the findings of an audit by owner, and creates one message for each owner with the tokens that were found and
    the reasons.
  - Muted findings are omitted.
  - With O(delivery=eml), writes each message to a file. The module never sends mail. The role R(patrol.workmail.notify,
    ansible_collections.patrol.workmail.notify_role) sends it with C(community.general.mail).
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
      - The e-mail address that the messages are from. Required unless O(delivery=none).
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
      - The path of a Jinja template for the text of the message. The default is the template of the collection.
      - A relative path is searched in C(files), next to the playbook, and in the working directory.
    type: path
  html_template:
    description:
      - The same for the HTML of the message.
    type: path
  delivery:
    description:
      - V(none) only creates the messages. V(eml) writes them to files.
      - V(mail) also only creates the messages, for a task that sends them.
      - V(auto) is V(mail) if the module C(community.general.mail) is installed, else V(eml).
    type: str
    choices: [none, mail, eml, auto]
    default: none
  dest:
    description:
      - The directory for the files. Required with O(delivery=eml) and O(delivery=auto).
      - It is created with the mode C(0700) if it does not exist. The mode of an existing directory is not changed.
      - Each run writes new files with the mode C(0600). Their names begin with the time. Existing files are never
        replaced, so no unsent message is lost.
    type: path
attributes:
  check_mode:
    description: Can run in check mode and return what would change, without changing it.
    support: full
  diff_mode:
    description: Returns what was or would be changed in diff mode.
    support: none
  idempotent:
    description: When run twice in a row on an unchanged target, the second run changes nothing.
    support: none
    details:
      - With O(delivery=eml), each run writes new files.
notes:
  - The module always runs on the controller, regardless of the host of the task.
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

- name: Show the owners who cannot be notified
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
    - The first twenty messages as lines for a log, and the number of the others. Text that users wrote cannot make a
      line a command of a pipeline.
  type: list
  elements: str
  returned: success
problems:
  description: The owners who cannot be notified, with their tokens and the reasons, as lines for a log.
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
  description: How to fix it, if known.
  type: str
  returned: failure
"""
