# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Operations of Amazon WorkMail. Each function takes a client and returns plain data, or raises a ``PatrolError``.

The clients come from a ``Session`` and check replies strictly. See
https://docs.aws.amazon.com/workmail/latest/APIReference/API_Operations.html.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, Iterator, NamedTuple, Sequence

from .._domain.errors import PatrolError, ReplyError
from .._domain.text import quoted
from .._domain.tokens import Organization, Owner
from .assumed import account_of_arn
from .errors import FOREIGN_REPLY, located

# Without botocore, this file can still be imported, and require_boto3 reports the error.
with contextlib.suppress(ImportError):
    from botocore import xform_name


NO_SUCH_RESOURCE = "ResourceNotFoundException"
NO_SUCH_USER = "EntityNotFoundException"

_USER_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[sS](?:-[0-9]+){3,}")


class Page(NamedTuple):
    """A page of a listing.

    The first page has the ``number`` 1. ``items`` are its new entries, with fields under their API names.
    ``next_token`` is the token of the next page, or None for the last page.
    """

    number: int
    items: list[dict[str, Any]]
    next_token: str | None


def list_organizations(client: Any) -> list[Organization]:
    """List every organization of the account in the region of the client, in any state.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_ListOrganizations.html.

    Args:
        client: A client of WorkMail.

    Returns:
        The organizations, without duplicates.

    Raises:
        PatrolError: A page could not be read completely.
    """
    region = client.meta.region_name
    found: list[Organization] = []
    for page in read_pages(client, "ListOrganizations", {}, "OrganizationSummaries", "OrganizationId"):
        found.extend(
            Organization(item["OrganizationId"], item.get("Alias"), region, item["State"]) for item in page.items
        )
    return found


def describe_organization(client: Any, organization_id: str) -> Organization:
    """Describe an organization.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_DescribeOrganization.html.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.

    Returns:
        The organization, with the ID of its account if the reply has its ARN.

    Raises:
        PatrolError: The organization does not exist here (``OrganizationNotFoundException``), or the call failed.
    """
    region = client.meta.region_name
    with located("workmail", "DescribeOrganization", region, organization_id):
        reply = client.describe_organization(OrganizationId=organization_id)
        if reply["OrganizationId"] != organization_id:
            raise ReplyError(f"the reply is about {reply['OrganizationId']}", hint=FOREIGN_REPLY)
    return Organization(organization_id, reply.get("Alias"), region, reply["State"], account_of_arn(reply.get("ARN")))


def list_users(client: Any, organization_id: str) -> dict[str, Owner]:
    """List every user of an organization, including those that are disabled or deleted.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_ListUsers.html.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.

    Returns:
        The users by user ID.

    Raises:
        PatrolError: A page could not be read completely.
    """
    users: dict[str, Owner] = {}
    for page in read_pages(client, "ListUsers", {"OrganizationId": organization_id}, "Users", "Id"):
        for item in page.items:
            users[item["Id"]] = Owner(
                user_id=item["Id"],
                name=item.get("Name"),
                email=item.get("Email"),
                display_name=item.get("DisplayName"),
                state=item.get("State"),
                disabled_date=item.get("DisabledDate"),
                identity_provider_user_id=item.get("IdentityProviderUserId"),
            )
    return users


def is_user_id(user: str) -> bool:
    """Return whether text is a user ID of WorkMail, not a user name or an e-mail address.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_DescribeUser.html.

    Args:
        user: The text.
    """
    return _USER_ID.fullmatch(user) is not None


def describe_user(client: Any, organization_id: str, user: str) -> str:
    """Find the ID of a user by user ID, user name or e-mail address.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.
        user: The user ID, the user name or the primary e-mail address.

    Returns:
        The user ID.

    Raises:
        PatrolError: The user does not exist (``EntityNotFoundException``), the call failed, or the reply is about
            another user.
    """
    with located("workmail", "DescribeUser", client.meta.region_name, organization_id):
        reply = client.describe_user(OrganizationId=organization_id, UserId=user)
        names = ["UserId"] if is_user_id(user) else ["UserId", "Name", "Email"]
        if user.casefold() not in [str(reply.get(name)).casefold() for name in names]:
            raise ReplyError(
                f"the reply is about user {quoted(reply['UserId'])}, which is not known to be {quoted(user)}",
                hint=f"Use the user ID, the user name or the primary e-mail address. {FOREIGN_REPLY}",
            )
    return str(reply["UserId"])


