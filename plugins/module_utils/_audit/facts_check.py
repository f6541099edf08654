# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Checks that facts from users are valid and complete. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from .._domain.accounts import Account
from .._domain.checks import check_plain, count_at, list_at, mapping_at, optional_text_at, text_at
from .._domain.coverage import Coverage
from .._domain.errors import OptionError, PatrolError
from .._domain.text import quoted
from .._domain.times import parse_instant
from .._domain.tokens import Organization, Token, TokenKey, token_from_record

INCOMPLETE_FACTS = "IncompleteFactsException"
_KEYS = ("accounts", "as_of", "complete", "errors", "organizations", "summary")
_COUNTED = {"expired": "expired", "never_used": "never used"}
_UNCHANGED = "Pass the unchanged result of workmail_pat_info, gathered without select."


class CheckedFacts(NamedTuple):
    """Valid facts.

    ``coverage`` has an error for each part that is missing. ``as_of`` is None for a list of records. ``users`` are the
    users whose tokens were requested; empty if the tokens of all users were requested, or if this is not known.
    """

    tokens: Sequence[Token]
    coverage: Coverage
    as_of: object
    users: Sequence[str] = ()


def check_facts(facts: object, complete: object = None) -> CheckedFacts:
    """Check that facts are valid, and report their missing parts.

    Args:
        facts: The result of ``workmail_pat_info``, or a list of its records.
        complete: Whether a list of records is complete, which only the user knows. None and False both mean that it may
            be incomplete.

    Returns:
        The facts, with an error for each missing part.

    Raises:
        OptionError: The facts are not valid. The error names the place.
    """
    if complete is not None and not isinstance(complete, bool):
        raise OptionError(f"complete: expected true or false, got {quoted(complete)}")
    if isinstance(facts, (list, tuple)):
        return _of_list(facts, complete is True)
    if not isinstance(facts, Mapping) or not isinstance(facts.get("personal_access_tokens"), (list, tuple)):
        raise OptionError(
            "facts: expected a list of records of personal access tokens, or the result of workmail_pat_info, got "
            f"{quoted(facts)}"
        )
    if complete is not None:
        raise OptionError("complete: it is for a list of records; the result of workmail_pat_info has its own")
    missing = [key for key in _KEYS if key not in facts]
    if missing:
        raise OptionError(f"facts: not a result of workmail_pat_info, it lacks {', '.join(missing)}")
    for key in _KEYS:
        check_plain(facts[key], f"facts.{key}")
    return _of_result(facts)


def _of_list(records: Sequence[object], complete: bool) -> CheckedFacts:
    tokens = _tokens(records, "facts")
    organizations = _organizations_of(tokens)
    errors = _repeated(tokens)
    if not complete:
        errors.append(
            _lack(
                "a list of records does not say whether it is complete",
                "Pass the result of workmail_pat_info, or set complete=true if the list has every token.",
            )
        )
    return CheckedFacts(tokens, Coverage(_accounts_of(organizations), organizations, len(tokens), errors), None)


def _of_result(facts: Mapping[str, Any]) -> CheckedFacts:
    tokens = _tokens(facts["personal_access_tokens"], "facts.personal_access_tokens")
    organizations = [
        _organization(entry, f"facts.organizations[{index}]")
        for index, entry in enumerate(list_at(facts["organizations"], "facts.organizations"))
    ]
    accounts = check_accounts(facts["accounts"], "facts.accounts")
    summary = mapping_at(facts["summary"], "facts.summary", ("organizations", "tokens"))
    read = count_at(summary["tokens"], "facts.summary.tokens")
    counted = count_at(summary["organizations"], "facts.summary.organizations")
    selected = count_at(summary.get("selected", read), "facts.summary.selected")
    errors = check_errors(facts["errors"], "facts.errors")
    if facts["complete"] is not True and not errors:
        errors.append(_lack(f"complete is {quoted(facts['complete'])}", "Gather them again."))
    if facts.get("failed"):
        errors.append(_lack("the task that gathered them failed", "Gather them again."))
    if facts.get("next_token") is not None:
        errors.append(
            _lack("the listing has more pages, since they have a next_token", "Gather them without max_items.")
        )
    errors += _repeated(tokens) + _listed_twice(organizations)
    organizations = list({entry["id"]: entry for entry in organizations}.values())
    if selected != read:
        errors.append(_lack(f"select omitted {read - selected} of {read} tokens", "Gather them without select."))
    elif len(tokens) != read:
        errors.append(_lack(f"they have {len(tokens)} of the {read} tokens that their summary counts", _UNCHANGED))
    errors += _lacking_organizations(tokens, organizations, counted)
    if not errors:
        errors += _lacking_accounts(accounts, organizations)
    if selected == len(tokens) == read:
        errors += _other_counts(tokens, summary, facts["as_of"])
    # If the summary counts fewer tokens than the organizations have, an error was already added.
    counts = [entry["tokens"] for entry in organizations if entry["tokens"] is not None]
    users = [text_at(user, "facts.users") for user in list_at(facts.get("users", []), "facts.users")]
    return CheckedFacts(
        tokens, Coverage(accounts, organizations, max(read, sum(counts)), errors), facts["as_of"], users
    )


