# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The source of the credentials, and the errors of obtaining them.

botocore obtains credentials in the first call, and renews them in any later call. This module prevents that an error of
obtaining them looks like an error of that call.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from .._domain.errors import CredentialsError, PatrolError
from .aws_settings import file_of
from .errors import code_and_message, describe_botocore, hint_for_the_way, is_unreachable

# Without botocore, this file can still be imported, and require_boto3 reports the error.
with contextlib.suppress(ImportError):
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConfigNotFound,
        CredentialRetrievalError,
        MetadataRetrievalError,
        PartialCredentialsError,
        RefreshWithMFAUnsupportedError,
    )


class Provider(NamedTuple):
    """A credential provider of botocore: its title in messages, and the error code and hint of its errors.

    ``PROFILE`` in the hint is replaced with the name of the profile.
    """

    title: str
    error_code: str
    hint: str


# The providers by their names in botocore, in the order in which botocore tries them.
PROVIDERS = {
    "env": Provider(
        "the environment",
        "EnvironmentCredentialsException",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY on the host that makes the calls. Temporary credentials also "
        "need AWS_SESSION_TOKEN.",
    ),
    "assume-role": Provider(
        "a role that the profile assumes",
        "AssumeRoleCredentialsException",
        "Check role_arn, external_id and source_profile or credential_source of the profile PROFILE. The source needs "
        "sts:AssumeRole on the role, and the trust policy of the role must allow the source.",
    ),
    "assume-role-with-web-identity": Provider(
        "a role assumed with web identity",
        "WebIdentityCredentialsException",
        "Check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or web_identity_token_file and role_arn of the profile "
        "PROFILE. Check that the token has not expired. The trust policy of the role must name the issuer, audience "
        "and subject of the token.",
    ),
    "sso": Provider(
        "IAM Identity Center (SSO)",
        "SSOCredentialsException",
        "Run aws sso login --profile PROFILE as the user who makes the calls. If that fails, check sso_session or "
        "sso_start_url of the profile.",
    ),
    "shared-credentials-file": Provider(
        "the shared credentials file",
        "SharedFileCredentialsException",
        "Set aws_access_key_id and aws_secret_access_key of the profile PROFILE in the file that "
        "AWS_SHARED_CREDENTIALS_FILE names, by default ~/.aws/credentials. Temporary credentials also need "
        "aws_session_token.",
    ),
    "login": Provider(
        "the sign-in of aws login",
        "LoginCredentialsException",
        "Run aws login --profile PROFILE as the user who makes the calls, and install botocore[crt], which this "
        "sign-in requires.",
    ),
    "custom-process": Provider(
        "a process",
        "ProcessCredentialsException",
        "Run the command of credential_process by hand as the user who makes the calls. It must exit with code 0 and "
        "print JSON with Version 1, AccessKeyId and SecretAccessKey.",
    ),
    "config-file": Provider(
        "the configuration file",
        "ConfigFileCredentialsException",
        "Set aws_access_key_id and aws_secret_access_key of the profile PROFILE in the file that AWS_CONFIG_FILE "
        "names, by default ~/.aws/config. Temporary credentials also need aws_session_token.",
    ),
    "container-role": Provider(
        "the container",
        "ContainerCredentialsException",
        "Check AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, "
        "AWS_CONTAINER_AUTHORIZATION_TOKEN or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE. The task or pod must have a "
        "role.",
    ),
    "iam-role": Provider(
        "the instance metadata",
        "InstanceMetadataCredentialsException",
        "Check that the instance has a role and that its metadata service can be reached. Check "
        "AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_V1_DISABLED and AWS_METADATA_SERVICE_TIMEOUT.",
    ),
}

NOWHERE = "NoCredentialsError"
_MISSING_HINT = (
    "Set access_key and secret_key, a profile, or the AWS_* environment variables on the host that makes the calls."
)

# The valid characters of an access key, a secret key or a session token, which are sent in headers.
_VALUE = re.compile(r"[!-~]+")
_STATUS = re.compile(r"non 200 response (\d+)")
_JSON_WEB_TOKEN = re.compile(r"eyJ[\w-]+(?:\.[\w-]+)+")
_SECRET_SETTINGS = ("external_id", "aws_secret_access_key", "aws_session_token")
_PARTS = ("access key", "secret key", "session token")


