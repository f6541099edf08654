# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as JUnit's XML, in which a pipeline shows a rule of the policy as a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from ._shared import (
    Places,
    error_text,
    evidence,
    failing,
    finding_status,
    headline,
    is_unclear,
    one_line,
    place_name,
    state_text,
    status_reason,
    time_shift,
)

_PRODUCT = "patrol.workmail"
_OUTCOMES = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render(audit: Mapping[str, Any]) -> str:
    """Write a test suite for each organization, and for each account and host that was not read.

    A finding is a test case with the name of its rule and token: failed, skipped if it is muted or known, or passed
    with its message as output if the policy does not fail on its severity or if it is fixed. A rule that finds nothing
    is a test case that passed, with the name of the rule. Everything that could not be read is an error.

    Args:
        audit: The result of an audit.

    Returns:
        The document.
    """
    organizations = {organization["id"]: organization for organization in audit["organizations"]}
    findings = _group_by(audit["findings"], lambda finding: finding["token"]["organization_id"])
    fixed = _group_by(audit["fixed"], lambda finding: finding["token"]["organization_id"])
    unclear = is_unclear(audit)
    errors = _group_by(
        audit["errors"], lambda error: error["organization_id"] or (error.get("host"), error.get("account_id"))
    )
    places = Places(audit)
    root = ElementTree.Element("testsuites", {"name": _PRODUCT})
    about = {**evidence(audit), "summary": headline(audit), "note": time_shift(audit)}
    for key in dict.fromkeys([*organizations, *findings, *fixed, *errors]):
        organization = organizations.get(key)
        suite = _suite(root, *_place(organization, findings.get(key) or fixed.get(key), errors.get(key), places), about)
        for finding in findings.get(key, []):
            _finding(suite, audit, finding)
        for finding in fixed.get(key, []):
            text = f"{status_reason(audit, finding, 'fixed')} - {finding['message']}"
            ElementTree.SubElement(_case(suite, _name(finding)), "system-out").text = one_line(text)
        for error in errors.get(key, []):
            _error(suite, error["error_code"], error_text(error))
        if organization is None or key in errors:
            continue
        if organization["tokens"] is not None:
            found = {finding["rule_id"] for finding in findings.get(key, [])}
            clean = [rule["id"] for rule in audit["policy"]["rules"] if rule["id"] not in found]
            if not unclear:
                for rule_id in clean:
                    _case(suite, one_line(rule_id))
            else:
                _skip(
                    suite,
                    "audit",
                    f"Some of its tokens may be missing, so these rules were not evaluated: {', '.join(clean)}",
                )
        else:
            _skip(suite, "audit", f"Not read: the organization is in state {organization['state']}")
    for account in places.left_out:
        name = place_name([*filter(None, [account.get("host"), places.account(account["id"])])])
        _skip(_suite(root, name, _properties(account, account["id"]), about), "audit", state_text(account))
    if not len(root):
        # Programs that read JUnit reports treat a report without test cases as an error.
        _skip(_suite(root, _PRODUCT, {}, about), "audit", "No organization was audited")
    _count(root)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _group_by(entries: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def _place(
    organization: Mapping[str, Any] | None, findings: Sequence[Any] | None, errors: Sequence[Any] | None, places: Places
) -> tuple[str, Mapping[str, Any]]:
    """Return the name and the properties of a suite, for an organization, or an account or a host that was not read."""
    if organization is not None:
        return place_name(places.of_organization(organization)), organization
    if findings:
        token = findings[0]["token"]
        return place_name(places.of_finding(findings[0])), {
            **_properties(findings[0], token.get("account_id")),
            "id": token["organization_id"],
        }
    [error, *_others] = errors or []
    return place_name(places.of_error(error)) or _PRODUCT, {
        **_properties(error, error.get("account_id")),
        "id": error["organization_id"],
    }


def _properties(entry: Mapping[str, Any], account_id: str | None) -> dict[str, Any]:
    return {"host": entry.get("host"), "account_id": account_id}


def _suite(
    root: ElementTree.Element, name: str, place: Mapping[str, Any], about: Mapping[str, Any]
) -> ElementTree.Element:
    # The format has no UTC offset, and our times are always in UTC.
    suite = ElementTree.SubElement(root, "testsuite", {"name": name, "timestamp": about["as_of"][:19]})
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in {**place, **about}.items():
        if value is not None:
            ElementTree.SubElement(properties, "property", {"name": one_line(key), "value": one_line(value)})
    return suite


def _case(suite: ElementTree.Element, name: str) -> ElementTree.Element:
    attributes = {"name": name, "classname": suite.attrib["name"], "time": "0"}
    return ElementTree.SubElement(suite, "testcase", attributes)


def _finding(suite: ElementTree.Element, audit: Mapping[str, Any], finding: Mapping[str, Any]) -> None:
    name, message = _name(finding), one_line(finding["message"])
    reason = status_reason(audit, finding, finding_status(audit, finding))
    if reason is not None:
        _skip(suite, name, f"{reason} - {message}")
    elif finding["severity"] in failing(audit):
        attributes = {"type": finding["severity"], "message": message}
        ElementTree.SubElement(_case(suite, name), "failure", attributes).text = message
    else:
        ElementTree.SubElement(_case(suite, name), "system-out").text = f"{finding['severity']}: {message}"


def _name(finding: Mapping[str, Any]) -> str:
    return one_line(f"{finding['rule_id']}: token {finding['token']['personal_access_token_id']}")


def _error(suite: ElementTree.Element, code: str, message: str) -> None:
    attributes = {"type": one_line(code), "message": message}
    ElementTree.SubElement(_case(suite, "audit"), "error", attributes).text = message


def _skip(suite: ElementTree.Element, name: str, reason: str) -> None:
    # The reason is text, because this element has no attributes in some schemas.
    ElementTree.SubElement(_case(suite, name), "skipped").text = one_line(reason)


def _count(root: ElementTree.Element) -> None:
    for element in (*root, root):
        element.set("tests", str(len(list(element.iter("testcase")))))
        for count, outcome in _OUTCOMES.items():
            # No schema has a number of skipped tests on the outermost element.
            if element is not root or outcome != "skipped":
                element.set(count, str(len(list(element.iter(outcome)))))
