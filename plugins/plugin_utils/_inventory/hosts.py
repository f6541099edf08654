# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The hosts that a snapshot contains, with their variables and groups."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import Any, NamedTuple

from ...module_utils._domain.errors import PatrolError
from ...module_utils._domain.times import format_instant
from ...module_utils._domain.tokens import (
    Organization,
    Owner,
    Token,
    in_order,
    record_of_owner,
    to_record,
)
from ...module_utils._sweep.accounts import is_account_id
from .options import ACCOUNTS, ORGANIZATIONS, TOKENS, USERS, InventoryOptions
from .snapshot import AccountSnapshot, OrganizationSnapshot, Snapshot

# The group of all hosts of the plugin. It exists only if a source was read.
EVERY_HOST = "workmail_pat"

_NOT_OF_A_VARIABLE = re.compile(r"[^A-Za-z0-9_]")
_ALIAS = re.compile(r"(?!m-)[0-9a-zA-Z]+(?:-[0-9a-zA-Z]+)*")


class Host(NamedTuple):
    """A host of the inventory.

    Args:
        name: The default name. It may be invalid in Ansible, and other hosts may have it as well.
        identity: The kind and the IDs of the object that the host represents.
        variables: The variables by name without the prefix.
        groups: The built-in groups.
    """

    name: str
    identity: Sequence[Any]
    variables: dict[str, Any]
    groups: Sequence[str]


class Hosts(NamedTuple):
    """The hosts of the inventory, and the errors because of which hosts can be missing.

    Args:
        hosts: The hosts, in order.
        errors: The errors of the snapshot and of the selection.
        groups: The built-in groups that exist even without a host.
    """

    hosts: Sequence[Host]
    errors: Sequence[PatrolError]
    groups: Sequence[str]


def make_hosts(snapshot: Snapshot, options: InventoryOptions) -> Hosts:
    """Select tokens, and make the hosts.

    Args:
        snapshot: The accounts and the organizations with their tokens, as they were read.
        options: The kind of the hosts, the conditions of the selection, and the instant to judge at.

    Returns:
        The hosts with the errors and groups.

    Raises:
        PatrolError: A condition cannot be judged. With ``on_error=continue`` it is among the errors instead.
    """
    errors = list(snapshot.errors)
    selections = [_select(part, options, errors) for part in snapshot.organizations]
    # An account that was not read completely can have tokens that are missing from the hosts.
    incomplete = {each.account.id for each in snapshot.accounts if each.complete is False}
    incomplete |= {part.organization.account_id for part, _selected in selections if not part.complete}
    hosts: list[Host] = []
    if options.hosts == ACCOUNTS:
        hosts += [_host_of_account(each, selections, incomplete, errors, options) for each in snapshot.accounts]
    else:
        make = {USERS: _hosts_of_users, TOKENS: _hosts_of_tokens, ORGANIZATIONS: _hosts_of_organizations}[options.hosts]
        for part, selected in selections:
            about = [error.as_result() for error in errors if error.organization_id == part.organization.id]
            hosts += [_add_common_variables(part, host, incomplete) for host in make(part, selected, about, options)]
    if not options.builtin_groups:
        return Hosts([host._replace(groups=[]) for host in hosts], errors, [])
    groups = [EVERY_HOST]
    for account_id in sorted(incomplete, key=str):
        groups += _group_names(_account_labels(account_id, incomplete))
    return Hosts(hosts, errors, groups)


def _select(
    part: OrganizationSnapshot, options: InventoryOptions, errors: list[PatrolError]
) -> tuple[OrganizationSnapshot, Sequence[Token]]:
    """Select the tokens of an organization, or mark it as incomplete and add the error."""
    try:
        return part, [token for token in part.tokens if options.sweep.select.matches(token, options.sweep.as_of)]
    except PatrolError as error:
        organization = part.organization
        error.at(organization.id, organization.region, account_id=organization.account_id)
        if not options.sweep.keep_going:
            raise
        errors.append(error)
        return part._replace(complete=False), []


def _host_of_account(
    snapshot: AccountSnapshot,
    selections: Sequence[tuple[OrganizationSnapshot, Sequence[Token]]],
    incomplete: Container[str | None],
    errors: Sequence[PatrolError],
    options: InventoryOptions,
) -> Host:
    account = snapshot.account
    own = [(part, selected) for part, selected in selections if part.organization.account_id == account.id]
    complete = None if snapshot.complete is None else account.id not in incomplete
    figures: dict[str, Any] = {
        "organizations": len(own),
        **_count_tokens(
            [token for part, _selected in own for token in part.tokens],
            [token for _part, selected in own for token in selected],
            options.sweep.as_of,
        ),
    }
    if not complete:
        figures = dict.fromkeys(figures)
    parts = {part.organization: part for part, _selected in own}
    labels = _account_labels(account.id, incomplete)
    labels += [name for name in ("expired", "never_used") if figures[name]]
    if complete is False:
        labels.append("incomplete")
    # A name that looks like an ID could be mistaken for another account.
    named = account.name and not is_account_id(account.name)
    return Host(
        (account.name if named else account.id) or "unknown",
        [ACCOUNTS, account.id, account.role_arn],
        {
            "account_id": account.id,
            "account_name": account.name,
            "account_state": account.state,
            "account_role_arn": account.role_arn,
            "account_organizations": [
                _record_of_organization(organization, parts.get(organization))
                for organization in snapshot.organizations
            ],
            "complete": complete,
            "errors": [] if complete is not False else _errors_in(account.id, errors),
            **figures,
        },
        [EVERY_HOST, *_group_names(labels)],
    )


