# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The plan file of a revocation. One run writes it, a person reviews it, and another run reads it and revokes."""

from __future__ import annotations

import json
import re
from typing import Any, Mapping, NamedTuple, Sequence

from .._domain.conditions import Conditions, parse_conditions
from .._domain.digest import as_text, digest_of
from .._domain.errors import OptionError
from .._domain.policy import Policy, parse_policy
from .._domain.strict_json import parse_json
from .._domain.text import quoted
from .._domain.times import format_instant, parse_duration, parse_instant
from .._domain.tokens import TokenKey, to_record
from .._files import read_file
from .findings import check_can_revoke, check_token
from .plan import Limits, Planned, Protection
from .selection import FindingsSelection, PolicySelection, SavedSelection

KIND = "patrol.workmail plan of a revocation"
VERSION = 1
LARGEST = 64 * 1024 * 1024

# The options that are stored in a plan. If one of them is set together with a plan, it must have the same value.
OPTIONS = (
    "organizations",
    "regions",
    "owners",
    "as_of",
    "protected",
    "grace",
    "max_tokens",
    "max_percent",
    "assume_role_arn",
    "accounts",
    "exclude_accounts",
    "assume_role_name",
)
_KEYS = (
    "kind",
    "version",
    "created",
    "caller",
    "as_of",
    "policy",
    "policy_digest",
    "findings_digest",
    "limits",
    "regions",
    "options",
    "tokens",
    "digest",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+::([0-9]{12}):.+", re.ASCII)


class SavedPlan(NamedTuple):
    """A valid plan that was read from its file.

    ``source`` is ``policy`` or ``findings``, and ``digest`` is the digest of that document. ``policy`` is None if the
    plan was made from findings. ``as_of`` is in microseconds since the epoch, and ``grace`` in microseconds.
    ``options`` are the options of the run that made the plan.
    """

    path: str
    as_of: int
    account: str
    source: str
    policy: Policy | None
    digest: str
    protected: Conditions | None
    grace: int | None
    limits: Limits
    regions: Sequence[str]
    options: Mapping[str, Any]
    entries: Sequence[Planned]

    def selection(self, now: int) -> SavedSelection:
        """Return the selection of the tokens of the plan.

        Args:
            now: The present, in microseconds since the epoch.
        """
        protection = Protection(self.protected, self.grace, self.as_of, now)
        if self.policy is None:
            found = [{"token": to_record(entry.token, self.as_of)} for entry in self.entries]
            # Only a new audit could find more tokens, so the latest selection is empty.
            return SavedSelection(self.entries, FindingsSelection(found, protection), FindingsSelection((), protection))
        latest = protection._replace(as_of=max(self.as_of, now))
        return SavedSelection(
            self.entries, PolicySelection(self.policy, protection), PolicySelection(self.policy, latest)
        )


def plan_document(
    planned: Sequence[Planned],
    created: int,
    caller: str,
    as_of: int,
    limits: Limits,
    regions: Sequence[str],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Make the document of a plan.

    Args:
        planned: The tokens to revoke.
        created: The time of the plan, in microseconds since the epoch.
        caller: The ARN of the caller.
        as_of: The instant at which the policy is evaluated, in microseconds since the epoch.
        limits: The limits of the plan.
        regions: The regions that were read.
        options: The options by name: ``policy`` or ``findings``, and the options in ``OPTIONS``.

    Returns:
        The document, which can be written as JSON.
    """
    policy, findings = options.get("policy"), options.get("findings")
    document = {
        "kind": KIND,
        "version": VERSION,
        "created": format_instant(created),
        "caller": caller,
        "as_of": format_instant(as_of),
        "policy": policy,
        "policy_digest": None if policy is None else digest_of(policy),
        "findings_digest": None if findings is None else digest_of(findings),
        "limits": {"max_tokens": limits.tokens, "max_percent": limits.percent},
        "regions": list(regions),
        "options": {name: options.get(name) for name in OPTIONS},
        "tokens": [
            {"rule_ids": list(entry.rule_ids), "message": entry.message, "token": to_record(entry.token, as_of)}
            for entry in planned
        ],
    }
    plain: dict[str, Any] = json.loads(json.dumps(document, default=as_text))
    return {**plain, "digest": digest_of(plain)}


def read_plan(path: object) -> SavedPlan:
    """Read a plan from its file.

    Args:
        path: The path of the file.

    Returns:
        The plan.

    Raises:
        OptionError: The file cannot be read, is not a valid plan, or was changed. The error names the place.
    """
    if not isinstance(path, str) or not path.strip():
        raise OptionError(f"plan_file: {quoted(path)} is not valid; expected the path of a plan")
    label = f"plan_file: {path}"
    try:
        document = parse_json(read_file(path, LARGEST, label))
    except FileNotFoundError as error:
        raise OptionError(f"{label}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise OptionError(f"{label}: is {error}") from error
    return parse_plan(document, path)


def parse_plan(document: object, path: str) -> SavedPlan:
    """Check the document of a plan.

    Args:
        document: The document.
        path: The path of the file, to name in an error.

    Returns:
        The plan.

    Raises:
        OptionError: The document is not a valid plan. The error names the file and the place.
    """
    try:
        return _parse(document, path)
    except OptionError as error:
        raise OptionError(
            f"plan_file: {path}: {error.message}",
            hint="Use the unchanged file that a run without confirm wrote, or plan again.",
        ) from error
    except RecursionError as error:
        raise OptionError(f"plan_file: {path}: it is nested too deeply") from error


def _parse(document: object, path: str) -> SavedPlan:
    if not isinstance(document, Mapping) or document.get("kind") != KIND:
        raise OptionError(f"the file is not a plan of a revocation; expected the kind {quoted(KIND)}")
    if isinstance(document.get("version"), bool) or document.get("version") != VERSION:
        raise OptionError(f"version: unsupported version {quoted(document.get('version'))}; expected {VERSION}")
    _check_keys(document, _KEYS, "")
    parse_instant(document["created"], "created")
    as_of = parse_instant(document["as_of"], "as_of")
    caller = _text(document["caller"], "caller")
    account = _ARN.fullmatch(caller)
    if account is None:
        raise OptionError(f"caller: {quoted(caller)} is not valid; expected an ARN with an account ID")
    policy, digest = _policy(document)
    limits = _mapping(document["limits"], ("max_tokens", "max_percent"), "limits")
    options = _mapping(document["options"], OPTIONS, "options")
    protected = None if options["protected"] is None else parse_conditions(options["protected"], "options.protected")
    grace = None if options["grace"] is None else parse_duration(options["grace"], "options.grace")
    for name in ("organizations", "regions", "accounts", "exclude_accounts"):
        _optional_texts(options[name], f"options.{name}")
    for name in ("as_of", "assume_role_arn", "assume_role_name"):
        if options[name] is not None:
            _text(options[name], f"options.{name}")
    entries = _entries(document["tokens"], policy)
    saved = SavedPlan(
        path=path,
        as_of=as_of,
        account=account[1],
        source="findings" if policy is None else "policy",
        policy=policy,
        digest=digest,
        protected=protected,
        grace=grace,
        limits=Limits(
            tokens=_limit(limits["max_tokens"], None, "limits.max_tokens"),
            percent=_limit(limits["max_percent"], 100, "limits.max_percent"),
        ),
        regions=_texts(document["regions"], "regions"),
        options=options,
        entries=entries,
    )
    # The digest detects only accidental changes. A person who can write the file can also write a new digest.
    if document["digest"] != digest_of({name: value for name, value in document.items() if name != "digest"}):
        raise OptionError("digest: the file was changed after it was written")
    return saved


def _policy(document: Mapping[str, Any]) -> tuple[Policy | None, str]:
    name, other = (
        ("findings_digest", "policy_digest") if document["policy"] is None else ("policy_digest", "findings_digest")
    )
    digest = document[name]
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise OptionError(f"{name}: {quoted(digest)} is not valid; expected sha256: and 64 hexadecimal digits")
    if document[other] is not None:
        raise OptionError(f"{other}: {quoted(document[other])} cannot be combined with {name}; expected null")
    if document["policy"] is None:
        return None, digest
    try:
        policy = parse_policy(document["policy"])
        check_can_revoke(policy)
    except OptionError as error:
        place = error.message if error.message.startswith("policy: ") else f"policy.{error.message}"
        raise OptionError(place) from error
    if digest_of(document["policy"]) != digest:
        raise OptionError("policy_digest: does not match the policy in this file")
    return policy, digest


def _entries(value: object, policy: Policy | None) -> list[Planned]:
    if not isinstance(value, list):
        raise OptionError(f"tokens: expected a list, got {quoted(value)}")
    rules = None if policy is None else {rule.id for rule in policy.rules if rule.revoke}
    entries: dict[TokenKey, Planned] = {}
    for index, item in enumerate(value):
        here = f"tokens[{index}]"
        entry = _mapping(item, ("rule_ids", "message", "token"), here)
        rule_ids = _texts(entry["rule_ids"], f"{here}.rule_ids")
        for number, rule_id in enumerate(rule_ids):
            if rules is not None and rule_id not in rules:
                raise OptionError(
                    f"{here}.rule_ids[{number}]: the policy has no rule {quoted(rule_id)} that may revoke"
                )
        token = check_token(entry["token"], f"{here}.token")
        if token.key in entries:
            raise OptionError(f"{here}: token {quoted(token.personal_access_token_id)} is in the plan twice")
        entries[token.key] = Planned(token, rule_ids, _text(entry["message"], f"{here}.message"))
    return list(entries.values())


def _check_keys(value: Mapping[Any, Any], keys: Sequence[str], prefix: str) -> None:
    for key in keys:
        if key not in value:
            raise OptionError(f"{prefix}{key}: it is missing")
    for key in value:
        if key not in keys:
            raise OptionError(f"{prefix}{quoted(key)}: unknown key; expected {', '.join(keys)}")


def _mapping(value: object, keys: Sequence[str], path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise OptionError(f"{path}: expected a mapping, got {quoted(value)}")
    _check_keys(value, keys, f"{path}.")
    return value


def _text(value: object, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise OptionError(f"{path}: expected a text, got {quoted(value)}")
    return value


def _texts(value: object, path: str) -> list[str]:
    if not isinstance(value, list) or not value:
        raise OptionError(f"{path}: expected a non-empty list of strings, got {quoted(value)}")
    return [_text(item, f"{path}[{index}]") for index, item in enumerate(value)]


def _optional_texts(value: object, path: str) -> None:
    if value is not None and value != []:
        _texts(value, path)


def _limit(value: object, most: int | None, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        allowed = "of at least 1" if most is None else f"from 1 to {most}"
        raise OptionError(f"{path}: {quoted(value)} is not a whole number {allowed}")
    return value
