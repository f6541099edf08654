# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The audits of many accounts as one. Pure: the standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..module_utils._audit.audit_check import check_audit
from ..module_utils._audit.result import INCOMPLETE, PASS, VIOLATIONS
from ..module_utils._domain.errors import OptionError, PatrolError
from ..module_utils._domain.policy import SEVERITIES
from ..module_utils._domain.text import printable, quoted

_MOST_REASONS = 3
_NOT_AUDITED = "AccountNotAuditedException"
_WHERE = ("account_id", "organization_id", "region", "operation", "page", "hint")


def merge_audits(audits: object, accounts: object) -> dict[str, Any]:
    """Make one audit of those of many accounts.

    Args:
        audits: By the name of each account what its audit returned, which can be a failure.
        accounts: The names of all accounts that were to be audited.

    Returns:
        As ``audit`` does. Findings, organizations and errors have their ``account``, and the ``summary`` counts the
        ``accounts`` that were read completely. An account without a valid audit is among ``errors``, and so is one that
        has an organization of an account before it; then, or if one of the audits is incomplete, so is the outcome.

    Raises:
        PatrolError: These are not audits, none of them came to a result, or they cannot be compared.
    """
    names = _names(accounts)
    if not isinstance(audits, Mapping):
        raise OptionError(f"audits: expected the results of audits by account, got {quoted(audits)}")
    for account in audits:
        if account not in names:
            raise OptionError(f"audits: {quoted(account)} is not one of the accounts")
    audited: dict[str, Mapping[str, Any]] = {}
    errors: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for account in names:
        result: Any = audits.get(account)
        failure = _failure(result) or _duplicate_organization(result, seen)
        if failure is not None:
            errors.append(_with_account(account, failure, "msg"))
            continue
        audited[account] = result
        seen.update({organization["id"]: account for organization in result["organizations"]})
        errors += [_with_account(account, error, "msg") for error in result["errors"]]
    if not audited:
        raise _no_account_error(len(names), errors)
    first = _require_same_policy(audited)
    results = list(audited.values())
    outcomes = {result["outcome"] for result in results}
    return {
        "outcome": INCOMPLETE if errors else PASS if outcomes == {PASS} else VIOLATIONS,
        "findings": sorted(
            (
                _with_account(account, finding, "message")
                for account, result in audited.items()
                for finding in result["findings"]
            ),
            key=_worst_first,
        ),
        "summary": {
            **{
                key: _sum([result["summary"][key] for result in results])
                for key in first["summary"]
                if all(key in result["summary"] for result in results)
            },
        },
        "exceptions": {
            "expired": first["exceptions"]["expired"],
            "unused": [
                exception
                for exception in first["exceptions"]["unused"]
                if all(exception in result["exceptions"]["unused"] for result in results)
            ],
        },
        "policy": first["policy"],
        "accounts": sorted(
            ({"account": account, **entry} for account, result in audited.items() for entry in result["accounts"]),
            key=lambda entry: entry["id"] or "",
        ),
        "organizations": sorted(
            ({"account": account, **entry} for account, result in audited.items() for entry in result["organizations"]),
            key=lambda entry: (entry["id"], entry["region"]),
        ),
        "as_of": first["as_of"],
        "audited_at": max(result["audited_at"] for result in results),
        # Each account has its own.
        "caller": None,
        "collection_version": first["collection_version"],
        "complete": not errors,
        "errors": errors,
    }


def _names(accounts: object) -> list[str]:
    if not isinstance(accounts, (list, tuple)) or not accounts:
        raise OptionError(f"accounts: expected a list of at least one account, got {quoted(accounts)}")
    for account in accounts:
        if not isinstance(account, str) or not account.strip():
            raise OptionError(f"accounts: expected the name of an account, got {quoted(account)}")
    return sorted(set(accounts))


def _failure(result: object) -> dict[str, Any] | None:
    """The error of an audit that came to no result; None of one that did."""
    if result is None:
        return _error(
            "it was not audited: it was left out of the run, or failed before its audit, for a reason that the log has"
        )
    if not isinstance(result, Mapping):
        raise OptionError(f"audits: expected the result of an audit, got {quoted(result)}")
    if result.get("failed") or result.get("unreachable"):
        message = result.get("msg")
        if not isinstance(message, str) or not message.strip():
            message = "its audit failed, and does not say why"
        places = {key: result.get(key) for key in ("error_code", *_WHERE)}
        kinds = {key: int if key == "page" else str for key in places}
        return {
            **_error(" ".join(message.split())),
            **{key: place for key, place in places.items() if isinstance(place, kinds[key])},
        }
    try:
        check_audit(result)
    except OptionError as error:
        return _error(f"its audit cannot be used: {error.message}")
    return None


def _duplicate_organization(result: Mapping[str, Any], seen: Mapping[str, str]) -> dict[str, Any] | None:
    """The error of an audit with an organization that another account has: its own was not audited, or is known."""
    for organization in result["organizations"]:
        if organization["id"] in seen:
            return _error(
                f"it is left out, since its organization {organization['alias'] or organization['id']} is that of "
                f"{seen[organization['id']]} as well. Check whether both have the same role",
                "DuplicateAccountException",
            )
    return None


def _error(message: str, error_code: str = _NOT_AUDITED) -> dict[str, Any]:
    return {"msg": message, "error_code": error_code, **dict.fromkeys(_WHERE)}


def _with_account(account: str, entry: Mapping[str, Any], text: str) -> dict[str, Any]:
    """A finding or an error with its account, which its text names as well."""
    return {"account": account, **entry, text: printable(f"{account}: {entry[text]}")}


def _no_account_error(count: int, errors: Sequence[Mapping[str, Any]]) -> PatrolError:
    reasons = "; ".join(str(error["msg"]).rstrip(".") for error in errors[:_MOST_REASONS])
    more = f"; and {len(errors) - _MOST_REASONS} more" if len(errors) > _MOST_REASONS else ""
    return PatrolError(f"not one of {count} accounts could be audited: {reasons}{more}", error_code=_NOT_AUDITED)


def _require_same_policy(audited: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The first of the audits, once all have the policy and the instant in common."""
    name, first = next(iter(audited.items()))
    for account, result in audited.items():
        for key, what in (("policy", "by different policies"), ("as_of", "at different instants")):
            if result[key] != first[key]:
                raise OptionError(f"audits: {name} and {account} were judged {what}, which makes no common result")
    return first


def _sum(values: Sequence[Any]) -> Any:
    """The sum of numbers, or of mappings with numbers by key."""
    if isinstance(values[0], Mapping):
        return {key: sum(value[key] for value in values) for key in values[0]}
    return sum(values)


def _worst_first(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    token = finding["token"]
    return (
        -SEVERITIES.index(finding["severity"]),
        finding["rule_id"],
        token["organization_id"],
        token["personal_access_token_id"] or "",
    )