def _errors_in(account_id: str | None, errors: Sequence[PatrolError]) -> list[dict[str, Any]]:
    """Return the errors of an account, including errors without an account, which can be about any account."""
    return [error.as_result() for error in errors if error.account_id in (None, account_id)]


def _record_of_organization(organization: Organization, part: OrganizationSnapshot | None) -> dict[str, Any]:
    return {
        "id": organization.id,
        "alias": organization.alias,
        "region": organization.region,
        "state": organization.state,
        "complete": part and part.complete,
        "tokens": len(part.tokens) if part and part.complete else None,
    }


def _hosts_of_tokens(
    part: OrganizationSnapshot, selected: Sequence[Token], errors: list[Any], options: InventoryOptions
) -> Iterator[Host]:
    for token in in_order(selected):
        # A field that AWS adds never replaces one of ours, not even the owner, which is not in every record.
        other = {_NOT_OF_A_VARIABLE.sub("_", key): value for key, value in (token.other or {}).items()}
        other.pop("owner", None)
        record = {**other, **to_record(token._replace(other=None), options.sweep.as_of)}
        groups = [name for name in ("expired", "never_used") if record[name]]
        yield Host(
            f"{_organization_label(part)}.{token.personal_access_token_id or 'unknown'}",
            [TOKENS, *_ids(part), token.personal_access_token_id, token.user_id, token.name, token.date_created],
            record,
            groups + _owner_groups(token.owner),
        )


def _hosts_of_users(
    part: OrganizationSnapshot, selected: Sequence[Token], errors: list[Any], options: InventoryOptions
) -> Iterator[Host]:
    held: dict[str | None, list[Token]] = {}
    chosen: dict[str | None, list[Token]] = {}
    owners = {user.user_id: user for user in part.users or []}
    for token in part.tokens:
        held.setdefault(token.user_id, []).append(token)
        owners.setdefault(token.user_id, token.owner or Owner(token.user_id))
    for token in selected:
        chosen.setdefault(token.user_id, []).append(token)
    for user_id in sorted(owners if options.include_without_tokens else chosen, key=lambda key: key or ""):
        owner = owners[user_id]
        figures = _count_tokens(held.get(user_id, []), chosen.get(user_id, []), options.sweep.as_of)
        yield Host(
            f"{_organization_label(part)}.{owner.name or user_id or 'unknown'}",
            [USERS, *_ids(part), user_id],
            {
                "user_id": user_id,
                "owner": record_of_owner(owner),
                "personal_access_tokens": [
                    to_record(token, options.sweep.as_of) for token in in_order(chosen.get(user_id, []))
                ],
                **figures,
            },
            [name for name in ("expired", "never_used") if figures[name]] + _owner_groups(owner),
        )


def _hosts_of_organizations(
    part: OrganizationSnapshot, selected: Sequence[Token], errors: list[Any], options: InventoryOptions
) -> Iterator[Host]:
    figures = _count_tokens(part.tokens, selected, options.sweep.as_of)
    if not part.complete:
        figures = dict.fromkeys(figures)
    yield Host(
        _organization_label(part),
        [ORGANIZATIONS, *_ids(part)],
        {"state": part.organization.state, "settings": part.settings, "errors": errors, **figures},
        [name for name in ("expired", "never_used") if figures[name]],
    )


def _count_tokens(tokens: Sequence[Token], selected: Sequence[Token], as_of: int) -> dict[str, Any]:
    """Count tokens as the summary of ``workmail_pat_info`` does, and find the next expiry and the last use."""
    upcoming = [token.expires_time for token in tokens if token.expires_time is not None and token.expires_time > as_of]
    used = [token.date_last_used for token in tokens if token.date_last_used is not None]
    return {
        "tokens": len(tokens),
        "selected": len(selected),
        "expired": sum(token.expired(as_of) for token in tokens),
        "never_used": sum(token.date_last_used is None for token in tokens),
        "next_expiry": format_instant(min(upcoming, default=None)),
        "last_use": format_instant(max(used, default=None)),
    }


def _add_common_variables(part: OrganizationSnapshot, host: Host, incomplete: Container[str | None]) -> Host:
    organization = part.organization
    variables = {
        **host.variables,
        "account_id": organization.account_id,
        "account_name": organization.account_name,
        "account_complete": organization.account_id not in incomplete,
        "organization_id": organization.id,
        "organization_alias": organization.alias,
        "region": organization.region,
        "complete": part.complete,
    }
    labels = _account_labels(organization.account_id, incomplete)
    labels += [f"organization_{_organization_label(part)}", f"region_{organization.region}", *host.groups]
    if not part.complete:
        labels.append("incomplete")
    return host._replace(variables=variables, groups=[EVERY_HOST, *_group_names(labels)])


def _account_labels(account_id: str | None, incomplete: Container[str | None]) -> list[str]:
    labels = [] if account_id is None else [f"account_{account_id}"]
    return [*labels, "account_incomplete"] if account_id in incomplete else labels


def _group_names(labels: Sequence[str]) -> list[str]:
    return [f"workmail_{_NOT_OF_A_VARIABLE.sub('_', label)}" for label in labels]


def _owner_groups(owner: Owner | None) -> list[str]:
    return [f"owner_{owner.state.lower()}"] if owner is not None and owner.state else []


def _organization_label(part: OrganizationSnapshot) -> str:
    # If an alias that AWS would not accept were made valid, it could be mistaken for another organization.
    alias = part.organization.alias
    return alias if alias and _ALIAS.fullmatch(alias) else part.organization.id


def _ids(part: OrganizationSnapshot) -> tuple[str, str]:
    return part.organization.region, part.organization.id
