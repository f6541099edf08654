# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each provider of botocore's chain fails in every plugin: with its code, its place and what to do, and no secret."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import botocore.session
import pytest
import yaml
from ansible.errors import AnsibleLookupError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader, lookup_loader
from botocore.config import Config
from botocore.exceptions import ClientError
from estate import ACME
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
EVENT_SOURCE = COLLECTION / "extensions/eda/plugins/event_source/workmail_pat.py"
MARK = "MARKED-SECRET"
TOKEN = f"eyJhbGciOiJIUzI1NiJ9.{MARK}.c2lnbmF0dXJl"
ROLE = "arn:aws:iam::123456789012:role/auditor"
FORMATS = ["json", "csv", "junit", "sarif", "markdown", "html", "text"]
CODES = {name: provider.error_code for name, provider in PROVIDERS.items()}


class _Refusing(BaseHTTPRequestHandler):
    """AWS STS, a container and the instance metadata, all of which refuse, and repeat what they were sent."""

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        repeated = [sent.get(name, [""])[0] for name in ("Action", "ExternalId", "WebIdentityToken")]
        denied = f"Not authorized, sent {' '.join(repeated)} {self.headers.get('x-amz-security-token')}"
        error = f"<Error><Code>AccessDenied</Code><Message>{denied}</Message></Error>"
        self._answer(403, f"<ErrorResponse>{error}</ErrorResponse>")

    def do_PUT(self) -> None:
        self._answer(200, "metadata-token")

    def do_GET(self) -> None:
        if self.path.endswith("/security-credentials/"):
            self._answer(200, "auditor")
        else:
            self._answer(200, json.dumps({"Code": "AssumeRoleUnauthorizedAccess", "Message": MARK}))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: Any) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _files(folder: Path, config: str = "", credentials: str = "") -> dict[str, str]:
    (folder / "config").write_text(config)
    (folder / "credentials").write_text(credentials)
    return {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_SECRET_ACCESS_KEY": "",
    }


def broken(provider: str, folder: Path, refusing: str) -> tuple[dict[str, str], str]:
    """Break one provider.

    Args:
        provider: botocore's name of it.
        folder: Where to write files.
        refusing: The URL of a server that refuses.

    Returns:
        The environment variables, none of them secret, and what the error names.
    """
    folder.mkdir(exist_ok=True)
    keys = f"aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {MARK}\n"
    if provider == "env":
        return {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}, "AWS_SESSION_TOKEN contains a line break"
    if provider == "assume-role":
        role = f"[default]\nrole_arn = {ROLE}\nexternal_id = {MARK}-external\nsource_profile = base\n"
        files = _files(folder, f"{role}[profile base]\n{keys}")
        return {**files, "AWS_ENDPOINT_URL_STS": refusing}, "AWS refused AssumeRole with AccessDenied"
    if provider == "assume-role-with-web-identity":
        (folder / "token").write_text(TOKEN)
        token = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"), "AWS_ROLE_ARN": ROLE}
        return {**_files(folder), **token, "AWS_ENDPOINT_URL_STS": refusing}, "AWS refused AssumeRoleWithWebIdentity"
    if provider == "sso":
        settings = "sso_start_url = https://x.example\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = a\n"
        return _files(folder, f"[default]\n{settings}"), "https://x.example does not exist"
    if provider == "shared-credentials-file":
        session = f"aws_access_key_id = AKIDEXAMPLE\naws_session_token = {MARK}\n"
        return _files(folder, "", f"[default]\n{session}"), "aws_secret_access_key is missing"
    if provider == "login":
        return _files(folder, f"[default]\nlogin_session = {ROLE}\n"), f"profile default in {folder / 'config'}"
    if provider == "custom-process":
        command = f"{sys.executable} -c \"import sys; sys.exit('{MARK}')\""
        return _files(folder, f"[default]\ncredential_process = {command}\n"), f"{sys.executable}): the command failed"
    if provider == "config-file":
        session = f"aws_access_key_id = AKIDEXAMPLE\naws_session_token = {MARK}\n"
        return _files(folder, f"[default]\n{session}"), "aws_secret_access_key is missing"
    if provider == "container-role":
        address = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{refusing}/container"}
        return {**_files(folder), **address}, "AWS_CONTAINER_CREDENTIALS_FULL_URI): the answer cannot be understood"
    metadata = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": refusing}
    return {**_files(folder), **metadata}, f"{refusing}): the metadata service gave none"


# What is secret in the environment of every case. It does not go through a task, whose keywords Ansible shows.
SECRET_ENVIRONMENT = {
    "AWS_SECRET_ACCESS_KEY": MARK,
    "AWS_SESSION_TOKEN": f"{MARK}\n",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": MARK,
}


@pytest.fixture
def broken_here(aws: pytest.MonkeyPatch, tmp_path: Path, refusing: str) -> Callable[[str], str]:
    """Breaks one provider for this process, and returns what the error names."""

    def call(provider: str) -> str:
        aws.delenv("AWS_ACCESS_KEY_ID")
        variables, named = broken(provider, tmp_path / provider, refusing)
        for name, value in {**SECRET_ENVIRONMENT, **variables}.items():
            aws.setenv(name, value)
        return named

    return call


