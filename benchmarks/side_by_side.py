# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection beside the ways to read tokens without it: time and peak memory of complete processes, as ratios.

``scripts/bench`` installs its requirements and runs it. The contenders of a workload run in turn, round by round, so
temporary load on the machine affects all of them. The figures are medians. Each contender has to find every token.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from endpoint import EXPIRED, PAGE, endpoint, organization_id
from growth_plot import plot

CONTENDERS = Path(__file__).resolve().parent / "contenders"
ALL_OF_ONE = ["aws", "workmail", "list-personal-access-tokens", "--output", "json", "--organization-id"]
NOW = "now(utc=true).isoformat()"


class Run(NamedTuple):
    """A command to measure, and how many tokens it has to find: None if it prints no number.

    If ``once`` is true, the command runs only in the first round, because it takes minutes.
    """

    command: list[str]
    tokens: int | None
    once: bool = False


class Cost(NamedTuple):
    """The cost of a run: wall-clock seconds, CPU seconds, and the memory of its largest process in MiB."""

    seconds: float
    cpu: float
    mebibytes: float


class Workload(NamedTuple):
    """The tokens to find, and the contenders that find them. Ratios are relative to the first contender."""

    title: str
    organizations: int
    tokens: int
    latency: float
    contenders: Callable[[Workload, Path], dict[str, Run]]

    @property
    def expired(self) -> int:
        """The number of tokens that have expired."""
        full, rest = divmod(self.tokens, PAGE)
        return self.organizations * (full * EXPIRED + min(rest, EXPIRED))


def play(folder: Path, name: str, tasks: list[dict[str, Any]]) -> list[str]:
    """Write a playbook of tasks.

    Args:
        folder: The directory for the playbook.
        name: The name of its file without extension.
        tasks: The tasks.

    Returns:
        The command that runs it.
    """
    path = folder / f"{name}.yml"
    path.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    return ["ansible-playbook", "--inventory", "localhost,", "--connection", "local", str(path)]


def show_tokens(expression: str) -> dict[str, Any]:
    """Make a task that prints a number of tokens.

    Args:
        expression: The Jinja2 expression of the number.

    Returns:
        The task.
    """
    return {"ansible.builtin.debug": {"msg": "tokens={{ " + expression + " }}"}}


def by_module(folder: Path, tokens: int, name: str = "module", **options: Any) -> Run:
    """Read the tokens with the module of this collection.

    Args:
        folder: The directory for the playbook.
        tokens: The expected number of tokens.
        name: The name of the playbook.
        options: The options of the module.

    Returns:
        The command.
    """
    tasks = [
        {"patrol.workmail.workmail_pat_info": options, "register": "found"},
        show_tokens("found.personal_access_tokens | length"),
    ]
    return Run(play(folder, name, tasks), tokens)


def by_lookup(folder: Path, tokens: int, organizations: list[str], **options: Any) -> Run:
    """Read the tokens with the lookup of this collection.

    Args:
        folder: The directory for the playbook.
        tokens: The expected number of tokens.
        organizations: The IDs of the organizations, or none for every organization.
        options: The options of the lookup.

    Returns:
        The command.
    """
    arguments = ", ".join([*map(repr, organizations), *(f"{name}={value!r}" for name, value in options.items())])
    return Run(
        play(folder, "lookup", [show_tokens(f"query('patrol.workmail.workmail_pat', {arguments}) | length")]), tokens
    )


def by_audit(folder: Path, tokens: int, rules: int = 1, **options: Any) -> Run:
    """Audit the tokens. The first rule finds the expired tokens, and the other rules find no token.

    Args:
        folder: The directory for the playbook.
        tokens: The expected number of findings.
        rules: The number of rules.
        options: The options of the module.

    Returns:
        The command.
    """
    whens: list[dict[str, Any]] = [{"expired": True}]
    whens += [{"older_than": f"{1000 + number}d", "name": ["*backup*", "svc-*"]} for number in range(rules - 1)]
    policy = {
        "version": 1,
        "rules": [{"id": f"rule-{number}", "severity": "high", "when": when} for number, when in enumerate(whens)],
    }
    tasks = [
        {"patrol.workmail.workmail_pat_audit": {**options, "policy": policy}, "register": "audit"},
        show_tokens("audit.findings | length"),
    ]
    return Run(play(folder, "audit", tasks), tokens)


