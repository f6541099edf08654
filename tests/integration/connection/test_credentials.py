# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failure of a credential provider in every plugin: the error code, the place and the remedy, and no secret."""

from __future__ import annotations

import json
import socket
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from ansible.errors import AnsibleLookupError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader, lookup_loader
from botocore.config import Config
from botocore.exceptions import ClientError
from broken_credentials import CODES, MARK, ROLE, TOKEN, aws_files, check_message
from estate import ACME
from event_sources import Events
from guarding import guards
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import (
    CredentialsError,
    OptionError,
    PatrolError,
)
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.facts import gather_facts
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.connection import Connection
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.credentials import PROVIDERS

NAME = "patrol.workmail.workmail_pat"
COLLECTION = Path(__file__).parents[3]


@pytest.mark.parametrize("provider", PROVIDERS)
@guards(
    "plugins/module_utils/_workmail/connection.py",
    "        with obtaining(self._source):\n            self._frozen",
    "        if True:\n            self._frozen",
)
@guards(
    "plugins/module_utils/_workmail/credentials.py", "    for secret in filter(None, secrets):", "    for secret in ():"
)
def test_a_failing_provider_is_named_by_the_module(
    emulator: Emulator, gather: Callable[..., Any], broken_here: Callable[[str], str], provider: str
) -> None:
    """What modules and roles call, without the process that it runs in."""
    named = broken_here(provider)
    with pytest.raises(CredentialsError) as caught:
        gather()
    assert caught.value.error_code == CODES[provider]
    assert caught.value.operation is None
    assert MARK not in "".join(traceback.format_exception(caught.value))
    check_message(str(caught.value), provider, named)
    assert MARK not in json.dumps(caught.value.as_result())
    assert len(emulator.requests) == 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_failing_provider_is_named_by_lookup_and_inventory(
    emulator: Emulator, broken_here: Callable[[str], str], provider: str, tmp_path: Path
) -> None:
    named = broken_here(provider)
    with pytest.raises(AnsibleLookupError) as lookup:
        lookup_loader.get(NAME).run([ACME], variables={}, cache=False)
    check_message(str(lookup.value), provider, named)
    source = tmp_path / "workmail_pat.yml"
    source.write_text(yaml.safe_dump({"plugin": NAME}))
    with pytest.raises(AnsibleParserError) as inventory:
        inventory_loader.get(NAME).parse(InventoryData(), DataLoader(), str(source), cache=True)
    check_message(str(inventory.value), provider, named)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AWS_MAX_ATTEMPTS", "x"), ("AWS_DEFAULTS_MODE", "bad"), ("AWS_CONFIG_FILE", "/tmp"), ("AWS_PROFILE", "nope")],
)
def test_a_bad_setting_of_aws_names_its_variable(
    emulator: Emulator,
    gather: Callable[..., Any],
    watch: Callable[..., Events],
    aws: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    value: str,
) -> None:
    aws.setenv(variable, value)
    with pytest.raises(OptionError, match=f"^{variable}: "):
        gather()
    # A wrong setting ends the event source as it starts, before it waits for anything.
    with pytest.raises(Exception, match=f"^{variable}: "):
        watch()
    with pytest.raises(AnsibleLookupError, match=variable):
        lookup_loader.get(NAME).run([ACME], variables={}, cache=False)
    source = tmp_path / "workmail_pat.yml"
    source.write_text(yaml.safe_dump({"plugin": NAME}))
    with pytest.raises(AnsibleParserError, match=variable):
        inventory_loader.get(NAME).parse(InventoryData(), DataLoader(), str(source), cache=True)
    assert len(emulator.requests) == 0


def test_secrets_that_a_service_repeats_are_not_shown(
    emulator: Emulator, aws: pytest.MonkeyPatch, refusing: str
) -> None:
    """AWS STS here repeats whatever it was sent, and the external ID among it."""
    connection = Connection(
        {
            "access_key": "AKIDEXAMPLE",
            "secret_key": "x" * 40,
            "session_token": TOKEN,
            "assume_role_external_id": f"{MARK}-external",
            "endpoint_url": refusing,
        }
    )
    client = connection.client("sts", "us-east-1", Config())
    with pytest.raises(ClientError) as caught:
        client.assume_role(RoleArn=ROLE, RoleSessionName="name", ExternalId=f"{MARK}-external")
    assert "AccessDenied" in str(caught.value)
    assert MARK not in str(caught.value) + json.dumps(caught.value.response)


def test_credentials_are_obtained_once_for_all_regions(
    emulator: Emulator, gather: Callable[..., Any], aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    program = tmp_path / "program.py"
    answer = json.dumps({"Version": 1, "AccessKeyId": "testing", "SecretAccessKey": "testing"})
    program.write_text(f"open({str(runs)!r}, 'a').write('.')\nprint({answer!r})\n")
    for name, value in aws_files(tmp_path, f"[default]\ncredential_process = {sys.executable} {program}\n").items():
        aws.setenv(name, value)
    aws.delenv("AWS_ACCESS_KEY_ID")
    connection = Connection({})
    for region in ("us-east-1", "us-west-2", "eu-west-1"):
        connection.client("workmail", region, Config()).list_organizations()
    assert runs.read_text() == "."


def test_credentials_that_cannot_be_renewed_are_an_error_of_the_credentials(
    emulator: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They expire within the time in which botocore renews them before each call."""
    program = tmp_path / "program.py"
    soon = (datetime.now(UTC) + timedelta(seconds=90)).isoformat()
    answer = {
        "Version": 1,
        "AccessKeyId": "testing",
        "SecretAccessKey": "testing",
        "SessionToken": "t",
        "Expiration": soon,
    }
    once = tmp_path / "once"
    program.write_text(
        f"import pathlib, sys\nonce = pathlib.Path({str(once)!r})\n"
        f"if once.exists():\n    sys.exit({MARK!r})\nonce.touch()\nprint({json.dumps(answer)!r})\n"
    )
    for name, value in aws_files(tmp_path, f"[default]\ncredential_process = {sys.executable} {program}\n").items():
        aws.setenv(name, value)
    aws.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(CredentialsError, match="the command failed") as caught:
        Connection({}).client("workmail", "us-east-1", Config()).list_organizations()
    assert caught.value.error_code == CODES["custom-process"]
    assert "Refreshing temporary credentials failed" in caplog.text and MARK not in caplog.text


def test_an_endpoint_that_never_answers_is_an_error(aws: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = Connection(
            {"region": "us-east-1", "read_timeout": 1, "endpoint_url": f"http://127.0.0.1:{silent.getsockname()[1]}"},
        )
        with pytest.raises(PatrolError, match="raise read_timeout") as caught:
            gather_facts({}, connection)
    assert caught.value.error_code == "ReadTimeoutError"


def test_the_guide_has_a_row_for_each_provider() -> None:
    page = (COLLECTION / "docs/docsite/rst/guide_troubleshooting.rst").read_text()
    rows = [" ".join(row.replace("`", "").split()) for row in page.split("   * - ")]
    for provider in PROVIDERS.values():
        [row] = [row for row in rows if row.casefold().startswith(f"{provider.title}. ".casefold())]
        assert f" - {provider.error_code} - {provider.hint}" in row


def test_the_table_has_the_chain_of_botocore() -> None:
    """In its order, without two files of boto 2 that nobody writes any more."""
    chain = botocore.session.Session().get_component("credential_provider").providers
    names = [provider.METHOD for provider in chain if provider.METHOD not in ("ec2-credentials-file", "boto-config")]
    # Older releases have no sign-in of aws login.
    assert names == [name for name in PROVIDERS if name != "login" or "login" in names]
