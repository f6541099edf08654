# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""A policy on personal access tokens: its document, checked. Pure: the standard library only."""

from __future__ import annotations

import datetime
import re
from typing import Any, Mapping, NamedTuple, Sequence

from .conditions import Conditions, any_of, check_size, parse_conditions
from .digest import digest_of
from .errors import Mistake, MistakeCollector, MistakesError, OptionError, mistake
from .text import expected, named, nearest, printable, quoted
from .times import DAY, format_instant, parse_date, parse_instant

VERSION = 1
SEVERITIES = ("low", "medium", "high", "critical")

_RULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_OF_A_RULE = re.compile(r"rules\[(\d+)\]", re.ASCII)
_MISSING = object()


class Rule(NamedTuple):
    """What is wrong about a token that meets ``when``, and whether such a token may be revoked."""

    id: str
    severity: str
    when: Conditions
    description: str | None
    revoke: bool = True


class PolicyException(NamedTuple):
    """Findings of ``rules`` on tokens that meet ``match`` are muted before ``end``, in microseconds since the epoch.

    ``document`` is the entry of the policy as users see it.
    """

    rules: frozenset[str]
    match: Conditions
    end: int
    document: Mapping[str, Any]


class Policy(NamedTuple):
    """A policy that was checked. A finding of at least ``fail_on`` that is neither muted nor known is a violation.

    ``digest`` is that of the document, as ``digest_of`` computes it.
    """

    fail_on: str
    rules: Sequence[Rule]
    exceptions: Sequence[PolicyException]
    digest: str

    @property
    def needs_owners(self) -> bool:
        """Whether a rule or an exception asks for the owner of a token."""
        return any(rule.when.needs_owners for rule in self.rules) or any(
            exception.match.needs_owners for exception in self.exceptions
        )

    @property
    def failing_severities(self) -> Sequence[str]:
        """The severities of which a finding that is not muted is a violation."""
        return severities_from(self.fail_on)

    @property
    def can_revoke(self) -> bool:
        """Whether a finding of any rule can be a violation whose token may be revoked."""
        return any(rule.revoke and rule.severity in self.failing_severities for rule in self.rules)

    @property
    def when(self) -> Conditions:
        """Conditions that a token meets if any rule finds it."""
        return any_of([rule.when for rule in self.rules])


def severities_from(severity: str) -> Sequence[str]:
    """List a severity and those above it."""
    return SEVERITIES[SEVERITIES.index(severity) :]


def parse_policy(document: object, lines: Mapping[str, int] | None = None) -> Policy:
    """Check a policy and compile it.

    Args:
        document: A mapping with ``version``, ``rules`` and optionally ``fail_on`` (default ``low``) and ``exceptions``.
        lines: The line of each path in the document, such as ``{"rules[0].when": 4}``, if it was read from a file.

    Raises:
        MistakesError: The policy is not valid. It reports all mistakes, each with its path, rule ID and line, what is
            allowed and the nearest name.
    """
    try:
        return _parse(document)
    except MistakesError as error:
        raise MistakesError([locate(found, document, lines or {}) for found in error.mistakes]) from None


def policy_mistakes(document: object, lines: Mapping[str, int] | None = None) -> Sequence[Mistake]:
    """Find all mistakes of a policy.

    Args:
        document, lines: As for ``parse_policy``.

    Returns:
        The mistakes in the order of the document; none if the policy is valid.
    """
    try:
        parse_policy(document, lines)
    except MistakesError as error:
        return error.mistakes
    return ()


def locate(found: Mistake, document: object, lines: Mapping[str, int]) -> Mistake:
    """Add the ID of the rule that has the mistake, and the line of the innermost part that has one."""
    rule_id = None
    match = _OF_A_RULE.match(found.path)
    rules = document.get("rules") if isinstance(document, Mapping) else None
    if match and isinstance(rules, (list, tuple)) and int(match[1]) < len(rules):
        rule = rules[int(match[1])]
        given = rule.get("id") if isinstance(rule, Mapping) else None
        rule_id = str(given) if isinstance(given, str) and _RULE_ID.fullmatch(given) else None
    path = found.path
    while path and path not in lines:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return found._replace(rule_id=rule_id, line=found.line or lines.get(path, lines.get("policy")))


