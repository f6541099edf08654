# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of fault makes of a request or of moto's reply to it."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from threading import Event
from typing import Any

from .faults import Fault
from .pages import CONSTANT_TOKEN, alternate_token, fresh_token
from .reply import Reply, error_reply, typed
from .request import ApiRequest, Environ

_LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Please sign in.</form></body></html>"
)
# Closing a socket that lingers for zero seconds sends RST instead of FIN.
NO_LINGERING = struct.pack("ii", 1, 0)
_ERROR = {"__type": "InternalServerException", "message": "An internal error occurred."}
_LABELS = ("Name", "DisplayName", "Alias")

Document = dict[str, Any]


def answer_instead(fault: Fault, request: ApiRequest) -> Reply | None:
    """Return the reply that a fault gives without the service seeing the request; None if it is not of that sort."""
    details = fault.details
    match fault.kind:
        case "throttle":
            return error_reply(request, 400, "ThrottlingException", "Rate exceeded")
        case "internal_error":
            return error_reply(request, 500, "InternalServerException", "An internal error occurred.")
        case "unavailable":
            return error_reply(request, 503, "ServiceUnavailableException", "The service is unavailable.")
        case "error":
            return error_reply(request, details.get("status", 400), details["code"], details.get("message", ""))
        case "access_denied":
            return error_reply(request, 400, "AccessDeniedException", _denial(request))
        case "expired_credentials":
            message = "The security token included in the request is expired"
            return error_reply(request, 400, "ExpiredTokenException", message)
        case "html":
            return typed(200, _LOGIN_PAGE, "text/html")
        case "empty_body":
            return typed(200, b"", "application/x-amz-json-1.1")
        case "empty_object":
            return typed(200, b"{}", "application/x-amz-json-1.1")
        case "body":
            content_type = details.get("content_type", "application/x-amz-json-1.1")
            return typed(details.get("status", 200), details["body"].encode("utf-8", "surrogatepass"), content_type)
    return None


