# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Policies in files: those of users, and those that are part of the collection."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..module_utils._domain.conditions import DEEPEST, MOST_PARTS
from ..module_utils._domain.errors import Mistake, MistakesError, OptionError
from ..module_utils._domain.policy import locate, policy_mistakes
from ..module_utils._domain.text import named, quoted
from ..module_utils._files import decode_text, read_file

_FOLDER = Path(__file__).parents[2] / "policies"
BUILT_IN = {file.stem: file for file in sorted(_FOLDER.glob("*.yml"))}

LARGEST_FILE = 256 * 1024
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"


class PolicyFile(NamedTuple):
    """A policy that was read and is valid.

    ``name`` is that of a policy of the collection, or of the file without folder and suffix. ``file`` is its path for a
    report, relative if the file is below the working directory. ``lines`` has the line, from 1, at which each rule
    begins.
    """

    document: dict[str, Any]
    name: str
    file: str
    lines: list[int]


class _Loader(yaml.SafeLoader):
    """A YAML loader that reads dates as text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct a value; a scalar that does not fit its type is an error at its line."""
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # PyYAML does not catch what Python raises for 0x_, !!bool maybe, or a number with thousands of digits.
            value = f"{quoted(node.value)} is not a valid " if isinstance(node, yaml.ScalarNode) else "not a valid "
            raise yaml.constructor.ConstructorError(
                None, None, f"{value}{node.tag.rpartition(':')[2]}", node.start_mark
            ) from error


class _Outline(NamedTuple):
    """The line of each path of a document, and the keys that occur twice."""

    lines: dict[str, int]
    twice: list[Mistake]


def load_policy(path: Path, label: str | None = None) -> PolicyFile:
    """Read a policy from a YAML file, and check it.

    Args:
        path: The file.
        label: The name of the policy in an error, if it is not the path.

    Returns:
        The document, and the line of each rule.

    Raises:
        OptionError: The file cannot be read, is not YAML, or is not a valid policy; then it reports all mistakes.
    """
    document, file, lines, mistakes = _read(path, label)
    if mistakes:
        raise MistakesError(mistakes, file)
    return PolicyFile(document, path.stem, file, [lines[f"rules[{index}]"] for index in range(len(document["rules"]))])


def policy_file_mistakes(path: Path) -> tuple[list[Mistake], str]:
    """Find all mistakes of a policy file.

    Args:
        path: The file.

    Returns:
        The mistakes, none if the policy is valid; and the path of the file for a report.

    Raises:
        OptionError: The file cannot be read or is not YAML.
    """
    _document, file, _lines, mistakes = _read(path, None)
    return mistakes, file


def load_built_in(name: str) -> PolicyFile:
    """Read a policy of the collection.

    Args:
        name: A name in ``BUILT_IN``.

    Returns:
        The policy.
    """
    return load_policy(BUILT_IN[name], f"policies/{name}.yml")


def _read(path: Path, label: str | None) -> tuple[Any, str, dict[str, int], list[Mistake]]:
    """Read a policy file: the document, the name of the file, the line of each path, and the mistakes."""
    file = label or _path_for_report(path)
    try:
        text = decode_text(read_file(str(path), LARGEST_FILE, file), file)
    except FileNotFoundError as error:
        raise OptionError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise OptionError(f"{file}: the file is empty")
        outline = _outline(node, file)
        document = loader.construct_document(node)
    except (yaml.YAMLError, RecursionError) as error:
        raise OptionError(f"{file}: {_yaml_problem(error, text)}") from error
    twice = [locate(mistake, document, outline.lines) for mistake in outline.twice]
    mistakes = [*twice, *policy_mistakes(document, outline.lines)]
    return document, file, outline.lines, sorted(mistakes, key=lambda mistake: mistake.line or 0)


def _path_for_report(path: Path) -> str:
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _yaml_problem(error: Exception, text: str) -> str:
    if isinstance(error, RecursionError):
        # PyYAML composes nodes by recursion.
        return f"is nested too deeply; at most {DEEPEST} levels are allowed"
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return f"line {line}: not valid YAML, the character #x{ord(text[error.position]):04x} is not allowed"
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    parts = (getattr(error, "context", None), getattr(error, "problem", None))
    problem = ", ".join(part for part in parts if part) or str(error).partition("\n")[0]
    return f"line {mark.line + 1}: not valid YAML, {problem}" if mark else f"not valid YAML, {problem}"


def _outline(root: yaml.Node, file: str) -> _Outline:
    """Walk the nodes of a document with aliases expanded, and find each line and the duplicate keys.

    Args:
        root: The node of the document.
        file: The name of the file in an error.

    Raises:
        OptionError: Aliases or merge keys make the document too large or too deep.
    """
    lines: dict[str, int] = {"policy": root.start_mark.line + 1}
    twice: list[Mistake] = []
    waiting: list[tuple[yaml.Node, str, int]] = [(root, "", 1)]
    parts = 0
    while waiting:
        node, path, depth = waiting.pop()
        parts += 1
        line = node.start_mark.line + 1
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        # Count the pending nodes too: a list with many aliases of one long list must not exhaust the memory.
        if parts + len(waiting) + len(inner) > MOST_PARTS:
            raise OptionError(
                f"{file}: is too large; at most {MOST_PARTS} keys and values are allowed, each alias in full"
            )
        if depth > DEEPEST:
            raise OptionError(f"{file}: line {line}: is nested too deeply; at most {DEEPEST} levels are allowed")
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                below = f"{path}[{index}]"
                lines.setdefault(below, item.start_mark.line + 1)
                waiting.append((item, below, depth + 1))
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                line = key.start_mark.line + 1
                below = f"{path}.{named(key.value)}" if path else named(key.value)
                if key.value in keys:
                    twice.append(Mistake(below, f"duplicate key {quoted(key.value)}", line))
                keys.add(key.value)
                if key.tag == _MERGE:
                    below = path
                else:
                    lines.setdefault(below, line)
                parts += 1
                waiting.append((value, below, depth + 1))
    return _Outline(lines, twice)
