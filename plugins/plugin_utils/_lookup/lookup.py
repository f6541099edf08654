# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The sweep of the lookup plugin, in a file of its own because a cached answer does not need boto3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible_collections.amazon.aws.plugins.module_utils.botocore import check_sdk_version_supported
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError

from ...module_utils._domain.accounts import Account, describe_unread
from ...module_utils._sweep.facts import gather_facts
from ...module_utils._workmail.connection import Connection, require_boto3
from ...module_utils._workmail.progress import Progress
from .cache import Answer


def look_up(plugin: Any, options: Mapping[str, Any]) -> Answer:
    """Read the tokens of a lookup.

    Args:
        plugin: The lookup plugin.
        options: Its options, with those of the connection, and ``organizations``.

    Returns:
        The records, with warnings of what was not read completely or not found, and of the accounts that were not read
        because of their state.

    Raises:
        PatrolError: An option is not valid, or the answer would be incomplete.
        AnsibleLookupError: No connection is possible with these options.
    """
    require_boto3()
    try:
        check_sdk_version_supported(warn=plugin._display.warning)
    except AnsibleBotocoreError as error:
        raise AnsibleLookupError(str(error)) from None
    facts = gather_facts(options, Connection(options), Progress(plugin._display.v))
    warnings = [f"Incomplete: {unread['msg']}" for unread in facts.result["errors"]]
    unread = describe_unread(
        Account(account["id"], account["name"], account["state"]) for account in facts.result["accounts"]
    )
    if unread:
        warnings.append(unread)
    if options["on_missing"] == "warn":
        warnings += [f"Skipped, because it does not exist: {name}" for name in facts.missing]
    return Answer(facts.result["personal_access_tokens"], warnings, facts.result["complete"])
