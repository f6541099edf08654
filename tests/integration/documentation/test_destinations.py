# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of ``guide_reports.rst``: their syntax, and the reports, modules and metrics that they name."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import jinja2
import pytest
import yaml
from audits import AUDITS, compared
from botocore.validate import ParamValidator
from examples import COLLECTION, blocks
from prometheus_client.parser import text_string_to_metric_families
from report_files import FILES as REPORTS
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import render

pytestmark = pytest.mark.guide

GUIDE = COLLECTION / "docs/docsite/rst/guide_reports.rst"
FILES = {block.caption: block.text for block in blocks(GUIDE) if block.caption is not None}
GATES = {block.caption: block.text for block in blocks(GUIDE.with_name("guide_pipeline.rst"))}
ACTIONS, GITLAB, AZURE = ".github/workflows/workmail.yml", ".gitlab-ci.yml", "azure-pipelines.yml"
PLAYBOOKS = ("security_hub.yml", "security_lake.yml", "slack.yml", "teams.yml")
# The modules of other collections and of ansible-core, by the file with their documentation.
COLLECTIONS = {
    "amazon.aws": Path(sysconfig.get_path("purelib")) / "ansible_collections/amazon/aws/plugins/modules",
    "community.general": Path(sys.prefix) / "community/ansible_collections/community/general/plugins/modules",
}


def workflow() -> dict[str, Any]:
    """The workflow of the other guide with the steps of this one."""
    document: dict[Any, Any] = yaml.safe_load(GATES[ACTIONS])
    # YAML 1.1 reads this name as true.
    document["on"] = document.pop(True)
    document["permissions"]["security-events"] = "write"
    steps = document["jobs"]["audit"]["steps"]
    [position] = [number for number, step in enumerate(steps, 1) if step.get("name") == "Audit"]
    steps[position:position] = yaml.safe_load(FILES[f"steps of {ACTIONS}"])
    return document


def gitlab_job() -> dict[str, Any]:
    """The job of the other guide with the reports of this one."""
    document: dict[str, Any] = yaml.safe_load(GATES[GITLAB])
    document["workmail-tokens"].update(yaml.safe_load(FILES[GITLAB])["workmail-tokens"])
    return document


