# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Checks of audits that users pass as input. Pure: the standard library only.

They prevent reports of audits that are damaged or contradict themselves.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .._domain.accounts import Account
from .._domain.checks import boolean_at, check_plain, count_at, list_at, mapping_at, optional_text_at, text_at
from .._domain.errors import OptionError
from .._domain.policy import SEVERITIES, severities_from
from .._domain.text import quoted
from .._domain.times import parse_instant
from .._domain.tokens import DERIVED, Organization, token_from_record
from .facts_check import check_accounts, check_errors, check_organization
from .result import INCOMPLETE, KEYS, PASS, SCHEMA_VERSION, VIOLATIONS

OUTCOMES = (PASS, VIOLATIONS, INCOMPLETE)
_COUNTS = ("findings", "violations", "new", "known", "fixed", "muted")
_FINDING = ("rule_id", "severity", "description", "message", "known", "muted", "exception", "token")


def check_audit(audit: object, path: str = "audit") -> Mapping[str, Any]:
    """Check that a value is the result of an audit, and that its parts are consistent.

    Args:
        audit: The result of ``workmail_pat_audit``, ``workmail_pat_findings`` or ``workmail_pat_merged``.
        path: The name of the audit in an error.

    Returns:
        The audit.

    Raises:
        OptionError: The value is not the result of an audit, or was changed afterward. The error names the place.
    """
    missing = [key for key in KEYS if not isinstance(audit, Mapping) or key not in audit]
    if not isinstance(audit, Mapping) or missing:
        raise OptionError(f"{path}: not the result of an audit, it lacks {', '.join(missing)}")
    for key in KEYS:
        check_plain(audit[key], f"{path}.{key}")
    for key in ("as_of", "audited_at"):
        parse_instant(text_at(audit[key], f"{path}.{key}"), f"{path}.{key}")
    optional_text_at(audit["caller"], f"{path}.caller")
    text_at(audit["collection_version"], f"{path}.collection_version")
    if audit["schema_version"] != SCHEMA_VERSION or isinstance(audit["schema_version"], bool):
        raise OptionError(
            f"{path}.schema_version: {quoted(audit['schema_version'])} is not supported; expected {SCHEMA_VERSION}"
        )
    failing, rules = _policy(audit["policy"], f"{path}.policy")
    exceptions = mapping_at(audit["exceptions"], f"{path}.exceptions", ("expired", "unused"))
    for key in ("expired", "unused"):
        for index, entry in enumerate(list_at(exceptions[key], f"{path}.exceptions.{key}")):
            _exception(entry, f"{path}.exceptions.{key}[{index}]")
    check_accounts(audit["accounts"], f"{path}.accounts")
    for index, entry in enumerate(list_at(audit["organizations"], f"{path}.organizations")):
        check_organization(entry, f"{path}.organizations[{index}]")
    findings = [
        _finding(entry, rules, f"{path}.findings[{index}]")
        for index, entry in enumerate(list_at(audit["findings"], f"{path}.findings"))
    ]
    fixed = [
        _finding(entry, rules, f"{path}.fixed[{index}]")
        for index, entry in enumerate(list_at(audit["fixed"], f"{path}.fixed"))
    ]
    _baseline(audit["baseline"], findings, fixed, path)
    _summary(audit["summary"], findings, fixed, failing, rules, f"{path}.summary")
    _outcome(audit, findings, failing, path)
    _unread(audit, path)
    _counts(audit, path)
    return audit


