# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""A policy on personal access tokens: its document, checked, and what it finds among tokens.

Pure: the standard library only.
"""

from __future__ import annotations

import datetime
import re
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from ._conditions import Conditions, any_of, parse_conditions
from ._errors import OptionError, nearest, shown
from ._time import DAY, format_instant, parse_instant
from ._tokens import Token, in_order, project

VERSION = 1
SEVERITIES = ("low", "medium", "high", "critical")

_RULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Rule(NamedTuple):
    """What is wrong about a token that meets ``when``, and whether such a token may be revoked."""

    id: str
    severity: str
    when: Conditions
    description: str | None
    revoke: bool = True


class PolicyException(NamedTuple):
    """Findings of C(rules) on tokens that meet C(match) are muted before C(end), in microseconds since the epoch.

    C(document) is the entry of the policy as users see it.
    """

    rules: frozenset[str]
    match: Conditions
    end: int
    document: Mapping[str, Any]


class Policy(NamedTuple):
    """A policy that was checked; an unmuted finding of at least C(fail_on) is a violation."""

    fail_on: str
    rules: Sequence[Rule]
    exceptions: Sequence[PolicyException]

    @property
    def needs_owners(self) -> bool:
        """Whether a rule or an exception asks for the owner of a token."""
        return any(rule.when.needs_owners for rule in self.rules) or any(
            exception.match.needs_owners for exception in self.exceptions
        )

    @property
    def can_revoke(self) -> bool:
        """Whether a finding of any rule can be a violation whose token may be revoked."""
        failing = SEVERITIES[SEVERITIES.index(self.fail_on) :]
        return any(rule.revoke and rule.severity in failing for rule in self.rules)

    @property
    def when(self) -> Conditions:
        """Conditions that a token meets if any rule finds it."""
        return any_of([rule.when for rule in self.rules])


class Verdict(NamedTuple):
    """What a policy finds: records of findings in order, exceptions past their end, and those that muted nothing."""

    findings: Sequence[Mapping[str, Any]]
    expired: Sequence[Mapping[str, Any]]
    unused: Sequence[Mapping[str, Any]]


def parse_policy(document: object) -> Policy:
    """Check a policy and make it ready.

    Args:
        document: A mapping with C(version), C(rules) and, if wanted, C(fail_on) (C(low) where left out) and
            C(exceptions).

    Raises:
        OptionError: Names the path in the document, what is allowed and the nearest name.
    """
    policy = _mapping(document, "policy", required=("version", "rules"), optional=("fail_on", "exceptions"), top=True)
    version = policy["version"]
    if isinstance(version, bool) or version not in (VERSION, str(VERSION)):
        raise OptionError(f"version: {shown(version)} is not a version of policies that is known, expected {VERSION}")
    fail_on = _severity(policy.get("fail_on", SEVERITIES[0]), "fail_on")
    rules = [_rule(entry, f"rules[{index}]") for index, entry in enumerate(_entries(policy["rules"], "rules"))]
    if not rules:
        raise OptionError("rules: expected at least one rule")
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        if rule.id in first:
            raise OptionError(f"rules[{index}].id: {shown(rule.id)} is the id of rules[{first[rule.id]}] already")
        first[rule.id] = index
    entries = _entries(policy.get("exceptions", []), "exceptions")
    exceptions = [_exception(entry, f"exceptions[{index}]", list(first)) for index, entry in enumerate(entries)]
    return Policy(fail_on, rules, exceptions)


def judge(policy: Policy, tokens: Iterable[Token], as_of: int) -> Verdict:
    """Hold tokens against a policy.

    Args:
        policy: The policy.
        tokens: The tokens, in any order; with their owners if the policy needs these.
        as_of: The instant to judge at, in microseconds since the epoch, for tokens and exceptions alike.

    Returns:
        Findings ``{rule_id, severity, revoke, message, muted, exception, token}``, sorted by severity (the worst
        first), rule ID, organization ID and token ID, ``token`` as ``project`` makes it; and the exceptions as the
        policy has them.

    Raises:
        OptionError: The policy needs owners that the tokens lack.
        IndeterminateError: The service left out a time that a rule or an exception needs.
    """
    rules = sorted(policy.rules, key=lambda rule: (-SEVERITIES.index(rule.severity), rule.id))
    expired = [exception for exception in policy.exceptions if exception.end <= as_of]
    active = [exception for exception in policy.exceptions if exception.end > as_of]
    used: set[int] = set()
    by_rule: dict[str, list[dict[str, Any]]] = {rule.id: [] for rule in rules}
    needs_owners = policy.needs_owners
    for token in sorted(in_order(list(tokens)), key=_by_organization_and_id):
        if needs_owners and token.owner is None:
            raise OptionError(
                f"token {token.personal_access_token_id}: the policy has owner conditions, which need the token's "
                "owner, gather with owners: true"
            )
        broken = [rule for rule in rules if rule.when.matches(token, as_of)]
        if not broken:
            continue
        matching = _matching(active, {rule.id for rule in broken}, token, as_of)
        used.update(matching)
        record, about = project(token, as_of), _about(token, as_of)
        for rule in broken:
            muting = next((active[index] for index in matching if rule.id in active[index].rules), None)
            by_rule[rule.id].append(
                {
                    "rule_id": rule.id,
                    "severity": rule.severity,
                    "revoke": rule.revoke,
                    "message": f"{rule.description or rule.id}: {about}",
                    "muted": muting is not None,
                    "exception": None if muting is None else muting.document,
                    "token": record,
                }
            )
    return Verdict(
        findings=[finding for rule in rules for finding in by_rule[rule.id]],
        expired=[exception.document for exception in expired],
        unused=[exception.document for index, exception in enumerate(active) if index not in used],
    )


def _by_organization_and_id(token: Token) -> tuple[str, str]:
    return token.organization_id, token.personal_access_token_id or ""


def _matching(active: Sequence[PolicyException], broken: set[str], token: Token, as_of: int) -> list[int]:
    """The exceptions that speak of this token and of a rule that it breaks."""
    return [
        index
        for index, exception in enumerate(active)
        if not exception.rules.isdisjoint(broken) and exception.match.matches(token, as_of)
    ]


def _about(token: Token, as_of: int) -> str:
    """What matters about a token in one line for a person."""
    owner = token.owner
    whom = (owner and (owner.email or owner.name)) or token.user_id or "unknown"
    created, used, expires = token.date_created, token.date_last_used, token.expires_time
    state = f" {owner.state}" if owner is not None and owner.state != "ENABLED" else ""
    return printable(
        f"{token.organization_alias or token.organization_id}, token {token.personal_access_token_id} "
        f'"{token.name or ""}" of {whom}{state}, '
        f"{'creation unknown' if created is None else 'created ' + _day(created)}, "
        f"{'never used' if used is None else 'last used ' + _day(used)}, "
        f"{'no expiry' if expires is None else ('expired ' if expires <= as_of else 'expires ') + _day(expires)}"
    )


def printable(text: str) -> str:
    """Without the characters that could forge a line or turn its direction."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def _day(instant: int) -> str:
    return (format_instant(instant) or "")[:10]


