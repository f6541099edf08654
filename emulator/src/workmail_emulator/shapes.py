# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of replies and documents in botocore's service models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from botocore.model import Shape
from moto.core.utils import get_service_model

# The JSON services whose replies faults can change.
_SERVICES = ("workmail", "organizations")


@dataclass(frozen=True)
class ReplyShape:
    """The key of the list in a listing, None for other replies, and the members of its items or of the document."""

    list_key: str | None
    members: dict[str, Shape]

    @property
    def timestamps(self) -> frozenset[str]:
        """The members that are times."""
        return frozenset(name for name, shape in self.members.items() if shape.type_name == "timestamp")


@cache
def reply_shape(service: str | None, operation: str | None) -> ReplyShape:
    """Return the shape of the reply to an operation.

    Args:
        service: The service of the signature; only WorkMail and AWS Organizations have shapes here.
        operation: The name of the operation.

    Returns:
        The shape, without members if the operation has none or is unknown.
    """
    if service not in _SERVICES or operation not in get_service_model(service).operation_names:
        return ReplyShape(None, {})
    output = get_service_model(service).operation_model(operation).output_shape
    members = dict(output.members) if output is not None else {}
    list_key = next((name for name, shape in members.items() if shape.type_name == "list"), None)
    if "NextToken" not in members or list_key is None:
        return ReplyShape(None, members)
    return ReplyShape(list_key, dict(getattr(members[list_key].member, "members", {})))


@cache
def user_members() -> dict[str, Shape]:
    """Return the members of a user in a seed: those of ListUsers' items and of DescribeUser's reply."""
    described = dict(reply_shape("workmail", "DescribeUser").members)
    del described["UserId"]
    return {**reply_shape("workmail", "ListUsers").members, **described}