def _lacking_organizations(
    tokens: Iterable[Token], organizations: Sequence[Mapping[str, Any]], counted: int
) -> list[dict[str, Any]]:
    """Return errors if the organizations do not match the tokens, or the number of organizations in the summary."""
    counts: dict[str, int] = {}
    for token in tokens:
        counts[token.organization_id] = counts.get(token.organization_id, 0) + 1
    lacks = []
    for entry in organizations:
        known, found = entry["tokens"], counts.pop(entry["id"], 0)
        place = Organization(entry["id"], entry["alias"], entry["region"], entry["state"] or "")
        if known is None and place.readable:
            lacks.append(_lack("the organization was not read completely", "Gather it again.", place))
        elif known is not None and known != found:
            lacks.append(_lack(f"they have {found} of the {known} tokens of the organization", _UNCHANGED, place))
    lacks += [
        _lack(f"they have tokens of {quoted(organization)}, which is not among their organizations", _UNCHANGED)
        for organization in counts
    ]
    readings = sum(entry["tokens"] is not None for entry in organizations)
    if readings != counted:
        lacks.append(
            _lack(f"they have {readings} of the {counted} organizations that their summary counts", _UNCHANGED)
        )
    elif not counted:
        lacks.append(_lack("no organization was read", "Gather them again."))
    return lacks


