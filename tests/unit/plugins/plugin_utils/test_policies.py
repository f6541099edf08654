# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import audits
import pytest

from ansible_collections.patrol.workmail.plugins.module_utils._errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._policy import judge, parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._time import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._tokens import Owner
from ansible_collections.patrol.workmail.plugins.plugin_utils._policies import BUILT_IN, load_built_in, load_policy

POLICY = """\
# a comment
version: 1
rules:
  - id: expired
    severity: high
    when: {expired: true}

  - {id: stale, severity: low, when: {unused_for: 90d}}
exceptions:
  - {rules: [stale], match: {name: backup}, reason: TICKET-1, expires: 2026-12-31}
"""


def test_a_file_tells_the_lines_of_its_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "policies" / "strict.yml"
    file.parent.mkdir()
    file.write_text(POLICY)
    policy = load_policy(file)
    assert policy.file == "policies/strict.yml" and policy.lines == [4, 8]
    assert policy.document["exceptions"][0]["expires"] == "2026-12-31"
    monkeypatch.chdir(file.parent)
    assert load_policy(file).file == "strict.yml"
    monkeypatch.chdir(Path(__file__).parent)
    assert load_policy(file).file == str(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"version: 1\nversion: 1\n", r"line 2: 'version' is there twice"),
        (POLICY.replace("expired: true", "expired: true, expired: false").encode(), "line 6: 'expired' is there twice"),
        (b"- a\n", r"policy: expected a mapping, got \['a'\]"),
        (b"version: [\n", "line 2: no valid YAML, "),
        (b"a: !vault x\n", "line 1: no valid YAML, could not determine a constructor"),
        (b"a: b\n---\na: b\n", "line 2: no valid YAML, but found another document"),
        (b"\xff\xfe\x00", "the file is not UTF-8"),
        (b"a: \x00", "no valid YAML"),
        (b"version: " + b"9" * 6_000, "no valid YAML, Exceeds the limit"),
        (b"[" * 10_000, "no valid YAML"),
        (b"&a [*a]", "policy: expected a mapping"),
        (POLICY.replace("expired: true", "expird: true").encode(), r"rules\[0\]\.when\.expird: unknown condition"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "policy.yml"
    file.write_bytes(content)
    with pytest.raises(OptionError, match=message) as caught:
        load_policy(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yml"):
        with pytest.raises(OptionError, match="cannot be read: "):
            load_policy(path)


def test_what_the_collection_brings() -> None:
    assert list(BUILT_IN) == ["default", "no_expired", "wind_down"]


GONE = Owner("u-1", "ana", None, None, "DELETED")


@pytest.mark.parametrize(
    ("name", "fields", "found"),
    [
        ("default", {}, {}),
        ("default", {"expires_time": audits.NOW}, {"expired": "medium"}),
        ("default", {"expires_time": audits.NOW + 14 * DAY}, {"expiring": "medium"}),
        ("default", {"expires_time": audits.NOW + 14 * DAY + 1}, {}),
        ("default", {"date_last_used": None}, {"never-used": "low"}),
        ("default", {"date_last_used": None, "date_created": audits.NOW - 30 * DAY}, {}),
        ("default", {"date_last_used": audits.NOW - 90 * DAY}, {"unused": "medium"}),
        ("default", {"date_last_used": audits.NOW - 90 * DAY + 1}, {}),
        ("default", {"date_created": audits.NOW - 265 * DAY, "expires_time": audits.NOW + 100 * DAY + 1},
         {"long-lived": "medium"}),
        ("default", {"date_created": audits.NOW - 265 * DAY, "expires_time": audits.NOW + 100 * DAY}, {}),
        ("default", {"expires_time": None}, {"no-expiry": "high"}),
        ("default", {"owner": GONE}, {"orphaned": "critical"}),
        ("default", {"owner": GONE._replace(state="UNKNOWN")}, {"orphaned": "critical"}),
        ("default", {"owner": GONE._replace(state="DISABLED")}, {"orphaned": "critical"}),
        ("default", {"expires_time": audits.NOW + 131 * DAY}, {}),
        ("no_expired", {"expires_time": None, "owner": GONE}, {}),
        ("no_expired", {"expires_time": audits.NOW}, {"expired": "high"}),
        ("wind_down", {"date_last_used": audits.NOW - 30 * DAY + 1}, {"in-use": "medium"}),
        ("wind_down", {"date_last_used": audits.NOW - 30 * DAY}, {"idle": "low"}),
        ("wind_down", {"date_last_used": None, "date_created": audits.NOW}, {"idle": "low"}),
        ("wind_down", {"date_last_used": None, "date_created": None}, {"idle": "low"}),
    ],
)  # fmt: skip
def test_what_their_rules_find(name: str, fields: dict[str, Any], found: dict[str, str]) -> None:
    token = audits.token(1, **{"expires_time": audits.NOW + 100 * DAY, **fields})
    findings = judge(parse_policy(load_built_in(name).document), [token], audits.NOW).findings
    assert {finding["rule_id"]: finding["severity"] for finding in findings} == found


@pytest.mark.parametrize(
    ("name", "reports_only", "can_revoke"),
    [
        ("default", {"expiring", "long-lived"}, True),
        ("no_expired", set(), True),
        ("wind_down", {"in-use", "idle"}, False),
    ],
)
def test_which_rules_may_revoke(name: str, reports_only: set[str], can_revoke: bool) -> None:
    policy = parse_policy(load_built_in(name).document)
    assert {rule.id for rule in policy.rules if not rule.revoke} == reports_only
    assert policy.can_revoke is can_revoke
