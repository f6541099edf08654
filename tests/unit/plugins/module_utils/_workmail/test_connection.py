# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of a connection before any call: AWS settings and options are named, but their values are never quoted."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import RefreshWithMFAUnsupportedError
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError, PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._workmail import connection
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.connection import Connection
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.credentials import Source, obtaining


@guards("plugins/module_utils/_workmail/connection.py", "    if not _HAS_BOTO3:")
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_HAS_BOTO3", False)
    with pytest.raises(PatrolError, match="^boto3 and botocore are not installed for /.* Install both") as raised:
        Connection({})
    assert raised.value.error_code == "MissingLibraryException"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with a file of profiles and nothing else of AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text("[profile auditor]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


BAD_SETTINGS = {
    "AWS_MAX_ATTEMPTS": ("x", "a whole number of at least 1"),
    "AWS_METADATA_SERVICE_TIMEOUT": ("soon", "a whole number of at least 1"),
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": ("0", "a whole number of at least 1"),
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": ("-1", "a whole number of at least 0"),
    "AWS_RETRY_MODE": ("standart", "one of legacy, standard, adaptive, did you mean standard?"),
    "AWS_DEFAULTS_MODE": ("bad", "one of auto, cross-region"),
    "AWS_STS_REGIONAL_ENDPOINTS": ("global", "one of legacy, regional"),
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": ("ipv5", "one of ipv4, ipv6"),
    "AWS_REQUEST_CHECKSUM_CALCULATION": ("never", "one of when_supported, when_required"),
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": ("maybe", "one of preferred, disabled, required"),
    "AWS_USE_FIPS_ENDPOINT": ("yes", "true or false"),
    "AWS_USE_DUALSTACK_ENDPOINT": ("1", "true or false"),
    "AWS_CA_BUNDLE": ("/nonexistent/ca.pem", "does not exist"),
    "AWS_CONFIG_FILE": ("/tmp", "is a directory"),
    "AWS_DEFAULT_PROFILE": ("", "profile '' does not exist"),
    "AWS_SHARED_CREDENTIALS_FILE": ("/tmp", "is a directory"),
    "AWS_PROFILE": ("auditer", "did you mean auditor?"),
    "AWS_ENDPOINT_URL": ("localhost:5000", "is not a URL such as https://HOST"),
    "AWS_ENDPOINT_URL_STS": ("https://user:SECRET@host", "contains a user name or a password"),
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": ("http://SECRET@[x", "contains a user name or a password"),
}


@pytest.mark.parametrize("variable", BAD_SETTINGS)
@guards(
    "plugins/module_utils/_workmail/aws_settings.py", "        if not text.strip().isdecimal() or int(text) < least:"
)
@guards("plugins/module_utils/_workmail/aws_settings.py", '        if text.lower() not in ("true", "false", ""):')
@guards(
    "plugins/module_utils/_workmail/aws_settings.py",
    "        if (text if name in _EXACT else text.lower()) not in choices:",
)
@guards("plugins/module_utils/_workmail/aws_settings.py", '    if "@" in url:')
@guards("plugins/module_utils/_workmail/aws_settings.py", "    if os.path.isdir(path):")
def test_a_bad_setting_of_aws_names_its_variable(aws: pytest.MonkeyPatch, variable: str) -> None:
    value, allowed = BAD_SETTINGS[variable]
    aws.setenv(variable, value)
    with pytest.raises(OptionError) as caught:
        Connection({})
    assert str(caught.value).startswith(f"{variable}: ") and allowed in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("max_attempts = x", "max_attempts of the profile default in {file}: 'x' is not a whole number of at least 1"),
        ("retry_mode = bad", "retry_mode of the profile default in {file}: 'bad' is not one of legacy"),
        ("use_fips_endpoint = yes", "use_fips_endpoint of the profile default in {file}: 'yes' is not true or false"),
        ("ca_bundle = /nonexistent", "ca_bundle of the profile default in {file}: the file"),
        ("endpoint_url = http://a:SECRET@b", "endpoint_url of the profile default in {file}: the URL contains"),
        (
            "services = s\n[services s]\nworkmail =\n  endpoint_url = http://a:SECRET@b",
            "endpoint_url of workmail in {file}: the URL contains",
        ),
        ("[broken", "the AWS configuration file {file} cannot be parsed"),
    ],
)
def test_a_bad_setting_of_a_profile_names_its_file(
    aws: pytest.MonkeyPatch, tmp_path: Path, config: str, message: str
) -> None:
    (tmp_path / "config").write_text(f"[default]\n{config}\n")
    with pytest.raises(OptionError) as caught:
        Connection({})
    assert message.format(file=tmp_path / "config") in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            {"profile": "ci", "access_key": "AKIDEXAMPLE"},
            "ConflictingCredentialsException",
            "AWS_PROFILE: the profile 'ci' cannot be combined with access_key. Unset one of them",
        ),
        (
            {"access_key": "AKIDEXAMPLE", "secret_key": "SECRET "},
            "CredentialsException",
            "secret_key contains a space or a character that is not valid in credentials",
        ),
        ({"access_key": "AKIDEXAMPLE"}, "CredentialsException", "secret_key is missing"),
        (
            {"endpoint_url": "http://user:SECRET@host"},
            "InvalidConfigurationException",
            "endpoint_url: the URL contains",
        ),
        ({"aws_ca_bundle": "/nonexistent"}, "InvalidConfigurationException", "aws_ca_bundle: the file '/nonexistent'"),
        ({"connect_timeout": 0}, "InvalidOptionException", "connect_timeout: 0 is out of range; expected 1 to 600"),
        ({"read_timeout": 601}, "InvalidOptionException", "read_timeout: 601 is out of range"),
        ({"aws_config": {"retrys": 3}}, "InvalidOptionException", "aws_config: Got unexpected keyword argument"),
    ],
)
@guards("plugins/module_utils/_workmail/connection.py", '    if given["profile"] and keys:')
@guards("plugins/module_utils/_workmail/connection.py", "            check_values(self._source, self._frozen)\n", "")
@guards(
    "plugins/module_utils/_workmail/connection.py",
    '            check_url(_named("endpoint_url", given), self._endpoint_url)\n',
    "            pass\n",
)
def test_a_bad_option_of_the_connection_is_refused(
    aws: pytest.MonkeyPatch, options: dict[str, Any], code: str, message: str
) -> None:
    if "profile" in options:
        aws.setenv("AWS_PROFILE", "ci")
    with pytest.raises(PatrolError) as caught:
        Connection(options).client("workmail", "us-east-1", Config())
    assert caught.value.error_code == code
    assert message in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "timeouts"),
    [
        ({}, (5, 20)),
        ({"connect_timeout": 7, "read_timeout": 90}, (7, 90)),
        ({"read_timeout": 90, "aws_config": {"read_timeout": 100}}, (5, 100)),
    ],
)
@guards(
    "plugins/module_utils/_workmail/connection.py",
    "                config=config.merge(self._config),",
    "                config=config,",
)
def test_timeouts_are_those_of_the_options(
    aws: pytest.MonkeyPatch, options: dict[str, Any], timeouts: tuple[int, int]
) -> None:
    keys = {"access_key": "testing", "secret_key": "testing"}
    config = Connection({**keys, **options}).client("workmail", "us-east-1", Config(connect_timeout=60)).meta.config
    assert (config.connect_timeout, config.read_timeout) == timeouts
    assert "patrol.workmail" in config.user_agent_extra


