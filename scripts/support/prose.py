# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the sentences that people read in the files of the collection, for ``scripts/test wording``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

# Code in prose. It is kept as Markdown has it, so the grammar around it can be checked.
_CODE = (
    (re.compile(r"``([^`]+)``"), r"`\1`"),
    (re.compile(r":[a-z:]+:`~?([^`<]+?)(?: <[^>]+>)?`"), r"`\1`"),
    (re.compile(r"\b[CVOMPRUL]\(([^()]*(?:\([^()]*\))?[^()]*)\)|\bRV\(([^()]*)\)"), r"`\1\2`"),
    (re.compile(r"`([^`]+) <[^>]+>`_+"), r"\1"),
    (re.compile(r"\[([^\]]+)\]\([^)]+\)"), r"\1"),
    (re.compile(r"<?https?://[^\s>]+>?"), "`address`"),
    (re.compile(r"\{\{.*?\}\}|\{[^{}]*\}"), "`value`"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?|\b\d+[wdhms]\d*[wdhms]?\b"), "`time`"),
    (re.compile(r"\b[A-Z]+\d*(?:_[A-Z]+\d*)+\b|\b(?:ou|r)-[a-z0-9]*\d[a-z0-9]*(?:-[a-z0-9]+)?\b"), "`name`"),
)
_TEXT_KEYS = {"description", "short_description", "notes", "name", "msg", "fail_msg", "success_msg", "release_summary"}
_CHANGES = {"major_changes", "minor_changes", "bugfixes", "security_fixes", "known_issues"}
# Not sentences: programs, regular expressions, markup, paths and names of packages.
_OTHER_TEXT = re.compile(r"^\s*(?:import|from) |[\\<>|]|\(\?|\[0-9|%s|  |^\S*$|^APN/")
_WORDS = re.compile(r"[A-Za-z]{2,}(?:['\u2019][a-z]+)?\W+[a-z]{2,}\W+[a-z]{2,}")


class Passage(NamedTuple):
    """A text that people read, without line breaks. ``line`` is the number of its first line."""

    file: str
    line: int
    kind: str
    text: str


def find_passages(root: Path) -> Iterator[Passage]:
    """Find the passages of a checkout: pages, documentation of plugins and roles, messages, docstrings, test names.

    Args:
        root: The checkout.

    Yields:
        The passages, file by file.
    """
    for path in sorted(_files(root)):
        file, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        if path.suffix == ".rst":
            passages = _of_rst(text)
        elif path.suffix == ".md":
            passages = _of_markdown(text)
        elif path.suffix == ".py":
            passages = _of_python(text, "tests/" in file)
        elif path.suffix == ".html" or path.suffix == ".j2":
            passages = _of_html(text)
        else:
            passages = _of_yaml(text)
        for line, kind, found in passages:
            plain = _plain(found)
            if plain and "SPDX-" not in plain and not plain.startswith(("<!--", "-->")):
                yield Passage(file, line, kind, plain)


def _files(root: Path) -> Iterator[Path]:
    pages = ("*.md", "docs/**/*.rst", "docs/**/*.md", "roles/*/README.md", "emulator/*.md", "benchmarks/**/*.md")
    data = ("roles/**/*.yml", "playbooks/*.yml", "changelogs/fragments/*.yml", "demo/*.yml", "policies/*.yml")
    code = ("plugins/**/*.py", "extensions/**/*.py", "emulator/**/*.py", "scripts/**/*.py", "tests/**/*.py", "*.py")
    templates = ("plugins/**/*.j2", "roles/**/*.j2")
    for pattern in (*pages, *data, *code, "benchmarks/**/*.py", *templates):
        for path in root.glob(pattern):
            generated = path.name in ("CHANGELOG.md", "CODE_OF_CONDUCT.md") or "output" in path.parts
            if path.is_file() and not generated and not {".venv", ".git", "site"} & set(path.relative_to(root).parts):
                yield path


def _plain(text: str) -> str:
    for pattern, replacement in _CODE:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def _of_rst(text: str) -> Iterator[tuple[int, str, str]]:
    """Read reStructuredText by paragraphs, without literal blocks, directives and tables."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        indent = len(line) - len(line.lstrip())
        directive = re.match(r"\s*\.\. (\w[\w-]*)::", line)
        hidden = directive and directive[1] not in ("note", "warning", "tip", "seealso", "admonition", "hint")
        if hidden or line.strip().startswith((".. _", ".. SPDX", ".. Copyright", ".. meta")):
            number = _end_of_block(lines, number, indent)
        elif (
            not line.strip()
            or directive
            or re.fullmatch(r"\s*[-=~^*#\"'+|. ]{3,}\s*", line)
            or line.startswith("  :")
            or re.match(r"\s*[+|]", line)
            or (number and re.fullmatch(r"[= ]{5,}", lines[number - 1]))
        ):
            number += 1
        else:
            yield number + 1, "page", re.sub(r"^\s*(?:[*-]|#\.|\d+\.) ", "", line).removesuffix("::")
            number = _end_of_block(lines, number, indent) if line.endswith("::") else number + 1


def _end_of_block(lines: list[str], start: int, indent: int) -> int:
    number = start + 1
    while number < len(lines) and (
        not lines[number].strip() or len(lines[number]) - len(lines[number].lstrip()) > indent
    ):
        number += 1
    return number


def _of_markdown(text: str) -> Iterator[tuple[int, str, str]]:
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and line.strip() and not re.match(r"\s*(?:<|\||!\[|\[[^\]]+\]: )|\[!\[", line):
            yield number, "page", re.sub(r"^\s*(?:[*#-]+|\d+\.) ", "", line)


def _of_html(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL).split("\n"), 1):
        shown = re.sub(r"\{%.*?%\}|<[^>]*>?|[\w-]+=\"[^\"]*\">?", " ", re.sub(r"\{\{.*?\}\}", "`value`", line))
        if _WORDS.search(shown):
            yield number, "template", shown


def _of_yaml(text: str, first: int = 0) -> Iterator[tuple[int, str, str]]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return
    waiting: list[tuple[str, yaml.Node | None]] = [("", node)]
    while waiting:
        key, node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            # A policy or an argument can have a key such as name, of which the value is no sentence.
            waiting += [(str(name.value), value) for name, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(key, value) for value in reversed(node.value)]
        elif isinstance(node, yaml.ScalarNode) and key in _TEXT_KEYS | _CHANGES and _WORDS.search(node.value):
            yield first + node.start_mark.line + 1, key, re.sub(r"\{%.*?%\}", " ", node.value)


def _of_python(text: str, is_test: bool) -> Iterator[tuple[int, str, str]]:
    tree = ast.parse(text)
    documented: set[int] = set()
    assigned = {id(node.value): ast.unparse(node.targets[0]) for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                documented.add(id(first.value))
        if is_test and isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.lineno, "test", node.name.removeprefix("test_").replace("_", " ")
        if isinstance(node, ast.JoinedStr):
            inside.update(id(value) for value in ast.walk(node) if value is not node)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in inside:
            parts = ("`value`" if not isinstance(part, ast.Constant) else str(part.value) for part in node.values)
            found = "".join(parts)
            if not is_test and _WORDS.search(found.replace("`value`", "")) and not _OTHER_TEXT.search(found):
                yield node.lineno, "message", found
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            name = assigned.get(id(node))
            if name in ("DOCUMENTATION", "RETURN", "EXAMPLES"):
                yield from _of_yaml(node.value, node.lineno - 1)
            elif id(node) in documented:
                yield from _of_docstring(node)
            elif not is_test and _WORDS.search(node.value) and not _OTHER_TEXT.search(node.value):
                yield node.lineno, "message", node.value


def _of_docstring(node: ast.Constant) -> Iterator[tuple[int, str, str]]:
    paragraph: list[str] = []
    first = node.lineno
    for offset, line in enumerate([*str(node.value).split("\n"), ""]):
        if line.strip() and not re.fullmatch(r"\s*(?:Args|Returns|Raises|Yields):", line):
            first = first if paragraph else node.lineno + offset
            starts = re.match(r"\s+[\w`*, ]+: ", line) and paragraph
            if starts:
                yield first, "docstring", " ".join(paragraph)
                paragraph, first = [], node.lineno + offset
            paragraph.append(re.sub(r"^\s+\*{0,2}[\w`, ]+: ", "", line) if not paragraph else line.strip())
        elif paragraph:
            yield first, "docstring", " ".join(paragraph)
            paragraph = []


def as_markdown(passages: list[Passage]) -> str:
    """Write passages as Markdown, each in a paragraph on one line: passage ``n`` is on line ``2 * n + 1``.

    Args:
        passages: The passages.

    Returns:
        The text.
    """
    return "\n\n".join(passage.text.replace("\n", " ") for passage in passages) + "\n"
