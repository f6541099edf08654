# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: workmail_pat
version_added: 0.1.0
short_description: Amazon WorkMail users, personal access tokens, organizations or AWS accounts as hosts
description:
  - Creates one host for each user with a personal access token, each token, each Amazon WorkMail organization, or each
    AWS account.
  - Needs a YAML configuration file whose name ends with C(workmail_pat.yml) or C(workmail_pat.yaml).
  - These hosts are not machines. Each has the variable C(ansible_connection) set to V(local), so a play over them runs
    on the controller, unless O(compose) sets another connection.
  - The inventory is complete, or the plugin fails. Only with O(on_error=continue) can it be incomplete. The plugin then
    warns, C(workmail_complete) is false for the hosts of an organization that was not read completely, and
    C(workmail_account_complete) is false for all hosts of its AWS account.
  - B(Caution:) By default, Ansible only warns if an inventory source fails, and continues without it. To make the run
    fail, set C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to V(true), or C(any_unparsed_is_failed) in the section
    C(inventory) of C(ansible.cfg).
  - The guide R(Tokens as inventory,ansible_collections.patrol.workmail.docsite.guide_inventory) lists the variables and
    groups of each kind of host.
author:
  - The patrol.workmail contributors (@patrol-collections)
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices: [patrol.workmail.workmail_pat]
  hosts:
    description:
      - What each host represents.
      - With V(users), a user with a selected token. This requires the permission C(workmail:ListUsers).
      - With V(tokens), a selected token.
      - With V(organizations), an organization that can list tokens, with the settings of its tokens if
        C(workmail:DescribeIdentityProviderConfiguration) is allowed.
      - With V(accounts), an AWS account that O(accounts) includes, with its WorkMail organizations and the counts of
        its tokens. An account without a WorkMail organization is a host too, and so is one that AWS Organizations lists
        in another state than C(ACTIVE), which is not read.
    type: str
    choices: [users, tokens, organizations, accounts]
    default: users
  include_without_tokens:
    description:
      - Whether to create a host for every user, including users without a selected token.
      - Needs O(hosts=users), and cannot be combined with O(users).
    type: bool
    default: false
  hostnames:
    description:
      - Expressions for the name of a host, in order of preference. The first one that results in a string that is not
        empty, or in an integer, is used. If none does, the default name is used.
      - Each is a Jinja expression over the variables of the host, such as V(workmail_owner.email), or a template with
        braces.
      - An expression that fails is skipped, unless O(strict=true).
      - The default is C(ALIAS.TOKEN_ID), C(ALIAS.USER_NAME), C(ALIAS), or the name of the AWS account. If the name or
        alias is not known, its ID is used.
      - Every character that is not a letter, a digit or one of C(_.@+-) becomes an underscore.
      - Hosts never merge. If several hosts would have the same name, or the inventory already has another host or a
        group with this name, a tilde and a digest of the host's IDs are added to the name.
      - Users choose the names of tokens. Do not use such a name as a host name next to real hosts.
    type: list
    elements: str
    default: []
  hostvars_prefix:
    description:
      - The prefix of the names of all host variables except C(ansible_connection).
      - AWS can add fields of any name. A prefix with which a field could take the name of a variable or keyword of
        Ansible, such as C(ansible), is therefore an error.
    type: str
    default: workmail_
  builtin_groups:
    description:
      - Whether to create the groups C(workmail_pat) of all hosts, C(workmail_account_ID),
        C(workmail_organization_ALIAS), C(workmail_region_REGION), C(workmail_expired), C(workmail_never_used),
        C(workmail_owner_STATE), C(workmail_incomplete) and C(workmail_account_incomplete).
      - With O(on_error=continue), the groups C(workmail_account_incomplete) and C(workmail_account_ID) of an AWS
        account that was not read completely exist even if it has no host.
    type: bool
    default: true
