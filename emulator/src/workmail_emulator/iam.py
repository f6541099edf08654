# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether IAM is enforced, and whether a role trusts the caller who assumes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends
from moto.iam.utils import REQUIRE_RESOURCE_ACCESS_POLICIES_CHECK

from .accounts import account
from .reply import Reply, error_reply
from .request import ApiRequest, Environ

# moto checks the trust policies of the caller's own account, and does not support an account as a principal.
REQUIRE_RESOURCE_ACCESS_POLICIES_CHECK.clear()


def enforce(enforced: bool) -> None:
    """Set whether moto checks the signature and the policies of each request.

    Args:
        enforced: Whether to check them.
    """
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0 if enforced else float("inf")
    ActionAuthenticatorMixin.request_count = 0


def refuse_without_trust(request: ApiRequest, environ: Environ) -> Reply | None:
    """Refuse, as AWS STS does, to assume a role that does not exist or does not trust the caller.

    Roles are checked while IAM is enforced, and always in an account whose roles the seed lists. moto checks what the
    caller's own policies allow.

    Args:
        request: The request.
        environ: Its WSGI environment.

    Returns:
        The error, or None for a role that can be assumed and for requests that do not assume a role.
    """
    if (request.service, request.operation) != ("sts", "AssumeRole"):
        return None
    arn = str(request.parameters.get("RoleArn", ""))
    account_id = arn.split(":")[4] if arn.count(":") >= 5 else ""
    seeded = account(account_id)
    if not _enforced() and (seeded is None or seeded.roles is None):
        return None
    caller = _caller(request, environ)
    if caller is None or _trusts(account_id, arn, caller, request.parameters.get("ExternalId")):
        return None
    message = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    return error_reply(request, 403, "AccessDenied", message)


def _enforced() -> bool:
    return ActionAuthenticatorMixin.request_count >= settings.INITIAL_NO_AUTH_ACTION_COUNT


def _caller(request: ApiRequest, environ: Environ) -> str | None:
    """Return the ARN of the caller; None for an unknown access key, which moto refuses."""
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    headers = {} if token is None else {"X-Amz-Security-Token": token}
    try:
        return str(create_access_key(request.account_id, "aws", request.access_key_id or "", headers).arn)
    except CreateAccessKeyFailure:
        return None if _enforced() else f"arn:aws:sts::{request.account_id}:user/moto"


def _trusts(account_id: str, arn: str, caller: str, external_id: object) -> bool:
    role = _role(account_id, arn)
    if role is None:
        return False
    statements = _as_list(json.loads(role.assume_role_policy_document)["Statement"])
    effects = {statement["Effect"] for statement in statements if _applies(statement, caller, external_id)}
    return effects == {"Allow"}


def _role(account_id: str, arn: str) -> Role | None:
    try:
        return iam_backends[account_id]["aws"].get_role_by_arn(arn)
    except NotFoundException:
        return None


def _applies(statement: Mapping[str, Any], caller: str, external_id: object) -> bool:
    """Return whether a statement applies to the caller. Conditions other than an external ID are never met."""
    if "sts:AssumeRole" not in _as_list(statement.get("Action")):
        return False
    principal = statement.get("Principal", {})
    principals = set(_as_list(principal.get("AWS") if isinstance(principal, Mapping) else principal))
    if not ({"*"} | _names_of(caller)) & principals:
        return False
    wanted = {
        (operator, key): _as_list(value)
        for operator, tests in statement.get("Condition", {}).items()
        for key, value in tests.items()
    }
    accepted = wanted.pop(("StringEquals", "sts:ExternalId"), [external_id])
    return not wanted and external_id in accepted


def _names_of(caller: str) -> set[str]:
    """Return the principals of a trust policy that the caller matches: itself, its role, its account."""
    account_id, name = caller.split(":")[4:6]
    names = {caller, account_id, f"arn:aws:iam::{account_id}:root"}
    if name.startswith("assumed-role/"):
        role_name = name.split("/")[1]
        # The ARN of a session does not have the path of its role.
        roles = {role.arn for role in iam_backends[account_id]["aws"].get_roles() if role.name == role_name}
        names |= roles or {f"arn:aws:iam::{account_id}:role/{role_name}"}
    return names


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