def by_inventory(folder: Path, tokens: int, **options: Any) -> Run:
    """List the tokens as hosts.

    Args:
        folder: The directory for the playbook and the inventory source.
        tokens: The expected number of hosts.
        options: The options of the inventory source.

    Returns:
        The command.
    """
    source = folder / "bench.workmail_pat.yml"
    source.write_text(json.dumps({"plugin": "patrol.workmail.workmail_pat", "hosts": "tokens", **options}))
    path = folder / "inventory.yml"
    tasks = [{**show_tokens("groups['all'] | length"), "run_once": True}]
    path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    return Run(["ansible-playbook", "--inventory", str(source), str(path)], tokens)


def by_boto3(tokens: int, selected: str, *organizations: str) -> Run:
    """Read the tokens with a script that uses boto3 and its paginator.

    Args:
        tokens: The expected number of tokens.
        selected: Which tokens to count: ``expired`` or ``all``.
        organizations: The IDs of the organizations.

    Returns:
        The command.
    """
    return Run([sys.executable, str(CONTENDERS / "plain_boto3.py"), selected, *organizations], tokens)


def by_command(folder: Path, tokens: int, organization: str) -> Run:
    """Read the tokens with ``ansible.builtin.command`` and the AWS CLI.

    Args:
        folder: The directory for the playbook.
        tokens: The expected number of tokens.
        organization: The ID of the organization.

    Returns:
        The command.
    """
    found = "(found.stdout | from_json).PersonalAccessTokenSummaries"
    tasks = [
        {"ansible.builtin.command": {"argv": [*ALL_OF_ONE, organization]}, "register": "found"},
        show_tokens(f"{found} | selectattr('ExpiresTime', 'le', now().timestamp()) | length"),
    ]
    return Run(play(folder, "command", tasks), tokens)


def by_plain_module(folder: Path, tokens: int, organization: str) -> Run:
    """Read the tokens with a module that uses ``AnsibleAWSModule`` and the paginator of botocore.

    Args:
        folder: The directory for the playbook.
        tokens: The expected number of tokens.
        organization: The ID of the organization.

    Returns:
        The command.
    """
    tasks = [
        {"plain_workmail": {"organization_id": organization}, "register": "found"},
        show_tokens(f"found.personal_access_tokens | selectattr('expires_time', 'le', {NOW}) | length"),
    ]
    return Run(play(folder, "plain_module", tasks), tokens)


def by_command_in_a_loop(folder: Path, tokens: int, organizations: list[str]) -> Run:
    """Read one organization after the other with ``ansible.builtin.command`` and the AWS CLI.

    Args:
        folder: The directory for the playbook.
        tokens: The expected number of tokens.
        organizations: The IDs of the organizations.

    Returns:
        The command.
    """
    found = "found.results | map(attribute='stdout') | map('from_json') | map(attribute='PersonalAccessTokenSummaries')"
    tasks = [
        {
            "ansible.builtin.command": {"argv": [*ALL_OF_ONE, "{{ item }}"]},
            "loop": organizations,
            "register": "found",
        },
        show_tokens(f"{found} | flatten | selectattr('ExpiresTime', 'le', now().timestamp()) | length"),
    ]
    return Run(play(folder, "commands", tasks), tokens, once=True)


def by_plain_module_in_a_loop(folder: Path, tokens: int, organizations: list[str]) -> Run:
    """Read one organization after the other with a module that uses the paginator of botocore.

    Args:
        folder: The directory for the playbook.
        tokens: The expected number of tokens.
        organizations: The IDs of the organizations.

    Returns:
        The command.
    """
    found = "found.results | map(attribute='personal_access_tokens') | flatten"
    tasks = [
        {"plain_workmail": {"organization_id": "{{ item }}"}, "loop": organizations, "register": "found"},
        show_tokens(f"{found} | selectattr('expires_time', 'le', {NOW}) | length"),
    ]
    return Run(play(folder, "plain_modules", tasks), tokens, once=True)


