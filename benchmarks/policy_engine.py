# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU time of the policy engine, beside that of reading the same tokens' records from JSON.

Run it with a Python that can import ansible_collections.patrol.workmail:

    python benchmarks/policy_engine.py [TOKENS]
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.patrol.workmail.plugins.module_utils._domain.judge import judge
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, SECOND
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import (
    Organization,
    Owner,
    Token,
    to_record,
)

NOW = 1_800_000_000 * SECOND
ACME = Organization("m-" + "a" * 32, "acme", "us-east-1", "Active")
RULES = 20
EXCEPTIONS = 50
WHEN: list[dict[str, Any]] = [
    {"expired": True},
    {"expires_within": "14d"},
    {"unused_for": "90d"},
    {"never_used": True, "older_than": "30d"},
    {"lifetime_over": "365d"},
    {"has_expiry": False},
    {"owner_state": ["DISABLED", "DELETED", "UNKNOWN"]},
    {"name": ["*backup*", "svc-*"]},
    {"any": [{"scopes_outside": ["imap"]}, {"not": {"owner_linked": True}}]},
    {"owner": ["admin-*@acme.example"]},
]


def population(count: int) -> list[Token]:
    """Make tokens, most of which violate at least one rule.

    Args:
        count: The number of tokens.

    Returns:
        The tokens.
    """
    return [
        Token(
            ACME.id,
            ACME.alias,
            ACME.region,
            f"pat-{number:08}",
            f"user-{number % 997}",
            f"{'svc-' if number % 11 == 0 else ''}token {number}",
            NOW - (number % 500) * DAY,
            None if number % 5 == 0 else NOW - (number % 200) * DAY,
            None if number % 17 == 0 else NOW + (number % 400 - 50) * DAY,
            ["imap", "smtp"] if number % 3 == 0 else ["imap"],
            Owner(f"user-{number % 997}", f"name{number % 997}", f"name{number % 997}@acme.example", None, "ENABLED"),
        )
        for number in range(count)
    ]


def policy() -> dict[str, Any]:
    """Make a policy of twenty rules and fifty exceptions.

    Returns:
        The document of the policy.
    """
    rules = [{"id": f"rule-{number}", "severity": "high", "when": WHEN[number % len(WHEN)]} for number in range(RULES)]
    exceptions = [
        {
            "rules": [f"rule-{number % RULES}"],
            "match": {"owner": [f"name{number}*@acme.example", f"other{number}"]},
            "reason": "TICKET-1",
            "expires": "2099-12-31",
        }
        for number in range(EXCEPTIONS)
    ]
    return {"version": 1, "rules": rules, "exceptions": exceptions}


def seconds(work: Callable[[], object]) -> float:
    """Measure five runs.

    Args:
        work: The function to run.

    Returns:
        The median of the CPU times, in seconds.
    """
    times = []
    for _ in range(5):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    tokens, ready = population(count), parse_policy(policy())
    findings = len(judge(ready, tokens, NOW).findings)
    records = json.dumps([to_record(token, NOW) for token in tokens])
    judging, reading = seconds(lambda: judge(ready, tokens, NOW)), seconds(lambda: json.loads(records))
    print(f"{count} tokens by {RULES} rules and {EXCEPTIONS} exceptions: {findings} findings")
    print(f"judging them          {judging:6.3f} s of CPU")
    print(f"reading them as JSON  {reading:6.3f} s of CPU, ratio {judging / reading:.1f}")


if __name__ == "__main__":
    main()
