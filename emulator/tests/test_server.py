# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a Python object and as a command: request log, own interface, start and end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from workmail_emulator import Emulator, Fault, SeedError, cli

ORGANIZATION_ID = "m-" + "0123456789abcdef" * 2


def address(emulator: Emulator) -> tuple[str, int]:
    host, port = emulator.endpoint_url.removeprefix("http://").rsplit(":", 1)
    return host, int(port)


def test_requests_are_logged(emulator: Emulator, call: Any, request_raw: Any) -> None:
    call("ListPersonalAccessTokens", {"OrganizationId": ORGANIZATION_ID, "UserId": "bob", "MaxResults": 7})
    entry = {
        "service": "workmail",
        "operation": "ListPersonalAccessTokens",
        "organization_id": ORGANIZATION_ID,
        "user_id": "bob",
        "page": 1,
        "parameters": {"OrganizationId": ORGANIZATION_ID, "UserId": "bob", "MaxResults": 7},
        "account_id": "123456789012",
        "region": "us-east-1",
        "access_key_id": "testing",
        "fault": None,
        "status": 200,
    }
    assert request_raw("GET", "/_workmail/requests").json == {"requests": [entry], "peak_in_flight": 1}
    assert vars(emulator.requests[-1]) == entry
    assert len(emulator.requests[0:5]) == 1
    assert request_raw("DELETE", "/_workmail/requests").json == {}
    assert (len(emulator.requests), emulator.requests.peak_in_flight) == (0, 0)


def test_requests_without_pages_have_no_page_number(emulator: Emulator, call: Any) -> None:
    call("DescribeOrganization", {"OrganizationId": ORGANIZATION_ID})
    call("ListUsers", {"OrganizationId": ORGANIZATION_ID, "NextToken": "never seen"})
    assert [entry.page for entry in emulator.requests] == [None, None]


def test_the_peak_of_concurrent_requests_is_counted(emulator: Emulator, listing: Any) -> None:
    emulator.faults.add(Fault("delay", seconds=1))
    start = threading.Barrier(4)

    def list_together() -> Any:
        start.wait()
        return listing()

    with ThreadPoolExecutor(4) as pool:
        replies = [pool.submit(list_together) for _ in range(4)]
    assert {reply.result().status for reply in replies} == {200}
    assert emulator.requests.peak_in_flight == 4


def test_a_seed_is_loaded_and_reset_over_http(emulator: Emulator, request_raw: Any, call: Any) -> None:
    assert request_raw("POST", "/_workmail/seed", "Organizations:\n  - Alias: third\n").json == {}
    assert len(call("ListOrganizations").json["OrganizationSummaries"]) == 3
    answer = request_raw("POST", "/_workmail/seed", json.dumps({"Organizations": [{"Alias": "third"}]}))
    assert answer.status == 400
    assert answer.json["error"].startswith("Organizations[0].OrganizationId: duplicate")
    emulator.faults.add(Fault("html", page=9))
    assert request_raw("POST", "/_workmail/reset").json == {}
    assert (len(emulator.requests), len(emulator.faults)) == (0, 0)
    assert call("ListOrganizations").json == {"OrganizationSummaries": []}


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/_workmail/nothing", 404), ("PUT", "/_workmail/faults", 405)]
)
def test_unknown_paths_and_methods_of_the_interface_are_errors(
    request_raw: Any, method: str, path: str, status: int
) -> None:
    assert request_raw(method, path).status == status


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]"])
def test_faults_that_are_not_json_are_refused(request_raw: Any, body: bytes) -> None:
    assert request_raw("POST", "/_workmail/faults", body).status == 400


def test_a_request_in_chunks_is_read(emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(*address(emulator))
    headers = {
        "X-Amz-Target": "WorkMailService.DescribeOrganization",
        "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/workmail/aws4_request, x",
    }
    body = json.dumps({"OrganizationId": ORGANIZATION_ID}).encode()
    connection.request("POST", "/", iter([body[:10], body[10:]]), headers, encode_chunked=True)
    assert json.loads(connection.getresponse().read())["Alias"] == "acme"
    connection.close()


def test_stopping_leaves_no_thread_and_no_connection(seed: Any) -> None:
    before = threading.active_count()
    with Emulator(seed) as emulator:
        where = address(emulator)
        idle = socket.create_connection(where)
        silent = socket.create_connection(where)
        silent.sendall(b"POST / HTTP/1.1\r\n")
        # Connections are taken in order, so once this is answered the two before it have their threads.
        last = http.client.HTTPConnection(*where)
        last.request("GET", "/_workmail/faults")
        last.getresponse().read()
        last.close()
    assert threading.active_count() == before
    for connection in (idle, silent):
        with connection, connection.makefile("rb") as replies:
            replies.read()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where)
    with pytest.raises(RuntimeError):
        _ = emulator.endpoint_url
    emulator.stop()
    with emulator:
        assert emulator.personal_access_tokens(ORGANIZATION_ID)


def test_a_failed_start_changes_nothing(emulator: Emulator) -> None:
    with pytest.raises(OSError, match="in use"):
        Emulator({"Organizations": [{"Alias": "new"}]}, port=address(emulator)[1]).start()
    with pytest.raises(SeedError, match="duplicate"):
        Emulator({"Organizations": [{"Alias": "x", "OrganizationId": ORGANIZATION_ID}]}).start()
    assert len(emulator.personal_access_tokens(ORGANIZATION_ID)) == 250


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "workmail_emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_a_seed_until_a_signal(tmp_path: Path, seed: Any, number: signal.Signals) -> None:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(seed), encoding="utf-8")
    with command("--seed", str(file), "--port", "0", "--verbose") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Amazon WorkMail emulator ready at http://127.0.0.1:")
        connection = http.client.HTTPConnection(line.split("http://")[1].strip())
        connection.request("GET", "/_workmail/requests")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, "")
    assert errors == "GET /_workmail/requests  200\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"Organizations": [{"Alias": "a", "Users": [{"Id": "1", "Sate": 1}]}]}', "Organizations[0].Users[0].Sate"),
        ("Organizations: [", "neither JSON nor YAML"),
    ],
)
def test_the_command_reports_a_bad_seed_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "seed.yml"
    file.write_text(text, encoding="utf-8")
    with command("--seed", str(file), "--port", "0") as process:
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (2, "")
    assert errors.startswith("workmail-emulator: ")
    assert complaint in errors
    assert len(errors.splitlines()) == 1


def test_the_command_reports_a_port_in_use(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        assert cli.main(["--port", str(address(emulator)[1])]) == 2
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), handlers, strict=True):
            signal.signal(number, handler)
    assert "in use" in capsys.readouterr().err
