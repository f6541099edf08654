# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Policies in files: those of users, and those that the collection brings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ansible_collections.patrol.workmail.plugins.module_utils._errors import OptionError, shown
from ansible_collections.patrol.workmail.plugins.module_utils._policy import parse_policy

_FOLDER = Path(__file__).parents[2] / "policies"
BUILT_IN = {file.stem: file for file in sorted(_FOLDER.glob("*.yml"))}

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class PolicyFile(NamedTuple):
    """A policy that was read and is valid.

    C(file) is its path for a report: below the working directory relative to it. C(lines) has the line, from 1, at
    which each rule begins.
    """

    document: dict[str, Any]
    file: str
    lines: list[int]


class _Loader(yaml.SafeLoader):
    """YAML in which dates stay text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load_policy(path: Path, label: str | None = None) -> PolicyFile:
    """Read a policy from a YAML file, and check it.

    Args:
        path: The file.
        label: What to call it, if not by its path.

    Raises:
        OptionError: It cannot be read, is no YAML, says something twice or is no valid policy.
    """
    file = label or _below_working_directory(path)
    try:
        loader = _Loader(path.read_bytes().decode("utf-8-sig"))
        node = loader.get_single_node()
        if node is None:
            raise OptionError("the file is empty")
        _refuse_what_is_twice(node)
        document = loader.construct_document(node)
        parse_policy(document)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the file is not UTF-8"
        raise OptionError(f"{file}: cannot be read: {reason}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # ValueError: PyYAML lets through what Python says of a number that is too long, for instance.
        raise OptionError(f"{file}: {_yaml_problem(error)}") from error
    except OptionError as error:
        raise OptionError(f"{file}: {error.message}") from error
    return PolicyFile(document, file, [entry.start_mark.line + 1 for entry in _rules(node)])


def load_built_in(name: str) -> PolicyFile:
    """Read a policy of the collection, by a name in C(BUILT_IN)."""
    return load_policy(BUILT_IN[name], f"policies/{name}.yml")


def _below_working_directory(path: Path) -> str:
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _yaml_problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}: no valid YAML, {problem}" if mark else f"no valid YAML, {problem}"


def _mappings(node: yaml.Node, seen: set[int]) -> Iterator[yaml.MappingNode]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield node
        for key, value in node.value:
            yield from _mappings(key, seen)
            yield from _mappings(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _mappings(item, seen)


def _refuse_what_is_twice(node: yaml.Node) -> None:
    """YAML takes the last of two keys, and would drop a condition in silence."""
    for mapping in _mappings(node, set()):
        keys = set()
        for key, _value in mapping.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    raise OptionError(f"line {key.start_mark.line + 1}: {shown(key.value)} is there twice")
                keys.add(key.value)


def _rules(node: yaml.Node) -> list[yaml.Node]:
    [rules] = [value for key, value in node.value if key.value == "rules"]
    return list(rules.value)
