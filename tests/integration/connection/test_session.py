# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions: their regions, credentials, retries and clients, and the botocore in use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from connecting import connect
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.options import parse_sweep_options
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.connection import Connection
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.session import Session


def open_session(connection: Any = None, **options: Any) -> Session:
    return Session.open(connection or connect(), parse_sweep_options(options, 0))


def retries(**options: Any) -> Any:
    return open_session(connect(**options)).client("us-east-1").meta.config.retries


def test_retries_are_standard_with_many_attempts_by_default(aws: pytest.MonkeyPatch) -> None:
    aws.delenv("AWS_MAX_ATTEMPTS")
    assert retries() == {"mode": "standard", "total_max_attempts": 8}


def test_retries_of_the_environment_are_kept(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_MAX_ATTEMPTS", "3")
    aws.setenv("AWS_RETRY_MODE", "adaptive")
    assert retries() == {"mode": "adaptive", "total_max_attempts": 3}


def test_retries_of_a_profile_are_kept(aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws.delenv("AWS_MAX_ATTEMPTS")
    config = tmp_path / "config"
    config.write_text(
        "[profile auditor]\nmax_attempts = 4\nretry_mode = adaptive\n"
        "aws_access_key_id = testing\naws_secret_access_key = testing\n"
    )
    aws.setenv("AWS_CONFIG_FILE", str(config))
    assert retries(profile="auditor") == {"mode": "adaptive", "total_max_attempts": 4}


def test_a_client_has_as_many_connections_as_concurrent_calls(aws: pytest.MonkeyPatch) -> None:
    client = open_session(concurrency=64).client("us-east-1")
    assert client.meta.config.max_pool_connections == 64


def test_each_region_has_one_client_for_all_threads(aws: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    session = open_session(connect(made.append), regions=["all"])
    given: list[Any] = []
    together = threading.Barrier(8)

    def work() -> None:
        together.wait()
        given.append(session.client("us-east-1"))

    threads = [threading.Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and {client.meta.region_name for client in given} == {"us-east-1"}
    session.client("us-west-2")
    session.client("us-west-2", "111111111111")
    assert len(made) == 2


def test_a_run_makes_one_client_for_each_region_that_it_reads(
    emulator: Emulator, aws: pytest.MonkeyPatch, gather: Callable[..., Any]
) -> None:
    from ansible_collections.patrol.workmail.plugins.module_utils._sweep.facts import gather_facts

    made: list[Any] = []
    facts = gather_facts({"regions": ["us-east-1"], "owners": True}, connect(made.append))
    assert facts.result["complete"] and facts.result["summary"]["tokens"] > 0
    assert [client.meta.region_name for client in made] == ["us-east-1"]


@pytest.mark.parametrize(
    ("wanted", "own", "regions"),
    [
        ([], "eu-west-1", ["eu-west-1"]),
        (["us-west-2", "us-east-1"], "eu-west-1", ["us-west-2", "us-east-1"]),
        (["all"], None, ["eu-west-1", "us-east-1", "us-west-2"]),
    ],
)
def test_regions_are_those_of_the_options_or_the_connection(
    aws: pytest.MonkeyPatch, wanted: list[str], own: str | None, regions: list[str]
) -> None:
    aws.delenv("AWS_REGION")
    assert open_session(connect(region=own), regions=wanted).regions == regions


def test_a_missing_region_is_an_error(aws: pytest.MonkeyPatch) -> None:
    aws.delenv("AWS_REGION")
    with pytest.raises(
        PatrolError, match="no region is set.*Amazon WorkMail is available in eu-west-1, us-east-1"
    ) as caught:
        open_session()
    assert caught.value.error_code == "NoRegionError"


def test_an_old_botocore_is_an_error(aws: pytest.MonkeyPatch) -> None:
    """It is recognized by the client, which is here that of a service without these operations."""

    class AnotherConnection(Connection):
        def client(self, service: str, region: str, config: Any, role: Callable[[], Any] = lambda: None) -> Any:
            return super().client("sts", region, config, role)

    with pytest.raises(
        PatrolError, match=r"does not support personal access tokens .*\. Install botocore 1\.35\.52 or newer"
    ) as caught:
        open_session(AnotherConnection({})).client("us-east-1")
    assert caught.value.error_code == "UnsupportedBotocoreException"


def test_an_invalid_variable_of_the_environment_is_an_error(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_MAX_ATTEMPTS", "many")
    with pytest.raises(PatrolError, match="AWS_MAX_ATTEMPTS: 'many' is not a whole number of at least 1") as caught:
        open_session()
    assert caught.value.error_code == "InvalidConfigurationException"


def test_missing_credentials_are_an_error(
    emulator: Emulator, gather: Callable[..., Any], aws: pytest.MonkeyPatch
) -> None:
    aws.delenv("AWS_ACCESS_KEY_ID")
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PatrolError, match="AWS_. environment variables") as caught:
        gather()
    assert caught.value.error_code == "NoCredentialsError"


def test_an_unreachable_endpoint_is_an_error(
    emulator: Emulator, gather: Callable[..., Any], aws: pytest.MonkeyPatch
) -> None:
    aws.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(PatrolError, match="could not be reached after all retries") as caught:
        gather()
    assert caught.value.error_code == "EndpointConnectionError"
    assert caught.value.region == "us-east-1"
