# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""From what was fetched to hosts: which there are, how they are called, what they know, which groups they are in."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import ansible.template
from ansible.constants import INTERNAL_STATIC_VARS
from ansible.utils.unsafe_proxy import wrap_var
from ansible.vars.reserved import get_reserved_names

from ...module_utils._domain.errors import OptionError, PatrolError
from ...module_utils._domain.text import quoted
from ...module_utils._domain.times import format_instant
from ...module_utils._domain.tokens import (
    Owner,
    Token,
    in_order,
    record_of_owner,
    to_record,
)
from ...module_utils._sweep.options import SweepOptions, parse_sweep_options
from .snapshot import OrganizationSnapshot, Snapshot

USERS, TOKENS, ORGANIZATIONS = "users", "tokens", "organizations"

# What M(parse_inventory_options) reads.
OPTIONS = (
    *("organizations", "users", "regions", "select", "as_of", "owners", "page_size", "on_error", "concurrency"),
    *("assume_role_arn", "assume_role_external_id"),
    *("hosts", "include_without_tokens", "hostnames", "hostvars_prefix", "builtin_groups"),
)

# The group of all hosts of the plugin; it is there only where a source was read.
EVERY_HOST = "workmail_pat"

# The variable that decides how Ansible connects to a host; everything that begins like it is Ansible's.
CONNECTION = "ansible_connection"

_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NOT_OF_A_HOST = re.compile(r"^[-.@+]|[^\w.@+-]")
_NOT_OF_A_GROUP = re.compile(r"[^A-Za-z0-9_]")
_ALIAS = re.compile(r"(?!m-)[0-9a-zA-Z]+(?:-[0-9a-zA-Z]+)*")
# Names that mean something else to Ansible.
_TAKEN_BY_ANSIBLE = ("all", "ungrouped", "localhost", "127.0.0.1")
# Braces make a template, and "#" begins "#jinja2:", which can redefine them. A parenthesis makes a call, and a bar a
# filter: Ansible also evaluates text without braces, such as the value of workmail_name in when: "{{ workmail_name }}".
_TEMPLATE = re.compile(r"[{}#(|]")
# From ansible-core 2.19 on, text that is not trusted is listed by ansible-inventory as {"__ansible_unsafe": TEXT}.
_trust: Callable[[str], str] = getattr(ansible.template, "trust_as_template", lambda text: text)


class InventoryOptions(NamedTuple):
    """The options of the inventory; every value is checked."""

    sweep: SweepOptions
    hosts: str
    include_without_tokens: bool
    prefix: str
    builtin_groups: bool


class Host(NamedTuple):
    """A host of the inventory.

    C(name) is legal, but may not be the only one of its kind. C(identity) tells apart what the host stands for.
    C(variables) have their names without the prefix, C(groups) are the built-in ones.
    """

    name: str
    identity: Sequence[Any]
    variables: dict[str, Any]
    groups: Sequence[str]


def parse_inventory_options(options: Mapping[str, Any], now: int) -> InventoryOptions:
    """Check the options of the inventory.

    Args:
        options: The options by name, as Ansible hands them over.
        now: The present, in microseconds since the epoch.

    Raises:
        OptionError: Names the option, the value and what is allowed.
    """
    hosts = options["hosts"]
    include = bool(options.get("include_without_tokens"))
    if include and hosts != USERS:
        raise OptionError(f"include_without_tokens: needs hosts: {USERS}, got hosts: {quoted(hosts)}")
    if include and options.get("users"):
        raise OptionError("include_without_tokens: asks for every user, and cannot stand beside users")
    prefix = options.get("hostvars_prefix")
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise OptionError(
            f"hostvars_prefix: {quoted(prefix)} is not a valid prefix; expected a letter or an underscore, "
            "then letters, digits and underscores"
        )
    # AWS can add a field of any name.
    if (reserved := _reserved_name(prefix)) is not None:
        raise OptionError(
            f"hostvars_prefix: {quoted(prefix)} is not allowed: with it, a field of the service could set Ansible's "
            f"own variable {reserved}; use a prefix of your own, such as workmail_"
        )
    for name in options.get("hostnames") or []:
        if not isinstance(name, str) or not name.strip():
            raise OptionError(f"hostnames: expected non-empty Jinja expressions or templates, got {quoted(name)}")
    # A host that is a user tells its state, which only the listing of users knows.
    owners = bool(options.get("owners")) or hosts == USERS
    return InventoryOptions(
        sweep=parse_sweep_options({**options, "owners": owners}, now),
        hosts=hosts,
        include_without_tokens=include,
        prefix=prefix,
        builtin_groups=bool(options.get("builtin_groups", True)),
    )


