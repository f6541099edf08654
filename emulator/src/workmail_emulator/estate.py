# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a realistic seed, or a large one: ``python -m workmail_emulator.estate [--accounts N] [--output FILE]``.

It writes the same document every time; all times in it are relative, so it does not age.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

Document = dict[str, Any]

# REUSE-IgnoreStart
_HEADER = """\
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Written by python -m workmail_emulator.estate
"""
# REUSE-IgnoreEnd

_RANDOM_SEED = 20260101
FIRST_ACCOUNT_ID = 100_000_000_000

# Given names and surnames, each as written and as in an e-mail address.
_NAMES: list[tuple[list[tuple[str, str]], list[tuple[str, str]]]] = [
    (
        [
            ("Zoë", "zoe"),
            ("José", "jose"),
            ("Łucja", "lucja"),
            ("Jürgen", "juergen"),
            ("Anna", "anna"),
            ("Sean", "sean"),
        ],
        [
            ("Nuñez", "nunez"),
            ("Müller", "mueller"),
            ("Kowalczyk", "kowalczyk"),
            ("O'Brien", "obrien"),
            ("Åkesson", "akesson"),
        ],
    ),
    (
        [("Мария", "maria"), ("Алексей", "aleksei"), ("Ольга", "olga"), ("Дмитрий", "dmitri")],
        [("Иванова", "ivanova"), ("Шевченко", "shevchenko"), ("Соколов", "sokolov"), ("Петрова", "petrova")],
    ),
    (
        [("Ελένη", "eleni"), ("Γιώργος", "giorgos"), ("Νίκος", "nikos")],
        [("Παπαδοπούλου", "papadopoulou"), ("Γεωργίου", "georgiou"), ("Νικολάου", "nikolaou")],
    ),
    (
        [("فاطمة", "fatima"), ("يوسف", "yusuf"), ("ليلى", "layla")],
        [("الحسن", "alhasan"), ("خليل", "khalil"), ("منصور", "mansour")],
    ),
    (
        [("נועה", "noa"), ("דוד", "david"), ("תמר", "tamar")],
        [("כהן", "cohen"), ("לוי", "levi"), ("מזרחי", "mizrahi")],
    ),
    (
        [("伟", "wei"), ("芳", "fang"), ("秀英", "xiuying")],
        [("王", "wang"), ("李", "li"), ("张", "zhang"), ("陈", "chen")],
    ),
    (
        [("さくら", "sakura"), ("健太", "kenta"), ("陽子", "yoko")],
        [("佐藤", "sato"), ("鈴木", "suzuki"), ("高橋", "takahashi")],
    ),
    (
        [("प्रिया", "priya"), ("अर्जुन", "arjun"), ("अनिता", "anita")],
        [("शर्मा", "sharma"), ("पटेल", "patel"), ("सिंह", "singh")],
    ),
    (
        [("Maya 🌻", "maya"), ("Grace", "grace"), ("Kofi", "kofi"), ("Ingrid", "ingrid"), ("Tomás", "tomas")],
        [
            ("Okafor", "okafor"),
            ("Smith", "smith"),
            ("Dvořák", "dvorak"),
            ("Lindqvist", "lindqvist"),
            ("Yılmaz", "yilmaz"),
        ],
    ),
]

_TOKEN_NAMES = [
    "Outlook laptop",
    "Outlook desktop",
    "Thunderbird",
    "Thunderbird 工作",
    "Apple Mail",
    "iPhone",
    "iPad Zoë",
    "Android phone 📱",
    "Backup-скрипт",
    "Почта на телефоне",
    "Κινητό τηλέφωνο",
    "الهاتف المحمول",
    "מחשב נייד",
    "邮件客户端",
    "会議室プリンター",
    "मेरा फ़ोन",
    "Scanner 2nd floor",
    "Ticket importer",
    "Monitoring mail probe",
    "Évolution (GNOME)",
    "K-9 Mail",
    "mutt @ büro",
    "CRM connector",
    "Newsletter 🚀",
]

_HOSTILE_NAMES = ["{{ lookup('pipe','id') }}", '=HYPERLINK("x")', "::error::owned", "report\u202efdp.exe"]

