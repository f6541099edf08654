# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Clients for the regions of a sweep, as the caller or as an assumed role."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Sequence

from .._domain.errors import OptionError, PatrolError, ReplyError
from .._domain.text import quoted
from .aws_settings import load_settings
from .errors import FOREIGN_REPLY, located
from .progress import Progress
from .replies import read_strictly
from .role import Role

# The edges refuse to run without botocore.
with contextlib.suppress(ImportError):
    import botocore
    from botocore.config import Config
    from botocore.regions import EndpointResolver

Connect = Callable[..., Any]

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


class Session:
    """Where and as whom a sweep runs.

    Args:
        connect: Makes a boto3 client, called as ``connect(service, region=…, config=…)``, as ``Connection.client``.
        regions: The regions asked for; C(all) stands for every region with WorkMail. Empty: the connection's own.
        region: The connection's own region, if it has one.
        profile: The AWS profile in use, whose retry settings are kept.
        role: The role to assume.
        concurrency: How many calls may be under way at once.
        progress: Counts what the clients do.

    Raises:
        PatrolError: No region, one that WorkMail is not in, or a botocore that does not know the operations.
    """

    def __init__(
        self,
        connect: Connect,
        regions: Sequence[str],
        region: str | None = None,
        profile: str | None = None,
        role: Role | None = None,
        concurrency: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self.progress = progress or Progress()
        self._connect = connect
        self._role = role
        self._credentials: dict[str, str] | None = None
        settings = load_settings(profile)
        retries: dict[str, Any] = {}
        if settings.get_config_variable("retry_mode") == "legacy":
            retries["mode"] = "standard"
        if settings.get_config_variable("max_attempts") is None:
            retries["total_max_attempts"] = _ATTEMPTS
        self._config = Config(retries=retries, max_pool_connections=max(10, concurrency))
        # The session's own get_available_regions reads the whole service model for the name of its endpoint.
        available = EndpointResolver(settings.get_data("endpoints")).get_available_endpoints("workmail")
        self.regions = _checked_regions(regions, region, available)

    def client(self, region: str) -> Any:
        """A WorkMail client for a region, which reads replies strictly.

        Raises:
            PatrolError: The role cannot be assumed, or botocore is too old.
        """
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
        """The ARN of whoever the session calls as.

        It needs no permission, see U(https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).

        Raises:
            PatrolError: AWS STS does not say.
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
                client = self._connect("sts", region=region, config=self._config.merge(brief), **credentials)
                arn = client.get_caller_identity().get("Arn")
        except PatrolError:
            return None
        return arn if isinstance(arn, str) else None

    def _credentials_in(self, region: str) -> dict[str, str]:
        if self._role is not None and self._credentials is None:
            self._credentials = self._assume(self._role, region)
        return self._credentials or {}

    def _connected(self, service: str, region: str, **credentials: str) -> Any:
        client = self._connect(service, region=region, config=self._config, **credentials)
        self.progress.watch(client)
        return client

    def _assume(self, role: Role, region: str) -> dict[str, str]:
        """See U(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)."""
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