def check(text: str, provider: str, named: str) -> None:
    assert named in text
    assert PROVIDERS[provider].hint.replace("PROFILE", "default") in text
    assert MARK not in text
    assert "ListOrganizations" not in text and "Allow workmail" not in text


@pytest.mark.parametrize("provider", PROVIDERS)
@guards(
    "plugins/module_utils/_workmail/connection.py",
    "        with obtaining(self._source):\n            self._frozen",
    "        if True:\n            self._frozen",
)
@guards(
    "plugins/module_utils/_workmail/credentials.py", "    for secret in filter(None, secrets):", "    for secret in ():"
)
def test_module_code(
    emulator: Emulator, gather: Callable[..., Any], broken_here: Callable[[str], str], provider: str
) -> None:
    """What modules and roles call, without the process that it runs in."""
    named = broken_here(provider)
    with pytest.raises(CredentialsError) as caught:
        gather()
    assert caught.value.error_code == CODES[provider]
    assert caught.value.operation is None
    assert MARK not in "".join(traceback.format_exception(caught.value))
    check(str(caught.value), provider, named)
    assert MARK not in json.dumps(caught.value.as_result())
    assert len(emulator.requests) == 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_lookup_and_inventory(
    emulator: Emulator, broken_here: Callable[[str], str], provider: str, tmp_path: Path
) -> None:
    named = broken_here(provider)
    with pytest.raises(AnsibleLookupError) as lookup:
        lookup_loader.get(NAME).run([ACME], variables={}, cache=False)
    check(str(lookup.value), provider, named)
    source = tmp_path / "workmail_pat.yml"
    source.write_text(yaml.safe_dump({"plugin": NAME}))
    with pytest.raises(AnsibleParserError) as inventory:
        inventory_loader.get(NAME).parse(InventoryData(), DataLoader(), str(source), cache=True)
    check(str(inventory.value), provider, named)


