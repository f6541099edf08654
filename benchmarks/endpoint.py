# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A WorkMail endpoint with little overhead: prepared pages, a configurable latency, and no checks.

Benchmarks use it, so the time of a run is that of the client. All pages of tokens are the same except for the IDs, and
EXPIRED of every hundred tokens have expired.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import re
import time
import urllib.parse
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

PAGE = 100
EXPIRED = 2
_DAY = 86_400
_MARK = "@@@@@@@@"
# The first account is that of the credentials.
FIRST_ACCOUNT = 100_000_000_000
_ACCOUNTS_OF_A_PAGE = 20
# The access key that AssumeRole returns contains the account ID.
_ASSUMED = re.compile(r"credential=asia(\d{12})")
_STS = """\
<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result>{1}</{0}Result></{0}Response>"""
_CALLER = "<Account>{0}</Account><Arn>arn:aws:iam::{0}:user/benchmark</Arn>"
_ROLE = """\
<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::{0}:assumed-role/auditor/x</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIA{0}</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"""


def organization_id(number: int) -> str:
    """Make the ID of an organization.

    Args:
        number: The number of the organization, from 0.

    Returns:
        The ID.
    """
    return f"m-{number:032x}"


@contextlib.contextmanager
def endpoint(organizations: int, tokens: int, latency: float = 0.0, accounts: int = 1) -> Iterator[str]:
    """Run the endpoint in a separate process during the block.

    Args:
        organizations: The number of organizations, with the aliases ``acme-0``, ``acme-1`` and so on.
        tokens: The number of tokens of each organization: a multiple of 100, or less than 100.
        latency: The delay of each reply, in seconds.
        accounts: The number of accounts that AWS Organizations lists. Each of several accounts has one of the
            organizations.

    Returns:
        The URL of the endpoint.
    """
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_run, args=(theirs, organizations, tokens, latency, accounts), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _run(connection: Connection, organizations: int, tokens: int, latency: float, accounts: int) -> None:
    asyncio.run(_serve(connection, _Service(organizations, tokens, accounts), latency))


async def _serve(connection: Connection, service: _Service, latency: float) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                if latency:
                    await asyncio.sleep(latency)
                target = fields.get("x-amz-target", "")
                assumed = _ASSUMED.search(fields.get("authorization", ""))
                account = int(assumed[1]) if assumed else FIRST_ACCOUNT
                # AWS STS is the only service without the header: its requests are forms, and its replies are XML.
                if target:
                    reply = service.reply(target.partition(".")[2], json.loads(body), account)
                else:
                    reply = _reply_of_sts(dict(urllib.parse.parse_qsl(body.decode())), account)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(reply)
                )
                writer.write(reply)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0, limit=1 << 20)
    connection.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _reply_of_sts(request: dict[str, str], account: int) -> bytes:
    if request["Action"] == "GetCallerIdentity":
        return _STS.format("GetCallerIdentity", _CALLER.format(account)).encode()
    return _STS.format("AssumeRole", _ROLE.format(request["RoleArn"].split(":")[4])).encode()


class _Service:
    def __init__(self, organizations: int, tokens: int, accounts: int) -> None:
        self._tokens = tokens
        self._accounts = accounts
        self._aliases = {organization_id(number): f"acme-{number}" for number in range(organizations)}
        self._summaries = [
            {"OrganizationId": known, "Alias": alias, "State": "Active"} for known, alias in self._aliases.items()
        ]
        self._organizations = json.dumps({"OrganizationSummaries": self._summaries}).encode()
        self._page = json.dumps(_summaries(min(tokens, PAGE), time.time())).encode()
        users = [
            {"Id": _user(number), "Name": f"user{number}", "Email": f"user{number}@acme.example", "State": "ENABLED"}
            for number in range(PAGE)
        ]
        self._users = json.dumps({"Users": users}).encode()

    def reply(self, operation: str, request: dict[str, Any], account: int) -> bytes:
        """Return the body of the reply to a request of an account."""
        if operation == "listaccounts":
            return self._list_accounts(int(request.get("NextToken", 0)))
        if operation == "listpersonalaccesstokens":
            number = int(request.get("NextToken", 0))
            last = (number + 1) * PAGE >= self._tokens
            summaries = self._page.replace(_MARK.encode(), b"%08d" % number)
            following = b"" if last else b', "NextToken": "%d"' % (number + 1)
            return b'{"PersonalAccessTokenSummaries": %s%s}' % (summaries, following)
        if operation == "listusers":
            return self._users
        if operation == "describeorganization":
            known = request["OrganizationId"]
            return json.dumps({"OrganizationId": known, "Alias": self._aliases[known], "State": "Active"}).encode()
        if self._accounts > 1:
            return json.dumps({"OrganizationSummaries": [self._summaries[account - FIRST_ACCOUNT]]}).encode()
        return self._organizations

    def _list_accounts(self, first: int) -> bytes:
        numbers = range(first, min(first + _ACCOUNTS_OF_A_PAGE, self._accounts))
        accounts = [
            {"Id": str(FIRST_ACCOUNT + number), "Name": f"account {number}", "State": "ACTIVE"} for number in numbers
        ]
        following = {} if numbers.stop == self._accounts else {"NextToken": str(numbers.stop)}
        return json.dumps({"Accounts": accounts, **following}).encode()


def _user(number: int) -> str:
    return f"{number:08}-0000-0000-0000-000000000000"


def _summaries(count: int, now: float) -> list[dict[str, Any]]:
    return [
        {
            "PersonalAccessTokenId": f"pat-{_MARK}-{number:02}",
            "UserId": _user(number),
            "Name": f"Outlook laptop {number}",
            "DateCreated": round(now - (number + 100) * _DAY, 3),
            "DateLastUsed": round(now - (number + 1) * _DAY / 2, 3),
            "ExpiresTime": round(now + (265 - number if number >= EXPIRED else -1) * _DAY, 3),
            "Scopes": ["imap", "smtp"],
        }
        for number in range(count)
    ]