def _mapping(
    value: object, path: str, required: Sequence[str], optional: Sequence[str], top: bool = False
) -> Mapping[str, Any]:
    """A mapping with known keys, of which some have to be there and to have a value."""
    if not isinstance(value, Mapping):
        raise OptionError(f"{path}: expected a mapping, got {shown(value)}")
    known = (*required, *optional)
    prefix = "" if top else f"{path}."
    for key in value:
        if key not in known:
            raise OptionError(f"{prefix}{key}: unknown key{nearest(key, known) or ', expected ' + ', '.join(known)}")
    for key in required:
        if value.get(key) is None:
            raise OptionError(f"{path}: {key} is missing" if key not in value else f"{prefix}{key}: has no value")
    for key in optional:
        if key in value and value[key] is None:
            raise OptionError(f"{prefix}{key}: has no value")
    return value


def _entries(value: object, path: str) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise OptionError(f"{path}: expected a list, got {shown(value)}")
    return value


def _severity(value: object, path: str) -> str:
    if not isinstance(value, str) or value not in SEVERITIES:
        near = nearest(value, SEVERITIES)
        raise OptionError(f"{path}: {shown(value)} is not one of {', '.join(SEVERITIES)}{near}")
    return str(value)


def _flag(value: object, path: str) -> bool:
    # A templated value can arrive as text.
    words = {"true": True, "yes": True, "false": False, "no": False}
    flag = words.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        raise OptionError(f"{path}: {shown(value)} is not valid; expected true or false")
    return flag


