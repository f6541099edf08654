# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: their kinds, the requests that they affect, and how often they occur."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

from .kinds import ANY, KINDS
from .request import ApiRequest

_TEXTS = (
    "service",
    "operation",
    "account_id",
    "organization_id",
    "user_id",
    "personal_access_token_id",
    "parent_id",
    "role_arn",
)
_NUMBERS = ("page", "times")


class Fault:
    """A fault that affects the requests that it matches.

    Args:
        kind: One of ``KINDS``.
        given: What the request must match, and the details of the kind.
            A request matches by ``service``, ``operation``, ``account_id`` (of the credentials), ``organization_id``,
            ``user_id``, ``personal_access_token_id``, ``parent_id``, ``role_arn`` and ``page`` (from 1); what is
            missing or None matches any. ``times`` is the number of matching requests that it affects, None for no
            limit.
            Everything else is a detail of the kind.

    Raises:
        ValueError: For an unknown kind or detail, a missing detail, or a value of the wrong type.
    """

    def __init__(self, kind: str, **given: Any) -> None:
        if not isinstance(kind, str) or kind not in KINDS:
            raise ValueError(f"unknown kind of fault {kind!r}; known: {', '.join(sorted(KINDS))}")
        limits = {name: given.pop(name, None) for name in (*_TEXTS, *_NUMBERS)}
        self.kind = kind
        self.limits = {name: value for name, value in limits.items() if value is not None}
        self.details = given
        for name, value in self.limits.items():
            if name in _TEXTS and not isinstance(value, str):
                raise ValueError(f"{name} of a fault must be a string, not {value!r}")
            if name in _NUMBERS and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ValueError(f"{name} of a fault must be a whole number from 1, not {value!r}")
        _check_details(kind, given)
        self.times: int | None = self.limits.pop("times", None)

    def __repr__(self) -> str:
        return f"Fault({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"

    @classmethod
    def from_dict(cls, document: Any) -> Fault:
        """Make the fault that a JSON object describes.

        Args:
            document: The object, with the parameters of the class.

        Returns:
            The fault.

        Raises:
            ValueError: As the class does, and if the document is not an object or has no kind.
        """
        if not isinstance(document, dict) or "kind" not in document:
            raise ValueError('a fault is an object with a "kind"')
        return cls(**document)

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters that ``from_dict`` accepts, without those that are None."""
        times = {} if self.times is None else {"times": self.times}
        return {"kind": self.kind, **self.limits, **times, **self.details}

    def matches(self, request: ApiRequest) -> bool:
        """Find out whether the fault applies to a request.

        Args:
            request: The request.

        Returns:
            Whether every limit is met and the kind can change the reply.
        """
        matched = all(getattr(request, name) == wanted for name, wanted in self.limits.items())
        return matched and KINDS[self.kind].needs(request)


@dataclass
class _ActiveFault:
    fault: Fault
    hits: int = 0


class Faults:
    """The active faults, the oldest first; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._in_force: list[_ActiveFault] = []

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter([entry.fault for entry in self._in_force])

    def __len__(self) -> int:
        return len(self._in_force)

    def add(self, fault: Fault) -> None:
        """Add a fault for as many requests as its ``times``.

        Args:
            fault: The fault.
        """
        with self._lock:
            self._in_force.append(_ActiveFault(fault))

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._in_force.clear()

    def take(self, request: ApiRequest) -> Fault | None:
        """Use the oldest fault that applies to a request once.

        Args:
            request: The request.

        Returns:
            The fault, or None if no fault applies.
        """
        with self._lock:
            for index, entry in enumerate(self._in_force):
                if entry.fault.matches(request):
                    entry.hits += 1
                    if entry.hits == entry.fault.times:
                        del self._in_force[index]
                    return entry.fault
        return None


def _check_details(kind: str, details: dict[str, Any]) -> None:
    required, optional = KINDS[kind].required, KINDS[kind].optional
    for name in required:
        if name not in details:
            raise ValueError(f"fault {kind} needs the detail {name!r}")
    for name, value in details.items():
        types = required.get(name) or optional.get(name)
        if types is None:
            raise ValueError(f"fault {kind} does not take the detail {name!r}")
        if not isinstance(value, types) or (isinstance(value, bool) and types is not ANY):
            raise ValueError(f"detail {name!r} of fault {kind} must not be {value!r}")
    if details.get("seconds", 0) < 0:
        raise ValueError("detail 'seconds' of fault delay must not be negative")
