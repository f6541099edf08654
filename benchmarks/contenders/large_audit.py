# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make an audit with many findings, two of each token, with IDs and names as long as those of real ones.

Usage: large_audit.py FINDINGS FILE
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import audit
from ansible_collections.patrol.workmail.plugins.module_utils._domain.coverage import Coverage
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, SECOND
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization, Owner, Token

NOW = 1_800_000_000 * SECOND
ACME = Organization("m-" + "a" * 32, "acme", "us-east-1", "Active", "210987654321", "production")
RULES = [
    {"id": "expired", "severity": "high", "when": {"expired": True}, "description": "The token has expired"},
    {"id": "never-used", "severity": "low", "when": {"never_used": True}, "description": "It was never used"},
]


def main() -> None:
    """Write the audit."""
    count, file = int(sys.argv[1]) // 2, Path(sys.argv[2])
    chance = random.Random(7)

    def uuid() -> str:
        return f"{chance.getrandbits(32):08x}-4c1e-4a77-9d55-{chance.getrandbits(48):012x}"

    owners = [
        Owner(uuid(), f"first.last{n}", f"first.last{n}@mail.acme.example", f"First Last {n}", "ENABLED", None, uuid())
        for n in range(max(1, count // 5))
    ]
    tokens = [
        Token(
            organization_id=ACME.id,
            organization_alias=ACME.alias,
            region=ACME.region,
            personal_access_token_id=uuid(),
            user_id=owners[number % len(owners)].user_id,
            name=f"Outlook on the laptop {number}",
            date_created=NOW - (400 + number % 500) * DAY,
            date_last_used=None,
            expires_time=NOW - (1 + number % 300) * DAY,
            scopes=["imap", "smtp"],
            owner=owners[number % len(owners)],
            account_id=ACME.account_id,
            account_name=ACME.account_name,
        )
        for number in range(count)
    ]
    account = {"id": ACME.account_id, "name": ACME.account_name, "state": "ACTIVE", "role_arn": None}
    coverage = Coverage(
        [{**account, "organizations": 1, "tokens": count}], [{**ACME._asdict(), "tokens": count}], count, []
    )
    policy = parse_policy({"version": 1, "fail_on": "high", "rules": RULES})
    file.write_text(json.dumps(audit(policy, tokens, NOW, coverage, NOW)))


if __name__ == "__main__":
    main()