ROLE = "role_arn = arn:aws:iam::123456789012:role/auditor\n"
# What else can be wrong with a provider: its part of the error code, environment, profile, and what the error says.
WRONG: dict[str, tuple[str, dict[str, str], str, str]] = {
    "secret": ("Environment", {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}, "", "AWS_SECRET_ACCESS_KEY is missing"),
    "expiry": (
        "Environment",
        {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "SECRET",
            "AWS_CREDENTIAL_EXPIRATION": "SECRET",
        },
        "",
        "AWS_CREDENTIAL_EXPIRATION is not a time",
    ),
    "expired": (
        "Environment",
        {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "SECRET",
            "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
        },
        "",
        "they have expired, and the renewed ones have expired as well",
    ),
    "source": ("AssumeRole", {}, ROLE, "source_profile or credential_source is missing"),
    "no source": ("AssumeRole", {}, f"{ROLE}source_profile = base\n", 'The source_profile "base" referenced in'),
    "loop": ("AssumeRole", {}, f"{ROLE}source_profile = default\n", "Infinite loop in credential configuration"),
    "empty": (
        "AssumeRole",
        {},
        f"{ROLE}source_profile = base\n[profile base]\n",
        'The source profile "base" must have credentials',
    ),
    "kind": ("AssumeRole", {}, f"{ROLE}credential_source = Moon\n", 'The credential source "Moon" referenced in'),
    "nothing": (
        "AssumeRole",
        {},
        f"{ROLE}credential_source = Environment\n",
        "No credentials found in credential_source",
    ),
    "no role": ("WebIdentity", {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"}, "", "no role ARN configured"),
    "token": (
        "WebIdentity",
        {},
        f"{ROLE}web_identity_token_file = /nonexistent/token\n",
        "/nonexistent/token: No such file or directory",
    ),
    "session": (
        "SSO",
        {},
        "sso_session = corp\nsso_account_id = 1\nsso_role_name = a\n",
        'The specified sso-session does not exist: "corp"',
    ),
    "settings": ("SSO", {}, "sso_account_id = 1\n", "missing required configuration: sso_role_name, sso_start_url"),
    "program": (
        "Process",
        {},
        "credential_process = /nonexistent/helper SECRET\n",
        "/nonexistent/helper: No such file",
    ),
    "exit": ("Process", {}, "credential_process = sh -c 'echo SECRET >&2; exit 1'\n", "the command failed"),
    "text": ("Process", {}, "credential_process = echo SECRET\n", "the answer cannot be understood (JSONDecodeError)"),
    "list": ("Process", {}, "credential_process = echo []\n", "the answer cannot be understood (AttributeError)"),
    "version": ("Process", {}, "credential_process = echo '{\"Version\": 2}'\n", "Unsupported version '2'"),
    "fields": ("Process", {}, "credential_process = echo '{\"Version\": 1}'\n", "Missing required key in response"),
    "quote": ("Process", {}, "credential_process = echo 'SECRET\n", "command that cannot be parsed"),
    "host": (
        "Container",
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"},
        "",
        "Unsupported host 'example.com'",
    ),
    "header": (
        "Container",
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:1/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "SECRET\n",
        },
        "",
        "Auth token value is not a legal header value",
    ),
    "file": (
        "Container",
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:1/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nonexistent/token",
        },
        "",
        "/nonexistent/token: No such file or directory",
    ),
    "metadata": (
        "InstanceMetadata",
        {
            "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_V1_DISABLED": "true",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1",
        },
        "",
        "IMDSv1 has been disabled",
    ),
}