def list_personal_access_tokens(
    client: Any,
    organization_id: str,
    user_id: str | None = None,
    page_size: int = 100,
    max_items: int | None = None,
    next_token: str | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Page]:
    """Read the personal access tokens of an organization, page by page.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_ListPersonalAccessTokens.html.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.
        user_id: The ID of the user whose tokens are read, or None for all users. A reply with a token of another user
            is an error.
        page_size: The maximum number of tokens on a page, 1 to 100.
        max_items: The maximum number of tokens to read, or None to read all tokens.
        next_token: The token of the first page to read, or None to begin with the first page.
        stopped: Called before each request. The listing ends if it returns true.

    Returns:
        The pages. A token that is listed twice is returned once, with its first content. Only the time of its last use
        may differ.

    Raises:
        PatrolError: A page could not be read completely.
    """
    parameters = {"OrganizationId": organization_id}
    if user_id is not None:
        parameters["UserId"] = user_id

    def check(token: dict[str, Any]) -> None:
        if user_id is not None and str(token.get("UserId")).casefold() != user_id.casefold():
            raise ReplyError(
                f"the reply has token {quoted(token.get('PersonalAccessTokenId'))} of user "
                f"{quoted(token.get('UserId'))}, but only tokens of user {quoted(user_id)} were requested",
                hint=FOREIGN_REPLY,
            )

    return read_pages(
        client,
        "ListPersonalAccessTokens",
        parameters,
        "PersonalAccessTokenSummaries",
        "PersonalAccessTokenId",
        ("DateLastUsed",),
        check,
        page_size,
        max_items,
        next_token,
        stopped,
    )


def get_personal_access_token(client: Any, organization_id: str, token_id: str) -> dict[str, Any] | None:
    """Read one token by its ID.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_GetPersonalAccessTokenMetadata.html.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.
        token_id: The ID of the token.

    Returns:
        The fields of the token, as in a listing; None if the organization has no token with this ID.

    Raises:
        PatrolError: The token could not be read, or the reply is about another token.
    """
    try:
        with located("workmail", "GetPersonalAccessTokenMetadata", client.meta.region_name, organization_id):
            reply: dict[str, Any] = client.get_personal_access_token_metadata(
                OrganizationId=organization_id, PersonalAccessTokenId=token_id
            )
            if reply["PersonalAccessTokenId"] != token_id:
                raise ReplyError(f"the reply is about token {reply['PersonalAccessTokenId']}", hint=FOREIGN_REPLY)
    except PatrolError as error:
        if error.error_code == NO_SUCH_RESOURCE:
            return None
        raise
    return {name: value for name, value in reply.items() if name != "ResponseMetadata"}


def read_user(client: Any, organization_id: str, user_id: str) -> Owner | None:
    """Read the current state of a user.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.
        user_id: The user ID.

    Returns:
        The user, or None if the organization has no user with this ID.

    Raises:
        PatrolError: The user could not be read, or the reply is about another user.
    """
    try:
        with located("workmail", "DescribeUser", client.meta.region_name, organization_id):
            reply = client.describe_user(OrganizationId=organization_id, UserId=user_id)
            if reply["UserId"] != user_id:
                raise ReplyError(f"the reply is about user {reply['UserId']}", hint=FOREIGN_REPLY)
            if not reply.get("State"):
                raise ReplyError("the reply has no state of the user", hint=FOREIGN_REPLY)
    except PatrolError as error:
        if error.error_code == NO_SUCH_USER:
            return None
        raise
    return Owner(
        user_id=user_id,
        name=reply.get("Name"),
        email=reply.get("Email"),
        display_name=reply.get("DisplayName"),
        state=reply["State"],
        disabled_date=reply.get("DisabledDate"),
        identity_provider_user_id=reply.get("IdentityProviderUserId"),
    )


def delete_personal_access_token(client: Any, organization_id: str, token_id: str) -> None:
    """Request the deletion of a token.

    The reply does not show whether the token existed or was deleted. Read the token afterward to find out.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_DeletePersonalAccessToken.html.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.
        token_id: The ID of the token.

    Raises:
        PatrolError: The call failed. The token may be deleted nevertheless.
    """
    with located("workmail", "DeletePersonalAccessToken", client.meta.region_name, organization_id):
        client.delete_personal_access_token(OrganizationId=organization_id, PersonalAccessTokenId=token_id)


def describe_identity_provider_configuration(client: Any, organization_id: str) -> dict[str, Any] | None:
    """Read the configuration of the identity provider of an organization.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_DescribeIdentityProviderConfiguration.html.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.

    Returns:
        The configuration under its API names; None if the organization has no configuration.

    Raises:
        PatrolError: The configuration could not be read.
    """
    try:
        with located("workmail", "DescribeIdentityProviderConfiguration", client.meta.region_name, organization_id):
            reply = client.describe_identity_provider_configuration(OrganizationId=organization_id)
    except PatrolError as error:
        if error.error_code == NO_SUCH_RESOURCE:
            return None
        raise
    return {name: value for name, value in reply.items() if name != "ResponseMetadata"}


def put_identity_provider_configuration(client: Any, organization_id: str, configuration: dict[str, Any]) -> None:
    """Request the replacement of the complete configuration of the identity provider.

    See https://docs.aws.amazon.com/workmail/latest/APIReference/API_PutIdentityProviderConfiguration.html.

    Args:
        client: A client of WorkMail in the region of the organization.
        organization_id: The ID of the organization.
        configuration: The new configuration under its API names.

    Raises:
        PatrolError: The call failed. The configuration may be replaced nevertheless.
    """
    with located("workmail", "PutIdentityProviderConfiguration", client.meta.region_name, organization_id):
        client.put_identity_provider_configuration(OrganizationId=organization_id, **configuration)


