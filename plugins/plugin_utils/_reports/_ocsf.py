# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as Compliance Findings of the Open Cybersecurity Schema Framework, one JSON object per line.

The class: https://schema.ocsf.io/1.5.0/classes/compliance_finding?profiles=cloud.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._domain.times import SECOND, parse_instant
from ._shared import (
    Places,
    error_text,
    evidence,
    finding_status,
    finding_uid,
    one_line,
    place_name,
    rules_without_findings,
    state_text,
    status_reason,
)

_VERSION = "1.5.0"
_CLASS = 2003
_ACTIVITIES = {1: "Create", 2: "Update", 3: "Close"}
_SEVERITIES = {"critical": (5, "Critical"), "high": (4, "High"), "medium": (3, "Medium"), "low": (2, "Low")}
_UNKNOWN_SEVERITY, _INFORMATIONAL = (0, "Unknown"), (1, "Informational")
# The OCSF activity and status of a finding by its status. A baseline is a list of findings to work on.
_STATUSES = {
    "open": (1, 1, "New"),
    "new": (1, 1, "New"),
    "known": (2, 2, "In Progress"),
    "muted": (1, 3, "Suppressed"),
    "fixed": (3, 4, "Resolved"),
}
_REMEDIATION = "Revoke or replace the token."
_PASS, _WARNING, _FAIL = (1, "Pass"), (2, "Warning"), (3, "Fail")
_FIELDS = ("date_created", "date_last_used", "expires_time", "expired", "never_used")
# The type ``email_t`` of the framework.
_EMAIL = re.compile(r"[a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+")


def render(audit: Mapping[str, Any]) -> str:
    """Write an event for each finding, for each rule without findings, and for everything that was not read.

    Args:
        audit: The result of an audit.

    Returns:
        JSON Lines. What was not read comes first, with the compliance status ``Warning``.
    """
    # Every text went through one_line, so no character of it needs an escape of its own.
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
    return "".join(f"{encode(event)}\n" for event in _events(audit))


