# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP replies of the layer in front of moto."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import run_wsgi_app

from .request import ApiRequest, Environ

_JSON = "application/x-amz-json-1.1"


@dataclass
class Reply:
    """A reply to send; ``promised_length`` is a Content-Length that is larger than the body."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)
    promised_length: int | None = None

    def send(self, start_response: Any) -> list[bytes]:
        """Send the reply as a WSGI application does.

        Args:
            start_response: The callable of the WSGI server.

        Returns:
            The body.
        """
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        length = len(self.body) if self.promised_length is None else self.promised_length
        start_response(
            f"{self.status} {HTTP_STATUS_CODES.get(self.status, 'Unknown')}",
            [*headers, ("Content-Length", str(length))],
        )
        return [self.body]


def typed(status: int, body: bytes, content_type: str) -> Reply:
    """Make a reply with a body of a content type.

    Args:
        status: The HTTP status.
        body: The body.
        content_type: The content type.

    Returns:
        The reply.
    """
    return Reply(status, body, [("Content-Type", content_type)])


def json_reply(status: int, document: Any) -> Reply:
    """Make a reply with a JSON document.

    Args:
        status: The HTTP status.
        document: The document.

    Returns:
        The reply.
    """
    return typed(status, json.dumps(document).encode(), "application/json")


def error_reply(request: ApiRequest, status: int, code: str, message: str) -> Reply:
    """Make an AWS error in the protocol of the request: JSON with ``__type``, or the XML of query services.

    Args:
        request: The request.
        status: The HTTP status.
        code: The error code of AWS.
        message: The text of the error.

    Returns:
        The reply.
    """
    if not request.is_query:
        return typed(status, json.dumps({"__type": code, "message": message}).encode(), _JSON)
    fault = "Sender" if status < 500 else "Receiver"
    body = (
        f"<ErrorResponse><Error><Type>{fault}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        "</Error><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    )
    return typed(status, body.encode(), "text/xml")


def run(application: Any, environ: Environ) -> Reply:
    """Run a WSGI application for one request.

    Args:
        application: The application.
        environ: The WSGI environment of the request.

    Returns:
        The reply of the application.
    """
    chunks, status, headers = run_wsgi_app(application, environ, buffered=True)
    return Reply(int(status.split()[0]), b"".join(chunks), list(headers))
