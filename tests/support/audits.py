# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Audit results of every kind, for the tests of reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.patrol.workmail.plugins.module_utils._audit.baseline import (
    compare_with_baseline,
    read_baseline,
)
from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import audit
from ansible_collections.patrol.workmail.plugins.module_utils._domain.coverage import Coverage
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, SECOND
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization, Owner, Token
from ansible_collections.patrol.workmail.plugins.plugin_utils._account_merge import merge_audits

NOW = 1_795_219_200 * SECOND  # 2026-11-21T00:00:00Z
ORGANIZATIONS = [
    Organization("m-" + "a" * 32, "acme", "us-east-1", "Active"),
    Organization("m-" + "b" * 32, "globex", "eu-west-1", "Active"),
    Organization("m-" + "c" * 32, "initech", "us-west-2", "Active"),
]
POLICY: dict[str, Any] = {
    "version": 1,
    "fail_on": "medium",
    "rules": [
        {"id": "expired", "severity": "high", "when": {"expired": True}, "description": "The token has expired"},
        {
            "id": "expiring",
            "severity": "medium",
            "when": {"expires_within": "14d"},
            "description": "Expires in 14 days",
        },
        {"id": "no-expiry", "severity": "critical", "when": {"has_expiry": False}, "description": "It never expires"},
        {"id": "never-used", "severity": "low", "when": {"never_used": True, "older_than": "30d"}},
        {"id": "clean", "severity": "high", "when": {"older_than": "5000d"}, "description": "Older than anything"},
    ],
    "exceptions": [
        {
            "rules": ["no-expiry"],
            "match": {"name": ["svc-*"]},
            "reason": "TICKET-1: <b>the archive</b> & co",
            "expires": "2026-12-31",
        },
        {"rules": ["expired"], "match": {"name": ["old"]}, "reason": "TICKET-2", "expires": "2026-01-31"},
        {"rules": ["expiring"], "match": {"name": ["nobody"]}, "reason": "TICKET-3", "expires": "2027-01-31"},
    ],
}

# Token names that users can choose, and that no report may interpret as markup or commands.
HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script><!--",
    '"><img src=x onerror=alert(1)>',
    "]]><failure/>",
    "&lt;b&gt; &amp; &#x41;",
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-1-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "a,b;c\"d'e",
    "two\nlines",
    "{{ lookup('ansible.builtin.pipe', 'echo owned') }}",
    "{% for x in y %}{# c #}",
    "::error file=a,line=1::owned",
    "a ##[error]owned",
    "##vso[task.complete result=Succeeded;]",
    "| a | b |",
    "`code` **bold** _it_ ~~s~~ # h",
    "[link](http://evil.example) ![i](http://evil.example/i.png) <http://evil.example>",
    "http://evil.example www.evil.example @octocat #1 acme/repo#2",
    "\u202egnp.exe",
    "\u200f\u2067שלום\u2069 مرحبا",
    "\x00\x07\x1b[31mred",
    "\ufffe\uffff",
    "😀工作" * 20,
    "x" * 256,
    "",
]


def token(number: int, organization: Organization = ORGANIZATIONS[0], **fields: Any) -> Token:
    """Return an acceptable token: created 60 days ago, used yesterday, expiring in 300 days."""
    owner = Owner(
        f"u-{number % 7}", f"user{number % 7}", f"user{number % 7}@{organization.alias}.example", None, "ENABLED"
    )
    return Token(
        **{
            "organization_id": organization.id,
            "organization_alias": organization.alias,
            "region": organization.region,
            "personal_access_token_id": f"pat-{number:05}",
            "user_id": owner.user_id,
            "name": f"Token {number}",
            "date_created": NOW - 60 * DAY,
            "date_last_used": NOW - DAY,
            "expires_time": NOW + 300 * DAY,
            "scopes": ["imap"],
            "owner": owner,
            **fields,
        }
    )


def account(organizations: int | None, tokens: int | None, account_id: str | None = None) -> dict[str, Any]:
    """Return an account in the form of an audit result."""
    return {
        "id": account_id,
        "name": None,
        "state": None,
        "role_arn": None,
        "organizations": organizations,
        "tokens": tokens,
    }


