# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Options that the modules of a revocation share."""

from __future__ import annotations

from typing import Any, Mapping

from .._domain.conditions import Conditions, parse_conditions
from .._domain.errors import OptionError
from .._domain.times import format_instant


def optional_conditions(value: object, option: str) -> Conditions | None:
    """Parse conditions on which a deletion depends.

    Args:
        value: The conditions, or None if the option is not set.
        option: The name of the option.

    Returns:
        The conditions, or None if the option is not set.

    Raises:
        OptionError: They are not valid. Empty ones, of a variable that was never set, would prevent nothing.
    """
    return None if value is None else parse_conditions(value, option, required=True)


def check_future(options: Mapping[str, Any], as_of: int, now: int) -> None:
    """Check that tokens are not revoked because of their state at a later time.

    Args:
        options: The options by name, with ``allow_future``.
        as_of: The instant of the conditions, in microseconds since the epoch.
        now: The present, in microseconds since the epoch.

    Raises:
        OptionError: The instant is later than now, and ``allow_future`` is not set.
    """
    if as_of > now and not options.get("allow_future"):
        raise OptionError(
            f"as_of: {format_instant(as_of)} is in the future, so valid tokens would be revoked",
            hint="Omit as_of, or set allow_future to true.",
        )
