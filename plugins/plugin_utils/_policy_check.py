# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The check of a policy file: all its mistakes, or a review of its rules and of its findings in facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..module_utils._domain.errors import OptionError
from ..module_utils._domain.policy import parse_policy
from ..module_utils._domain.strict_json import parse_json
from ..module_utils._domain.text import log_line, nearest, quoted
from ..module_utils._files import read_file
from ._facts_audit import audit_facts
from ._plugin_options import given_options
from ._policy_files import BUILT_IN, load_built_in, load_policy, policy_file_mistakes
from ._policy_review import review_policy
from ._reports._text import log_lines

LARGEST_FILE = 256 * 1024 * 1024
_MOST_MISTAKES = 100
_HINT = "Save the result of workmail_pat_info, gathered without select, as JSON."

Find = Callable[[str, object], Path | None]


class CheckOptions(NamedTuple):
    """The checked options: a policy, and the facts to apply it to.

    Attributes:
        path: The file of the policy.
        built_in: The name of the policy if it is one of the collection; else None.
        facts: The facts in ``facts_file``.
        facts_file: The file of the facts, as the user gives it; None without facts.
    """

    path: Path
    built_in: str | None
    facts: Any
    facts_file: str | None


def parse_check_options(arguments: Mapping[str, Any], find: Find) -> CheckOptions:
    """Check the options of the module ``workmail_pat_policy_info``, and read the facts.

    Args:
        arguments: The options by name, as the task has them.
        find: Finds a file by the name of an option and a path; returns None if it does not exist.

    Returns:
        The options.

    Raises:
        OptionError: An option is missing, unknown or not valid, or a file cannot be used.
    """
    given = given_options(arguments, ("policy_file", "facts_file"))
    if "policy_file" not in given:
        raise OptionError(
            "policy_file: expected the path of a policy, got an empty value",
            hint=f"Use the path of a file or the name of a built-in policy: {', '.join(BUILT_IN)}.",
        )
    name = given["policy_file"]
    built_in = name if isinstance(name, str) and name in BUILT_IN else None
    path = find("policy_file", name) if built_in is None else BUILT_IN[built_in]
    if path is None:
        known = f"The built-in policies are {', '.join(BUILT_IN)}."
        raise OptionError(f"policy_file: {quoted(name)} does not exist{nearest(name, BUILT_IN)}", hint=known)
    facts_name = given.get("facts_file")
    facts = None if facts_name is None else _read_facts(find("facts_file", facts_name), facts_name)
    return CheckOptions(path, built_in, facts, facts_name)


def check_policy(options: CheckOptions, now: int) -> dict[str, Any]:
    """Check a policy.

    Args:
        options: The options.
        now: The present, in microseconds since the epoch.

    Returns:
        A result that Ansible shows line by line: the ``mistakes`` of an invalid policy, or the ``review`` of a valid
        one.

    Raises:
        PatrolError: The file cannot be read or is not YAML, or the policy cannot judge the facts.
    """
    mistakes, file = ([], "") if options.built_in else policy_file_mistakes(options.path)
    if mistakes:
        lines = [log_line(str(mistake)) for mistake in mistakes[:_MOST_MISTAKES]]
        rest = len(mistakes) - _MOST_MISTAKES
        return {
            "failed": True,
            "msg": log_line(f"{file} has {len(mistakes)} mistake{'' if len(mistakes) == 1 else 's'}."),
            "mistakes": [*lines, *([f"... and {rest} more"] if rest > 0 else [])],
            "_ansible_verbose_always": True,
        }
    policy_file = load_built_in(options.built_in) if options.built_in else load_policy(options.path)
    policy = parse_policy(policy_file.document)
    review = review_policy(policy_file.file, policy_file.document, policy, now)
    if options.facts_file is not None:
        try:
            audit = audit_facts(policy, options.facts, None, now)
        except OptionError as error:
            raise OptionError(f"facts_file: {error.message}", hint=error.hint) from error
        audit["policy"]["name"] = policy_file.name
        review += [log_line(f"Findings in {options.facts_file}:"), *log_lines(audit)]
    return {"changed": False, "review": review, "_ansible_verbose_always": True}


def _read_facts(path: Path | None, name: object) -> Any:
    if path is None:
        raise OptionError(f"facts_file: {quoted(name)} does not exist", hint=_HINT)
    label = f"facts_file: {quoted(name)}"
    try:
        facts = parse_json(read_file(str(path), LARGEST_FILE, label))
    except FileNotFoundError as error:
        raise OptionError(f"{label} does not exist", hint=_HINT) from error
    except ValueError as error:
        raise OptionError(f"{label} is {error}", hint=_HINT) from error
    if isinstance(facts, dict) and "outcome" in facts:
        raise OptionError(f"{label} is the result of an audit, which has only the tokens with findings", hint=_HINT)
    return facts
