# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the event source."""

from __future__ import annotations

from typing import Any

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.options import parse_watch_options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"intervall": "1h"}, "intervall: unknown option, did you mean interval?"),
        ({"interval": "0s"}, "interval: '0s' is too short; expected at least 1s"),
        ({"interval": 60}, "interval: 60 is not a valid duration"),
        ({"jitter": 2}, "jitter: 2 is not valid; expected a number from 0 to 1"),
        ({"warn": ["30d", "soon"]}, r"warn\[1\]: 'soon' is not a valid duration"),
        ({"warn": 30}, "warn: expected a list of durations"),
        ({"owners": "yes"}, "owners: 'yes' is not valid; expected true or false"),
        ({"report_existing": 1}, "report_existing: 1 is not valid; expected true or false"),
        ({"organizations": ["m-1"]}, "organizations: 'm-1' is not a valid organization ID"),
        ({"concurrency": 0}, "concurrency: 0 is out of range; expected 1 to 64"),
        ({"secret_key": 7}, "secret_key: expected a non-empty string without NUL characters$"),
        ({"state_file": "a\0b"}, "state_file: expected a non-empty string without NUL"),
        (None, "arguments: expected a mapping of options, got None"),
        ({1: 2}, "1: unknown option, expected access_key, "),
        ({"state_file": ""}, "state_file: expected a non-empty string"),
        ({"assume_role_arn": ""}, "assume_role_arn: ''"),
    ],
)
@guards("plugins/module_utils/_domain/checks.py", "        if name not in names:")
@guards("plugins/plugin_utils/_watch/options.py", "    reject_unknown_options(given, ", "    print(given, ")
def test_a_bad_argument_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_watch_options(options)


def test_every_option_has_a_default() -> None:
    options = parse_watch_options({})
    assert (options.interval, options.jitter, options.state_file) == (3600.0, 0.1, None)
    assert [warn.text for warn in options.warn] == ["30d", "7d", "1d"]
    assert options.sweep.keep_going


@pytest.mark.parametrize(
    ("interval", "waits"),
    [
        ("1h", [3600, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]),
        ("1s", [1, 10, 20, 40, 80, 160, 300, 300]),
    ],
)
def test_waits_back_off_after_failures(interval: str, waits: list[int]) -> None:
    options = parse_watch_options({"interval": interval, "jitter": 0.5})
    assert [options.wait(failures, 0.0) for failures in range(len(waits))] == waits
    assert options.wait(0, 1.0) == 1.5 * waits[0]
    assert options.wait(10_000, 0.0) == waits[-1]
