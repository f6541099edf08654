# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Texts and values that several formats of reports share."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...module_utils._audit.facts_check import INCOMPLETE_FACTS
from ...module_utils._domain.accounts import Account
from ...module_utils._domain.policy import severities_from
from ...module_utils._domain.text import printable, shortened
from ...module_utils._domain.times import DAY, SECOND, parse_instant

_WORDS = {"pass": "PASS", "violations": "FAIL", "incomplete": "INCOMPLETE"}
_ARN = re.compile(r"arn:[a-z-]+:\w+::(\d{12}):(.+)", re.DOTALL)
_SPACE = re.compile(r"\s")
# In microseconds. Facts are gathered shortly before their audit, which counts as the same time.
_SAME_TIME = 300 * SECOND


def one_line(text: object, longest: int | None = None) -> str:
    """Write a value on one line, for formats in which line breaks and characters that cannot be seen do harm.

    Args:
        text: The value; None is an empty text.
        longest: How many characters to keep, if there is a limit.

    Returns:
        Text with a space for each whitespace character and a question mark for each other one that cannot be printed,
        such as the characters that XML 1.0 forbids (https://www.w3.org/TR/xml/#charsets).
    """
    line = "" if text is None else str(text)
    line = line if longest is None else shortened(line, longest)
    # The only whitespace that can be printed is a space, and most text has no other.
    return line if line.isprintable() else printable(_SPACE.sub(" ", line))


class Places:
    """The display names of the accounts and organizations of an audit.

    Attributes:
        several: Whether the audit covers more than one account. If so, each report names the accounts.
        left_out: The accounts that were not read because of their state, such as those that are suspended.
    """

    def __init__(self, audit: Mapping[str, Any]) -> None:
        self.several = len(audit["accounts"]) > 1
        self.left_out = [
            entry for entry in audit["accounts"] if not Account(entry["id"], state=entry["state"]).readable
        ]
        self._accounts = {entry["id"]: entry["name"] for entry in audit["accounts"]}
        self._aliases = {organization["id"]: organization["alias"] for organization in audit["organizations"]}

    def account(self, account_id: str | None) -> str | None:
        """Return the name of an account with its ID, or its ID; None if it is not known or the audit is of one."""
        if account_id is None or not self.several:
            return None
        name = self._accounts.get(account_id)
        return account_id if name is None else f"{name} ({account_id})"

    def message(self, finding: Mapping[str, Any]) -> str:
        """Return the message of a finding, after its account if the audit is of several."""
        account = self.account(finding["token"].get("account_id"))
        return str(finding["message"] if account is None else f"{account}: {finding['message']}")

    def of_organization(self, entry: Mapping[str, Any]) -> list[str]:
        """Return the host and the account, each if there are several, and the alias or ID of an organization."""
        return self._parts(entry, entry["account_id"], entry["alias"] or entry["id"])

    def of_finding(self, finding: Mapping[str, Any]) -> list[str]:
        """Return the host and the account, each if there are several, and the organization of a finding."""
        token = finding["token"]
        name = token["organization_alias"] or token["organization_id"] or "unknown"
        return self._parts(finding, token.get("account_id"), name)

    def of_error(self, error: Mapping[str, Any]) -> list[str]:
        """Return as much as is known about the place of an error: the host, the account and the organization."""
        organization_id = error["organization_id"]
        return self._parts(error, error.get("account_id"), self._aliases.get(organization_id) or organization_id)

    def _parts(self, entry: Mapping[str, Any], account_id: str | None, organization: str | None) -> list[str]:
        return [part for part in (entry.get("host"), self.account(account_id), organization) if part]


def place_name(parts: Sequence[str]) -> str:
    """Return the parts of a place on one line."""
    return one_line("/".join(parts))


def state_text(account: Mapping[str, Any]) -> str:
    """Return why an account was left out."""
    return one_line(f"Not read: the account is in state {account['state']}")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun in the right form."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def headline(audit: Mapping[str, Any]) -> str:
    """Return the outcome and the counts in one line, which is the same in every report."""
    summary = audit["summary"]
    mild = summary["new"] - summary["violations"]
    by_severity = [f"{count} {severity}" for severity, count in _violations_by_severity(audit).items() if count]
    accounts = f" in {counted(summary['accounts'], 'account')}" if len(audit["accounts"]) > 1 else ""
    # Accounts and organizations that were not read can have more tokens and findings.
    reason = "not everything was read; " if audit["outcome"] == "incomplete" else ""
    parts = [
        f"{_WORDS[audit['outcome']]}: {reason}{counted(summary['violations'], 'violation')}"
        f"{' (' + ', '.join(by_severity) + ')' if by_severity else ''} on {counted(summary['tokens'], 'token')} "
        f"of {counted(summary['organizations'], 'organization')}{accounts}"
    ]
    if mild:
        parts.append(f"{counted(mild, 'lower finding')} {'does' if mild == 1 else 'do'} not fail")
    for status, meaning in (("known", "known from the baseline"), ("muted", "muted"), ("fixed", "fixed")):
        if summary[status]:
            parts.append(f"{counted(summary[status], 'finding')} {'is' if summary[status] == 1 else 'are'} {meaning}")
    return "; ".join(parts)


