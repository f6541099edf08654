# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The session of a run: its regions, the role that it assumes, and its clients."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Protocol, Sequence

from .._domain.errors import OptionError, PatrolError, ReplyError
from .._domain.text import quoted
from .connection import Connection
from .errors import FOREIGN_REPLY, located
from .progress import Progress
from .replies import read_strictly
from .role import Role

# The edges refuse to run without botocore.
with contextlib.suppress(ImportError):
    import botocore
    from botocore.config import Config
    from botocore.regions import EndpointResolver

_FIRST_BOTOCORE = "1.35.52"
_ATTEMPTS = 8
# Seconds for a call that a result can do without.
_BRIEF = 3

# The credentials of a role as AWS STS returns them, and as boto3 takes them.
_CREDENTIALS = {
    "AccessKeyId": "aws_access_key_id",
    "SecretAccessKey": "aws_secret_access_key",
    "SessionToken": "aws_session_token",
}


class SessionOptions(Protocol):
    """The options that a session needs, such as ``SweepOptions``."""

    @property
    def regions(self) -> Sequence[str]:
        """The regions that were given; ``all`` stands for every region with WorkMail. Empty: that of the connection."""

    @property
    def role(self) -> Role | None:
        """The role to assume, if any."""

    @property
    def concurrency(self) -> int:
        """How many calls may be in progress at once."""


class Session:
    """Makes the clients of a run and keeps them, one for each region. Threads can share it.

    Use ``Session.open`` to make one. Its clients end with it.

    Args:
        connection: Makes the clients.
        regions: The regions, checked.
        role: The role to assume, if any.
        config: botocore's configuration of the clients.
        progress: Counts the calls of the clients.
    """

    def __init__(
        self, connection: Connection, regions: Sequence[str], role: Role | None, config: Any, progress: Progress
    ) -> None:
        self.regions = regions
        self.progress = progress
        self._connection = connection
        self._role = role
        self._config = config
        self._credentials: dict[str, str] | None = None
        self._clients: dict[str, Any] = {}
        # boto3 can use clients in many threads, but not make them there.
        self._making = threading.Lock()

    @classmethod
    def open(cls, connection: Connection, options: SessionOptions, progress: Progress | None = None) -> Session:
        """Open a session. Its first call is made later.

        Args:
            connection: Makes the clients.
            options: The regions, the role and the concurrency.
            progress: Counts the calls of the clients; if left out, a new one.

        Returns:
            The session.

        Raises:
            PatrolError: There is no region, or WorkMail is not in one of them.
        """
        settings = connection.settings
        retries: dict[str, Any] = {}
        if settings.get_config_variable("retry_mode") == "legacy":
            retries["mode"] = "standard"
        if settings.get_config_variable("max_attempts") is None:
            retries["total_max_attempts"] = _ATTEMPTS
        config = Config(retries=retries, max_pool_connections=max(10, options.concurrency))
        # The session's own get_available_regions reads the whole service model for the name of its endpoint.
        available = EndpointResolver(settings.get_data("endpoints")).get_available_endpoints("workmail")
        regions = _checked_regions(options.regions, connection.region, available)
        return cls(connection, regions, options.role, config, progress or Progress())

    def client(self, region: str) -> Any:
        """Give the WorkMail client of a region, which reads replies strictly. It is made once.

        Args:
            region: The region.

        Returns:
            The client.

        Raises:
            PatrolError: The role cannot be assumed, or botocore is too old.
        """
        with self._making:
            if region not in self._clients:
                self._clients[region] = self._make_client(region)
            return self._clients[region]

    def _make_client(self, region: str) -> Any:
        client = self._connected("workmail", region, **self._credentials_in(region))
        if not hasattr(client, "list_personal_access_tokens"):
            raise PatrolError(
                f"botocore {botocore.__version__} does not know WorkMail's personal access tokens",
                error_code="UnsupportedBotocoreException",
                region=region,
                hint=f"Install botocore {_FIRST_BOTOCORE} or newer on the host that runs this.",
            )
        read_strictly(client)
        return client

    def caller(self) -> str:
        """Find the ARN of the credentials.

        It needs no permission, see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.

        Returns:
            The ARN.

        Raises:
            PatrolError: AWS STS does not give it.
        """
        region = self.regions[0]
        client = self._connected("sts", region, **self._credentials_in(region))
        with located("sts", "GetCallerIdentity", region):
            arn = client.get_caller_identity().get("Arn")
            if not arn:
                raise ReplyError("the reply holds no Arn", hint=FOREIGN_REPLY)
        return str(arn)

    def known_caller(self) -> str | None:
        """Find the ARN of the credentials for a report, at the cost of one short attempt.

        Returns:
            The ARN, or None if AWS STS does not give it within seconds.
        """
        region = self.regions[0]
        once = {"mode": "standard", "total_max_attempts": 1}
        brief = Config(connect_timeout=_BRIEF, read_timeout=_BRIEF, retries=once)
        try:
            with located("sts", "GetCallerIdentity", region):
                credentials = self._credentials_in(region)
                client = self._connection.client("sts", region, self._config.merge(brief), **credentials)
                arn = client.get_caller_identity().get("Arn")
        except PatrolError:
            return None
        return arn if isinstance(arn, str) else None

    def _credentials_in(self, region: str) -> dict[str, str]:
        if self._role is not None and self._credentials is None:
            self._credentials = self._assume(self._role, region)
        return self._credentials or {}

    def _connected(self, service: str, region: str, **credentials: str) -> Any:
        client = self._connection.client(service, region, self._config, **credentials)
        self.progress.watch(client)
        return client

    def _assume(self, role: Role, region: str) -> dict[str, str]:
        """Assume the role, see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html."""
        request = {"RoleArn": role.arn, "RoleSessionName": "ansible-patrol-workmail"}
        if role.external_id is not None:
            request["ExternalId"] = role.external_id
        client = self._connected("sts", region)
        with located("sts", "AssumeRole", region):
            reply = client.assume_role(**request)
            credentials = reply.get("Credentials") or {}
            for name in _CREDENTIALS:
                if not credentials.get(name):
                    raise ReplyError(f"the reply holds no {name}", hint=FOREIGN_REPLY)
        return {parameter: credentials[name] for name, parameter in _CREDENTIALS.items()}


def _checked_regions(wanted: Sequence[str], own: str | None, available: list[str]) -> list[str]:
    known = ", ".join(sorted(available))
    if "all" in wanted:
        if len(wanted) > 1:
            raise OptionError(f"regions: all stands alone, got {', '.join(wanted)}")
        return sorted(available)
    if not wanted and not own:
        raise PatrolError(
            "no region was given or found in the environment or the profile",
            error_code="NoRegionError",
            hint=f"Set region or regions; Amazon WorkMail is in {known}.",
        )
    regions = list(wanted) or [str(own)]
    for region in regions:
        if region not in available:
            option = "regions" if wanted else "region"
            raise OptionError(
                f"{option}: Amazon WorkMail is not in {quoted(region)}",
                error_code="UnsupportedRegionException",
                region=region,
                hint=f"Amazon WorkMail is in {known}.",
            )
    return regions
