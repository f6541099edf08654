# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as OpenMetrics that the textfile collector of Prometheus' node_exporter reads as well.

The collector reads the older text format, which has no units, no type ``info`` and no end mark, and it refuses samples
with timestamps. So every metric is a gauge without a timestamp, and the end mark is a comment to the collector:
https://prometheus.io/docs/specs/om/open_metrics_spec/ and
https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ...module_utils._domain.times import SECOND, parse_instant
from ...module_utils._domain.tokens import key_of
from ._shared import Places, evidence, failing, finding_status, one_line, rules_without_findings

_Labels = tuple[tuple[str, str], ...]
_Sample = tuple[_Labels, float]
# A label that users can write into is cut, because Prometheus can be set to refuse long ones.
_LONGEST = 200


def render(audit: Mapping[str, Any]) -> str:
    """Write the counts of an audit as gauges.

    An organization that was not read has no number of tokens, rather than zero. An audit contains only tokens that a
    rule finds, so the names of metrics about expiry say that they are about these.

    Args:
        audit: The result of an audit.

    Returns:
        Text that is valid in both formats.
    """
    about, places, found = evidence(audit), _Places(audit), _found_tokens(audit)
    expired = sum(token["expired"] for token in found)
    ahead = [_seconds(token, "expires_time") for token in found if token["expires_time"] and not token["expired"]]
    families = [
        _family(
            "audit_info",
            "The collection, the caller and the policy of the audit.",
            [
                (
                    _labels(
                        {
                            "version": about["collection_version"],
                            "schema_version": about["schema_version"],
                            "caller": about["caller"],
                            "policy": about["policy_name"],
                            "policy_digest": about["policy_digest"],
                            "fail_on": audit["policy"]["fail_on"],
                        }
                    ),
                    1,
                )
            ],
        ),
        _single_gauge(
            "audit_complete", "Whether everything was read; 0 for an incomplete audit.", int(audit["complete"])
        ),
        _family("audit_errors", "Errors by what could not be read.", _errors(audit, places)),
        _family("audit_left_out_accounts", "Accounts that were left out because of their state.", _left_out(audit)),
        _single_gauge("audit_timestamp_seconds", "When the audit was made.", _seconds(audit, "audited_at")),
        _single_gauge(
            "audit_as_of_timestamp_seconds", "The instant that the tokens were judged at.", _seconds(audit, "as_of")
        ),
        _single_gauge("audit_accounts", "AWS accounts that were read.", audit["summary"]["accounts"]),
        _single_gauge(
            "audit_organizations", "WorkMail organizations that were read.", audit["summary"]["organizations"]
        ),
        _family("tokens", "Tokens of a WorkMail organization that was read.", _tokens(audit, places)),
        _family("findings", "Findings by status.", _findings(audit, places)),
        _family("violations", "Findings that fail the audit.", _violations(audit, places)),
        _single_gauge("found_tokens", "Tokens with a finding, also a muted one.", len(found)),
        _single_gauge("found_tokens_expired", "Tokens with a finding that have expired.", expired),
        _family(
            "found_tokens_soonest_expiry_timestamp_seconds",
            "When the next token with a finding expires. Absent if none does.",
            [((), min(ahead))] if ahead else [],
        ),
    ]
    return "".join(f"{line}\n" for family in families for line in family) + "# EOF\n"


class _Places:
    """The labels of the account and the WorkMail organization of a finding."""

    def __init__(self, audit: Mapping[str, Any]) -> None:
        self._accounts = {entry["id"]: entry["name"] for entry in audit["accounts"]}
        self._labels: dict[str, dict[str, object]] = {}
        for entry in audit["organizations"]:
            self._labels[entry["id"]] = self._named(entry["account_id"], entry["id"], entry["alias"], entry["region"])

    def of_organization(self, organization: Mapping[str, Any]) -> dict[str, object]:
        """Return the labels of an organization of the audit."""
        return self._labels[organization["id"]]

    def of_finding(self, finding: Mapping[str, Any]) -> dict[str, object]:
        """Return the labels of the organization of a finding, which the audit need not list if it is fixed."""
        token = finding["token"]
        known = self._labels.get(token["organization_id"])
        return known or self._named(
            token.get("account_id"), token["organization_id"], token["organization_alias"], token["region"]
        )

    def of_error(self, error: Mapping[str, Any]) -> dict[str, object]:
        """Return the labels of the place of an error, as far as they are known, and its code."""
        account_id, organization_id = error.get("account_id"), error["organization_id"]
        named = self._labels.get(organization_id) or self._named(account_id, organization_id, None, error.get("region"))
        return {"host": error.get("host"), **named, "error_code": error["error_code"]}

    def _named(
        self, account_id: str | None, organization_id: str | None, alias: str | None, region: str | None
    ) -> dict[str, object]:
        return {
            "account_id": account_id,
            "account": self._accounts.get(account_id),
            "organization_id": organization_id,
            "organization": alias,
            "region": region,
        }