def azure_pipeline() -> dict[str, Any]:
    """The pipeline, with a plain script in place of the task of AWS, which the schema does not know."""
    document: dict[str, Any] = yaml.safe_load(FILES[AZURE])
    [number] = [number for number, step in enumerate(document["steps"]) if step.get("task") == "AWSShellScript@1"]
    inputs = document["steps"][number]["inputs"]
    assert inputs.keys() == {"awsCredentials", "regionName", "scriptType", "inlineScript"}
    assert inputs["scriptType"] == "inline"
    document["steps"][number] = {"script": inputs["inlineScript"]}
    return document


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        ("vendor.github-workflows", workflow()),
        ("vendor.gitlab-ci", gitlab_job()),
        ("vendor.azure-pipelines", azure_pipeline()),
    ],
    ids=["github", "gitlab", "azure"],
)
def test_a_pipeline_matches_the_schema_of_its_service(schema: str, document: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    # The schema of Azure has patterns that are not valid with Unicode's flag.
    command = ["check-jsonschema", "--regex-variant", "nonunicode", "--builtin-schema", schema, str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_only_a_complete_audit_is_uploaded_to_code_scanning() -> None:
    """GitHub closes the alerts that a later upload does not contain."""
    steps = workflow()["jobs"]["audit"]["steps"]
    [upload] = [step for step in steps if "upload-sarif" in step.get("uses", "")]
    [complete] = [step for step in steps if step.get("id") == "audit"]
    assert upload["if"] == "always() && steps.audit.outputs.complete == 'true'"
    assert complete["if"] == "always()" and steps.index(complete) < steps.index(upload)
    assert complete["run"] == 'echo "complete=$(jq .complete reports/audit.json)" >> "$GITHUB_OUTPUT"'


def test_each_file_names_reports_that_exist() -> None:
    written = {f"audit.{extension}" for extension in REPORTS.values()}
    for text in FILES.values():
        assert set(re.findall(r"reports/(audit(?:\.\w+)+)", text)) - {"audit.ocsf.parquet"} <= written
    named = set(re.findall(r"reports/(audit(?:\.\w+)+)", "".join(FILES.values())))
    assert {"audit.json", "audit.xml", "audit.sarif", "audit.md", "audit.ocsf.jsonl"} <= named


def test_the_table_names_each_format_and_its_file() -> None:
    rows = re.findall(r"^``(\w+)`` +audit\.(\S+) ", GUIDE.read_text(), re.MULTILINE)
    assert dict(rows) == REPORTS


def tasks_of(name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The module and the options of each task of a playbook."""
    for play in yaml.safe_load(FILES[name]):
        for task in play["tasks"]:
            [module] = [key for key in task if "." in key]
            yield module, task[module]


def options_of(module: str) -> set[str]:
    """The options of a module by its documentation."""
    collection, name = module.rsplit(".", 1)
    folder = COLLECTIONS.get(collection)
    if folder is None:
        run = subprocess.run(["ansible-doc", "--json", module], capture_output=True, text=True, check=True)
        return set(json.loads(run.stdout)[module]["doc"]["options"])
    return set(yaml.safe_load(re.split("\"\"\"|'''", (folder / f"{name}.py").read_text())[1]).get("options", {}))


def test_each_task_names_a_module_and_options_that_exist() -> None:
    given: dict[str, set[str]] = {}
    for name in PLAYBOOKS:
        for module, options in tasks_of(name):
            given.setdefault(module, set()).update(options)
    assert {module for module in given if not module.startswith(("ansible.", "patrol."))} == {
        "amazon.aws.aws_caller_info",
        "amazon.aws.s3_object",
        "community.general.slack",
    }
    # Of a fragment of the documentation.
    given["amazon.aws.aws_caller_info"] -= {"region"}
    given["amazon.aws.s3_object"] -= {"region"}
    for module, options in given.items():
        assert options <= options_of(module), module


@pytest.mark.parametrize("name", AUDITS)
def test_findings_for_security_hub_match_its_api(name: str) -> None:
    """By the model of the operation, which botocore has."""
    audit = compared() if name == "compared" else AUDITS[name]()
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(FILES["asff.json.j2"])
    account = audit["accounts"][0]["id"]
    found = json.loads(template.render(audit=audit, region="us-east-1", caller={"account": account or "123456789012"}))
    wanted = [*audit["findings"], *audit["fixed"]]
    assert len(found) == sum(finding["token"]["account_id"] in (account, None) for finding in wanted)
    model = boto3.client("securityhub", region_name="us-east-1").meta.service_model.operation_model(
        "BatchImportFindings"
    )
    report = ParamValidator().validate({"Findings": found}, model.input_shape)
    assert not found or not report.has_errors(), report.generate_report()
    assert [entry["RecordState"] for entry in found].count("ARCHIVED") == audit["summary"]["fixed"]
    assert [entry["Workflow"]["Status"] for entry in found].count("SUPPRESSED") == audit["summary"]["muted"]
    assert len({entry["Id"] for entry in found}) == len(found)
    for entry in found:
        assert len(entry["Title"]) <= 256 and len(entry["Description"]) <= 1024


def test_the_parts_of_the_collector_refer_to_each_other() -> None:
    config = yaml.safe_load(FILES["vector.yaml"])
    parts = [name for kind in ("sources", "transforms") for name in config[kind]]
    inputs = [name for kind in ("transforms", "sinks") for part in config[kind].values() for name in part["inputs"]]
    assert parts == inputs
    [source] = config["sources"].values()
    assert source["include"] == ["/srv/workmail/reports/audit.ocsf.jsonl"]


def test_alerts_and_the_guide_name_metrics_that_are_written(tmp_path: Path) -> None:
    families = {family.name: family for name in ("mixed", "estate") for family in _families(name)}
    assert set(re.findall(r"^``(workmail_pat_\w+)``", GUIDE.read_text(), re.MULTILINE)) == families.keys()
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    [group] = yaml.safe_load(FILES["workmail.rules.yml"])["groups"]
    for rule in group["rules"]:
        named = set(re.findall(r"workmail_pat_\w+", rule["expr"]))
        assert named and named <= families.keys() and rule["alert"] and rule["annotations"]["summary"]
        for grouped in re.findall(r"by \((.*?)\)", rule["expr"]):
            assert set(grouped.split(", ")) <= labels
        assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= labels
    promtool = shutil.which("promtool")
    if promtool is not None:
        file = tmp_path / "workmail.rules.yml"
        file.write_text(FILES["workmail.rules.yml"])
        subprocess.run([promtool, "check", "rules", str(file)], check=True)


def _families(name: str) -> list[Any]:
    return list(text_string_to_metric_families(render(AUDITS[name](), "openmetrics")))


class _Inbox(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    posted: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        self.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture
def inbox() -> Iterator[str]:
    _Inbox.posted.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Inbox)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_messages_for_chats_are_posted(
    emulator: Emulator,
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    inbox: str,
) -> None:
    """With ``ansible.builtin.uri`` in place of the module that calls Slack."""
    plays = [*yaml.safe_load(FILES["slack.yml"]), *yaml.safe_load(FILES["teams.yml"])]
    for play in plays:
        for task in play["tasks"]:
            if "community.general.slack" in task:
                body = task.pop("community.general.slack")
                task["ansible.builtin.uri"] = {"url": inbox, "method": "POST", "body_format": "json", "body": body}
                task["ansible.builtin.uri"]["status_code"] = 202
    book = tmp_path / "chats.yml"
    book.write_text(yaml.safe_dump(plays, sort_keys=False))
    extra = {"slack_users": {"ana@acme.example": "U1"}, "audit_as_of": "2026-02-04T00:00:00Z"}
    run = ansible_playbook(str(book), extra=extra, env={"SLACK_TOKEN": "T/B/x", "TEAMS_WEBHOOK_URL": inbox})
    assert run.returncode == 0, run.stdout + run.stderr
    summary, *notices, card = _Inbox.posted
    assert summary["msg"].startswith("FAIL: ") and summary["token"] == "T/B/x"
    assert not re.search("[<>]|&(?!amp;|lt;|gt;)", summary["msg"])
    assert notices and {notice["channel"] for notice in notices} == {"U1"}
    [block] = card["attachments"][0]["content"]["body"]
    assert block["type"] == "RichTextBlock" and block["inlines"][0]["text"].startswith("FAIL: ")


@pytest.mark.slow
def test_findings_are_imported_into_security_hub(
    emulator: Emulator, ansible_playbook: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """By the Security Hub of moto, of which the emulator is a part."""
    extra = {"audit_report_dir": "reports", "audit_fail": False, "audit_as_of": "2026-02-04T00:00:00Z"}
    run = ansible_playbook("patrol.workmail.audit", extra=extra)
    assert run.returncode == 0, run.stdout + run.stderr
    for name in ("security_hub.yml", "asff.json.j2"):
        (tmp_path / name).write_text(FILES[name])
    run = ansible_playbook("security_hub.yml")
    assert run.returncode == 0, run.stdout + run.stderr
    hub = boto3.client(
        "securityhub",
        endpoint_url=emulator.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    audit = json.loads((tmp_path / "reports/audit.json").read_text())
    imported = hub.get_findings(MaxResults=100)["Findings"]
    assert len(imported) == len(audit["findings"]) > 10