def _policy(value: object, path: str) -> tuple[Sequence[str], Sequence[str]]:
    """Check the policy, and return the severities that fail the audit and the IDs of the rules."""
    policy = mapping_at(value, path, ("name", "file", "digest", "fail_on", "rules"))
    for key in ("name", "file"):
        optional_text_at(policy[key], f"{path}.{key}")
    text_at(policy["digest"], f"{path}.digest")
    severity = _severity(policy["fail_on"], f"{path}.fail_on")
    rules = []
    for index, entry in enumerate(list_at(policy["rules"], f"{path}.rules")):
        here = f"{path}.rules[{index}]"
        rule = mapping_at(entry, here, ("id", "severity", "description", "line"))
        rules.append(text_at(rule["id"], f"{here}.id"))
        _severity(rule["severity"], f"{here}.severity")
        optional_text_at(rule["description"], f"{here}.description")
        if rule["line"] is not None:
            count_at(rule["line"], f"{here}.line")
    return severities_from(severity), rules


def _severity(value: object, path: str) -> str:
    if value not in SEVERITIES:
        raise OptionError(f"{path}: {quoted(value)} is not one of {', '.join(SEVERITIES)}")
    return str(value)


def _exception(value: object, path: str) -> None:
    exception = mapping_at(value, path, ("rules", "match", "reason", "expires"))
    for index, rule in enumerate(list_at(exception["rules"], f"{path}.rules")):
        text_at(rule, f"{path}.rules[{index}]")
    mapping_at(exception["match"], f"{path}.match")
    for key in ("reason", "expires"):
        text_at(exception[key], f"{path}.{key}")


def _finding(value: object, rules: Sequence[str], path: str) -> Mapping[str, Any]:
    finding = mapping_at(value, path, _FINDING)
    if finding["rule_id"] not in rules:
        raise OptionError(f"{path}.rule_id: {quoted(finding['rule_id'])} is not a rule of the policy")
    _severity(finding["severity"], f"{path}.severity")
    for key in ("description", "message"):
        text_at(finding[key], f"{path}.{key}")
    optional_text_at(finding.get("host"), f"{path}.host")
    boolean_at(finding["known"], f"{path}.known")
    if boolean_at(finding["muted"], f"{path}.muted"):
        _exception(finding["exception"], f"{path}.exception")
    elif finding["exception"] is not None:
        raise OptionError(f"{path}.exception: the finding is not muted, but has an exception")
    token_from_record(finding["token"], f"{path}.token")
    token = mapping_at(finding["token"], f"{path}.token", DERIVED)
    for field in DERIVED:
        _derived(token[field], f"{path}.token.{field}")
    return finding


def _baseline(
    value: object, findings: Sequence[Mapping[str, Any]], fixed: Sequence[Mapping[str, Any]], path: str
) -> None:
    """Check the baseline. Without a baseline, check that no finding is known or fixed."""
    if value is not None:
        here = f"{path}.baseline"
        baseline = mapping_at(value, here, ("as_of", "audited_at", "findings", "policy"))
        for key in ("as_of", "audited_at"):
            parse_instant(text_at(baseline[key], f"{here}.{key}"), f"{here}.{key}")
        count_at(baseline["findings"], f"{here}.findings")
        policy = mapping_at(baseline["policy"], f"{here}.policy", ("name", "digest"))
        optional_text_at(policy["name"], f"{here}.policy.name")
        text_at(policy["digest"], f"{here}.policy.digest")
    elif fixed or any(finding["known"] for finding in findings):
        raise OptionError(f"{path}.baseline: it is null, but some findings are known or fixed")


def _derived(value: object, path: str) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and is_number is not path.endswith("_days"):
        raise OptionError(f"{path}: {quoted(value)} is not valid")
    if not is_number and value is not None:
        boolean_at(value, path)


