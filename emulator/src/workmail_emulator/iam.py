# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether IAM is enforced, and then whether a role of another account trusts its caller, which moto does not ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from .reply import Reply, error_reply
from .request import ApiRequest, Environ


def enforce(enforced: bool) -> None:
    """Have moto ask of each request whether it is signed and allowed, as AWS does, or take whatever comes."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0 if enforced else float("inf")
    ActionAuthenticatorMixin.request_count = 0


def refuse_without_trust(request: ApiRequest, environ: Environ) -> Reply | None:
    """Return what AWS STS says where IAM is enforced and a role of another account does not trust the caller.

    A role that is not there trusts nobody. What the caller itself is allowed is moto's to see to, and so are roles of
    the caller's own account.

    :return: None where there is nothing to object to, and for requests that are not about assuming a role.
    """
    if (request.service, request.operation) != ("sts", "AssumeRole") or not _enforced():
        return None
    arn = str(request.parameters.get("RoleArn", ""))
    account_id = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if account_id == request.account_id:
        return None
    caller = _caller(request, environ)
    if caller is None or _trusts(account_id, arn, caller, request.parameters.get("ExternalId")):
        return None
    message = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    return error_reply(request, 403, "AccessDenied", message)


def _enforced() -> bool:
    return ActionAuthenticatorMixin.request_count >= settings.INITIAL_NO_AUTH_ACTION_COUNT


def _caller(request: ApiRequest, environ: Environ) -> str | None:
    """The ARN of the caller; None for a key that nobody has, which moto refuses."""
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    headers = {} if token is None else {"X-Amz-Security-Token": token}
    try:
        return str(create_access_key(request.account_id, "aws", request.access_key_id or "", headers).arn)
    except CreateAccessKeyFailure:
        return None


def _trusts(account_id: str, arn: str, caller: str, external_id: object) -> bool:
    try:
        role = iam_backends[account_id]["aws"].get_role_by_arn(arn)
    except NotFoundException:
        return False
    statements = json.loads(role.assume_role_policy_document)["Statement"]
    return any(_allows(statement, caller, external_id) for statement in statements)


def _allows(statement: Mapping[str, Any], caller: str, external_id: object) -> bool:
    """Whether a statement lets the caller in; one that holds more than is understood here lets nobody in."""
    if statement["Effect"] != "Allow" or "sts:AssumeRole" not in _listed(statement.get("Action")):
        return False
    if not _names_of(caller) & set(_listed(statement.get("Principal", {}).get("AWS"))):
        return False
    wanted = {(operator, key): _listed(value) for operator, tests in statement.get("Condition", {}).items()
              for key, value in tests.items()}  # fmt: skip
    accepted = wanted.pop(("StringEquals", "sts:ExternalId"), [external_id])
    return not wanted and external_id in accepted


def _names_of(caller: str) -> set[str]:
    """What a trust policy can call the caller: itself, its role, its account."""
    account_id, name = caller.split(":")[4:6]
    names = {caller, account_id, f"arn:aws:iam::{account_id}:root"}
    if name.startswith("assumed-role/"):
        names.add(f"arn:aws:iam::{account_id}:role/{name.split('/')[1]}")
    return names


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
