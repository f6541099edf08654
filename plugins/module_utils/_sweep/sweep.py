# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The sweep, which reads every token of every target.

A target is an organization, or a user of an organization. A target that cannot be read completely is an error.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Sequence

from .._domain.accounts import Account
from .._domain.errors import OptionError, PatrolError, in_account
from .._domain.tokens import Organization, Owner, Token, in_order, owner_of, token_from_summary
from .._workmail import operations
from .._workmail.session import Session
from .accounts import find_accounts
from .concurrency import WorkerPool
from .options import SweepOptions
from .organizations import Place, discover

PAGED = "PagedByHandException"
_NO_SUCH_USER = "EntityNotFoundException"

Owners = Optional[Mapping[str, Owner]]


@dataclasses.dataclass
class Tally:
    """The numbers of tokens: all tokens, and those that are selected, expired, or never used."""

    tokens: int = 0
    selected: int = 0
    expired: int = 0
    never_used: int = 0

    def add(self, other: Tally) -> None:
        """Add the numbers of another tally."""
        self.tokens += other.tokens
        self.selected += other.selected
        self.expired += other.expired
        self.never_used += other.never_used


class SweptOrganization(NamedTuple):
    """An organization in the result of a sweep.

    ``tally`` counts the tokens that were read; None if none were read. ``complete`` is whether all tokens were read.
    """

    organization: Organization
    tally: Tally | None
    complete: bool


class Sweep(NamedTuple):
    """The result of a sweep.

    ``accounts`` includes accounts that cannot be read. ``tokens`` are the selected tokens, sorted. ``errors`` has an
    error for each part that was not read. ``missing`` are the skipped names, which do not exist in the service.
    ``next_token`` is the token of the next page, if the caller pages through a listing. ``owners`` are the users of
    each organization by user ID; None if they were not kept or could not be read.
    """

    accounts: Sequence[Account]
    organizations: Sequence[SweptOrganization]
    tokens: Sequence[Token]
    errors: Sequence[PatrolError]
    missing: Sequence[str]
    next_token: str | None
    owners: Mapping[Organization, Owners]

    @property
    def complete(self) -> bool:
        """Whether every page of every target was read. Each part that was not has an error."""
        return not self.errors


class _Target(NamedTuple):
    """A listing to read: the tokens of an organization, or of one of its users.

    ``user_id`` is None for all users. ``users`` are the names in the option ``users`` that belong to this user.
    """

    organization: Organization
    user_id: str | None = None
    users: Sequence[str] = ()


class _Listing(NamedTuple):
    """A listing that was read. ``known`` is false if the user does not exist in the organization."""

    tokens: Sequence[Token]
    tally: Tally
    next_token: str | None
    known: bool = True


class _Directory:
    """The users of an organization, which are read before its first listing and dropped after its last listing.

    Args:
        read: Returns the users by user ID.
        listings: The number of listings of the organization.
        keep: Whether to keep the users after the last listing.
    """

    def __init__(self, read: Callable[[], Mapping[str, Owner]], listings: int, keep: bool) -> None:
        self._read = read
        self._listings = listings
        self._keep = keep
        self._asked = False
        self._lock = threading.Lock()
        self.owners: Owners = None

    @contextlib.contextmanager
    def use(self) -> Iterator[Owners]:
        """Provide the users to a listing.

        Returns:
            The users by user ID; None if an earlier listing has tried to read them and reported the error.

        Raises:
            PatrolError: The users cannot be read.
        """
        with self._lock:
            if not self._asked:
                self._asked = True
                self.owners = self._read()
        try:
            yield self.owners
        finally:
            with self._lock:
                self._listings -= 1
                if not self._listings and not self._keep:
                    self.owners = None


