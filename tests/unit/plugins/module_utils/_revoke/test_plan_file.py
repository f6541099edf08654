# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in a file is read as it was written, or causes an error that names the place."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from plans import EXPIRED, UNUSED, findings_of, selection, token
from token_strategies import NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.digest import digest_of
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError, PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._revoke import plan_file
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan import Limits
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan_file import (
    parse_plan,
    plan_document,
    read_plan,
)

PLAN_FILE = "plugins/module_utils/_revoke/plan_file.py"

POLICY = {"version": 1, "rules": [EXPIRED, {**UNUSED, "revoke": False}]}
CALLER = "arn:aws:sts::123456789012:assumed-role/revoker/ansible"
OPTIONS = {"protected": {"owner": "svc-*"}, "grace": "7d", "organizations": ["acme"], "owners": True}


def document(findings: Any = None, **options: Any) -> dict[str, Any]:
    entries = selection(EXPIRED).plan([token("pat-1"), token("pat-2")]).planned
    policy = POLICY if findings is None else None
    given = {**OPTIONS, **options, "policy": policy, "findings": findings, "profile": "x"}
    return plan_document(entries, NOW, CALLER, NOW, Limits(10, 50), ["us-east-1"], given)


def signed(changed: dict[str, Any]) -> dict[str, Any]:
    """The document with the digest that belongs to it."""
    return {**changed, "digest": digest_of({name: value for name, value in changed.items() if name != "digest"})}


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(document()))
    saved = read_plan(str(path))
    assert saved.entries == selection(EXPIRED).plan([token("pat-1"), token("pat-2")]).planned
    assert (saved.as_of, saved.account, saved.limits) == (NOW, "123456789012", Limits(10, 50))
    assert saved.policy is not None and saved.protected is not None and saved.grace is not None
    assert saved.digest == digest_of(dict(reversed(POLICY.items()))) != digest_of({**POLICY, "fail_on": "high"})
    assert "profile" not in saved.options


def test_a_plan_of_findings_has_no_policy() -> None:
    findings = findings_of(token())
    saved = parse_plan(document(findings=findings), "p")
    assert saved.policy is None and saved.source == "findings" and saved.digest == digest_of(findings)


def _set(*path: Any) -> Any:
    def change(plan: Any) -> None:
        for step in path[:-2]:
            plan = plan[step]
        plan[path[-2]] = path[-1]

    return change


TOKEN = ("tokens", 0, "token")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("kind", "audit"), "p: the file is not a plan of a revocation"),
        (_set("version", 2), "p: version: unsupported version 2; expected 1"),
        (_set("version", True), "p: version: unsupported version True"),
        (_set("more", 1), "p: 'more': unknown key"),
        (_set("as_of", "soon"), "p: as_of: 'soon' is not"),
        (_set("created", None), "p: created: None is not"),
        (_set("caller", "nobody"), "p: caller: 'nobody' is not valid; expected an ARN"),
        (_set("policy_digest", "sha256:0"), "p: policy_digest: 'sha256:0' is not valid"),
        (_set("policy_digest", digest_of({})), "p: policy_digest: does not match the policy"),
        (_set("findings_digest", digest_of([])), "p: findings_digest: .* cannot be combined with policy_digest"),
        (_set("policy", "rules", 0, "when", {"expird": True}), r"p: policy\..*rules\[0\]\.when\.expird"),
        (_set("policy", "rules", 0, "revoke", False), "p: policy: none of its rules can revoke"),
        (_set("limits", {"max_tokens": 1}), r"p: limits\.max_percent: it is missing"),
        (_set("limits", "max_percent", 101), r"p: limits\.max_percent: 101 is not a whole number from 1 to 100"),
        (_set("limits", "max_tokens", "5"), r"p: limits\.max_tokens: '5' is not a whole number"),
        (_set("regions", []), "p: regions: expected a non-empty list of strings"),
        (_set("options", "grace", "soon"), r"p: options\.grace: 'soon' is not"),
        (_set("options", "protected", {"nme": "x"}), r"p: options\.protected\.nme: "),
        (_set("options", "organizations", "acme"), r"p: options\.organizations: expected a non-empty list"),
        (_set("options", "as_of", 5), r"p: options\.as_of: expected a text"),
        (_set("tokens", {}), "p: tokens: expected a list"),
        (_set("tokens", 0, "pat-1"), r"p: tokens\[0\]: expected a mapping"),
        (_set("tokens", 0, "rule_ids", []), r"p: tokens\[0\]\.rule_ids: expected a non-empty list of strings"),
        (_set("tokens", 0, "rule_ids", ["other"]), r"p: tokens\[0\]\.rule_ids\[0\]: the policy has no rule 'other'"),
        (_set("tokens", 0, "rule_ids", ["unused"]), r"p: tokens\[0\]\.rule_ids\[0\]: .* that may revoke"),
        (_set("tokens", 0, "message", None), r"p: tokens\[0\]\.message: expected a text"),
        (_set(*TOKEN, "expires_time", "soon"), r"p: tokens\[0\]\.token\.expires_time"),
        (_set(*TOKEN, "scopes", 5), r"p: tokens\[0\]\.token\.scopes"),
        (_set(*TOKEN, "organization_id", ""), r"p: tokens\[0\]\.token\.organization_id"),
        (_set(*TOKEN, "personal_access_token_id", "pat-2"), r"p: tokens\[1\]: token 'pat-2' is in the plan twice"),
    ],
)
def test_a_document_that_is_not_a_plan_is_refused(change: Any, message: str) -> None:
    plan = copy.deepcopy(document())
    change(plan)
    with pytest.raises(OptionError, match=f"^plan_file: {message}") as caught:
        parse_plan(signed(plan), "p")
    assert caught.value.hint


