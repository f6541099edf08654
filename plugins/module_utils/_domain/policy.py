# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Policies on personal access tokens: the parser of their documents. Pure: the standard library only."""

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
    """A rule of a policy.

    A token that meets ``when`` violates the rule. ``revoke`` is whether such a token may be revoked.
    """

    id: str
    severity: str
    when: Conditions
    description: str | None
    revoke: bool = True


class PolicyException(NamedTuple):
    """An exception of a policy.

    It mutes the findings of ``rules`` on tokens that meet ``match`` until ``end``, in microseconds since the epoch.
    ``document`` is the exception as results show it.
    """

    rules: frozenset[str]
    match: Conditions
    end: int
    document: Mapping[str, Any]


class Policy(NamedTuple):
    """A valid policy.

    A finding is a violation if its severity is at least ``fail_on`` and it is neither muted nor known. ``digest`` is
    the result of ``digest_of`` for the document.
    """

    fail_on: str
    rules: Sequence[Rule]
    exceptions: Sequence[PolicyException]
    digest: str

    @property
    def needs_owners(self) -> bool:
        """Whether a rule or an exception needs the owner of a token."""
        return any(rule.when.needs_owners for rule in self.rules) or any(
            exception.match.needs_owners for exception in self.exceptions
        )

    @property
    def failing_severities(self) -> Sequence[str]:
        """The severities at which a finding that is neither muted nor known is a violation."""
        return severities_from(self.fail_on)

    @property
    def can_revoke(self) -> bool:
        """Whether at least one rule can produce a violation and may revoke the token."""
        return any(rule.revoke and rule.severity in self.failing_severities for rule in self.rules)

    @property
    def when(self) -> Conditions:
        """Conditions that a token meets if it violates any rule."""
        return any_of([rule.when for rule in self.rules])


def severities_from(severity: str) -> Sequence[str]:
    """Return a severity and all higher severities."""
    return SEVERITIES[SEVERITIES.index(severity) :]


def parse_policy(document: object, lines: Mapping[str, int] | None = None) -> Policy:
    """Check a policy and compile it.

    Args:
        document: A mapping with ``version``, ``rules`` and optionally ``fail_on`` (default ``low``) and ``exceptions``.
        lines: The line number of each path in the document, such as ``{"rules[0].when": 4}``; None if the document was
            not read from a file.

    Returns:
        The policy.

    Raises:
        MistakesError: The policy is not valid. The error reports all mistakes, each with its path, rule ID and line,
            the allowed values and the most similar name.
    """
    try:
        return _parse(document)
    except MistakesError as error:
        raise MistakesError([locate(found, document, lines or {}) for found in error.mistakes]) from None


def policy_mistakes(document: object, lines: Mapping[str, int] | None = None) -> Sequence[Mistake]:
    """Find all mistakes of a policy.

    Args:
        document, lines: See ``parse_policy``.

    Returns:
        The mistakes in the order of the document; empty if the policy is valid.
    """
    try:
        parse_policy(document, lines)
    except MistakesError as error:
        return error.mistakes
    return ()


def locate(found: Mistake, document: object, lines: Mapping[str, int]) -> Mistake:
    """Add the rule ID and the line to a mistake. The line is that of the innermost part whose line is known."""
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
        # If no rule has a valid ID, skip the check of rule IDs: it would only report the same mistake again.
        exceptions = _exceptions(policy.get("exceptions", []), list(first) or None)
    collector.raise_all()
    return Policy(fail_on, rules, exceptions, digest_of(document, "policy"))


def _check_version(version: object) -> None:
    if isinstance(version, bool) or version not in (VERSION, str(VERSION)):
        raise mistake("version", f"unsupported policy version {quoted(version)}; expected {VERSION}")


def _rules(value: object, first: dict[str, int]) -> list[Rule]:
    """Check the rules, and store the index of each rule ID in ``first``, including rules with mistakes."""
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
        path: The path of the mapping.
        required, optional: The allowed keys.
        collector: Collects the mistakes of unknown, missing and empty keys.
        top: Whether the mapping is the complete document, whose keys have no prefix in their path.

    Returns:
        The allowed keys that have a value, with their values.

    Raises:
        MistakesError: The value is not a mapping.
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
    # Ansible can pass the value of a template as text.
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
    """Convert the dates in a part of a document to text, because JSON has no dates."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def _end(value: object, path: str) -> tuple[int, str]:
    """Parse the expiry of an exception.

    A date includes the complete day in UTC. YAML reads an unquoted date as a ``datetime.date``.

    Returns:
        The instant from which the exception has no effect, in microseconds since the epoch; and the expiry as text.
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
