# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation promises is what the plugins return and what the examples do."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
import yaml
from estate import ACME, CONFIGURATION, GLOBEX
from examples import run_example
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import CONDITIONS, OWNER_STATES
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._files import DEFAULT_FORMATS
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import EXTENSIONS, FORMATS

COLLECTION = Path(__file__).parents[3]
PLUGINS = {
    ("module", "workmail_pat"),
    ("module", "workmail_pat_audit"),
    ("module", "workmail_pat_config"),
    ("module", "workmail_pat_config_info"),
    ("module", "workmail_pat_info"),
    ("module", "workmail_pat_notices"),
    ("module", "workmail_pat_policy_info"),
    ("module", "workmail_pat_report"),
    ("module", "workmail_pat_revoke"),
    ("filter", "workmail_pat_baseline"),
    ("filter", "workmail_pat_changes"),
    ("filter", "workmail_pat_findings"),
    ("filter", "workmail_pat_merged"),
    ("filter", "workmail_pat_notices"),
    ("filter", "workmail_pat_report"),
    ("filter", "workmail_pat_unknown_variables"),
    ("inventory", "workmail_pat"),
    ("lookup", "workmail_pat"),
    ("test", "workmail_pat_matching"),
}
TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict}
# What Ansible adds to the result of each module.
ANSIBLES_OWN = {
    "ansible_parsed",
    "changed",
    "failed",
    "invocation",
    "warnings",
    "deprecations",
    "msg",
    "exception",
    "diff",
}
# What is only known once there was a connection.
OF_THE_CALLS = {"elapsed", "pages", "calls", "retries"}
# What amazon.aws adds to the failure of each of its modules.
AMAZONS_OWN = {"boto3_version", "botocore_version", "error", "response_metadata"}


@pytest.fixture
def documentation(environment: dict[str, str]) -> Callable[[str, str], dict[str, Any]]:
    """What ansible-doc reads of a plugin: ``doc``, ``examples`` and ``return``."""

    def call(kind: str, name: str) -> dict[str, Any]:
        name = f"patrol.workmail.{name}"
        run = subprocess.run(
            ["ansible-doc", "--json", "--type", kind, name], env=environment, capture_output=True, text=True, check=True
        )
        read: dict[str, Any] = json.loads(run.stdout)[name]
        return read

    return call


def check(value: Any, documented: dict[str, Any], path: str) -> None:
    """Check a value against its documentation: its type, and every key of its mappings, both ways."""
    if value is None:
        return
    assert isinstance(value, TYPES[documented["type"]]), f"{path} is documented as {documented['type']}"
    assert documented["type"] == "bool" or not isinstance(value, bool), f"{path} is a bool"
    items = value if documented["type"] == "list" else [value]
    if documented["type"] == "list":
        element = TYPES[documented["elements"]]
        assert all(isinstance(item, element) for item in items), f"{path} holds other than {documented['elements']}"
    if "contains" in documented:
        for item in items:
            check_keys(item, documented["contains"], path)


def check_keys(
    mapping: dict[str, Any], documented: dict[str, Any], path: str, absent: frozenset[str] = frozenset()
) -> None:
    """Compare the keys of a mapping with the documented ones; those in ``absent`` depend on an option."""
    assert mapping.keys() == documented.keys() - absent, f"{path}: {mapping.keys() ^ (documented.keys() - absent)}"
    for key, value in mapping.items():
        check(value, documented[key], f"{path}.{key}")


def check_failures(results: dict[str, Any], documented: dict[str, Any]) -> None:
    """Check the failure of a call, and one because of mistakes in a document, which has places of their own."""
    for name, absent in (("failed", {"mistakes"}), ("mistaken", OF_THE_CALLS)):
        failed = {key: value for key, value in results[name].items() if key not in ANSIBLES_OWN | AMAZONS_OWN}
        check_keys(failed, documented, name, frozenset(absent))


def test_every_plugin_has_a_test_of_its_documentation() -> None:
    kinds = {"modules": "module", "lookup": "lookup", "test": "test", "filter": "filter", "inventory": "inventory"}
    found = {
        (kind, file.stem) for folder, kind in kinds.items() for file in (COLLECTION / "plugins" / folder).glob("*.py")
    }
    assert found == PLUGINS