def _events(audit: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    events = _Events(audit)
    for error in audit["errors"]:
        yield events.of_error(error)
    for account in events.places.left_out:
        yield events.of_account(account)
    for finding in audit["findings"]:
        yield events.of_finding(finding, finding_status(audit, finding))
    for finding in audit["fixed"]:
        yield events.of_finding(finding, "fixed")
    for organization, rules in rules_without_findings(audit):
        for rule in rules:
            yield events.of_rule(organization, rule)


class _Events:
    """A factory of the events of an audit, with the fields that all of them share."""

    def __init__(self, audit: Mapping[str, Any]) -> None:
        self._audit = audit
        self.places = Places(audit)
        self._time = parse_instant(audit["audited_at"], "audited_at") * 1_000 // SECOND
        self._account_names = {entry["id"]: entry["name"] for entry in audit["accounts"]}
        about = {key: one_line(value) if isinstance(value, str) else value for key, value in evidence(audit).items()}
        self._metadata = {
            "version": _VERSION,
            "profiles": ["cloud"],
            "product": {
                "name": "patrol.workmail",
                "vendor_name": "patrol.workmail",
                "version": about.pop("collection_version"),
            },
        }
        self._unmapped = {
            # ``audited_at`` is already in the field ``time``.
            **{key: value for key, value in about.items() if value is not None and key != "audited_at"},
            "complete": audit["complete"],
        }
        self._standards = [about["policy_name"] or "policy"]

    def of_finding(self, finding: Mapping[str, Any], status: str) -> dict[str, Any]:
        """Make the event of a finding."""
        token = finding["token"]
        message = one_line(self.places.message(finding))
        activity, status_id, caption = _STATUSES[status]
        event = self._event(
            activity,
            status=(status_id, caption),
            severity=_SEVERITIES[finding["severity"]],
            uid=finding_uid(finding),
            rule=finding,
            message=message,
            compliance=_PASS if status == "fixed" else _FAIL,
            place=token,
            account_id=token.get("account_id"),
        )
        event["resources"] = [_token_resource(token, place_name(self.places.of_finding(finding)))]
        event["remediation"] = {"desc": _REMEDIATION}
        event["unmapped"] = {**self._unmapped, "status": status, **_host(finding)}
        reason = status_reason(self._audit, finding, status)
        if reason:
            event["status_detail"] = reason
        return event

    def of_rule(self, organization: Mapping[str, Any], rule: Mapping[str, Any]) -> dict[str, Any]:
        """Make the event of a rule that found nothing in an organization."""
        name = place_name(self.places.of_organization(organization))
        event = self._event(
            1,
            status=(1, "New"),
            severity=_INFORMATIONAL,
            uid=_digest("pass", rule["id"], organization["id"]),
            rule={"rule_id": rule["id"], "description": rule["description"]},
            message=one_line(f"{rule['id']}: no token of {name} is found by this rule"),
            compliance=_PASS,
            place={**organization, "organization_id": organization["id"]},
            account_id=organization["account_id"],
        )
        event["resources"] = [_organization_resource(organization["id"], organization["alias"])]
        event["unmapped"] = {**self._unmapped, "status": "pass", **_host(organization)}
        return event

    def of_account(self, account: Mapping[str, Any]) -> dict[str, Any]:
        """Make the event of an account that was left out because of its state."""
        event = self._event(
            1,
            status=(1, "New"),
            severity=_INFORMATIONAL,
            uid=_digest("left out", account["id"]),
            rule={"rule_id": "left-out", "description": "The account is active"},
            message=one_line(f"{state_text(account)}: {self.places.account(account['id'])}"),
            compliance=_WARNING,
            place={},
            account_id=account["id"],
        )
        event["resources"] = [{"uid": one_line(account["id"]), "type": "AWS account"}]
        event["unmapped"] = {**self._unmapped, "status": "left out", **_host(account)}
        return event

    def of_error(self, error: Mapping[str, Any]) -> dict[str, Any]:
        """Make the event of something that was not read."""
        account_id, organization_id = error.get("account_id"), error["organization_id"]
        identity = (error.get("host"), account_id, organization_id, error.get("operation"), error["error_code"])
        event = self._event(
            1,
            status=(1, "New"),
            severity=_UNKNOWN_SEVERITY,
            uid=_digest("incomplete", *identity),
            rule={"rule_id": "incomplete", "description": "The audit reads every token"},
            message=error_text(error),
            compliance=_WARNING,
            place=error,
            account_id=account_id,
        )
        event["resources"] = [
            _organization_resource(organization_id, None)
            if organization_id
            else {"uid": one_line(account_id or error.get("host") or "unknown"), "type": "AWS account"}
        ]
        event["unmapped"] = {**self._unmapped, "status": "incomplete", **_host(error)}
        return event

    def _event(
        self,
        activity: int,
        *,
        status: tuple[int, str],
        severity: tuple[int, str],
        uid: str,
        rule: Mapping[str, Any],
        message: str,
        compliance: tuple[int, str],
        place: Mapping[str, Any],
        account_id: str | None,
    ) -> dict[str, Any]:
        rule_id, description = one_line(rule["rule_id"]), one_line(rule["description"] or rule["rule_id"])
        return {
            "activity_id": activity,
            "activity_name": _ACTIVITIES[activity],
            "category_uid": 2,
            "class_uid": _CLASS,
            "class_name": "Compliance Finding",
            "type_uid": _CLASS * 100 + activity,
            "time": self._time,
            "severity_id": severity[0],
            "severity": severity[1],
            "status_id": status[0],
            "status": status[1],
            "message": message,
            "metadata": self._metadata,
            "cloud": self._cloud(account_id, place.get("region")),
            "finding_info": {
                "uid": uid,
                "title": description,
                "modified_time": self._time,
            },
            "compliance": {
                "control": rule_id,
                "requirements": [description],
                "standards": self._standards,
                "status_id": compliance[0],
                "status": compliance[1],
            },
        }

    def _cloud(self, account_id: str | None, region: str | None) -> dict[str, Any]:
        cloud: dict[str, Any] = {"provider": "AWS"}
        if region:
            cloud["region"] = one_line(region)
        if account_id:
            name = self._account_names.get(account_id) or account_id
            cloud["account"] = {"uid": account_id, "name": one_line(name), "type_id": 10}
        return cloud


def _token_resource(token: Mapping[str, Any], place: str) -> dict[str, Any]:
    uid = one_line(token["personal_access_token_id"])
    resource: dict[str, Any] = {
        "uid": f"{one_line(token['organization_id'])}/{uid}",
        "name": one_line(token["name"]) or uid,
        "type": "Amazon WorkMail personal access token",
        "namespace": place,
        "data": {
            **{key: token.get(key) for key in _FIELDS},
            "scopes": [one_line(scope) for scope in token.get("scopes") or []],
        },
    }
    owner = token.get("owner") or {}
    user_id = one_line(token["user_id"] or owner.get("user_id"))
    name, email = one_line(owner.get("name")), one_line(owner.get("email"))
    if user_id or name or email:
        uid = user_id or name or email
        resource["owner"] = {
            "uid": uid,
            "name": name or email or uid,
            "type_id": 1,
            "account": {"uid": uid, "name": email or name or uid, "type_id": 99, "type": "WorkMail user"},
        }
        if _EMAIL.fullmatch(email):
            resource["owner"]["email_addr"] = email
        resource["data"]["owner_state"] = owner.get("state") and one_line(owner["state"])
    return resource


def _organization_resource(organization_id: str, alias: str | None) -> dict[str, Any]:
    return {
        "uid": one_line(organization_id),
        "name": one_line(alias or organization_id),
        "type": "Amazon WorkMail organization",
    }


def _host(entry: Mapping[str, Any]) -> dict[str, str]:
    return {"host": one_line(entry["host"])} if entry.get("host") else {}


def _digest(*identity: str | None) -> str:
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()