def _errors(audit: Mapping[str, Any], places: _Places) -> list[_Sample]:
    counts = Counter(_labels(places.of_error(error)) for error in audit["errors"])
    return list(counts.items()) or [((), 0)]


def _left_out(audit: Mapping[str, Any]) -> list[_Sample]:
    return [
        (_labels({"account_id": entry["id"], "account": entry["name"], "state": entry["state"]}), 1)
        for entry in Places(audit).left_out
    ]


def _tokens(audit: Mapping[str, Any], places: _Places) -> list[_Sample]:
    return [
        (_labels(places.of_organization(organization)), organization["tokens"])
        for organization in audit["organizations"]
        if organization["tokens"] is not None
    ]


def _findings(audit: Mapping[str, Any], places: _Places) -> list[_Sample]:
    counts: Counter[_Labels] = Counter()
    for finding in audit["findings"]:
        counts[_finding_labels(finding, places, status=finding_status(audit, finding))] += 1
    for finding in audit["fixed"]:
        counts[_finding_labels(finding, places, status="fixed")] += 1
    return list(counts.items())


def _violations(audit: Mapping[str, Any], places: _Places) -> list[_Sample]:
    """Count the findings that fail the audit, with zeros for the rules of completely read organizations."""
    counts: dict[_Labels, float] = {}
    severities = failing(audit)
    for organization, _rules in rules_without_findings(audit):
        for rule in audit["policy"]["rules"]:
            if rule["severity"] in severities:
                labels = {"rule": rule["id"], "severity": rule["severity"]}
                counts[_labels({**places.of_organization(organization), **labels})] = 0
    for finding in audit["findings"]:
        if finding["severity"] in severities and finding_status(audit, finding) in ("open", "new"):
            labels_of_finding = _finding_labels(finding, places)
            counts[labels_of_finding] = counts.get(labels_of_finding, 0) + 1
    return list(counts.items())


def _finding_labels(finding: Mapping[str, Any], places: _Places, **more: object) -> _Labels:
    rule = {"rule": finding["rule_id"], "severity": finding["severity"]}
    return _labels({**places.of_finding(finding), **rule, **more})


def _found_tokens(audit: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list({key_of(finding["token"]): finding["token"] for finding in audit["findings"]}.values())


def _seconds(entry: Mapping[str, Any], field: str) -> float:
    return parse_instant(entry[field], field) / SECOND


def _labels(labels: Mapping[str, object]) -> _Labels:
    return tuple((name, one_line(value, _LONGEST)) for name, value in labels.items())


def _single_gauge(name: str, meaning: str, value: float) -> list[str]:
    return _family(name, meaning, [((), value)])


def _family(name: str, meaning: str, samples: Iterable[_Sample]) -> list[str]:
    metric = f"workmail_pat_{name}"
    lines = [_sample(metric, *sample) for sample in samples]
    return [f"# HELP {metric} {meaning}", f"# TYPE {metric} gauge", *lines] if lines else []


def _sample(metric: str, labels: _Labels, value: float) -> str:
    # Line breaks are already spaces, so only these two characters must be escaped.
    texts = (text.replace("\\", "\\\\").replace('"', '\\"') for _name, text in labels)
    written = ",".join(f'{name}="{text}"' for (name, _text), text in zip(labels, texts, strict=True))
    return f"{metric}{'{' + written + '}' if written else ''} {value:.15g}"
