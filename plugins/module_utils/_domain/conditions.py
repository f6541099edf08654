# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Conditions on a personal access token, in one grammar for ``select``, policies and the test plugin.

Pure: the standard library only. A condition is one entry of ``CONDITIONS``.
"""

from __future__ import annotations

import fnmatch
import functools
import re
import unicodedata
from typing import Any, Callable, Mapping, NamedTuple, Sequence, TypeVar

from .errors import IndeterminateError, MistakeCollector, OptionError, mistake
from .text import expected, named, nearest, quoted
from .times import parse_duration, parse_instant
from .tokens import UNKNOWN, Owner, Token

Predicate = Callable[[Token, int], bool]
DEEPEST = 32
MOST_PARTS = 20_000
LONGEST_TEXT = 2_000
_GLOB_FOR_IDS = re.compile(r"[0-9*?\[\]!-]+", re.ASCII)
OWNER_STATES = ("ENABLED", "DISABLED", "DELETED", UNKNOWN)


class Conditions(NamedTuple):
    """Compiled conditions.

    ``matches(token, as_of)`` returns whether the token meets all of them at the instant ``as_of``, in microseconds
    since the epoch. It raises ``IndeterminateError`` if the token lacks a value that a condition needs.
    ``needs_owners`` is whether a condition needs the owner of the token.
    """

    matches: Predicate
    needs_owners: bool


class _Condition(NamedTuple):
    parse: Callable[[Any, str], Any]
    matches: Callable[[Any, Token, int], bool]
    needs_owners: bool = False


def parse_conditions(document: object, path: str, required: bool = False) -> Conditions:
    """Check conditions and compile them.

    Args:
        document: A mapping of condition names to values; an empty one matches every token.
        path: The name of the document in an error, such as ``select`` or ``rules[2].when``.
        required: Whether an empty mapping is an error.

    Returns:
        The compiled conditions.

    Raises:
        MistakesError: The document is too large, or has unknown conditions or invalid values. The error reports all
            mistakes, each with its path, the allowed values and the most similar name.
    """
    check_size(document, path)
    return _parse(document, path, required)


def check_size(document: object, path: str) -> None:
    """Refuse a document that is too large to process quickly, for example because of nested YAML aliases.

    Args:
        document: Mappings, lists and values. A part that occurs several times is counted each time.
        path: The name of the document in an error.

    Raises:
        MistakesError: The document is nested too deeply, has too many parts, or has a text that is too long.
    """
    waiting: list[tuple[object, int]] = [(document, 1)]
    parts = 0
    while waiting:
        part, depth = waiting.pop()
        parts += 1
        if depth > DEEPEST:
            raise mistake(path, f"is nested too deeply; at most {DEEPEST} levels are allowed")
        if isinstance(part, str) and len(part) > LONGEST_TEXT:
            raise mistake(path, f"has a text of {len(part)} characters; at most {LONGEST_TEXT} are allowed")
        inner: list[object] = []
        if isinstance(part, Mapping):
            inner = [*part, *part.values()]
        elif isinstance(part, (list, tuple)):
            inner = list(part)
        # Count the waiting parts too, so a list of many aliases of one long list cannot exhaust the memory.
        if parts + len(waiting) + len(inner) > MOST_PARTS:
            raise mistake(
                path, f"is too large; at most {MOST_PARTS} keys and values are allowed, aliases counted each time"
            )
        waiting += [(item, depth + 1) for item in inner]


def _parse(document: object, path: str, required: bool) -> Conditions:
    if not isinstance(document, Mapping):
        raise mistake(path, f"expected a mapping of conditions, got {_kind(document)}")
    if required and not document:
        raise mistake(path, "expected at least one condition")
    parsed: list[Conditions] = []
    collector = MistakeCollector()
    for name, value in document.items():
        here = f"{path}.{named(name)}"
        with collector.collect():
            if name == "not":
                parsed.append(_negation(_parse(value, here, required=True)))
            elif name == "any":
                parsed.append(_parse_any(value, here))
            else:
                parsed.append(_parse_one(name, value, here))
    collector.raise_all()
    return all_of(parsed)


def _parse_one(name: object, value: object, path: str) -> Conditions:
    condition = CONDITIONS.get(name) if isinstance(name, str) else None
    if condition is None:
        raise mistake(path, f"unknown condition{expected(name, (*CONDITIONS, 'not', 'any'))}")
    return Conditions(functools.partial(condition.matches, condition.parse(value, path)), condition.needs_owners)


def _parse_any(document: object, path: str) -> Conditions:
    if not isinstance(document, (list, tuple)) or not document:
        raise mistake(path, f"expected a list of at least one mapping of conditions, got {_kind(document)}")
    choices: list[Conditions] = []
    collector = MistakeCollector()
    for index, choice in enumerate(document):
        with collector.collect():
            choices.append(_parse(choice, f"{path}[{index}]", required=True))
    collector.raise_all()
    return any_of(choices)


def any_of(choices: Sequence[Conditions]) -> Conditions:
    """Combine conditions so that a token must meet at least one of them.

    Args:
        choices: The conditions. If the sequence is empty, no token meets the combined conditions.

    Returns:
        The combined conditions.
    """
    tests = [choice.matches for choice in choices]

    # This loop, and the one in all_of, takes half as long as any() or all() with a generator.
    def test(token: Token, as_of: int) -> bool:
        met = False
        for matches in tests:
            met = matches(token, as_of)
            if met:
                break
        return met

    return Conditions(test, any(choice.needs_owners for choice in choices))


def all_of(parts: Sequence[Conditions]) -> Conditions:
    """Combine conditions so that a token must meet all of them.

    Args:
        parts: The conditions. If the sequence is empty, every token meets the combined conditions.

    Returns:
        The combined conditions.
    """
    if len(parts) == 1:
        return parts[0]
    tests = [part.matches for part in parts]

    def test(token: Token, as_of: int) -> bool:
        met = True
        for matches in tests:
            met = matches(token, as_of)
            if not met:
                break
        return met

    return Conditions(test, any(part.needs_owners for part in parts))


def _negation(conditions: Conditions) -> Conditions:
    matches = conditions.matches

    def test(token: Token, as_of: int) -> bool:
        return not matches(token, as_of)

    return Conditions(test, conditions.needs_owners)


def _kind(value: object) -> str:
    return "nothing" if value is None else quoted(value)


def _boolean(value: object, path: str) -> bool:
    if isinstance(value, bool):
        return value
    # Ansible can pass the value of a template as text.
    words = {"true": True, "yes": True, "false": False, "no": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise mistake(path, f"expected true or false, got {_kind(value)}")


def _texts(value: object, path: str) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
        raise mistake(path, f"expected a list of strings, got {_kind(value)}")
    return [str(item) for item in items]


def _some_texts(value: object, path: str) -> list[str]:
    items = _texts(value, path)
    if not items or "" in items:
        raise mistake(path, f"expected a list of at least one non-empty string, got {_kind(value)}")
    return items


def _set(value: object, path: str) -> frozenset[str]:
    return frozenset(_some_texts(value, path))


def _set_or_empty(value: object, path: str) -> frozenset[str]:
    return frozenset(_texts(value, path))


def _glob(value: object, path: str) -> Callable[[str | None], bool]:
    """Compile case-sensitive globs, for token names, which users choose."""
    return _matcher(_some_texts(value, path), 0, path)


def _glob_ignoring_case(value: object, path: str) -> Callable[[str | None], bool]:
    """Compile case-insensitive globs, for IDs, aliases, user names and e-mail addresses."""
    return _matcher(_some_texts(value, path), re.IGNORECASE, path)


def _matcher(globs: Sequence[str], flags: int, path: str) -> Callable[[str | None], bool]:
    try:
        match = re.compile("|".join(fnmatch.translate(_composed(glob)) for glob in globs), flags).match
    except (re.error, OverflowError) as error:
        raise mistake(path, f"{quoted(globs)} has a pattern that is not valid: {error}") from error
    return lambda text: text is not None and match(_composed(text)) is not None


def _composed(text: str) -> str:
    """Normalize text to NFC, because some systems write an accented letter as two characters and others as one."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class _AccountGlobs(NamedTuple):
    """Globs for accounts. ``by_name`` is whether one of them can only match an account name, not an account ID."""

    match: Callable[[str | None], bool]
    by_name: bool


