# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events about Amazon WorkMail personal access tokens."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Tell what happens to Amazon WorkMail personal access tokens
description:
  - Reads the personal access tokens of Amazon WorkMail organizations again and again, and puts an event as a token
    appears, is used for the first time, comes near its expiry, expires, changes or goes.
  - Each event is sent once, with O(state_file) also across restarts. If the source is killed while it sends events,
    those that were not yet recorded are sent again.
  - An event counts as sent once it is in the queue of ansible-rulebook. If the action of a rule fails, the event is not
    sent again, so give the action C(retries). The guide about events describes what else to do.
  - A sweep that fails, wholly or for some organizations, is an event too. What could not be read whole is left as it
    was known, so that a failure never looks like tokens that are gone.
author:
  - The patrol.workmail contributors (@patrol-collections)
requirements:
  - boto3 and botocore >= 1.35.52 for the Python that runs ansible-rulebook
options:
  organizations:
    description:
      - The organizations to watch, by id (C(m-) and 32 lowercase hex digits) or by alias.
      - Left out, every organization that C(ListOrganizations) shows in state C(Active).
    type: list
    elements: str
  users:
    description: Watch only the tokens of these users, by id, name or e-mail address.
    type: list
    elements: str
  regions:
    description: The AWS regions to look in, or V(all) for every region with WorkMail. The default is O(region).
    type: list
    elements: str
  owners:
    description:
      - Whether each token comes with its owner, as C(ListUsers) has it. A change of the owner is one of the token.
    type: bool
    default: false
  interval:
    description: How long to wait between two sweeps, a duration such as V(15m) or V(1h), of at least a second.
    type: str
    default: 1h
  jitter:
    description: The share of a wait, from 0 to 1, that is added to it at most, at random.
    type: float
    default: 0.1
  warn:
    description:
      - Durations before a token's expiry. As a token passes one, that is an event; only the nearest to the expiry is
        told where it has passed several.
    type: list
    elements: str
    default: [30d, 7d, 1d]
  state_file:
    description:
      - A file on the machine that runs ansible-rulebook, which keeps what is known and what was told. It is made if it
        is not there, and replaced as a whole.
      - It is good for one source with the same O(organizations), O(users), O(regions), O(assume_role_arn) and accounts.
      - Without it, a restart knows nothing of earlier runs.
    type: str
  report_existing:
    description:
      - Whether the tokens that the first sweep finds are events of the kind C(appeared). Those among them that have
        expired or come near it are told in any case.
    type: bool
    default: false
  concurrency:
    description: How many calls may be under way at once, from 1 to 64.
    type: int
    default: 8
  region:
    description: The AWS region. The default is that of C(AWS_REGION), or of the profile.
    type: str
  profile:
    description: A profile of the AWS configuration files.
    type: str
  access_key:
    description: An AWS access key. Without it and O(profile), boto3 looks for credentials where it always does.
    type: str
  secret_key:
    description: The secret of O(access_key).
    type: str
  session_token:
    description: The session token of temporary credentials.
    type: str
  endpoint_url:
    description: The URL of another endpoint than that of AWS.
    type: str
  connect_timeout:
    description: How many seconds to wait for a connection with AWS, from 1 to 600, before it is tried again.
    type: int
    default: 5
  read_timeout:
    description:
      - How many seconds to wait for AWS to answer on a connection, from 1 to 600, before the call is tried again.
    type: int
    default: 20
  accounts:
    description:
      - The AWS accounts to watch, by account ID, by ARN of a role, or by organizational unit or root of AWS
        Organizations.
      - V(all) stands for every account of AWS Organizations. Without it, the account of the credentials is watched.
    type: list
    elements: str
  exclude_accounts:
    description: The account IDs, organizational units and ARNs of roles in O(accounts) that are not to be watched.
    type: list
    elements: str
  assume_role_name:
    description: The name of the role to assume in each account that is not given by the ARN of a role.
    type: str
  assume_role_arn:
    description: The ARN of an IAM role to run as.
    type: str
  assume_role_external_id:
    description:
      - The external ID that the trust policy of O(assume_role_arn) asks for. It is not shown in messages.
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
    """See the documentation of the plugin; events are put into the queue until the task is cancelled."""
    await _core("plugin_utils._watch.source").watch(queue, args)
