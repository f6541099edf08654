# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of faults: what each does before a request, instead of the service, or to its reply."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from time import time
from typing import Any
from xml.sax.saxutils import escape

from moto.sts.models import sts_backends

from .pages import CONSTANT_TOKEN, alternate_token, fresh_token, token_of_same_page
from .reply import Reply, error_reply, typed
from .request import ApiRequest, Environ
from .workmail.collection import Collection
from .workmail.models import workmail_backends

ANY = (object,)
# Closing a socket that lingers for zero seconds sends RST instead of FIN.
NO_LINGERING = struct.pack("ii", 1, 0)
_JSON = "application/x-amz-json-1.1"
_LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Please sign in.</form></body></html>"
)
_ERROR = {"__type": "InternalServerException", "message": "An internal error occurred."}
_LABELS = ("Name", "DisplayName", "Alias")
# The throttling error of each service that does not use that of AWS JSON services.
_THROTTLING = {"organizations": "TooManyRequestsException", "sts": "Throttling"}

Document = dict[str, Any]
Types = dict[str, tuple[type, ...]]


@dataclass
class Call:
    """A request to which a fault applies, and the details of the fault; ``ended`` is set when the server stops."""

    details: dict[str, Any]
    request: ApiRequest
    environ: Environ
    ended: Event


@dataclass(frozen=True)
class Kind:
    """A kind of fault, and its effect on a request.

    Args:
        needs: Whether a request qualifies for the fault.
        before: Runs before the request is answered.
        instead: Answers the request in place of the service.
        after: Changes the reply of the service, unless that is an error.
        required: The details that a fault must have, with their types.
        optional: The other details.
    """

    needs: Callable[[ApiRequest], bool] = lambda request: True
    before: Callable[[Call], None] | None = None
    instead: Callable[[Call], Reply] | None = None
    after: Callable[[Call, Reply], None] | None = None
    required: Types = field(default_factory=dict)
    optional: Types = field(default_factory=dict)


def _is_listing(request: ApiRequest) -> bool:
    return request.shape.list_key is not None


def _has_members(request: ApiRequest) -> bool:
    return bool(request.shape.members)


def _is_about_a_token(request: ApiRequest) -> bool:
    return request.personal_access_token_id is not None


def _error(status: int, code: str, message: str) -> Kind:
    return Kind(instead=lambda call: error_reply(call.request, status, code, message))


def _body(body: bytes, content_type: str) -> Kind:
    return Kind(instead=lambda call: typed(200, body, content_type))


def _of_listing(change: Callable[[Document, str, Call], None], **details: tuple[type, ...]) -> Kind:
    """Return a kind that changes the document of a listing, given the key of its list."""

    def after(call: Call, reply: Reply) -> None:
        document = json.loads(reply.body)
        change(document, str(call.request.shape.list_key), call)
        reply.body = json.dumps(document).encode()

    return Kind(_is_listing, after=after, required=details)


def _of_items(change: Callable[[Document, Call], None], **details: tuple[type, ...]) -> Kind:
    """Return a kind that changes each item of a listing, or the document of another reply."""

    def after(call: Call, reply: Reply) -> None:
        document = json.loads(reply.body)
        key = call.request.shape.list_key
        for item in document[key] if key else [document]:
            change(item, call)
        reply.body = json.dumps(document).encode()

    return Kind(_has_members, after=after, required=details)


def _of_timestamps(change: Callable[[Any], Any]) -> Kind:
    def changed(item: Document, call: Call) -> None:
        for name in call.request.shape.timestamps & item.keys():
            item[name] = change(item[name])

    return _of_items(changed)


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def _throttled(call: Call) -> Reply:
    code = _THROTTLING.get(call.request.service or "", "ThrottlingException")
    return error_reply(call.request, 400, code, "Rate exceeded")


def _denied(call: Call) -> Reply:
    request = call.request
    resource = request.role_arn or "*"
    if request.organization_id:
        place = f"{request.region}:{request.account_id}"
        resource = f"arn:aws:workmail:{place}:organization/{request.organization_id}"
    action = f"{request.service}:{request.operation}"
    message = (
        f"User: arn:aws:iam::{request.account_id}:user/emulated is not authorized to perform: {action} on resource: "
        f"{resource} because no identity-based policy allows the {action} action"
    )
    return _refusal(request, "AccessDenied", message)


def _expired(call: Call) -> Reply:
    return _refusal(call.request, "ExpiredToken", "The security token included in the request is expired")


