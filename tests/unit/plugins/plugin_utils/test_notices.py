# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notices: who is notified of which token, and messages that hostile names cannot change."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import html5lib
import pytest
from audits import HOSTILE_NAMES, ORGANIZATIONS, audit_of, token
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner
from ansible_collections.patrol.workmail.plugins.plugin_utils._notices import (
    DEFAULT_SUBJECT,
    Templates,
    make_notices,
    printable,
)

FOLDER = Path(__file__).parents[4] / "roles/notify/templates"
OWN = Templates(DEFAULT_SUBJECT, (FOLDER / "notice.txt.j2").read_text(), (FOLDER / "notice.html.j2").read_text())
SENDER = "security@acme.example"
EVERY = {
    "version": 1,
    "rules": [{"id": "every", "severity": "low", "when": {"organization": "*"}, "description": "Note: it is there"}],
}
ANA = Owner("u-1", "ana", "ana@acme.example", "Ana Núñez", "ENABLED")


def findings(*tokens: Any, policy: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = audit_of(list(tokens), policy or EVERY)["findings"]
    return found


def parsed(notice: dict[str, Any]) -> EmailMessage:
    message = email.message_from_bytes(notice["eml"].encode("ascii"), policy=email.policy.default)
    assert isinstance(message, EmailMessage) and not message.defects
    return message


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None and html is not None
    return text.get_content(), html.get_content()


def words(html: str) -> str:
    document = html5lib.parse(html, namespaceHTMLElements=False)
    return "".join(document.itertext())


def test_owners_are_notified_of_findings_that_are_never_revoked() -> None:
    """As of every finding of the policy ``wind_down``."""
    reports = {**EVERY, "rules": [{**EVERY["rules"][0], "revoke": False}]}
    [notice] = make_notices(findings(token(1, owner=ANA), policy=reports), OWN, SENDER, None)
    assert notice["to"] == "ana@acme.example"


def test_one_message_for_each_owner() -> None:
    """By address without case, over organizations; what is muted is left out."""
    muted = {
        **EVERY,
        "exceptions": [{"rules": ["every"], "match": {"name": "quiet"}, "reason": "T", "expires": "2099-12-31"}],
    }
    notices = make_notices(
        findings(
            token(1, owner=ANA),
            token(2, ORGANIZATIONS[1], owner=ANA._replace(user_id="u-9", email="ANA@acme.example")),
            token(3, owner=ANA._replace(user_id="u-2", email="ben@acme.example", display_name=None)),
            token(4, owner=ANA, name="quiet"),
            policy=muted,
        ),
        OWN,
        SENDER,
        "2026-12-31",
    )
    told = [(notice["to"], notice["name"], len(notice["tokens"])) for notice in notices]
    assert told == [("ana@acme.example", "Ana Núñez", 2), ("ben@acme.example", "ana", 1)]
    message = parsed(notices[0])
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, "ana@acme.example", DEFAULT_SUBJECT)
    assert message["Date"].datetime.tzinfo is not None and message["Message-ID"].endswith("@acme.example>")
    assert message["Auto-Submitted"] == "auto-generated" and message.get_content_type() == "multipart/alternative"
    for text in parts(message):
        for expected in ("Ana Núñez", "Token 1", "Token 2", "pat-00001", "globex", "Note: it is there", "2026-12-31"):
            assert expected in text
        assert "Settings" in text and "Personal Access Tokens" in text and "Token 3" not in text
    assert notices[0]["file"] == "0001-ana_acme.example.eml".replace("_", "@")


def test_a_notice_names_the_account_of_each_token_if_there_is_more_than_one() -> None:
    """The tokens are listed by account. A hostile name of an account is text."""
    hostile = {"account_id": "111111111111", "account_name": "<b>legal\u202e</b>"}
    [notice] = make_notices(
        findings(
            token(1, owner=ANA, account_id="222222222222"),
            token(2, ORGANIZATIONS[1], owner=ANA._replace(user_id="u-9"), **hostile),
            token(3, owner=ANA, account_id="222222222222"),
        ),
        OWN,
        SENDER,
    )
    assert [(entry["account"], entry["personal_access_token_id"]) for entry in notice["tokens"]] == [
        ("<b>legal?</b> (111111111111)", "pat-00002"),
        ("222222222222", "pat-00001"),
        ("222222222222", "pat-00003"),
    ]
    text, html = parts(parsed(notice))
    assert "(222222222222, acme, pat-00001)" in text and "(<b>legal?</b> (111111111111), globex, pat-00002)" in text
    assert "222222222222, acme, pat-00001" in words(html) and "&lt;b&gt;legal?" in html


def test_a_notice_does_not_name_the_only_account() -> None:
    [notice] = make_notices(findings(token(1, owner=ANA, account_id="222222222222")), OWN, SENDER)
    assert notice["tokens"][0]["account"] is None
    assert not any("222222222222" in part for part in parts(parsed(notice)))