def _reserved_name(prefix: str) -> str | None:
    """A name of Ansible that a variable with this prefix could have; None if there is none."""
    if prefix.startswith("ansible_"):
        return f"{prefix}*"
    names = sorted({CONNECTION, *INTERNAL_STATIC_VARS, *get_reserved_names()})
    return next((name for name in names if name.startswith(prefix)), None)


def hosts_of(estate: Snapshot, options: InventoryOptions) -> tuple[list[Host], list[PatrolError]]:
    """Select, judge, and make hosts.

    Args:
        estate: What was fetched.
        options: What to make of it, and the instant to judge at.

    Returns:
        The hosts in order, and what kept them from being all: the errors of the estate and of the selection.

    Raises:
        PatrolError: A condition cannot be judged; with C(on_error=continue) it is among the errors instead.
    """
    hosts: list[Host] = []
    errors = list(estate.errors)
    make = {USERS: _users, TOKENS: _tokens, ORGANIZATIONS: _organizations}[options.hosts]
    for part in estate.parts:
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
        hosts.extend(_in_groups(part, host, options) for host in make(part, selected, about, options))
    return hosts, errors


def _tokens(
    part: OrganizationSnapshot, selected: Sequence[Token], errors: list[Any], options: InventoryOptions
) -> Iterator[Host]:
    for token in in_order(selected):
        # A field of the service that is not known here never takes a name of ours, not even that of the owner.
        other = {_NOT_OF_A_GROUP.sub("_", key): value for key, value in (token.other or {}).items()}
        other.pop("owner", None)
        record = {**other, **to_record(token._replace(other=None), options.sweep.as_of)}
        groups = [name for name in ("expired", "never_used") if record[name]]
        yield Host(
            _safe_host_name(f"{_organization_label(part)}.{token.personal_access_token_id or 'unknown'}"),
            [TOKENS, *_place(part), token.personal_access_token_id, token.user_id, token.name, token.date_created],
            record,
            groups + _owner_groups(token.owner),
        )


