# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Checks of the policy or the findings of a revocation. Pure: the standard library only."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .._domain.checks import boolean_at, check_plain, mapping_at, text_at
from .._domain.errors import OptionError
from .._domain.policy import SEVERITIES, Policy
from .._domain.text import nearest, quoted
from .._domain.times import DAY
from .._domain.tokens import Token, token_from_record

_MOST_REASONS = 5

Findings = Sequence[Mapping[str, Any]]


def check_can_revoke(policy: Policy) -> None:
    """Check that a policy has a rule that can revoke a token.

    Args:
        policy: The policy.

    Raises:
        OptionError: No rule can revoke a token. The error gives the reasons.
    """
    if policy.can_revoke:
        return
    reasons = [
        f"{rule.id} has revoke: false"
        if not rule.revoke
        else f"{rule.id} has the severity {rule.severity}, which is below fail_on ({policy.fail_on})"
        for rule in policy.rules
    ]
    more = f" and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    raise OptionError(
        f"policy: none of its rules can revoke a token: {', '.join(reasons[:_MOST_REASONS])}{more}",
        hint="Such a policy only reports. Use a policy with a rule that can revoke.",
    )


def check_findings(findings: object) -> Findings:
    """Check that a value is a list of findings of an audit.

    Args:
        findings: The value of the option ``findings``.

    Returns:
        The findings.

    Raises:
        OptionError: The value is not valid. The error names the place in the list and the problem.
    """
    if not isinstance(findings, (list, tuple)):
        raise OptionError(f"findings: expected a list of findings of an audit, got {quoted(findings)}")
    check_plain(findings, "findings")
    for index, finding in enumerate(findings):
        here = f"findings[{index}]"
        if not isinstance(finding, Mapping):
            raise OptionError(f"{here}: expected a finding of an audit, got {quoted(finding)}")
        missing = [
            key
            for key in ("rule_id", "severity", "revoke", "description", "message", "muted", "exception", "token")
            if key not in finding
        ]
        if missing:
            raise OptionError(f"{here}: not a finding of an audit, it lacks {', '.join(missing)}")
        for key in ("rule_id", "severity", "description", "message"):
            text_at(finding[key], f"{here}.{key}")
        for key in ("muted", "revoke"):
            boolean_at(finding[key], f"{here}.{key}")
        if finding["severity"] not in SEVERITIES:
            raise OptionError(
                f"{here}.severity: {quoted(finding['severity'])} is not one of {', '.join(SEVERITIES)}"
                f"{nearest(finding['severity'], SEVERITIES)}"
            )
        if finding["exception"] is not None:
            exception = mapping_at(finding["exception"], f"{here}.exception", ("reason",))
            text_at(exception["reason"], f"{here}.exception.reason")
        check_token(finding["token"], f"{here}.token")
    return findings


def check_findings_can_revoke(findings: Findings) -> None:
    """Check that at least one finding can revoke a token. An empty list is valid.

    Args:
        findings: The findings of an audit.

    Raises:
        OptionError: No finding can revoke a token, because all their rules have ``revoke: false``.
    """
    if findings and not any(finding["revoke"] for finding in findings):
        rules = sorted({str(finding["rule_id"]) for finding in findings})
        names = ", ".join(rules[:_MOST_REASONS]) + (" and more" if len(rules) > _MOST_REASONS else "")
        raise OptionError(
            f"findings: none of them can revoke a token, since their rules have revoke: false in the policy ({names})",
            hint="Such rules only report. Use findings of a rule that can revoke.",
        )


def check_findings_of_the_past(findings: Findings, now: int) -> None:
    """Check that findings are not those of an audit of a future instant, which can find tokens that are valid now.

    Args:
        findings: The findings of an audit.
        now: The present, in microseconds since the epoch.

    Raises:
        OptionError: The derived fields of a token, such as ``expired`` or ``age_days``, belong to an instant after
            ``now``.
    """
    for index, finding in enumerate(findings):
        record = finding["token"]
        token = token_from_record(record)
        instants: list[float] = [
            base + sign * record[field] * DAY
            for field, base, sign in (
                ("age_days", token.date_created, 1),
                ("unused_days", token.last_activity, 1),
                ("expires_in_days", token.expires_time, -1),
            )
            if base is not None and isinstance(record.get(field), (int, float))
        ]
        if record.get("expired") is True and token.expires_time is not None:
            instants.append(token.expires_time)
        # Allow for the rounding of the fields in days to two decimal places.
        if any(instant > now + DAY // 100 for instant in instants):
            raise OptionError(
                f"findings[{index}]: the instant of the audit is in the future, so valid tokens would be revoked",
                hint="Audit without as_of, or set allow_future to true.",
            )


def check_token(record: object, path: str) -> Token:
    """Check the record of a token, including the fields that are necessary to find the token again.

    Args:
        record: The record.
        path: The name of the record in an error.

    Returns:
        The token.

    Raises:
        OptionError: A field is missing or not valid. The error names it.
    """
    token = token_from_record(record, path)
    for field in ("organization_id", "region", "personal_access_token_id"):
        value = getattr(token, field)
        if not isinstance(value, str) or not value:
            raise OptionError(f"{path}.{field}: expected a text, got {quoted(value)}")
    return token
