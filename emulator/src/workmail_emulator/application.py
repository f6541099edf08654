# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI layer in front of moto's server: request log, faults, and the emulator's own interface."""

from __future__ import annotations

import json
from threading import Event
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from .control import PREFIX, Control
from .faults import Fault, Faults
from .iam import refuse_without_trust
from .kinds import KINDS, Call
from .log import RequestLog
from .pages import Pages, genuine_token, is_made_up
from .reply import Reply, error_reply, run
from .request import ApiRequest, Environ, read_request, set_body
from .seed import empty


class _Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, which lists moto's folders once per host instead of once per request."""

    def __init__(self, create_app: Any) -> None:
        super().__init__(create_app)
        self._backends: dict[str, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """Return the name of the backend of a host."""
        if host is None:
            return None
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


class Application:
    """A WSGI application: all services of moto, including WorkMail, with faults on demand."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.log = RequestLog()
        self.ended = Event()
        self._pages = Pages()
        self._moto = _Dispatcher(create_backend_app)
        self._control = Control(self.faults, self.log, self.reset)

    def __call__(self, environ: Environ, start_response: Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(PREFIX):
            reply = self._control.answer(environ)
        elif path.startswith("/moto-api"):
            reply = run(self._moto, environ)
        else:
            reply = self._answer(environ)
        return reply.send(start_response)

    def reset(self) -> None:
        """Remove seeds, behaviors, faults and log, but no data that moto has for other accounts and services."""
        empty()
        self.faults.clear()
        self.log.clear()
        self._pages.clear()

    def _answer(self, environ: Environ) -> Reply:
        request = read_request(environ)
        request.page = self._pages.page_of(request)
        with self.log.noted(request) as entry:
            fault = self.faults.take(request)
            if fault is None:
                reply = self._ask_moto(request, environ)
            else:
                entry.fault = fault.kind
                reply = self._answer_with(fault, request, environ)
            self._pages.learn(request, reply)
            entry.status = reply.status
        return reply

    def _answer_with(self, fault: Fault, request: ApiRequest, environ: Environ) -> Reply:
        kind = KINDS[fault.kind]
        call = Call(fault.details, request, environ, self.ended)
        if kind.before is not None:
            kind.before(call)
        reply = kind.instead(call) if kind.instead is not None else self._ask_moto(request, environ)
        if kind.after is not None and reply.status == 200:
            kind.after(call, reply)
        return reply

    def _ask_moto(self, request: ApiRequest, environ: Environ) -> Reply:
        if request.service == "workmail" and request.access_key_id is None:
            # moto finds the service by the signature, and treats a request without a signature as one to S3.
            message = "Request is missing Authentication Token"
            return error_reply(request, 400, "MissingAuthenticationTokenException", message)
        refusal = refuse_without_trust(request, environ)
        if refusal is not None:
            return refusal
        if is_made_up(request.next_token):
            parameters = {**request.parameters, "NextToken": genuine_token(request.next_token)}
            set_body(environ, json.dumps({k: v for k, v in parameters.items() if v is not None}).encode())
        try:
            return run(self._moto, environ)
        except NotImplementedError as error:
            # moto would reply with HTML and status 500, and SDKs would retry the request.
            return error_reply(request, 400, "UnknownOperationException", str(error))