def by_calls_alone(folder: Path, pages: int, organization: str) -> Run:
    """Make the calls with a module that reads only the page tokens of the replies.

    Args:
        folder: The directory for the playbook.
        pages: The expected number of pages.
        organization: The ID of the organization.

    Returns:
        The command.
    """
    tasks = [
        {"calls_alone": {"organization_id": organization}, "register": "found"},
        show_tokens(f"found.pages * {PAGE}"),
    ]
    return Run(play(folder, "calls_alone", tasks), pages * PAGE)


def by_ready_list(folder: Path, tokens: int) -> Run:
    """Return records from a module that makes no call.

    Args:
        folder: The directory for the playbook.
        tokens: The number of records.

    Returns:
        The command.
    """
    tasks = [
        {"ready_list": {"count": tokens, "secret_key": "benchmark"}, "register": "found"},
        show_tokens("found.personal_access_tokens | length"),
    ]
    return Run(play(folder, "ready_list", tasks), tokens)


def no_op(folder: Path) -> Run:
    """Run a module that does nothing.

    Args:
        folder: The directory for the playbook.

    Returns:
        The command.
    """
    tasks = [{"ansible.builtin.ping": {}}, {"ansible.builtin.debug": {"msg": "done"}}]
    return Run(play(folder, "no_op", tasks), None)


def by_role(folder: Path, playbook: str, **variables: Any) -> Run:
    """Run a playbook of this collection, which runs the role of the same name.

    Args:
        folder: The directory for its files.
        playbook: The name of the playbook.
        variables: The variables of the role.

    Returns:
        The command.
    """
    own = {"revoke": {"revoke_record_dir": str(folder / "records")}}
    variables.update(own.get(playbook, {"audit_organizations": [organization_id(0)]}))
    inventory = ["--inventory", "localhost,", "--connection", "local"]
    return Run(["ansible-playbook", *inventory, f"patrol.workmail.{playbook}", "-e", json.dumps(variables)], None)


def gate(workload: Workload, folder: Path) -> dict[str, Run]:
    """List the playbooks of a pipeline, and a playbook that does nothing.

    Args:
        workload: The tokens to read.
        folder: The directory for the playbooks.

    Returns:
        The commands by name.
    """
    audit = {"audit_policy": "no_expired", "audit_fail": False}
    three = {"audit_report_dir": str(folder / "reports"), "audit_report_formats": ["html", "json", "sarif"]}
    return {
        "no-op task": no_op(folder),
        "gate without reports": by_role(folder, "audit", **audit),
        "gate with three reports": by_role(folder, "audit", **audit, **three),
        "revoke, plan": by_role(folder, "revoke", revoke_policy="no_expired"),
        "notify, preview": by_role(folder, "notify", audit_policy="no_expired"),
    }


def one(workload: Workload, folder: Path) -> dict[str, Run]:
    """List every way to read one organization.

    Args:
        workload: The tokens to read.
        folder: The directory for the playbooks.

    Returns:
        The commands by name. The ratios are relative to the first.
    """
    organization, expired = organization_id(0), workload.expired
    options: dict[str, Any] = {"organization": organization, "select": {"expired": True}}
    runs = {
        "plain boto3": by_boto3(expired, "expired", organization),
        "AWS CLI": Run([*ALL_OF_ONE, organization], None),
        "command + AWS CLI": by_command(folder, expired, organization),
        "plain AnsibleAWSModule": by_plain_module(folder, expired, organization),
        "no-op module": no_op(folder),
        "calls alone, nothing read": by_calls_alone(folder, math.ceil(workload.tokens / PAGE), organization),
        "module": by_module(folder, expired, **options),
        "lookup": by_lookup(folder, expired, [organization], select={"expired": True}),
        "audit": by_audit(folder, expired, organization=organization),
    }
    if workload.tokens >= 100_000:
        runs["audit by 20 rules"] = by_audit(folder, expired, rules=20, organization=organization)
        runs["module, all returned"] = by_module(folder, workload.tokens, "module_all", organization=organization)
        runs["as large a result, no call"] = by_ready_list(folder, workload.tokens)
    return runs