def _summary(
    value: object,
    findings: Sequence[Mapping[str, Any]],
    fixed: Sequence[Mapping[str, Any]],
    failing: Sequence[str],
    rules: Sequence[str],
    path: str,
) -> None:
    summary = mapping_at(value, path, ("accounts", "organizations", "tokens", *_COUNTS, "by_rule", "by_severity"))
    counted = [finding for finding in findings if not finding["muted"]]
    expected: dict[str, int] = {
        "findings": len(findings),
        "muted": len(findings) - len(counted),
        "known": sum(finding["known"] for finding in counted),
        "new": sum(not finding["known"] for finding in counted),
        "fixed": len(fixed),
        "violations": sum(finding["severity"] in failing and not finding["known"] for finding in counted),
        **{f"by_rule.{rule}": sum(finding["rule_id"] == rule for finding in counted) for rule in rules},
        **{f"by_severity.{name}": sum(finding["severity"] == name for finding in counted) for name in SEVERITIES},
    }
    given: dict[str, object] = {name: value for name, value in summary.items() if not name.startswith("by_")}
    for group, names in (("by_rule", rules), ("by_severity", SEVERITIES)):
        counts = mapping_at(summary[group], f"{path}.{group}", names)
        given.update({f"{group}.{name}": count for name, count in counts.items()})
    for name, count in given.items():
        if count_at(count, f"{path}.{name}") != expected.get(name, count):
            raise OptionError(f"{path}.{name}: it is {count}, but the findings give {expected[name]}")
    unknown = given.keys() - expected.keys()
    for name in unknown:
        if name.startswith("by_"):
            raise OptionError(f"{path}.{name}: it is not a rule of the policy or a severity")


def _counts(audit: Mapping[str, Any], path: str) -> None:
    """Check that the summary has the correct numbers of accounts, organizations and tokens.

    In an incomplete audit, the summary may count more tokens: it includes organizations that were read partially.
    """
    accounts = sum(entry["organizations"] is not None for entry in audit["accounts"])
    if audit["summary"]["accounts"] != accounts:
        raise OptionError(
            f"{path}.summary.accounts: it is {audit['summary']['accounts']}, but {accounts} accounts were read"
        )
    read = [entry["tokens"] for entry in audit["organizations"] if entry["tokens"] is not None]
    summary = audit["summary"]
    if summary["organizations"] != len(read):
        raise OptionError(
            f"{path}.summary.organizations: it is {summary['organizations']}, but {len(read)} organizations were read"
        )
    tokens = sum(read)
    if summary["tokens"] < tokens or (audit["complete"] and summary["tokens"] != tokens):
        raise OptionError(
            f"{path}.summary.tokens: it is {summary['tokens']}, but the organizations have {tokens} tokens"
        )


def _unread(audit: Mapping[str, Any], path: str) -> None:
    """Check that each account and each organization that was not read has an error.

    A suspended or closed account and an organization that is being deleted need no error, because they are never read.
    """
    named = {error["organization_id"] for error in audit["errors"]}
    for index, entry in enumerate(audit["accounts"]):
        if entry["organizations"] is None and audit["complete"] and Account(entry["id"], state=entry["state"]).readable:
            raise OptionError(f"{path}.accounts[{index}]: it was not read, but no error gives the reason")
    for index, entry in enumerate(audit["organizations"]):
        place = Organization(entry["id"], entry["alias"], entry["region"], entry["state"] or "")
        if entry["tokens"] is None and place.readable and place.id not in named:
            raise OptionError(f"{path}.organizations[{index}]: it was not read, but no error gives the reason")


def _outcome(
    audit: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], failing: Sequence[str], path: str
) -> None:
    if audit["outcome"] not in OUTCOMES:
        raise OptionError(f"{path}.outcome: {quoted(audit['outcome'])} is not one of {', '.join(OUTCOMES)}")
    errors = check_errors(audit["errors"], f"{path}.errors")
    complete = boolean_at(audit["complete"], f"{path}.complete")
    if complete == bool(errors):
        raise OptionError(f"{path}.complete: it is {str(complete).lower()}, but errors has {len(errors)} entries")
    violated = any(
        finding["severity"] in failing and not finding["muted"] and not finding["known"] for finding in findings
    )
    expected = INCOMPLETE if not complete else VIOLATIONS if violated else PASS
    if audit["outcome"] != expected:
        raise OptionError(f"{path}.outcome: it is {audit['outcome']}, but the rest of the audit gives {expected}")
