# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Changes between facts that were gathered at two times. Pure: the standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..module_utils._audit.facts_check import INCOMPLETE_FACTS, CheckedFacts, check_facts
from ..module_utils._domain.errors import OptionError
from ..module_utils._domain.text import quoted
from ..module_utils._domain.times import format_instant, parse_instant
from ..module_utils._domain.tokens import DERIVED, Organization, Token, to_record
from ._changes import Reading, find_steps

KINDS = ("appeared", "gone", "first_used", "expired", "changed")
_NOW, _BEFORE = "facts", "before"


class _Facts(NamedTuple):
    """Facts of one time, by organization ID. ``tokens`` has only organizations that were read completely."""

    as_of: int
    organizations: Mapping[str, Mapping[str, Any]]
    tokens: Mapping[str, Sequence[Token]]
    complete: bool
    users: Sequence[str]


class _Earlier:
    """An adapter with which ``find_steps`` can use the earlier facts in place of ``Known``."""

    begun = True

    def __init__(self, facts: _Facts) -> None:
        self._facts = facts

    def knows(self, organization_id: str) -> bool:
        """Whether an organization was read; see ``Known``."""
        return organization_id in self._facts.tokens

    def present(self) -> Sequence[str]:
        """List the organizations that were read; see ``Known``."""
        return list(self._facts.tokens)

    def tokens_of(self, organization_id: str) -> Mapping[str, dict[str, Any]]:
        """Return the entries of the tokens of an organization; see ``Known``."""
        as_of = self._facts.as_of
        return {
            str(token.personal_access_token_id): {
                "token": {field: value for field, value in to_record(token, as_of).items() if field not in DERIVED},
                "warned": None,
                "expired": token.expired(as_of),
            }
            for token in self._facts.tokens.get(organization_id, ())
        }


def compare_facts(facts: object, before: object) -> dict[str, Any]:
    """Compare facts with earlier ones.

    Args:
        facts: The result of ``workmail_pat_info``.
        before: An earlier result about the same users.

    Returns:
        ``appeared``, ``gone``, ``first_used`` and ``expired``, each a list of records of tokens; ``changed``, a list of
        ``{personal_access_token, changes}`` with ``{before, after}`` for each field; ``not_compared``, a list of
        ``{organization_id, organization_alias, region, msg}`` for each organization that was not read completely at
        both times; ``as_of`` and ``before``, the instants; ``summary``, the length of each list; and ``complete``,
        whether every organization was compared.

    Raises:
        OptionError: A value is not facts or only a part of the facts of a task, the two are in the wrong order, or they
            are about different users.
    """
    now, earlier = _check(facts, _NOW), _check(before, _BEFORE)
    if now.as_of < earlier.as_of:
        raise OptionError(
            f"before: its as_of {format_instant(earlier.as_of)} is later than {format_instant(now.as_of)}, that of the "
            "facts",
            hint="Give the later facts first: facts_now | patrol.workmail.workmail_pat_changes(facts_before).",
        )
    if sorted(now.users) != sorted(earlier.users):
        raise OptionError("before: the facts are about different users", hint="Gather both with the same users.")
    compared: dict[str, Sequence[Token]] = {}
    not_compared = []
    for organization_id in sorted({*now.organizations, *earlier.organizations}):
        problem = _obstacle(organization_id, now, earlier)
        if problem is None:
            compared[organization_id] = now.tokens[organization_id]
        else:
            place = now.organizations.get(organization_id) or earlier.organizations[organization_id]
            not_compared.append(
                {
                    "organization_id": organization_id,
                    "organization_alias": place["alias"],
                    "region": place["region"],
                    "msg": problem,
                }
            )
    lists: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for step in find_steps(_Earlier(earlier), Reading(now.as_of, compared, False), (), report_existing=True):
        if step.event is not None:
            event = step.event
            record = event["personal_access_token"]
            lists[event["kind"]].append(
                {"personal_access_token": record, "changes": event["changes"]} if "changes" in event else record
            )
    return {
        **lists,
        "not_compared": not_compared,
        "summary": {name: len(found) for name, found in {**lists, "not_compared": not_compared}.items()},
        "as_of": format_instant(now.as_of),
        "before": format_instant(earlier.as_of),
        "complete": not not_compared and now.complete and earlier.complete,
    }


def _check(facts: object, name: str) -> _Facts:
    if not isinstance(facts, Mapping) or "personal_access_tokens" not in facts:
        raise OptionError(f"{name}: expected the result of workmail_pat_info, got {quoted(facts)}")
    try:
        checked = check_facts(facts)
    except OptionError as error:
        # The message begins with the name of the value, and the place in it.
        raise OptionError(re.sub(r"\Afacts\b", name, error.message), hint=error.hint) from error
    organizations = {entry["id"]: entry for entry in checked.coverage.organizations}
    _refuse_parts(checked, organizations, name)
    tokens: dict[str, list[Token]] = {
        entry["id"]: [] for entry in organizations.values() if entry["tokens"] is not None or not _is_readable(entry)
    }
    for token in checked.tokens:
        if token.organization_id in tokens:
            tokens[token.organization_id].append(token)
    as_of = parse_instant(checked.as_of, f"{name}.as_of")
    return _Facts(as_of, organizations, tokens, checked.coverage.complete, checked.users)


def _is_readable(entry: Mapping[str, Any]) -> bool:
    return Organization(entry["id"], entry["alias"], entry["region"], entry["state"] or "").readable


def _refuse_parts(checked: CheckedFacts, organizations: Mapping[str, Mapping[str, Any]], name: str) -> None:
    """Refuse facts from which tokens were left out. Errors of the service are allowed: they name what is missing."""
    for error in checked.coverage.errors:
        entry = organizations.get(error["organization_id"])
        if error["error_code"] == INCOMPLETE_FACTS and (entry is None or entry["tokens"] is not None):
            # The message contains the hint.
            raise OptionError(f"{name}: {error['msg']}")


def _obstacle(organization_id: str, now: _Facts, earlier: _Facts) -> str | None:
    """Return why the tokens of an organization cannot be compared, or None if they can."""
    for facts, when in ((now, "now"), (earlier, "before")):
        if organization_id in facts.organizations and organization_id not in facts.tokens:
            return f"it was not read completely {when}"
        if any(not token.personal_access_token_id for token in facts.tokens.get(organization_id, ())):
            return f"a token of it had no ID {when}"
    if organization_id not in now.organizations:
        return "it is not in the later facts. It was deleted, or they are about fewer organizations"
    if organization_id not in earlier.organizations and not earlier.complete:
        return "it is not in the earlier facts, which are incomplete"
    return None
