# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a server in threads of this process."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from copy import deepcopy
from threading import Lock, Thread
from typing import Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from . import accounts
from .application import Application
from .checks import SeedError
from .faults import Faults
from .iam import enforce
from .kinds import NO_LINGERING
from .log import RequestLog
from .registration import register
from .seed import Seed, empty, load
from .workmail.behaviors import behave
from .workmail.models import Organization, WorkMailBackend, workmail_backends


class Emulator:
    """Amazon WorkMail, and the rest of moto, on an HTTP endpoint.

    Use it as a context manager, or call ``start`` and ``stop``.
    Its state belongs to the process, as all of moto's does: two emulators in one process share it, ``mock_aws``
    removes it when it is entered or left in the same process, and ``stop`` removes what seeds added.

    Args:
        seed: A seed document, or the path of a JSON or YAML file with one, loaded at the start.
        port: The port; 0 for a free one.
        host: The address to listen on.
        verbose: Whether to write a line to standard error for each request.
    """

    def __init__(self, seed: Seed | None = None, port: int = 0, host: str = "127.0.0.1", verbose: bool = False) -> None:
        self._seed = seed
        self._port = port
        self._host = host
        self._verbose = verbose
        self._server: _Server | None = None
        self._thread: Thread | None = None
        register()
        self._application = Application()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        """The URL to give to AWS clients, for example as ``AWS_ENDPOINT_URL``.

        Raises:
            RuntimeError: If the emulator is not running.
        """
        if self._server is None:
            raise RuntimeError("the emulator is not running")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.port}"

    @property
    def faults(self) -> Faults:
        """The faults in force: ``add(Fault(...))``, ``clear()``, and iteration."""
        return self._application.faults

    @property
    def requests(self) -> RequestLog:
        """The AWS requests so far, with ``clear()`` and ``peak_in_flight``; they stay after ``stop``."""
        return self._application.log

    def start(self) -> None:
        """Load the seed and listen; the endpoint takes requests when this returns.

        Raises:
            SeedError: If the seed cannot be used.
            OSError: If the server cannot listen on the address.
        """
        server = _Server(self._host, self._port, self._application, self._verbose)
        if self._seed is not None:
            try:
                load(self._seed)
            except SeedError:
                server.server_close()
                raise
        self._application.ended.clear()
        self._server = server
        self._thread = Thread(target=server.serve_forever, args=(0.02,), name="workmail-emulator")
        self._thread.start()

    def stop(self) -> None:
        """End the server with all its threads and connections, cut delays short, and remove what seeds added.

        A stopped emulator can be started again; stopping it twice is harmless.
        """
        if self._server is None or self._thread is None:
            return
        self._application.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server = self._thread = None
        empty()

    def load(self, seed: Seed) -> None:
        """Add another seed.

        Args:
            seed: The seed, a mapping or the path of a file.

        Raises:
            SeedError: If it cannot be used; nothing of it is added then.
        """
        load(seed)

    def behave(self, **behaviors: str) -> None:
        """Choose what the service does if AWS does not document it, until the next reset.

        Args:
            behaviors: A value of ``workmail.behaviors.BEHAVIORS`` for its name.

        Raises:
            ValueError: For an unknown name or value; nothing is chosen then.
        """
        behave(**behaviors)

    def reset(self) -> None:
        """Remove seeds, behaviors, faults and log, but no data that moto has for other accounts and services."""
        self._application.reset()

    def enforce_iam(self, enforced: bool = True) -> None:
        """Refuse requests that are not signed, or that the policies in moto's IAM do not allow.

        Args:
            enforced: False to accept all requests again.
        """
        enforce(enforced)

    def accounts(self) -> list[dict[str, Any]]:
        """Return the accounts of the seeds, as AWS Organizations describes them, with ``ParentId`` (None outside)."""
        return [{**account.description, "ParentId": account.parent_id} for account in accounts.accounts()]

    def credentials(self, account_id: str) -> dict[str, str]:
        """Return the access key of an administrator of an account.

        Args:
            account_id: An account of the seed, or any other.

        Returns:
            The arguments ``aws_access_key_id`` and ``aws_secret_access_key`` of boto3.
        """
        return accounts.credentials(account_id)

    def organizations(self, account_id: str | None = None) -> list[dict[str, Any]]:
        """Return the WorkMail organizations of an account, or of all, in all regions.

        Args:
            account_id: The ID of the account, or None for all accounts.

        Returns:
            The descriptions, with ``AccountId`` and ``Region``.
        """
        return [
            {**organization.description, "AccountId": backend.account_id, "Region": backend.region_name}
            for backend in _backends(account_id)
            for organization in list(backend.organizations.values())
        ]

    def personal_access_tokens(self, organization_id: str, account_id: str | None = None) -> list[dict[str, Any]]:
        """Return the tokens that a WorkMail organization has now.

        Args:
            organization_id: The organization, in any region.
            account_id: Its account; None for any.

        Returns:
            The tokens with the field names of the API, with times as epoch seconds.

        Raises:
            KeyError: If the organization does not exist.
        """
        return [dict(token) for token in _organization(organization_id, account_id).personal_access_tokens]

    def identity_provider_configuration(
        self, organization_id: str, account_id: str | None = None
    ) -> dict[str, Any] | None:
        """Return the configuration that a WorkMail organization has now, None if it has none.

        Args:
            organization_id: The organization, in any region.
            account_id: Its account; None for any.

        Raises:
            KeyError: If the organization does not exist.
        """
        return deepcopy(_organization(organization_id, account_id).identity_provider_configuration)


def _backends(account_id: str | None) -> list[WorkMailBackend]:
    found = [workmail_backends[account_id]] if account_id is not None else list(workmail_backends.values())
    return [backend for regions in found for backend in list(regions.values())]


def _organization(organization_id: str, account_id: str | None) -> Organization:
    for backend in _backends(account_id):
        if organization_id in backend.organizations:
            return backend.organizations[organization_id]
    raise KeyError(organization_id)


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


class _VerboseHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        target = self.headers.get("X-Amz-Target", "")
        sys.stderr.write(f"{self.command} {self.path} {target} {int(code)}\n")


class _Server(ThreadedWSGIServer):
    """A server that, when it is closed, closes its connections and waits for their threads."""

    daemon_threads = False

    def __init__(self, host: str, port: int, application: Application, verbose: bool) -> None:
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # If werkzeug bound the socket, it would end the process on failure. It uses a duplicate of this socket.
        with socket.create_server((host, port), family=family, backlog=128) as listener:
            handler = _VerboseHandler if verbose else _QuietHandler
            super().__init__(host, port, application, handler, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(NO_LINGERING)) == NO_LINGERING:
            # The base class calls shutdown() before close(), which would send FIN.
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def server_close(self) -> None:
        with self._lock:
            for connection in self._open:
                # Wakes the thread that waits for a request on it; the peer may have gone already.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
        super().server_close()
