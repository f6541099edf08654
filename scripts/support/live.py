# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/test live``: read the real Amazon WorkMail by module, lookup and inventory, and compare the three.

It also reports what could be observed of the behaviors that AWS does not document. The report contains counts, units
of time, regions and error codes, and no name, address or ID. Every call only reads, except with ``--delete-missing``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .environment import Failure, Refusal
from .program import run_program

Record = dict[str, Any]

_MODULE = "patrol.workmail.workmail_pat_info"
_PLUGIN = "patrol.workmail.workmail_pat"
_PREFIX = "workmail_"

_NAMES = ("organization_id", "organization_alias", "personal_access_token_id", "user_id", "name", "id", "alias")
# The fields that change if a mail client signs in between two readings.
_CHANGED_BY_USE = {"date_last_used", "never_used", "unused_days"}
# If this many times have no fraction, seconds, minutes or hours, it is not a coincidence.
_ENOUGH_TIMES = 3
_USERS_TO_ASK_FOR = 5
_PAGE = 100
_REFUSALS_OF_A_USER = ("EntityNotFoundException", "InvalidParameterException")
_REFUSALS_OF_A_TOKEN = ("EntityNotFoundException", "InvalidParameterException", "ResourceNotFoundException")

_PRIVATE = r"""
    arn:\S*[^\s.,;:)]                                    # ARNs
    | \bm-[0-9a-f]{32}\b                                 # organizations
    | [\w.%+-]+@[\w.-]*\w                                # e-mail addresses
    | \b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b | \bS-1-[\d-]+  # users
    | \b\d{12}\b                                         # accounts
    | \bA[A-Z]{3}[A-Z0-9]{12,}\b                         # access keys
    | (?<=did\ you\ mean\ )[^?]+
    | (?<!\w)'[^']*'(?!\w) | "(?!https?://)[^"]*"        # values
"""


class Readings(NamedTuple):
    """The tokens as module, lookup and inventory return them, and the organizations that the module found."""

    module: list[Record]
    lookup: list[Record]
    inventory: list[Record]
    organizations: list[Record]


class Comparison(NamedTuple):
    """How later records differ from earlier ones, as counts.

    Attributes:
        missing: Tokens that only the earlier records have.
        extra: Tokens that only the later records have.
        different: Tokens that both have, with other values.
        used: Tokens that were used in the meantime, with no other difference.
    """

    missing: int
    extra: int
    different: int
    used: int

    @property
    def agrees(self) -> bool:
        """Whether the records are the same, except for tokens that were used in the meantime."""
        return not (self.missing or self.extra or self.different)


def main(arguments: list[str]) -> int:
    """Read, compare, observe and report.

    Args:
        arguments: The arguments of ``scripts/test live``.

    Returns:
        The exit code: 0 if the three agree on every token, 1 if not.

    Raises:
        Refusal: There are no credentials or no region. Nothing was read.
        Failure: The service could not be read.
    """
    options = _parse(arguments)
    _check_settings(options.regions)
    with tempfile.TemporaryDirectory(prefix="workmail-live.") as directory:
        readings = read(options.regions, options.organizations, Path(directory))
    active = [organization for organization in readings.organizations if organization["state"] == "Active"]
    left_out = len(readings.organizations) - len(active)
    regions = sorted({organization["region"] for organization in active})
    print(f"Read {_count(len(active), 'WorkMail organization')} in {', '.join(regions)}.")
    if left_out:
        print(f"Left out {_count(left_out, 'WorkMail organization')} because of the state.")
    elsewhere = [region for region in regions if not _is_of_aws(_client(region).meta.endpoint_url, region)]
    if elsewhere:
        print("The endpoint is not one of AWS: this report says nothing about the real service.")
    agrees = report_comparison(readings)
    print("\nWhat AWS does not document:")
    for question, answer in (
        ("Do expired tokens stay listed?", observe_expired(readings.module)),
        ("How exact is DateLastUsed?", observe_last_used(readings.module)),
        ("Does ListPersonalAccessTokens accept an e-mail address as UserId?", observe_user_id(readings.module)),
        (
            "What does DeletePersonalAccessToken answer for a token that does not exist?",
            observe_delete(options.delete_missing, active),
        ),
    ):
        print(f"- {question} {answer}")
    print("\nThis report contains no name, address or ID.")
    return 0 if agrees else 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/test live",
        description="Read the real Amazon WorkMail with the AWS credentials of the environment by module, lookup and "
        "inventory, compare the three, and report what was observed of the behaviors that AWS does not document.",
        epilog="The report contains no name, address or ID. Every call only reads, except with --delete-missing.",
    )
    parser.add_argument(
        "--regions", nargs="+", action="extend", default=[], metavar="REGION", help="default: that of the environment"
    )
    parser.add_argument(
        "--organizations", nargs="+", action="extend", default=[], metavar="ID", help="default: every active one"
    )
    parser.add_argument(
        "--delete-missing",
        metavar="ORGANIZATION_ID",
        help="also call DeletePersonalAccessToken in this organization, for a random ID that does not exist",
    )
    return parser.parse_args(arguments)


