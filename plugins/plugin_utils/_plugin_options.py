# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Options of controller-side plugins."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible.module_utils.parsing.convert_bool import BOOLEANS

from ..module_utils._domain.checks import reject_unknown_options
from ..module_utils._domain.errors import OptionError
from ..module_utils._domain.text import nearest, quoted


def name_variables(action: Any, result: dict[str, Any], task_vars: Mapping[str, Any] | None) -> dict[str, Any]:
    """Replace the options of a module in an error by the variables of the role that uses the module.

    Args:
        action: The action plugin.
        result: The result of its module.
        task_vars: The variables of the task. A role maps options to its variables in ``__workmail_variables``.

    Returns:
        The same object, changed in place.
    """
    if result.get("failed") and task_vars and "__workmail_variables" in task_vars:
        variables = action._templar.template(task_vars["__workmail_variables"])
        result["msg"] = replace_options(str(result.get("msg")), variables)
        if result.get("hint"):
            result["hint"] = replace_options(result["hint"], variables)
    return result


def replace_options(text: str, variables: Mapping[str, str]) -> str:
    """Replace the options of a module in an error by the variables of a role.

    Args:
        text: The error. It, or each mistake in it, can begin with an option or with a path such as ``protected.owner``.
            Names with an underscore, such as ``max_tokens``, are replaced everywhere outside quotes. Other names are
            words of sentences too, and are replaced before ``: true`` and ``: false`` and after a verb such as ``Set``.
        variables: The variables, by option.

    Returns:
        The error with the names of variables.
    """
    names = "|".join(re.escape(name) for name in variables)
    text = re.sub(
        rf"(^argument '|^value of |^[0-9]+ mistakes: \(1\) |; \([0-9]+\) |^)((?:rule \S+: )?)({names})"
        # An error in a file begins with the name of the file, such as policy.yml.
        r"(?!\.(?:ya?ml|json)\b)(?=[.\[]\S|: |' is of type | must be one of: )",
        lambda match: f"{match[1]}{match[2]}{variables[match[3]]}",
        text,
    )
    inner = "|".join(re.escape(name) for name in variables if "_" in name)
    # A role has no variable for the option region.
    listed = rf"(?:region or )?((?:(?:{names})(?:,| or| and) )*(?:{names}))(?![\w/-]|\.\w)"
    return re.sub(
        rf"""(?<!\w)'[^']*'(?!\w)|"[^"]*"|(?<![\w./-])({inner})(?![\w/-]|\.\w)"""
        rf"|\b((?:Set|Check|needs|requires|combined with) ){listed}|(?<![\w./-])({names})(?=: (?:true|false)\b)",
        lambda match: _name_in_sentence(match, variables),
        text,
    )


def _name_in_sentence(match: re.Match[str], variables: Mapping[str, str]) -> str:
    single, verb, listed, valued = match.groups()
    if verb:
        return f"{verb}{re.sub('[a-z_]+', lambda name: variables.get(name[0], name[0]), listed)}"
    return variables.get(single or valued, match[0])


def reject_nulls(given: Mapping[str, Any], names: Iterable[str]) -> None:
    """Refuse options that are null, as an unset variable makes them. Ansible would treat them as omitted.

    Args:
        given: The arguments of the task.
        names: The options without which a task would revoke more, or without a review.

    Raises:
        OptionError: An option is given and null.
    """
    for name in names:
        if name in given and given[name] is None:
            raise OptionError(
                f"{name}: it has no value, which is the same as omitting it",
                hint="If you intend to omit it, use default(omit).",
            )


def given_options(arguments: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Refuse unknown options of a task whose module has no argument spec of its own.

    Args:
        arguments: The options by name, as the task has them.
        known: The names of all options.

    Returns:
        The options that have a value.

    Raises:
        OptionError: An option is unknown.
    """
    reject_unknown_options(arguments, known)
    return {name: value for name, value in arguments.items() if value is not None}


def choice_option(value: object, option: str, choices: Sequence[str]) -> str:
    """Check an option with a list of allowed values.

    Args:
        value: The value, of any type.
        option: The name of the option in an error.
        choices: The allowed values.

    Returns:
        The value.

    Raises:
        OptionError: The value is not one of the choices.
    """
    if not isinstance(value, str) or value not in choices:
        raise OptionError(f"{option}: {quoted(value)} is not one of {', '.join(choices)}{nearest(value, choices)}")
    return value


def directory_option(value: object, option: str) -> str:
    """Check the path of a directory.

    Args:
        value: The value, of any type.
        option: The name of the option in an error.

    Returns:
        The absolute path, without links and with the home directory in place of ``~``.

    Raises:
        OptionError: The value is not a path.
    """
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise OptionError(f"{option}: expected the path of a directory, got {quoted(value)}")
    return os.path.realpath(os.path.expanduser(value))


def check_options(plugin: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse options that Ansible would ignore, or would refuse without a list of what is allowed.

    Ansible ignores an unknown option, one of two names of the same option, and a boolean that it cannot read.

    Args:
        plugin: The plugin, whose documentation defines its options.
        given: The options that were given directly, by name.

    Returns:
        The options. A date that YAML read, which Ansible refuses as a string, is text.

    Raises:
        OptionError: An option is unknown, is given twice or has a value of another type or not among the choices.
    """
    definitions = {
        name: definition for name, definition in plugin.option_definitions.items() if not name.startswith("_")
    }
    names = {alias: name for name, definition in definitions.items() for alias in definition.get("aliases") or []}
    names.update({name: name for name in definitions})
    reject_unknown_options(given, names)
    first: dict[str, str] = {}
    for given_name, value in given.items():
        name = names[given_name]
        if name in first:
            raise OptionError(f"{first[name]}, {given_name}: are two names of one option; set only one of them")
        first[name] = given_name
        if value is not None:
            _check_value(str(given_name), value, definitions[name])
    return {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in given.items()}


def _check_value(name: str, value: Any, definition: Mapping[str, Any]) -> None:
    choices = [str(choice) for choice in definition.get("choices") or []]
    if choices and value not in choices:
        raise OptionError(f"{name}: {quoted(value)} is not one of {', '.join(choices)}{nearest(value, choices)}")
    kind = definition.get("type", "str")
    if kind == "bool" and not _is_boolean(value):
        raise OptionError(f"{name}: {quoted(value)} is not valid; expected true or false")
    if kind == "dict" and not isinstance(value, Mapping):
        raise OptionError(f"{name}: {quoted(value)} is not a mapping")
    if kind in ("int", "str", "list") and isinstance(value, Mapping):
        raise OptionError(f"{name}: {quoted(value)} is a mapping; expected {_EXPECTED[kind]}")
    if kind in ("int", "str") and isinstance(value, (list, tuple)):
        raise OptionError(f"{name}: {quoted(value)} is a list; expected {_EXPECTED[kind]}")
    if kind == "int" and not _is_integer(value):
        raise OptionError(f"{name}: {quoted(value)} is not an integer")


_EXPECTED = {"int": "an integer", "str": "a string", "list": "a list"}


def _is_boolean(value: Any) -> bool:
    if isinstance(value, str):
        return value.lower().strip() in BOOLEANS
    return isinstance(value, (bool, int, float)) and value in (0, 1)


def _is_integer(value: Any) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool)
    try:
        return int(value) == float(value)
    except (OverflowError, ValueError):
        return False
