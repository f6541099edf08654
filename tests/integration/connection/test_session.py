# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where and as whom a sweep runs: regions, credentials, retries, and the botocore in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.session import Session


def connect(service: str, region: str, config: Any, **credentials: str) -> Any:
    return boto3.session.Session().client(service, region_name=region, config=config, **credentials)


def retries(**options: Any) -> Any:
    return Session(connect, ["us-east-1"], **options).client("us-east-1").meta.config.retries


def test_retries_are_standard_and_patient(aws: pytest.MonkeyPatch) -> None:
    aws.delenv("AWS_MAX_ATTEMPTS")
    assert retries() == {"mode": "standard", "total_max_attempts": 8}


def test_retries_of_the_environment_are_kept(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_MAX_ATTEMPTS", "3")
    aws.setenv("AWS_RETRY_MODE", "adaptive")
    assert retries() == {"mode": "adaptive", "total_max_attempts": 3}


def test_retries_of_a_profile_are_kept(aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws.delenv("AWS_MAX_ATTEMPTS")
    config = tmp_path / "config"
    config.write_text("[profile auditor]\nmax_attempts = 4\nretry_mode = adaptive\n")
    aws.setenv("AWS_CONFIG_FILE", str(config))
    session = Session(connect, ["us-east-1"], profile="auditor")
    aws.setenv("AWS_PROFILE", "auditor")
    assert session.client("us-east-1").meta.config.retries == {"mode": "adaptive", "total_max_attempts": 4}


def test_as_many_connections_as_calls(aws: pytest.MonkeyPatch) -> None:
    client = Session(connect, ["us-east-1"], concurrency=64).client("us-east-1")
    assert client.meta.config.max_pool_connections == 64


@pytest.mark.parametrize(
    ("wanted", "own", "regions"),
    [
        ([], "eu-west-1", ["eu-west-1"]),
        (["us-west-2", "us-east-1"], "eu-west-1", ["us-west-2", "us-east-1"]),
        (["all"], None, ["eu-west-1", "us-east-1", "us-west-2"]),
    ],
)
def test_regions(wanted: list[str], own: str | None, regions: list[str]) -> None:
    assert Session(connect, wanted, own).regions == regions


def test_no_region() -> None:
    with pytest.raises(PatrolError, match="no region was given.*Amazon WorkMail is in eu-west-1, us-east-1") as caught:
        Session(connect, [], None)
    assert caught.value.error_code == "NoRegionError"


def test_a_botocore_that_is_too_old(aws: pytest.MonkeyPatch) -> None:
    """Told by what the client can do, as with the client of a service that has no such operation."""

    def connect_to_another(service: str, region: str, **options: Any) -> Any:
        return connect("sts", region, **options)

    with pytest.raises(
        PatrolError, match=r"does not know WorkMail's .*\. Install botocore 1\.35\.52 or newer"
    ) as caught:
        Session(connect_to_another, ["us-east-1"]).client("us-east-1")
    assert caught.value.error_code == "UnsupportedBotocoreException"


def test_nonsense_in_the_environment(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_MAX_ATTEMPTS", "many")
    with pytest.raises(PatrolError, match="AWS_MAX_ATTEMPTS: 'many' is not a whole number of at least 1") as caught:
        Session(connect, ["us-east-1"])
    assert caught.value.error_code == "InvalidConfigurationException"


def test_no_credentials(emulator: Emulator, gather: Callable[..., Any], aws: pytest.MonkeyPatch) -> None:
    aws.delenv("AWS_ACCESS_KEY_ID")
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PatrolError, match="AWS_. environment variables") as caught:
        gather()
    assert caught.value.error_code == "NoCredentialsError"


def test_nobody_there(emulator: Emulator, gather: Callable[..., Any], aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(PatrolError, match="could not be reached after all retries") as caught:
        gather()
    assert caught.value.error_code == "EndpointConnectionError"
    assert caught.value.region == "us-east-1"
