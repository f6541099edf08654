# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Notices to the owners of personal access tokens: who is notified of which tokens and why, and the message."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Any, NamedTuple

import jinja2
import jinja2.sandbox

from ..module_utils._domain.errors import OptionError
from ..module_utils._domain.text import printable, quoted
from ..module_utils._domain.times import (
    current_instant,
    format_instant,
    resolve_as_of,
)
from ..module_utils._domain.tokens import TokenKey, key_of
from ..module_utils._revoke.findings import check_findings

DEFAULT_SUBJECT = "Your Amazon WorkMail personal access tokens"

# The addresses that every mail server accepts. WorkMail does not assign the other forms of RFC 5321, such as quoted
# ones.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9.@_-]+")


class Templates(NamedTuple):
    """The texts of the Jinja templates of a message."""

    subject: str
    text: str
    html: str


def make_notices(
    findings: object, templates: Templates, sender: str | None, deadline: object = None
) -> list[dict[str, Any]]:
    """Make a notice for each owner.

    Args:
        findings: The findings of an audit, with the owners of the tokens; those that are muted are left out.
        templates: The templates. Their variables are ``name``, ``tokens`` and ``deadline``. HTML is escaped. Each of
            ``tokens`` has the fields of a token and ``reasons``.
        sender: The address of the sender; if it is None, ``eml`` is None too.
        deadline: The time from which tokens are revoked: a date, or any value that ``as_of`` accepts.

    Returns:
        The notices by address, each with ``to``, ``name``, ``tokens`` with ``reasons``, ``subject``, ``text``,
        ``html``, ``eml`` and ``file``, a name for a file. If an owner cannot be notified, ``to`` is None,
        ``reason`` says why, and the parts of the message are None.

    Raises:
        OptionError: The findings, a template, the sender or the deadline are not valid.
    """
    if sender is not None:
        _check_sender(sender)
    day = _day(deadline)
    rendering = _compile_templates(templates)
    notices = []
    for number, owner in enumerate(_group_by_owner(check_findings(findings)), 1):
        tokens = _shown_tokens(owner.tokens)
        notice = {
            "to": owner.address,
            "name": owner.name,
            "reason": owner.reason,
            "tokens": tokens,
            **dict.fromkeys(("subject", "text", "html", "eml", "file")),
        }
        if owner.address is not None:
            parts = {
                part: _render(template, f"the template of the {part}", owner.name, tokens, day)
                for part, template in rendering.items()
            }
            parts["subject"] = " ".join(parts["subject"].split())
            notice.update(parts)
            notice["file"] = f"{number:04}-{_NOT_IN_FILE_NAMES.sub('_', owner.address)}.eml"
            if sender is not None:
                notice["eml"] = _message(owner.address, sender, parts)
        notices.append(notice)
    return notices


class _Owner(NamedTuple):
    """An owner with tokens and their reasons: ``address`` if the owner can be notified, otherwise ``reason``."""

    address: str | None
    name: str
    reason: str | None
    tokens: Sequence[tuple[Mapping[str, Any], list[str]]]


def _group_by_owner(findings: Sequence[Mapping[str, Any]]) -> list[_Owner]:
    """Group the findings that are not muted by lowercase address, or by user if there is no address."""
    grouped: dict[tuple[str, ...], dict[TokenKey, tuple[Mapping[str, Any], list[str]]]] = {}
    owners: dict[tuple[str, ...], tuple[str | None, str, str | None]] = {}
    for index, finding in enumerate(findings):
        if finding["muted"]:
            continue
        token = finding["token"]
        owner = token.get("owner")
        if not isinstance(owner, Mapping):
            raise OptionError(f"findings[{index}].token: it has no owner; audit with owners: true")
        address, reason = _address(owner)
        key = (address.casefold(),) if address else (token["organization_id"], str(owner["user_id"]))
        owners.setdefault(key, (address, _name(owner), reason))
        entry = grouped.setdefault(key, {}).setdefault(key_of(token), (token, []))
        description = printable(finding["description"])
        if description not in entry[1]:
            entry[1].append(description)
    return [_Owner(*owners[key], list(grouped[key].values())) for key in sorted(grouped)]