def _refusal(request: ApiRequest, code: str, message: str) -> Reply:
    """Return a refusal as query services word it, or as JSON services do."""
    if request.is_query:
        return error_reply(request, 403, code, message)
    return error_reply(request, 400, f"{code}Exception", message)


def _given_error(call: Call) -> Reply:
    details = call.details
    return error_reply(call.request, details.get("status", 400), details["code"], details.get("message", ""))


def _given_body(call: Call) -> Reply:
    body = call.details["body"].encode("utf-8", "surrogatepass")
    return typed(call.details.get("status", 200), body, call.details.get("content_type", _JSON))


def _wait(call: Call) -> None:
    call.ended.wait(call.details["seconds"])


def _reset(call: Call) -> None:
    """Reset the connection: werkzeug sends nothing after this error, and the server closes the socket."""
    connection = call.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
    # Without this werkzeug would wait for the next request on the connection.
    connection.shutdown(socket.SHUT_RD)
    raise ConnectionResetError("fault reset")


def _tokens(call: Call) -> Collection:
    """Return the tokens of the WorkMail organization of a request; an empty collection if it does not exist."""
    request = call.request
    regions = workmail_backends[request.account_id]
    region = request.region or ""
    organizations = regions[region].organizations if region in regions else {}
    organization = organizations.get(request.organization_id or "")
    return Collection("") if organization is None else organization.personal_access_tokens


def _delete_token(call: Call) -> None:
    _tokens(call).remove(call.request.personal_access_token_id or "")


def _use_token(call: Call) -> None:
    _tokens(call).update(call.request.personal_access_token_id or "", DateLastUsed=time())


