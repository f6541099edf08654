# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m scripts.support.policy_schema``: describe policies for editors and for the guide.

It writes ``docs/policy.schema.json`` and the table of conditions in ``guide_policy.rst``. Both are made from the
grammar in ``plugins/module_utils/_domain``, and from the documentation of the test ``workmail_pat_matching``.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from .program import run_program

_USAGE = "Usage: python -m scripts.support.policy_schema    write docs/policy.schema.json and the table of conditions\n"

_ROOT = Path(__file__).parents[2]
SCHEMA = _ROOT / "docs/policy.schema.json"
GUIDE = _ROOT / "docs/docsite/rst/guide_policy.rst"
_TEST = _ROOT / "plugins/test/workmail_pat_matching.py"
_BEGIN, _STOP = ".. The table of conditions begins.\n\n", "\n.. The table of conditions ends.\n"

_conditions = import_module("plugins.module_utils._domain.conditions")
_policy = import_module("plugins.module_utils._domain.policy")
_times = import_module("plugins.module_utils._domain.times")

_DURATION = r"^\s*([0-9]+[wdhms])+\s*$"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_INSTANT = rf"{_DATE}[Tt ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.,][0-9]{{1,9}})?)?([zZ]|[+-][0-9]{{2}}:?[0-9]{{2}})"
# In Python, $ also matches before a final line break, which an ID or a time must not have.
_END = r"$(?!\n)"


def _words(*words: str) -> str:
    """Return a pattern that matches the words in any case."""
    return "^(" + "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in word) for word in words) + f"){_END}"


_TEXT = {"type": "string", "maxLength": _conditions.LONGEST_TEXT}
_FILLED = {**_TEXT, "minLength": 1}
# Templates return text, and editors read as text the words that are true and false only in YAML 1.1.
_FLAG = {
    "anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _words("true", "yes", "on", "false", "no", "off")}]
}
_SOME_TEXTS = {"anyOf": [_FILLED, {"type": "array", "minItems": 1, "items": _FILLED}]}
_STATES = list(_conditions.OWNER_STATES)
_STATE = {"anyOf": [{"enum": _STATES}, {"type": "string", "pattern": _words(*_STATES)}]}
_MOMENT = {"type": "string", "pattern": rf"^\s*({_DATE}|{_INSTANT})\s*$"}