def many(workload: Workload, folder: Path) -> dict[str, Run]:
    """List the ways to read many organizations.

    Args:
        workload: The tokens to read.
        folder: The directory for the playbooks.

    Returns:
        The commands by name. The ratios are relative to the first.
    """
    expired, ids = workload.expired, [organization_id(number) for number in range(workload.organizations)]
    select = {"expired": True}
    return {
        "plain boto3": by_boto3(expired, "expired", *ids),
        "module": by_module(folder, expired, select=select, concurrency=16),
        "lookup": by_lookup(folder, expired, [], select=select, concurrency=16),
        "audit": by_audit(folder, expired, concurrency=16),
        "loop of the plain module": by_plain_module_in_a_loop(folder, expired, ids),
        "loop of command + AWS CLI": by_command_in_a_loop(folder, expired, ids),
    }


def again(workload: Workload, folder: Path) -> dict[str, Run]:
    """List a playbook with the same lookup in twenty tasks, and a playbook with lookups that do nothing.

    Args:
        workload: The tokens to read.
        folder: The directory for the playbooks.

    Returns:
        The commands by name. The ratios are relative to the first.
    """

    def twenty(name: str, expression: str) -> list[str]:
        return play(folder, name, [show_tokens(expression)] * 20)

    query = f"query('patrol.workmail.workmail_pat', '{organization_id(0)}', select={{'expired': true}}) | length"
    return {
        "20 no-op lookups": Run(twenty("no_op_20", "query('ansible.builtin.items', [1]) | length"), 1),
        "20 lookups": Run(twenty("lookup_20", query), workload.expired),
    }


def hosts(workload: Workload, folder: Path) -> dict[str, Run]:
    """List the ways to read tokens as hosts.

    Args:
        workload: The tokens to read.
        folder: The directory for the playbooks.

    Returns:
        The commands by name. The ratios are relative to the first.
    """
    total = workload.organizations * workload.tokens
    return {
        "plain boto3": by_boto3(total, "all", organization_id(0)),
        "inventory": by_inventory(folder, total, organizations=[organization_id(0)]),
    }


def grown(workload: Workload, folder: Path) -> dict[str, Run]:
    """List the module alone.

    Args:
        workload: The tokens to read.
        folder: The directory for the playbook.

    Returns:
        The command by its name.
    """
    options: dict[str, Any] = {"organization": organization_id(0), "select": {"name": "no such name"}}
    return {"module": by_module(folder, 0, **options)}


WORKLOADS = {
    "50": Workload("50 tokens, no latency", 1, 50, 0, one),
    "10k": Workload("10,000 tokens, 20 ms a call", 1, 10_000, 0.02, one),
    "100k": Workload("100,000 tokens, no latency", 1, 100_000, 0, one),
    "many": Workload("50 organizations of 200 tokens, 50 ms a call", 50, 200, 0.05, many),
    "again": Workload("the same lookup 20 times, 1,000 tokens", 1, 1_000, 0, again),
    "gate": Workload("the playbooks, 50 tokens", 1, 50, 0, gate),
    "inventory": Workload("20,000 tokens as hosts", 1, 20_000, 0, hosts),
}
GROWTH = (1_000, 10_000, 100_000, 1_000_000)


@contextlib.contextmanager
def served(workload: Workload) -> Iterator[dict[str, str]]:
    """Serve the tokens of a workload during the block.

    Args:
        workload: The tokens to serve.

    Yields:
        The environment variables for commands.
    """
    with endpoint(workload.organizations, workload.tokens, workload.latency) as url:
        yield {
            **os.environ,
            "ANSIBLE_LIBRARY": str(CONTENDERS),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_PAGER": "",
            "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "TZ": "UTC",
        }


