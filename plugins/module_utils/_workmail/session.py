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

# Without botocore, this file can still be imported, and require_boto3 reports the error.
with contextlib.suppress(ImportError):
    import botocore
    from botocore.config import Config
    from botocore.regions import EndpointResolver

_FIRST_BOTOCORE = "1.35.52"
_ATTEMPTS = 8
# The timeout in seconds of a call whose result is optional.
_BRIEF = 3


class SessionOptions(Protocol):
    """The options that a session needs, such as ``SweepOptions``."""

    @property
    def regions(self) -> Sequence[str]:
        """The regions to read; ``all`` means every region with WorkMail. Empty for the region of the connection."""

    @property
    def role(self) -> Role | None:
        """The role to assume, or None."""

    @property
    def concurrency(self) -> int:
        """The maximum number of concurrent calls."""


class Session:
    """The clients of a run, one for each service and region. It is thread-safe.

    Use ``Session.open`` to create a session.

    Args:
        connection: Makes the clients.
        regions: The regions, already checked.
        role: The role to assume, or None.
        config: The ``Config`` of botocore for the clients.
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
        # boto3 clients are thread-safe, but their creation is not.
        self._making = threading.Lock()

    @classmethod
    def open(cls, connection: Connection, options: SessionOptions, progress: Progress | None = None) -> Session:
        """Open a session, without making a call.

        Args:
            connection: Makes the clients.
            options: The regions, the role and the concurrency.
            progress: Counts the calls of the clients; None for a new counter.

        Returns:
            The session.

        Raises:
            PatrolError: No region is set, or WorkMail is not available in one of the regions.
        """
        settings = connection.settings
        retries: dict[str, Any] = {}
        if settings.get_config_variable("retry_mode") == "legacy":
            retries["mode"] = "standard"
        if settings.get_config_variable("max_attempts") is None:
            retries["total_max_attempts"] = _ATTEMPTS
        config = Config(retries=retries, max_pool_connections=max(10, options.concurrency))
        # get_available_regions of the session is slower: it loads the complete service model.
        available = EndpointResolver(settings.get_data("endpoints")).get_available_endpoints("workmail")
        regions = _checked_regions(options.regions, connection.region, available)
        return cls(connection, regions, options.role, config, progress or Progress())

    def use_roles(self, roles: Mapping[str, Role]) -> None:
        """Set the role to assume in each account.

        Args:
            roles: The roles by account ID. In every other account, the session uses the role that it was opened with.
        """

        def own_sts() -> Any:
            return self._client("sts", self.regions[0], self._own)

        self._roles = {account_id: AssumedRole(role, own_sts) for account_id, role in roles.items()}

    def assume(self, account_id: str | None) -> None:
        """Assume the role of an account, and check that its credentials belong to this account.

        The check needs a call of its own: the reply of AssumeRole only repeats the ARN of the requested role. Without
        the check, credentials of another account without WorkMail would look like an account without tokens.

        Args:
            account_id: The ID of the account.

        Raises:
            PatrolError: The role cannot be assumed, or its credentials belong to another account.
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
        """Return a WorkMail client that checks replies strictly.

        Args:
            region: The region.
            account_id: The ID of the account to call; None for the account of the session.

        Returns:
            The client.

        Raises:
            PatrolError: The client cannot be created, or botocore is too old.
        """
        return self._client("workmail", region, self._role_in(account_id))

    def organizations_client(self) -> Any:
        """Return a client of AWS Organizations that checks replies strictly.

        Returns:
            The client.

        Raises:
            PatrolError: The client cannot be created.
        """
        return self._client("organizations", self.regions[0], self._own)

    def caller(self, account_id: str | None = None) -> str:
        """Return the ARN of the caller.

        This call needs no permission. See
        https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.

        Args:
            account_id: The ID of the account whose credentials are used; None for the account of the session.

        Returns:
            The ARN.

        Raises:
            PatrolError: AWS STS does not return the ARN.
        """
        client = self._client("sts", self.regions[0], self._role_in(account_id))
        with located("sts", "GetCallerIdentity", self.regions[0]):
            arn = client.get_caller_identity().get("Arn")
            if not isinstance(arn, str) or not arn:
                raise ReplyError("the reply has no Arn", hint=FOREIGN_REPLY)
        return arn

    def known_caller(self) -> str | None:
        """Return the ARN of the caller for a report, after one attempt with a short timeout.

        Returns:
            The ARN, or None if AWS STS does not return it in time.
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
