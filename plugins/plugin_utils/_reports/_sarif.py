# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as SARIF 2.1.0, for what shows findings beside code, such as GitHub's code scanning.

The format: U(https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html). What
GitHub makes of it, and its limits:
U(https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._texts import (
    error_text,
    one_line,
    organization_name,
    unread,
)

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/patrol-collections/workmail"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# GitHub: critical over 9.0, high from 7.0, medium from 4.0, low below.
_SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_HELP = "Revoke the token if nobody needs it, or replace it. An exception in the policy mutes a finding."
# GitHub rejects a file with more results, and shortens texts that are longer.
_MOST_RESULTS = 25_000
_LONGEST = 1_000


def render(audit: Mapping[str, Any]) -> str:
    """A rule of the policy is a rule, a finding a result in the policy file, where the rule begins.

    An audit that is not complete is an execution that was not successful, with what could not be read among its
    notifications.
    """
    policy, findings = audit["policy"], audit["findings"]
    uri = _uri(policy["file"])
    rules = {rule["id"]: index for index, rule in enumerate(policy["rules"])}
    lines = {rule["id"]: rule["line"] for rule in policy["rules"]}
    results = []
    for finding in findings[:_MOST_RESULTS]:
        rule_id = finding["rule_id"]
        results.append(_result(finding, rules[rule_id], uri, lines[rule_id] or 1))
    notifications = [_notification("error", error_text(error)) for error in unread(audit)]
    if len(findings) > _MOST_RESULTS:
        left_out = len(findings) - _MOST_RESULTS
        notifications.append(_notification("warning", f"{left_out} more findings, the least severe, were left out."))
    run = {
        "tool": {
            "driver": {
                "name": "patrol.workmail",
                "informationUri": _HOME,
                "rules": [_rule(rule) for rule in policy["rules"]],
            }
        },
        "invocations": [{"executionSuccessful": audit["complete"], "toolExecutionNotifications": notifications}],
        "results": results,
        "properties": {"outcome": audit["outcome"], "asOf": audit["as_of"]},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _uri(file: str | None) -> str:
    """The policy file as a reference that holds in the repository, or as a whole URI where its path is absolute."""
    path = (file or "").replace("\\", "/").removeprefix("./") or "policy.yml"
    quoted = quote(path, errors="replace")
    return f"file://{quoted}" if path.startswith("/") else quoted


def _message(text: str) -> dict[str, str]:
    # In a message, [this](is a link), of GitHub and of the format alike.
    return {"text": one_line(text.replace("](", "] ("), _LONGEST)}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    description = _message(rule["description"] or rule["id"])
    return {
        "id": rule["id"],
        "shortDescription": description,
        "fullDescription": description,
        "help": {
            "text": "Revoke the token if nobody needs it, or replace it. An exception in the policy mutes a finding."
        },
        "helpUri": _HOME,
        "defaultConfiguration": {"level": _LEVELS[rule["severity"]]},
        "properties": {"security-severity": _SECURITY[rule["severity"]], "tags": ["security", "workmail"]},
    }


def _result(finding: Mapping[str, Any], index: int, uri: str, line: int) -> dict[str, Any]:
    token = finding["token"]
    organization_id, token_id = token["organization_id"], token["personal_access_token_id"]
    identity = json.dumps([finding["rule_id"], organization_id, token_id])
    location = {
        "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}},
        "logicalLocations": [
            {
                "name": organization_name(organization_id, token["organization_alias"], finding.get("account")),
                "fullyQualifiedName": one_line(organization_id),
                "kind": "resource",
            },
            {
                "name": one_line(token_id),
                "fullyQualifiedName": one_line(f"{organization_id}/{token_id}"),
                "kind": "resource",
            },
        ],
    }
    result: dict[str, Any] = {
        "ruleId": finding["rule_id"],
        "ruleIndex": index,
        "level": _LEVELS[finding["severity"]],
        "message": _message(finding["message"]),
        "locations": [location],
        # The one fingerprint that GitHub goes by. It would make one of the line, which many findings share.
        "partialFingerprints": {"primaryLocationLineHash": hashlib.sha256(identity.encode()).hexdigest()},
    }
    if finding["muted"]:
        reason = one_line(f"{finding['exception']['reason']} (until {finding['exception']['expires']})", _LONGEST)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": _message(text)}