def _account_globs(value: object, path: str) -> _AccountGlobs:
    items = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(item, int) and not isinstance(item, bool) for item in items):
        raise mistake(
            path,
            f"expected strings, got {quoted(value)}; quote account IDs, because YAML reads them as numbers otherwise",
        )
    match = _glob_ignoring_case(value, path)
    return _AccountGlobs(match, not all(_GLOB_FOR_IDS.fullmatch(glob) for glob in _texts(value, path)))


def _owner_states(value: object, path: str) -> frozenset[str]:
    states = [state.upper() for state in _some_texts(value, path)]
    for state in states:
        if state not in OWNER_STATES:
            near = nearest(state, OWNER_STATES)
            raise mistake(path, f"{quoted(state)} is not one of {', '.join(OWNER_STATES)}{near}")
    return frozenset(states)


Value = TypeVar("Value")


def _known(token: Token, value: Value | None, field: str, condition: str) -> Value:
    """Return a value that a condition needs, or raise ``IndeterminateError`` if it is None.

    A guess could hide a token from an audit, or delete a token that must be kept.
    """
    if value is None:
        raise _indeterminate(token, condition, f"has no {field}")
    return value


def _indeterminate(token: Token, condition: str, problem: str, hint: str | None = None) -> IndeterminateError:
    return IndeterminateError(
        f"{condition} cannot be evaluated: token {token.personal_access_token_id} {problem}",
        organization_id=token.organization_id,
        region=token.region,
        hint=hint,
    )


