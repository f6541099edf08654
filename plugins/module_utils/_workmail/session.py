# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The session of a run: its regions, the role that it assumes, and its clients."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Mapping, Protocol, Sequence

from .._domain.errors import OptionError, PatrolError, ReplyError
from .._domain.text import quoted
from .assumed import Acting, AssumedRole, RoleClient, account_of_arn
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
    """Makes the clients of a run and keeps them, one for each service and region. Threads can share it.

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
        self._config = config
        self._acting = Acting()
        self._own = role and AssumedRole(role, lambda: self._client("sts", self.regions[0], None))
        self._roles: dict[str, AssumedRole] = {}
        self._clients: dict[tuple[str, str], Any] = {}
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

    def use_roles(self, roles: Mapping[str, Role]) -> None:
        """Act as these roles in the accounts that they are for.

        Args:
            roles: The role to assume in each account, by the ID of the account. In every other account the session acts
                as itself.
        """

        def own_sts() -> Any:
            return self._client("sts", self.regions[0], self._own)

        self._roles = {account_id: AssumedRole(role, own_sts) for account_id, role in roles.items()}

    def assume(self, account_id: str | None) -> None:
        """Assume the role of an account, and check that its credentials are of this account.

        An account without WorkMail looks like credentials of another account without WorkMail. The ARN in the reply of
        AssumeRole only shows which role was asked for.

        Args:
            account_id: The ID of the account.

        Raises:
            PatrolError: The role cannot be assumed, or AWS STS gives another account for its credentials.
        """
        role = self._role_in(account_id)
        if role is None:
            return
        role.credentials()
        caller = self.caller(account_id)
        if account_of_arn(caller) != account_id:
            raise ReplyError(
                f"the credentials of the role belong to {quoted(caller)}",
                region=self.regions[0],
                operation="GetCallerIdentity",
                hint=FOREIGN_REPLY,
            )

    def client(self, region: str, account_id: str | None = None) -> Any:
        """Give a WorkMail client, which reads replies strictly.

        Args:
            region: The region.
            account_id: The ID of the account to act in.

        Returns:
            The client.

        Raises:
            PatrolError: No client can be made, or botocore is too old.
        """
        return self._client("workmail", region, self._role_in(account_id))

    def organizations_client(self) -> Any:
        """Give a client of AWS Organizations, which reads replies strictly.

        Returns:
            The client.

        Raises:
            PatrolError: No client can be made.
        """
        return self._client("organizations", self.regions[0], self._own)

    def caller(self, account_id: str | None = None) -> str:
        """Find the ARN of the credentials.

        It needs no permission, see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.

        Args:
            account_id: The ID of the account in which they are used.

        Returns:
            The ARN.

        Raises:
            PatrolError: AWS STS does not give it.
        """
        client = self._client("sts", self.regions[0], self._role_in(account_id))
        with located("sts", "GetCallerIdentity", self.regions[0]):
            arn = client.get_caller_identity().get("Arn")
            if not isinstance(arn, str) or not arn:
                raise ReplyError("the reply has no Arn", hint=FOREIGN_REPLY)
        return arn

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
                client = self._connection.client("sts", region, self._config.merge(brief), self._acting.credentials)
                arn = RoleClient(client, self._acting, self._own).get_caller_identity().get("Arn")
        except PatrolError:
            return None
        return arn if isinstance(arn, str) else None

    def _role_in(self, account_id: str | None) -> AssumedRole | None:
        return self._roles.get(account_id or "", self._own)

    def _client(self, service: str, region: str, role: AssumedRole | None) -> Any:
        with self._making:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._make_client(service, region)
        return RoleClient(self._clients[service, region], self._acting, role)

    def _make_client(self, service: str, region: str) -> Any:
        client = self._connection.client(service, region, self._config, self._acting.credentials)
        self.progress.watch(client)
        if service == "workmail" and not hasattr(client, "list_personal_access_tokens"):
            raise PatrolError(
                f"botocore {botocore.__version__} does not support personal access tokens of Amazon WorkMail",
                error_code="UnsupportedBotocoreException",
                region=region,
                hint=f"Install botocore {_FIRST_BOTOCORE} or newer on the host that runs this.",
            )
        read_strictly(client)
        return client


def _checked_regions(wanted: Sequence[str], own: str | None, available: list[str]) -> list[str]:
    known = ", ".join(sorted(available))
    if "all" in wanted:
        if len(wanted) > 1:
            raise OptionError(f"regions: all cannot be combined with other entries, got {', '.join(wanted)}")
        return sorted(available)
    if not wanted and not own:
        raise PatrolError(
            "no region is set in the options, the environment or the profile",
            error_code="NoRegionError",
            hint=f"Set region or regions. Amazon WorkMail is available in {known}.",
        )
    regions = list(wanted) or [str(own)]
    for region in regions:
        if region not in available:
            option = "regions" if wanted else "region"
            raise OptionError(
                f"{option}: {quoted(region)} is not a region of Amazon WorkMail",
                error_code="UnsupportedRegionException",
                region=region,
                hint=f"Amazon WorkMail is available in {known}.",
            )
    return regions
