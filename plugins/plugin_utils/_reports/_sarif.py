# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as SARIF 2.1.0, for tools that show findings beside code, such as GitHub's code scanning.

The format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html. GitHub's
use of it, and its limits:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ._shared import (
    Places,
    counted,
    error_text,
    evidence,
    finding_status,
    finding_uid,
    headline,
    one_line,
    place_name,
    state_text,
    time_shift,
)

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/patrol-collections/workmail"
_HELP = "Revoke the token if nobody needs it, or replace it. An exception in the policy mutes a finding."
_STATES = {"new": "new", "known": "unchanged", "fixed": "absent"}
# Environment variables of the CI services that open an alert even for a result that is marked as absent.
_ALERTING = ("GITHUB_ACTIONS", "GITLAB_CI")
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# GitHub: critical over 9.0, high from 7.0, medium from 4.0, low below.
_SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
# Where GitHub shows findings if the policy is not a file of the repository. It rejects results without a file.
_WORKFLOW = re.compile(r"[^/]+/[^/]+/(.+)@[^@]+")
_USUAL_FILES = (".gitlab-ci.yml", "azure-pipelines.yml", "Jenkinsfile", "README.md", "README.rst", "README")
# GitHub rejects a file with more results, and shortens texts that are longer.
_MOST_RESULTS = 25_000
_LONGEST = 1_000


def render(audit: Mapping[str, Any], base: str | None = None) -> str:
    """Write a rule for each rule of the policy, and a result at that rule in the policy file for each finding.

    An incomplete audit is an unsuccessful execution, and its notifications name what could not be read.
    GitHub opens an alert for each result, whatever its ``suppressions`` and its ``baselineState`` are. So muted
    findings are only counted, and on GitHub Actions and in GitLab CI fixed findings as well.

    Args:
        audit: The result of an audit.
        base: The root of the repository, to which the paths of files are relative. If left out, it is the nearest
            directory with ``.git``, from the working directory upward, or else the working directory.

    Returns:
        The document.
    """
    policy, findings = audit["policy"], [finding for finding in audit["findings"] if not finding["muted"]]
    fixed = [] if any(os.environ.get(name) == "true" for name in _ALERTING) else audit["fixed"]
    uri, in_policy = _location(policy["file"], _root(base))
    rules = {rule["id"]: index for index, rule in enumerate(policy["rules"])}
    lines = {rule["id"]: rule["line"] if in_policy else None for rule in policy["rules"]}
    places = Places(audit)
    results = []
    for finding, status in [
        *((finding, finding_status(audit, finding)) for finding in findings),
        *((finding, "fixed") for finding in fixed),
    ][:_MOST_RESULTS]:
        rule_id = finding["rule_id"]
        result = _result(finding, places, rules[rule_id], uri, lines[rule_id] or 1)
        results.append({**result, "baselineState": _STATES[status]} if status in _STATES else result)
    notifications = [_notification("error", error_text(error)) for error in audit["errors"]]
    shift = time_shift(audit)
    if shift:
        notifications.append(_notification("warning", shift))
    left_out = len(findings) + len(fixed) - _MOST_RESULTS
    if left_out > 0:
        notifications.append(_notification("warning", f"{left_out} more findings, the least severe, were omitted."))
    notifications += [
        _notification("note", f"{state_text(account)}: {places.account(account['id'])}.") for account in places.left_out
    ]
    for status, number in (("muted", audit["summary"]["muted"]), ("fixed", len(audit["fixed"]) - len(fixed))):
        if number:
            left = counted(number, f"{status} finding")
            notifications.append(_notification("note", f"Without {left}, which the other formats list."))
    accounts = [entry["id"] for entry in audit["accounts"] if entry["id"] is not None]
    run = {
        "tool": {
            "driver": {
                "name": "patrol.workmail",
                "version": audit["collection_version"],
                "informationUri": _HOME,
                "rules": [_rule(rule) for rule in policy["rules"]],
            }
        },
        "invocations": [{"executionSuccessful": audit["complete"], "toolExecutionNotifications": notifications}],
        "results": results,
        "properties": {
            "outcome": audit["outcome"],
            "summary": headline(audit),
            **{_camel(key): value for key, value in evidence(audit).items()},
            **({"accounts": accounts} if accounts else {}),
            "muted": audit["summary"]["muted"],
            **_baseline(audit),
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _baseline(audit: Mapping[str, Any]) -> dict[str, Any]:
    if audit["baseline"] is None:
        return {}
    counts = {status: audit["summary"][status] for status in ("new", "known", "fixed")}
    return {**counts, "baselineAsOf": audit["baseline"]["as_of"]}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return "".join([first, *(word.capitalize() for word in others)])


def _root(base: str | None) -> Path:
    """Return the root of the repository."""
    here = Path.cwd()
    if base is not None:
        return here / base
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _location(policy_file: str | None, root: Path) -> tuple[str | None, bool]:
    """Find a file of the repository at which code scanning can show findings.

    Args:
        policy_file: The policy file, as an audit has it.
        root: The root of the repository.

    Returns:
        The relative URI, and whether it is the policy file. A policy of the collection or of the play has no file in
        the repository. In its place is the workflow that runs or a file that most repositories have, or None if neither
        exists.
    """
    found = _in_repository(policy_file, root)
    if found is not None:
        return found, True
    workflow = _WORKFLOW.fullmatch(os.environ.get("GITHUB_WORKFLOW_REF", ""))
    candidates = ((workflow[1],) if workflow else ()) + _USUAL_FILES
    return next(filter(None, (_in_repository(str(root / file), root) for file in candidates)), None), False


def _in_repository(file: str | None, root: Path) -> str | None:
    """Return the relative URI of a file below a directory, or None if the file does not exist there."""
    try:
        if not file or not Path(file).is_file():
            return None
    except (OSError, ValueError):
        # A name that is too long, or a null character.
        return None
    path = os.path.relpath(os.path.abspath(file), os.path.abspath(root)).replace(os.sep, "/")
    return None if path.startswith("../") else quote(path, errors="replace")


def _message(text: str) -> dict[str, str]:
    # In a message, both the format and GitHub interpret [this](as a link).
    return {"text": one_line(text.replace("](", "] ("), _LONGEST)}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    description = _message(rule["description"] or rule["id"])
    return {
        "id": rule["id"],
        "shortDescription": description,
        "fullDescription": description,
        "help": {"text": _HELP},
        "helpUri": _HOME,
        "defaultConfiguration": {"level": _LEVELS[rule["severity"]]},
        "properties": {"security-severity": _SECURITY[rule["severity"]], "tags": ["security", "workmail"]},
    }


def _result(finding: Mapping[str, Any], places: Places, index: int, uri: str | None, line: int) -> dict[str, Any]:
    token = finding["token"]
    organization_id, token_id = token["organization_id"], token["personal_access_token_id"]
    location: dict[str, Any] = {
        "logicalLocations": [
            {
                "name": place_name(places.of_finding(finding)),
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
    if uri is not None:
        location["physicalLocation"] = {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}
    return {
        "ruleId": finding["rule_id"],
        "ruleIndex": index,
        "level": _LEVELS[finding["severity"]],
        "message": _message(places.message(finding)),
        "locations": [location],
        # The only fingerprint that GitHub uses. Its default is based on the line, which many findings share.
        "partialFingerprints": {"primaryLocationLineHash": finding_uid(finding)},
    }


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": _message(text)}