class Source(NamedTuple):
    """The source of credentials.

    ``provider`` is a key of ``PROVIDERS``, or None for options. ``place`` is a variable, a profile with its file, or an
    address. ``names`` are the names of the access key, the secret key and the session token in this place.
    ``token_file`` is the path of the web identity token. ``secrets`` are values that must not occur in a message.
    """

    provider: str | None
    place: str
    profile: str = "default"
    names: tuple[str, str, str] = _PARTS
    token_file: str | None = None
    secrets: Sequence[str] = ()

    def error(self, reason: str, hint: str | None = None) -> CredentialsError:
        """Make the error that reports why the source has no usable credentials.

        Args:
            reason: The problem, without a final full stop.
            hint: The suggested fix; None for the hint of the provider.

        Returns:
            The error, with the place of the source and the hint of its provider.
        """
        provider = PROVIDERS.get(self.provider or "")
        if provider is None:
            return CredentialsError(f"no usable credentials from {self.place}: {reason}", hint=hint or _MISSING_HINT)
        return CredentialsError(
            f"no usable credentials from {provider.title} ({self.place}): {reason}",
            error_code=provider.error_code,
            hint=hint or provider.hint.replace("PROFILE", self.profile),
        )


def find_source(session: Any) -> Source:
    """Find the provider from which botocore will obtain credentials, without a call.

    Args:
        session: A botocore session with valid settings.

    Returns:
        The source. If no setting selects another provider, this is the instance metadata, the last one.
    """
    profiles = session.full_config.get("profiles", {})
    secrets = [settings.get(name) for settings in profiles.values() for name in _SECRET_SETTINGS]
    return _find(session, os.environ, profiles)._replace(secrets=[secret for secret in secrets if secret])


@contextlib.contextmanager
def obtaining(source: Source) -> Iterator[None]:
    """Convert each exception of the block to an error about the source of the credentials.

    Args:
        source: The source of the credentials.

    Raises:
        CredentialsError: The block raised an exception. The message has no output of a process or a service, because it
            could be secret.
    """
    try:
        yield
    except PatrolError:
        raise
    except Exception as error:
        # Drop the cause: a traceback would show it, and it can contain a header or the output of a process.
        raise _failure(error, source) from None


def nothing_found(session: Any, source: Source) -> CredentialsError:
    """Make the error that reports that no provider has credentials.

    Args:
        session: A session of botocore.
        source: The last source that was tried.

    Returns:
        The error, which names the places that were searched.
    """
    if source.provider == "iam-role" and session.get_config_variable("ec2_metadata_service_endpoint"):
        return source.error("the metadata service gave none")
    if source.provider not in ("iam-role", None):
        return source.error("it has none")
    profile = f"the profile {source.profile}" if session.profile else "the default profile"
    return CredentialsError(
        f"no credentials were found: the environment, {profile}, the container and the instance have none",
        error_code=NOWHERE,
        hint=_MISSING_HINT,
    )


def check_values(source: Source, frozen: Any) -> None:
    """Refuse credentials with characters that cannot be sent in a header.

    Args:
        source: The source of the credentials.
        frozen: The frozen credentials of botocore.

    Raises:
        CredentialsError: A value is not valid. The error names the variable or the value, but does not show it.
    """
    for name, value in zip(source.names, (frozen.access_key, frozen.secret_key, frozen.token)):
        if value and not _VALUE.fullmatch(str(value)):
            kind = (
                "a line break"
                if {"\n", "\r"} & set(str(value))
                else "a space or a character that is not valid in credentials"
            )
            raise source.error(f"{name} contains {kind}; remove it")


def _failure(error: Exception, source: Source) -> CredentialsError:
    if isinstance(error, ClientError):
        code, message = code_and_message(error)
        message, operation = _without_secrets(message, source), error.operation_name
        action = f"sts:{operation}" if operation.startswith("AssumeRole") else operation
        return source.error(f"AWS refused {operation} with {code}: {message}", hint_for_the_way(code, message, action))
    if isinstance(error, BotoCoreError) and is_unreachable(error):
        reason, hint = describe_botocore(error)
        return source.error(reason, hint)
    return source.error(_reason(error, source))


