# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""From targets (regions x organizations x users) to tokens: completely, or an error."""

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
    """How many tokens there are, and how many of them are selected, expired, never used."""

    tokens: int = 0
    selected: int = 0
    expired: int = 0
    never_used: int = 0

    def add(self, other: Tally) -> None:
        """Count another tally's tokens in."""
        self.tokens += other.tokens
        self.selected += other.selected
        self.expired += other.expired
        self.never_used += other.never_used


class SweptOrganization(NamedTuple):
    """An organization, the tally of its tokens that were read, if any were, and whether these are all of them."""

    organization: Organization
    tally: Tally | None
    complete: bool


class Sweep(NamedTuple):
    """What a sweep found.

    ``accounts`` are those found, also those that cannot be read. ``tokens`` are the selected ones in order. ``missing``
    are the names that the service does not know, if these are skipped. ``errors`` say what was not read. ``owners`` are
    the users of each organization by user ID, if they were to be kept; None if they could not be read.
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
        """Whether every page of every target was read: what was not has an error."""
        return not self.errors


class _Target(NamedTuple):
    """A listing to read: of all users of an organization, or of one who was asked for under these names."""

    organization: Organization
    user_id: str | None = None
    users: Sequence[str] = ()


class _Listing(NamedTuple):
    """A listing that was read; ``known`` is false where the organization does not know the user."""

    tokens: Sequence[Token]
    tally: Tally
    next_token: str | None
    known: bool = True


class _Directory:
    """The users of an organization, read for the first of its listings and dropped after the last one.

    Args:
        read: Reads the users by user ID.
        listings: How many listings need them.
        keep: Whether to keep them after the last one.
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
        """Give the users to a listing; None if they could not be read, which one of the listings has reported.

        Raises:
            PatrolError: They cannot be read.
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
        options: What to read, and which tokens to keep.
        session: Where and as whom.
        keep_owners: Whether to return the users of each organization. Otherwise only the owners of the tokens that are
            kept stay in memory.

    Returns:
        The sweep.

    Raises:
        PatrolError: A target could not be read completely; with ``options.keep_going`` it is among ``errors`` instead.
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
    """Say what a part of a listing lacks, if the caller pages through it by hand. It was asked for: nothing failed."""
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
    """Find the regions that have a client, and the accounts whose role was assumed: each failure is one error."""
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
    """Find the account of organizations from the ARN of one of them. It is not known if that is not permitted."""
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
    """Make the directory of each organization that has a listing; it is empty if owners are not wanted."""

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
    """Read one listing to its end, keeping the tokens that are selected."""
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
        # Only the first word on a user id can be that there is no such user. Later, tokens would go missing.
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
    """Return the users that no organization knows. They are a failure unless they are to be skipped."""
    # Where an organization could not be read, an unknown user may be one of its users.
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
