# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import audits
import pytest
from audits import NOW, ORGANIZATIONS, POLICY, audit_of, token
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from token_strategies import tokens as some_tokens

from ansible_collections.patrol.workmail.plugins.module_utils._audit.audit_check import check_audit
from ansible_collections.patrol.workmail.plugins.module_utils._audit.result import KEYS
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError, PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._account_merge import merge_audits

FAILED = {"failed": True, "msg": "AssumeRole: denied", "error_code": "AccessDenied", "region": "us-east-1", "hint": "?"}
NO_ERROR = {"account_id": None, "organization_id": None, "region": None, "operation": None, "page": None, "hint": None}


def of(number: int, **fields: Any) -> dict[str, Any]:
    """The audit of one organization with one token."""
    return audit_of([token(number, ORGANIZATIONS[number], **fields)], organizations=[ORGANIZATIONS[number]])


def without_host(entry: dict[str, Any], text: str | None = None) -> dict[str, Any]:
    """What the merge made of an entry, without what it added."""
    left = {key: value for key, value in entry.items() if key != "host"}
    if text is not None:
        prefix = f"{entry['host']}: "
        assert left[text].startswith(prefix)
        left[text] = left[text].removeprefix(prefix)
    return left


@given(
    st.lists(st.tuples(some_tokens, st.sampled_from(range(3))), max_size=12),
    st.lists(st.sampled_from(["production", "sales", "archive"]), min_size=3, max_size=3),
    st.randoms(use_true_random=False),
)
def test_merged_parts_equal_one_audit_of_everything(given_tokens: Any, owned: list[str], order: Any) -> None:
    """Whichever account an organization is in, and in whatever order the audits come."""
    tokens = []
    for number, (one, index) in enumerate(given_tokens):
        place = ORGANIZATIONS[index]
        tokens.append(
            one._replace(
                organization_id=place.id,
                organization_alias=place.alias,
                region=place.region,
                personal_access_token_id=one.personal_access_token_id and f"{one.personal_access_token_id}-{number}",
            )
        )
    parts = {}
    for account in order.sample(sorted(set(owned)), len(set(owned))):
        places = [place for place, owner in zip(ORGANIZATIONS, owned, strict=True) if owner == account]
        ids = {place.id for place in places}
        parts[account] = audit_of([one for one in tokens if one.organization_id in ids], organizations=places)
    whole, merged = audit_of(tokens), merge_audits(parts, list(parts))
    account_of = dict(zip((place.id for place in ORGANIZATIONS), owned, strict=True))
    assert all(entry["host"] == account_of[entry["token"]["organization_id"]] for entry in merged["findings"])
    assert all(entry["host"] == account_of[entry["id"]] for entry in merged["organizations"])
    merged["findings"] = [without_host(entry, "message") for entry in merged["findings"]]
    merged["organizations"] = [without_host(entry) for entry in merged["organizations"]]
    assert merged["summary"].pop("accounts") == len(parts) == len(merged.pop("accounts"))
    assert whole["summary"].pop("accounts") == len(whole.pop("accounts")) == 1
    assert merged == whole


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (FAILED, {**NO_ERROR, **{key: FAILED[key] for key in ("error_code", "region", "hint")}, "msg": FAILED["msg"]}),
        (
            {"unreachable": True, "msg": "No\nroute"},
            {**NO_ERROR, "msg": "No route", "error_code": "HostNotAuditedException"},
        ),
        (
            {"failed": True},
            {
                **NO_ERROR,
                "msg": "its audit failed without a message",
                "error_code": "HostNotAuditedException",
            },
        ),
        (
            {"skipped": True, "changed": False},
            {
                **NO_ERROR,
                "msg": f"its audit cannot be used: audit: not the result of an audit, it lacks {', '.join(KEYS)}",
                "error_code": "HostNotAuditedException",
            },
        ),
        (
            None,
            {
                **NO_ERROR,
                "msg": "it was not audited: it was excluded from the run, or failed earlier; see the log",
                "error_code": "HostNotAuditedException",
            },
        ),
        (
            {**of(1), "complete": False, "outcome": "incomplete"},
            {
                **NO_ERROR,
                "msg": "its audit cannot be used: audit.complete: it is false, but errors has 0 entries",
                "error_code": "HostNotAuditedException",
            },
        ),
        (
            {**of(1), "outcome": "passed"},
            {
                **NO_ERROR,
                "msg": "its audit cannot be used: audit.outcome: 'passed' is not one of pass, violations, incomplete",
                "error_code": "HostNotAuditedException",
            },
        ),
        (
            {"failed": True, "msg": {"a": 1}, "error_code": ["x"], "page": "2", "hint": 7},
            {
                **NO_ERROR,
                "msg": "its audit failed without a message",
                "error_code": "HostNotAuditedException",
            },
        ),
    ],
    ids=["failed", "unreachable", "speechless", "skipped", "missing", "without a reason", "unknown", "nonsense"],
)
@guards(
    "plugins/plugin_utils/_account_merge.py",
    "    try:\n        check_audit(result)\n    except OptionError as error:\n",
    "    try:\n        pass\n    except OptionError as error:\n",
)
@guards("plugins/plugin_utils/_account_merge.py", '            errors.append(_with_host(host, failure, "msg"))\n', "")
def test_a_host_without_a_complete_audit_is_an_error(result: Any, error: dict[str, Any]) -> None:
    audited = {"production": of(0)}
    for given_audits in [{**audited, "sales": result}] + ([audited] if result is None else []):
        merged = merge_audits(given_audits, ["sales", "production"])
        assert merged["outcome"] == "incomplete" and merged["complete"] is False
        assert merged["errors"] == [{"host": "sales", **error, "msg": f"sales: {error['msg']}"}]
        assert merged["summary"]["accounts"] == 1 and "production" in {
            entry["host"] for entry in merged["organizations"]
        }


