# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of WorkMail: organizations with their users, personal access tokens and identity provider configuration.

Documents have the field names of the API, and times as epoch seconds. They are plain dictionaries, not moto BaseModel,
whose instance tracking would keep each of them alive and takes its service name from a "moto." module path.
"""

from __future__ import annotations

import json
import time
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

from .behaviors import choose_defaults, chosen, shown_token
from .collection import Collection, Document
from .exceptions import (
    EntityNotFoundException,
    EntityStateException,
    OrganizationNotFoundException,
    OrganizationStateException,
    ResourceNotFoundException,
)

_DEFAULT_PAGE_SIZE = 100

_USER_FILTERS = {
    "UsernamePrefix": "Name",
    "DisplayNamePrefix": "DisplayName",
    "PrimaryEmailPrefix": "Email",
    "IdentityProviderUserIdPrefix": "IdentityProviderUserId",
}


class Organization:
    """One organization and everything in it."""

    def __init__(self, description: Document) -> None:
        self.description = description
        self.users = Collection("Id")
        self.personal_access_tokens = Collection("PersonalAccessTokenId")
        self.identity_provider_configuration: Document | None = None

    def user(self, identifier: str) -> Document:
        """Return a user.

        Args:
            identifier: The ID, the name or the e-mail address of the user.

        Returns:
            The user.

        Raises:
            EntityNotFoundException: If the user does not exist.
        """
        by_id = self.users.get(identifier)
        if by_id is not None:
            return by_id
        for user in self.users:
            if identifier in (user.get("Name"), user.get("Email")):
                return user
        raise EntityNotFoundException(f"Entity with identifier '{identifier}' was not found.")

    def remove_expired_tokens(self) -> None:
        """Remove the tokens that have expired by now."""
        now = time.time()
        for token in self.personal_access_tokens:
            if "PersonalAccessTokenId" in token and token.get("ExpiresTime", now + 1) <= now:
                self.personal_access_tokens.remove(token["PersonalAccessTokenId"])


class WorkMailBackend(BaseBackend):
    """WorkMail in one account and region. Each operation raises the errors that the service model declares for it."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._organizations = Collection("OrganizationId")
        self.organizations: dict[str, Organization] = {}

    def organization_arn(self, organization_id: str) -> str:
        """Return the ARN of an organization, as the service authorization reference defines it.

        Args:
            organization_id: The ID of the organization.
        """
        return f"arn:{self.partition}:workmail:{self.region_name}:{self.account_id}:organization/{organization_id}"

    def add_organization(self, organization: Organization) -> None:
        """Add an organization with a new ID.

        Args:
            organization: The organization.
        """
        self._organizations.add(organization.description)
        self.organizations[organization.description["OrganizationId"]] = organization

    def organization(self, organization_id: str) -> Organization:
        """Return an organization in any state.

        Args:
            organization_id: The ID of the organization.

        Raises:
            OrganizationNotFoundException: If the organization does not exist.
        """
        if organization_id not in self.organizations:
            raise OrganizationNotFoundException(f"The organization {organization_id} was not found.")
        return self.organizations[organization_id]

    def active_organization(self, organization_id: str) -> Organization:
        """Return an organization whose state allows operations.

        Args:
            organization_id: The ID of the organization.

        Raises:
            OrganizationNotFoundException: If the organization does not exist.
            OrganizationStateException: If its state is not Active.
        """
        organization = self.organization(organization_id)
        state = organization.description["State"]
        if state != "Active":
            raise OrganizationStateException(f"The organization {organization_id} is in state {state}, not Active.")
        if chosen("expired_tokens") == "removed":
            organization.remove_expired_tokens()
        return organization

    def list_organizations(
        self, next_token: str | None = None, max_results: int | None = None
    ) -> tuple[list[Document], str | None]:
        """List a page of the organizations.

        Args:
            next_token: The token of the page, or None for the first page.
            max_results: The most organizations on the page.

        Returns:
            The organizations, and the token of the next page.
        """
        return self._organizations.page(
            "ListOrganizations", next_token, max_results or _DEFAULT_PAGE_SIZE, lambda document: True
        )

    def list_users(
        self,
        organization_id: str,
        filters: dict[str, str] | None = None,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> tuple[list[Document], str | None]:
        """List a page of the users of an organization.

        Args:
            organization_id: The ID of the organization.
            filters: ``State``, and prefixes of other fields.
            next_token: The token of the page, or None for the first page.
            max_results: The most users on the page.

        Returns:
            The users, and the token of the next page.
        """
        filters = filters or {}
        prefixes = [(field, filters[name]) for name, field in _USER_FILTERS.items() if name in filters]

        def wanted(user: Document) -> bool:
            if "State" in filters and user.get("State") != filters["State"]:
                return False
            return all(user.get(field, "").startswith(prefix) for field, prefix in prefixes)

        scope = f"ListUsers {organization_id} {json.dumps(filters, sort_keys=True)}"
        users = self.active_organization(organization_id).users
        return users.page(scope, next_token, max_results or _DEFAULT_PAGE_SIZE, wanted)

    def describe_user(self, organization_id: str, user_id: str) -> Document:
        """Describe a user.

        Args:
            organization_id: The ID of the organization.
            user_id: The ID, the name or the e-mail address of the user.

        Returns:
            The user with the fields of ``DescribeUser``.
        """
        user = self.active_organization(organization_id).user(user_id)
        return {**user, "UserId": user["Id"]}

    def list_personal_access_tokens(
        self,
        organization_id: str,
        user_id: str | None = None,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> tuple[list[Document], str | None]:
        """List a page of the tokens of an organization.

        Args:
            organization_id: The ID of the organization.
            user_id: The ID, the name or the e-mail address of a user, or None for the tokens of all users.
            next_token: The token of the page, or None for the first page.
            max_results: The most tokens on the page.

        Returns:
            The tokens, and the token of the next page.

        Raises:
            EntityNotFoundException: If the user does not exist.
            EntityStateException: If the user is deleted.
        """
        organization = self.active_organization(organization_id)
        owner = None
        if user_id is not None:
            user = organization.user(user_id)
            if chosen("user_id") == "id" and user["Id"] != user_id:
                raise EntityNotFoundException(f"Entity with identifier '{user_id}' was not found.")
            if user.get("State") == "DELETED":
                raise EntityStateException(f"The user '{user_id}' is in state DELETED.")
            owner = user["Id"]
        tokens, following = organization.personal_access_tokens.page(
            f"ListPersonalAccessTokens {organization_id} {owner}",
            next_token,
            max_results or _DEFAULT_PAGE_SIZE,
            lambda token: owner is None or token.get("UserId") == owner,
        )
        return [shown_token(token) for token in tokens], following

    def get_personal_access_token_metadata(self, organization_id: str, token_id: str) -> Document:
        """Return a token.

        Args:
            organization_id: The ID of the organization.
            token_id: The ID of the token.

        Returns:
            The token.

        Raises:
            ResourceNotFoundException: If the token does not exist.
        """
        token = self.active_organization(organization_id).personal_access_tokens.get(token_id)
        if token is None:
            raise _missing_token(token_id)
        return shown_token(token)

    def delete_personal_access_token(self, organization_id: str, token_id: str) -> None:
        """Delete a token.

        An ID that does not exist is not an error unless that behavior was chosen. AWS does not document what the
        service does then. Its model marks the operation as idempotent and declares no ResourceNotFoundException for it.

        Args:
            organization_id: The ID of the organization.
            token_id: The ID of the token.

        Raises:
            ResourceNotFoundException: If the token does not exist and that behavior was chosen.
        """
        tokens = self.active_organization(organization_id).personal_access_tokens
        if chosen("delete_missing") == "ResourceNotFoundException" and tokens.get(token_id) is None:
            raise _missing_token(token_id)
        tokens.remove(token_id)

    def describe_identity_provider_configuration(self, organization_id: str) -> Document:
        """Return the configuration of the identity provider.

        Args:
            organization_id: The ID of the organization.

        Returns:
            The configuration.

        Raises:
            ResourceNotFoundException: If the organization has none.
        """
        configuration = self.active_organization(organization_id).identity_provider_configuration
        if configuration is None:
            raise ResourceNotFoundException(
                f"The organization {organization_id} has no identity provider configuration."
            )
        return configuration

    def put_identity_provider_configuration(self, organization_id: str, configuration: dict[str, Any]) -> None:
        """Replace the configuration of the identity provider.

        Args:
            organization_id: The ID of the organization.
            configuration: The new configuration.
        """
        self.active_organization(organization_id).identity_provider_configuration = configuration

    def delete_identity_provider_configuration(self, organization_id: str) -> None:
        """Delete the configuration of the identity provider.

        Args:
            organization_id: The ID of the organization.
        """
        self.active_organization(organization_id).identity_provider_configuration = None


def _missing_token(token_id: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"The personal access token {token_id} was not found.")


# moto would look up the regions again for each account.
_REGIONS = AccountSpecificBackend("workmail", "", WorkMailBackend, True, None).regions
workmail_backends = BackendDict(WorkMailBackend, "workmail", use_boto3_regions=False, additional_regions=_REGIONS)


def empty() -> None:
    """Empty WorkMail in all accounts and regions of this process, and return to the default behaviors."""
    workmail_backends.clear()
    choose_defaults()