def _users(
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
        figures = _figures(held.get(user_id, []), chosen.get(user_id, []), options.sweep.as_of)
        yield Host(
            _safe_host_name(f"{_organization_label(part)}.{owner.name or user_id or 'unknown'}"),
            [USERS, *_place(part), user_id],
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


def _organizations(
    part: OrganizationSnapshot, selected: Sequence[Token], errors: list[Any], options: InventoryOptions
) -> Iterator[Host]:
    figures = _figures(part.tokens, selected, options.sweep.as_of)
    if not part.complete:
        figures = dict.fromkeys(figures)
    yield Host(
        _safe_host_name(_organization_label(part)),
        [ORGANIZATIONS, *_place(part)],
        {"state": part.organization.state, "settings": part.settings, "errors": errors, **figures},
        [name for name in ("expired", "never_used") if figures[name]],
    )


def _figures(held: Sequence[Token], selected: Sequence[Token], as_of: int) -> dict[str, Any]:
    """What a summary counts, the next expiry that is to come, and the last use."""
    to_come = [token.expires_time for token in held if token.expires_time is not None and token.expires_time > as_of]
    used = [token.date_last_used for token in held if token.date_last_used is not None]
    return {
        "tokens": len(held),
        "selected": len(selected),
        "expired": sum(token.expired(as_of) for token in held),
        "never_used": sum(token.date_last_used is None for token in held),
        "next_expiry": format_instant(min(to_come, default=None)),
        "last_use": format_instant(max(used, default=None)),
    }


def _in_groups(part: OrganizationSnapshot, host: Host, options: InventoryOptions) -> Host:
    organization = part.organization
    variables = {
        **host.variables,
        "organization_id": organization.id,
        "organization_alias": organization.alias,
        "region": organization.region,
        "complete": part.complete,
    }
    called = [f"organization_{_organization_label(part)}", f"region_{organization.region}", *host.groups]
    if not part.complete:
        called.append("incomplete")
    groups = [f"workmail_{_NOT_OF_A_GROUP.sub('_', name)}" for name in called] if options.builtin_groups else []
    return host._replace(variables=variables, groups=[EVERY_HOST, *groups] if options.builtin_groups else [])


def _owner_groups(owner: Owner | None) -> list[str]:
    return [f"owner_{owner.state.lower()}"] if owner is not None and owner.state else []


def _organization_label(part: OrganizationSnapshot) -> str:
    # What is no alias as AWS has them could pass for another organization once it is made legal.
    alias = part.organization.alias
    return alias if alias and _ALIAS.fullmatch(alias) else part.organization.id


def _place(part: OrganizationSnapshot) -> tuple[str, str]:
    return part.organization.region, part.organization.id


def _safe_host_name(name: str) -> str:
    """A name that is one host to Ansible's patterns, and one file to whatever names files after hosts."""
    # Joined anew, so that a marked text becomes a plain one.
    return "".join(_NOT_OF_A_HOST.sub("_", name))


def variables_of(host: Host, prefix: str) -> dict[str, Any]:
    """The variables under their prefix, with the text of strangers marked so that no ansible-core evaluates it."""
    return {f"{prefix}{name}": mark_unsafe(value) for name, value in host.variables.items()}


def mark_unsafe(value: Any) -> Any:
    """Mark each text in a value of the service: unsafe if Ansible could evaluate it, trusted otherwise.

    Args:
        value: Text, a mapping, a list or another scalar.

    Returns:
        A value that is equal.
    """
    return _for_each_text(value, lambda text: wrap_var(text) if _TEMPLATE.search(text) else _trust(text))


def trust_plain_text(value: Any) -> Any:
    """Mark each text in a value that Ansible cannot evaluate as trusted, and leave any other text as it is.

    Args:
        value: What an expression of the user returned.

    Returns:
        A value that is equal.
    """
    return _for_each_text(value, lambda text: text if _TEMPLATE.search(text) else _trust(text))


def _for_each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_for_each_text(key, change): _for_each_text(entry, change) for key, entry in value.items()}
    return [_for_each_text(entry, change) for entry in value] if isinstance(value, (list, tuple)) else value


def names_of(
    hosts: Sequence[Host],
    preferred: Callable[[Host], str | None] = lambda host: None,
    taken: Callable[[str, Host], bool] = lambda name, host: False,
) -> list[str]:
    """Name hosts so that no two share a name.

    Args:
        hosts: The hosts.
        preferred: What a host should rather be called; None or empty where it has no such name.
        taken: Whether the inventory has something else under a name.

    Returns:
        A legal name for each. One that another host would share, or that means something else to the inventory, gets
        a tilde, which no other name has, and a digest of what the host stands for. It does not depend on the order.
    """
    wanted = [_safe_host_name(name) if (name := preferred(host)) else host.name for host in hosts]
    many = Counter(wanted)
    names: list[str] = []
    before: Counter[str] = Counter()
    for name, host in zip(wanted, hosts, strict=True):
        if many[name] > 1 or name in _TAKEN_BY_ANSIBLE or taken(name, host):
            name = f"{name}~{hashlib.sha256(json.dumps(host.identity).encode()).hexdigest()[:12]}"
            # Only what the service listed twice in the same words is left, and cannot be told apart.
            before[name] += 1
            if before[name] > 1:
                name = f"{name}-{before[name]}"
        names.append(name)
    return names
