# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Between the lookup plugin and the core. It imports boto3, which an answer of the run's cache does without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible_collections.amazon.aws.plugins.module_utils.botocore import check_sdk_version_supported
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleBotocoreError

from ...module_utils._sweep.facts import gather_facts
from ...module_utils._workmail.connection import Connection, require_boto3
from ...module_utils._workmail.progress import Progress
from .cache import Answer


def look_up(plugin: Any, options: Mapping[str, Any]) -> Answer:
    """Sweep.

    Args:
        plugin: The lookup plugin.
        options: Its options, those of the connection among them, and C(organizations).

    Raises:
        PatrolError: An option is not valid, or the answer would not be whole.
        AnsibleLookupError: There is no connection with these options.
    """
    require_boto3()
    try:
        check_sdk_version_supported(warn=plugin._display.warning)
    except AnsibleBotocoreError as error:
        raise AnsibleLookupError(str(error)) from None
    facts = gather_facts(options, Connection(options), Progress(plugin._display.v))
    warnings = [f"Not complete: {unread['msg']}" for unread in facts.result["errors"]]
    if options["on_missing"] == "warn":
        warnings += [f"Passed over, not found: {name}" for name in facts.missing]
    return Answer(facts.result["personal_access_tokens"], warnings, facts.result["complete"])
