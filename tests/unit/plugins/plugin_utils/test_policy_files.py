# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import audits
import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import MistakesError, OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.judge import judge
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner
from ansible_collections.patrol.workmail.plugins.plugin_utils._policy_files import (
    BUILT_IN,
    load_built_in,
    load_policy,
    policy_file_mistakes,
)

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


def test_a_policy_has_the_lines_of_its_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        (b"version: 1\nversion: 1\n", r"line 2: version: duplicate key 'version'"),
        (
            POLICY.replace("expired: true", "expired: true, expired: false").encode(),
            r"line 6, rule expired: rules\[0\]\.when\.expired: duplicate key 'expired'",
        ),
        (b"- a\n", r"policy: expected a mapping, got \['a'\]"),
        (b"version: [\n", "line 2: not valid YAML, "),
        (b"a: !vault x\n", "line 1: not valid YAML, could not determine a constructor"),
        (
            b"a: b\n---\na: b\n",
            "line 2: not valid YAML, expected a single document in the stream, but found another document",
        ),
        (b"\xff\xfe\x00", "line 1: is not UTF-8"),
        (b"a: b\nc: \x00", "line 2: not valid YAML, the character #x0000 is not allowed"),
        (b"version: " + b"9" * 6_000, r"line 1: not valid YAML, '9+\.\.\.9+' is not a valid int"),
        (b"[" * 10_000, "is nested too deeply"),
        (b"&a [*a]", "line 1: is nested too deeply"),
        (
            POLICY.replace("expired: true", "expird: true").encode(),
            r"line 6, rule expired: rules\[0\]\.when\.expird: unknown condition",
        ),
        (b"version: 0x_\n", "line 1: not valid YAML, '0x_' is not a valid int"),
        (b"version: !!bool maybe\n", "line 1: not valid YAML, 'maybe' is not a valid bool"),
        (b"version: !!timestamp x\n", "line 1: not valid YAML, 'x' is not a valid timestamp"),
        (b"version: !!int ''\n", "line 1: not valid YAML, '' is not a valid int"),
        (b"a:\n\t- b\n", "line 2: not valid YAML, while scanning for the next token, found character"),
        (b"a: !!python/object:os.system x\n", "line 1: not valid YAML, could not determine a constructor for the tag"),
        (b"? [a]\n: b\n", "line 1: not valid YAML, while constructing a mapping, found unhashable key"),
        (b"#" * 262_145, "is larger than 262144 bytes"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "policy.yml"
    file.write_bytes(content)
    with pytest.raises(OptionError, match=message) as caught:
        load_policy(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_a_file_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="none.yml: cannot be read: No such file or directory$"):
        load_policy(tmp_path / "none.yml")


WRONG = """\
version: 2
fail_on: hihg
rules:
  - id: expired
    severity: high
    when:
      any:
        - expird: true
        - {}

  - {id: expired, severity: low, when: {unused_for: 90d}, descripton: x}
exceptions:
  - rules: [stale]
    match: {name: backup}
    reason:
    expires: 9999-12-31T23:59:59-01:00
    expires: soon
"""


@guards("plugins/plugin_utils/_policy_files.py", "                if key.value in keys:")
def test_all_mistakes_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_text(WRONG)
    with pytest.raises(MistakesError) as caught:
        load_policy(file)
    assert [(found.line, found.rule_id, found.path) for found in caught.value.mistakes] == [
        (1, None, "version"),
        (2, None, "fail_on"),
        (8, "expired", "rules[0].when.any[0].expird"),
        (9, "expired", "rules[0].when.any[1]"),
        (11, "expired", "rules[1].descripton"),
        (11, "expired", "rules[1].id"),
        (13, None, "exceptions[0].rules[0]"),
        (15, None, "exceptions[0].reason"),
        (16, None, "exceptions[0].expires"),
        (17, None, "exceptions[0].expires"),
    ]
    text = str(caught.value)
    assert text.startswith(f"{file}: 10 mistakes: (1) line 1: version: unsupported policy version 2; expected 1; (2) ")
    assert "line 11, rule expired: rules[1].descripton: unknown key, did you mean description? Expected id, " in text
    assert "rule 'stale' does not exist, expected expired" in text
    assert caught.value.details["mistakes"][2]["line"] == 8
    assert policy_file_mistakes(file) == (list(caught.value.mistakes), str(file))


def test_an_error_shows_a_limited_number_of_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_text("version: 1\nrules:\n" + "  - {id: a, severity: low, when: {expird: true}}\n" * 2_000)
    with pytest.raises(MistakesError) as caught:
        load_policy(file)
    text = str(caught.value)
    assert text.startswith(f"{file}: 3999 mistakes: (1) line 3, ") and text.endswith("; and 3979 more")
    assert len(text) < 16_000 and len(caught.value.details["mistakes"]) == 100


@pytest.mark.parametrize("merge", [False, True])
@guards("plugins/plugin_utils/_policy_files.py", "        if parts + len(waiting) + len(inner) > MOST_PARTS:")
def test_a_file_that_aliases_make_too_large_is_refused(tmp_path: Path, merge: bool) -> None:
    text = "a: &a {k: [v, v, v, v, v, v, v, v, v]}\n"
    for before, name in itertools.pairwise("abcdef"):
        aliases = ", ".join([f"*{before}"] * 9)
        text += f"{name}: &{name} {{<<: [{aliases}]}}\n" if merge else f"{name}: &{name} [{aliases}]\n"
    file = tmp_path / "policy.yml"
    file.write_text(text)
    assert file.stat().st_size < 1_000
    with pytest.raises(OptionError, match="is too large; at most 20000 keys and values are allowed"):
        load_policy(file)


@guards("plugins/plugin_utils/_policy_files.py", "        if depth > DEEPEST:")
def test_a_file_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_text("rules:\n- &a\n  - *a\n")
    with pytest.raises(OptionError, match="line 2: is nested too deeply; at most 32 levels are allowed"):
        load_policy(file)


def test_merged_keys_have_lines(tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_text(
        "version: 1\nrules:\n- &a {id: a, severity: low, when: {expired: true}}\n- <<: *a\n  id: b\n  when: {nam: x}\n"
    )
    with pytest.raises(
        OptionError, match=r": line 6, rule b: rules\[1\]\.when\.nam: unknown condition, did you mean name"
    ):
        load_policy(file)


def test_the_collection_has_three_policies() -> None:
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
def test_the_rules_of_the_policies_find_the_tokens_that_they_describe(
    name: str, fields: dict[str, Any], found: dict[str, str]
) -> None:
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
def test_only_the_documented_rules_may_revoke(name: str, reports_only: set[str], can_revoke: bool) -> None:
    policy = parse_policy(load_built_in(name).document)
    assert {rule.id for rule in policy.rules if not rule.revoke} == reports_only
    assert policy.can_revoke is can_revoke
