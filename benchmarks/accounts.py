# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time, CPU time and peak memory of reading every account of an estate, beside scripts with boto3.

``scripts/bench estate`` makes the requirements and runs it. Each account has one organization. The contenders run one
after another, and each has to find every token.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from endpoint import FIRST_ACCOUNT, PAGE, endpoint
from growth_plot import plot
from side_by_side import CONTENDERS, Cost, Run, measure, median, no_op, play, show, show_tokens

ROLE = "workmail-auditor"
OPTIONS = {"accounts": ["all"], "assume_role_name": ROLE, "concurrency": 16}
NOTHING = {"version": 1, "rules": [{"id": "none", "severity": "low", "when": {"name": "none"}}]}


class Estate(NamedTuple):
    """How many accounts there are, how many tokens each has, and how many seconds a call takes."""

    accounts: int
    tokens: int
    latency: float

    @property
    def all_tokens(self) -> int:
        """The number of tokens of all accounts."""
        return self.accounts * self.tokens


def by_boto3(estate: Estate, threads: int, sessions: str) -> Run:
    """Read every account with a script that uses boto3.

    Args:
        estate: The accounts and tokens.
        threads: The number of threads.
        sessions: ``own`` for a session of boto3 in each account, or ``shared``.

    Returns:
        The command.
    """
    command = [sys.executable, str(CONTENDERS / "accounts_boto3.py"), str(threads), sessions]
    return Run(command, estate.all_tokens)


def by_module(estate: Estate, folder: Path) -> Run:
    """Read every account with the module of this collection, which returns no token.

    Args:
        estate: The accounts and tokens.
        folder: The directory for the playbook.

    Returns:
        The command.
    """
    task = {"patrol.workmail.workmail_pat_info": {**OPTIONS, "select": {"name": "none"}}, "register": "found"}
    return Run(play(folder, "module", [task, show_tokens("found.summary.tokens")]), estate.all_tokens)


def by_audit(estate: Estate, folder: Path, owners: bool = False) -> Run:
    """Audit every account by a policy that finds no token.

    Args:
        estate: The accounts and tokens.
        folder: The directory for the playbook.
        owners: Whether to read the owners.

    Returns:
        The command.
    """
    options = {**OPTIONS, "policy": NOTHING, "owners": owners}
    task = {"patrol.workmail.workmail_pat_audit": options, "register": "found"}
    return Run(play(folder, f"audit_{owners}", [task, show_tokens("found.summary.tokens")]), estate.all_tokens)


def by_lookup(estate: Estate, folder: Path) -> Run:
    """Read every account with the lookup, which returns one token of each page because it has no other result.

    Args:
        estate: The accounts and tokens.
        folder: The directory for the playbook.

    Returns:
        The command.
    """
    options = {**OPTIONS, "select": {"name": "Outlook laptop 7"}}
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    task = show_tokens(f"query('patrol.workmail.workmail_pat', {arguments}) | length")
    return Run(play(folder, "lookup", [task]), estate.accounts * math.ceil(estate.tokens / PAGE))


def by_hosts(estate: Estate, folder: Path) -> Run:
    """Audit every account with the playbook that has one host per account.

    Args:
        estate: The accounts and tokens.
        folder: The directory for the inventory and the reports.

    Returns:
        The command.
    """
    hosts = {
        str(FIRST_ACCOUNT + number): {
            "audit_assume_role_arn": f"arn:aws:iam::{FIRST_ACCOUNT + number}:role/{ROLE}",
        }
        for number in range(1, estate.accounts)
    }
    hosts[str(FIRST_ACCOUNT)] = {"audit_own_account": True}
    (folder / "accounts.yml").write_text(json.dumps({"accounts": {"hosts": hosts}}))
    (folder / "policy.yml").write_text(json.dumps(NOTHING))
    variables = {
        "audit_policy": str(folder / "policy.yml"),
        "audit_report_dir": str(folder / "reports"),
        "audit_report_formats": ["json"],
    }
    playbook = ["ansible-playbook", "-i", str(folder / "accounts.yml"), "--forks", "10"]
    playbook += ["patrol.workmail.audit_accounts", "-e", json.dumps(variables)]
    count = "import json, sys; print('tokens=%d' % json.load(open(sys.argv[1]))['summary']['tokens'])"
    counted = [sys.executable, "-c", count, str(folder / "reports/audit.json")]
    return Run(["sh", "-c", f"{shlex.join(playbook)} && {shlex.join(counted)}"], estate.all_tokens)


