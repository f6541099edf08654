# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Argument specifications and error handling that the modules share."""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, NoReturn

from ansible.module_utils.common.warnings import get_warning_messages
from ansible_collections.amazon.aws.plugins.module_utils.botocore import gather_sdk_versions
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ._domain.errors import OptionError, PatrolError
from ._workmail.connection import CONNECT_TIMEOUT, READ_TIMEOUT, Connection

# Greedy, because a password can contain any character, including @.
_USERINFO = re.compile(r"://[^\s@]\S*@")
_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_OPTION_AND_ALIAS = re.compile(r"Both option (\w+) and its alias (\w+) are set\.")

# Each set of arguments has a documentation fragment with the same name in plugins/doc_fragments. PAGING_MANUAL and
# AS_OF_FUTURE belong to the parts MANUAL and FUTURE of their fragments.
CONNECTION: dict[str, Any] = {
    "connect_timeout": {"type": "int", "default": CONNECT_TIMEOUT},
    "read_timeout": {"type": "int", "default": READ_TIMEOUT},
}

ROLE: dict[str, Any] = {
    "assume_role_arn": {"type": "str", "aliases": ["iam_role_arn"]},
    "assume_role_external_id": {"type": "str", "no_log": True},
}

ACCOUNTS: dict[str, Any] = {
    "accounts": {"type": "list", "elements": "str"},
    "exclude_accounts": {"type": "list", "elements": "str"},
    "assume_role_name": {"type": "str"},
}

ORGANIZATION: dict[str, Any] = {
    "organization": {"type": "str", "required": True, "aliases": ["organization_id"]},
}

ORGANIZATIONS: dict[str, Any] = {
    "organizations": {"type": "list", "elements": "str", "aliases": ["organization", "organization_id"]},
}

USERS: dict[str, Any] = {
    "users": {"type": "list", "elements": "str", "aliases": ["user", "user_id"]},
    "on_error": {"type": "str", "choices": ["fail", "continue"], "default": "fail"},
}

READING: dict[str, Any] = {
    "regions": {"type": "list", "elements": "str"},
    "owners": {"type": "bool", "default": False},
    "concurrency": {"type": "int", "default": 8},
}

SELECTION: dict[str, Any] = {
    "select": {"type": "dict"},
}

AS_OF: dict[str, Any] = {
    "as_of": {"type": "str"},
}

AS_OF_FUTURE: dict[str, Any] = {
    "allow_future": {"type": "bool", "default": False},
}

PAGING: dict[str, Any] = {
    "page_size": {"type": "int", "default": 100, "aliases": ["max_results"]},
}

PAGING_MANUAL: dict[str, Any] = {
    "max_items": {"type": "int"},
    "next_token": {"type": "str", "no_log": False},
}


class WorkMailModule(AnsibleAWSModule):
    """An ``AnsibleAWSModule`` with a connection of this collection.

    Args:
        argument_spec: The module's own arguments.
        options: Further arguments of ``AnsibleAWSModule``.
    """

    def __init__(self, argument_spec: Mapping[str, Any], **options: Any) -> None:
        super().__init__(argument_spec={**CONNECTION, **argument_spec}, **options)
        self._connection: Connection | None = None
        # An external ID is often a short word, such as the name of a company, and Ansible would mask this word in every
        # record. Instead, ``_hide`` masks the external ID in the arguments that the module returns.
        self._module.no_log_values.discard(self.params.get("assume_role_external_id"))
        # Since ansible-core 2.22, a module reports its secrets, and the controller masks them in all its output.
        reported: set[Any] = getattr(getattr(self._module, "_new_secrets", None), "_new_secrets", set())
        reported.discard(self.params.get("assume_role_external_id"))

    @property
    def connection(self) -> Connection:
        """The connection that the options describe, created at the first access."""
        if self._connection is None:
            self._connection = Connection(self.params)
        return self._connection

    def exit_json(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Return a result. See ``AnsibleModule.exit_json``."""
        self._hide()
        super().exit_json(*args, **kwargs)

    def fail_json(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Return a failure. See ``AnsibleModule.fail_json``."""
        self._hide()
        super().fail_json(*args, **kwargs)

    def _hide(self) -> None:
        # Since ansible-core 2.22, a module returns unmasked arguments, and only the output of the controller is masked.
        for name, argument in self._module.argument_spec.items():
            if argument.get("no_log"):
                hidden = {name, *argument.get("aliases", ())}
                self.params.update({key: _HIDDEN for key in hidden if self.params.get(key) is not None})
        self.params.update({name: _without_passwords(value) for name, value in self.params.items()})


def _without_passwords(value: Any) -> Any:
    """Return the value with the user names and passwords in its URLs masked."""
    if isinstance(value, dict):
        return {name: _without_passwords(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_passwords(item) for item in value]
    return _USERINFO.sub(f"://{_HIDDEN}@", value) if isinstance(value, str) else value


def make_module(argument_spec: Mapping[str, Any], **settings: Any) -> Any:
    """Create a module.

    Args:
        argument_spec: The module's own options.
        settings: Further settings, such as ``supports_check_mode``.

    Returns:
        The module. If an option and its alias are both set, the module fails instead.
    """
    module = WorkMailModule(argument_spec, **settings)
    try:
        # After Ansible has read the arguments, only its warnings show that both were set.
        reject_aliases(argument_spec, get_warning_messages())
    except PatrolError as error:
        fail(module, error)
    return module


def reject_aliases(argument_spec: Mapping[str, Any], warnings: Iterable[str]) -> None:
    """Refuse an option that is set together with its alias, because Ansible ignores one of the two values.

    Args:
        argument_spec: The module's own options.
        warnings: The warnings of Ansible about the arguments of the task.

    Raises:
        OptionError: An option and its alias are both set.
    """
    for message in warnings:
        both = _OPTION_AND_ALIAS.match(message)
        if both and both[1] in argument_spec:
            raise OptionError(f"{both[1]}, {both[2]}: are two names of one option; set only one of them")


def fail(module: Any, error: PatrolError) -> None:
    """End a module with an error. Its result has the fields of this collection and those of modules of amazon.aws.

    Args:
        module: The ``AnsibleAWSModule``.
        error: The error to report.
    """
    module.fail_json(**{**gather_sdk_versions(), **error.details, **error.as_result()})
