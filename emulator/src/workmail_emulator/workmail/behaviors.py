# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behaviors that AWS does not document or may change, each with its possible values."""

from __future__ import annotations

from typing import Any

# The first value of each is the default.
BEHAVIORS: dict[str, tuple[str, ...]] = {
    "expired_tokens": ("listed", "removed"),
    "date_last_used": ("exact", "second", "minute", "day"),
    "user_id": ("any", "id"),
    "account_status": ("retired", "listed"),
    "delete_missing": ("succeeds", "ResourceNotFoundException"),
}
_DEFAULTS = {name: values[0] for name, values in BEHAVIORS.items()}
_UNITS = {"second": 1, "minute": 60, "day": 86400}

_chosen = dict(_DEFAULTS)


def behave(**behaviors: str) -> None:
    """Choose behaviors for this process; those that are not named stay as they are.

    Args:
        behaviors: A value of ``BEHAVIORS`` for its name.

    Raises:
        ValueError: For an unknown name or value; nothing is chosen then.
    """
    for name, value in behaviors.items():
        if name not in BEHAVIORS:
            raise ValueError(f"unknown behavior {name!r}; known: {', '.join(BEHAVIORS)}")
        if value not in BEHAVIORS[name]:
            raise ValueError(f"behavior {name}: unknown value {value!r}; known: {', '.join(BEHAVIORS[name])}")
    _chosen.update(behaviors)


def chosen(name: str) -> str:
    """Return the value of a behavior.

    Args:
        name: The name of the behavior.
    """
    return _chosen[name]


def chosen_behaviors() -> dict[str, str]:
    """Return the values of all behaviors by name."""
    return dict(_chosen)


def choose_defaults() -> None:
    """Return to the defaults."""
    _chosen.update(_DEFAULTS)


def shown_token(token: dict[str, Any]) -> dict[str, Any]:
    """Return a token for a reply, with its last use in the chosen unit of time.

    Args:
        token: The token as it is stored.
    """
    unit = _UNITS.get(_chosen["date_last_used"])
    if unit is None or "DateLastUsed" not in token:
        return token
    return {**token, "DateLastUsed": int(token["DateLastUsed"] // unit * unit)}