def contenders(estate: Estate, folder: Path) -> dict[str, Run]:
    """List the ways to read every account.

    Args:
        estate: The accounts and tokens.
        folder: The directory for the playbooks.

    Returns:
        The commands by name. The ratios are relative to the first.
    """
    return {
        "loop, own sessions": by_boto3(estate, 1, "own"),
        "loop, shared session": by_boto3(estate, 1, "shared"),
        "pool of 16, own sessions": by_boto3(estate, 16, "own"),
        "pool of 16, shared session": by_boto3(estate, 16, "shared"),
        "module": by_module(estate, folder),
        "lookup": by_lookup(estate, folder),
        "audit": by_audit(estate, folder),
        "audit with owners": by_audit(estate, folder, owners=True),
        "no-op task": no_op(folder),
    }


@contextlib.contextmanager
def served(estate: Estate) -> Iterator[dict[str, str]]:
    """Serve an estate during the block.

    Args:
        estate: The accounts and tokens.

    Yields:
        The environment variables for commands.
    """
    with endpoint(estate.accounts, estate.tokens, estate.latency, estate.accounts) as url:
        yield {
            **os.environ,
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_REGION": "us-east-1",
        }


def compare(estate: Estate, runs: Callable[[Estate, Path], dict[str, Run]], rounds: int) -> dict[str, Cost]:
    """Measure each contender several times.

    Args:
        estate: The accounts and tokens.
        runs: Returns the commands by name.
        rounds: How often each command runs.

    Returns:
        The medians by name.
    """
    with tempfile.TemporaryDirectory() as directory, served(estate) as environment:
        costs: dict[str, list[Cost]] = {}
        for _round in range(rounds):
            for name, run in runs(estate, Path(directory)).items():
                costs.setdefault(name, []).append(measure(run, environment))
                print(f"{name}: {costs[name][-1].seconds:.2f} s", file=sys.stderr, flush=True)
    return {name: median(measured) for name, measured in costs.items()}


def growing(estate: Estate, folder: Path) -> dict[str, Run]:
    """List the contenders whose growth is measured.

    Args:
        estate: The accounts and tokens.
        folder: The directory for the playbook.

    Returns:
        The commands by name.
    """
    return {"module": by_module(estate, folder), "pool": by_boto3(estate, 16, "shared")}


def hosts(estate: Estate, folder: Path) -> dict[str, Run]:
    """List the module, and the playbook that has one host per account.

    Args:
        estate: The accounts and tokens.
        folder: The directory for the playbooks.

    Returns:
        The commands by name.
    """
    return {"module": by_module(estate, folder), "playbook, a host per account": by_hosts(estate, folder)}


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the arguments, or show what is wrong with them and exit.

    Args:
        arguments: The arguments, or None for those of this process.

    Returns:
        The options.
    """
    parser = argparse.ArgumentParser(
        prog="scripts/bench estate", description="Measure the reading of many AWS accounts."
    )
    parser.add_argument("--accounts", type=int, default=300, help="the number of accounts (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=200, help="tokens of each account (default: %(default)s)")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds of a call (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--hosts", type=int, help="accounts of the playbook with a host per account; 0: none")
    parser.add_argument("--growth", type=int, nargs="*", default=[3, 30, 300, 1000], help="the numbers of accounts")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--svg", type=Path, help="write the plot of growth to this file")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, and print the tables."""
    options = parse_options()
    results: dict[str, Any] = {}

    def estate(accounts: int) -> Estate:
        return Estate(accounts, options.tokens, options.latency)

    def present(name: str, costs: dict[str, Cost], title: str) -> None:
        show(f"{title} with {options.tokens} tokens each, {options.latency} s a call", costs)
        results[name] = {contender: cost._asdict() for contender, cost in costs.items()}

    if options.accounts:
        costs = compare(estate(options.accounts), contenders, options.rounds)
        present("estate", costs, f"{options.accounts} accounts")
    number = options.accounts if options.hosts is None else options.hosts
    if number:
        present("hosts", compare(estate(number), hosts, 1), f"{number} accounts as hosts,")
    if options.growth:
        grown = {count: compare(estate(count), growing, options.rounds) for count in options.growth}
        for name in ("module", "pool"):
            costs = {f"{count:,} accounts": measured[name] for count, measured in grown.items()}
            present(f"growth of the {name}", costs, f"the {name},")
        if options.svg:
            # Plot CPU time and memory: unlike wall-clock time, they hardly depend on other load of the machine.
            lines = {
                f"{name}: {unit}": {count: getattr(measured[name], field) for count, measured in grown.items()}
                for name in ("module", "pool")
                for unit, field in (("CPU seconds", "cpu"), ("peak memory in MiB", "mebibytes"))
            }
            options.svg.write_text(plot("accounts read", lines))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