def _address(owner: Mapping[str, Any]) -> tuple[str | None, str | None]:
    if owner["state"] != "ENABLED":
        return None, f"the owner is {printable(str(owner['state']))}"
    email = owner["email"]
    if not email:
        return None, "the owner has no e-mail address"
    if not _ADDRESS.fullmatch(str(email)):
        return None, f"{printable(quoted(str(email)))} is not a valid e-mail address"
    return str(email), None


def _name(owner: Mapping[str, Any]) -> str:
    return printable(str(owner["display_name"] or owner["name"] or owner["email"] or owner["user_id"]))


def _shown_tokens(tokens: Sequence[tuple[Mapping[str, Any], list[str]]]) -> list[dict[str, Any]]:
    """Return the tokens of a notice by account, with the account if the owner has tokens in more than one."""
    accounts = {token.get("account_id") for token, _reasons in tokens}
    ordered = sorted(tokens, key=lambda entry: entry[0].get("account_id") or "") if len(accounts) > 1 else tokens
    return [
        {
            "account": _account(token) if len(accounts) > 1 else None,
            **_shown_fields(token),
            "reasons": reasons,
        }
        for token, reasons in ordered
    ]


def _account(token: Mapping[str, Any]) -> str | None:
    account_id, name = token.get("account_id"), token.get("account_name")
    if account_id is None:
        return None
    return printable(str(account_id) if name is None else f"{name} ({account_id})")


def _shown_fields(token: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("organization_id", "organization_alias", "personal_access_token_id", "name")
    times = ("date_created", "date_last_used", "expires_time")
    return {
        **{field: None if token[field] is None else printable(str(token[field])) for field in fields},
        **{field: token[field] and str(token[field])[:10] for field in times},
    }


def _check_sender(sender: object) -> None:
    if not isinstance(sender, str) or not _ADDRESS.fullmatch(sender):
        raise OptionError(f"sender: {quoted(sender)} is not a valid e-mail address, such as security@acme.example")


def _day(deadline: object) -> str | None:
    if deadline is None:
        return None
    return (format_instant(resolve_as_of(deadline, current_instant(), "deadline")) or "")[:10]


def _compile_templates(templates: Templates) -> dict[str, jinja2.Template]:
    found = {}
    for part, text in templates._asdict().items():
        # Use a sandbox: a template can be from an untrusted source, and it needs only the data of the notice.
        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined, autoescape=part == "html", trim_blocks=True, lstrip_blocks=True
        )
        try:
            found[part] = environment.from_string(text)
        except jinja2.TemplateError as error:
            raise OptionError(f"the template of the {part} is not valid: {error}") from error
    return found


def _render(
    template: jinja2.Template, label: str, name: str, tokens: Sequence[Mapping[str, Any]], deadline: str | None
) -> str:
    try:
        return template.render(name=name, tokens=tokens, deadline=deadline)
    # A template can raise any exception of Python.
    except Exception as error:
        raise OptionError(f"{label} fails: {error}") from error


def _message(to: str, sender: str, parts: Mapping[str, str]) -> str:
    """Return the message in the form of RFC 5322, in ASCII only, with text and HTML as alternatives."""
    message = EmailMessage(SMTP.clone(cte_type="7bit"))
    try:
        message["From"] = Address(addr_spec=sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = parts["subject"]
        message["Date"] = format_datetime(datetime.datetime.now(datetime.UTC))
        message["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(parts["text"])
        message.add_alternative(parts["html"], subtype="html")
        return message.as_bytes().decode("ascii")
    except (MessageError, ValueError) as error:
        raise OptionError(f"the message to {to} cannot be created: {error}") from error