@guards(
    PLAN_FILE,
    'if document["digest"] != digest_of({name: value for name, value in document.items() if name != "digest"}):',
)
@pytest.mark.parametrize(
    "change",
    [
        _set("as_of", "2026-01-01T00:00:00+00:00"),
        _set("limits", "max_tokens", 1000),
        _set("options", "protected", None),
        _set("tokens", 0, "token", "user_id", "u-ben"),
        _set("digest", None),
    ],
)
def test_a_plan_that_was_changed_is_refused(change: Any) -> None:
    plan = copy.deepcopy(document())
    change(plan)
    with pytest.raises(OptionError, match="plan_file: p: digest: the file was changed after it was written"):
        parse_plan(plan, "p")


@guards(PLAN_FILE, "read_file(path, LARGEST, label)", "read_file(path, 10**9, label)")
def test_only_a_regular_file_of_a_sensible_size_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setattr(plan_file, "LARGEST", 100)
    (tmp_path / "large").write_text("x" * 101)
    for path, message in (
        (tmp_path / "fifo", "expected a regular file, got a FIFO"),
        (Path("/dev/null"), "expected a regular file, got a device"),
        (tmp_path / "large", "is larger than 100 bytes"),
        (tmp_path / "none", "No such file"),
        (tmp_path, "expected a regular file, got a directory"),
    ):
        with pytest.raises(OptionError, match=f"^plan_file: .*: .*{message}"):
            read_plan(str(path))


@guards(PLAN_FILE, "parse_json(read_file(", "json.loads(read_file(")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "plan.json: is not valid JSON: "),
        (b"\xff", "plan.json: is not valid UTF-8: "),
        (b'{"kind": 1, "kind": 2}', "is not valid JSON: not valid, because an object has a duplicate key"),
        (b"[]", "not a plan of a revocation"),
    ],
)
def test_invalid_json_is_refused(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "plan.json").write_bytes(text)
    with pytest.raises(OptionError, match=message):
        read_plan(str(tmp_path / "plan.json"))


@pytest.mark.parametrize("path", [None, "", " ", 5, ["plan.json"]])
def test_a_value_that_is_not_a_path_is_refused(path: Any) -> None:
    with pytest.raises(OptionError, match="expected the path of a plan"):
        read_plan(path)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("2026-01-02T03:04:05Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.data(), anything)
def test_a_malformed_plan_is_read_or_refused(data: st.DataObject, value: Any) -> None:
    """No other exception comes out, even if somebody has computed the digest again."""
    plan: Any = copy.deepcopy(document())
    place = plan
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        step = data.draw(st.sampled_from(keys))
        if not isinstance(place[step], (dict, list)) or not place[step] or data.draw(st.booleans()):
            break
        place = place[step]
    place[step] = value
    try:
        parse_plan(signed(plan), "p")
    except PatrolError as error:
        assert error.message.startswith("plan_file: p: ")