@pytest.mark.ansible
@pytest.mark.smoke
def test_the_module_returns_what_is_documented(
    emulator: Emulator, run_tasks: Callable[..., dict[str, Any]], documentation: Callable[..., dict[str, Any]]
) -> None:
    module = "patrol.workmail.workmail_pat_info"
    documented = documentation("module", "workmail_pat_info")["return"]
    on_success = {key: value for key, value in documented.items() if not value["returned"].startswith("failure")}
    on_failure = {key: value for key, value in documented.items() if "failure" in value["returned"]}
    emulator.faults.add(Fault("truncated", operation="ListUsers", organization_id=ACME, times=1))
    results = run_tasks(
        [
            {module: {"owners": True, "on_error": "continue"}, "register": "incomplete"},
            {module: {"organization": "acme", "owners": True, "max_items": 3}, "register": "paged"},
            {module: {"organization": "acme"}, "register": "plain"},
            {module: {"organization": "acmee"}, "register": "failed", "ignore_errors": True},
            {module: {"select": {"expird": True}}, "register": "mistaken", "ignore_errors": True},
        ]
    )
    assert results["incomplete"]["errors"] and results["incomplete"]["personal_access_tokens"]
    paged = {key: value for key, value in results["paged"].items() if key not in ANSIBLES_OWN}
    check_keys(paged, on_success, "paged")
    incomplete = {key: value for key, value in results["incomplete"].items() if key not in ANSIBLES_OWN}
    check_keys(incomplete, on_success, "incomplete", frozenset({"next_token"}))
    token = on_success["personal_access_tokens"]["contains"]
    for record in results["plain"]["personal_access_tokens"]:
        check_keys(record, token, "plain", frozenset({"owner"}))
    check_failures(results, on_failure)
    [sample] = on_success["summary"]["contains"]["by_organization"]["sample"].values()
    for counts in results["plain"]["summary"]["by_organization"].values():
        assert counts.keys() == sample.keys()


@pytest.mark.ansible
@pytest.mark.slow
def test_the_audit_returns_what_is_documented(
    emulator: Emulator, run_tasks: Callable[..., dict[str, Any]], documentation: Callable[..., dict[str, Any]]
) -> None:
    module = "patrol.workmail.workmail_pat_audit"
    documented = documentation("module", "workmail_pat_audit")["return"]
    on_success = {key: value for key, value in documented.items() if not value["returned"].startswith("failure")}
    on_failure = {key: value for key, value in documented.items() if "failure" in value["returned"]}
    rule = {"id": "every", "severity": "low", "when": {"organization": "*"}}
    exception = {"rules": ["every"], "match": {"name": "Token 4"}, "reason": "TICKET-1", "expires": "2099-12-31"}
    policy = {"version": 1, "rules": [rule], "exceptions": [exception, {**exception, "expires": "2020-12-31"}]}
    emulator.faults.add(Fault("truncated", operation="ListUsers", organization_id=GLOBEX, times=1))
    results = run_tasks(
        [
            {module: {"policy": policy, "owners": True, "on_error": "continue"}, "register": "incomplete"},
            {module: {"policy_file": "default"}, "register": "plain"},
            {module: {"policy": policy, "organization": "acmee"}, "register": "failed", "ignore_errors": True},
            {module: {"policy": {"version": 1}}, "register": "mistaken", "ignore_errors": True},
        ]
    )
    assert results["incomplete"]["errors"] and results["incomplete"]["summary"]["muted"] == 1
    for name in ("incomplete", "plain"):
        check_keys({key: value for key, value in results[name].items() if key not in ANSIBLES_OWN}, on_success, name)
    check_failures(results, on_failure)


