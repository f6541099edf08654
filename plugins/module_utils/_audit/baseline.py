# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Baselines: earlier audits with which new audits are compared. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Tuple

from .._domain.errors import OptionError
from .._domain.text import quoted
from .._domain.times import DAY, SECOND, parse_duration, parse_instant
from .._domain.tokens import Organization
from .audit_check import check_audit
from .result import INCOMPLETE, SCHEMA_VERSION, conclude

MAX_AGE = "90d"
_MOST_NAMED = 3
# The tolerance for differences between clocks: a merged audit can have as_of from one host and audited_at from another.
_SAME_TIME = 300 * SECOND
_NEW_BASELINE = "Use the audit.json of a newer audit as the baseline, after reviewing its findings."

FindingKey = Tuple[str, Any, str, str]


class Baseline(NamedTuple):
    """A valid baseline.

    ``findings`` are the findings that are not muted, by rule and token. ``organizations`` are the account IDs of the
    organizations that were read, by organization ID. ``evidence`` is the field ``baseline`` of a result.
    """

    findings: Mapping[FindingKey, Mapping[str, Any]]
    organizations: Mapping[str, Any]
    evidence: Mapping[str, Any]


def read_baseline(document: object, max_age: object, now: int, path: str = "baseline") -> Baseline:
    """Check that an earlier audit can be used as a baseline.

    Args:
        document: The result of an audit, as in ``audit.json``.
        max_age: The maximum age, as a duration such as ``90d``; None for ``MAX_AGE``.
        now: The present, in microseconds since the epoch.
        path: The name of the baseline in an error.

    Returns:
        The baseline.

    Raises:
        OptionError: ``max_age`` is not a duration; or the document is not the result of an audit, has a newer schema,
            is incomplete, is too old, was made after ``now``, or has an ``as_of`` that is later than the time at which
            it was made.
    """
    longest = parse_duration(MAX_AGE if max_age is None else max_age, f"{path}_max_age")
    audit = _audit(document, path)
    if audit["outcome"] == INCOMPLETE:
        raise OptionError(
            f"{path}: the audit was incomplete, and what it did not read would look like new findings",
            hint="Use the audit.json of a complete audit as the baseline.",
        )
    made = parse_instant(audit["audited_at"], f"{path}.audited_at")
    age = now - made
    if age < 0:
        raise OptionError(
            f"{path}: it was made at {audit['audited_at']}, which is in the future",
            hint="Compare the clock of this machine with that of the machine that made the baseline.",
        )
    if age > longest:
        raise OptionError(
            f"{path}: it is {age // DAY} days old; expected at most {quoted(MAX_AGE if max_age is None else max_age)}",
            hint=_NEW_BASELINE,
        )
    if parse_instant(audit["as_of"], f"{path}.as_of") - made > _SAME_TIME:
        raise OptionError(
            f"{path}: it judges the tokens as of {audit['as_of']}, which is later than the {audit['audited_at']} at "
            "which it was made, so a token that expires in between would be known",
            hint="Use the audit.json of an audit of the present as the baseline.",
        )
    counted = [finding for finding in audit["findings"] if not finding["muted"]]
    return Baseline(
        # Skip tokens without an ID, because they cannot be found again.
        findings={
            _key(finding): finding for finding in counted if finding["token"]["personal_access_token_id"] is not None
        },
        organizations={
            entry["id"]: entry["account_id"] for entry in audit["organizations"] if entry["tokens"] is not None
        },
        evidence={
            "as_of": audit["as_of"],
            "audited_at": audit["audited_at"],
            "findings": len(counted),
            "policy": {"name": audit["policy"]["name"], "digest": audit["policy"]["digest"]},
        },
    )


def _audit(document: object, path: str) -> Mapping[str, Any]:
    hint = "Use the unchanged audit.json of an earlier audit."
    if not isinstance(document, Mapping) or not document:
        raise OptionError(f"{path}: expected the result of an audit, got {quoted(document)}", hint=hint)
    if "findings" not in document and "schema_version" not in document:
        raise OptionError(f"{path}: expected the result of an audit, got a document without findings", hint=hint)
    version = document.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise OptionError(
            f"{path}: schema version {version} is newer than this collection, which reads version {SCHEMA_VERSION}",
            hint="Use at least the version of patrol.workmail that made the baseline.",
        )
    try:
        return check_audit(document, path)
    except OptionError as error:
        raise OptionError(error.message, hint=error.hint or hint) from error


def compare_with_baseline(audit: Mapping[str, Any], baseline: Baseline) -> dict[str, Any]:
    """Mark the known findings of an audit, which do not fail it, and list the fixed findings.

    A finding is known if the baseline has it. A finding of the baseline is fixed if the audit does not have it,
    although its rule is still in the policy and its organization was read completely.

    Args:
        audit: The result of ``result.audit``.
        baseline: The baseline.

    Returns:
        The audit with ``known`` in each finding, ``fixed``, ``baseline``, and the new counts and outcome.

    Raises:
        OptionError: The audit is complete, but did not read an organization of the baseline.
    """
    _require_organizations(audit, baseline)
    findings = [{**finding, "known": _key(finding) in baseline.findings} for finding in audit["findings"]]
    # Compare without the account ID, which is null if the credentials may not describe the organization.
    found = {_place(finding) for finding in findings}
    rules = {rule["id"] for rule in audit["policy"]["rules"]}
    read = {entry["id"] for entry in audit["organizations"] if entry["tokens"] is not None or _is_vanishing(entry)}
    fixed = [
        finding
        for finding in baseline.findings.values()
        if _place(finding) not in found and finding["rule_id"] in rules and finding["token"]["organization_id"] in read
    ]
    return conclude({**audit, "findings": findings, "fixed": fixed, "baseline": dict(baseline.evidence)})


def _key(finding: Mapping[str, Any]) -> FindingKey:
    token = finding["token"]
    return finding["rule_id"], token.get("account_id"), token["organization_id"], token["personal_access_token_id"]


def _place(finding: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the parts of the key of a finding that are known even if its account is not."""
    token = finding["token"]
    return finding["rule_id"], token["organization_id"], token["personal_access_token_id"]


def _is_vanishing(entry: Mapping[str, Any]) -> bool:
    """Return whether an organization has no tokens because of its state, for example because it is being deleted."""
    return not Organization(entry["id"], entry["alias"], entry["region"], entry["state"] or "").readable


def _require_organizations(audit: Mapping[str, Any], baseline: Baseline) -> None:
    """Refuse a baseline with an organization that a complete audit did not read: its findings would look fixed.

    The organizations of an account that could not be read are excepted, because the audit cannot know them.
    """
    unread = {entry["id"] for entry in audit["accounts"] if entry["organizations"] is None}
    listed = {entry["id"] for entry in audit["organizations"]}
    missing = sorted(
        organization
        for organization, account_id in baseline.organizations.items()
        if organization not in listed and account_id not in unread
    )
    if missing and audit["complete"]:
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        raise OptionError(
            f"baseline: this audit does not read {', '.join(map(quoted, missing[:_MOST_NAMED]))}{more}, which the "
            "baseline has",
            hint="Audit the same organizations as the baseline, or make a new baseline if they were deleted.",
        )