def _reason(error: Exception, source: Source) -> str:
    name = type(error).__name__
    if isinstance(error, PartialCredentialsError):
        return f"{error.kwargs['cred_var']} is missing"
    if isinstance(error, (RefreshWithMFAUnsupportedError, EOFError)):
        return "the role requires an MFA code, which cannot be entered here"
    if isinstance(error, (CredentialRetrievalError, MetadataRetrievalError)):
        return _retrieval(str(error.kwargs.get("error_msg", "")), source)
    if isinstance(error, BotoCoreError):
        return str(error).rstrip(".").replace("\n", " ")
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror or name}"
    if isinstance(error, RuntimeError):
        return "they have expired, and the renewed ones have expired as well"
    text = str(error)
    if text.startswith(("Unsupported host ", "Auth token value is not a legal header value")):
        return text.split(".  Can only", 1)[0]
    if source.provider == "env":
        return "AWS_CREDENTIAL_EXPIRATION is not a time"
    return f"the answer cannot be understood ({name})"


def _retrieval(text: str, source: Source) -> str:
    status = _STATUS.search(text)
    if status:
        return f"the endpoint answered with status {status.group(1)}"
    for known in (
        "Unsupported version",
        "Missing required key in response",
        "No credentials found in credential_source",
        "Credential refresh failed, response did not contain",
        "Unable to retrieve token for use in IMDSv2 call",
        "Unable to parse JSON returned from container metadata",
    ):
        if text.startswith(known):
            return text
    if source.provider == "custom-process":
        # The output of a command can contain secrets.
        return "the command failed"
    return "the endpoint does not answer"


def _without_secrets(message: str, source: Source) -> str:
    secrets = [*source.secrets]
    if source.token_file is not None:
        with contextlib.suppress(OSError, ValueError), open(source.token_file, encoding="utf-8") as file:
            secrets.append(file.read().strip())
    for secret in filter(None, secrets):
        message = message.replace(secret, "***")
    return _JSON_WEB_TOKEN.sub("***", message)


def _raw(path: str) -> dict[str, Any]:
    try:
        return dict(raw_config_parse(path)) if path else {}
    except ConfigNotFound:
        return {}


def _profiles_of(sections: Mapping[str, Any]) -> set[str]:
    return {section.split(None, 1)[-1].strip("\"'") for section in sections if not section.startswith("sso-session ")}


def _program(command: str) -> str:
    """Return the program of a command without its arguments, which can be secret."""
    try:
        return shlex.split(command)[0]
    except (ValueError, IndexError):
        return "that cannot be parsed"


def _variables(environ: Mapping[str, str]) -> tuple[str, str, str]:
    token = "AWS_SECURITY_TOKEN" if environ.get("AWS_SECURITY_TOKEN") else "AWS_SESSION_TOKEN"
    return ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", token)


def _find(session: Any, environ: Mapping[str, str], profiles: Mapping[str, Any]) -> Source:
    named = session.instance_variables().get("profile") is not None
    name = session.profile or "default"
    files = {key: file_of(session, key) for key in ("config_file", "credentials_file")}
    keys = _raw(files["credentials_file"]).get(name, {})
    settings = profiles.get(name, {})
    in_config = name in _profiles_of(_raw(files["config_file"]))
    place = f"profile {name} in {files['config_file' if in_config else 'credentials_file']}"
    if not named and environ.get("AWS_ACCESS_KEY_ID"):
        return Source("env", "AWS_ACCESS_KEY_ID", name, _variables(environ))
    if "role_arn" in settings and "web_identity_token_file" not in settings:
        return Source("assume-role", place, name)
    token_file = None if named else environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if token_file:
        return Source(
            "assume-role-with-web-identity", f"AWS_WEB_IDENTITY_TOKEN_FILE, {token_file}", name, token_file=token_file
        )
    if settings.get("web_identity_token_file"):
        token_file = settings["web_identity_token_file"]
        return Source("assume-role-with-web-identity", place, name, token_file=token_file)
    if "sso_account_id" in settings or "sso_role_name" in settings:
        return Source("sso", place, name)
    if "aws_access_key_id" in keys:
        return Source("shared-credentials-file", f"profile {name} in {files['credentials_file']}", name)
    if "login_session" in settings:
        return Source("login", place, name)
    if "credential_process" in settings:
        return Source("custom-process", f"{place}, command {_program(settings['credential_process'])}", name)
    if "aws_access_key_id" in settings:
        return Source("config-file", place, name)
    for variable in ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        if variable in environ:
            return Source("container-role", variable, name)
    return Source("iam-role", session.get_config_variable("ec2_metadata_service_endpoint") or "169.254.169.254", name)
