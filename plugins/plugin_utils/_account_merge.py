# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Merge the audits of several hosts into one. Pure: the standard library only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..module_utils._audit.audit_check import check_audit
from ..module_utils._audit.baseline import Baseline, compare_with_baseline
from ..module_utils._audit.result import INCOMPLETE, PASS, VIOLATIONS
from ..module_utils._domain.accounts import Account
from ..module_utils._domain.errors import OptionError, PatrolError
from ..module_utils._domain.policy import SEVERITIES
from ..module_utils._domain.text import printable, quoted

_MOST_REASONS = 3
_NOT_AUDITED = "HostNotAuditedException"
_WHERE = ("account_id", "organization_id", "region", "operation", "page", "hint")


def merge_audits(audits: object, hosts: object, baseline: Baseline | None = None) -> dict[str, Any]:
    """Merge the audits of several hosts, each of which read a part of the accounts.

    Args:
        audits: The result of the audit of each host by its name, which can be a failure.
        hosts: The names of all hosts that were to be audited.
        baseline: An earlier audit of all hosts to compare with, if any.

    Returns:
        A result in the form that ``audit`` returns. Findings, accounts, organizations and errors also have their
        ``host``. There is an error for each host without a valid audit, and for each host that read an account or
        organization that an earlier host had read. The outcome is incomplete if there is such an error or if an audit
        is incomplete.

    Raises:
        PatrolError: The values are not audits, no host has a valid audit, or the audits cannot be compared.
    """
    names = _names(hosts)
    if not isinstance(audits, Mapping):
        raise OptionError(f"audits: expected the results of audits by host, got {quoted(audits)}")
    for host in audits:
        if host not in names:
            raise OptionError(f"audits: {quoted(host)} is not one of the hosts")
    audited: dict[str, Mapping[str, Any]] = {}
    errors: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for host in names:
        result: Any = audits.get(host)
        failure = _failure(result) or _duplicate(result, seen)
        if failure is not None:
            errors.append(_with_host(host, failure, "msg"))
            continue
        audited[host] = result
        seen.update({place_id: host for _kind, place_id, _name in _places(result)})
        errors += [_with_host(host, error, "msg") for error in result["errors"]]
    if not audited:
        raise _no_host_error(len(names), errors)
    first = _require_same_policy(audited)
    merged = _merge(audited, first, errors)
    return merged if baseline is None else compare_with_baseline(merged, baseline)


def _merge(
    audited: Mapping[str, Mapping[str, Any]], first: Mapping[str, Any], errors: list[dict[str, Any]]
) -> dict[str, Any]:
    """Merge the valid audits by host. All of them were made with the policy of the first one."""
    results = list(audited.values())
    outcomes = {result["outcome"] for result in results}
    return {
        "outcome": INCOMPLETE if errors else PASS if outcomes == {PASS} else VIOLATIONS,
        "findings": sorted(
            (
                _with_host(host, finding, "message")
                for host, result in audited.items()
                for finding in result["findings"]
            ),
            key=_worst_first,
        ),
        "fixed": [],
        "summary": {
            key: _sum([result["summary"][key] for result in results])
            for key in first["summary"]
            if all(key in result["summary"] for result in results)
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
        "baseline": None,
        "accounts": sorted(
            ({"host": host, **entry} for host, result in audited.items() for entry in result["accounts"]),
            key=lambda entry: entry["id"] or "",
        ),
        "organizations": sorted(
            ({"host": host, **entry} for host, result in audited.items() for entry in result["organizations"]),
            key=lambda entry: (entry["account_id"] or "", entry["id"], entry["region"]),
        ),
        "as_of": first["as_of"],
        "audited_at": max(result["audited_at"] for result in results),
        # Each host has its own.
        "caller": None,
        "collection_version": first["collection_version"],
        "schema_version": first["schema_version"],
        "complete": not errors,
        "errors": errors,
    }


def _names(hosts: object) -> list[str]:
    if not isinstance(hosts, (list, tuple)) or not hosts:
        raise OptionError(f"hosts: expected a list of at least one host, got {quoted(hosts)}")
    for host in hosts:
        if not isinstance(host, str) or not host.strip():
            raise OptionError(f"hosts: expected the name of a host, got {quoted(host)}")
    return sorted(set(hosts))


def _failure(result: object) -> dict[str, Any] | None:
    """Return the error of an audit without a valid result; None if the result is valid."""
    if result is None:
        return _error("it was not audited: it was excluded from the run, or failed earlier; see the log")
    if not isinstance(result, Mapping):
        raise OptionError(f"audits: expected the result of an audit, got {quoted(result)}")
    if result.get("failed") or result.get("unreachable"):
        message = result.get("msg")
        if not isinstance(message, str) or not message.strip():
            message = "its audit failed without a message"
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


def _places(result: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """List the kind, the ID and the name of each account and organization that an audit was meant to read."""
    for account in result["accounts"]:
        # Several hosts may list an account that none of them reads, because it is suspended.
        if account["id"] is not None and Account(account["id"], state=account["state"]).readable:
            yield "account", account["id"], account["id"]
    for organization in result["organizations"]:
        yield "organization", organization["id"], organization["alias"] or organization["id"]


def _duplicate(result: Mapping[str, Any], seen: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the error of an audit that read an account or organization that another host read too, or None."""
    for kind, place_id, name in _places(result):
        if place_id in seen:
            return _error(
                f"it is excluded, because {seen[place_id]} also read its {kind} {name}. Check whether both have the "
                "same accounts or the same role",
                "DuplicateAccountException",
            )
    return None


def _error(message: str, error_code: str = _NOT_AUDITED) -> dict[str, Any]:
    return {"msg": message, "error_code": error_code, **dict.fromkeys(_WHERE)}


def _with_host(host: str, entry: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Add the host to a finding or an error, and to its text."""
    return {"host": host, **entry, text: printable(f"{host}: {entry[text]}")}


def _no_host_error(count: int, errors: Sequence[Mapping[str, Any]]) -> PatrolError:
    reasons = "; ".join(str(error["msg"]).rstrip(".") for error in errors[:_MOST_REASONS])
    more = f"; and {len(errors) - _MOST_REASONS} more" if len(errors) > _MOST_REASONS else ""
    return PatrolError(f"none of the {count} hosts could be audited: {reasons}{more}", error_code=_NOT_AUDITED)


def _require_same_policy(audited: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the first of the audits, after checking that all have the same policy and instant."""
    name, first = next(iter(audited.items()))
    for host, result in audited.items():
        if result["baseline"] is not None:
            raise OptionError(
                f"audits: {host} was compared with a baseline of its own",
                hint="Give the baseline to the merge instead, which compares all hosts with it at once.",
            )
        for key, what in (("policy", "by different policies"), ("as_of", "at different instants")):
            if result[key] != first[key]:
                raise OptionError(f"audits: {name} and {host} were judged {what}, so they cannot be merged")
    return first


def _sum(values: Sequence[Any]) -> Any:
    """Add up numbers, or the numbers of each key of mappings."""
    if isinstance(values[0], Mapping):
        return {key: sum(value[key] for value in values) for key in values[0]}
    return sum(values)


def _worst_first(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    token = finding["token"]
    return (
        -SEVERITIES.index(finding["severity"]),
        finding["rule_id"],
        token.get("account_id") or "",
        token["organization_id"],
        token["personal_access_token_id"] or "",
    )
