# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Checks of the AWS settings in the environment and in configuration files, before botocore uses them."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Mapping
from urllib.parse import urlsplit

from .._domain.errors import OptionError
from .._domain.text import nearest, quoted

# Without botocore, this file can still be imported, and require_boto3 reports the error.
with contextlib.suppress(ImportError):
    import botocore.session
    from botocore.exceptions import ConfigParseError, ProfileNotFound
    from botocore.utils import ensure_boolean

INVALID = "InvalidConfigurationException"

_CHOICES = {
    "account_id_endpoint_mode": ("preferred", "disabled", "required"),
    "defaults_mode": ("auto", "cross-region", "in-region", "legacy", "mobile", "standard"),
    "ec2_metadata_service_endpoint_mode": ("ipv4", "ipv6"),
    "request_checksum_calculation": ("when_supported", "when_required"),
    "response_checksum_validation": ("when_supported", "when_required"),
    "retry_mode": ("legacy", "standard", "adaptive"),
    "sts_regional_endpoints": ("legacy", "regional"),
}
# These settings are case-sensitive. If botocore does not know the retry mode, it does not retry any call.
_EXACT = ("retry_mode", "sts_regional_endpoints")
# Settings that are numbers, although botocore does not convert them itself.
_NUMBERS = ("request_min_compression_size_bytes",)
_FILES = ("config_file", "credentials_file", "ca_bundle")
_URLS = (
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SIGNIN",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_WORKMAIL",
)


def load_settings(profile: str | None) -> Any:
    """Create the botocore session, and check the settings of the environment and of the profile.

    Args:
        profile: The AWS profile in the options, or None.

    Returns:
        The session.

    Raises:
        OptionError: A setting is not valid. The error names the variable, or the setting with its profile and file.
    """
    session = botocore.session.Session(profile=profile or None)
    for name in _FILES[:2]:
        check_readable(_label(session, name), file_of(session, name))
    try:
        scoped = session.get_scoped_config()
    except ProfileNotFound as error:
        raise _no_profile(session) from error
    except ConfigParseError as error:
        raise OptionError(
            f"the AWS configuration file {error.kwargs['path']} cannot be parsed",
            error_code=INVALID,
            hint="Correct the file, or name another one in AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE.",
        ) from None
    for name, (in_file, variables, _default, convert) in session.session_var_map.items():
        _check(session, scoped, name, in_file, variables, convert)
    for variable in _URLS:
        if os.environ.get(variable):
            check_url(variable, os.environ[variable])
    for label, url in _endpoints_of(session, scoped):
        check_url(label, url)
    return session


def file_of(session: Any, name: str) -> str:
    """Return the path of the file in a setting of botocore.

    Args:
        session: A session of botocore.
        name: The name of the setting, such as ``config_file``.

    Returns:
        The path, with variables and ``~`` expanded; an empty string if the setting has no value.
    """
    path = session.get_config_variable(name)
    return os.path.expanduser(os.path.expandvars(path)) if path else ""


def check_readable(label: str, path: str, needed: bool = False) -> None:
    """Refuse a file that cannot be read, because botocore would ignore it without a message.

    Args:
        label: The option, variable or setting that names the file.
        path: The path of the file.
        needed: Whether the file must exist.

    Raises:
        OptionError: The path is a directory, the file is not readable, or a needed file does not exist.
    """
    if os.path.isdir(path):
        reason = "is a directory"
    elif os.path.exists(path):
        reason = "" if os.access(path, os.R_OK) else "may not be read"
    else:
        reason = "does not exist" if needed else ""
    if reason:
        raise OptionError(f"{label}: the file {quoted(path)} {reason}", error_code=INVALID)


def check_url(label: str, url: str) -> None:
    """Refuse a URL that is not valid, or that contains a user name or a password.

    Args:
        label: The option or variable that has the URL.
        url: The URL.

    Raises:
        OptionError: The URL is not valid. The error does not show a URL with a user name or a password.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if "@" in url:
        raise OptionError(
            f"{label}: the URL contains a user name or a password, which AWS does not accept",
            error_code=INVALID,
            hint="Remove them from the URL. AWS identifies the caller by the credentials.",
        )
    if not valid:
        raise OptionError(f"{label}: {quoted(url)} is not a URL such as https://HOST or http://HOST:PORT")


def _check(session: Any, scoped: Mapping[str, Any], name: str, in_file: Any, variables: Any, convert: Any) -> None:
    if name == "ca_bundle":
        path = file_of(session, name)
        if path.strip():
            check_readable(_label(session, name), path, needed=True)
        elif _given(scoped, in_file, variables) is not None:
            raise _invalid(session, name, path, "the path of a file")
        return
    value = _given(scoped, in_file, variables)
    if value is None:
        return
    text = str(value)
    if convert is int or name in _NUMBERS:
        least = 0 if name in _NUMBERS else 1
        if not text.strip().isdecimal() or int(text) < least:
            raise _invalid(session, name, text, f"a whole number of at least {least}")
    elif convert is ensure_boolean:
        # botocore reads every other word as false, even "yes".
        if text.lower() not in ("true", "false", ""):
            raise _invalid(session, name, text, "true or false")
    elif name in _CHOICES:
        choices = _CHOICES[name]
        if (text if name in _EXACT else text.lower()) not in choices:
            raise _invalid(session, name, text, f"one of {', '.join(choices)}{nearest(text, choices)}")


def _given(scoped: Mapping[str, Any], in_file: str | None, variables: Any) -> Any:
    for variable in [variables] if isinstance(variables, str) else variables or ():
        if variable in os.environ:
            return os.environ[variable]
    return scoped.get(in_file) if in_file else None


def _label(session: Any, name: str) -> str:
    """Return the environment variable or the setting that is the source of a value."""
    in_file, variables = session.session_var_map[name][:2]
    for variable in [variables] if isinstance(variables, str) else variables or ():
        if variable in os.environ:
            return str(variable)
    if in_file is None:
        return "the AWS configuration"
    return f"{in_file} of the profile {session.profile or 'default'} in {file_of(session, 'config_file')}"


def _invalid(session: Any, name: str, value: str, allowed: str) -> OptionError:
    return OptionError(f"{_label(session, name)}: {quoted(value)} is not {allowed}", error_code=INVALID)


def _no_profile(session: Any) -> OptionError:
    files = [file_of(session, name) for name in _FILES[:2]]
    named = session.instance_variables().get("profile") is not None
    variable = next((name for name in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE") if name in os.environ), "profile")
    known = session.full_config.get("profiles", {})
    return OptionError(
        f"{'profile' if named else variable}: profile {quoted(session.profile)} does not exist in "
        f"{' or '.join(files)}{nearest(session.profile, known)}",
        error_code="ProfileNotFound",
        hint="Name a profile of these files, or other files in AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.",
    )


def _endpoints_of(session: Any, scoped: Mapping[str, Any]) -> list[tuple[str, str]]:
    file = file_of(session, "config_file")
    found = [(f"endpoint_url of the profile {session.profile or 'default'} in {file}", scoped.get("endpoint_url"))]
    services = session.full_config.get("services", {})
    for service, settings in services.get(scoped.get("services"), {}).items():
        if isinstance(settings, dict):
            found.append((f"endpoint_url of {service} in {file}", settings.get("endpoint_url")))
    return [(label, url) for label, url in found if url]
