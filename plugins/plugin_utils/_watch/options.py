# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The options of the event source, checked before any call to the service. Pure: the standard library only."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...module_utils._domain.checks import reject_unknown_options
from ...module_utils._domain.errors import OptionError
from ...module_utils._domain.text import quoted
from ...module_utils._domain.times import SECOND, current_instant, parse_duration
from ...module_utils._sweep.accounts import AccountOptions
from ...module_utils._sweep.options import SweepOptions, parse_sweep_options
from .._changes import Threshold

_TIMEOUTS = ("connect_timeout", "read_timeout")
_CONNECTION = ("access_key", "endpoint_url", "profile", "region", "secret_key", "session_token")
# The options that determine which tokens are read. A state file is valid for one combination of their values.
_ACCOUNTS = ("accounts", "exclude_accounts", "assume_role_name")
_TARGETS = ("organizations", "users", "regions", "assume_role_arn", *_ACCOUNTS)
_SWEEP = (*_TARGETS, "owners", "concurrency", "assume_role_external_id")
_OWN = ("interval", "jitter", "warn", "state_file", "report_existing")
# ansible-rulebook adds this option if a rulebook asks for feedback.
_RULEBOOKS_OWN = ("eda_feedback_queue",)

_INTERVAL = "1h"
_JITTER = 0.1
_WARN = ("30d", "7d", "1d")
_FIRST_RETRY = 10.0
_LONGEST_RETRY = 300.0


class WatchOptions(NamedTuple):
    """The checked options of the event source.

    ``sweep`` is used with the instant of each sweep. ``interval`` is in seconds, and ``jitter`` is a fraction of it.
    """

    sweep: SweepOptions
    connection: Mapping[str, Any]
    targets: Mapping[str, Any]
    interval: float
    jitter: float
    warn: Sequence[Threshold]
    state_file: str | None
    report_existing: bool

    def wait(self, failures: int, chance: float) -> float:
        """Compute how long to wait for the next sweep.

        Args:
            failures: How many sweeps in a row have failed. After the first failure, the wait is shorter than a long
                interval, and it grows with each further failure.
            chance: A random number from 0 to 1, which spreads sources that started together.

        Returns:
            The seconds to wait.
        """
        wait = self.interval
        if failures:
            wait = min(max(self.interval, _LONGEST_RETRY), _FIRST_RETRY * 2.0 ** min(failures - 1, 30))
        return wait * (1.0 + self.jitter * chance)


def parse_watch_options(options: Mapping[str, Any]) -> WatchOptions:
    """Check the arguments of the event source.

    Args:
        options: The arguments by name, as a rulebook has them.

    Returns:
        The options.

    Raises:
        OptionError: Names the option, the value and what is allowed.
    """
    if not isinstance(options, Mapping):
        raise OptionError(f"arguments: expected a mapping of options, got {quoted(options)}")
    given = [name for name in options if name not in _RULEBOOKS_OWN]
    reject_unknown_options(given, (*_CONNECTION, *_TIMEOUTS, *_SWEEP, *_OWN))
    connection = {name: _text(options, name) for name in _CONNECTION if options.get(name) is not None}
    wanted = {name: options.get(name) for name in _SWEEP}
    wanted.update(owners=_yes_or_no(options, "owners"), on_error="continue")
    sweep = parse_sweep_options(wanted, current_instant())
    return WatchOptions(
        sweep=sweep,
        connection={
            **connection,
            **{name: options.get(name) for name in _TIMEOUTS},
            "assume_role_external_id": options.get("assume_role_external_id"),
        },
        targets={
            "organizations": sorted(sweep.organizations),
            "users": sorted(sweep.users),
            "regions": sorted(sweep.regions),
            "assume_role_arn": options.get("assume_role_arn"),
            **_account_targets(sweep.accounts),
        },
        interval=_interval(options),
        jitter=_jitter(options),
        warn=_warn(options),
        state_file=os.path.expanduser(_text(options, "state_file")) if options.get("state_file") is not None else None,
        report_existing=_yes_or_no(options, "report_existing"),
    )


def _account_targets(accounts: AccountOptions | None) -> dict[str, Any]:
    if accounts is None:
        return {}
    return {
        "accounts": sorted(accounts.entries),
        "exclude_accounts": sorted(accounts.excluded),
        "assume_role_name": accounts.role_name,
    }


def _text(options: Mapping[str, Any], option: str) -> str:
    value = options[option]
    if not isinstance(value, str) or not value or "\0" in value:
        # The value can be a secret.
        raise OptionError(f"{option}: expected a non-empty string without NUL characters")
    return str(value)


def _yes_or_no(options: Mapping[str, Any], option: str) -> bool:
    value = options.get(option)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise OptionError(f"{option}: {quoted(value)} is not valid; expected true or false")
    return value


def _interval(options: Mapping[str, Any]) -> float:
    interval = parse_duration(_INTERVAL if options.get("interval") is None else options["interval"], "interval")
    if interval < SECOND:
        raise OptionError(f"interval: {quoted(options['interval'])} is too short; expected at least 1s")
    return interval / SECOND


def _jitter(options: Mapping[str, Any]) -> float:
    value = options.get("jitter")
    if value is None:
        return _JITTER
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise OptionError(f"jitter: {quoted(value)} is not valid; expected a number from 0 to 1")
    return float(value)


def _warn(options: Mapping[str, Any]) -> list[Threshold]:
    value = options.get("warn")
    if value is None:
        value = _WARN
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        raise OptionError(f"warn: expected a list of durations, got {quoted(value)}")
    return [Threshold(str(item), parse_duration(item, f"warn[{index}]")) for index, item in enumerate(items)]
