# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The hosts that a snapshot contains, with their variables and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...module_utils._domain.errors import PatrolError
from ...module_utils._domain.times import format_instant
from ...module_utils._domain.tokens import (
    Owner,
    Token,
    in_order,
    record_of_owner,
    to_record,
)
from .options import ORGANIZATIONS, TOKENS, USERS, InventoryOptions
from .snapshot import OrganizationSnapshot, Snapshot

# The group of all hosts of the plugin. It exists only if a source was read.
EVERY_HOST = "workmail_pat"

_NOT_OF_A_VARIABLE = re.compile(r"[^A-Za-z0-9_]")
_ALIAS = re.compile(r"(?!m-)[0-9a-zA-Z]+(?:-[0-9a-zA-Z]+)*")


class Host(NamedTuple):
    """A host of the inventory.

    Args:
        name: The default name. It may be invalid in Ansible, and other hosts may have it as well.
        identity: The kind and the IDs of what the host stands for.
        variables: The variables by name without the prefix.
        groups: The built-in groups.
    """

    name: str
    identity: Sequence[Any]
    variables: dict[str, Any]
    groups: Sequence[str]


def make_hosts(snapshot: Snapshot, options: InventoryOptions) -> tuple[list[Host], list[PatrolError]]:
    """Select tokens, and make the hosts.

    Args:
        snapshot: The organizations with their tokens, as they were read.
        options: The kind of the hosts, the conditions of the selection, and the instant to judge at.

    Returns:
        The hosts in order, and the errors because of which they are incomplete: those of the snapshot, and those of the
        selection.

    Raises:
        PatrolError: A condition cannot be judged. With ``on_error=continue`` it is among the errors instead.
    """
    hosts: list[Host] = []
    errors = list(snapshot.errors)
    make = {USERS: _hosts_of_users, TOKENS: _hosts_of_tokens, ORGANIZATIONS: _hosts_of_organizations}[options.hosts]
    for part in snapshot.organizations:
        selected: list[Token] = []
        try:
            selected = [token for token in part.tokens if options.sweep.select.matches(token, options.sweep.as_of)]
        except PatrolError as error:
            error.at(part.organization.id, part.organization.region)
            if not options.sweep.keep_going:
                raise
            errors.append(error)
            part = part._replace(complete=False)
        about = [error.as_result() for error in errors if error.organization_id == part.organization.id]
        hosts.extend(_add_common_variables(part, host, options) for host in make(part, selected, about, options))
    return hosts, errors


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


def _add_common_variables(part: OrganizationSnapshot, host: Host, options: InventoryOptions) -> Host:
    organization = part.organization
    variables = {
        **host.variables,
        "organization_id": organization.id,
        "organization_alias": organization.alias,
        "region": organization.region,
        "complete": part.complete,
    }
    labels = [f"organization_{_organization_label(part)}", f"region_{organization.region}", *host.groups]
    if not part.complete:
        labels.append("incomplete")
    groups = [f"workmail_{_NOT_OF_A_VARIABLE.sub('_', name)}" for name in labels] if options.builtin_groups else []
    return host._replace(variables=variables, groups=[EVERY_HOST, *groups] if options.builtin_groups else [])


def _owner_groups(owner: Owner | None) -> list[str]:
    return [f"owner_{owner.state.lower()}"] if owner is not None and owner.state else []


def _organization_label(part: OrganizationSnapshot) -> str:
    # Made valid, an alias that AWS would not accept could be mistaken for another organization.
    alias = part.organization.alias
    return alias if alias and _ALIAS.fullmatch(alias) else part.organization.id


def _ids(part: OrganizationSnapshot) -> tuple[str, str]:
    return part.organization.region, part.organization.id
