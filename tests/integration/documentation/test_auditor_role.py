# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples that create the auditor role in every account have the permissions and the trust of docs/iam."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import hcl2
import pytest
import yaml
from examples import COLLECTION

pytestmark = pytest.mark.guide

EXAMPLE = COLLECTION / "docs/examples/auditor_role"
CALLER = "arn:aws:iam::111111111111:role/workmail-patrol"
EXTERNAL_ID = "CHANGE-ME"
ROLE = {"name": "workmail-auditor", "path": "/"}


def policy_file(name: str) -> dict[str, Any]:
    return normalized(json.loads((COLLECTION / "docs/iam" / name).read_text()))


def without_external_id(trust: dict[str, Any]) -> dict[str, Any]:
    [statement] = trust["Statement"]
    return {**trust, "Statement": [{name: value for name, value in statement.items() if name != "Condition"}]}


def normalized(document: dict[str, Any]) -> dict[str, Any]:
    """Return a policy with each action and resource as a list, since IAM takes both a text and a list."""
    statements = [
        {
            name: [value] if name in ("Action", "Resource") and isinstance(value, str) else value
            for name, value in statement.items()
        }
        for statement in document["Statement"]
    ]
    return {**document, "Statement": statements}


class Template:
    """The CloudFormation template with these parameters."""

    def __init__(self, **parameters: str) -> None:
        self.document = yaml.safe_load((EXAMPLE / "cloudformation.yml").read_text())
        self._values = {
            name: parameters.get(name, described.get("Default"))
            for name, described in self.document["Parameters"].items()
        }

    def resolve(self, value: Any) -> Any:
        """Evaluate the functions in a value as CloudFormation does."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"}:
            return None if value["Ref"] == "AWS::NoValue" else self._values[value["Ref"]]
        if value.keys() == {"Fn::Equals"}:
            first, second = self.resolve(value["Fn::Equals"])
            return first == second
        if value.keys() == {"Fn::Not"}:
            return not self.resolve(value["Fn::Not"])[0]
        if value.keys() == {"Fn::If"}:
            name, yes, no = value["Fn::If"]
            return self.resolve(yes if self.resolve(self.document["Conditions"][name]) else no)
        assert not any(name.startswith("Fn::") for name in value), value
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not None}


@pytest.mark.parametrize("external_id", [EXTERNAL_ID, ""])
def test_the_cloudformation_template_creates_the_role_of_the_policy_files(external_id: str) -> None:
    template = Template(CallerArn=CALLER, **({"ExternalId": external_id} if external_id else {}))
    [resource] = template.document["Resources"].values()
    assert resource["Type"] == "AWS::IAM::Role"
    role = template.resolve(resource["Properties"])
    assert (role["RoleName"], role["Path"]) == (ROLE["name"], ROLE["path"])
    [policy] = role["Policies"]
    assert normalized(policy["PolicyDocument"]) == policy_file("auditor.json")
    trust = policy_file("trust.json")
    assert normalized(role["AssumeRolePolicyDocument"]) == (trust if external_id else without_external_id(trust))


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("CallerArn", [CALLER, "arn:aws-us-gov:iam::111111111111:user/a/b"], ["*", "111111111111", f"{CALLER}/*"]),
        ("ExternalId", ["", EXTERNAL_ID], ["x", "a b"]),
        ("RoleName", ["workmail-auditor"], ["", "audit/x", "x" * 65]),
        ("RolePath", ["/", "/audit/", "/a/b/"], ["", "audit", "/audit", "audit/"]),
    ],
)
def test_the_parameters_of_the_template_are_checked(parameter: str, good: list[str], bad: list[str]) -> None:
    pattern = Template().document["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in good + bad if re.fullmatch(pattern, value)] == good


def terraform_blocks() -> dict[str, Any]:
    """Return the blocks of the Terraform module by ``kind.type.name``, with texts as Terraform understands them."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {plain(name): plain(item) for name, item in value.items() if name != "__is_block__"}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return json.loads(value) if isinstance(value, str) and value.startswith('"') else value

    blocks: dict[str, Any] = {}

    def add(name: str, value: Any, depth: int) -> None:
        if depth == 0:
            blocks[name] = value
        else:
            for label, item in value.items():
                add(f"{name}.{label}", item, depth - 1)

    for kind, depth in (("data", 2), ("resource", 2), ("variable", 1)):
        for block in plain(hcl2.loads((EXAMPLE / "terraform/main.tf").read_text()))[kind]:
            add(kind, block, depth)
    return blocks


def terraform_policy(document: dict[str, Any], **variables: str) -> dict[str, Any]:
    """Return the policy that Terraform makes of a data source ``aws_iam_policy_document``."""

    def value(text: str) -> str:
        return re.sub(r"^\$\{var\.(\w+)\}$", lambda match: variables[match[1]], text)

    statements = []
    for statement in document["statement"]:
        made: dict[str, Any] = {"Effect": statement["effect"]}
        for principals in statement.get("principals", ()):
            [identifier] = principals["identifiers"]
            made["Principal"] = {principals["type"]: value(identifier)}
        made["Action"] = statement["actions"]
        if "resources" in statement:
            made["Resource"] = statement["resources"]
        for dynamic in statement.get("dynamic", ()):
            assert dynamic["condition"]["for_each"] == "${var.external_id == null ? [] : [var.external_id]}"
            [content] = dynamic["condition"]["content"]
            assert content["values"] == ["${condition.value}"]
            if "external_id" in variables:
                made["Condition"] = {content["test"]: {content["variable"]: variables["external_id"]}}
        statements.append(made)
    return {"Version": "2012-10-17", "Statement": statements}


def test_the_terraform_module_creates_the_role_of_the_policy_files() -> None:
    blocks = terraform_blocks()
    trust, auditor = (blocks[f"data.aws_iam_policy_document.{name}"] for name in ("trust", "auditor"))
    assert terraform_policy(auditor) == policy_file("auditor.json")
    assert terraform_policy(trust, caller_arn=CALLER, external_id=EXTERNAL_ID) == policy_file("trust.json")
    assert terraform_policy(trust, caller_arn=CALLER) == without_external_id(policy_file("trust.json"))
    role, policy = blocks["resource.aws_iam_role.auditor"], blocks["resource.aws_iam_role_policy.auditor"]
    assert role["assume_role_policy"] == "${data.aws_iam_policy_document.trust.json}"
    assert policy["policy"] == "${data.aws_iam_policy_document.auditor.json}"
    assert policy["role"] == "${aws_iam_role.auditor.name}"
    assert (role["name"], role["path"]) == ("${var.role_name}", "${var.role_path}")
    assert {name: blocks[f"variable.role_{name}"]["default"] for name in ROLE} == ROLE
    assert blocks["variable.external_id"]["default"] is None and "default" not in blocks["variable.caller_arn"]


def test_terraform_would_not_format_the_examples_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    """What needs the AWS provider, such as terraform validate, is not run: Terraform would download it."""
    files = sorted((COLLECTION / "docs/examples").rglob("*.tf"))
    assert len(files) == 2
    for file in files:
        text = file.read_text()
        assert hcl2.loads(text) and "\t" not in text and not re.search(r" $", text, re.MULTILINE), file
    if shutil.which("terraform") is None:
        with capsys.disabled():
            print("\nNot run: terraform fmt -check, because terraform is not on PATH", flush=True)
        return
    for file in files:
        run = subprocess.run(["terraform", "fmt", "-check", "-diff", file], check=False, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
