# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""AWS clients from the options of a connection: the connection options of amazon.aws, and two timeouts.

amazon.aws creates a session for each client, ends the module if botocore cannot create a client, and finds the
credentials in the first call. This module uses one session, finds the credentials once before any call, and reports
every error as a ``PatrolError``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import Any, Callable, Mapping

from ansible.module_utils.ansible_release import __version__

from .._domain.checks import integer_option
from .._domain.errors import OptionError, PatrolError
from .._domain.text import quoted
from .aws_settings import INVALID, check_readable, check_url, load_settings
from .credentials import Source, check_values, find_source, nothing_found, obtaining
from .errors import describe_botocore

_HAS_BOTO3 = False
with contextlib.suppress(ImportError):
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    _HAS_BOTO3 = True

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 20
_LONGEST_TIMEOUT = 600

# The environment variables that are the defaults of connection options in modules and plugins.
_VARIABLES = {
    "access_key": ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"),
    "secret_key": ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"),
    "session_token": ("AWS_SESSION_TOKEN",),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    "endpoint_url": ("AWS_URL",),
    "aws_ca_bundle": ("AWS_CA_BUNDLE",),
}
_KEYS = ("access_key", "secret_key", "session_token")
_USER_AGENT = f"APN/1.0 Ansible/{__version__} patrol.workmail"
# Secrets of at least this many characters are masked in messages. Shorter text can occur in a message by chance.
_SHORTEST_SECRET = 8


