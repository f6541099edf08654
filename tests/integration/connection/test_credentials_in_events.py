# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials and settings that fail while the event source runs: it sends an event and continues."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from broken_credentials import CODES, MARK, aws_files, check_message
from event_sources import Events
from guarding import guards
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._workmail.credentials import PROVIDERS


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_failing_provider_is_named_by_an_event(
    emulator: Emulator,
    watch: Callable[..., Events],
    broken_here: Callable[[str], str],
    provider: str,
) -> None:
    named = broken_here(provider)
    [event] = watch()
    assert (event["kind"], event["error_code"]) == ("sweep_failed", CODES[provider])
    check_message(event["msg"], provider, named)
    assert MARK not in json.dumps(event)


def test_a_process_that_fails_once_does_not_end_the_watch(
    emulator: Emulator, watch: Callable[..., Events], aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "credentials.json"
    process = f'[default]\ncredential_process = cat "{program}"\n'
    for name, value in aws_files(tmp_path, process).items():
        aws.setenv(name, value)
    aws.delenv("AWS_ACCESS_KEY_ID")

    def recover() -> None:
        program.write_text(json.dumps({"Version": 1, "AccessKeyId": "testing", "SecretAccessKey": "testing"}))

    events = watch(recover, program.unlink, recover, report_existing=True)
    failed = [event for event in events if event["kind"] == "sweep_failed"]
    assert [event["error_code"] for event in failed] == [CODES["custom-process"]] * 2
    assert [event["failures"] for event in failed] == [1, 1]
    assert len(events) > len(failed)


@guards(
    "plugins/plugin_utils/_watch/source.py",
    "            if first and isinstance(error, OptionError):",
    "            if isinstance(error, OptionError):",
)
def test_settings_that_are_broken_for_a_moment_do_not_end_the_watch(
    emulator: Emulator, watch: Callable[..., Events], aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    events = watch(lambda: (tmp_path / "config").write_text("[defau"), (tmp_path / "config").unlink)
    assert [event["error_code"] for event in events if event["kind"] == "sweep_failed"] == [
        "InvalidConfigurationException"
    ]