def _check_settings(regions: Sequence[str]) -> None:
    try:
        session = Session()
        found, region = session.get_credentials(), session.region_name or os.environ.get("AWS_REGION")
    except BotoCoreError:
        return  # The module reports settings that are wrong in its own words.
    for setting, present, advice in (
        ("AWS credentials were", found, "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ("region was", regions or region, "give --regions, for example --regions all, or set AWS_REGION"),
    ):
        if not present:
            raise Refusal(f"no {setting} found: {advice}. Nothing was read")


def read(regions: Sequence[str], organizations: Sequence[str], directory: Path) -> Readings:
    """Read all tokens three times: by module and lookup in a playbook, and by inventory.

    Args:
        regions: As the option of the plugins; empty for the region of the environment.
        organizations: As the option of the plugins; empty for every active one.
        directory: A private directory for the files that Ansible needs.

    Returns:
        The tokens of each of the three.

    Raises:
        Failure: One of them failed.
    """
    private = [*organizations, *(os.environ.get(name, "") for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"))]
    options = {"regions": list(regions), "as_of": datetime.now(UTC).isoformat()}
    result = directory / "result.json"
    book = directory / "live.yml"
    book.write_text(json.dumps([_play(options, list(organizations), result)]))
    run = _run_ansible("ansible-playbook", "-i", "localhost,", str(book), directory=directory)
    if run.returncode or not result.is_file():
        raise Failure(f"ansible-playbook failed: {mask(run.stderr, private)}")
    found = json.loads(result.read_text())
    if found["failed"]:
        raise Failure(f"the module failed: {mask(found['msg'], private)}")
    records: list[Record] = found["personal_access_tokens"]
    private += [str(record.get(name) or "") for record in (*records, *found["organizations"]) for name in _NAMES]
    if found["lookup"] is None:
        raise Failure(f"the lookup failed where the module did not: {mask(found['lookup_error'], private)}")
    source = directory / "live.workmail_pat.yml"
    source.write_text(json.dumps({"plugin": _PLUGIN, "hosts": "tokens", "organizations": organizations, **options}))
    run = _run_ansible("ansible-inventory", "-i", str(source), "--list", directory=directory)
    if run.returncode:
        raise Failure(f"the inventory failed where the module did not: {mask(run.stderr, private)}")
    hosts = json.loads(run.stdout, object_hook=_as_plain_text)["_meta"]["hostvars"].values()
    return Readings(records, found["lookup"], [_record_of_host(host) for host in hosts], found["organizations"])


def _play(options: Record, organizations: list[str], result: Path) -> Record:
    content = (
        "{{ {'failed': by_module is failed, 'msg': by_module.msg | default(''), "
        "'personal_access_tokens': by_module.personal_access_tokens | default([]), "
        "'organizations': by_module.organizations | default([]), "
        "'lookup': by_lookup.ansible_facts.found | default(none), "
        "'lookup_error': by_lookup.msg | default('')} | to_json }}"
    )
    query = f"{{{{ query('{_PLUGIN}', organizations, regions=regions, as_of=as_of, cache=false) }}}}"
    return {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "organizations": organizations}
        | options,
        "tasks": [
            {_MODULE: {"organizations": organizations, **options}, "register": "by_module", "ignore_errors": True},
            {
                "ansible.builtin.set_fact": {"found": query},
                "register": "by_lookup",
                "ignore_errors": True,
                "when": "by_module is not failed",
            },
            {"ansible.builtin.copy": {"content": content, "dest": str(result), "mode": "0600"}},
        ],
    }


def _run_ansible(*command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "ANSIBLE_LOCAL_TEMP": str(directory / "local"),
        "ANSIBLE_REMOTE_TMP": str(directory / "remote"),
    }
    return subprocess.run(command, env=environment, cwd=directory, capture_output=True, text=True, check=False)


def _as_plain_text(value: Record) -> Any:
    """Undo how ansible-inventory writes text that must not be a template."""
    return value["__ansible_unsafe"] if value.keys() == {"__ansible_unsafe"} else value


def _record_of_host(variables: Record) -> Record:
    named = {name.removeprefix(_PREFIX): value for name, value in variables.items() if name.startswith(_PREFIX)}
    return {name: value for name, value in named.items() if name not in ("complete", "account_complete")}


def mask(text: str, private: Iterable[str] = ()) -> str:
    """Make one line of an error's text, with asterisks in place of names, addresses, IDs and quoted values.

    Args:
        text: The text, which can contain anything.
        private: Values that it must not show.

    Returns:
        The line, without a final full stop.
    """
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    values = sorted({" ".join(value.split()) for value in private} - {""}, key=len, reverse=True)
    known = "".join(rf"(?<!\w){re.escape(value)}(?!\w) | " for value in values)
    return re.sub(known + _PRIVATE, "***", line, flags=re.VERBOSE).rstrip(".")


def compare(earlier: Sequence[Record], later: Sequence[Record]) -> Comparison:
    """Compare records of tokens, each identified by its organization and its ID.

    Args:
        earlier: Records of tokens.
        later: Records of the same tokens from another plugin.

    Returns:
        The differences as counts.
    """
    first, second = _by_key(earlier), _by_key(later)
    different = used = 0
    for key in first.keys() & second.keys():
        if first[key] == second[key]:
            continue
        if len(first[key]) == len(second[key]) == 1 and _was_used(first[key][0], second[key][0]):
            used += 1
        else:
            different += 1
    return Comparison(len(first.keys() - second.keys()), len(second.keys() - first.keys()), different, used)


def _by_key(records: Sequence[Record]) -> dict[tuple[Any, Any], list[Record]]:
    result: dict[tuple[Any, Any], list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: json.dumps(record, sort_keys=True)):
        result[record.get("organization_id"), record.get("personal_access_token_id")].append(record)
    return dict(result)


def _was_used(earlier: Record, later: Record) -> bool:
    names = earlier.keys() | later.keys()
    changed = {name for name in names if earlier.get(name) != later.get(name)}
    return changed <= _CHANGED_BY_USE and (earlier["date_last_used"] or "") < (later.get("date_last_used") or "")


def report_comparison(readings: Readings) -> bool:
    """Print how many tokens each of the three returned, and how they differ.

    Args:
        readings: The tokens of each of the three.

    Returns:
        Whether they agree.
    """
    counts = [_count(len(records), "token") for records in (readings.module, readings.lookup, readings.inventory)]
    print("Module: {}. Lookup: {}. Inventory: {}.".format(*counts))
    agrees, used = True, 0
    for name, records in (("lookup", readings.lookup), ("inventory", readings.inventory)):
        found = compare(readings.module, records)
        agrees &= found.agrees
        used = max(used, found.used)
        if not found.agrees:
            print(
                f"The module and the {name} DIFFER: {_count(found.missing, 'token')} only in the module, "
                f"{found.extra} only in the {name}, {found.different} with other values."
            )
    if used:
        print(f"Used between the readings, which is not a difference: {_count(used, 'token')}.")
    if agrees:
        print("The three agree on every token and every field.")
    else:
        print("Run it again: tokens that were created or deleted between the readings are a difference as well.")
    return agrees


def observe_expired(records: Sequence[Record]) -> str:
    """Answer whether expired tokens stay listed.

    Args:
        records: All tokens.

    Returns:
        The answer as a sentence.
    """
    expired = sum(record["expired"] for record in records)
    listed = _count(len(records), "listed token")
    if expired:
        return f"Yes: {expired} of {listed} expired before this run."
    return f"Not observed: none of {listed} has expired. AWS may have removed those that had."


def observe_last_used(records: Sequence[Record]) -> str:
    """Answer which unit of time the last uses have.

    Args:
        records: All tokens.

    Returns:
        The answer as a sentence.
    """
    times = [datetime.fromisoformat(record["date_last_used"]) for record in records if record["date_last_used"]]
    for unit, exact in (
        ("fractions of a second", any(time.microsecond for time in times)),
        ("seconds", any(time.second for time in times)),
        ("minutes", any(time.minute for time in times)),
        ("hours", any(time.hour for time in times)),
        ("days, in UTC", True),
    ):
        if len(times) < _ENOUGH_TIMES and not unit.startswith("fractions"):
            return f"Not observed: that needs {_ENOUGH_TIMES} tokens that were used, and there are {len(times)}."
        if exact:
            return f"To {unit}, in the last use of {_count(len(times), 'token')}."
    raise AssertionError


def observe_user_id(records: Sequence[Record]) -> str:
    """Answer whether a listing by the e-mail address of a user gives the same tokens as one by the ID.

    Args:
        records: All tokens.

    Returns:
        The answer as a sentence.
    """
    users: dict[tuple[str, str, str], int] = defaultdict(int)
    for record in records:
        if record["user_id"]:
            users[record["region"], record["organization_id"], record["user_id"]] += 1
    reason = "no user holds a token"
    # Those with few tokens first, for one page to be enough.
    for region, organization_id, user_id in sorted(users, key=lambda user: users[user])[:_USERS_TO_ASK_FOR]:
        client = _client(region)
        try:
            user = client.describe_user(OrganizationId=organization_id, UserId=user_id)
            if not user.get("Email"):
                reason = "no user of a token has an e-mail address"
                continue
            by_id = _tokens_of(client, organization_id, user_id)
        except (ClientError, BotoCoreError) as error:
            reason = f"a user could not be read ({_code(error)})"
            continue
        try:
            by_email = _tokens_of(client, organization_id, user["Email"])
        except (ClientError, BotoCoreError) as error:
            if _code(error) in _REFUSALS_OF_A_USER:
                return f"No: {_code(error)}."
            reason = f"the listing failed ({_code(error)})"
            continue
        if by_id and by_email == by_id:
            return "Yes: it gives the same tokens as the ID."
        return f"No: it gives other tokens than the ID ({len(by_email)} instead of {len(by_id)})."
    return f"Not observed: {reason}."


def _tokens_of(client: Any, organization_id: str, user_id: str) -> set[str]:
    reply = client.list_personal_access_tokens(OrganizationId=organization_id, UserId=user_id, MaxResults=_PAGE)
    return {token["PersonalAccessTokenId"] for token in reply["PersonalAccessTokenSummaries"]}


def observe_delete(organization_id: str | None, active: Sequence[Record]) -> str:
    """Answer what the deletion of a token that does not exist returns, if the user has asked for that call.

    Args:
        organization_id: The ID of the organization that the user has named, or None to make no call.
        active: The organizations that were read.

    Returns:
        The answer as a sentence.
    """
    if organization_id is None:
        return "Not observed: that needs a call that can delete, which only --delete-missing ORGANIZATION_ID makes."
    regions = [organization["region"] for organization in active if organization["id"] == organization_id]
    if not regions:
        return "Not observed: no organization that was read has the ID that --delete-missing names."
    client = _client(regions[0])
    token = {"OrganizationId": organization_id, "PersonalAccessTokenId": str(uuid.uuid4())}
    try:
        client.get_personal_access_token_metadata(**token)
        return "Not observed: a random ID belongs to a token."
    except (ClientError, BotoCoreError) as error:
        if _code(error) != "ResourceNotFoundException":
            return f"Not observed: it is not certain that a random ID does not exist ({_code(error)})."
    try:
        client.delete_personal_access_token(**token)
    except (ClientError, BotoCoreError) as error:
        if _code(error) in _REFUSALS_OF_A_TOKEN:
            return f"An error: {_code(error)}."
        return f"Not observed: the call failed ({_code(error)})."
    return "Success, as for a token that exists."


def _client(region: str) -> Any:
    patience = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 8})
    return Session().client("workmail", region_name=region, config=patience)


def _is_of_aws(url: str, region: str) -> bool:
    return urlsplit(url).hostname == f"workmail.{region}.amazonaws.com"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _code(error: Exception) -> str:
    """Return the error code of the service. The text of the error could contain names."""
    code = str(error.response.get("Error", {}).get("Code")) if isinstance(error, ClientError) else type(error).__name__
    return code if re.fullmatch(r"[A-Za-z]{1,64}", code) else "an unknown error"


if __name__ == "__main__":
    sys.exit(run_program(main))