@pytest.mark.ansible
@pytest.mark.slow
def test_the_revocations_return_what_is_documented(
    emulator: Emulator, run_tasks: Callable[..., dict[str, Any]], documentation: Callable[..., dict[str, Any]]
) -> None:
    rule = {"id": "every", "severity": "low", "when": {"organization": "*"}}
    exception = {"rules": ["every"], "match": {"name": "Token 4"}, "reason": "TICKET-1", "expires": "2099-12-31"}
    by_name = {"organization": "acme", "state": "absent", "only_if": {"name": "Token*"}}
    by_policy = {
        "policy": {"version": 1, "rules": [rule], "exceptions": [exception]},
        "max_percent": 100,
        "record_dir": "records",
        "confirm": True,
    }
    emulator.faults.add(Fault("access_denied", operation="DeletePersonalAccessToken", organization_id=GLOBEX))
    ids = {"good": ["pat-1", "pat-2", "pat-none"], "bad": ["pat-3", "no id"]}
    name, policy = "patrol.workmail.workmail_pat", "patrol.workmail.workmail_pat_revoke"
    results = run_tasks(
        [
            {name: {**by_name, "personal_access_token_ids": ids["good"]}, "check_mode": True, "register": "named"},
            {name: {**by_name, "personal_access_token_ids": ids["bad"]}, "register": "invalid", "ignore_errors": True},
            {
                name: {**by_name, "personal_access_token_ids": ["pat-3"], "organization": "acmee"},
                "ignore_errors": True,
                "register": "unknown",
            },
            {policy: {**by_policy, "organization": "acme"}, "check_mode": True, "register": "planned"},
            {policy: by_policy, "register": "midway", "ignore_errors": True},
            {policy: {**by_policy, "grace": "soon"}, "register": "refused", "ignore_errors": True},
        ]
    )
    assert results["named"]["revoked"] and results["named"]["not_revoked"] and results["named"]["absent"]
    assert results["planned"]["left"] and results["midway"]["revoked"] and results["midway"]["record_file"]
    for plugin, succeeded, failed, refused in (
        ("workmail_pat", "named", "unknown", "invalid"),
        ("workmail_pat_revoke", "planned", "midway", "refused"),
    ):
        documented = documentation("module", plugin)["return"]
        # Only some mistakes have places of their own.
        documented = {key: value for key, value in documented.items() if key != "mistakes"}
        on_failure = {key: value for key, value in documented.items() if value["returned"] == "failure"}
        told = {key: value for key, value in documented.items() if key not in on_failure}
        assert {value["returned"] for value in told.values()} == {
            "success, and failure once the options were found valid"
        }
        for result, expected in ((succeeded, told), (failed, documented), (refused, on_failure)):
            own = (ANSIBLES_OWN if result == succeeded else ANSIBLES_OWN | AMAZONS_OWN) | {"mistakes"}
            check_keys({key: value for key, value in results[result].items() if key not in own}, expected, result)


@pytest.mark.ansible
@pytest.mark.slow
def test_the_settings_are_returned_as_documented(
    emulator: Emulator, run_tasks: Callable[..., dict[str, Any]], documentation: Callable[..., dict[str, Any]]
) -> None:
    emulator.reset()
    emulator.load({"Organizations": [{"Alias": "acme", "IdentityProviderConfiguration": CONFIGURATION}]})
    for plugin, options in (("workmail_pat_config_info", {}), ("workmail_pat_config", {"lifetime_in_days": 90})):
        module = f"patrol.workmail.{plugin}"
        documented = documentation("module", plugin)["return"]
        results = run_tasks(
            [
                {module: {"organization": "acme", **options}, "register": "good"},
                {module: {"organization": "acmee", **options}, "register": "failed", "ignore_errors": True},
            ]
        )
        for result, when, own in (("good", "success", set()), ("failed", "failure", AMAZONS_OWN)):
            expected = {key: value for key, value in documented.items() if value["returned"] in (when, "always")}
            told = {key: value for key, value in results[result].items() if key not in ANSIBLES_OWN | own}
            check_keys(told, expected, f"{plugin} {result}")


@pytest.mark.ansible
@pytest.mark.slow
def test_role_module_and_filter_know_the_same_formats(documentation: Callable[..., dict[str, Any]]) -> None:
    filtered = documentation("filter", "workmail_pat_report")["doc"]["options"]["format"]["choices"]
    formats = documentation("module", "workmail_pat_report")["doc"]["options"]["formats"]
    option = role_options("audit")["audit_report_formats"]
    assert filtered == list(FORMATS) == list(EXTENSIONS) == formats["choices"]
    assert re.findall(r"V\((\w+)\)", option["description"][0]) == filtered
    assert tuple(formats["default"]) == tuple(option["default"]) == DEFAULT_FORMATS