def measure(run: Run, environment: dict[str, str]) -> Cost:
    """Run a command, which has to succeed and to print the expected number of tokens.

    Args:
        run: The command.
        environment: Its environment variables.

    Returns:
        The time in seconds, the CPU time in seconds, and the memory in MiB.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(run.command, stdout=output, stderr=errors, env=environment)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        # Read only the end, because a child process begins with the peak memory of this process.
        output.seek(max(0, output.seek(0, os.SEEK_END) - 4096))
        text = output.read().decode(errors="replace")
        numbers = {int(number) for number in re.findall(r"tokens=(\d+)", text)}
        if process.returncode != 0 or (run.tokens is not None and numbers != {run.tokens}):
            errors.seek(0)
            sys.exit(f"{' '.join(run.command)}: expected {run.tokens} tokens\n{text[-2000:]}{errors.read()[-2000:]!r}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(costs: list[Cost]) -> Cost:
    """Compute the median of each figure.

    Args:
        costs: The costs of the runs.

    Returns:
        The medians.
    """
    return Cost(*(statistics.median(figures) for figures in zip(*costs, strict=True)))


def compare(workload: Workload, rounds: int) -> dict[str, Cost]:
    """Measure each contender of a workload several times.

    Args:
        workload: The workload.
        rounds: How often each command runs.

    Returns:
        The medians by the name of the contender.
    """
    with tempfile.TemporaryDirectory() as folder, served(workload) as environment:
        runs = workload.contenders(workload, Path(folder))
        costs: dict[str, list[Cost]] = {name: [] for name in runs}
        for _round in range(rounds):
            for name, run in runs.items():
                if not (run.once and costs[name]):
                    costs[name].append(measure(run, environment))
    return {name: median(measured) for name, measured in costs.items()}


def show(title: str, costs: dict[str, Cost]) -> None:
    """Print a table.

    Args:
        title: The title of the table.
        costs: The costs by the name of the contender. The ratios are relative to the first.
    """
    base = next(iter(costs.values()))
    print(f"\n{title}\n{'':28}{'seconds':>9}{'ratio':>7}{'CPU s':>8}{'MiB':>7}")
    for name, cost in costs.items():
        ratio = cost.seconds / base.seconds
        print(f"{name:28}{cost.seconds:9.2f}{ratio:7.2f}{cost.cpu:8.2f}{cost.mebibytes:7.0f}", flush=True)


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the arguments, or show what is wrong with them and exit.

    Args:
        arguments: The arguments, or None for those of this process.

    Returns:
        The options.
    """
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measure the collection beside the ways to read tokens without it."
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"{', '.join(WORKLOADS)}, growth; default all")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--svg", type=Path, help="write the plot of growth to this file")
    options = parser.parse_args(arguments)
    unknown = set(options.workloads) - {*WORKLOADS, "growth"}
    if unknown:
        parser.error(
            f"unknown workload {', '.join(sorted(unknown))}; expected {', '.join(WORKLOADS)}, growth or estate"
        )
    return options


def main() -> None:
    """Measure the workloads that the arguments name."""
    options = parse_options()
    results: dict[str, dict[str, Any]] = {}
    for name, workload in WORKLOADS.items():
        if not options.workloads or name in options.workloads:
            costs = compare(workload, options.rounds)
            show(workload.title, costs)
            results[name] = {contender: cost._asdict() for contender, cost in costs.items()}
    if not options.workloads or "growth" in options.workloads:
        growth = {
            count: compare(Workload("", 1, count, 0, grown), options.rounds if count < 1_000_000 else 1)["module"]
            for count in GROWTH
        }
        show("the module, nothing selected", {f"{count:,} tokens": cost for count, cost in growth.items()})
        results["growth"] = {str(count): cost._asdict() for count, cost in growth.items()}
        if options.svg:
            lines = {
                "CPU seconds": {count: cost.cpu for count, cost in growth.items()},
                "peak memory in MiB": {count: cost.mebibytes for count, cost in growth.items()},
            }
            options.svg.write_text(plot("tokens read", lines))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
