# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""What only modules share: their argument specs and how they fail."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import gather_sdk_versions

from ._errors import PatrolError

ROLE_ARGUMENTS: dict[str, Any] = {
    "assume_role_arn": {"type": "str", "aliases": ["iam_role_arn"]},
    "assume_role_external_id": {"type": "str"},
}

ORGANIZATION_ARGUMENTS: dict[str, Any] = {
    "organization": {"type": "str", "required": True, "aliases": ["organization_id"]},
}

TARGET_ARGUMENTS: dict[str, Any] = {
    "organizations": {"type": "list", "elements": "str", "aliases": ["organization", "organization_id"]},
    "users": {"type": "list", "elements": "str", "aliases": ["user", "user_id"]},
    "regions": {"type": "list", "elements": "str"},
    "owners": {"type": "bool", "default": False},
    "on_error": {"type": "str", "choices": ["fail", "continue"], "default": "fail"},
    "concurrency": {"type": "int", "default": 8},
}

JUDGING_ARGUMENTS: dict[str, Any] = {
    "select": {"type": "dict"},
    "as_of": {"type": "str"},
}

PAGING_ARGUMENTS: dict[str, Any] = {
    "page_size": {"type": "int", "default": 100, "aliases": ["max_results"]},
}

PAGING_BY_HAND_ARGUMENTS: dict[str, Any] = {
    "max_items": {"type": "int"},
    "next_token": {"type": "str", "no_log": False},
}


def fail(module: Any, error: PatrolError) -> None:
    """End a module with an error: our own fields, then those that modules of amazon.aws have.

    Args:
        module: The AnsibleAWSModule.
        error: What went wrong.
    """
    module.fail_json(**{**gather_sdk_versions(), **error.details, **error.as_result()})