_SCOPES = [["imap"], ["imap", "smtp"], ["imap", "smtp"], ["smtp"], ["ews"], ["imap", "smtp", "ews"], ["activesync"]]

# The number of tokens of each kind. All other tokens are in ordinary use.
_SORTS = {"expired": 15, "expiring": 20, "never_used": 30, "unused": 40, "long": 20, "endless": 25}

_ORGANIZATIONS: list[tuple[str, str, int, int]] = [
    ("acme", "us-east-1", 60, 170),
    ("globex", "us-east-1", 50, 130),
    ("initech", "eu-west-1", 40, 100),
]


def estate() -> Document:
    """Return the seed: three Active organizations with about 150 users and 400 tokens, and a Deleted one."""
    rng = random.Random(_RANDOM_SEED)
    sorts = [sort for sort, number in _SORTS.items() for _ in range(number)]
    sorts += ["used"] * (sum(tokens for *_, tokens in _ORGANIZATIONS) - len(sorts))
    rng.shuffle(sorts)
    deck = iter(sorts)
    organizations = [_organization(rng, deck, *description) for description in _ORGANIZATIONS]
    for organization, name in zip([*organizations, organizations[0]], _HOSTILE_NAMES, strict=True):
        rng.choice([t for t in organization["PersonalAccessTokens"] if t["Name"] not in _HOSTILE_NAMES])["Name"] = name
    organizations[0]["IdentityProviderConfiguration"] = _identity_provider(rng, "ACTIVE", 365)
    organizations[1]["IdentityProviderConfiguration"] = _identity_provider(rng, "INACTIVE", None)
    return {"Organizations": [*organizations, {"Alias": "acme-old", "State": "Deleted"}]}


