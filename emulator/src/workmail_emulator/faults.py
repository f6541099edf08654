# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: what goes wrong, at which requests, how many times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from .request import ApiRequest

_MATCHED = ("operation", "organization_id", "user_id", "personal_access_token_id", "page")
_NUMBER = (int, float)
_ANY = (object,)


@dataclass(frozen=True)
class _Kind:
    """What a kind needs, and the details that it takes, with their types.

    It needs a listing, a reply with members, a request about one token, or nothing.
    """

    needs: str | None = None
    required: dict[str, tuple[type, ...]] = field(default_factory=dict)
    optional: dict[str, tuple[type, ...]] = field(default_factory=dict)


_PLAIN = _Kind()
_OF_LISTING = _Kind("listing")
_OF_MEMBERS = _Kind("members")
_OF_TOKEN = _Kind("token")

KINDS: dict[str, _Kind] = {
    "throttle": _PLAIN,
    "internal_error": _PLAIN,
    "unavailable": _PLAIN,
    "error": _Kind(required={"code": (str,)}, optional={"status": (int,), "message": (str,)}),
    "access_denied": _PLAIN,
    "expired_credentials": _PLAIN,
    "reset": _PLAIN,
    "delay": _Kind(required={"seconds": _NUMBER}),
    "truncated": _PLAIN,
    "short_body": _PLAIN,
    "html": _PLAIN,
    "empty_body": _PLAIN,
    "empty_object": _PLAIN,
    "invalid_utf8": _PLAIN,
    "body": _Kind(required={"body": (str,)}, optional={"status": (int,), "content_type": (str,)}),
    "deleted_meanwhile": _OF_TOKEN,
    "used_meanwhile": _OF_TOKEN,
    "miscased_key": _OF_LISTING,
    "null_list": _OF_LISTING,
    "missing_list": _OF_LISTING,
    "not_a_list": _OF_LISTING,
    "null_item": _OF_LISTING,
    "extra_item": _Kind("listing", required={"value": (dict,)}),
    "error_beside_list": _OF_LISTING,
    "error_for_list": _OF_LISTING,
    "miscased_next_token": _OF_LISTING,
    "empty_next_token": _OF_LISTING,
    "same_next_token": _OF_LISTING,
    "alternating_next_token": _OF_LISTING,
    "endless_next_token": _OF_LISTING,
    "empty_pages": _OF_LISTING,
    "repeated_pages": _OF_LISTING,
    "millisecond_timestamps": _OF_MEMBERS,
    "unparsable_timestamps": _OF_MEMBERS,
    "boolean_timestamps": _OF_MEMBERS,
    "infinite_timestamps": _OF_MEMBERS,
    "lone_surrogate": _OF_MEMBERS,
    "missing_field": _Kind("members", required={"field": (str,)}),
    "miscased_field": _Kind("members", required={"field": (str,)}),
    "extra_field": _Kind("members", required={"field": (str,), "value": _ANY}),
}


class Fault:
    """One thing that goes wrong, at the requests it matches.

    :param kind: one of KINDS.
    :param operation: the API operation it hits, of whichever service; None, here as below, for any.
    :param organization_id: the OrganizationId asked for.
    :param user_id: the UserId asked for.
    :param personal_access_token_id: the PersonalAccessTokenId asked for.
    :param page: the page of a listing, counted from 1.
    :param times: how many matching requests it hits; None for ever.
    :param details: what the kind takes beside: seconds of delay; code, status (400), message of error; field of
        missing_field, miscased_field and extra_field, value of the last and of extra_item; body, status (200) and
        content_type of body.
    :raises ValueError: for an unknown kind or detail, a missing detail, or a value of the wrong type.
    """

    def __init__(
        self,
        kind: str,
        operation: str | None = None,
        organization_id: str | None = None,
        user_id: str | None = None,
        personal_access_token_id: str | None = None,
        page: int | None = None,
        times: int | None = None,
        **details: Any,
    ) -> None:
        if not isinstance(kind, str) or kind not in KINDS:
            raise ValueError(f"unknown kind of fault {kind!r}; known: {', '.join(sorted(KINDS))}")
        for name, text in (
            ("operation", operation),
            ("organization_id", organization_id),
            ("user_id", user_id),
            ("personal_access_token_id", personal_access_token_id),
        ):
            if text is not None and not isinstance(text, str):
                raise ValueError(f"{name} of a fault must be a string, not {text!r}")
        for name, number in (("page", page), ("times", times)):
            if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
                raise ValueError(f"{name} of a fault must be a whole number from 1, not {number!r}")
        _check_details(kind, details)
        self.kind = kind
        self.operation = operation
        self.organization_id = organization_id
        self.user_id = user_id
        self.personal_access_token_id = personal_access_token_id
        self.page = page
        self.times = times
        self.details = details

    def __repr__(self) -> str:
        return f"Fault({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"

    @classmethod
    def from_dict(cls, document: Any) -> Fault:
        """Return the fault that a JSON object names with the parameters of the class.

        :raises ValueError: as the class does, and where the document is no object or has no kind.
        """
        if not isinstance(document, dict) or "kind" not in document:
            raise ValueError('a fault is an object with a "kind"')
        return cls(**document)

    def to_dict(self) -> dict[str, Any]:
        """Return what from_dict takes, without what is None."""
        matched = {name: getattr(self, name) for name in (*_MATCHED, "times")}
        given = {name: value for name, value in matched.items() if value is not None}
        return {"kind": self.kind, **given, **self.details}

    def matches(self, request: ApiRequest) -> bool:
        """Return whether the request is one that this fault is for, and has a reply that the kind can spoil."""
        for name in _MATCHED:
            wanted = getattr(self, name)
            if wanted is not None and wanted != getattr(request, name):
                return False
        needs = KINDS[self.kind].needs
        if needs == "listing":
            return request.shape.list_key is not None
        if needs == "token":
            return request.personal_access_token_id is not None
        return needs is None or bool(request.shape.members)


class Faults:
    """The faults in force, the oldest first; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._in_force: list[_InForce] = []

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter([entry.fault for entry in self._in_force])

    def __len__(self) -> int:
        return len(self._in_force)

    def add(self, fault: Fault) -> None:
        """Put a fault in force, for as many requests as its times say."""
        with self._lock:
            self._in_force.append(_InForce(fault))

    def clear(self) -> None:
        """Put all faults out of force."""
        with self._lock:
            self._in_force.clear()

    def take(self, request: ApiRequest) -> Fault | None:
        """Return the oldest fault that matches the request, one of its times used up; None if there is none."""
        with self._lock:
            for index, entry in enumerate(self._in_force):
                if entry.fault.matches(request):
                    entry.hits += 1
                    if entry.hits == entry.fault.times:
                        del self._in_force[index]
                    return entry.fault
        return None


@dataclass
class _InForce:
    fault: Fault
    hits: int = 0


def _check_details(kind: str, details: dict[str, Any]) -> None:
    required, optional = KINDS[kind].required, KINDS[kind].optional
    for name in required:
        if name not in details:
            raise ValueError(f"fault {kind} needs the detail {name!r}")
    for name, value in details.items():
        types = required.get(name) or optional.get(name)
        if types is None:
            raise ValueError(f"fault {kind} does not take the detail {name!r}")
        if not isinstance(value, types) or (isinstance(value, bool) and types is not _ANY):
            raise ValueError(f"detail {name!r} of fault {kind} must not be {value!r}")
    if details.get("seconds", 0) < 0:
        raise ValueError("detail 'seconds' of fault delay must not be negative")