def _owner_of(token: Token) -> Owner:
    if token.owner is None:
        raise OptionError(
            f"token {token.personal_access_token_id}: owner conditions need the owner of the token; gather the tokens "
            "with owners: true"
        )
    return token.owner


def _expires_within(duration: int, token: Token, as_of: int) -> bool:
    return token.expires_time is not None and as_of < token.expires_time <= as_of + duration


def _expires_after(instant: int, token: Token, as_of: int) -> bool:
    return token.expires_time is not None and token.expires_time > instant


def _unused_for(duration: int, token: Token, as_of: int) -> bool:
    return as_of - _known(token, token.last_activity, "date_last_used and no date_created", "unused_for") >= duration


def _older_than(duration: int, token: Token, as_of: int) -> bool:
    return as_of - _known(token, token.date_created, "date_created", "older_than") > duration


def _lifetime_over(duration: int, token: Token, as_of: int) -> bool:
    if token.expires_time is None:
        return False
    return token.expires_time - _known(token, token.date_created, "date_created", "lifetime_over") > duration


def _account(globs: _AccountGlobs, token: Token, as_of: int) -> bool:
    if globs.match(token.account_id) or globs.match(token.account_name):
        return True
    _known(token, token.account_id, "account_id", "account")
    if globs.by_name and token.account_name is None:
        raise _indeterminate(
            token,
            "account",
            "has no account_name",
            "The names of accounts come from AWS Organizations. Use account IDs in the condition, or set accounts to "
            "all or to organizational units.",
        )
    return False


def _organization(match: Callable[[str | None], bool], token: Token, as_of: int) -> bool:
    return match(token.organization_id) or match(token.organization_alias)


def _token_id(wanted: frozenset[str], token: Token, as_of: int) -> bool:
    return (
        _known(token, token.personal_access_token_id, "personal_access_token_id", "personal_access_token_id") in wanted
    )


def _scopes_any(wanted: frozenset[str], token: Token, as_of: int) -> bool:
    return not wanted.isdisjoint(_known(token, token.scopes, "scopes", "scopes_any"))


def _scopes_outside(allowed: frozenset[str], token: Token, as_of: int) -> bool:
    return not allowed.issuperset(_known(token, token.scopes, "scopes", "scopes_outside"))


def _owner(match: Callable[[str | None], bool], token: Token, as_of: int) -> bool:
    owner = _owner_of(token)
    _known(token, owner.user_id, "user_id", "owner")
    return match(owner.user_id) or match(owner.name) or match(owner.email)


def _owner_state(states: frozenset[str], token: Token, as_of: int) -> bool:
    state = _owner_of(token).state
    if state not in OWNER_STATES:
        raise _indeterminate(token, "owner_state", f"has an owner in the unknown state {quoted(state)}")
    return state in states


def _owner_linked(wanted: bool, token: Token, as_of: int) -> bool:
    owner = _owner_of(token)
    _known(token, owner.user_id, "user_id", "owner_linked")
    return (owner.identity_provider_user_id is not None) is wanted


CONDITIONS: dict[str, _Condition] = {
    "expired": _Condition(_boolean, lambda wanted, token, as_of: token.expired(as_of) is wanted),
    "expires_within": _Condition(parse_duration, _expires_within),
    "expires_after": _Condition(parse_instant, _expires_after),
    "has_expiry": _Condition(_boolean, lambda wanted, token, as_of: (token.expires_time is not None) is wanted),
    "never_used": _Condition(_boolean, lambda wanted, token, as_of: (token.date_last_used is None) is wanted),
    "unused_for": _Condition(parse_duration, _unused_for),
    "older_than": _Condition(parse_duration, _older_than),
    "lifetime_over": _Condition(parse_duration, _lifetime_over),
    "name": _Condition(_glob, lambda match, token, as_of: match(token.name)),
    "personal_access_token_id": _Condition(_set, _token_id),
    "scopes_any": _Condition(_set, _scopes_any),
    "scopes_outside": _Condition(_set_or_empty, _scopes_outside),
    "account": _Condition(_account_globs, _account),
    "organization": _Condition(_glob_ignoring_case, _organization),
    "owner": _Condition(_glob_ignoring_case, _owner, needs_owners=True),
    "owner_state": _Condition(_owner_states, _owner_state, needs_owners=True),
    "owner_linked": _Condition(_boolean, _owner_linked, needs_owners=True),
}