def sweep(options: SweepOptions, session: Session, keep_owners: bool = False) -> Sweep:
    """Read every token of every target.

    Args:
        options: The options of the sweep.
        session: The session, with its regions and its role.
        keep_owners: Whether to return the users of each organization. If false, only the owners of selected tokens stay
            in memory.

    Returns:
        The result of the sweep.

    Raises:
        PatrolError: A target could not be read completely. If ``options.keep_going`` is set, the error is added to
            ``Sweep.errors`` instead.
    """
    calls = WorkerPool(options.concurrency, options.keep_going)
    accounts = find_accounts(options.accounts, session, options.role)
    organizations, missing = discover(options, session, _places(accounts, session, calls), calls)
    if options.accounts is None:
        account_id = accounts[0].id or _find_account(organizations, session)
        accounts = [accounts[0]._replace(id=account_id)]
        organizations = [organization._replace(account_id=account_id) for organization in organizations]
    readable = [organization for organization in organizations if organization.readable]
    targets = _targets(options, readable, session, calls)
    directories = _directories(options, targets, session, keep_owners)

    def read(target: _Target) -> _Listing | None:
        organization = target.organization
        with in_account(organization.account_id), directories[organization].use() as owners:
            if owners is None:
                return None
            return _read(target, options, _client(session, organization), owners, calls)

    listings = calls.each(read, targets)
    unread = {error.organization_id for error in calls.errors}
    missing += _unknown_users(options, readable, targets, listings, calls)

    tallies = {organization: Tally() for organization in readable if organization.id not in unread}
    for target, listing in zip(targets, listings):
        if listing is not None:
            tallies.setdefault(target.organization, Tally()).add(listing.tally)
    read_through = [listing for listing in listings if listing is not None]
    next_token = read_through[0].next_token if options.manual_paging and read_through else None
    return Sweep(
        accounts=accounts,
        organizations=[
            SweptOrganization(
                organization, tallies.get(organization), organization in tallies and organization.id not in unread
            )
            for organization in organizations
        ],
        tokens=in_order([token for listing in read_through for token in listing.tokens]),
        errors=[*calls.errors, *_not_read_by_hand(options, organizations, next_token)],
        missing=missing,
        next_token=next_token,
        owners={organization: directory.owners for organization, directory in directories.items()},
    )


def _not_read_by_hand(
    options: SweepOptions, organizations: Sequence[Organization], next_token: str | None
) -> list[PatrolError]:
    """Return an error for the pages that were not read because the caller pages through the listing by hand.

    The error is not raised, because the caller asked for a part of the listing and no call failed.
    """
    lacking = []
    if options.next_token is not None:
        lacking.append("before next_token")
    if next_token is not None:
        lacking.append("after the last page that was read")
    if not lacking:
        return []
    place = organizations[0] if organizations else None
    return [
        PatrolError(
            f"the listing was paged by hand, so the tokens {' and '.join(lacking)} were not read",
            error_code=PAGED,
            account_id=place and place.account_id,
            organization_id=place and place.id,
            region=place and place.region,
            hint="To read all tokens, omit max_items and next_token.",
        )
    ]


def _client(session: Session, organization: Organization) -> Any:
    return session.client(organization.region, organization.account_id)


def _places(accounts: Sequence[Account], session: Session, calls: WorkerPool) -> list[Place]:
    """Return the places to read: each region in which a client can be created, in each account whose role was assumed.

    Checking both before any listing reports each problem once, not once per listing.
    """
    regions = []
    for region in session.regions:
        try:
            session.client(region)
        except OptionError:
            raise
        except PatrolError as error:
            calls.record_failure(error)
        else:
            regions.append(region)

    def assume(account: Account) -> Account:
        with in_account(account.id):
            session.assume(account.id)
        return account

    assumed = calls.each(assume, [account for account in accounts if account.readable] if regions else [])
    return [Place(account.id, region, account.name) for account in assumed if account is not None for region in regions]


def _find_account(organizations: Sequence[Organization], session: Session) -> str | None:
    """Return the account ID of the organizations; None if the credentials may not describe an organization."""
    for organization in organizations:
        if organization.account_id is not None:
            return organization.account_id
    if not organizations:
        return None
    try:
        return operations.describe_organization(_client(session, organizations[0]), organizations[0].id).account_id
    except PatrolError:
        return None


