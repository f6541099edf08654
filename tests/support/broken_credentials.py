# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that fail: one way to break each provider of botocore's chain, and a service that refuses."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from ansible_collections.patrol.workmail.plugins.module_utils._workmail.credentials import PROVIDERS

MARK = "MARKED-SECRET"
TOKEN = f"eyJhbGciOiJIUzI1NiJ9.{MARK}.c2lnbmF0dXJl"
ROLE = "arn:aws:iam::123456789012:role/auditor"
CODES = {name: provider.error_code for name, provider in PROVIDERS.items()}


class Refusing(BaseHTTPRequestHandler):
    """A stand-in for AWS STS, container credentials and instance metadata that refuses and repeats each request."""

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
        """Write no log."""


def aws_files(folder: Path, config: str = "", credentials: str = "") -> dict[str, str]:
    """Write the two files of AWS settings.

    Args:
        folder: The directory to write them to.
        config: The text of the file of settings.
        credentials: The text of the file of credentials.

    Returns:
        The environment variables that name the files.
    """
    (folder / "config").write_text(config)
    (folder / "credentials").write_text(credentials)
    return {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_SECRET_ACCESS_KEY": "",
    }


def break_provider(provider: str, folder: Path, refusing: str) -> tuple[dict[str, str], str]:
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
        files = aws_files(folder, f"{role}[profile base]\n{keys}")
        return {**files, "AWS_ENDPOINT_URL_STS": refusing}, "AWS refused AssumeRole with AccessDenied"
    if provider == "assume-role-with-web-identity":
        (folder / "token").write_text(TOKEN)
        token = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"), "AWS_ROLE_ARN": ROLE}
        return {**aws_files(folder), **token, "AWS_ENDPOINT_URL_STS": refusing}, "AWS refused AssumeRoleWithWebIdentity"
    if provider == "sso":
        settings = "sso_start_url = https://x.example\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = a\n"
        return aws_files(folder, f"[default]\n{settings}"), "https://x.example does not exist"
    if provider == "shared-credentials-file":
        session = f"aws_access_key_id = AKIDEXAMPLE\naws_session_token = {MARK}\n"
        return aws_files(folder, "", f"[default]\n{session}"), "aws_secret_access_key is missing"
    if provider == "login":
        return aws_files(folder, f"[default]\nlogin_session = {ROLE}\n"), f"profile default in {folder / 'config'}"
    if provider == "custom-process":
        command = f"{sys.executable} -c \"import sys; sys.exit('{MARK}')\""
        return aws_files(
            folder, f"[default]\ncredential_process = {command}\n"
        ), f"{sys.executable}): the command failed"
    if provider == "config-file":
        session = f"aws_access_key_id = AKIDEXAMPLE\naws_session_token = {MARK}\n"
        return aws_files(folder, f"[default]\n{session}"), "aws_secret_access_key is missing"
    if provider == "container-role":
        address = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{refusing}/container"}
        return {**aws_files(folder), **address}, "AWS_CONTAINER_CREDENTIALS_FULL_URI): the answer cannot be understood"
    metadata = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": refusing}
    return {**aws_files(folder), **metadata}, f"{refusing}): the metadata service gave none"


# What is secret in the environment of every case. It does not go through a task, whose keywords Ansible shows.
SECRET_ENVIRONMENT = {
    "AWS_SECRET_ACCESS_KEY": MARK,
    "AWS_SESSION_TOKEN": f"{MARK}\n",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": MARK,
}


def check_message(text: str, provider: str, named: str) -> None:
    """Assert that a message names the source and says what to do, without a secret.

    Args:
        text: The message.
        provider: The provider that failed, by botocore's name.
        named: What the message must name.
    """
    assert named in text
    assert PROVIDERS[provider].hint.replace("PROFILE", "default") in text
    assert MARK not in text
    assert "ListOrganizations" not in text and "Grant these credentials workmail" not in text
