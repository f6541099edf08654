# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of every kind, and a slow second implementation of the engine, on the records that users see."""

from __future__ import annotations

import datetime
from typing import Any

from condition_oracle import documents, oracle
from hypothesis import strategies as st
from token_strategies import NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import SEVERITIES
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Token, to_record

RULE_IDS = ["a", "b", "B.2", "c-3"]

some_documents = documents.filter(bool)
expiries = st.one_of(
    st.integers(-3, 3).map(lambda day: (_moment(NOW) + datetime.timedelta(days=day)).date()),
    st.integers(-3, 3).map(lambda day: (_moment(NOW) + datetime.timedelta(days=day)).date().isoformat()),
    st.integers(-3, 3).map(lambda day: format_instant(NOW + day * DAY)),
)


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    ids = draw(st.lists(st.sampled_from(RULE_IDS), min_size=1, unique=True))
    policy: dict[str, Any] = {
        "version": 1,
        "rules": [
            {"id": rule, "severity": draw(st.sampled_from(SEVERITIES)), "when": draw(some_documents)} for rule in ids
        ],
        "exceptions": draw(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "rules": st.lists(st.sampled_from(ids), min_size=1),
                        "match": some_documents,
                        "reason": st.sampled_from(["TICKET-1", "TICKET-2"]),
                        "expires": expiries,
                    }
                ),
                max_size=4,
            )
        ),
    }
    if draw(st.booleans()):
        policy["fail_on"] = draw(st.sampled_from(SEVERITIES))
    return policy


def _moment(instant: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(instant / 1_000_000, datetime.UTC)


def naive(policy: dict[str, Any], population: list[Token], complete: bool) -> dict[str, Any]:
    """Judge every token by every rule, and every finding by every exception, without any cache."""
    now = _moment(NOW)
    records = [to_record(token, NOW) for token in population]

    def holds(exception: dict[str, Any]) -> bool:
        expires = exception["expires"]
        if not isinstance(expires, datetime.date):
            if len(expires) > 10:
                return bool(now < datetime.datetime.fromisoformat(expires))
            expires = datetime.date.fromisoformat(expires)
        return now.date() <= expires

    findings = []
    matched = set()
    for rule in policy["rules"]:
        for record in records:
            if not oracle(rule["when"], record, now):
                continue
            muting = [
                index
                for index, exception in enumerate(policy["exceptions"])
                if holds(exception) and rule["id"] in exception["rules"] and oracle(exception["match"], record, now)
            ]
            matched.update(muting)
            reason = policy["exceptions"][muting[0]]["reason"] if muting else None
            findings.append((rule["id"], rule["severity"], reason, record))
    order = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    threshold = order[policy.get("fail_on", "low")]
    loud = [finding for finding in findings if finding[2] is None]
    return {
        "outcome": "incomplete"
        if not complete
        else "violations"
        if any(order[severity] <= threshold for _rule, severity, _reason, _record in loud)
        else "pass",
        "order": sorted(
            (
                order[severity],
                rule,
                record["account_id"] or "",
                record["organization_id"],
                record["personal_access_token_id"] or "",
            )
            for rule, severity, _reason, record in findings
        ),
        "findings": findings,
        "by_rule": {rule["id"]: sum(finding[0] == rule["id"] for finding in loud) for rule in policy["rules"]},
        "by_severity": {severity: sum(finding[1] == severity for finding in loud) for severity in order},
        "expired": [exception["reason"] for exception in policy["exceptions"] if not holds(exception)],
        "unused": [
            exception["reason"]
            for index, exception in enumerate(policy["exceptions"])
            if holds(exception) and index not in matched
        ],
    }
