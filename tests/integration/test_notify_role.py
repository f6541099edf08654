# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role that tells owners: what it shows, what a mail server gets, what is written, and who is left out."""

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
from workmail_emulator import Emulator

Run = Callable[..., subprocess.CompletedProcess[str]]

COMMUNITY = Path(sys.prefix) / "community"
EVERY = {"version": 1, "rules": [{"id": "every", "severity": "low", "when": {"organization": "acme"}}]}
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
def notify(emulator: Emulator, ansible_playbook: Run, environment: dict[str, str], tmp_path: Path) -> Run:
    """Audits acme and tells the owners of tokens that meet C(select), with C(community) where that is installed."""

    def call(community: bool = True, select: Any = None, **variables: Any) -> subprocess.CompletedProcess[str]:
        audit = {
            "policy": EVERY,
            "organizations": ["acme"],
            "owners": True,
            "select": ENABLED if select is None else select,
        }
        tasks = [
            {"patrol.workmail.workmail_pat_audit": audit, "register": "audit"},
            {
                "ansible.builtin.include_role": {"name": "patrol.workmail.notify"},
                "vars": {"notify_findings": "{{ audit.findings }}", **variables},
            },
            {"ansible.builtin.debug": {"var": "notify_result"}},
        ]
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        book = tmp_path / "notify.yml"
        book.write_text(json.dumps([play]))
        collections = environment["ANSIBLE_COLLECTIONS_PATH"]
        env = {"ANSIBLE_COLLECTIONS_PATH": f"{collections}:{COMMUNITY}" if community else collections}
        run = ansible_playbook(str(book), env=env)
        assert "Traceback" not in run.stdout + run.stderr
        return run

    return call


def test_a_dry_run_shows_and_sends_nothing(notify: Run, mailbox: Any, tmp_path: Path) -> None:
    kept, port = mailbox
    run = notify(notify_smtp_port=port, notify_deadline="2026-12-31")
    assert run.returncode == 0, run.stdout
    for shown in ("To: ana@acme.example", "Subject: Your Amazon WorkMail", "Token 1", "revoked from 2026-12-31 on"):
        assert shown in run.stdout
    assert SECRETS_OF_A_NAME in run.stdout.replace('\\"', '"') and "owned'" in run.stdout
    assert kept.messages == [] and not (tmp_path / "notices").exists()


@pytest.mark.parametrize("subtype", ["plain", "html"])
def test_mail(notify: Run, mailbox: Any, subtype: str) -> None:
    kept, port = mailbox
    run = notify(
        notify_confirm=True, notify_from="security@acme.example", notify_smtp_port=port, notify_mail_subtype=subtype
    )
    assert run.returncode == 0, run.stdout
    [(recipients, message)] = kept.messages
    assert recipients == ["ana@acme.example"] and message["From"] == "security@acme.example"
    assert message["Subject"] == "Your Amazon WorkMail personal access tokens"
    assert message["Auto-Submitted"] == "auto-generated"
    [part] = message.iter_parts()
    body = part.get_content()
    assert part.get_content_subtype() == subtype and "pat-1" in body and "pat-2" in body
    name = SECRETS_OF_A_NAME if subtype == "plain" else SECRETS_OF_A_NAME.replace("'", "&#39;")
    assert name in body


@pytest.mark.parametrize("community", [False, True])
def test_files(notify: Run, tmp_path: Path, community: bool) -> None:
    """Where there is no way to send, and where files are asked for."""
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
    assert [file.name for file in folder.iterdir()] == ["0001-ana@acme.example.eml"]
    [file] = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert not message.defects and message["To"] == "ana@acme.example"
    text, html = (part.get_content() for part in message.iter_parts())
    assert SECRETS_OF_A_NAME in text and SECRETS_OF_A_NAME.replace("'", "&#39;") in html


def test_mail_that_cannot_be_sent_is_told(notify: Run, mailbox: Any, emulator: Emulator) -> None:
    """The others are told all the same, and then it fails, whatever is to be done about those without an address."""
    users = [{"Id": f"user-{n}", "Name": f"u{n}", "Email": f"u{n}@acme.example", "State": "ENABLED"} for n in range(3)]
    tokens = [{"PersonalAccessTokenId": f"pat-{n}", "UserId": f"user-{n}", "DateCreated": "-1d"} for n in range(3)]
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
    assert run.returncode == 2 and "Not told: u0@acme.example" in run.stdout
    assert [recipients for recipients, _message in kept.messages] == [["u1@acme.example"], ["u2@acme.example"]]


def test_no_mail_server(notify: Run, unused_port: int) -> None:
    run = notify(
        notify_confirm=True,
        notify_from="security@acme.example",
        notify_smtp_port=unused_port,
        __notify_patience=1,
    )
    assert run.returncode == 2 and f"the mail server localhost:{unused_port} cannot be reached" in run.stdout


@pytest.mark.parametrize(("on_undeliverable", "code"), [("fail", 2), ("continue", 0)])
def test_owners_who_cannot_be_told(notify: Run, tmp_path: Path, on_undeliverable: str, code: int) -> None:
    run = notify(
        select={},
        notify_confirm=True,
        notify_from="security@acme.example",
        notify_delivery="eml",
        notify_on_undeliverable=on_undeliverable,
    )
    assert run.returncode == code, run.stdout
    assert "Ben cannot be told of pat-3, pat-4: the owner is DISABLED" in " ".join(run.stdout.split())
    assert "the owner is UNKNOWN" in run.stdout
    assert len(list((tmp_path / "notices").iterdir())) == 1


def test_templates_of_the_user(notify: Run, tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"notify_confirm": True}, "notify_from: it is required with notify_confirm"),
        ({"notify_confirm": True, "notify_from": None}, "sender: '' is no e-mail address"),
        ({"notify_from": "security"}, "sender: 'security' is no e-mail address"),
        ({"notify_deadline": "soon"}, "deadline: 'soon' is neither"),
        ({"notify_deadline": None}, "deadline: '' is neither"),
        ({"notify_form": "x"}, "Unknown variables: notify_form (did you mean notify_from?)"),
        ({"notify_delivery": "fax"}, "value of notify_delivery must be one of: auto, mail, eml"),
        ({"notify_text_template": "none.j2"}, "none.j2"),
        ({"notify_subject": "{{ '{{ nobody }}' }}"}, "the template of the subject fails"),
        ({"notify_findings": ["pat-1"]}, "notify_findings"),
        (
            {"notify_confirm": True, "notify_from": "a@acme.example", "notify_delivery": "eml", "notify_eml_dir": ""},
            "notify_eml_dir: expected the path of a directory",
        ),
    ],
    ids=repr,
)
def test_bad_variables(notify: Run, tmp_path: Path, variables: dict[str, Any], message: str) -> None:
    run = notify(**{"notify_eml_dir": str(tmp_path / "notices"), **variables})
    assert run.returncode == 2 and message in run.stdout, run.stdout
    assert not (tmp_path / "notices").exists()
