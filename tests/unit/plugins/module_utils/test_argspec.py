# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.common import parameters
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils import _argspec
from ansible_collections.patrol.workmail.plugins.module_utils._argspec import (
    ORGANIZATIONS,
    ROLE,
    make_module,
    reject_aliases,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError

FRAGMENTS = Path(__file__).parents[4] / "plugins/doc_fragments"
SETS = {name: value for name, value in vars(_argspec).items() if name.isupper() and isinstance(value, dict)}
# What an argument and its documentation both describe.
DESCRIBED = ("type", "elements", "required", "choices", "default", "aliases")
WARNINGS = ["Both option region and its alias aws_region are set.", "Something else"]


@guards("plugins/module_utils/_argspec.py", "        if both and both[1] in argument_spec:")
def test_an_option_and_its_alias_are_not_both_accepted() -> None:
    reject_aliases(ORGANIZATIONS, WARNINGS)
    both = "Both option organizations and its alias organization are set."
    with pytest.raises(OptionError, match="^organizations, organization: are two names of one option; set only one of"):
        reject_aliases(ORGANIZATIONS, [*WARNINGS, both])


@guards(
    "plugins/module_utils/_argspec.py",
    '        self._module.no_log_values.discard(self.params.get("assume_role_external_id"))\n',
    "",
)
@guards("plugins/module_utils/_argspec.py", '            if argument.get("no_log"):')
@guards(
    "plugins/module_utils/_argspec.py",
    "        self.params.update({name: _without_passwords(value) for name, value in self.params.items()})\n",
    "",
)
def test_arguments_are_hidden_and_records_are_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An external ID can be a word that names an organization, too. Masked records would be wrong."""
    arguments: dict[str, Any] = {
        "assume_role_external_id": "acme",
        "aws_secret_key": "a-secret-key",
        "endpoint_url": "http://user:pass@host",
        "aws_config": {"proxies": {"https": "http://user:pa@ss@proxy"}},
    }
    # From ansible-core 2.22 on, the arguments are only shown on request.
    if "inject_invocation" in parameters.PASS_VARS:
        arguments["_ansible_inject_invocation"] = True
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    module = make_module(ROLE)
    with pytest.raises(SystemExit):
        module.exit_json(alias="acme")
    result = json.loads(capsys.readouterr().out)
    assert result["alias"] == "acme"
    # The words that ansible-core 2.22 and newer mask in everything they show.
    assert result.pop("_ansible_new_secrets", ["a-secret-key"]) == ["a-secret-key"]
    assert "a-secret-key" not in json.dumps(result)
    shown = result["invocation"]["module_args"]
    assert shown["assume_role_external_id"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert "user" not in json.dumps(shown) and "pa@ss" not in json.dumps(shown)


def documented_options() -> dict[str, dict[str, Any]]:
    """Read the options of each part of each fragment, by the name of the argument set that belongs to it."""
    found = {}
    for file in FRAGMENTS.glob("*.py"):
        module = importlib.import_module(f"ansible_collections.patrol.workmail.plugins.doc_fragments.{file.stem}")
        for part, text in vars(module.ModuleDocFragment).items():
            options = yaml.safe_load(text)["options"] if part.isupper() else {}
            if options:
                name = file.stem.removeprefix("_").upper()
                found[name if part == "DOCUMENTATION" else f"{name}_{part}"] = options
    return found


def described(options: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {key: option[key] for key in DESCRIBED if key in option} for name, option in options.items()}


def test_each_argument_set_has_a_private_fragment_of_the_same_name() -> None:
    documented = documented_options()
    assert len(SETS) > 9
    assert documented.keys() == SETS.keys()
    for name, options in documented.items():
        assert described(options) == described(SETS[name]), name
    assert all(file.stem.startswith("_") for file in FRAGMENTS.glob("*.py"))