def test_errors_of_an_audit_have_its_host() -> None:
    merged = audits.merged()
    assert [(error["host"], error["organization_id"]) for error in merged["errors"]] == [
        ("<b>legal</b>\u202e::error::", None),
        ("archive", ORGANIZATIONS[2].id),
    ]
    assert merged["errors"][0]["msg"] == "<b>legal</b>?::error::: AssumeRole: AccessDenied: ::error::"
    assert merged["summary"]["accounts"] == 2 and merged["summary"]["organizations"] == 2


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [({}, "pass"), ({"expires_time": NOW - DAY}, "violations"), ({"date_last_used": None}, "pass")],
)
def test_the_findings_of_one_host_decide_the_outcome(fields: dict[str, Any], outcome: str) -> None:
    assert merge_audits({"a": of(0), "b": of(1, **fields)}, ["a", "b"])["outcome"] == outcome


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "ok"},
        {"outcome": "pass", "complete": False},
        {"errors": [{"msg": "denied", "error_code": "AccessDeniedException", "organization_id": None}]},
        {"findings": audits.mixed()["findings"]},
        {"summary": {}},
    ],
)
def test_an_audit_that_contradicts_itself_never_passes(changes: dict[str, Any]) -> None:
    merged = merge_audits({"a": of(0), "b": {**of(1), **changes}}, ["a", "b"])
    assert merged["outcome"] == "incomplete" and merged["complete"] is False
    assert [error["host"] for error in merged["errors"]] == ["b"]
    assert "its audit cannot be used: audit." in merged["errors"][0]["msg"]


@guards(
    "plugins/plugin_utils/_account_merge.py",
    "PASS if outcomes == {PASS} else VIOLATIONS",
    "PASS",
)
def test_a_pass_and_a_violation_make_a_violation() -> None:
    assert merge_audits({"a": of(0), "b": of(1, expires_time=NOW)}, ["a", "b"])["outcome"] == "violations"


def test_a_merged_audit_is_a_valid_audit() -> None:
    assert check_audit(audits.merged()) == audits.merged()
    again = merge_audits({"all": merge_audits({"a": of(0), "b": of(1)}, ["a", "b"])}, ["all"])
    assert again["outcome"] == "pass" and again["summary"]["accounts"] == 2 and again["summary"]["tokens"] == 2


def test_an_exception_that_mutes_on_one_host_is_used() -> None:
    svc = {"name": "svc-archive", "expires_time": None}
    alone, other = of(0), of(1, **svc)
    assert POLICY["exceptions"][0]["reason"] in {entry["reason"] for entry in alone["exceptions"]["unused"]}
    merged = merge_audits({"a": alone, "b": other}, ["a", "b"])
    assert [entry["reason"] for entry in merged["exceptions"]["unused"]] == ["TICKET-3"]