def audit_of(
    tokens: list[Token],
    policy: dict[str, Any] | None = None,
    errors: list[dict[str, Any]] | None = None,
    organizations: Sequence[Organization] = tuple(ORGANIZATIONS),
) -> dict[str, Any]:
    """Return the audit of organizations that have only these tokens. With errors, it is incomplete."""
    unread = {error["organization_id"] for error in errors or []}
    return audit(
        parse_policy(POLICY if policy is None else policy),
        tokens,
        NOW,
        Coverage(
            [account(None if errors else len(organizations), None if errors else len(tokens))],
            [
                {
                    **organization._asdict(),
                    "tokens": None
                    if organization.id in unread
                    else sum(token.organization_id == organization.id for token in tokens),
                }
                for organization in organizations
            ],
            len(tokens),
            errors or [],
        ),
        NOW,
    )


def clean() -> dict[str, Any]:
    """Return an audit without findings."""
    return audit_of([token(number, ORGANIZATIONS[number % 3]) for number in range(9)])


def mixed() -> dict[str, Any]:
    """Return an audit with one or two findings of each kind, in two of three organizations."""
    return audit_of(
        [
            token(1, expires_time=NOW - 3 * DAY, name="Outlook laptop"),
            token(2, expires_time=NOW + 2 * DAY, name="phone"),
            token(3, expires_time=None, name="svc-archive"),
            token(4, expires_time=None, date_last_used=None, name="backup"),
            token(5, date_last_used=None, name="tablet", owner=Owner("u-gone")),
            token(6, name="in order"),
            token(
                7, ORGANIZATIONS[1], expires_time=NOW - 400 * DAY, name=None, owner=None, date_created=NOW - 765 * DAY
            ),
        ]
    )