def test_a_notice_has_all_reasons_of_a_token() -> None:
    rules = [
        {"id": "a", "severity": "low", "when": {"organization": "*"}, "description": "First"},
        {"id": "b", "severity": "high", "when": {"organization": "*"}},
    ]
    [notice] = make_notices(findings(token(1, owner=ANA), policy={"version": 1, "rules": rules}), OWN, None)
    assert [entry["reasons"] for entry in notice["tokens"]] == [["b", "First"]]
    assert "b; First." in notice["text"] and notice["eml"] is None and "revoked" not in notice["text"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"email": None}, "the owner has no e-mail address"),
        ({"email": "no address"}, "'no address' is not a valid e-mail address"),
        ({"email": "a@x.example, b@x.example"}, "is not a valid e-mail address"),
        ({"email": "a@x.example\r\nBcc: b@x.example"}, "is not a valid e-mail address"),
        ({"email": "Ana <a@x.example>"}, "is not a valid e-mail address"),
        ({"state": "DISABLED"}, "the owner is DISABLED"),
        ({"state": "DELETED"}, "the owner is DELETED"),
        ({"state": "UNKNOWN", "email": None, "name": None}, "the owner is UNKNOWN"),
    ],
)
def test_owners_without_an_address_are_reported(fields: dict[str, Any], reason: str) -> None:
    [notice] = make_notices(findings(token(1, owner=ANA._replace(**fields))), OWN, SENDER)
    assert notice["to"] is None and reason in notice["reason"] and notice["eml"] is None
    assert [entry["personal_access_token_id"] for entry in notice["tokens"]] == ["pat-00001"]


@guards("plugins/plugin_utils/_notices.py", 'printable(finding["description"])', 'printable(finding["message"])')
@pytest.mark.parametrize("alias", [*HOSTILE_NAMES, "acme"])
def test_the_reason_is_the_description_whatever_the_message_says(alias: str) -> None:
    """A merged audit puts the name of the account before the message, and an alias can be hostile."""
    found = findings(token(1, organization_alias=alias, owner=ANA))
    for finding in found:
        finding["message"] = f"internal account: {finding['message']}"
    [notice] = make_notices(found, OWN, SENDER)
    assert notice["tokens"][0]["reasons"] == [finding["description"] for finding in found]
    assert "internal account" not in notice["text"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_text_in_a_message(name: str) -> None:
    """In the name of the token, the owner's name and the subject."""
    hostile = token(1, name=name, owner=ANA._replace(display_name=name))
    templates = OWN._replace(subject="{{ name }}: {{ tokens[0].name }}")
    [notice] = make_notices(findings(hostile, token(2, owner=ANA)), templates, SENDER)
    message = parsed(notice)
    assert sorted(message.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert message["To"] == "ana@acme.example"
    text, html = parts(message)
    assert f'"{printable(name) or "without a name"}"' in text
    if "\uffff" not in name:
        assert (printable(name) or "without a name") in words(html)
    elements = {element.tag for element in html5lib.parse(html, namespaceHTMLElements=False).iter() if element.tag}
    assert not elements & {"script", "img", "a", "failure", "b"}
    assert "owned\n" not in text and all(character.isprintable() or character in "\r\n" for character in text)


@given(st.text(), st.text(), st.text(max_size=300))
def test_any_text_makes_one_valid_message(name: str, owner: str, reason: str) -> None:
    found = findings(token(1, name=name, owner=ANA._replace(display_name=owner)))
    found[0]["description"] = reason
    [notice] = make_notices(found, OWN._replace(subject="{{ tokens[0].name }}."), SENDER)
    message = parsed(notice)
    assert message["To"] == "ana@acme.example" and message["From"] == SENDER and "Bcc" not in message
    text, _html = parts(message)
    assert f'"{printable(name) or "without a name"}"' in text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        ({"text": "{{ nobody }}"}, "the template of the text fails: 'nobody' is undefined"),
        ({"html": "{% for %}"}, "the template of the html is not valid"),
        ({"subject": "{{ 1 / 0 }}"}, "the template of the subject fails: division by zero"),
        ({"text": "{{ name.__class__.__mro__ }}"}, "the template of the text fails: access to attribute"),
        ({"text": "{{ tokens.clear() }}"}, "the template of the text fails"),
    ],
)
def test_bad_templates_are_refused(templates: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make_notices(findings(token(1, owner=ANA)), OWN._replace(**templates), SENDER)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sender": ""}, "sender: '' is not a valid e-mail address"),
        (
            {"sender": "Security <security@acme.example>"},
            "is not a valid e-mail address, such as security@acme.example",
        ),
        ({"deadline": "soon"}, "deadline: 'soon' is not a valid time"),
        ({"deadline": ""}, "deadline: '' is not a valid time"),
        ({"deadline": "2026-02-30"}, "deadline: '2026-02-30' is not a valid time"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make_notices(findings(token(1, owner=ANA)), OWN, **{"sender": SENDER, **options})


@pytest.mark.parametrize(("deadline", "day"), [("2026-12-31T23:00:00Z", "2026-12-31"), (" 2026-12-31 ", "2026-12-31")])
def test_a_deadline_is_a_date_or_relative_to_now(deadline: str, day: str) -> None:
    [notice] = make_notices(findings(token(1, owner=ANA)), OWN, None, deadline)
    assert f"revoked from {day} on" in notice["text"]


def test_findings_without_owners_are_refused() -> None:
    with pytest.raises(OptionError, match="it has no owner; audit with owners: true"):
        make_notices(findings(token(1, owner=None)), OWN, None)
