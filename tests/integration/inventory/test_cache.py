# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache of the inventory plugin: complete snapshots are cached, and nothing else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleParserError
from estate import (
    ACME,
    ANA,
    GLOBEX,
    INITECH,
    token,
)
from guarding import guards
from managers import Manage, Parse, Run, Source, groups, hostvars
from workmail_emulator import Emulator, Fault

pytestmark = pytest.mark.ansible


@pytest.mark.parametrize("hosts", ["users", "tokens", "organizations"])
@guards(
    "plugins/inventory/workmail_pat.py",
    "BaseInventoryPlugin.parse(self, inventory, loader, path)",
    "super().parse(inventory, loader, path)",
)
def test_cached_run_returns_the_same_without_a_call(
    emulator: Emulator, cached: Source, manage: Manage, hosts: str
) -> None:
    options = {
        "hosts": hosts,
        "regions": ["all"],
        "owners": True,
        "select": {"not": {"owner_state": "DISABLED"}},
        "compose": {"composed": "workmail_organization_alias | upper"},
        "keyed_groups": [{"key": "workmail_region", "prefix": "r"}],
        "groups": {"some": "workmail_expired | int > 0"},
        "hostnames": ["workmail_user_id"],
        "assume_role_arn": "arn:aws:iam::123456789012:role/auditor",
    }
    path = cached(**options)
    cold = manage(path)
    assert len(emulator.requests) > 0
    emulator.requests.clear()
    # Each call would fail.
    emulator.faults.add(Fault("access_denied"))
    warm = manage(path)
    assert (hostvars(warm), groups(warm)) == (hostvars(cold), groups(cold))
    assert {"some", "r_us_east_1", "workmail_expired"} <= groups(warm).keys()
    assert len(emulator.requests) == 0


@pytest.mark.slow
def test_ansible_inventory_lists_the_same_from_the_cache(
    emulator: Emulator, cached: Source, ansible_inventory: Run
) -> None:
    names = ("users", "tokens", "organizations")
    sources = [argument for name in names for argument in ("-i", cached(name, hosts=name, regions=["all"]))]
    cold = ansible_inventory(*sources, "--list")
    assert len(emulator.requests) > 0
    emulator.requests.clear()
    emulator.faults.add(Fault("access_denied"))
    warm = ansible_inventory(*sources, "--list")
    assert warm.stdout == cold.stdout and warm.stderr == ""
    assert {"acme.ana", "acme.pat-1", "initech"} <= json.loads(warm.stdout)["_meta"]["hostvars"].keys()
    assert len(emulator.requests) == 0


def test_cache_is_shared_across_order_selection_and_page_size(
    emulator: Emulator, cached: Source, manage: Manage
) -> None:
    manage(cached(organizations=["acme", "globex"]))
    emulator.requests.clear()
    found = manage(cached("other", organizations=["globex", "acme"], select={"expired": True}, page_size=7))
    assert sorted(hostvars(found)) == ["acme.pat-1"]
    found = manage(cached(organizations=["acme", "globex"], as_of="2026-03-01T00:00:00Z"))
    assert groups(found)["workmail_expired"] == ["acme.pat-1", "acme.pat-3"]
    assert len(emulator.requests) == 0


def test_a_token_expires_while_it_is_cached(emulator: Emulator, cached: Source, manage: Manage) -> None:
    emulator.reset()
    tokens = [{"PersonalAccessTokenId": "pat-1", "DateCreated": "-1d", "ExpiresTime": "+1h"}]
    emulator.load({"Organizations": [{"Alias": "acme", "PersonalAccessTokens": tokens}]})
    assert hostvars(manage(cached(as_of=None)))["acme.pat-1"]["workmail_expired"] is False
    emulator.requests.clear()
    manager = manage(cached(as_of="+2d"))
    assert hostvars(manager)["acme.pat-1"]["workmail_expired"] is True
    assert hostvars(manager)["acme.pat-1"]["workmail_expires_in_days"] < 0
    assert groups(manager)["workmail_expired"] == ["acme.pat-1"]
    assert len(emulator.requests) == 0


