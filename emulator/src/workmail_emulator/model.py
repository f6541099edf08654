# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What botocore's service model says of WorkMail's replies and documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from botocore.model import Shape
from moto.core.utils import get_service_model


@dataclass(frozen=True)
class ReplyShape:
    """What a reply looks like: the key of its list if it is a listing, and the members of the items or document."""

    list_key: str | None
    members: dict[str, Shape]

    @property
    def timestamps(self) -> frozenset[str]:
        """The members that are times."""
        return frozenset(name for name, shape in self.members.items() if shape.type_name == "timestamp")


@cache
def reply_shape(operation: str) -> ReplyShape:
    """Return the shape of the reply to a WorkMail operation; one without members where the model has none."""
    service = get_service_model("workmail")
    if operation not in service.operation_names:
        return ReplyShape(None, {})
    output = service.operation_model(operation).output_shape
    members = dict(output.members) if output is not None else {}
    if "NextToken" not in members:
        return ReplyShape(None, members)
    list_key = next(name for name, shape in members.items() if shape.type_name == "list")
    return ReplyShape(list_key, dict(members[list_key].member.members))


@cache
def user_members() -> dict[str, Shape]:
    """Return what a user can have: the members of ListUsers' items and of DescribeUser's reply."""
    described = {name: shape for name, shape in reply_shape("DescribeUser").members.items() if name != "UserId"}
    return {**reply_shape("ListUsers").members, **described}
