# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide on many accounts, as it stands there: one report on all, which never passes without one of them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
import yaml
from connecting import REGION
from examples import COLLECTION, blocks
from guarding import guards
from report_files import FILES
from workmail_emulator import Emulator

GUIDE = COLLECTION / "docs/docsite/rst/guide_accounts.rst"
IAM = COLLECTION / "docs" / "iam"
BOOK = "patrol.workmail.audit_accounts"
AS_OF = "2026-02-04T00:00:00Z"
ROLE = "workmail-auditor"
EXTERNAL_ID = "TICKET-1"
ACCOUNTS = [f"account{number:02}" for number in range(30)]
DENIED, VIOLATING = "account17", "account05"
Playbook = Callable[..., subprocess.CompletedProcess[str]]


def account_id(name: str) -> str:
    return f"{800 + int(name[-2:]):012}"


def block(caption: str) -> Any:
    """The file of the guide with this name."""
    [found] = [block for block in blocks(GUIDE) if block.caption == caption]
    return yaml.safe_load(found.text)


def inventory(names: list[str], **variables: Any) -> dict[str, Any]:
    """The guide's inventory with these accounts, and variables for some of them."""
    document: dict[str, Any] = block("accounts.yml")
    document["accounts"]["vars"]["audit_assume_role_external_id"] = EXTERNAL_ID
    document["accounts"]["hosts"] = {
        name: {"account_id": account_id(name), **variables.get(name, {})} for name in names
    }
    return document


@pytest.fixture
def fleet(emulator: Emulator) -> Emulator:
    """The emulator with thirty accounts, an organization each; in one of them a token has expired."""
    emulator.reset()
    emulator.load(
        {
            "Organizations": [
                {
                    "OrganizationId": f"m-{int(name[-2:]):032x}",
                    "Alias": f"org-{name}",
                    "AccountId": account_id(name),
                    "Users": [
                        {"Id": f"user-{name}", "Name": "ana", "Email": f"ana@{name}.example", "State": "ENABLED"}
                    ],
                    "PersonalAccessTokens": [
                        {
                            "PersonalAccessTokenId": f"pat-{name}-{number}",
                            "UserId": f"user-{name}",
                            "Name": "{{ lookup('ansible.builtin.pipe', 'echo owned') }}",
                            "DateCreated": "2026-01-01T00:00:00Z",
                            "DateLastUsed": "2026-02-01T00:00:00Z",
                            "ExpiresTime": "2026-02-01T00:00:00Z"
                            if (name, number) == (VIOLATING, 1)
                            else "2026-06-01T00:00:00Z",
                        }
                        for number in range(2)
                    ],
                }
                for name in ACCOUNTS
            ]
        }
    )
    return emulator