def _directories(
    options: SweepOptions, targets: Sequence[_Target], session: Session, keep: bool
) -> dict[Organization, _Directory]:
    """Make the directory of each organization with a listing. If owners are not requested, directories are empty."""

    def reader(organization: Organization) -> Callable[[], Mapping[str, Owner]]:
        if not options.owners:
            return dict
        return lambda: operations.list_users(_client(session, organization), organization.id)

    listings = collections.Counter(target.organization for target in targets)
    return {organization: _Directory(reader(organization), count, keep) for organization, count in listings.items()}


def _targets(
    options: SweepOptions, organizations: Sequence[Organization], session: Session, calls: WorkerPool
) -> list[_Target]:
    if not options.users:
        return [_Target(organization) for organization in organizations]

    def user_id(place: tuple[Organization, str]) -> str | None:
        organization, user = place
        if operations.is_user_id(user):
            return user
        try:
            with in_account(organization.account_id):
                return operations.describe_user(_client(session, organization), organization.id, user)
        except PatrolError as error:
            if error.error_code == _NO_SUCH_USER:
                return None
            raise

    places = [(organization, user) for organization in organizations for user in options.users]
    names: dict[tuple[Organization, str], list[str]] = {}
    for (organization, user), found in zip(places, calls.each(user_id, places)):
        if found is not None:
            names.setdefault((organization, found), []).append(user)
    return [_Target(organization, found, users) for (organization, found), users in names.items()]


def _read(
    target: _Target, options: SweepOptions, client: Any, owners: Mapping[str, Owner], calls: WorkerPool
) -> _Listing:
    """Read one listing completely, and return the selected tokens."""
    organization, as_of, matches = target.organization, options.as_of, options.select.matches
    tokens: list[Token] = []
    tally = Tally()
    next_token = None
    try:
        for page in operations.list_personal_access_tokens(
            client,
            organization.id,
            target.user_id,
            options.page_size,
            options.max_items,
            options.next_token,
            calls.stopped,
        ):
            next_token = page.next_token
            for summary in page.items:
                owner = owner_of(summary.get("UserId"), owners) if options.owners else None
                token = token_from_summary(summary, organization, owner)
                tally.tokens += 1
                tally.expired += token.expired(as_of)
                tally.never_used += token.date_last_used is None
                if matches(token, as_of):
                    tokens.append(token)
    except PatrolError as error:
        # A user who does not exist is only plausible on the first page, and only if the name of the user is a user ID,
        # which was not looked up. Any other such error means that tokens could not be read.
        unheard_of = error.page == 1 and all(operations.is_user_id(user) for user in target.users)
        if error.error_code == _NO_SUCH_USER and target.user_id is not None and unheard_of:
            return _Listing([], Tally(), None, known=False)
        raise
    tally.selected = len(tokens)
    return _Listing(tokens, tally, next_token)


def _unknown_users(
    options: SweepOptions,
    organizations: Sequence[Organization],
    targets: Sequence[_Target],
    listings: Sequence[_Listing | None],
    calls: WorkerPool,
) -> list[str]:
    """Return the users that do not exist in any organization, and record an error for each unless it is skipped."""
    # After an error, a user who was not found may belong to an organization that could not be read.
    if calls.errors:
        return []
    known = {user for target, listing in zip(targets, listings) if listing and listing.known for user in target.users}
    unknown = [user for user in options.users if user not in known]
    for user in unknown:
        if not options.skip_missing:
            calls.record_failure(
                PatrolError(
                    f"no organization that was read has a user {user}",
                    error_code=_NO_SUCH_USER,
                    organization_id=organizations[0].id if len(organizations) == 1 else None,
                    region=", ".join(sorted({organization.region for organization in organizations})),
                    hint="Use the user ID, user name or e-mail address of a user of these organizations.",
                )
            )
    return [f"user {user}" for user in unknown]