notes:
  - The options of the connection, O(accounts), O(exclude_accounts), O(organizations), O(users), O(regions), O(as_of),
    O(assume_role_name), O(assume_role_arn) and O(assume_role_external_id) can hold Jinja templates.
  - The cache stores complete snapshots, never errors or incomplete results. Its key covers the credentials, roles,
    endpoint, regions, accounts, organizations and users, if they are known without a call. The accounts that an
    organizational unit or V(all) stands for are part of the cached snapshot. Selecting, evaluating, composing and
    grouping happen afterward, so a cached token can expire.
  - A cache on disk holds the names of tokens and users and their e-mail addresses. Store it in a directory that only
    you can read.
  - Ansible ignores expressions of O(compose), O(groups) and O(keyed_groups) that fail, unless O(strict=true).
  - Text that Ansible could evaluate, which contains a brace, C(#), C(|) or an opening parenthesis, is marked as unsafe
    in host variables. C(ansible-inventory --list) shows it as an object with the key C(__ansible_unsafe). All other
    text is shown as it is.
  - Users choose the names of tokens. Never use such a variable as an expression, as in C(when) with braces around it.
seealso:
  - module: patrol.workmail.workmail_pat_info
  - plugin: patrol.workmail.workmail_pat
    plugin_type: lookup
  - plugin: patrol.workmail.workmail_pat_matching
    plugin_type: test
extends_documentation_fragment:
  - patrol.workmail._organizations
  - patrol.workmail._users
  - patrol.workmail._reading
  - patrol.workmail._selection
  - patrol.workmail._as_of
  - patrol.workmail._paging
  - patrol.workmail._role
  - patrol.workmail._accounts
  - patrol.workmail._connection
  - patrol.workmail._requirements
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.boto3
  - constructed
  - inventory_cache
"""

EXAMPLES = r"""
# One host per user with a token, from every organization in every region.
plugin: patrol.workmail.workmail_pat
regions: [all]

---
# The users who are no longer enabled and still hold tokens, for offboarding.
plugin: patrol.workmail.workmail_pat
organizations: [acme]
region: us-east-1
owners: true
select:
  not:
    owner_state: ENABLED
hostnames:
  - workmail_owner.email
strict: true

---
# One host per token, grouped by its first scope, and by whether it expires within two weeks.
plugin: patrol.workmail.workmail_pat
region: us-east-1
hosts: tokens
keyed_groups:
  - key: workmail_scopes[0] | default('none', true)
    prefix: scope
groups:
  due: workmail_expires_in_days is not none and 0 < workmail_expires_in_days <= 14
strict: true

---
# One host per AWS account. The group workmail_expired contains the accounts with expired tokens.
plugin: patrol.workmail.workmail_pat
region: us-east-1
hosts: accounts
accounts: all
assume_role_name: audit/workmail-auditor
strict: true

---
# One host per organization of another account, read with a role, and cached for an hour.
plugin: patrol.workmail.workmail_pat
region: us-east-1
hosts: organizations
assume_role_arn: arn:aws:iam::123456789012:role/workmail-auditor
compose:
  expired_share: workmail_expired / [workmail_tokens, 1] | max
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/workmail_pat
cache_timeout: 3600
"""

from ansible.constants import config
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase

from ..module_utils._domain.accounts import describe_unread
from ..module_utils._domain.errors import PatrolError
from ..module_utils._domain.times import current_instant
from ..module_utils._workmail.connection import require_boto3
from ..plugin_utils._inventory.cache import load_or_fetch
from ..plugin_utils._inventory.hosts import make_hosts
from ..plugin_utils._inventory.options import ACCOUNTS, OPTIONS, parse_inventory_options
from ..plugin_utils._inventory.populate import populate
from ..plugin_utils._plugin_options import check_options

ALSO_TEMPLATES = (
    *("organizations", "users", "as_of", "assume_role_external_id"),
    *("accounts", "exclude_accounts", "assume_role_name"),
)


class InventoryModule(AWSInventoryBase):
    """The inventory plugin whose hosts are users, tokens, organizations or accounts."""

    NAME = "patrol.workmail.workmail_pat"
    INVENTORY_FILE_SUFFIXES = ("workmail_pat.yml", "workmail_pat.yaml")

    class TemplatedOptions(AWSInventoryBase.TemplatedOptions):
        """The options of the inventory source, some of which can be templates."""

        def get(self, *args):
            """Return the value of an option.

            This replaces the method of amazon.aws, which makes ansible-core show a warning for each template.
            """
            value = self.original_options.get(*args)
            if args[0] in (*self.TEMPLATABLE_OPTIONS, *ALSO_TEMPLATES) and self.templar.is_template(value):
                return self.templar.template(value)
            return value

    def _do_fail(self, message):
        raise AnsibleParserError(message)

    def set_options(self, task_keys=None, var_options=None, direct=None):
        """Set the options, after a check of the options of the inventory source."""
        super().set_options(task_keys, var_options, check_options(self, direct or {}))

    def parse(self, inventory, loader, path, cache=True):
        """Add the hosts to the inventory. See the documentation of the plugin."""
        # Skip ``parse`` of amazon.aws: it assumes the role first, without the external ID, even if the cache makes
        # every call unnecessary.
        BaseInventoryPlugin.parse(self, inventory, loader, path)
        try:
            require_boto3()
            self.require_aws_sdk()
            self._read_config_data(path)
            options = parse_inventory_options({name: self.get_option(name) for name in OPTIONS}, current_instant())
            snapshot = load_or_fetch(self, options, cache)
            made = make_hosts(snapshot, options)
            populate(self, made, options)
        except Exception as error:
            if not config.get_config_value("INVENTORY_ANY_UNPARSED_IS_FAILED"):
                self.warn(f"Ansible continues without {path}, unless ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true")
            if isinstance(error, PatrolError):
                # Drop the cause, because Ansible would show its text, which can contain secrets.
                raise AnsibleParserError(str(error)) from None
            raise
        for unread in made.errors:
            self.warn(f"Incomplete: {unread}")
        closed = describe_unread(entry.account for entry in snapshot.accounts)
        if closed and options.hosts != ACCOUNTS:
            self.warn(closed)
