# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Descriptions of policies in plain English, for people who review them. Pure: the standard library only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils._domain.policy import Policy, PolicyException, Rule
from ..module_utils._domain.text import log_line, shortened
from ..module_utils._domain.times import DAY

_MOST_VALUES = 5
_MOST_RULES = 100
_LONGEST_LINE = 600
_LAST = {"not": 1, "any": 2}
_UNITS = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}


def review_policy(file: str, document: Mapping[str, Any], policy: Policy, now: int) -> list[str]:
    """Describe what a policy does.

    Args:
        file: The name of its file.
        document: The document of the policy.
        policy: The checked policy that was made from the document.
        now: The present, in microseconds since the epoch.

    Returns:
        Lines for the policy, the rules and the exceptions, and then for their consequences, such as the permissions
        that they require. No line is a command of a pipeline or contains a control character.
    """
    rules = [_rule(rule, entry["when"], policy) for rule, entry in zip(policy.rules, document["rules"], strict=True)]
    exceptions = [_exception(exception, now) for exception in policy.exceptions]
    lines = [
        f"{file} is valid, with {_count_noun(len(rules), 'rule')} and {_count_noun(len(exceptions), 'exception')}. "
        f"Findings of severity {_join_words(policy.failing_severities, 'and')} fail the audit.",
        *_first(rules, "rule"),
        *_first(exceptions, "exception"),
    ]
    if policy.needs_owners:
        lines.append("It has conditions on owners, so the audit reads users, which requires workmail:ListUsers.")
    if not policy.can_revoke:
        lines.append("It cannot be used to revoke: no rule that fails the audit lets a token be revoked.")
    return [log_line(shortened(line, _LONGEST_LINE)) for line in lines]


def describe_conditions(document: Mapping[str, Any]) -> str:
    """Describe conditions in words.

    Args:
        document: Conditions that the parser accepts.

    Returns:
        The text that continues the words "a token that".
    """
    # A reader would take any text after one of these as part of it, so they come last.
    ordered = sorted(document.items(), key=lambda item: _LAST.get(item[0], 0))
    return " and ".join(_describe(name, value) for name, value in ordered)


def _rule(rule: Rule, when: Mapping[str, Any], policy: Policy) -> str:
    effects = ["fails the audit" if rule.severity in policy.failing_severities else "does not fail the audit"]
    if not rule.revoke:
        effects.append("never revokes")
    description = "" if rule.description is None else f"{rule.description.rstrip('.')}. "
    return (
        f"Rule {rule.id}, {rule.severity}, {_join_words(effects, 'and')}: {description}"
        f"It finds each token that {describe_conditions(when)}."
    )


def _exception(exception: PolicyException, now: int) -> str:
    entry = exception.document
    days = (exception.end - now) // DAY
    end = f"until {entry['expires']}"
    if exception.end <= now:
        end += ", which is over, so it no longer mutes anything"
    elif days > 0:
        end += f", {_count_noun(days, 'more day')}"
    return (
        f"Exception for {_join_words(entry['rules'], 'and')} {end}: {entry['reason'].rstrip('.')}. "
        f"It mutes findings on each token that {describe_conditions(entry['match'])}."
    )


def _describe(name: str, value: Any) -> str:
    if name == "not":
        words = describe_conditions(value)
        is_simple = len(value) == 1 and "any" not in value and "not" not in value
        return f"is not one that {words if is_simple else f'({words})'}"
    if name == "any":
        choices = [describe_conditions(choice) for choice in value]
        return choices[0] if len(choices) == 1 else f"meets one of these: ({'); or ('.join(choices)})"
    return _WORDS[name](value)


def _choose_text(true: str, false: str) -> Callable[[Any], str]:
    return lambda value: true if str(value).lower() in ("true", "yes") else false


def _duration(words: str) -> Callable[[Any], str]:
    return lambda value: words.format(
        _join_words([_count_noun(int(n), _UNITS[unit]) for n, unit in re.findall(r"(\d+)([wdhms])", value)], "and")
    )


def _list_values(words: str, none: str = "") -> Callable[[Any], str]:
    def describe(value: Any) -> str:
        items = [value] if isinstance(value, str) else list(value)
        return words.format(_join_words(items, "or")) if items else none

    return describe


# For each condition: the words that follow "a token that".
_WORDS: dict[str, Callable[[Any], str]] = {
    "expired": _choose_text("has expired", "has not expired"),
    "expires_within": _duration("expires within {}"),
    "expires_after": lambda value: f"expires after {value}",
    "has_expiry": _choose_text("expires at some time", "never expires"),
    "never_used": _choose_text("was never used", "was used at least once"),
    "unused_for": _duration("was not used for {}"),
    "older_than": _duration("was created more than {} ago"),
    "lifetime_over": _duration("lives for more than {}"),
    "name": _list_values("has a name like {}"),
    "personal_access_token_id": _list_values("has the ID {}"),
    "scopes_any": _list_values("has the scope {}"),
    "scopes_outside": _list_values("has a scope other than {}", "has a scope"),
    "account": _list_values("is in an AWS account like {}"),
    "organization": _list_values("is in a WorkMail organization like {}"),
    "owner": _list_values("has an owner like {}"),
    "owner_state": _list_values("has an owner in the state {}"),
    "owner_linked": _choose_text(
        "has an owner who is linked to IAM Identity Center", "has an owner who is not linked to IAM Identity Center"
    ),
}


def _join_words(items: Sequence[str], word: str) -> str:
    shown = [str(item) for item in items[:_MOST_VALUES]]
    if len(items) > _MOST_VALUES:
        shown.append(f"{len(items) - _MOST_VALUES} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {word} {shown[-1]}"


def _count_noun(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _first(lines: Sequence[str], noun: str) -> list[str]:
    rest = len(lines) - _MOST_RULES
    return [*lines[:_MOST_RULES], *([f"... and {_count_noun(rest, f'more {noun}')}"] if rest > 0 else [])]