def _violations_by_severity(audit: Mapping[str, Any]) -> dict[str, int]:
    severities = failing(audit)
    counts = {severity: count for severity, count in audit["summary"]["by_severity"].items() if severity in severities}
    if audit["summary"]["known"]:
        # The counts of the summary contain the known findings.
        for finding in audit["findings"]:
            if finding["severity"] in counts and finding_status(audit, finding) == "known":
                counts[finding["severity"]] -= 1
    return counts


def time_shift(audit: Mapping[str, Any]) -> str | None:
    """Return a sentence on the time that an audit is about, or None if that is when the audit was made."""
    shift = parse_instant(audit["as_of"], "as_of") - parse_instant(audit["audited_at"], "audited_at")
    if abs(shift) <= _SAME_TIME:
        return None
    days, rest = divmod(abs(shift), DAY)
    distance = counted(days, "day") if days else counted(rest // (60 * SECOND), "minute")
    about, side = ("past", "before") if shift < 0 else ("future", "after")
    return (
        f"This audit is about the {about}: it judges the tokens as of {audit['as_of']}, {distance} {side} it was made, "
        f"and does not say how they are now."
    )


def provenance(audit: Mapping[str, Any]) -> str:
    """Return who made an audit: the account and the user or role of the credentials, if known, and the version."""
    match = _ARN.fullmatch(str(audit["caller"]))
    place = ""
    if match:
        place = f" of AWS account {match[1]} as {one_line(match[2], 200)}"
    elif len(audit["accounts"]) > 1:
        place = " of several AWS accounts"
    return f"Audit{place} by patrol.workmail {one_line(audit['collection_version'], 40)}"


def failing(audit: Mapping[str, Any]) -> Sequence[str]:
    """Return the severities of which a finding that is neither muted nor known is a violation."""
    return severities_from(audit["policy"]["fail_on"])


def error_text(error: Mapping[str, Any]) -> str:
    """Return the text of an error in one line."""
    return one_line(f"{error['error_code']}: {error['msg']}")


def evidence(audit: Mapping[str, Any]) -> dict[str, Any]:
    """Collect what every report names as evidence.

    Args:
        audit: The result of an audit.

    Returns:
        The instants, the caller, the versions, and the name and the digest of the policy, by name; None if not known.
    """
    return {
        **{key: audit[key] for key in ("as_of", "audited_at", "caller", "collection_version", "schema_version")},
        "policy_name": audit["policy"]["name"],
        "policy_digest": audit["policy"]["digest"],
    }


def finding_uid(finding: Mapping[str, Any]) -> str:
    """Return the ID of a finding, the same in every audit: a digest of its rule, organization and token."""
    token = finding["token"]
    identity = json.dumps([finding["rule_id"], token["organization_id"], token["personal_access_token_id"]])
    return hashlib.sha256(identity.encode()).hexdigest()


def finding_status(audit: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    """Return the status of a finding of an audit.

    Args:
        audit: The result of an audit.
        finding: One of its findings.

    Returns:
        ``muted``, ``known`` or ``new``, or ``open`` in place of the last two if the audit has no baseline.
    """
    if finding["muted"]:
        return "muted"
    if audit["baseline"] is None:
        return "open"
    return "known" if finding["known"] else "new"


def status_reason(audit: Mapping[str, Any], finding: Mapping[str, Any], status: str) -> str | None:
    """Return why a finding has its status, on one line; None for a finding that is new or open."""
    if status == "muted":
        exception = finding["exception"]
        return one_line(f"Muted until {exception['expires']}: {exception['reason']}")
    if status in ("known", "fixed"):
        since = "Known from" if status == "known" else "Fixed since"
        return one_line(f"{since} the baseline of {audit['baseline']['as_of']}")
    return None


def is_unclear(audit: Mapping[str, Any]) -> bool:
    """Return whether the facts of an audit lack records of unknown organizations."""
    return any(
        error["error_code"] == INCOMPLETE_FACTS and error["organization_id"] is None for error in audit["errors"]
    )


def rules_without_findings(
    audit: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]:
    """List the rules that found nothing in an organization, muted or not.

    Args:
        audit: The result of an audit.

    Yields:
        Each organization that was read completely, with these rules. None if it is not known of which organizations
        records are missing.
    """
    if is_unclear(audit):
        return
    unread = {error["organization_id"] for error in audit["errors"]}
    found: dict[str, set[str]] = {}
    for finding in audit["findings"]:
        found.setdefault(finding["token"]["organization_id"], set()).add(finding["rule_id"])
    for organization in audit["organizations"]:
        if organization["tokens"] is not None and organization["id"] not in unread:
            here = found.get(organization["id"], set())
            yield organization, [rule for rule in audit["policy"]["rules"] if rule["id"] not in here]
