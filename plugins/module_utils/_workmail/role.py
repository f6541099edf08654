# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The IAM role to assume. Pure: the standard library only."""

from __future__ import annotations

import re
from typing import Any, Mapping, NamedTuple

from .._domain.errors import OptionError
from .._domain.text import quoted

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):role/[\w+=,.@/-]+", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


class Role(NamedTuple):
    """An IAM role to assume, and the external ID to send, if any."""

    arn: str
    external_id: str | None


def parse_role(options: Mapping[str, Any]) -> Role | None:
    """Check the options ``assume_role_arn`` and ``assume_role_external_id``.

    Args:
        options: The options by name.

    Returns:
        The role, or None if ``assume_role_arn`` is not set.

    Raises:
        OptionError: A value is not valid, or an external ID is set without a role or accounts.
    """
    arn = options.get("assume_role_arn")
    external_id = parse_external_id(options)
    if arn is None:
        if external_id is not None and options.get("accounts") is None:
            raise OptionError("assume_role_external_id: requires assume_role_arn or accounts")
        return None
    # An empty value, such as that of a variable that was never set, must not mean "no role": the wrong account would be
    # read.
    if not isinstance(arn, str) or not _ROLE_ARN.fullmatch(arn):
        raise OptionError(
            f"assume_role_arn: {quoted(arn)} is not the ARN of a role; expected one such as "
            "arn:aws:iam::123456789012:role/NAME"
        )
    return Role(arn, external_id)


def parse_external_id(options: Mapping[str, Any]) -> str | None:
    """Check the option ``assume_role_external_id``.

    Args:
        options: The options by name.

    Returns:
        The external ID, or None if the option is not set.

    Raises:
        OptionError: The value is not valid.
    """
    value = options.get("assume_role_external_id")
    if value is not None and (not isinstance(value, str) or not _EXTERNAL_ID.fullmatch(value)):
        raise OptionError(
            "assume_role_external_id: the value is not valid; expected 2 to 1224 letters, digits and characters of "
            "+=,.@:/-_"
        )
    return value


def account_of_role(text: str) -> str | None:
    """Return the account ID in the ARN of a role.

    Args:
        text: The text.

    Returns:
        The account ID, or None if the text is not the ARN of a role.
    """
    match = _ROLE_ARN.fullmatch(text)
    return match and match["account"]