@pytest.fixture
def roles(fleet: Emulator, allowed: Callable[[Any], dict[str, str]]) -> Iterator[dict[str, str]]:
    """A role in each account but one by the documentation's policies, IAM enforced, and the caller's environment."""

    def client(service: str, **credentials: str) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", **credentials}
        return boto3.client(service, endpoint_url=fleet.endpoint_url, region_name=REGION, **keys)

    def iam(name: str) -> Any:
        arn = f"arn:aws:iam::{account_id(name)}:role/administrator"
        given = client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return client(
            "iam",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    trust = (IAM / "trust.json").read_text().replace("CHANGE-ME", EXTERNAL_ID)
    trust = trust.replace("arn:aws:iam::111111111111:role/workmail-patrol", "arn:aws:iam::123456789012:user/patrol")
    trusting = [name for name in ACCOUNTS if name != DENIED]
    for name in trusting:
        iam(name).create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
        policy = (IAM / "auditor.json").read_text()
        iam(name).put_role_policy(RoleName=ROLE, PolicyName="workmail", PolicyDocument=policy)
    fleet.requests.clear()
    yield allowed(json.loads((IAM / "caller.json").read_text()))
    fleet.enforce_iam(False)
    for name in trusting:
        iam(name).delete_role_policy(RoleName=ROLE, PolicyName="workmail")
        iam(name).delete_role(RoleName=ROLE)


def test_thirty_accounts_by_ansible_runner_with_one_denied(
    roles: dict[str, str], fleet: Emulator, environment: dict[str, str], tmp_path: Path
) -> None:
    """The report is whole for the others, and says in each format which one is missing and why."""
    for folder in ("project", "inventory", "env"):
        (tmp_path / folder).mkdir()
    (tmp_path / "inventory" / "accounts.yml").write_text(yaml.safe_dump(inventory(ACCOUNTS)))
    extra = {"audit_as_of": AS_OF, "audit_report_formats": list(FILES)}
    (tmp_path / "env" / "extravars").write_text(json.dumps(extra))
    [command] = re.findall(r"^    ansible-runner (run .*)$", GUIDE.read_text(), re.MULTILINE)
    arguments = [quoted or word for quoted, word in re.findall(r"'([^']*)'|(\S+)", command)]
    run = subprocess.run(
        ["ansible-runner", *arguments, "--ident", "patrol"],
        env={**environment, **roles, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    artifacts = tmp_path / "artifacts" / "patrol"
    assert run.returncode == 2, run.stdout + run.stderr
    assert ((artifacts / "rc").read_text(), (artifacts / "status").read_text()) == ("2", "failed")
    assert "Traceback" not in run.stdout + run.stderr and "owned\\n" not in run.stdout
    arn = f"arn:aws:iam::{account_id(DENIED)}:role/{ROLE}"
    message = (
        f"User: arn:aws:iam::123456789012:user/patrol is not authorized to perform: sts:AssumeRole on resource: {arn}"
    )
    reports = {name: (tmp_path / "project/reports" / f"audit.{end}").read_text() for name, end in FILES.items()}
    for name, text in reports.items():
        assert f"{DENIED}: AssumeRole: AccessDenied: User: arn:aws:iam:" in text, name
        assert VIOLATING in text and "incomplete" in text.lower() + ("incomplete" if name == "junit" else ""), name
    audit = json.loads(reports["json"])
    assert audit["outcome"] == "incomplete" and audit["complete"] is False and audit["as_of"].startswith("2026-02-04T")
    [error] = audit["errors"]
    assert error["host"] == DENIED and error["error_code"] == "AccessDenied" and message in error["msg"]
    assert error["hint"].startswith(
        "Allow sts:AssumeRole on the role to the credentials in use, and check that the role"
    )
    heard = [name for name in ACCOUNTS if name != DENIED]
    assert [(entry["host"], entry["alias"]) for entry in audit["organizations"]] == [(n, f"org-{n}") for n in heard]
    assert {entry["tokens"] for entry in audit["organizations"]} == {2}
    summary = audit["summary"]
    assert (summary["accounts"], summary["organizations"], summary["tokens"]) == (29, 29, 58)
    [finding] = [entry for entry in audit["findings"] if entry["rule_id"] == "expired"]
    assert finding["host"] == VIOLATING and finding["message"].startswith(f"{VIOLATING}: The token has expired: ")
    assert finding["token"]["personal_access_token_id"] == f"pat-{VIOLATING}-1"
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(reports["junit"]).iter("testsuite")}
    denied = f"{DENIED}/{account_id(DENIED)}"
    assert set(suites) == {denied, *(f"{name}/{account_id(name)}/org-{name}" for name in heard)}
    assert [name for name, suite in suites.items() if suite.findall(".//error")] == [denied]
    assert len({entry.account_id for entry in fleet.requests if entry.service == "workmail"}) == 29


def write(tmp_path: Path, document: Any) -> str:
    file = tmp_path / "accounts.yml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return str(file)


def report(tmp_path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((tmp_path / "reports" / "audit.json").read_text())
    return document


EXTRA = {
    "audit_as_of": AS_OF,
    "audit_policy": "no_expired",
    "audit_report_dir": "reports",
    "audit_report_formats": ["json"],
}


@guards("playbooks/audit_accounts.yml", "  strategy: ansible.builtin.linear\n", "")
def test_the_number_of_forks_changes_nothing(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """Nor does a strategy that somebody has set: it passes, with all that there is."""
    hosts = write(tmp_path, inventory(ACCOUNTS[:5]))
    reports = []
    for forks, env in (("1", {}), ("10", {"ANSIBLE_STRATEGY": "free"})):
        run = ansible_playbook("-i", hosts, "--forks", forks, BOOK, extra=EXTRA, env=env)
        assert run.returncode == 0 and "[WARNING]" not in run.stderr, run.stdout + run.stderr
        reports.append({**report(tmp_path), "audited_at": None})
    assert reports[0] == reports[1]
    assert reports[0]["outcome"] == "pass" and reports[0]["summary"]["accounts"] == 5
    assert reports[0]["summary"]["tokens"] == 10


@pytest.mark.parametrize(("fail", "code"), [(True, 2), (False, 0)])
@pytest.mark.smoke
def test_violations_of_one_account(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, fail: bool, code: int
) -> None:
    hosts = write(tmp_path, inventory([ACCOUNTS[0], VIOLATING]))
    run = ansible_playbook("-i", hosts, BOOK, extra={**EXTRA, "audit_fail": fail})
    assert run.returncode == code, run.stdout
    assert report(tmp_path)["outcome"] == "violations"
    assert f"high: {account_id(VIOLATING)}: {VIOLATING}: The token has expired: org-{VIOLATING}" in run.stdout


@guards("roles/audit/tasks/accounts.yml", "that: __audit_uncommon | length == 0", "that: true")
@guards("roles/audit/tasks/accounts.yml", "that: __common_unknown | length == 0", "that: true")
@guards(
    "roles/audit/tasks/accounts.yml",
    "(audit_accounts is defined or audit_assume_role_arn is defined) != (audit_own_account | default(false) | bool)",
    "true",
)
def test_each_bad_host_is_an_error_beside_a_good_one(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path
) -> None:
    """Each says what is wrong with it, and none of them keeps the report from the one that is in order."""
    good, *bad = ACCOUNTS[:10]
    document = inventory([good])
    hosts = document["accounts"]["hosts"]
    arn = f"arn:aws:iam::{account_id(ACCOUNTS[20])}:role/{ROLE}"
    reasons = {
        "copied": (
            {"audit_assume_role_arn": f"arn:aws:iam::{account_id(good)}:role/another"},
            f"{good} has read its account {account_id(good)} as well",
        ),
        "empty": (
            {"audit_assume_role_arn": None},
            "assume_role_arn: '' is not like arn:aws:iam::123456789012:role/NAME",
        ),
        "lenient": (
            {"account_id": account_id(bad[0]), "audit_fail": False},
            "audit_fail: expected the same value on each",
        ),
        "forgotten": ({}, "audit_assume_role_arn: expected the ARN of the account's role on this host"),
        "misspelt": (
            {"account_id": account_id(bad[2]), "audit_regoins": ["all"]},
            "Unknown variables: audit_regoins (did you mean audit_regions?)",
        ),
        "nobody": ({"account_id": "000000000999"}, "ListOrganizations shows no organization in state Active"),
        "both": ({"audit_own_account": True, "audit_assume_role_arn": arn}, "audit_assume_role_arn: expected the ARN"),
        "undecided": (
            {"account_id": account_id(bad[1]), "audit_owners": "maybe"},
            "argument 'audit_owners' is of type",
        ),
        "wrong": ({"account_id": "12"}, "assume_role_arn: 'arn:aws:iam::12:role/workmail-auditor' is not like"),
    }
    hosts.update({name: variables for name, (variables, _reason) in reasons.items()})
    # A host beside the group, which names no role.
    document["all"] = {"hosts": {"stranger": {}}}
    reasons["stranger"] = ({}, "audit_assume_role_arn: expected the ARN of the account's role on this host")
    run = ansible_playbook("-i", write(tmp_path, document), BOOK, extra=EXTRA)
    assert run.returncode == 2 and "Traceback" not in run.stdout + run.stderr
    audit = report(tmp_path)
    assert audit["outcome"] == "incomplete" and audit["summary"]["accounts"] == 1
    assert [entry["host"] for entry in audit["organizations"]] == [good]
    told = {error["host"]: error["msg"] for error in audit["errors"]}
    assert told.keys() == reasons.keys()
    for name, (_variables, reason) in reasons.items():
        assert told[name].startswith(f"{name}: ") and reason in told[name], told[name]


@pytest.mark.parametrize(
    ("extra", "missed"),
    [
        ({}, [ACCOUNTS[0]]),
        ({"audit_hosts": f"{ACCOUNTS[1]}, london", "audit_report_formats": "json,csv"}, ["london"]),
        ({"audit_hosts": [ACCOUNTS[1]]}, []),
    ],
    ids=repr,
)
@guards("roles/audit/vars/main.yml", "else groups['all']", "else ansible_play_hosts_all")
def test_what_a_limit_leaves_out_is_missed(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, extra: dict[str, Any], missed: list[str]
) -> None:
    hosts = write(tmp_path, inventory(ACCOUNTS[:2]))
    run = ansible_playbook("-i", hosts, "--limit", ACCOUNTS[1], "--tags", "nothing", BOOK, extra={**EXTRA, **extra})
    assert run.returncode == (2 if missed else 0), run.stdout
    errors = report(tmp_path)["errors"]
    assert [error["host"] for error in errors] == missed
    assert all(error["msg"].startswith(f"{error['host']}: it was not audited: ") for error in errors)


def test_a_policy_of_its_own(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """It is an error of that account, and keeps the others from nothing."""
    hosts = write(tmp_path, inventory(ACCOUNTS[:2], **{ACCOUNTS[1]: {"audit_policy": "no_expired"}}))
    extra = {name: value for name, value in EXTRA.items() if name != "audit_policy"}
    assert ansible_playbook("-i", hosts, BOOK, extra=extra).returncode == 2
    found = report(tmp_path)
    assert [entry["host"] for entry in found["organizations"]] == [ACCOUNTS[0]]
    assert "audit_policy: expected the same value on each host" in found["errors"][0]["msg"]


@guards("roles/audit/tasks/accounts.yml", "that: __audit_same_role | length == 0", "that: true")
def test_two_accounts_with_one_role(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """Neither is taken for what it says, also where they look in different regions, and so share no organization."""
    first, second = ACCOUNTS[:2]
    twice = {"account_id": account_id(first), "audit_regions": ["eu-west-1"]}
    hosts = write(tmp_path, inventory([*ACCOUNTS[:3]], **{second: twice}))
    run = ansible_playbook("-i", hosts, BOOK, extra=EXTRA)
    assert run.returncode == 2
    told = {error["host"]: error["msg"] for error in report(tmp_path)["errors"]}
    assert told.keys() == {first, second} and f"{second} has the same role" in told[first]


@pytest.mark.parametrize("source", ["nothing.yml", "folder"])
@guards(
    "playbooks/audit_accounts.yml",
    "or (ansible_inventory_sources | length == 1 and ansible_inventory_sources[0] is not directory)",
    "or true",
)
def test_a_source_that_ansible_goes_on_without(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, source: str
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "audit.json").write_text("{}")
    (tmp_path / "folder").mkdir()
    good = write(tmp_path, inventory(ACCOUNTS[:1]))
    (tmp_path / "folder" / "good.yml").write_text(Path(good).read_text())
    (tmp_path / "folder" / "bad.yml").write_text("accounts: [")
    arguments = ["-i", str(tmp_path / source), *(["-i", good] if source != "folder" else [])]
    run = ansible_playbook(*arguments, BOOK, extra=EXTRA)
    assert run.returncode == 2 and "Ansible continues without an inventory source" in run.stdout.replace("\n", " ")
    assert len(fleet.requests) == 0 and not list((tmp_path / "reports").iterdir())
    (tmp_path / "folder" / "bad.yml").unlink()
    arguments = ["-i", str(tmp_path / "folder")]
    strictly = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    assert ansible_playbook(*arguments, BOOK, extra=EXTRA, env=strictly).returncode == 0


@pytest.mark.parametrize("arguments", [[], ["--skip-tags", "everything"]], ids=repr)
@guards(
    "playbooks/audit_accounts.yml",
    "'The inventory has no hosts. List each account as a host, and pass the file with -i.' if not groups['all']",
    "'' if not groups['all']",
)
def test_no_account_at_all(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, arguments: list[str]) -> None:
    hosts = write(tmp_path, {"accounts": {"hosts": {}}})
    run = ansible_playbook("-i", hosts, *arguments, BOOK, extra=EXTRA)
    assert run.returncode == 2 and "The inventory has no hosts. List each account as a host" in run.stdout
    assert len(fleet.requests) == 0


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"audit_as_of": "soon"}, "as_of: 'soon' is neither an instant with an offset"),
        ({"audit_as_of": None}, "as_of: '' is neither an instant with an offset"),
        ({"audit_policy": "no_expird"}, "'no_expird' does not exist, did you mean no_expired?"),
        ({"audit_hots": ["account00"]}, "Unknown variables: audit_hots (did you mean audit_hosts?)"),
        ({"audit_fail": "maybe"}, 'audit_fail: "maybe" is not valid; expected true or false'),
        ({"audit_hosts": None}, "is not valid; expected a list of at least one host"),
        ({"audit_hosts": []}, "audit_hosts: [] is not valid; expected a list of at least one host"),
    ],
    ids=repr,
)
def test_what_is_wrong_for_all(
    fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path, extra: dict[str, Any], message: str
) -> None:
    """Nobody is to take the report of an earlier run for that of this one."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "audit.json").write_text("{}")
    hosts = write(tmp_path, inventory(ACCOUNTS[:2]))
    run = ansible_playbook("-i", hosts, BOOK, extra={**EXTRA, **extra})
    assert run.returncode == 2 and message in (run.stdout + run.stderr).replace("\\", "")
    assert run.stdout.count("Remove the reports of an earlier run") == 1
    assert not list((tmp_path / "reports").iterdir()) and "Traceback" not in run.stdout + run.stderr


def test_the_account_of_the_credentials(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """Only where that is said."""
    fleet.load({"Organizations": [{"Alias": "own"}]})
    document = inventory(ACCOUNTS[:1])
    document["all"] = {"hosts": {"management": {"audit_own_account": True}}}
    run = ansible_playbook("-i", write(tmp_path, document), BOOK, extra=EXTRA)
    assert run.returncode == 0, run.stdout
    assert [(entry["host"], entry["alias"]) for entry in report(tmp_path)["organizations"]] == [
        (ACCOUNTS[0], f"org-{ACCOUNTS[0]}"),
        ("management", "own"),
    ]


@guards("roles/audit/tasks/accounts.yml", "  ignore_unreachable: true\n", "")
@guards("roles/audit/vars/main.yml", "ansible_play_batch | intersect", "ansible_play_hosts_all | intersect")
def test_a_play_of_ones_own(fleet: Emulator, ansible_playbook: Playbook, tmp_path: Path) -> None:
    """The guide's, among other hosts; what cannot be reached, or has failed since an earlier audit, is missed."""
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexit 255\n")
    ssh.chmod(0o755)
    [play] = block("audit.yml")
    [both] = play["tasks"]
    [audit] = both["block"]
    audit["vars"] |= EXTRA
    fail = {"ansible.builtin.fail": {"msg": "later"}, "when": f"inventory_hostname == '{ACCOUNTS[0]}'"}
    again = {**audit, "vars": {**audit["vars"], "audit_report_dir": "again"}}
    away = {"ansible_connection": "ssh", "ansible_ssh_executable": str(ssh), "ansible_host": "127.0.0.1"}
    book = tmp_path / "audit.yml"
    # The play's own variables count more than those of hosts.
    del play["vars"]["ansible_connection"]
    play["connection"] = "local"

    def run(tasks: list[Any], **variables: Any) -> subprocess.CompletedProcess[str]:
        document = inventory(ACCOUNTS[:2], **variables)
        document["others"] = {"hosts": {"machine": {}}}
        book.write_text(yaml.safe_dump([{**play, "tasks": tasks}]))
        return ansible_playbook("-i", write(tmp_path, document), str(book))

    passed = run([both, fail, again])
    assert "PASS: 0 violations on 4 tokens of 2 organizations in 2 accounts" in passed.stdout
    assert report(tmp_path)["outcome"] == "pass" and passed.returncode == 2
    later = json.loads((tmp_path / "again" / "audit.json").read_text())
    assert later["outcome"] == "incomplete" and later["errors"][0]["host"] == ACCOUNTS[0]
    assert run([both], **{ACCOUNTS[1]: away}).returncode == 2
    [error] = report(tmp_path)["errors"]
    assert error["host"] == ACCOUNTS[1] and "Failed to connect to the host via ssh" in error["msg"]
    play["serial"] = 1
    assert run([both]).returncode == 2
    assert [error["host"] for error in report(tmp_path)["errors"]] == [ACCOUNTS[1]]