@pytest.mark.slow
def test_flush_cache_fetches_again(
    emulator: Emulator, cached: Source, manage: Manage, ansible_playbook: Run, tmp_path: Path
) -> None:
    path = cached()
    manage(path)
    emulator.load({"Organizations": [{"Alias": "new", "PersonalAccessTokens": [token(9, ANA)]}]})
    assert "new.pat-9" not in hostvars(manage(path))
    book = tmp_path / "book.yml"
    book.write_text("- hosts: all\n")
    assert "new.pat-9" in ansible_playbook("-i", path, "--list-hosts", "--flush-cache", str(book)).stdout
    emulator.requests.clear()
    assert "new.pat-9" in hostvars(manage(path))
    assert len(emulator.requests) == 0


def test_refresh_inventory_fetches_again_within_a_run(emulator: Emulator, cached: Source, manage: Manage) -> None:
    manager = manage(cached())
    emulator.load({"Organizations": [{"Alias": "new", "PersonalAccessTokens": [token(9, ANA)]}]})
    manager.refresh_inventory()
    assert "new.pat-9" in hostvars(manager)
    assert "new.pat-9" in hostvars(manage(cached()))


def test_cache_expires(emulator: Emulator, cached: Source, manage: Manage, records: Callable[[], list[Path]]) -> None:
    path = cached(cache_timeout=100)
    manage(path)
    [record] = records()
    emulator.requests.clear()
    os.utime(record, (time.time() - 90, time.time() - 90))
    manage(path)
    assert len(emulator.requests) == 0
    os.utime(record, (time.time() - 110, time.time() - 110))
    manage(path)
    assert len(emulator.requests) > 0


CORRUPT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda record: b"",
    "unfinished": lambda record: b"{",
    "null": lambda record: b"null",
    "list": lambda record: b"[]",
    "text": lambda record: b'"text"',
    "another mapping": lambda record: b'{"key": 1}',
    "no UTF-8": lambda record: b"\xff\xfe",
    "half": lambda record: record[: len(record) // 2],
    "another token": lambda record: record.replace(b"pat-5", b"pat-0"),
}


@guards(
    "plugins/plugin_utils/_inventory/cache.py",
    "update_cached_result(key, False, record)",
    "update_cached_result(key, cache, record)",
)
@guards(
    "plugins/plugin_utils/_inventory/cache.py",
    "    except Exception:\n        # Cache",
    "    except KeyError:\n        # Cache",
)
def test_corrupt_records_are_fetched_again(
    emulator: Emulator, cached: Source, manage: Manage, records: Callable[[], list[Path]]
) -> None:
    path = cached()
    cold = hostvars(manage(path))
    [record] = records()
    written = record.read_bytes()
    for name, corrupt in CORRUPT.items():
        record.write_bytes(corrupt(written))
        emulator.requests.clear()
        assert hostvars(manage(path)) == cold, name
        assert len(emulator.requests) > 0, name
        assert records()[0].read_bytes() == written, name
        emulator.requests.clear()
        assert hostvars(manage(path)) == cold, name
        assert len(emulator.requests) == 0, name