@guards("plugins/plugin_utils/_account_merge.py", " or _duplicate(result, seen)", "")
def test_an_organization_of_two_hosts_is_an_error_and_counted_once() -> None:
    one = of(0, expires_time=NOW - DAY)
    merged = merge_audits({"b": one, "a": one, "c": of(1)}, ["a", "b", "c"])
    assert merged["outcome"] == "incomplete" and merged["summary"]["tokens"] == 2 and len(merged["findings"]) == 1
    [error] = merged["errors"]
    assert (error["host"], error["error_code"]) == ("b", "DuplicateAccountException")
    assert "a also read its organization acme" in error["msg"]


@guards("plugins/plugin_utils/_account_merge.py", 'if account["id"] is not None and', "if False and")
def test_an_account_of_two_hosts_is_an_error() -> None:
    """Even if they have read different regions, and so share no organization."""

    def part(number: int, account_id: str | None, state: str | None = None) -> dict[str, Any]:
        return {**of(number), "accounts": [{**audits.account(1, 1, account_id), "state": state}]}

    merged = merge_audits({"a": part(0, "111111111111"), "b": part(1, "111111111111", "ACTIVE")}, ["a", "b"])
    [error] = merged["errors"]
    assert (error["host"], error["error_code"]) == ("b", "DuplicateAccountException")
    assert "a also read its account 111111111111" in error["msg"] and merged["outcome"] == "incomplete"
    for other in (part(1, "222222222222"), part(1, None)):
        assert merge_audits({"a": part(0, "111111111111"), "b": other}, ["a", "b"])["complete"] is True
    assert merge_audits({"a": part(0, None), "b": part(1, None)}, ["a", "b"])["complete"] is True


@guards("plugins/plugin_utils/_account_merge.py", ' and Account(account["id"], state=account["state"]).readable', "")
def test_a_suspended_account_may_be_listed_by_two_hosts() -> None:
    suspended = {**audits.account(None, None, "333333333333"), "state": "SUSPENDED"}
    parts = {
        host: {**of(number), "accounts": [audits.account(1, 1, f"{number}" * 12), suspended]}
        for number, host in enumerate("ab")
    }
    merged = merge_audits(parts, ["a", "b"])
    assert merged["complete"] is True and merged["summary"]["accounts"] == 2
    assert [(entry["host"], entry["id"]) for entry in merged["accounts"]] == [
        ("a", "000000000000"),
        ("b", "111111111111"),
        ("a", "333333333333"),
        ("b", "333333333333"),
    ]


@pytest.mark.parametrize(
    ("given_audits", "hosts", "message"),
    [
        ([], ["a"], "audits: expected the results of audits by host"),
        ({"a": of(0)}, None, "hosts: expected a list of at least one host, got None"),
        ({}, [], "hosts: expected a list of at least one host"),
        ({"a": of(0)}, "a", "hosts: expected a list"),
        ({"a": of(0)}, ["a", 7], "hosts: expected the name of a host, got 7"),
        ({"a": of(0)}, ["a", " "], "hosts: expected the name of a host"),
        ({"a": of(0), "b": of(1)}, ["a"], "audits: 'b' is not one of the hosts"),
        ({"a": "done"}, ["a"], "audits: expected the result of an audit, got 'done'"),
        ({"a": of(0), "b": {**of(1), "as_of": "2026-01-01T00:00:00+00:00"}}, ["a", "b"], "a and b.*different instants"),
        (
            {"a": of(0), "b": audit_of([], {**POLICY, "fail_on": "low"}, organizations=[])},
            ["a", "b"],
            "audits: a and b were judged by different policies",
        ),
    ],
)
@guards(
    "plugins/plugin_utils/_account_merge.py",
    "    if not isinstance(hosts, (list, tuple)) or not hosts:\n",
    "    if not isinstance(hosts, (list, tuple)):\n",
)
@guards("plugins/plugin_utils/_account_merge.py", "            if result[key] != first[key]:")
def test_audits_that_cannot_be_merged_are_refused(given_audits: Any, hosts: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        merge_audits(given_audits, hosts)


def test_a_merge_without_any_audit_is_an_error() -> None:
    names = [f"a{number}" for number in range(5)]
    with pytest.raises(PatrolError) as caught:
        merge_audits({"a0": FAILED}, names)
    assert caught.value.error_code == "HostNotAuditedException"
    assert str(caught.value).startswith("none of the 5 hosts could be audited: a0: AssumeRole: denied; a1: it was not")
    assert str(caught.value).endswith("; and 2 more")