def test_an_empty_path_of_certificates_is_refused(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_CA_BUNDLE", " ")
    with pytest.raises(OptionError, match="AWS_CA_BUNDLE: ' ' is not the path of a file"):
        Connection({})


@pytest.mark.parametrize("case", WRONG)
@guards("plugins/module_utils/_workmail/credentials.py", '    if source.provider == "custom-process":')
def test_other_errors_of_a_provider_name_it(aws: pytest.MonkeyPatch, tmp_path: Path, case: str) -> None:
    code, variables, profile, reason = WRONG[case]
    for name, value in variables.items():
        aws.setenv(name, value)
    (tmp_path / "config").write_text(f"[default]\n{profile}")
    with pytest.raises(PatrolError) as caught:
        Connection({}).client("workmail", "us-east-1", Config())
    assert caught.value.error_code == f"{code}CredentialsException"
    assert reason in str(caught.value)
    assert "SECRET" not in "".join(traceback.format_exception(caught.value)).replace("AWS_SECRET", "")


@pytest.mark.parametrize("error", [EOFError(), RefreshWithMFAUnsupportedError()])
def test_a_provider_that_asks_for_an_mfa_code_is_an_error(error: Exception) -> None:
    source = Source("assume-role", "profile default in config")
    with pytest.raises(PatrolError, match="an MFA code, which cannot be entered here") as caught, obtaining(source):
        raise error
    assert caught.value.error_code == "AssumeRoleCredentialsException"


def test_missing_credentials_are_an_error(aws: pytest.MonkeyPatch) -> None:
    with pytest.raises(PatrolError, match="the environment, .* have none.*Set access_key and secret_key") as caught:
        Connection({}).client("workmail", "us-east-1", Config())
    assert caught.value.error_code == "NoCredentialsError"