# Options and environment variables that change what is fetched, and as whom.
OTHERS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"assume_role_arn": "arn:aws:iam::123456789012:role/auditor"}, {}),
    ({"organizations": ["globex"]}, {}),
    ({"users": [ANA]}, {}),
    ({"regions": ["eu-west-1"], "organizations": ["initech"]}, {}),
    ({"region": "eu-west-1", "organizations": [INITECH]}, {}),
    ({"owners": True}, {}),
    ({"hosts": "organizations"}, {}),
    ({"access_key": "another", "secret_key": "testing"}, {}),
    ({"profile": "auditor", "access_key": "", "secret_key": ""}, {"AWS_SHARED_CREDENTIALS_FILE": "credentials"}),
    ({}, {"AWS_ACCESS_KEY_ID": "another"}),
    ({}, {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/another"}),
    ({"organizations": ["initech"]}, {"AWS_REGION": "eu-west-1"}),
    ({}, {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}),
    ({}, {"AWS_ENDPOINT_URL_ORGANIZATIONS": "http://127.0.0.1:1"}),
]


@guards("plugins/plugin_utils/_inventory/cache.py", '        "role": asked.role,\n', "")
def test_cache_is_not_shared_across_credentials_targets_and_endpoints(
    emulator: Emulator,
    cached: Source,
    manage: Manage,
    tmp_path: Path,
    records: Callable[[], list[Path]],
) -> None:
    (tmp_path / "credentials").write_text("[auditor]\naws_access_key_id = profiled\naws_secret_access_key = testing\n")
    manage(cached())
    assert len(records()) == 1
    for number, (config, variables) in enumerate(OTHERS, 2):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, str(tmp_path / value) if name.endswith("_FILE") else value)
            emulator.requests.clear()
            manage(cached(**config))
        assert len(emulator.requests) > 0, (config, variables)
        # None of the others has the same record either.
        assert len(records()) == number, (config, variables)


@guards("plugins/plugin_utils/_inventory/cache.py", '        "origin": origin_of_calls(connection),\n', "")
def test_cache_is_not_shared_across_keys_of_one_profile(
    emulator: Emulator, cached: Source, manage: Manage, aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    aws.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        aws.delenv(name)
    for key in ("first", "second"):
        credentials.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = testing\n")
        emulator.requests.clear()
        manage(cached())
        assert {request.access_key_id for request in emulator.requests} == {key}
        emulator.requests.clear()
        manage(cached())
        assert len(emulator.requests) == 0


def test_cache_holds_no_secret(
    emulator: Emulator,
    cached: Source,
    manage: Manage,
    records: Callable[[], list[Path]],
    aws: pytest.MonkeyPatch,
) -> None:
    secrets = {
        "AWS_ACCESS_KEY_ID": "KEYKEYKEY",
        "AWS_SECRET_ACCESS_KEY": "SECRETSECRET",
        "AWS_SESSION_TOKEN": "SESSION",
    }
    for name, value in secrets.items():
        aws.setenv(name, value)
    manage(cached(assume_role_arn="arn:aws:iam::123456789012:role/auditor", assume_role_external_id="EXTERNAL"))
    [record] = records()
    kept = record.name + record.read_text()
    assert not any(secret in kept for secret in (*secrets.values(), "EXTERNAL"))
    # The role is not secret: it is a variable of the host of its account.
    assert "auditor" not in record.name


@pytest.mark.parametrize(
    ("fault", "on_error"),
    [
        (Fault("access_denied", operation="ListOrganizations"), "fail"),
        (Fault("truncated", operation="ListPersonalAccessTokens", organization_id=GLOBEX), "fail"),
        (Fault("empty_next_token", operation="ListPersonalAccessTokens", organization_id=ACME), "fail"),
        (Fault("access_denied", operation="ListPersonalAccessTokens", organization_id=GLOBEX), "continue"),
        (Fault("html", operation="ListUsers", organization_id=GLOBEX), "continue"),
    ],
)
def test_errors_and_incomplete_snapshots_are_not_cached(
    emulator: Emulator,
    cached: Source,
    manage: Manage,
    parse: Parse,
    records: Callable[[], list[Path]],
    fault: Fault,
    on_error: str,
) -> None:
    emulator.faults.add(fault)
    path = cached(on_error=on_error, owners=True)
    if on_error == "fail":
        with pytest.raises(AnsibleParserError):
            parse(path)
    else:
        assert len(hostvars(manage(path))) == 5
    assert records() == []
    emulator.faults.clear()
    assert len(hostvars(manage(path))) == 6
    assert len(records()) == 1


def test_a_failure_does_not_change_the_cache(
    emulator: Emulator, cached: Source, manage: Manage, records: Callable[[], list[Path]]
) -> None:
    path = cached()
    manage(path)
    before = records()[0].read_bytes()
    emulator.faults.add(Fault("access_denied"))
    with pytest.raises(Exception, match="Completely failed"):
        manage(path, cache=False)
    assert records()[0].read_bytes() == before