def _text(value: object, path: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise OptionError(f"{path}: expected a text, got {shown(value)}")
    return printable(" ".join(value.split()))


def _some_conditions(value: object, path: str) -> Conditions:
    if isinstance(value, Mapping) and not value:
        raise OptionError(f"{path}: expected at least one condition")
    return parse_conditions(value, path)


def _rule(entry: object, path: str) -> Rule:
    rule = _mapping(entry, path, required=("id", "severity", "when"), optional=("description", "revoke"))
    if not isinstance(rule["id"], str) or not _RULE_ID.fullmatch(rule["id"]):
        raise OptionError(
            f"{path}.id: {shown(rule['id'])} is no id, which is at most 64 letters, digits and characters of _.- and "
            "begins with a letter or a digit"
        )
    return Rule(
        id=str(rule["id"]),
        severity=_severity(rule["severity"], f"{path}.severity"),
        when=_some_conditions(rule["when"], f"{path}.when"),
        description=_text(rule["description"], f"{path}.description") if "description" in rule else None,
        revoke=_flag(rule["revoke"], f"{path}.revoke") if "revoke" in rule else True,
    )


def _exception(entry: object, path: str, rule_ids: Sequence[str]) -> PolicyException:
    exception = _mapping(entry, path, required=("rules", "match", "reason", "expires"), optional=())
    rules = (
        [exception["rules"]] if isinstance(exception["rules"], str) else _entries(exception["rules"], f"{path}.rules")
    )
    if not rules:
        raise OptionError(f"{path}.rules: expected at least one id of a rule")
    for index, rule in enumerate(rules):
        if rule not in rule_ids:
            near = nearest(rule, rule_ids) or f", expected {', '.join(rule_ids)}"
            raise OptionError(f"{path}.rules[{index}]: there is no rule {shown(rule)}{near}")
    match = _some_conditions(exception["match"], f"{path}.match")
    reason = _text(exception["reason"], f"{path}.reason")
    end, expires = _end(exception["expires"], f"{path}.expires")
    document = {
        "rules": [str(rule) for rule in rules],
        "match": _plain(exception["match"]),
        "reason": reason,
        "expires": expires,
    }
    return PolicyException(frozenset(document["rules"]), match, end, document)


def _plain(value: object) -> Any:
    """A part of a document with YAML's dates as text, so that it can be written as JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def _end(value: object, path: str) -> tuple[int, str]:
    """The instant from which an exception mutes nothing any more, and its expiry as written.

    A date holds through that day in UTC. YAML reads one that is not quoted as a date.
    """
    text = value.strip() if isinstance(value, str) else None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        text = value.isoformat()
    if text is None or not _DATE.fullmatch(text):
        try:
            end = parse_instant(value, path)
        except OptionError as error:
            raise OptionError(
                f"{path}: {shown(value)} is neither a date, like 2026-12-31, nor an instant with an offset, like "
                "2026-12-31T12:00:00Z"
            ) from error
        return end, format_instant(end) or ""
    try:
        return parse_instant(f"{text}T00:00:00Z", path) + DAY, text
    except OptionError as error:
        raise OptionError(f"{path}: {shown(text)} is no date") from error