@pytest.fixture
def watch(aws: pytest.MonkeyPatch) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Runs the event source, with something done after each sweep, and returns its events."""
    spec = importlib.util.spec_from_file_location("workmail_pat", EVENT_SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Events(list[dict[str, Any]]):
        async def put(self, event: dict[str, Any]) -> None:
            self.append(event)

    def call(*between: Callable[[], None], **args: Any) -> list[dict[str, Any]]:
        events, waiting = Events(), iter(between)

        async def sleep(seconds: float) -> None:
            step = next(waiting, None)
            if step is None:
                raise asyncio.CancelledError
            step()

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(module._core("plugin_utils._watch.source").watch(events, args, sleep))
        return events

    yield call
    for name in [name for name in sys.modules if name.startswith("patrol_workmail")]:
        del sys.modules[name]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_event_source(
    emulator: Emulator,
    watch: Callable[..., list[dict[str, Any]]],
    broken_here: Callable[[str], str],
    provider: str,
) -> None:
    named = broken_here(provider)
    [event] = watch()
    assert (event["kind"], event["error_code"]) == ("sweep_failed", CODES[provider])
    check(event["msg"], provider, named)
    assert MARK not in json.dumps(event)


def test_a_process_that_fails_once_does_not_end_the_watch(
    emulator: Emulator, watch: Callable[..., list[dict[str, Any]]], aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "credentials.json"
    process = f'[default]\ncredential_process = cat "{program}"\n'
    for name, value in _files(tmp_path, process).items():
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
    emulator: Emulator, watch: Callable[..., list[dict[str, Any]]], aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    events = watch(lambda: (tmp_path / "config").write_text("[defau"), (tmp_path / "config").unlink)
    assert [event["error_code"] for event in events if event["kind"] == "sweep_failed"] == [
        "InvalidConfigurationException"
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AWS_MAX_ATTEMPTS", "x"), ("AWS_DEFAULTS_MODE", "bad"), ("AWS_CONFIG_FILE", "/tmp"), ("AWS_PROFILE", "nope")],
)
def test_a_bad_setting_of_aws_names_its_variable(
    emulator: Emulator,
    gather: Callable[..., Any],
    watch: Callable[..., list[dict[str, Any]]],
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


def test_a_service_that_repeats_secrets_is_not_quoted(
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


def test_credentials_are_had_once_for_all_regions(
    emulator: Emulator, gather: Callable[..., Any], aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    program = tmp_path / "program.py"
    answer = json.dumps({"Version": 1, "AccessKeyId": "testing", "SecretAccessKey": "testing"})
    program.write_text(f"open({str(runs)!r}, 'a').write('.')\nprint({answer!r})\n")
    for name, value in _files(tmp_path, f"[default]\ncredential_process = {sys.executable} {program}\n").items():
        aws.setenv(name, value)
    aws.delenv("AWS_ACCESS_KEY_ID")
    connection = Connection({})
    for region in ("us-east-1", "us-west-2", "eu-west-1"):
        connection.client("workmail", region, Config()).list_organizations()
    assert runs.read_text() == "."


def test_credentials_that_cannot_be_renewed_are_not_the_fault_of_a_call(
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
    for name, value in _files(tmp_path, f"[default]\ncredential_process = {sys.executable} {program}\n").items():
        aws.setenv(name, value)
    aws.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(CredentialsError, match="the command failed") as caught:
        Connection({}).client("workmail", "us-east-1", Config()).list_organizations()
    assert caught.value.error_code == CODES["custom-process"]
    assert "Refreshing temporary credentials failed" in caplog.text and MARK not in caplog.text


INFO = "patrol.workmail.workmail_pat_info"
# Each of these is refused before any call, and shown by Ansible with its arguments.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "endpoint": ({INFO: {"endpoint_url": f"http://user:{MARK}@host"}}, "endpoint_url: the URL holds a user name"),
    "proxy": (
        {INFO: {"endpoint_url": "nonsense", "aws_config": {"proxies": {"https": f"http://user:{MARK}@proxy"}}}},
        "endpoint_url: 'nonsense' is not a URL",
    ),
    "audit": (
        {
            "ansible.builtin.include_role": {"name": "patrol.workmail.audit"},
            "vars": {"audit_connect_timeout": 601, "audit_on_error": "fail"},
        },
        "connect_timeout: 601 is out of range; expected 1 to 600",
    ),
    "revoke": (
        {
            "ansible.builtin.include_role": {"name": "patrol.workmail.revoke"},
            "vars": {"revoke_read_timeout": 601, "revoke_policy": "default"},
        },
        "read_timeout: 601 is out of range; expected 1 to 600",
    ),
}


def test_every_provider_in_a_playbook(
    emulator: Emulator,
    environment: dict[str, str],
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    refusing: str,
) -> None:
    """The module and the role audit with everything that Ansible shows and logs."""
    cases = {provider: broken(provider, tmp_path / provider, refusing) for provider in PROVIDERS}
    role = {"assume_role_arn": ROLE, "assume_role_external_id": f"{MARK}-external"}
    kept = {f"{kind} {provider}" for kind in ("module", "role") for provider in PROVIDERS} | REFUSED.keys()
    variables_of = {name: re.sub(r"\W", "_", name) for name in kept}
    tasks: list[dict[str, Any]] = []
    for provider, (variables, _named) in cases.items():
        given: dict[str, Any] = {f"audit_{name}": value for name, value in role.items()}
        if provider == "env":
            given |= {"audit_report_dir": str(tmp_path / "reports"), "audit_report_formats": FORMATS}
        include = {"name": "patrol.workmail.audit", "apply": {"environment": variables}}
        failed = {variables_of[f"role {provider}"]: "{{ audit_result }}"}
        tasks += [
            {
                INFO: role,
                "environment": variables,
                "register": variables_of[f"module {provider}"],
                "ignore_errors": True,
            },
            {
                "block": [{"ansible.builtin.include_role": include, "vars": given}],
                "rescue": [{"ansible.builtin.set_fact": failed}],
            },
        ]
    for name, (task, _message) in REFUSED.items():
        failed = {variables_of[name]: "{{ ansible_failed_result }}"}
        tasks.append({"block": [task], "rescue": [{"ansible.builtin.set_fact": failed}]})
    results_of = ", ".join(f"'{name}': {variable}" for name, variable in variables_of.items())
    keep = {"content": f"{{{{ {{{results_of}}} | to_json }}}}", "dest": str(tmp_path / "results.json"), "mode": "0600"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [*tasks, {"ansible.builtin.copy": keep}],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    del environment["AWS_ACCESS_KEY_ID"]
    secret = {**SECRET_ENVIRONMENT, "ANSIBLE_LOG_PATH": str(tmp_path / "logs" / "ansible.log")}
    (tmp_path / "logs").mkdir()
    run = ansible_playbook(str(tmp_path / "play.yml"), "-vvvv", env=secret)
    assert run.returncode == 0, run.stdout + run.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    for provider, (_variables, named) in cases.items():
        module, audit = results[f"module {provider}"], results[f"role {provider}"]
        assert (module["error_code"], module["operation"]) == (CODES[provider], None)
        check(module["msg"], provider, named)
        assert audit["outcome"] == "incomplete"
        assert [error["error_code"] for error in audit["errors"]] == [CODES[provider]]
        check(audit["errors"][0]["msg"], provider, named)
    for name, (_task, message) in REFUSED.items():
        assert message in results[name]["msg"]
    inputs = (tmp_path, *(tmp_path / provider for provider in PROVIDERS))
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent not in inputs]
    written.append(tmp_path / "results.json")
    assert {path.suffix for path in written} >= {".json", ".csv", ".xml", ".sarif", ".md", ".html", ".txt", ".log"}
    texts = [run.stdout, run.stderr, *(path.read_text(errors="replace") for path in written)]
    assert not any(MARK in text for text in texts)
    assert "Traceback" not in run.stdout + run.stderr


def test_an_endpoint_that_never_answers(aws: pytest.MonkeyPatch) -> None:
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