def disturb_connection(fault: Fault, environ: Environ, ended: Event) -> None:
    """Hold the request up, or drop its connection.

    :param ended: ends a delay early when the server stops.
    :raises ConnectionResetError: for a reset; werkzeug then sends nothing, and the server closes the socket.
    """
    if fault.kind == "delay":
        ended.wait(fault.details["seconds"])
    elif fault.kind == "reset":
        connection = environ["werkzeug.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
        # Without this werkzeug would wait for the next request on the connection.
        connection.shutdown(socket.SHUT_RD)
        raise ConnectionResetError(f"fault {fault.kind}")


def distort(fault: Fault, request: ApiRequest, reply: Reply) -> None:
    """Spoil a reply in the way of the fault. A reply that is an error already stays as it is."""
    if reply.status != 200:
        return
    if fault.kind == "truncated":
        reply.body = reply.body[: len(reply.body) // 2]
    elif fault.kind == "short_body":
        reply.promised_length = len(reply.body)
        reply.body = reply.body[: len(reply.body) // 2]
    elif fault.kind == "invalid_utf8":
        # In the first item's first string; right after the opening brace where there is no string.
        at = reply.body.find(b'": "', max(reply.body.find(b"[{"), 0))
        at = at + len(b'": "') if at >= 0 else 1
        reply.body = reply.body[:at] + b"\xff" + reply.body[at:]
    elif fault.kind == "extra_item":
        document = json.loads(reply.body)
        document[request.shape.list_key].append(fault.details["value"])
        reply.body = json.dumps(document).encode()
    elif fault.kind in _OF_LISTINGS:
        document = json.loads(reply.body)
        _OF_LISTINGS[fault.kind](document, str(request.shape.list_key), request)
        reply.body = json.dumps(document).encode()
    elif fault.kind in _OF_ITEMS:
        document = json.loads(reply.body)
        items = document[request.shape.list_key] if request.shape.list_key else [document]
        _OF_ITEMS[fault.kind](items, fault, request)
        reply.body = json.dumps(document).encode()


def _denial(request: ApiRequest) -> str:
    resource = "*"
    if request.organization_id:
        place = f"{request.region}:{request.account_id}"
        resource = f"arn:aws:workmail:{place}:organization/{request.organization_id}"
    action = f"{request.service}:{request.operation}"
    return (
        f"User: arn:aws:iam::{request.account_id}:user/emulated is not authorized to perform: {action} on resource: "
        f"{resource} because no identity-based policy allows the {action} action"
    )


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def _miscase_key(document: Document, key: str, request: ApiRequest) -> None:
    document[_lowered(key)] = document.pop(key)


def _null_list(document: Document, key: str, request: ApiRequest) -> None:
    document[key] = None


def _drop_list(document: Document, key: str, request: ApiRequest) -> None:
    del document[key]


def _object_for_list(document: Document, key: str, request: ApiRequest) -> None:
    document[key] = {str(index): item for index, item in enumerate(document[key])}


def _null_item(document: Document, key: str, request: ApiRequest) -> None:
    document[key].insert(len(document[key]) // 2, None)


def _miscase_next_token(document: Document, key: str, request: ApiRequest) -> None:
    if "NextToken" in document:
        document["nextToken"] = document.pop("NextToken")


def _empty_next_token(document: Document, key: str, request: ApiRequest) -> None:
    document["NextToken"] = ""


def _same_next_token(document: Document, key: str, request: ApiRequest) -> None:
    document["NextToken"] = CONSTANT_TOKEN


def _alternating_next_token(document: Document, key: str, request: ApiRequest) -> None:
    document["NextToken"] = alternate_token(request.next_token)


def _endless_next_token(document: Document, key: str, request: ApiRequest) -> None:
    document["NextToken"] = fresh_token()


def _empty_page(document: Document, key: str, request: ApiRequest) -> None:
    document[key] = []
    document["NextToken"] = fresh_token()


def _begin_again(document: Document, key: str, request: ApiRequest) -> None:
    # Behind the last page, the token leads to the first one.
    document.setdefault("NextToken", fresh_token())


def _error_beside_list(document: Document, key: str, request: ApiRequest) -> None:
    document.update(_ERROR)


def _error_for_list(document: Document, key: str, request: ApiRequest) -> None:
    document.clear()
    document.update({key: [], **_ERROR})


_OF_LISTINGS: dict[str, Callable[[Document, str, ApiRequest], None]] = {
    "miscased_key": _miscase_key,
    "null_list": _null_list,
    "missing_list": _drop_list,
    "not_a_list": _object_for_list,
    "null_item": _null_item,
    "miscased_next_token": _miscase_next_token,
    "empty_next_token": _empty_next_token,
    "same_next_token": _same_next_token,
    "alternating_next_token": _alternating_next_token,
    "endless_next_token": _endless_next_token,
    "empty_pages": _empty_page,
    "repeated_pages": _begin_again,
    "error_beside_list": _error_beside_list,
    "error_for_list": _error_for_list,
}


def _timestamps(change: Callable[[Any], Any]) -> Callable[[list[Document], Fault, ApiRequest], None]:
    def changed(items: list[Document], fault: Fault, request: ApiRequest) -> None:
        for item in items:
            for name in request.shape.timestamps & item.keys():
                item[name] = change(item[name])

    return changed


def _lone_surrogate(items: list[Document], fault: Fault, request: ApiRequest) -> None:
    label = next((name for name in _LABELS if name in request.shape.members), None)
    if items and label:
        items[0][label] = items[0].get(label, "") + "\ud800"


def _drop_field(items: list[Document], fault: Fault, request: ApiRequest) -> None:
    for item in items:
        item.pop(fault.details["field"], None)


def _miscase_field(items: list[Document], fault: Fault, request: ApiRequest) -> None:
    name = fault.details["field"]
    for item in items:
        if name in item:
            item[_lowered(name)] = item.pop(name)


def _add_field(items: list[Document], fault: Fault, request: ApiRequest) -> None:
    for item in items:
        item[fault.details["field"]] = fault.details["value"]


_OF_ITEMS: dict[str, Callable[[list[Document], Fault, ApiRequest], None]] = {
    "millisecond_timestamps": _timestamps(lambda seconds: seconds * 1000),
    "unparsable_timestamps": _timestamps(lambda seconds: "yesterday"),
    "boolean_timestamps": _timestamps(lambda seconds: True),
    "infinite_timestamps": _timestamps(lambda seconds: float("inf")),
    "lone_surrogate": _lone_surrogate,
    "missing_field": _drop_field,
    "miscased_field": _miscase_field,
    "extra_field": _add_field,
}
