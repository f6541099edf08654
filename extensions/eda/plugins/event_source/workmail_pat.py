# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events about Amazon WorkMail personal access tokens."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Send events about Amazon WorkMail personal access tokens
description:
  - Reads the personal access tokens of Amazon WorkMail organizations repeatedly, and sends an event when a token
    appears, is used for the first time, approaches its expiry, expires, changes or disappears.
  - Each event is sent once. With O(state_file), this is also true after a restart. If the source is killed while it
    sends events, it sends those that were not yet recorded again.
  - An event counts as sent once it is in the queue of ansible-rulebook. If the action of a rule fails, the event is not
    sent again, so give the action C(retries). The guide about events describes other measures.
  - A sweep that fails, completely or for some organizations, is an event too. The source keeps its earlier state of
    what could not be read completely, so a failure never looks like deleted tokens.
author:
  - The patrol.workmail contributors (@patrol-collections)
requirements:
  - boto3 and botocore >= 1.35.52 for the Python that runs ansible-rulebook
options:
  organizations:
    description:
      - The organizations to watch, by ID (C(m-) and 32 lowercase hexadecimal digits) or by alias.
      - The default is every organization that C(ListOrganizations) returns, except those in state C(Creating),
        C(Deleting) or C(Deleted).
    type: list
    elements: str
  users:
    description: Watch only the tokens of these users, by ID, user name or e-mail address.
    type: list
    elements: str
  regions:
    description: The AWS regions to read, or V(all) for every region with WorkMail. The default is O(region).
    type: list
    elements: str
  owners:
    description:
      - Whether each token includes its owner, as C(ListUsers) returns it. A change of the owner is a change of the
        token.
    type: bool
    default: false
  interval:
    description: The time between two sweeps, a duration of at least one second such as V(15m) or V(1h).
    type: str
    default: 1h
  jitter:
    description: The maximum random time that is added to each wait, as a fraction of the wait from 0 to 1.
    type: float
    default: 0.1
  warn:
    description:
      - Durations before the expiry of a token. When a token passes one of them, the source sends an event. If the token
        has passed several since the last sweep, the event is about the one nearest to the expiry.
    type: list
    elements: str
    default: [30d, 7d, 1d]
  state_file:
    description:
      - A file on the machine that runs ansible-rulebook. It stores the known tokens and the events that were sent. It
        is created if it does not exist, and replaced atomically.
      - Only a source with the same O(organizations), O(users), O(regions), O(assume_role_arn) and accounts can use it.
      - Without it, the source does not remember earlier runs after a restart.
    type: str
  report_existing:
    description:
      - Whether to send an event of the kind C(appeared) for each token that the first sweep finds. Tokens that have
        expired or are close to their expiry cause events in any case.
    type: bool
    default: false
  concurrency:
    description: The maximum number of concurrent calls, from 1 to 64.
    type: int
    default: 8
  region:
    description: The AWS region. The default is that of C(AWS_REGION), or of the profile.
    type: str
  profile:
    description: A profile of the AWS configuration files.
    type: str
  access_key:
    description: An AWS access key ID. Without it and O(profile), boto3 searches for credentials as usual.
    type: str
  secret_key:
    description: The AWS secret access key that belongs to O(access_key).
    type: str
  session_token:
    description: The session token of temporary credentials.
    type: str
  endpoint_url:
    description: The URL of an endpoint to use instead of that of AWS.
    type: str
  connect_timeout:
    description: The time to wait for a connection to AWS before a retry, in seconds, from 1 to 600.
    type: int
    default: 5
  read_timeout:
    description:
      - The time to wait for a reply from AWS on a connection before a retry, in seconds, from 1 to 600.
    type: int
    default: 20
  accounts:
    description:
      - The AWS accounts to watch, by account ID, by ARN of a role, or by organizational unit or root of AWS
        Organizations.
      - V(all) stands for every account of AWS Organizations. The default is the account of the credentials.
    type: list
    elements: str
  exclude_accounts:
    description: The account IDs, organizational units and ARNs of roles in O(accounts) to exclude.
    type: list
    elements: str
  assume_role_name:
    description: The name of the role to assume in each of the O(accounts) for which no ARN of a role is given.
    type: str
  assume_role_arn:
    description: The ARN of an IAM role to assume.
    type: str
  assume_role_external_id:
    description:
      - The external ID that the trust policies of the roles require. It is not shown in messages.
    type: str
"""

EXAMPLES = r"""
- name: Watch the personal access tokens of every organization
  hosts: localhost
  sources:
    - patrol.workmail.workmail_pat:
        regions: [all]
        interval: 30m
        warn: [14d, 2d]
        state_file: /var/lib/rulebooks/workmail_pat.json
  rules:
    - name: A token has expired
      condition: event.kind == "expired"
      action:
        debug:
          msg: "{{ event.personal_access_token.personal_access_token_id }} of {{ event.organization_id }}"
    - name: The tokens could not be read
      condition: event.kind == "sweep_failed" and event.failures >= 3
      action:
        debug:
          msg: "{{ event.msg }}"
"""

import importlib
import sys
import types
from pathlib import Path
from typing import Any

_CORE = "patrol_workmail"


def _core(module: str) -> Any:
    """A module of the collection's core. ansible-rulebook runs this file by its path, without a collections tree."""
    if _CORE not in sys.modules:
        package = types.ModuleType(_CORE)
        package.__path__ = [str(Path(__file__).resolve().parents[4] / "plugins")]
        sys.modules[_CORE] = package
    return importlib.import_module(f"{_CORE}.{module}")


async def main(queue: Any, args: dict[str, Any]) -> None:
    """See the documentation of the plugin; events are put into the queue until the task is canceled."""
    await _core("plugin_utils._watch.source").watch(queue, args)