def _parse(document: object) -> Policy:
    check_size(document, "policy")
    collector = MistakeCollector()
    policy = _mapping(
        document, "policy", ("version", "rules"), ("fail_on", "exceptions"), collector=collector, top=True
    )
    if "version" in policy:
        with collector.collect():
            _check_version(policy["version"])
    fail_on = SEVERITIES[0]
    with collector.collect():
        fail_on = _severity(policy.get("fail_on", fail_on), "fail_on")
    rules: list[Rule] = []
    first: dict[str, int] = {}
    if "rules" in policy:
        with collector.collect():
            rules = _rules(policy["rules"], first)
    exceptions: list[PolicyException] = []
    with collector.collect():
        # Without any rule ID, each exception would be a second mistake.
        exceptions = _exceptions(policy.get("exceptions", []), list(first) or None)
    collector.raise_all()
    return Policy(fail_on, rules, exceptions, digest_of(document, "policy"))


def _check_version(version: object) -> None:
    if isinstance(version, bool) or version not in (VERSION, str(VERSION)):
        raise mistake("version", f"unsupported policy version {quoted(version)}; expected {VERSION}")


def _rules(value: object, first: dict[str, int]) -> list[Rule]:
    """Check the rules, and note the index of each rule ID, also of rules with mistakes."""
    entries = _entries(value, "rules")
    if not entries:
        raise mistake("rules", "expected at least one rule")
    rules: list[Rule] = []
    collector = MistakeCollector()
    for index, entry in enumerate(entries):
        path = f"rules[{index}]"
        with collector.collect():
            rules.append(_rule(entry, path))
        rule_id = entry.get("id") if isinstance(entry, Mapping) else None
        if not isinstance(rule_id, str):
            continue
        if rule_id in first:
            collector.mistakes.append(
                Mistake(f"{path}.id", f"duplicate ID {quoted(rule_id)}; rules[{first[rule_id]}] has it already")
            )
        first.setdefault(str(rule_id), index)
    collector.raise_all()
    return rules


def _exceptions(value: object, rule_ids: Sequence[str] | None) -> list[PolicyException]:
    exceptions: list[PolicyException] = []
    collector = MistakeCollector()
    for index, entry in enumerate(_entries(value, "exceptions")):
        with collector.collect():
            exceptions.append(_exception(entry, f"exceptions[{index}]", rule_ids))
    collector.raise_all()
    return exceptions


def _mapping(
    value: object,
    path: str,
    required: Sequence[str],
    optional: Sequence[str],
    collector: MistakeCollector,
    top: bool = False,
) -> Mapping[str, Any]:
    """Check the keys of a mapping.

    Args:
        value: The mapping.
        path: Its path.
        required, optional: The keys that it can have.
        collector: Collects unknown, missing and empty keys.
        top: Whether it is the document itself, whose keys have no prefix.

    Returns:
        The known keys that have a value.

    Raises:
        MistakesError: It is not a mapping.
    """
    if not isinstance(value, Mapping):
        raise mistake(path, f"expected a mapping, got {quoted(value)}")
    known = (*required, *optional)
    prefix = "" if top else f"{path}."
    for key in value:
        if key not in known:
            collector.mistakes.append(Mistake(f"{prefix}{named(key)}", f"unknown key{expected(key, known)}"))
    for key in known:
        given = value.get(key, _MISSING)
        if given is None:
            collector.mistakes.append(Mistake(f"{prefix}{key}", "has no value"))
        elif given is _MISSING and key in required:
            collector.mistakes.append(Mistake(path, f"{key} is missing"))
    return {key: value[key] for key in known if value.get(key) is not None}


def _entries(value: object, path: str) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise mistake(path, f"expected a list, got {quoted(value)}")
    return value