def large_estate(accounts: int, tokens: int = 200, users: int = 20) -> Document:
    """Return a seed of many AWS accounts in AWS Organizations, for benchmarks.

    Each account has one WorkMail organization, and the role ``workmail-auditor``, which trusts the management account.
    The management account is the first; the others are in nested units, 20 in each.

    Args:
        accounts: The number of accounts.
        tokens: The number of tokens of each account.
        users: The number of users of each account.
    """
    ids = [str(FIRST_ACCOUNT_ID + number) for number in range(accounts)]
    statement = {"Effect": "Allow", "Action": ["workmail:List*", "workmail:Describe*"], "Resource": "*"}
    role = {
        "RoleName": "workmail-auditor",
        "TrustedPrincipals": [ids[0]],
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    described = [
        {
            "Id": account_id,
            "Name": f"account {number}",
            "IamRoles": [role],
            "Organizations": [
                {"Alias": f"org-{number}", "GeneratedUsers": users, "GeneratedPersonalAccessTokens": tokens}
            ],
        }
        for number, account_id in enumerate(ids)
    ]
    for number, account in enumerate(described[1:]):
        account["Parent"] = f"Workloads/Unit {number // 20}"
    units = [{"Name": f"Unit {number}"} for number in range((accounts + 18) // 20)]
    return {
        "AwsOrganization": {
            "ManagementAccountId": ids[0],
            "OrganizationalUnits": [{"Name": "Workloads", "OrganizationalUnits": units}],
        },
        "Accounts": described,
    }


class _Dumper(yaml.SafeDumper):
    """A YAML dumper that repeats the role that all accounts share, instead of using aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def main(arguments: list[str] | None = None) -> int:
    """Write the seed as YAML to standard output or to a file.

    Args:
        arguments: The arguments, those of the command line if None.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m workmail_emulator.estate", description="Write a lifelike seed.")
    parser.add_argument("--accounts", metavar="N", type=int, help="write a large seed of N AWS accounts instead")
    parser.add_argument("--tokens", metavar="N", type=int, default=200, help="tokens of each account (default: 200)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="file to write (default: standard output)")
    options = parser.parse_args(arguments)
    seed = estate() if options.accounts is None else large_estate(options.accounts, options.tokens)
    text = _HEADER + yaml.dump(seed, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    if options.output is None:
        sys.stdout.buffer.write(text.encode())
    else:
        options.output.write_text(text, encoding="utf-8")
    return 0


def _organization(
    rng: random.Random, deck: Iterator[str], alias: str, region: str, number_of_users: int, number_of_tokens: int
) -> Document:
    users = _users(rng, alias, number_of_users)
    states = {state: [user["Id"] for user in users if user["State"] == state] for state in ("ENABLED", "DISABLED")}
    deleted = [user["Id"] for user in users if user["State"] == "DELETED"]
    # Include tokens whose owners are disabled, deleted, or no longer listed.
    owners = [*states["DISABLED"], *deleted, _uuid(rng), _uuid(rng)]
    owners += rng.choices(states["ENABLED"], k=number_of_tokens - len(owners))
    tokens = [_token(rng, next(deck), owner) for owner in owners]
    rng.shuffle(tokens)
    return {
        "Alias": alias,
        "Region": region,
        "State": "Active",
        "DefaultMailDomain": f"{alias}.example",
        "CompletedDate": "-1500d",
        "Users": users,
        "PersonalAccessTokens": tokens,
    }


def _users(rng: random.Random, alias: str, number: int) -> list[Document]:
    people = [(given, surname) for givens, surnames in _NAMES for given in givens for surname in surnames]
    states = ["DISABLED"] * 3 + ["DELETED"] * 2
    states += ["ENABLED"] * (number - len(states))
    rng.shuffle(states)
    return [
        _user(rng, alias, given, surname, state)
        for (given, surname), state in zip(rng.sample(people, number), states, strict=True)
    ]


def _user(rng: random.Random, alias: str, given: tuple[str, str], surname: tuple[str, str], state: str) -> Document:
    name = f"{given[1]}.{surname[1]}"
    enabled = rng.uniform(300, 1400)
    user: Document = {
        "Id": _uuid(rng),
        "Name": name,
        "Email": f"{name}@{alias}.example",
        "DisplayName": f"{given[0]} {surname[0]}",
        "FirstName": given[0],
        "LastName": surname[0],
        "State": state,
        "UserRole": "USER",
        "EnabledDate": _days(-enabled),
    }
    if state != "ENABLED":
        user["DisabledDate"] = _days(-rng.uniform(5, 200))
    if rng.random() < 0.5:
        user["IdentityProviderUserId"] = _uuid(rng)
    return user


def _token(rng: random.Random, sort: str, owner: str) -> Document:
    age = rng.uniform(95, 280) if sort == "unused" else rng.uniform(1, 280)
    expires: float | None = 365 - age
    used = rng.uniform(0, min(age, 60))
    if sort == "expired":
        age, expires = rng.uniform(120, 360), -rng.uniform(1, 60)
        used = rng.uniform(-expires, 80)
    elif sort == "expiring":
        expires = rng.uniform(0.5, 13.5)
    elif sort == "unused":
        used = rng.uniform(91, age)
    elif sort == "long":
        expires = rng.uniform(800, 3000)
    elif sort == "endless":
        expires = None
    token: Document = {
        "PersonalAccessTokenId": f"pat-{rng.getrandbits(64):016x}",
        "UserId": owner,
        "Name": rng.choice(_TOKEN_NAMES),
        "DateCreated": _days(-age),
    }
    if sort != "never_used":
        token["DateLastUsed"] = _days(-used)
    if expires is not None:
        token["ExpiresTime"] = _days(expires)
    return {**token, "Scopes": list(rng.choice(_SCOPES))}


def _identity_provider(rng: random.Random, status: str, lifetime: int | None) -> Document:
    instance = f"{rng.getrandbits(64):016x}"
    configuration: Document = {"Status": status}
    if lifetime is not None:
        configuration["LifetimeInDays"] = lifetime
    return {
        "AuthenticationMode": "IDENTITY_PROVIDER_AND_DIRECTORY",
        "IdentityCenterConfiguration": {
            "InstanceArn": f"arn:aws:sso:::instance/ssoins-{instance}",
            "ApplicationArn": f"arn:aws:sso::123456789012:application/ssoins-{instance}/apl-{rng.getrandbits(64):016x}",
        },
        "PersonalAccessTokenConfiguration": configuration,
    }


def _uuid(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _days(days: float) -> str:
    return f"{days:+.3f}d"


if __name__ == "__main__":
    sys.exit(main())