# What each parser of the grammar accepts, and how the guide writes it.
_VALUES: dict[Any, tuple[dict[str, Any], str]] = {
    _conditions._boolean: (_FLAG, "``true`` or ``false``"),
    _times.parse_duration: ({"type": "string", "pattern": _DURATION}, "a duration such as ``90d``"),
    _times.parse_instant: (_MOMENT, "an instant or a date such as ``2027-03-31``"),
    _conditions._glob: (_SOME_TEXTS, "globs"),
    _conditions._glob_ignoring_case: (_SOME_TEXTS, "globs"),
    _conditions._account_globs: (_SOME_TEXTS, "globs"),
    _conditions._set: (_SOME_TEXTS, "strings"),
    _conditions._set_or_empty: ({"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}, "strings"),
    _conditions._owner_states: (
        {"anyOf": [_STATE, {"type": "array", "minItems": 1, "items": _STATE}]},
        ", ".join(f"``{state}``" for state in _STATES),
    ),
}
_COMBINED = {"not": "conditions", "any": "a list of conditions"}


def make_schema() -> dict[str, Any]:
    """Describe policies as a JSON Schema.

    Returns:
        The schema. It accepts each policy that the parser accepts. It cannot find an exception for an unknown rule, a
        rule ID that occurs twice, a date that does not exist, or a document that is too large.
    """
    severity = {"enum": list(_policy.SEVERITIES)}
    # Beside a reference, a validator ignores everything else.
    conditions = {"allOf": [{"$ref": "#/definitions/conditions"}]}
    rule_id = {"type": "string", "pattern": f"^{_policy._RULE_ID.pattern}{_END}"}
    text = {**_TEXT, "pattern": r"\S"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://github.com/patrol-collections/workmail/blob/main/docs/policy.schema.json",
        "title": "Policy on Amazon WorkMail personal access tokens",
        **_mapping(
            {
                "version": {
                    "enum": [_policy.VERSION, str(_policy.VERSION)],
                    "description": "The version of the format.",
                },
                "fail_on": {
                    **severity,
                    "default": _policy.SEVERITIES[0],
                    "description": "The lowest severity of which a finding fails the audit.",
                },
                "rules": {
                    "type": "array",
                    "minItems": 1,
                    "items": _mapping(
                        {
                            "id": {**rule_id, "description": "The ID, which no other rule has."},
                            "severity": {**severity, "description": "How bad a finding of the rule is."},
                            "when": {**conditions, "description": "A token that meets all of these is a finding."},
                            "description": {**text, "description": "The sentence with which a finding begins."},
                            "revoke": {
                                **_FLAG,
                                "default": True,
                                "description": "Whether a token may be revoked because of the rule.",
                            },
                        },
                        ["id", "severity", "when"],
                    ),
                },
                "exceptions": {
                    "type": "array",
                    "items": _mapping(
                        {
                            "rules": {
                                "anyOf": [_FILLED, {"type": "array", "minItems": 1, "items": _FILLED}],
                                "description": "The IDs of the rules whose findings are muted.",
                            },
                            "match": {
                                **conditions,
                                "description": "The tokens, by conditions that they meet.",
                            },
                            "reason": {**text, "description": "Why, for every report."},
                            "expires": {
                                **_MOMENT,
                                "description": "The last day in UTC, or the instant at which the exception ends.",
                            },
                        },
                        ["rules", "match", "reason", "expires"],
                    ),
                },
            },
            ["version", "rules"],
        ),
        "definitions": {
            "conditions": {
                **_mapping(
                    {
                        name: {**_value(name), "description": " ".join(sentences)}
                        for name, sentences in _descriptions().items()
                    }
                ),
                "minProperties": 1,
            }
        },
    }


def make_table() -> str:
    """Write the table of conditions for the guide.

    Returns:
        The text of a ``list-table``, which ends with a line break.
    """
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 20 28 52", ""]
    rows = [("Condition", "Value", ["Meaning"])]
    rows += [(f"``{name}``", _written(name), sentences) for name, sentences in _descriptions(markup=True).items()]
    for name, value, sentences in rows:
        lines += [f"   * - {name}", f"     - {value}", f"     - {sentences[0]}"]
        lines += [f"       {sentence}" for sentence in sentences[1:]]
    return "\n".join(lines) + "\n"


def write_all(schema: Path = SCHEMA, guide: Path = GUIDE) -> None:
    """Write the schema, and the table into the guide.

    Args:
        schema, guide: The files.
    """
    schema.write_text(json.dumps(make_schema(), indent=2) + "\n")
    before, _begin, rest = guide.read_text().partition(_BEGIN)
    guide.write_text(f"{before}{_BEGIN}{make_table()}{_STOP}{rest.partition(_STOP)[2]}")


def main(arguments: list[str]) -> int:
    """Write the files.

    Args:
        arguments: None.

    Returns:
        The exit code.
    """
    write_all()
    return 0


def _mapping(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": properties,
    }


def _value(name: str) -> dict[str, Any]:
    conditions = {"$ref": "#/definitions/conditions"}
    if name in _COMBINED:
        return {"allOf": [conditions]} if name == "not" else {"type": "array", "minItems": 1, "items": conditions}
    return _VALUES[_conditions.CONDITIONS[name].parse][0]


def _written(name: str) -> str:
    return _COMBINED.get(name) or _VALUES[_conditions.CONDITIONS[name].parse][1]


def _descriptions(markup: bool = False) -> dict[str, list[str]]:
    """The sentences on each condition in the documentation of the test."""
    [text] = [
        statement.value.value
        for statement in ast.parse(_TEST.read_text()).body
        if isinstance(statement, ast.Assign)
        and ast.unparse(statement.targets[0]) == "DOCUMENTATION"
        and isinstance(statement.value, ast.Constant)
    ]
    options = yaml.safe_load(str(text))["options"]
    return {name: _sentences(options[name]["description"], markup) for name in (*_conditions.CONDITIONS, *_COMBINED)}


def _sentences(description: str | list[str], markup: bool) -> list[str]:
    parts = [description] if isinstance(description, str) else description
    replaced = [re.sub(r"[A-Z]\(([^)]*)\)", r"``\1``" if markup else r"\1", part) for part in parts]
    sentences = [sentence for part in replaced for sentence in re.split(r"(?<=\.) (?=[A-Z])", part)]
    # Some are about templates and records, of which a policy knows nothing.
    changed = {
        "Needs a record with its owner.": "To check this condition, the audit reads the users of each organization."
    }
    return [changed.get(sentence, sentence) for sentence in sentences if not sentence.startswith("Only in the dict")]


if __name__ == "__main__":
    sys.exit(run_program(main, _USAGE))