def with_baseline(later: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """Return the later audit compared with the earlier one, which was made 30 days before."""
    then = "2026-10-22T00:00:00+00:00"
    return compare_with_baseline(later, read_baseline({**earlier, "as_of": then, "audited_at": then}, "90d", NOW))


def compared() -> dict[str, Any]:
    """Return the mixed audit with two known findings and three fixed ones, of which two are of the same token."""
    return with_baseline(
        mixed(),
        audit_of(
            [
                token(1, expires_time=NOW - 3 * DAY, name="Outlook laptop"),
                token(5, date_last_used=None, name="tablet", owner=Owner("u-gone")),
                token(8, expires_time=None, date_last_used=None, name="<b>scanner</b>"),
                token(9, ORGANIZATIONS[1], expires_time=NOW - DAY, name="printer"),
            ]
        ),
    )


def hostile() -> dict[str, Any]:
    """Return an audit with a finding for each hostile name. The owner has the same name."""
    return audit_of(
        [
            token(number, expires_time=NOW - DAY, name=name, owner=Owner("u", name, f"{name}@x", name, "ENABLED"))
            for number, name in enumerate(HOSTILE_NAMES)
        ]
    )


def incomplete() -> dict[str, Any]:
    """Return an audit in which one organization was not read."""
    message = "ListPersonalAccessTokens: <b>User</b> is not authorized\u202e ::error::"
    error = {
        "msg": message,
        "error_code": "AccessDeniedException",
        "account_id": None,
        "organization_id": ORGANIZATIONS[2].id,
        "region": ORGANIZATIONS[2].region,
        "operation": "ListPersonalAccessTokens",
        "page": 1,
        "hint": None,
    }
    return audit_of([token(1, expires_time=NOW - DAY)], errors=[error])


def unclear() -> dict[str, Any]:
    """Return an audit of facts that lack a record of an unknown organization."""
    lack = {"msg": "the facts are incomplete", "error_code": "IncompleteFactsException", "organization_id": None}
    return {**mixed(), "outcome": "incomplete", "complete": False, "errors": [{**lack, "region": None}]}


def estate() -> dict[str, Any]:
    """Return an audit of accounts: one has no name, one is suspended, and a hostile one could not be read."""
    ids = ["111111111111", "222222222222"]
    names = ["production", None]
    places = [
        place._replace(account_id=account_id, account_name=name)
        for place, account_id, name in zip(ORGANIZATIONS[:2], ids, names, strict=True)
    ]
    error = {
        "msg": "AssumeRole: AccessDenied: not you (account 444444444444)",
        "error_code": "AccessDenied",
        "account_id": "444444444444",
        **dict.fromkeys(("organization_id", "region", "operation", "page", "hint")),
    }
    tokens = [
        token(number, place, expires_time=NOW - DAY, account_id=place.account_id, account_name=place.account_name)
        for number, place in enumerate(places)
    ]
    return {
        **audit_of(tokens, errors=[error], organizations=places),
        "accounts": [
            {**account(1, 1, "111111111111"), "name": "production", "state": "ACTIVE"},
            account(1, 1, "222222222222"),
            {**account(None, None, "333333333333"), "name": "closed", "state": "SUSPENDED"},
            {**account(None, None, "444444444444"), "name": "denied <b>", "state": "ACTIVE"},
        ],
        "summary": {**audit_of(tokens, organizations=places)["summary"], "accounts": 2},
    }


def merged() -> dict[str, Any]:
    """Return a merged audit of four hosts: one was read partly, and one, with a hostile name, was not audited."""
    audits = {
        "production": audit_of(
            [token(1, expires_time=NOW - DAY), token(2, name="svc-archive", expires_time=None)],
            organizations=ORGANIZATIONS[:1],
        ),
        "sales": audit_of([token(3, ORGANIZATIONS[1])], organizations=ORGANIZATIONS[1:2]),
        "archive": audit_of([], errors=incomplete()["errors"], organizations=ORGANIZATIONS[2:]),
        "<b>legal</b>\u202e::error::": {
            "failed": True,
            "msg": "AssumeRole: AccessDenied: ::error::",
            "error_code": "AccessDenied",
        },
    }
    return merge_audits(audits, list(audits))


def company() -> dict[str, Any]:
    """Return an audit of a typical company, compared with a baseline of a month before."""
    devices = ("Outlook laptop", "iPhone", "svc-archive", "Thunderbird", "backup", "CRM", "Apple Mail", "tablet")
    people = ("amara.okafor", "li.wei", "j.smith", "noor.haddad", "maria.santos", "tomasz.k", "ines.martin", "p.olsen")
    people += ("dana.levi", "sam.young", "yuki.tanaka", "ravi.patel", "eva.novak", "olu.ade", "kim.lee", "ana.cruz")

    def tokens(numbers: range) -> list[Token]:
        made = []
        for number in numbers:
            place, person = ORGANIZATIONS[number % 3], people[number * 7 % len(people)]
            expiries = (NOW - number * 5 % 400 * DAY, NOW + number % 14 * DAY, None, NOW + number * 9 % 400 * DAY)
            made.append(
                token(
                    number,
                    place,
                    name=devices[number * 5 % len(devices)],
                    owner=Owner(
                        f"u-{person}",
                        person,
                        f"{person}@{place.alias}.example",
                        None,
                        "DISABLED" if number % 11 == 3 else "ENABLED",
                    ),
                    personal_access_token_id=f"{number * 2654435761 % 2**32:08x}-4c1e-4a77-9d55-0242ac12{number:04x}",
                    date_created=NOW - (40 + number * 13 % 900) * DAY,
                    date_last_used=None if number % 5 == 0 else NOW - number * 7 % 300 * DAY,
                    expires_time=expiries[number % 4],
                )
            )
        return made

    caller = "arn:aws:sts::210987654321:assumed-role/workmail-auditor/ops"
    return {**with_baseline(audit_of(tokens(range(64))), audit_of(tokens(range(9, 70)))), "caller": caller}


def large(count: int = 5_000) -> dict[str, Any]:
    """Return an audit with this number of findings."""
    return audit_of(
        [
            token(
                number,
                ORGANIZATIONS[number % 3],
                date_created=NOW - (500 + number % 300) * DAY,
                expires_time=NOW - (number % 200) * DAY,
                name=HOSTILE_NAMES[number % len(HOSTILE_NAMES)],
            )
            for number in range(count)
        ]
    )


AUDITS = {
    "clean": clean,
    "mixed": mixed,
    "compared": compared,
    "hostile": hostile,
    "incomplete": incomplete,
    "estate": estate,
    "merged": merged,
    "large": large,
}
