# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Organizations of moto, with its listings as the service pages, refuses and describes them.

The listings of moto return up to 100 accounts on a page, and those of the service 20. Those of moto repeat accounts
that joined at the same time without end, and their last ``NextToken`` is null. They return an empty list to accounts
that may not call them, and describe every account on every call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import get_service_model
from moto.iam.models import iam_backends
from moto.organizations import urls
from moto.organizations.models import FakeAccount, FakeOrganizationalUnit, OrganizationsBackend, organizations_backends
from moto.organizations.responses import OrganizationsResponse

from .accounts import Account
from .workmail.authorization import JsonAuthorization
from .workmail.behaviors import chosen
from .workmail.collection import number_in, page_token
from .workmail.validation import validate

_PAGE_SIZE = 20
_PARTITION = "aws"


class OrganizationsError(ServiceException):
    """An error of AWS Organizations; moto finds the service in the name of the module."""


class StrictOrganizationsResponse(JsonAuthorization, OrganizationsResponse):
    """Answers the listings of accounts and organizational units; moto answers the rest."""

    @property
    def organizations_backend(self) -> OrganizationsBackend:
        """The backend of the management account for a delegated administrator, otherwise of the caller's account."""
        management = organizations_backends.master_accounts.get(self.current_account)
        if management is not None:
            backend = organizations_backends[management[0]][management[1]]
            if any(admin.account.id == self.current_account for admin in backend.admins):
                return backend
        return organizations_backends[self.current_account][_PARTITION]

    def list_accounts(self) -> str:
        """Answer ``ListAccounts``.

        Returns:
            The body of the reply.
        """
        return self._page("Accounts", self._listed_by().accounts)

    def list_accounts_for_parent(self) -> str:
        """Answer ``ListAccountsForParent``.

        Returns:
            The body of the reply.
        """
        return self._page("Accounts", _children(self._listed_by(), self._parent(), "accounts"))

    def list_organizational_units_for_parent(self) -> str:
        """Answer ``ListOrganizationalUnitsForParent``.

        Returns:
            The body of the reply.
        """
        return self._page("OrganizationalUnits", _children(self._listed_by(), self._parent(), "ou"))

    def list_roots(self) -> str:
        """Answer ``ListRoots`` as moto does, except to accounts that may not call it.

        Returns:
            The body of the reply.
        """
        self._listed_by()
        return str(super().list_roots())

    def _determine_resource(self) -> str:
        """Return the ARN of the parent that is listed, ``*`` otherwise."""
        parent_id = self._get_param("ParentId")
        units = self.organizations_backend.ou
        return next((unit.arn for unit in units if unit.id == parent_id), "*")

    def _listed_by(self) -> OrganizationsBackend:
        """Return the backend that the caller may list, with the parameters of the request checked."""
        backend = self.organizations_backend
        if backend.org is None:
            if self.current_account in organizations_backends.master_accounts:
                raise OrganizationsError("AccessDeniedException", "You don't have permissions to access this resource.")
            raise OrganizationsError(
                "AWSOrganizationsNotInUseException", "Your account is not a member of an organization."
            )
        validate(
            self.request_params,
            get_service_model("organizations").operation_model(self._get_action()).input_shape,
            lambda message: OrganizationsError("InvalidInputException", message),
        )
        return backend

    def _parent(self) -> str:
        return str(self._get_param("ParentId"))

    def _page(self, key: str, items: list[Any]) -> str:
        scope = f"{self._get_action()} {self.current_account} {self._get_param('ParentId')}"
        token = self._get_param("NextToken")
        start = 0 if token is None else number_in(token, scope)
        if start is None:
            raise OrganizationsError("InvalidInputException", "You provided an invalid pagination token.")
        end = start + (self._get_param("MaxResults") or _PAGE_SIZE)
        reply: dict[str, Any] = {key: [_as_document(item) for item in items[start:end]]}
        if end < len(items):
            reply["NextToken"] = page_token(end, scope)
        return json.dumps(reply)


def register() -> None:
    """Have moto answer requests to AWS Organizations with the class above."""
    urls.url_paths["{0}/$"] = StrictOrganizationsResponse.dispatch


def management_backend() -> OrganizationsBackend | None:
    """Return moto's AWS Organizations with the first organization in this process, or None without one."""
    backends = (backend for _, _, backend in organizations_backends.iter_backends())
    return next((backend for backend in backends if isinstance(backend, OrganizationsBackend) and backend.org), None)


def create(management: Account, organization_id: str, root_id: str, units: Iterable[tuple[str, str, str]]) -> None:
    """Create the organization of a management account.

    Args:
        management: The management account.
        organization_id: The ID of the organization, such as ``o-exampleorgid``.
        root_id: The ID of its root.
        units: The ID, parent ID and name of each organizational unit, parents first.
    """
    backend = organizations_backends[management.id][_PARTITION]
    backend.create_organization("us-east-1")
    assert backend.org is not None
    backend.org.id, backend.org.root_id, backend.org.master_account_email = (
        organization_id,
        root_id,
        management.description["Email"],
    )
    backend.ou[0].id, backend.ou[0].organization_id = root_id, organization_id
    for unit_id, parent_id, name in units:
        backend.create_organizational_unit(Name=name, ParentId=parent_id)
        backend.ou[-1].id = unit_id
    _describe(backend.accounts[0], management, organization_id)


def join(backend: OrganizationsBackend, account: Account) -> None:
    """Make an account a member of the organization of a backend.

    Args:
        backend: The backend of the management account.
        account: The account of the seed.
    """
    assert backend.org is not None
    backend.create_account(AccountName=account.description["Name"], Email=account.description["Email"])
    member = backend.accounts[-1]
    # moto generates another account ID, and IAM for that account.
    organizations_backends.master_accounts[account.id] = organizations_backends.master_accounts.pop(member.id)
    iam_backends.pop(member.id, None)
    _describe(member, account, backend.org.id)
    if account.delegated_administrator:
        backend.register_delegated_administrator(AccountId=account.id, ServicePrincipal="ssm.amazonaws.com")


def empty() -> None:
    """Remove AWS Organizations from all accounts of this process."""
    organizations_backends.clear()
    organizations_backends.master_accounts.clear()


def _describe(member: FakeAccount, account: Account, organization_id: str) -> None:
    description = account.description
    member.id = account.id
    member.organization_id = organization_id
    member.name, member.email, member.joined_method = (description[k] for k in ("Name", "Email", "JoinedMethod"))
    member.state = member.status = description["State"]
    member.create_time = datetime.fromtimestamp(description["JoinedTimestamp"], UTC).replace(tzinfo=None)
    if account.parent_id is not None:
        member.parent_id = account.parent_id


def _children(backend: OrganizationsBackend, parent_id: str, of: str) -> list[Any]:
    if not any(unit.id == parent_id for unit in backend.ou):
        raise OrganizationsError("ParentNotFoundException", "You specified parent that doesn't exist.")
    return [child for child in getattr(backend, of) if child.parent_id == parent_id]


def _as_document(item: FakeAccount | FakeOrganizationalUnit) -> dict[str, Any]:
    if isinstance(item, FakeOrganizationalUnit):
        return {"Id": item.id, "Arn": item.arn, "Name": item.name}
    description: dict[str, Any] = {**item.describe(), "State": item.state}
    if chosen("account_status") == "retired":
        del description["Status"]
    return description
