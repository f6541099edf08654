# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator, for tests that call it over HTTP in this process and for tests that start Ansible."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import JSONFileLoader
from connecting import REGION
from estate import ESTATE

if TYPE_CHECKING:
    from workmail_emulator import Emulator


@pytest.fixture(scope="session", autouse=True)
def data_of_botocore() -> Iterator[None]:
    """Parse each data file of botocore once for this process.

    botocore parses them again for each session, which takes most of the time of a test that makes one.
    """
    parsed: dict[str, Any] = {}
    load_file = JSONFileLoader.load_file

    def load_once(loader: JSONFileLoader, path: str) -> Any:
        if path not in parsed:
            data = load_file(loader, path)
            if data is None:
                return None
            parsed[path] = data
        return parsed[path]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(JSONFileLoader, "load_file", load_once)
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[Emulator]:
    """Return the emulator, which is started for the first test that uses it."""
    from workmail_emulator import Emulator

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(server: Emulator) -> Emulator:
    """Return the emulator with the organizations of ``estate``, no faults and an empty log."""
    server.reset()
    server.load(ESTATE)
    return server


@pytest.fixture
def surroundings(server: Emulator, tmp_path: Path) -> dict[str, str]:
    """Return environment variables that select the emulator and contain no settings of the machine."""
    kept = ("PATH", "ANSIBLE_COLLECTIONS_PATH", "LC_ALL")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(tmp_path),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(tmp_path / "remote"),
        "ANSIBLE_ASYNC_DIR": str(tmp_path / "async"),
        # amazon.aws 10 imports deprecated parts of ansible-core 2.20, which this collection cannot fix.
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "NO_COLOR": "1",
        "AWS_ENDPOINT_URL": server.endpoint_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def aws(surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set the variables of ``surroundings`` in this process."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in surroundings.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return monkeypatch
