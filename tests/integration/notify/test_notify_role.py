# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role that notifies owners: its output, its e-mails, its files, and the owners who are left out."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from estate import SECRETS_OF_A_NAME
from guarding import guards
from host_runs import HostRun
from workmail_emulator import Emulator

pytestmark = pytest.mark.ansible

Run = Callable[..., subprocess.CompletedProcess[str]]
RunHosts = Callable[..., list[HostRun]]

COMMUNITY = Path(sys.prefix) / "community"
EVERY = {"version": 1, "rules": [{"id": "every", "severity": "low", "when": {"organization": "*"}}]}
ENABLED = {"owner_state": ["ENABLED"]}


class Mailbox:
    """A mail server that keeps what it gets and refuses some recipients."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.messages: list[tuple[list[str], Any]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append((envelope.rcpt_tos, message))
        return "250 OK"


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def mailbox(unused_port: int) -> Iterator[tuple[Mailbox, int]]:
    kept = Mailbox()
    controller = Controller(kept, hostname="127.0.0.1", port=unused_port)
    controller.start()
    try:
        yield kept, unused_port
    finally:
        controller.stop()


@pytest.fixture
def notify_hosts(emulator: Emulator, run_hosts: RunHosts, environment: dict[str, str]) -> RunHosts:
    """Audits and notifies the owners of tokens that meet ``select``, once for the variables of each case."""

    def call(
        cases: list[dict[str, Any]], community: bool = True, select: Any = None, organizations: Any = ("acme",)
    ) -> list[HostRun]:
        audit = {
            "policy": EVERY,
            "organizations": organizations,
            "owners": True,
            "select": ENABLED if select is None else select,
        }
        tasks = [
            {"patrol.workmail.workmail_pat_audit": audit, "register": "audit"},
            {
                "ansible.builtin.include_role": {"name": "patrol.workmail.notify"},
                "vars": {"notify_findings": "{{ audit.findings }}"},
            },
            {"ansible.builtin.debug": {"var": "notify_result"}},
        ]
        collections = environment["ANSIBLE_COLLECTIONS_PATH"]
        env = {"ANSIBLE_COLLECTIONS_PATH": f"{collections}:{COMMUNITY}" if community else collections}
        return run_hosts([{"hosts": "all", "gather_facts": False, "tasks": tasks}], cases, env=env)

    return call


@pytest.fixture
def notify(notify_hosts: RunHosts) -> Callable[..., HostRun]:
    """The same for one case."""

    def call(community: bool = True, select: Any = None, organizations: Any = ("acme",), **variables: Any) -> HostRun:
        [run] = notify_hosts([variables], community, select, organizations)
        return run

    return call


@pytest.fixture
def notify_each(
    emulator: Emulator, ansible_playbook: Run, environment: dict[str, str], tmp_path: Path
) -> Callable[[list[dict[str, Any]]], list[tuple[str, dict[str, Any]]]]:
    """Runs the role with each of several sets of variables, and returns why it failed, and ``notify_result``."""

    def call(cases: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        audit = {"policy": EVERY, "organizations": ["acme"], "owners": True, "select": ENABLED}
        tasks: list[dict[str, Any]] = [{"patrol.workmail.workmail_pat_audit": audit, "register": "audit"}]
        for number, variables in enumerate(cases):
            # A variable of a play would count for the other cases as well: this one is the include's own.
            role = {"name": "patrol.workmail.notify"}
            earlier = {"complete": True, "notified": ["earlier"], "not_notified": []}
            content = "{{ [ansible_failed_result | to_json, notify_result] | to_json }}"
            keep = {"content": content, "dest": str(tmp_path / f"{number}.json"), "mode": "0600"}
            tasks += [
                {"ansible.builtin.set_fact": {"notify_result": earlier}},
                {
                    "block": [
                        {
                            "ansible.builtin.include_role": role,
                            "vars": {"notify_findings": "{{ audit.findings }}", "__notify_patience": 1, **variables},
                        }
                    ],
                    "rescue": [{"ansible.builtin.copy": keep}],
                },
            ]
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        book = tmp_path / "each.yml"
        book.write_text(json.dumps([play]))
        run = ansible_playbook(
            str(book), env={"ANSIBLE_COLLECTIONS_PATH": f"{environment['ANSIBLE_COLLECTIONS_PATH']}:{COMMUNITY}"}
        )
        assert "Traceback" not in run.stdout + run.stderr
        results = [json.loads((tmp_path / f"{number}.json").read_text()) for number in range(len(cases))]
        return [(json.dumps(json.loads(text), ensure_ascii=False), result) for text, result in results]

    return call


def result_of(run: HostRun) -> dict[str, Any]:
    """The variable ``notify_result``, as the last task shows it."""
    shown: dict[str, Any] = json.loads(run.stdout[run.stdout.rindex("ok: [") :].split(" => ", 1)[1])
    result: dict[str, Any] = shown["notify_result"]
    return result


@guards("roles/notify/tasks/main.yml", "  when: notify_confirm | bool\n", "")
@pytest.mark.smoke
def test_a_preview_shows_everything_sends_nothing_and_passes(
    emulator: Emulator, notify: Callable[..., HostRun], mailbox: Any, tmp_path: Path
) -> None:
    """It passes although some owners cannot be notified, and nothing in its log is a command of a pipeline."""
    hostile = "##vso[task.complete result=Succeeded;] ::error::x"
    emulator.load(
        {
            "Organizations": [
                {
                    "Alias": "hostile",
                    "Users": [
                        {"Id": "u-1", "Name": "u", "DisplayName": hostile, "Email": "u@x.example", "State": "ENABLED"},
                        {"Id": "u-2", "Name": "v", "DisplayName": hostile, "State": "DISABLED"},
                    ],
                    "PersonalAccessTokens": [
                        {"PersonalAccessTokenId": f"pat-{n}", "UserId": f"u-{n}", "Name": hostile, "DateCreated": "-1d"}
                        for n in (1, 2)
                    ],
                }
            ]
        }
    )
    kept, port = mailbox
    run = notify(notify_smtp_port=port, notify_deadline="2026-12-31", select={}, organizations=["acme", "hostile"])
    assert run.returncode == 0, run.stdout
    for shown in ("To: ana@acme.example", "Subject: Your Amazon WorkMail", "Token 1", "revoked from 2026-12-31 on"):
        assert shown in run.stdout
    assert SECRETS_OF_A_NAME in run.stdout.replace('\\"', '"') and "owned'" in run.stdout
    assert "cannot be notified of pat-2: the owner is DISABLED" in run.stdout and "Nothing was sent." in run.stdout
    log = run.stdout[: run.stdout.rindex("TASK")]
    assert "# #vso[task.complete" in log and "##" not in log and "::" not in log.replace("ansible_collections", "")
    assert result_of(run)["notified"] == [] and "Ben" in result_of(run)["not_notified"]
    assert kept.messages == [] and not (tmp_path / "notices").exists()


@pytest.mark.slow
def test_mail_is_sent_as_plain_text_and_as_html(notify_hosts: RunHosts, mailbox: Any) -> None:
    kept, port = mailbox
    common = {"notify_confirm": True, "notify_from": "security@acme.example", "notify_smtp_port": port}
    for run in notify_hosts([{**common, "notify_mail_subtype": subtype} for subtype in ("plain", "html")]):
        assert run.returncode == 0, run.stdout
        assert result_of(run) == {"complete": True, "notified": ["ana@acme.example"], "not_notified": []}
    subtypes = []
    for recipients, message in kept.messages:
        assert recipients == ["ana@acme.example"] and message["From"] == "security@acme.example"
        assert message["Subject"] == "Your Amazon WorkMail personal access tokens"
        assert message["Auto-Submitted"] == "auto-generated"
        [part] = message.iter_parts()
        body = part.get_content()
        subtypes.append(part.get_content_subtype())
        assert "pat-1" in body and "pat-2" in body
        name = SECRETS_OF_A_NAME if subtypes[-1] == "plain" else SECRETS_OF_A_NAME.replace("'", "&#39;")
        assert name in body
    assert sorted(subtypes) == ["html", "plain"]


@pytest.mark.slow
@pytest.mark.parametrize("community", [False, True])
def test_notices_are_written_as_files_if_asked_for_or_if_mail_is_impossible(
    notify: Callable[..., HostRun], tmp_path: Path, community: bool
) -> None:
    """Without the collection community.general, and with ``notify_delivery: eml``."""
    run = notify(
        community,
        notify_confirm=True,
        notify_from="security@acme.example",
        notify_eml_dir="out/notices",
        notify_deadline="+14d",
        **({"notify_delivery": "eml"} if community else {}),
    )
    assert run.returncode == 0, run.stdout
    folder = tmp_path / "out" / "notices"
    [file] = folder.iterdir()
    assert file.name.endswith("Z.0001-ana@acme.example.eml")
    assert file.stat().st_mode & 0o777 == 0o600
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert not message.defects and message["To"] == "ana@acme.example"
    text, html = (part.get_content() for part in message.iter_parts())
    assert SECRETS_OF_A_NAME in text and SECRETS_OF_A_NAME.replace("'", "&#39;") in html


@pytest.mark.slow
def test_mail_that_cannot_be_sent_is_reported(notify: Callable[..., HostRun], mailbox: Any, emulator: Emulator) -> None:
    """The others are notified all the same, and then it fails, also with ``continue``."""
    users = [{"Id": f"user-{n}", "Name": f"u{n}", "Email": f"u{n}@acme.example", "State": "ENABLED"} for n in range(3)]
    tokens = [
        {"PersonalAccessTokenId": f"pat-{n}", "UserId": f"user-{n}", "DateCreated": "-1d", "Name": "##vso[x]"}
        for n in range(3)
    ]
    emulator.reset()
    emulator.load({"Organizations": [{"Alias": "acme", "Users": users, "PersonalAccessTokens": tokens}]})
    kept, port = mailbox
    kept.refused.add("u0@acme.example")
    run = notify(
        notify_confirm=True,
        notify_from="security@acme.example",
        notify_smtp_port=port,
        notify_on_undeliverable="continue",
    )
    assert run.returncode == 2 and "Not notified: u0@acme.example" in run.stdout
    assert [recipients for recipients, _message in kept.messages] == [["u1@acme.example"], ["u2@acme.example"]]
    # What users wrote is not in the log of a task that failed.
    assert "##vso" not in run.stdout


@pytest.mark.slow
def test_owners_who_cannot_be_notified_fail_the_role_unless_it_is_to_continue(
    notify_hosts: RunHosts, tmp_path: Path
) -> None:
    common = {"notify_confirm": True, "notify_from": "security@acme.example", "notify_delivery": "eml"}
    codes = {"fail": 2, "continue": 0}
    cases = [{**common, "notify_on_undeliverable": choice, "notify_eml_dir": choice} for choice in codes]
    for (choice, code), run in zip(codes.items(), notify_hosts(cases, select={}), strict=True):
        assert run.returncode == code, run.stdout
        assert "Ben cannot be notified of pat-3, pat-4: the owner is DISABLED" in " ".join(run.stdout.split())
        assert "the owner is UNKNOWN" in run.stdout
        assert len(list((tmp_path / choice).iterdir())) == 1


@pytest.mark.slow
def test_templates_of_the_user_are_used(notify: Callable[..., HostRun], tmp_path: Path) -> None:
    (tmp_path / "mine.txt.j2").write_text(
        "{{ name }} has {{ tokens | length }}{% for t in tokens %} {{ t.name }}{% endfor %}"
    )
    (tmp_path / "mine.html.j2").write_text("<p>{{ tokens[0].name }}</p>")
    run = notify(
        notify_text_template="mine.txt.j2",
        notify_html_template="mine.html.j2",
        notify_subject="{{ '{{ tokens | length }} tokens' }}",
    )
    assert run.returncode == 0, run.stdout
    assert "Ana has 2 Token 1" in run.stdout and "Subject: 2 tokens" in run.stdout


GOOD = {"notify_confirm": True, "notify_from": "a@acme.example", "notify_delivery": "eml"}
MAIL = {**GOOD, "notify_delivery": "mail"}
UNSAFE = [
    ({"notify_form": "x"}, "Unknown variables: notify_form (did you mean notify_from?)"),
    ({**MAIL, "notify_smtp_host": " "}, "notify_smtp_host: expected the name of a mail server"),
]
BAD = [
    ({"notify_confirm": True}, "notify_from: expected an e-mail address, got None"),
    ({**GOOD, "notify_from": None}, "notify_from: expected an e-mail address, got ''"),
    ({"notify_from": "security"}, "notify_from: 'security' is not a valid e-mail address"),
    ({"notify_deadline": "soon"}, "notify_deadline: 'soon' is not a valid time"),
    ({"notify_deadline": None}, "notify_deadline: '' is not a valid time"),
    ({"notify_text_template": "none.j2"}, "notify_text_template: 'none.j2' does not exist"),
    ({"notify_subject": "{% raw %}{{ nobody }}{% endraw %}"}, "the template of the subject fails"),
    ({"notify_subject": None}, "notify_subject: expected the text of a template"),
    ({"notify_findings": None}, "notify_findings"),
    ({"notify_findings": "pat-1"}, "notify_findings"),
    ({"notify_confirm": "perhaps"}, "notify_confirm"),
    ({**GOOD, "notify_eml_dir": ""}, "notify_eml_dir: expected the path of a directory"),
    ({**GOOD, "notify_eml_dir": None}, "notify_eml_dir: expected the path of a directory"),
    ({**GOOD, "notify_eml_dir": "/proc/none"}, "notify_eml_dir: no notice was written"),
    ({**MAIL, "notify_smtp_host": None}, "notify_smtp_host: expected the name of a mail server, got null"),
    ({**MAIL, "notify_smtp_port": 0}, "notify_smtp_port: 0 is not valid; expected 1 to 65535"),
    ({**MAIL, "notify_smtp_username": "a"}, "notify_smtp_username, notify_smtp_password: expected both or neither"),
    (
        {**MAIL, "notify_smtp_username": "a", "notify_smtp_password": ""},
        "notify_smtp_username, notify_smtp_password: expected both or neither",
    ),
]


def check_named(notify_each: Run, cases: list[tuple[dict[str, Any], str]]) -> None:
    """Check that each case is an error that names the variable, and leaves no result of an earlier run."""
    results = notify_each([variables for variables, _message in cases])
    for (variables, message), (text, result) in zip(cases, results, strict=True):
        assert message in text, variables
        assert result["complete"] is False, variables


@guards("roles/notify/tasks/main.yml", "__common_unknown_message if __common_unknown else ''", "''")
@guards("roles/notify/tasks/mail.yml", "__notify_mail_problems | length == 0", "true")
@guards(
    "roles/notify/meta/main.yml", "__common_result: {complete: false, notified: [], not_notified: []}", "__notify_x: 1"
)
@pytest.mark.slow
def test_variables_that_would_notify_nobody_are_refused(notify_each: Run, tmp_path: Path) -> None:
    check_named(notify_each, UNSAFE)
    assert not (tmp_path / "notices").exists()


@pytest.mark.slow
def test_bad_variables_and_a_mail_server_that_is_down_are_named(
    notify_each: Run, unused_port: int, tmp_path: Path
) -> None:
    down = ({**MAIL, "notify_smtp_port": unused_port}, f"the mail server localhost:{unused_port} cannot be reached")
    check_named(notify_each, [*BAD, down])
    assert not (tmp_path / "notices").exists()