class Connection:
    """A factory of AWS clients for one run.

    ``settings`` is the botocore session, which has the settings of the environment and of the profile. ``region`` is
    the region in the options, the environment or the profile; None if none of them has a region.

    Args:
        options: The options of the connection by name. For an option that is missing, None or empty, boto3 finds the
            value.

    Raises:
        PatrolError: An option or a setting of AWS is not valid, or boto3 is missing.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        require_boto3()
        given = {name: options.get(name) or None for name in _VARIABLES}
        _check_profile(given)
        timeouts = {
            "connect_timeout": integer_option(options, "connect_timeout", CONNECT_TIMEOUT, _LONGEST_TIMEOUT),
            "read_timeout": integer_option(options, "read_timeout", READ_TIMEOUT, _LONGEST_TIMEOUT),
        }
        self._endpoint_url = given["endpoint_url"]
        if self._endpoint_url:
            check_url(_named("endpoint_url", given), self._endpoint_url)
        if given["aws_ca_bundle"]:
            check_readable(_named("aws_ca_bundle", given), given["aws_ca_bundle"], needed=True)
        self.settings = load_settings(given["profile"])
        self._config = Config(user_agent_extra=_USER_AGENT, **timeouts)
        try:
            self._config = self._config.merge(Config(**options.get("aws_config") or {}))
        except (TypeError, BotoCoreError) as error:
            # Config takes its settings as keyword arguments, so an unknown setting raises TypeError.
            raise OptionError(f"aws_config: {error}") from None
        # The timeouts also apply to the clients that botocore creates to obtain credentials.
        self.settings.set_default_client_config(Config(**timeouts))
        validated = options.get("validate_certs")
        self._verify = given["aws_ca_bundle"] if given["aws_ca_bundle"] and validated is not False else validated
        self._source = self._use_keys(given) or find_source(self.settings)
        self._boto3: Any = None
        self._external_id = options.get("assume_role_external_id")
        self._credentials: Any = None
        self._frozen: Any = None
        self.region: str | None = (
            options.get("region") or os.environ.get("AWS_REGION") or self.settings.get_config_variable("region")
        )

    def client(self, service: str, region: str, config: Any, role: Callable[[], Any] = lambda: None) -> Any:
        """Obtain credentials if necessary, and create a client.

        Args:
            service: The name of the service in boto3.
            region: The region.
            config: The ``Config`` of botocore. The option ``aws_config`` has precedence.
            role: Returns the credentials of the role that sign the requests of the current thread; None for the
                credentials of the connection.

        Returns:
            The client.

        Raises:
            PatrolError: Credentials could not be obtained, or the options do not allow a client.
        """
        self._obtain(region)
        if self._boto3 is None:
            self._boto3 = boto3.session.Session(botocore_session=self.settings)
        try:
            client = self._boto3.client(
                service,
                region_name=region,
                endpoint_url=self._endpoint_url,
                verify=self._verify,
                config=config.merge(self._config),
            )
        except Exception as error:
            raise _no_client(service, error) from None

        def choose_credentials(request: Any, **event: Any) -> None:
            credentials = role()
            if credentials is None:
                self._renew()
            else:
                request.context.setdefault("signing", {})["request_credentials"] = credentials

        client.meta.events.register("before-sign", choose_credentials)
        client.meta.events.register("after-call", _Scrubber(self, role))
        return client

    def secrets(self) -> list[str]:
        """Return the secrets that no message may contain.

        Returns:
            The secret key, the session token and the external ID, if they are known and long enough to be recognized.
        """
        frozen = self._frozen
        values = [self._external_id] if frozen is None else [frozen.secret_key, frozen.token, self._external_id]
        return [value for value in values if value and len(value) >= _SHORTEST_SECRET]

    def _use_keys(self, given: Mapping[str, Any]) -> Source | None:
        if not (given["access_key"] or given["secret_key"]):
            # Ignore a session token without keys, as amazon.aws does.
            return None
        names = (_named("access_key", given), _named("secret_key", given), _named("session_token", given))
        of_environment = names[0] in _VARIABLES["access_key"] or names[1] in _VARIABLES["secret_key"]
        source = Source("env" if of_environment else None, " and ".join(names[:2]), names=names)
        for name, label in zip(_KEYS[:2], names):
            if not given[name]:
                missing = _VARIABLES[name][0] if of_environment else label
                raise source.error(f"{missing} is missing")
        self.settings.set_credentials(given["access_key"], given["secret_key"], given["session_token"])
        return source

    def _obtain(self, region: str) -> None:
        if self._credentials is None:
            # botocore may call other services to obtain credentials, and AWS STS requires a region.
            self.settings.set_config_variable("region", region)
            with obtaining(self._source):
                self._credentials = self.settings.get_credentials()
            if self._credentials is None:
                raise nothing_found(self.settings, self._source)
        self._renew()

    def _renew(self) -> None:
        """Renew the credentials if they expire soon."""
        with obtaining(self._source):
            self._frozen = self._credentials.get_frozen_credentials()
            check_values(self._source, self._frozen)


class _Scrubber:
    """A handler of the after-call event of botocore. It masks secrets in the errors of the service."""

    def __init__(self, connection: Connection, role: Callable[[], Any]) -> None:
        self._connection = connection
        self._role = role

    def __call__(self, parsed: Any, **event: Any) -> None:
        if isinstance(parsed, dict) and "Error" in parsed:
            role = self._role()
            secrets = [] if role is None else [role.secret_key, role.token]
            parsed.update(_scrubbed(parsed, [*self._connection.secrets(), *secrets]))


def _scrubbed(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, dict):
        return {name: _scrubbed(item, secrets) for name, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item, secrets) for item in value]
    return value


def _named(option: str, given: Mapping[str, Any]) -> str:
    """Return the environment variable that set an option, or the name of the option."""
    variables = (name for name in _VARIABLES[option] if given[option] and os.environ.get(name) == given[option])
    return next(variables, option)


def require_boto3() -> None:
    """Check that boto3 and botocore are installed.

    Raises:
        PatrolError: One of them is missing.
    """
    if not _HAS_BOTO3:
        raise PatrolError(
            "boto3 and botocore are not installed for " + sys.executable,
            error_code="MissingLibraryException",
            hint="Install both for this Python.",
        )


def _check_profile(given: Mapping[str, Any]) -> None:
    keys = [name for name in _KEYS if given[name]]
    if given["profile"] and keys:
        profile, key = _named("profile", given), _named(keys[0], given)
        raise OptionError(
            f"{profile}: the profile {quoted(given['profile'])} cannot be combined with {key}",
            error_code="ConflictingCredentialsException",
            hint="Unset one of them, or set its option to an empty string.",
        )


def _no_client(service: str, error: Exception) -> PatrolError:
    if isinstance(error, BotoCoreError):
        text, hint = describe_botocore(error)
        return OptionError(
            f"the client of {service} cannot be created: {text}", error_code=type(error).__name__, hint=hint
        )
    # The text of the error can contain a URL with a password, or a header.
    return OptionError(
        f"the client of {service} cannot be created: {type(error).__name__}",
        error_code=INVALID,
        hint="Check the options of the connection, the AWS_* environment variables and the AWS configuration files.",
    )


class _WithoutTraceback(logging.Filter):
    """A filter that removes tracebacks from log records.

    The traceback of a failed renewal of credentials can contain the output of a process, which can be secret.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """See ``logging.Filter``."""
        record.exc_info = record.exc_text = None
        return True


for _name in ("botocore.credentials", "botocore.tokens"):
    logging.getLogger(_name).addFilter(_WithoutTraceback())