def _lacking_accounts(
    accounts: Sequence[Mapping[str, Any]], organizations: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return errors if the accounts do not match their organizations."""
    counts: dict[str | None, int] = {}
    for entry in organizations:
        counts[entry["account_id"]] = counts.get(entry["account_id"], 0) + (entry["tokens"] is not None)
    lacks = []
    for entry in accounts:
        known, found = entry["organizations"], counts.pop(entry["id"], 0)
        if known is None and Account(entry["id"], state=entry["state"]).readable:
            lacks.append(_lack(f"the account {quoted(entry['id'])} was not read completely", "Gather it again."))
        elif known is not None and known != found:
            lacks.append(
                _lack(f"they have {found} of the {known} organizations of account {quoted(entry['id'])}", _UNCHANGED)
            )
    lacks += [
        _lack(f"they have organizations of account {quoted(account)}, which is not among their accounts", _UNCHANGED)
        for account in counts
    ]
    return lacks


def _other_counts(tokens: Sequence[Token], summary: Mapping[str, Any], as_of: object) -> list[dict[str, Any]]:
    """Return errors if the tokens do not match the other numbers in the summary, for example after a manual change."""
    instant = parse_instant(text_at(as_of, "facts.as_of"), "facts.as_of")
    found = {
        "expired": sum(token.expired(instant) for token in tokens),
        "never_used": sum(token.date_last_used is None for token in tokens),
    }
    lacks = []
    for name, count in found.items():
        known = count_at(summary.get(name, count), f"facts.summary.{name}")
        if known != count:
            lacks.append(
                _lack(f"{count} of their tokens are {_COUNTED[name]}, and their summary counts {known}", _UNCHANGED)
            )
    return lacks


def _organization(entry: object, path: str) -> Mapping[str, Any]:
    keys = ("account_id", "account_name", "id", "alias", "region", "state", "tokens")
    organization = mapping_at(entry, path, keys)
    text_at(organization["id"], f"{path}.id")
    text_at(organization["region"], f"{path}.region")
    for key in ("account_id", "account_name", "alias", "state", "host"):
        optional_text_at(organization.get(key), f"{path}.{key}")
    if organization["tokens"] is not None:
        count_at(organization["tokens"], f"{path}.tokens")
    return organization


def check_organization(entry: object, path: str) -> None:
    """Check an entry of the list ``organizations`` of facts or of an audit.

    Raises:
        OptionError: The entry is not valid. The error names the place.
    """
    _organization(entry, path)


def check_accounts(value: object, path: str) -> list[Mapping[str, Any]]:
    """Check the accounts of facts or of an audit.

    Args:
        value: The accounts.
        path: The name of the accounts in an error.

    Returns:
        The accounts.

    Raises:
        OptionError: The accounts are not valid. The error names the place.
    """
    accounts = []
    for index, entry in enumerate(list_at(value, path)):
        here = f"{path}[{index}]"
        account = mapping_at(entry, here, ("id", "name", "state", "role_arn", "organizations", "tokens"))
        for key in ("id", "name", "state", "role_arn", "host"):
            optional_text_at(account.get(key), f"{here}.{key}")
        for key in ("organizations", "tokens"):
            if account[key] is not None:
                count_at(account[key], f"{here}.{key}")
        accounts.append(account)
    return accounts


def check_errors(value: object, path: str) -> list[Mapping[str, Any]]:
    """Check the list ``errors`` of facts or of an audit, and return it.

    Raises:
        OptionError: The errors are not valid. The error names the place.
    """
    errors = []
    for index, entry in enumerate(list_at(value, path)):
        here = f"{path}[{index}]"
        error = mapping_at(entry, here, ("msg", "error_code", "organization_id"))
        text_at(error["msg"], f"{here}.msg")
        text_at(error["error_code"], f"{here}.error_code")
        for key in ("organization_id", "account_id", "host"):
            optional_text_at(error.get(key), f"{here}.{key}")
        errors.append(error)
    return errors


def _tokens(records: Sequence[object], path: str) -> list[Token]:
    return [token_from_record(record, f"{path}[{index}]") for index, record in enumerate(records)]


def _repeated(tokens: Iterable[Token]) -> list[Mapping[str, Any]]:
    seen: set[TokenKey] = set()
    for token in tokens:
        if token.personal_access_token_id is None:
            continue
        if token.key in seen:
            twice = quoted(token.personal_access_token_id)
            return [_lack(f"they have token {twice} twice, so others may be missing", _UNCHANGED)]
        seen.add(token.key)
    return []


def _listed_twice(organizations: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    ids = [entry["id"] for entry in organizations]
    return [
        _lack(f"they list the organization {quoted(organization)} twice", _UNCHANGED)
        for organization in sorted(set(ids))
        if ids.count(organization) > 1
    ]


def _lack(problem: str, hint: str, place: Organization | None = None) -> dict[str, Any]:
    return PatrolError(
        f"the facts are incomplete: {problem}",
        error_code=INCOMPLETE_FACTS,
        organization_id=place and place.id,
        region=place and place.region,
        hint=hint,
    ).as_result()


def _organizations_of(tokens: Iterable[Token]) -> list[dict[str, Any]]:
    """Make the records of the organizations of tokens. Their state is not known."""
    counts: dict[str, int] = {}
    first: dict[str, Token] = {}
    for token in tokens:
        first.setdefault(token.organization_id, token)
        counts[token.organization_id] = counts.get(token.organization_id, 0) + 1
    return [
        {
            "account_id": token.account_id,
            "account_name": token.account_name,
            "id": organization_id,
            "alias": token.organization_alias,
            "region": token.region,
            "state": None,
            "tokens": counts[organization_id],
        }
        for organization_id, token in sorted(first.items())
    ]


def _accounts_of(organizations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Make the records of the accounts of organizations. Their state and role are not known."""
    accounts: dict[str | None, list[Mapping[str, Any]]] = {}
    for entry in organizations:
        accounts.setdefault(entry["account_id"], []).append(entry)
    return [
        {
            "id": account_id,
            "name": entries[0]["account_name"],
            "state": None,
            "role_arn": None,
            "organizations": len(entries),
            "tokens": sum(entry["tokens"] for entry in entries),
        }
        for account_id, entries in sorted(accounts.items(), key=lambda item: item[0] or "")
    ]