_PAGINATION = "PaginationException"

# AWS documents neither the maximum number of pages nor whether a page can be empty. At the largest page size, the first
# limit allows 10,000 consecutive entries that the service filters out, which is ten times the default number of users
# in an organization. The second limit allows 10,000,000 entries in total.
_MOST_PAGES_WITHOUT_NEWS = 100
_MOST_PAGES = 100_000


class _Entries:
    """The entries of a listing that were already read, to recognize duplicates.

    While a listing is read, an entry can move to a later page and be listed twice.

    Args:
        key: The field that identifies an entry. An entry without this field is never a duplicate.
        changing: The fields that may differ between two copies of an entry.
    """

    def __init__(self, key: str, changing: Sequence[str]) -> None:
        self._key = key
        self._changing = changing
        self._digests: dict[str, int] = {}
        self._without_key: set[int] = set()
        self._quiet_pages = 0

    def new_of(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the entries of a page that were not listed before.

        Raises:
            ReplyError: An entry was listed before with different content, or too many pages in a row had no new entry.
        """
        news, first = [], False
        for item in items:
            key, digest = item.get(self._key), self._digest(item)
            if key is None:
                first = first or digest not in self._without_key
                self._without_key.add(digest)
                news.append(item)
            elif key not in self._digests:
                self._digests[key] = digest
                first = True
                news.append(item)
            elif self._digests[key] != digest:
                raise ReplyError(
                    f"the entry {quoted(key)} is listed again with different content",
                    error_code=_PAGINATION,
                    hint="It may have changed while it was read. Run it again.",
                )
        self._quiet_pages = 0 if first else self._quiet_pages + 1
        if self._quiet_pages > _MOST_PAGES_WITHOUT_NEWS:
            raise _paging_error(f"the last {self._quiet_pages} pages have no new entry, so the listing may never end")
        return news

    def _digest(self, item: dict[str, Any]) -> int:
        # A hash needs less memory than the entry. The frozenset ignores the order of the fields.
        fields = {name: value for name, value in item.items() if name not in self._changing}
        for name, value in fields.items():
            if isinstance(value, list):
                fields[name] = tuple(value)
        try:
            return hash(frozenset(fields.items()))
        except TypeError:
            # A value is or contains a mapping, which has no hash.
            return hash(repr(sorted(fields.items())))


def read_pages(
    client: Any,
    operation: str,
    parameters: dict[str, Any],
    items_key: str,
    key: str,
    changing: Sequence[str] = (),
    check: Callable[[dict[str, Any]], None] = lambda item: None,
    page_size: int = 100,
    max_items: int | None = None,
    next_token: str | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Page]:
    """Read a listing page by page.

    The paginator of botocore is not used: it ends silently at an empty page token, and never ends if tokens alternate.

    Args:
        client: A client that checks replies strictly.
        operation: The operation.
        parameters: The parameters of the operation, except for paging.
        items_key: The field of the reply that has the entries.
        key: The field that identifies an entry.
        changing: The fields that may differ between two copies of an entry.
        check: Checks an entry, and raises a ``PatrolError`` if it is not valid.
        page_size: The maximum number of entries on a page.
        max_items: The maximum number of entries to read, or None to read all entries.
        next_token: The token of the first page to read, or None to begin with the first page.
        stopped: Called before each request. The listing ends if it returns true.

    Returns:
        The pages.

    Raises:
        PatrolError: A page could not be read completely.
    """
    service = client.meta.service_model.service_name
    call = getattr(client, xform_name(operation))
    seen: set[str] = set() if next_token is None else {next_token}
    entries = _Entries(key, changing)
    number, remaining = 0, max_items
    items: list[dict[str, Any]] = []
    while not stopped():
        number += 1
        size = page_size if remaining is None else min(page_size, remaining)
        request = {**parameters, "MaxResults": size}
        if next_token is not None:
            request["NextToken"] = next_token
        with located(service, operation, client.meta.region_name, parameters.get("OrganizationId"), number):
            if number > _MOST_PAGES:
                raise _paging_error(f"the listing has more than {_MOST_PAGES} pages")
            reply = call(**request)
            next_token = _new_token(reply, seen)
            if items and items == reply[items_key]:
                raise _paging_error("the page repeats the one before it")
            items = reply[items_key]
            for item in items:
                check(item)
            news = entries.new_of(items)
        yield Page(number, news, next_token)
        if remaining is not None:
            remaining -= len(items)
        if next_token is None or (remaining is not None and remaining <= 0):
            return


def _paging_error(problem: str) -> ReplyError:
    return ReplyError(problem, error_code=_PAGINATION, hint=f"Run it again. {FOREIGN_REPLY}")


def _new_token(reply: dict[str, Any], seen: set[str]) -> str | None:
    token: str | None = reply.get("NextToken")
    if token is None:
        return None
    if not token:
        raise _paging_error("NextToken is empty, so the listing may be incomplete")
    if token in seen:
        raise _paging_error("NextToken is repeated, so the listing would never end")
    seen.add(token)
    return token
