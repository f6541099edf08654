# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Checks of options that the revocation modules share."""

from __future__ import annotations

from typing import Any, Mapping

from .._domain.conditions import Conditions, parse_conditions
from .._domain.errors import OptionError
from .._domain.times import format_instant


def optional_conditions(value: object, option: str) -> Conditions | None:
    """Parse the conditions of an option that can prevent a deletion.

    Args:
        value: The conditions, or None if the option is not set.
        option: The name of the option.

    Returns:
        The conditions, or None if the option is not set.

    Raises:
        OptionError: The conditions are not valid or empty. Empty conditions, such as those of a variable that was never
            set, would not prevent any deletion.
    """
    return None if value is None else parse_conditions(value, option, required=True)


def check_future(options: Mapping[str, Any], as_of: int, now: int) -> None:
    """Refuse to revoke tokens because of their state at a future instant, unless ``allow_future`` is set.

    Args:
        options: The options by name, including ``allow_future``.
        as_of: The instant at which conditions are evaluated, in microseconds since the epoch.
        now: The present, in microseconds since the epoch.

    Raises:
        OptionError: ``as_of`` is later than ``now``, and ``allow_future`` is not set.
    """
    if as_of > now and not options.get("allow_future"):
        raise OptionError(
            f"as_of: {format_instant(as_of)} is in the future, so valid tokens would be revoked",
            hint="Omit as_of, or set allow_future to true.",
        )
