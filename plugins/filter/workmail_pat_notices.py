# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat_notices
author:
  - The patrol.workmail contributors (@patrol-collections)
version_added: 0.1.0
short_description: Create notices to the owners of Amazon WorkMail personal access tokens
description:
  - Groups the findings of an audit by owner, and creates one message for each owner with the tokens that were found and
    the reasons.
  - An owner is identified by the e-mail address, regardless of case. The message lists the tokens of all accounts and
    organizations, and names the account of each token if there is more than one.
  - Muted findings are omitted.
  - The filter sends nothing. The role R(patrol.workmail.notify, ansible_collections.patrol.workmail.notify_role) sends
    the messages.
options:
  _input:
    description:
      - The findings of M(patrol.workmail.workmail_pat_audit) or P(patrol.workmail.workmail_pat_findings#filter), with
        the owners of the tokens.
    type: list
    elements: dict
    required: true
  text_template:
    description:
      - The Jinja template of the text of the message.
      - Its variables are C(name), the name of the owner; C(tokens), a list; and C(deadline), a date or null.
      - Each token has C(organization_id), C(organization_alias), C(personal_access_token_id) and C(name), and the dates
        C(date_created), C(date_last_used) and C(expires_time).
      - The list C(reasons) of a token has one text per finding. C(account) is the name and the ID of its account, or
        null if all tokens of the owner are in one account.
      - The template is rendered by itself, without the variables, filters and lookups of the play.
    type: str
    required: true
  html_template:
    description:
      - The Jinja template of the HTML of the message. It has the same variables, and escapes their values.
    type: str
    required: true
  subject:
    description:
      - The Jinja template of the subject. It has the same variables.
    type: str
    default: Your Amazon WorkMail personal access tokens
  sender:
    description:
      - The e-mail address that the message is from. Without it, C(eml) is null.
    type: str
  deadline:
    description:
      - The time from which the tokens are revoked. A date, an instant in ISO 8601 with an offset, or a duration from
        now such as V(+14d).
    type: str
seealso:
  - module: patrol.workmail.workmail_pat_audit
  - module: patrol.workmail.workmail_pat_notices
"""

EXAMPLES = r"""
- name: Audit the tokens
  patrol.workmail.workmail_pat_audit:
    organization: acme
    region: us-east-1
    owners: true
    policy_file: default
  register: audit

- name: Show the messages
  ansible.builtin.debug:
    msg: "{{ audit.findings | patrol.workmail.workmail_pat_notices(text_template=text, html_template=html) }}"
  vars:
    text: |
      Dear {{ '{{ name }}' }}, please look at your tokens.
    html: |
      <p>Dear {{ '{{ name }}' }}, please look at your tokens.</p>
"""

RETURN = r"""
_value:
  description:
    - The notices. Each has C(to), the e-mail address; C(name); C(tokens), as in the templates; C(subject), C(text) and
      C(html); C(eml), the complete message in the format of RFC 5322; and C(file), a name for a file with the message.
    - If an owner cannot be notified, C(reason) gives the reason, and C(to) and the parts of the message are null.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._domain.errors import OptionError, PatrolError
from ..module_utils._domain.text import quoted
from ..plugin_utils._notices import DEFAULT_SUBJECT, Templates, make_notices


def workmail_pat_notices(
    findings, *, text_template=None, html_template=None, subject=DEFAULT_SUBJECT, sender=None, deadline=None
):
    """Make notices from findings. See the documentation of the filter."""
    try:
        templates = Templates(subject, text_template, html_template)
        for name, template in zip(("subject", "text_template", "html_template"), templates, strict=True):
            if not isinstance(template, str) or not template.strip():
                raise OptionError(f"{name}: expected the text of a template, got {quoted(template)}")
        return make_notices(findings, templates, sender, deadline)
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_notices: {error}") from error


class FilterModule:
    """The filter plugin that makes notices to the owners of personal access tokens."""

    def filters(self):
        """Return the filters by name."""
        return {"workmail_pat_notices": workmail_pat_notices}