def role_options(role: str, entry_point: str = "main") -> dict[str, Any]:
    specs = yaml.safe_load((COLLECTION / f"roles/{role}/meta/argument_specs.yml").read_text())
    options: dict[str, Any] = specs["argument_specs"][entry_point]["options"]
    return options


@pytest.mark.ansible
@pytest.mark.slow
def test_the_lookup_returns_records(
    emulator: Emulator, run_tasks: Callable[..., dict[str, Any]], documentation: Callable[..., dict[str, Any]]
) -> None:
    assert documentation("lookup", "workmail_pat")["return"]["_raw"]["elements"] == "dict"
    token = documentation("module", "workmail_pat_info")["return"]["personal_access_tokens"]["contains"]
    expression = "{{ query('patrol.workmail.workmail_pat', 'acme', owners=true) }}"
    results = run_tasks([{"ansible.builtin.set_fact": {"records": expression}, "register": "looked_up"}])
    records = results["looked_up"]["ansible_facts"]["records"]
    assert len(records) == 5
    for record in records:
        check_keys(record, token, "record")


@pytest.mark.ansible
@pytest.mark.slow
def test_the_test_plugin_documents_every_condition(documentation: Callable[..., dict[str, Any]]) -> None:
    options = documentation("test", "workmail_pat_matching")["doc"]["options"]
    assert options.keys() == {*CONDITIONS, "not", "any", "_input", "_conditions", "as_of"}
    assert options["owner_state"]["choices"] == list(OWNER_STATES)


@pytest.mark.ansible
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), sorted(PLUGINS))
def test_examples_run(
    emulator: Emulator,
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    documentation: Callable[..., dict[str, Any]],
    tmp_path: Path,
    kind: str,
    name: str,
) -> None:
    run_example(emulator, ansible_playbook, tmp_path, documentation(kind, name)["examples"])


def words_in(file: Path) -> set[str]:
    """The texts of a Python file that are one word."""
    texts = [node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and text.isidentifier()}


def test_the_page_of_error_codes_has_each_and_no_other() -> None:
    from ansible_collections.patrol.workmail.plugins.module_utils._workmail import errors, operations

    page = (COLLECTION / "docs/docsite/rst/guide_troubleshooting.rst").read_text()
    _before, *sections = re.split(r"^Codes of .+\n-+\n", page, flags=re.MULTILINE)
    own, of_aws, of_botocore = (
        {code for line in re.findall(r"^``.*``$", section, re.MULTILINE) for code in re.findall(r"``(\w+)``", line)}
        for section in sections
    )
    model = botocore.session.get_session().get_service_model("workmail")
    of_operations = {
        shape.name
        for operation in words_in(Path(operations.__file__)).intersection(model.operation_names)
        for shape in model.operation_model(operation).error_shapes
    }
    known = (
        errors.DENIED,
        errors._EXPIRED,
        errors._UNKNOWN_CREDENTIALS,
        errors._THROTTLED,
        errors._FAILED,
        errors._CLOCK,
    )
    with_a_hint = {code for codes in known for code in codes}
    assert of_operations | with_a_hint <= of_aws
    # The last three are botocore's names, and raised before botocore would.
    assert of_botocore == {*errors._UNREACHABLE, "NoCredentialsError", "NoRegionError", "ProfileNotFound"}
    assert all(hasattr(botocore.exceptions, code) for code in of_botocore)
    files = [*(COLLECTION / "plugins").rglob("*.py"), *(COLLECTION / "extensions").rglob("*.py")]
    # PatrolException is what an error without a code would have, and there is none.
    roles = "".join(file.read_text() for file in (COLLECTION / "roles").rglob("*.yml"))
    of_roles = re.findall(r"error_code: (\w+)$", roles, re.MULTILINE)
    words = set(of_roles).union(*map(words_in, files)) - of_aws - of_botocore - {"PatrolException"}
    assert own == {word for word in words if re.fullmatch(r"[A-Z][A-Za-z]+(Exception|Error)", word)}


def test_each_error_of_ours_has_a_code() -> None:
    """So that nobody meets ``PatrolException``, which says nothing."""
    for file in [*(COLLECTION / "plugins").rglob("*.py"), *(COLLECTION / "extensions").rglob("*.py")]:
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "PatrolError":
                named = {keyword.arg for keyword in call.keywords}
                assert "error_code" in named, f"{file.name}:{call.lineno}"
