# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Roles that a session assumes, and clients that sign their calls with the credentials of a role."""

from __future__ import annotations

import contextlib
import datetime
import threading
from typing import Any, Callable, Iterator

from .._domain.errors import ReplyError
from .._domain.text import quoted
from .errors import FOREIGN_REPLY, located
from .role import Role, account_of_role

# Without botocore, this file can still be imported, and require_boto3 reports the error.
with contextlib.suppress(ImportError):
    from botocore.credentials import Credentials

_SESSION_NAME = "ansible-patrol-workmail"
# A call with all its retries takes less time than this.
_RENEW_BEFORE = datetime.timedelta(minutes=5)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


class AssumedRole:
    """A role that is assumed when its credentials are needed, and again before they expire. It is thread-safe.

    Args:
        role: The role.
        sts: Returns the client of AWS STS that assumes the role.
        now: Returns the current time.
    """

    def __init__(self, role: Role, sts: Callable[[], Any], now: Callable[[], datetime.datetime] = _now) -> None:
        self._role = role
        self._sts = sts
        self._now = now
        self._lock = threading.Lock()
        self._credentials: Any = None
        self._expiration: datetime.datetime | None = None

    def credentials(self) -> Any:
        """Return the credentials of the role, after assuming it if necessary.

        Returns:
            The ``Credentials`` of botocore.

        Raises:
            PatrolError: The role cannot be assumed.
        """
        with self._lock:
            if self._expiration is None or self._expiration - self._now() < _RENEW_BEFORE:
                self._credentials, self._expiration = self._assume()
            return self._credentials

    def _assume(self) -> tuple[Any, datetime.datetime]:
        """Assume the role, and return its credentials and their expiration.

        See https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html.
        """
        request = {"RoleArn": self._role.arn, "RoleSessionName": _SESSION_NAME}
        if self._role.external_id is not None:
            request["ExternalId"] = self._role.external_id
        client = self._sts()
        with located("sts", "AssumeRole", client.meta.region_name):
            reply = client.assume_role(**request)
            found = reply.get("Credentials") or {}
            for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"):
                if not found.get(name):
                    raise ReplyError(f"the reply has no {name}", hint=FOREIGN_REPLY)
            arn = (reply.get("AssumedRoleUser") or {}).get("Arn")
            # Otherwise, the tokens of another account would be reported as tokens of this account.
            if account_of_arn(arn) != account_of_role(self._role.arn):
                raise ReplyError(
                    f"the credentials belong to {quoted(arn)}, not to {self._role.arn}", hint=FOREIGN_REPLY
                )
        credentials = Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], "assume-role")
        return credentials, found["Expiration"]


def account_of_arn(arn: object) -> str | None:
    """Return the account ID in an ARN.

    See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html.

    Args:
        arn: The ARN, of any type.

    Returns:
        The account ID, or None if the value is not an ARN with an account ID.
    """
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    return parts[4] if len(parts) == 6 and parts[0] == "arn" and parts[4].isdigit() else None


class Acting:
    """The credentials with which the requests of each thread are signed."""

    def __init__(self) -> None:
        self._threads = threading.local()

    def credentials(self) -> Any:
        """Return the credentials of the role of this thread; None for the credentials of the connection."""
        return getattr(self._threads, "credentials", None)

    @contextlib.contextmanager
    def using(self, credentials: Any) -> Iterator[None]:
        """Sign the requests of this thread with the given credentials inside the block.

        Args:
            credentials: The credentials of a role; None for the credentials of the connection.
        """
        before = self.credentials()
        self._threads.credentials = credentials
        try:
            yield
        finally:
            self._threads.credentials = before


class RoleClient:
    """A boto3 client that signs its calls with the credentials of a role.

    Creating a client takes more processor time than reading an account with few tokens, so all roles share a client.

    Args:
        client: The boto3 client.
        acting: Stores the credentials for the requests of each thread.
        role: The role; None for the credentials of the connection.
    """

    def __init__(self, client: Any, acting: Acting, role: AssumedRole | None) -> None:
        self._client = client
        self._acting = acting
        self._role = role
        self.meta = client.meta

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            credentials = None if self._role is None else self._role.credentials()
            with self._acting.using(credentials):
                return method(**parameters)

        return call