def _truncate(call: Call, reply: Reply) -> None:
    reply.body = reply.body[: len(reply.body) // 2]


def _promise_more(call: Call, reply: Reply) -> None:
    reply.promised_length = len(reply.body)
    _truncate(call, reply)


def _insert_bad_byte(call: Call, reply: Reply) -> None:
    # In the first string of the first item; after the first byte of a reply without a string.
    at = reply.body.find(b'": "', max(reply.body.find(b"[{"), 0))
    at = at + len(b'": "') if at >= 0 else 1
    reply.body = reply.body[:at] + b"\xff" + reply.body[at:]


def _add_surrogate(call: Call, reply: Reply) -> None:
    document = json.loads(reply.body)
    shape = call.request.shape
    items = document[shape.list_key] if shape.list_key else [document]
    label = next((name for name in _LABELS if name in shape.members), None)
    if items and label:
        items[0][label] = items[0].get(label, "") + "\ud800"
    reply.body = json.dumps(document).encode()


def _change_element(call: Call, reply: Reply) -> None:
    name, value = call.details["field"], call.details.get("value")
    new = "" if value is None else f"<{name}>{escape(value)}</{name}>"
    reply.body = re.sub(rf"<{name}>.*?</{name}>", lambda match: new, reply.body.decode(), flags=re.DOTALL).encode()


def _exchange_account(call: Call, reply: Reply) -> None:
    account_id = call.details["other_account_id"]
    arn = ":".join([*(call.request.role_arn or "").split(":")[:4], account_id, "role/other"])
    role = sts_backends[account_id]["aws"].assume_role("us-east-1", "other", arn, "", 3600, "")
    for name, value in (
        ("AccessKeyId", role.access_key_id),
        ("SecretAccessKey", role.secret_access_key),
        ("SessionToken", role.session_token),
    ):
        call.details = {"field": name, "value": value}
        _change_element(call, reply)


def _miscase_key(document: Document, key: str, call: Call) -> None:
    document[_lowered(key)] = document.pop(key)


def _null_list(document: Document, key: str, call: Call) -> None:
    document[key] = None


def _drop_list(document: Document, key: str, call: Call) -> None:
    del document[key]


def _object_for_list(document: Document, key: str, call: Call) -> None:
    document[key] = {str(index): item for index, item in enumerate(document[key])}


def _null_item(document: Document, key: str, call: Call) -> None:
    document[key].insert(len(document[key]) // 2, None)


def _extra_item(document: Document, key: str, call: Call) -> None:
    document[key].append(call.details["value"])


def _repeat_item(document: Document, key: str, call: Call) -> None:
    document[key] += document[key][:1]


def _miscase_next_token(document: Document, key: str, call: Call) -> None:
    if "NextToken" in document:
        document["nextToken"] = document.pop("NextToken")


def _empty_next_token(document: Document, key: str, call: Call) -> None:
    document["NextToken"] = ""


def _drop_next_token(document: Document, key: str, call: Call) -> None:
    document.pop("NextToken", None)


def _same_next_token(document: Document, key: str, call: Call) -> None:
    document["NextToken"] = CONSTANT_TOKEN


def _alternating_next_token(document: Document, key: str, call: Call) -> None:
    document["NextToken"] = alternate_token(call.request.next_token)


def _endless_next_token(document: Document, key: str, call: Call) -> None:
    document["NextToken"] = fresh_token()


def _empty_page(document: Document, key: str, call: Call) -> None:
    document.update({key: [], "NextToken": fresh_token()})


def _empty_page_before(document: Document, key: str, call: Call) -> None:
    document.update({key: [], "NextToken": token_of_same_page(call.request.next_token)})


def _begin_again(document: Document, key: str, call: Call) -> None:
    # After the last page, the token leads to the first one.
    document.setdefault("NextToken", fresh_token())


def _error_beside_list(document: Document, key: str, call: Call) -> None:
    document.update(_ERROR)


def _error_for_list(document: Document, key: str, call: Call) -> None:
    document.clear()
    document.update({key: [], **_ERROR})


def _drop_field(item: Document, call: Call) -> None:
    item.pop(call.details["field"], None)


def _miscase_field(item: Document, call: Call) -> None:
    name = call.details["field"]
    if name in item:
        item[_lowered(name)] = item.pop(name)


def _add_field(item: Document, call: Call) -> None:
    item[call.details["field"]] = call.details["value"]


_STR = (str,)
_INT = (int,)

KINDS: dict[str, Kind] = {
    "throttle": Kind(instead=_throttled),
    "internal_error": _error(500, "InternalServerException", "An internal error occurred."),
    "unavailable": _error(503, "ServiceUnavailableException", "The service is unavailable."),
    "error": Kind(instead=_given_error, required={"code": _STR}, optional={"status": _INT, "message": _STR}),
    "access_denied": Kind(instead=_denied),
    "expired_credentials": Kind(instead=_expired),
    "html": _body(_LOGIN_PAGE, "text/html"),
    "empty_body": _body(b"", _JSON),
    "empty_object": _body(b"{}", _JSON),
    "body": Kind(instead=_given_body, required={"body": _STR}, optional={"status": _INT, "content_type": _STR}),
    "reset": Kind(before=_reset),
    "delay": Kind(before=_wait, required={"seconds": (int, float)}),
    "deleted_meanwhile": Kind(_is_about_a_token, before=_delete_token),
    "used_meanwhile": Kind(_is_about_a_token, before=_use_token),
    "truncated": Kind(after=_truncate),
    "short_body": Kind(after=_promise_more),
    "invalid_utf8": Kind(after=_insert_bad_byte),
    "lone_surrogate": Kind(_has_members, after=_add_surrogate),
    "changed_element": Kind(
        lambda request: request.is_query, after=_change_element, required={"field": _STR}, optional={"value": _STR}
    ),
    "other_account": Kind(
        lambda request: request.role_arn is not None, after=_exchange_account, required={"other_account_id": _STR}
    ),
    "miscased_key": _of_listing(_miscase_key),
    "null_list": _of_listing(_null_list),
    "missing_list": _of_listing(_drop_list),
    "not_a_list": _of_listing(_object_for_list),
    "null_item": _of_listing(_null_item),
    "extra_item": _of_listing(_extra_item, value=(dict,)),
    "repeated_item": _of_listing(_repeat_item),
    "error_beside_list": _of_listing(_error_beside_list),
    "error_for_list": _of_listing(_error_for_list),
    "missing_next_token": _of_listing(_drop_next_token),
    "miscased_next_token": _of_listing(_miscase_next_token),
    "empty_next_token": _of_listing(_empty_next_token),
    "same_next_token": _of_listing(_same_next_token),
    "alternating_next_token": _of_listing(_alternating_next_token),
    "endless_next_token": _of_listing(_endless_next_token),
    "empty_page": _of_listing(_empty_page_before),
    "empty_pages": _of_listing(_empty_page),
    "repeated_pages": _of_listing(_begin_again),
    "missing_field": _of_items(_drop_field, field=_STR),
    "miscased_field": _of_items(_miscase_field, field=_STR),
    "extra_field": _of_items(_add_field, field=_STR, value=ANY),
    "millisecond_timestamps": _of_timestamps(lambda seconds: seconds * 1000),
    "unparsable_timestamps": _of_timestamps(lambda seconds: "yesterday"),
    "boolean_timestamps": _of_timestamps(lambda seconds: True),
    "infinite_timestamps": _of_timestamps(lambda seconds: float("inf")),
}