def _severity(value: object, path: str) -> str:
    if not isinstance(value, str) or value not in SEVERITIES:
        near = nearest(value, SEVERITIES)
        raise mistake(path, f"{quoted(value)} is not one of {', '.join(SEVERITIES)}{near}")
    return str(value)


def _flag(value: object, path: str) -> bool:
    # A templated value can arrive as text.
    words = {"true": True, "yes": True, "false": False, "no": False}
    flag = words.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(flag, bool):
        raise mistake(path, f"{quoted(value)} is not valid; expected true or false")
    return flag


def _text(value: object, path: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise mistake(path, f"expected a text, got {quoted(value)}")
    return printable(" ".join(value.split()))


def _conditions(value: object, path: str) -> Conditions:
    return parse_conditions(value, path, required=True)


def _rule_id(value: object, path: str) -> str:
    if not isinstance(value, str) or not _RULE_ID.fullmatch(value):
        raise mistake(
            path,
            f"{quoted(value)} is not a valid rule ID; expected at most 64 letters, digits and characters of _.-, "
            "the first a letter or digit",
        )
    return str(value)


def _rule(entry: object, path: str) -> Rule:
    collector = MistakeCollector()
    rule = _mapping(entry, path, ("id", "severity", "when"), ("description", "revoke"), collector)
    values: dict[str, Any] = {"description": None}
    parsers = {
        "id": _rule_id,
        "severity": _severity,
        "when": _conditions,
        "description": _text,
        "revoke": _flag,
    }
    for key, value in rule.items():
        with collector.collect():
            values[key] = parsers[key](value, f"{path}.{key}")
    collector.raise_all()
    return Rule(**values)


def _exception(entry: object, path: str, rule_ids: Sequence[str] | None) -> PolicyException:
    collector = MistakeCollector()
    exception = _mapping(entry, path, ("rules", "match", "reason", "expires"), (), collector)
    values: dict[str, Any] = {}
    parsers = {
        "rules": lambda value, here: _rules_of_exception(value, here, rule_ids),
        "match": _conditions,
        "reason": _text,
        "expires": _end,
    }
    for key, value in exception.items():
        with collector.collect():
            values[key] = parsers[key](value, f"{path}.{key}")
    collector.raise_all()
    end, expires = values["expires"]
    document = {
        "rules": values["rules"],
        "match": _plain(exception["match"]),
        "reason": values["reason"],
        "expires": expires,
    }
    return PolicyException(frozenset(values["rules"]), values["match"], end, document)


def _rules_of_exception(value: object, path: str, rule_ids: Sequence[str] | None) -> list[str]:
    rules = [value] if isinstance(value, str) else _entries(value, path)
    if not rules:
        raise mistake(path, "expected at least one rule ID")
    collector = MistakeCollector()
    for index, rule in enumerate(rules):
        if rule_ids is not None and rule not in rule_ids:
            problem = f"rule {quoted(rule)} does not exist{expected(rule, rule_ids)}"
            collector.mistakes.append(Mistake(f"{path}[{index}]", problem))
    collector.raise_all()
    return [str(rule) for rule in rules]


def _plain(value: object) -> Any:
    """A part of a document with YAML's dates as text, so that it can be written as JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def _end(value: object, path: str) -> tuple[int, str]:
    """Find the instant from which an exception mutes nothing, and write its expiry.

    A date holds through that day in UTC. YAML reads one that is not quoted as a date.
    """
    try:
        day = parse_date(value)
    except ValueError as error:
        raise mistake(path, f"{quoted(value)} does not exist") from error
    if day is not None:
        text = day.isoformat()
        return parse_instant(text, path) + DAY, text
    try:
        end = parse_instant(value, path)
    except OptionError as error:
        raise mistake(
            path,
            f"{quoted(value)} is not a valid date or time; expected a date, such as 2026-12-31, or ISO 8601 with an "
            "offset, such as 2026-12-31T12:00:00Z",
        ) from error
    return end, format_instant(end) or ""
