# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revocation: nothing goes that was not to go, and what is told of it is true."""

from __future__ import annotations

import copy
import datetime
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from condition_oracle import documents, oracle
from connecting import REGION, connect, connect_and_break
from estate import ACME, ANA, BEN, ESTATE, GLOBEX, INITECH
from guarding import guards
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_oracle import naive, policies
from revocations import AS_OF, DELETE, EVERY, EXPIRED, GET, asked, change_token, held, ids
from token_strategies import NOW, tokens
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._audit.run import gather_audit
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import current_instant, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner, Token, to_record
from ansible_collections.patrol.workmail.plugins.module_utils._revoke import journal, starter
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.by_policy import revoke_by_policy, revoke_tokens
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan_file import digest_of

ALL = {"acme", "globex"}
WIDE = {"max_tokens": 1000, "max_percent": 100}
CONFIRMED = {"policy": EXPIRED, "as_of": AS_OF, "organizations": ["acme"], "confirm": True, **WIDE}

Run = Callable[..., dict[str, Any]]


def hold_against_the_emulator(emulator: Emulator, before: set[str], result: dict[str, Any]) -> None:
    """What is said to be gone is gone, and all else is there, but for what is said not to be known."""
    gone = before - held(emulator)
    revoked = set(ids(result["revoked"]))
    assert revoked <= gone <= revoked | set(result["absent"]) | set(result["unconfirmed"])
    assert result["changed"] is bool(revoked)


@pytest.fixture
def waits() -> list[float]:
    """How long was waited."""
    return []


@pytest.fixture
def revoke(emulator: Emulator, aws: pytest.MonkeyPatch, waits: list[float]) -> Run:
    """Revokes tokens of acme by id; a failure is in C(msg) and C(error_code)."""

    def call(*token_ids: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        before = held(emulator)
        options = {"organization": ACME, "personal_access_token_ids": list(token_ids), **options}
        try:
            result = revoke_tokens(options, connect(), check_mode, waits.append)
        except PatrolError as error:
            result = {**error.details, **error.as_result()}
        if "revoked" not in result or check_mode:
            assert held(emulator) == before and not asked(emulator)
        else:
            hold_against_the_emulator(emulator, before, result)
            assert set(asked(emulator)) <= set(token_ids)
        return result

    return call


@guards(
    "plugins/module_utils/_revoke/deletion.py",
    "        if summary is None:\n            token",
    ('        summary = summary or {"PersonalAccessTokenId": token_id}\n        if False:\n            token'),
)
def test_tokens_are_revoked_and_the_rest_is_left(revoke: Run, emulator: Emulator) -> None:
    result = revoke("pat-3", "pat-1", "pat-none", "pat-3")
    assert ids(result["revoked"]) == ["pat-3", "pat-1"] and result["absent"] == ["pat-none"]
    assert result["changed"] and not result["not_revoked"] and not result["unconfirmed"]
    [record] = [token for token in result["revoked"] if token["personal_access_token_id"] == "pat-1"]
    assert record["date_last_used"] == "2026-01-20T00:00:00.500000+00:00" and record["expired"] is True
    assert held(emulator) == {"pat-2", "pat-4", "pat-5", "pat-6"}
    again = revoke("pat-3", "pat-1", "pat-none")
    assert not again["changed"] and again["absent"] == ["pat-3", "pat-1", "pat-none"]
    # Each was read before, and a token that is not there is not asked to be deleted.
    assert asked(emulator) == ["pat-3", "pat-1"]


@guards(
    "plugins/module_utils/_revoke/deletion.py",
    ("        if self._dry:\n            self._revoked.append(token)\n            return\n"),
    "",
)
def test_check_mode_predicts(revoke: Run, emulator: Emulator) -> None:
    predicted = revoke("pat-1", "pat-2", "pat-none", check_mode=True, only_if={"expired": True}, as_of=AS_OF)
    assert predicted == revoke("pat-1", "pat-2", "pat-none", only_if={"expired": True}, as_of=AS_OF)
    assert ids(predicted["revoked"]) == ["pat-1"] and predicted["changed"]


def test_only_if_sees_owners(revoke: Run) -> None:
    result = revoke("pat-1", "pat-4", "pat-5", only_if={"owner_state": ["DISABLED", "UNKNOWN"]})
    assert ids(result["revoked"]) == ["pat-4", "pat-5"]
    assert [(entry["token"]["personal_access_token_id"], entry["reason"]) for entry in result["not_revoked"]] == [
        ("pat-1", "it does not match only_if")
    ]
    assert [record["owner"]["state"] for record in result["revoked"]] == ["DISABLED", "UNKNOWN"]


@guards("plugins/module_utils/_revoke/deletion.py", "        why = reason(token)\n", "        why = None\n")
def test_a_token_used_meanwhile_is_left(revoke: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-4", times=1))
    result = revoke("pat-3", "pat-4", "pat-5", only_if={"unused_for": "90d"}, as_of="2026-06-01T00:00:00Z")
    assert ids(result["revoked"]) == ["pat-3", "pat-5"]
    assert ids([entry["token"] for entry in result["not_revoked"]]) == ["pat-4"]


def test_a_token_deleted_meanwhile(revoke: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("deleted_meanwhile", operation=GET, personal_access_token_id="pat-1", times=1))
    emulator.faults.add(Fault("deleted_meanwhile", operation=DELETE, personal_access_token_id="pat-2", times=1))
    result = revoke("pat-1", "pat-2", "pat-3")
    assert result["absent"] == ["pat-1"] and ids(result["revoked"]) == ["pat-2", "pat-3"]


def test_an_alias_does_as_well(revoke: Run) -> None:
    assert revoke("pat-1", organization="Acme")["changed"]


@guards(
    "plugins/module_utils/_revoke/deletion.py",
    "if refused is not None and not _may_be_done_yet(refused):",
    "if refused is not None:",
)
@pytest.mark.parametrize(
    ("kind", "details", "code"),
    [
        ("access_denied", {}, "AccessDeniedException"),
        ("throttle", {}, "ThrottlingException"),
        ("internal_error", {}, "InternalServerException"),
        ("reset", {}, "ConnectionClosedError"),
        ("error", {"code": "InvalidParameterException"}, "InvalidParameterException"),
    ],
)
@guards("plugins/module_utils/_domain/errors.py", "        error.details = {**error.details, **result()}\n", "")
def test_a_deletion_that_fails_in_the_middle(
    revoke: Run, emulator: Emulator, waits: list[float], kind: str, details: dict[str, Any], code: str
) -> None:
    emulator.faults.add(Fault(kind, operation=DELETE, personal_access_token_id="pat-2", **details))
    result = revoke("pat-1", "pat-2", "pat-3")
    assert result["error_code"] == code and result["operation"] == DELETE
    # What AWS itself refused is not done. After any other error, it may be done yet.
    refused = kind not in ("internal_error", "reset")
    assert ids(result["revoked"]) == ["pat-1"] and result["changed"]
    assert result["unconfirmed"] == ([] if refused else ["pat-2"])
    assert waits == ([] if refused else [1, 2, 4])
    assert held(emulator) == {"pat-2", "pat-3", "pat-4", "pat-5", "pat-6"}


@pytest.mark.parametrize(
    "kind", ["access_denied", "throttle", "reset", "truncated", "html", "empty_object", "empty_body"]
)
def test_a_reading_that_fails_in_the_middle(revoke: Run, emulator: Emulator, kind: str) -> None:
    emulator.faults.add(Fault(kind, operation=GET, personal_access_token_id="pat-2"))
    result = revoke("pat-1", "pat-2", "pat-3", only_if={"organization": "*"})
    assert result["operation"] == GET and ids(result["revoked"]) == ["pat-1"]
    assert asked(emulator) == ["pat-1"]


@guards("plugins/module_utils/_workmail/operations.py", '            if reply["PersonalAccessTokenId"] != token_id:')
def test_a_reply_about_another_token_is_not_believed(revoke: Run, emulator: Emulator) -> None:
    """A proxy that mixes up replies must not have one token judged by another's expiry."""
    other = json.dumps({"PersonalAccessTokenId": "pat-1", "ExpiresTime": 1.0})
    emulator.faults.add(Fault("body", operation=GET, personal_access_token_id="pat-2", body=other))
    result = revoke("pat-2", only_if={"expired": True})
    assert result["error_code"] == "MalformedResponseException" and not asked(emulator)


@guards("plugins/module_utils/_revoke/deletion.py", "            refused = error\n", "            raise\n")
def test_a_connection_that_breaks_after_the_deletion(emulator: Emulator, aws: pytest.MonkeyPatch) -> None:
    options = {"organization": ACME, "personal_access_token_ids": ["pat-1", "pat-2"]}
    result = revoke_tokens(options, connect_and_break(DELETE))
    assert ids(result["revoked"]) == ["pat-1", "pat-2"] and not result["unconfirmed"]
    assert held(emulator) == {"pat-3", "pat-4", "pat-5", "pat-6"}


@guards(
    "plugins/module_utils/_revoke/deletion.py",
    ("            except PatrolError as error:\n                self._unconfirmed.append(token_id)\n"),
    "            except PatrolError as error:\n",
)
def test_what_cannot_be_read_again_is_not_known(revoke: Run, emulator: Emulator) -> None:
    """The first reading succeeds; from the deletion on, the token cannot be read."""
    emulator.faults.add(Fault("delay", operation=GET, personal_access_token_id="pat-2", seconds=0, times=1))
    emulator.faults.add(Fault("access_denied", operation=GET, personal_access_token_id="pat-2"))
    result = revoke("pat-1", "pat-2", "pat-3")
    assert ids(result["revoked"]) == ["pat-1"] and result["unconfirmed"] == ["pat-2"]
    assert result["error_code"] == "AccessDeniedException"
    assert "pat-3" in held(emulator)


@guards(
    "plugins/module_utils/_revoke/deletion.py",
    "            if left is None:\n",
    "            if left is None or refused is None:\n",
)
def test_the_silence_of_the_deletion_is_not_believed(revoke: Run, emulator: Emulator, waits: list[float]) -> None:
    """Something between answers in the place of the service, and nothing is deleted."""
    emulator.faults.add(Fault("empty_object", operation=DELETE, personal_access_token_id="pat-2"))
    result = revoke("pat-1", "pat-2")
    assert result["error_code"] == "RevocationNotConfirmedException"
    assert ids(result["revoked"]) == ["pat-1"] and result["unconfirmed"] == ["pat-2"]
    assert waits == [1, 2, 4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"personal_access_token_ids": []}, "personal_access_token_ids: expected a list of at least one id, got []"),
        (
            {"personal_access_token_ids": None},
            "personal_access_token_ids: expected a list of at least one id, got None",
        ),
        ({"personal_access_token_ids": ["pat-1", "a b"]}, "personal_access_token_ids: 'a b' is no id of a token"),
        ({"personal_access_token_ids": ["pat-1", ""]}, "personal_access_token_ids: '' is no id of a token"),
        ({"personal_access_token_ids": ["x" * 65]}, "is no id of a token, which is 1 to 64"),
        ({"personal_access_token_ids": [1]}, "personal_access_token_ids: 1 is no id of a token"),
        ({"only_if": {}}, "only_if: expected at least one condition"),
        ({"only_if": {"expird": True}}, "only_if.expird: unknown condition, did you mean expired?"),
        ({"as_of": "tomorrow"}, "as_of: 'tomorrow' is neither an instant"),
        ({"organization": "m-123"}, "organization: 'm-123' is not a valid organization ID"),
        ({"organization": None}, "organization: expected a non-empty string, got None"),
        ({"assume_role_arn": ""}, "assume_role_arn: '' is not like"),
    ],
)
@guards(
    "plugins/module_utils/_revoke/by_policy.py",
    "    if isinstance(value, Mapping) and not value:\n        # An empty",
    "    if False:\n        # An empty",
)
@guards(
    "plugins/module_utils/_revoke/by_policy.py",
    "        if not isinstance(item, str) or not _TOKEN_ID.fullmatch(item):",
)
@guards(
    "plugins/module_utils/_revoke/by_policy.py",
    ' or not items:\n        raise OptionError(f"personal_access',
    ':\n        raise OptionError(f"personal_access',
)
def test_bad_options(revoke: Run, emulator: Emulator, options: dict[str, Any], message: str) -> None:
    assert message in revoke("pat-1", **options)["msg"]
    assert len(emulator.requests) == 0


@pytest.mark.parametrize(
    ("organization", "code"),
    [
        ("acmee", "OrganizationNotFoundException"),
        (INITECH, "OrganizationNotFoundException"),
        ("gone", "OrganizationStateException"),
    ],
)
def test_unknown_organizations(revoke: Run, organization: str, code: str) -> None:
    result = revoke("pat-1", organization=organization)
    assert result["error_code"] == code and result["revoked"] == []


def test_a_time_that_only_if_needs_and_the_service_left_out(revoke: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("missing_field", operation=GET, personal_access_token_id="pat-2", field="DateCreated"))
    result = revoke("pat-1", "pat-2", only_if={"older_than": "1d"})
    assert result["error_code"] == "IndeterminateConditionException" and ids(result["revoked"]) == ["pat-1"]


# --- By policy or by findings -----------------------------------------------------------------------------------------


@pytest.fixture
def by_policy(emulator: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Revokes by policy; holds the result against the emulator, the plan, and the record."""

    def call(check_mode: bool = False, **options: Any) -> dict[str, Any]:
        before = held(emulator)
        emulator.requests.clear()
        options = {"record_dir": str(tmp_path / "records"), "organizations": list(ALL), **options}
        options = {name: value for name, value in options.items() if value is not None}
        try:
            result = revoke_by_policy(options, connect(), check_mode, lambda seconds: None)
        except PatrolError as error:
            result = {**error.details, **error.as_result()}
        if "plan" not in result:
            assert held(emulator) == before and not asked(emulator)
            return result
        assert set(asked(emulator)) <= set(ids([entry["token"] for entry in result["plan"]]))
        if check_mode or not options.get("confirm"):
            assert held(emulator) == before and not asked(emulator)
        else:
            hold_against_the_emulator(emulator, before, result)
        if result["record_file"] is not None:
            hold_against_the_record(result)
        for name in ("plan", "left", "revoked", "not_revoked", "absent", "unconfirmed"):
            assert result["summary"][name] == len(result[name])
        return result

    return call


def lines(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(result["record_file"]).read_text().splitlines()]


def hold_against_the_record(result: dict[str, Any]) -> None:
    """The record says what the result says, in an order in which it can have happened."""
    record = lines(result)
    by_outcome: dict[str, list[str]] = {}
    for line in record:
        if line["personal_access_token_id"] is not None:
            by_outcome.setdefault(line["outcome"], []).append(line["personal_access_token_id"])
    plan = ids([entry["token"] for entry in result["plan"]])
    assert by_outcome.get("planned", []) == plan
    assert by_outcome.get("left", []) == ids([entry["token"] for entry in result["left"]])
    if result["confirm"]:
        assert by_outcome.get("revoked", []) == ids(result["revoked"])
        assert by_outcome.get("not_revoked", []) == ids([entry["token"] for entry in result["not_revoked"]])
        assert by_outcome.get("unconfirmed", []) == result["unconfirmed"]
        assert set(by_outcome.get("absent", [])) <= set(result["absent"])
    assert set(by_outcome.get("revoking", [])) >= set(by_outcome.get("revoked", []))
    assert record[-1]["outcome"] == ("failed" if "error_code" in result else "finished")
    for line in record:
        assert line["confirm"] is result["confirm"] and line["as_of"] == result["as_of"]


@guards("plugins/module_utils/_revoke/by_policy.py", "        if checked.confirm:\n", "        if True:\n")
def test_it_plans_by_default(by_policy: Run, emulator: Emulator) -> None:
    result = by_policy(policy=EXPIRED, as_of=AS_OF, owners=True, **WIDE)
    assert ids([entry["token"] for entry in result["plan"]]) == ["pat-1", "pat-3"]
    assert result["plan"][0]["rule_ids"] == ["expired"] and "ana@acme.example" in result["plan"][0]["message"]
    assert not result["changed"] and result["revoked"] == []
    assert [line["outcome"] for line in lines(result)] == ["started", "planned", "planned", "finished"]
    assert not asked(emulator, GET)


def test_it_revokes_what_it_planned(by_policy: Run, emulator: Emulator) -> None:
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1", "pat-3"] and result["changed"]
    assert result["summary"]["tokens"] == 6 and result["summary"]["organizations"] == 2
    record = lines(result)
    assert [(line["outcome"], line["personal_access_token_id"]) for line in record] == [
        ("started", None),
        ("planned", "pat-1"),
        ("planned", "pat-3"),
        ("revoking", "pat-1"),
        ("revoked", "pat-1"),
        ("revoking", "pat-3"),
        ("revoked", "pat-3"),
        ("finished", None),
    ]
    assert {line["caller"] for line in record} == {"arn:aws:sts::123456789012:user/moto"}
    assert record[3]["rule_ids"] == ["expired"] and record[3]["organization_id"] == ACME
    assert record[3]["user_id"] == ANA and record[3]["name"] == "Token 1" and record[3]["region"] == REGION
    path = Path(result["record_file"])
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    again = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert not again["changed"] and again["plan"] == [] and again["record_file"] != result["record_file"]


def test_check_mode_leaves_no_record(by_policy: Run, tmp_path: Path) -> None:
    result = by_policy(check_mode=True, policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1", "pat-3"] and result["changed"]
    assert result["record_file"] is None and not (tmp_path / "records").exists()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_tokens": 1, "max_percent": 100}, "2 tokens are planned, and max_tokens is 1"),
        ({"max_tokens": 2, "max_percent": 39}, "2 of the 5 tokens of acme are planned, and max_percent is 39"),
        ({}, "2 of the 5 tokens of acme are planned, and max_percent is 10"),
        ({"max_tokens": 2, "max_percent": 40}, None),
    ],
)
@guards(
    "plugins/module_utils/_revoke/by_policy.py",
    "        if over:\n            raise",
    "        if False:\n            raise",
)
@guards("plugins/module_utils/_revoke/plan.py", "            if count * 100 > self.percent * total:")
@guards("plugins/module_utils/_revoke/plan.py", "        if len(planned) > self.tokens:")
def test_limits(by_policy: Run, emulator: Emulator, limits: dict[str, int], message: str | None) -> None:
    for confirm in (False, True):
        result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=confirm, **limits)
        assert ids([entry["token"] for entry in result["plan"]]) == ["pat-1", "pat-3"]
        if message is None:
            assert "error_code" not in result
        else:
            assert result["error_code"] == "RevocationLimitException" and message in result["msg"]
            assert result["revoked"] == [] and len(held(emulator)) == 6


def test_max_tokens_is_for_all_organizations_together(by_policy: Run) -> None:
    assert by_policy(policy=EVERY, max_percent=100, max_tokens=5)["error_code"] == "RevocationLimitException"
    assert "error_code" not in by_policy(policy=EVERY, max_percent=100, max_tokens=6)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({"protected": {"name": "Token 1"}}, {"pat-1": "protected"}),
        ({"protected": {"owner": "ben"}}, {"pat-3": "protected"}),
        ({"protected": {"personal_access_token_id": ["pat-2"]}}, {}),
    ],
)
@guards(
    "plugins/module_utils/_revoke/plan.py",
    "        if self.protected is not None and self.protected.matches(token, self.as_of):",
)
def test_protected(by_policy: Run, options: dict[str, Any], left: dict[str, str]) -> None:
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **options, **WIDE)
    assert {entry["token"]["personal_access_token_id"]: entry["reason"] for entry in result["left"]} == left
    assert set(ids(result["revoked"])) == {"pat-1", "pat-3"} - left.keys()


@guards("plugins/module_utils/_revoke/plan.py", "self.now - token.date_created", "self.as_of - token.date_created")
@guards("plugins/module_utils/_revoke/plan.py", "            if self.now - token.date_created <= self.grace:")
def test_grace(by_policy: Run, emulator: Emulator) -> None:
    tokens_of_ages = [
        {"PersonalAccessTokenId": f"pat-{age}", "UserId": ANA, "DateCreated": f"-{age}h", "ExpiresTime": "-1m"}
        for age in (1, 23, 25, 100)
    ]
    emulator.reset()
    emulator.load(
        {
            "Organizations": [
                {"OrganizationId": ACME, "Alias": "acme", "PersonalAccessTokens": tokens_of_ages},
                {"OrganizationId": GLOBEX, "Alias": "globex"},
            ]
        }
    )
    # The grace counts from now, whatever instant the policy judges.
    result = by_policy(policy=EXPIRED, grace="24h", as_of="+30d", allow_future=True, confirm=True, **WIDE)
    assert set(ids(result["revoked"])) == {"pat-25", "pat-100"}
    assert {entry["reason"] for entry in result["left"]} == {"created within the grace"}


@guards(
    "plugins/module_utils/_revoke/plan.py",
    'return "the service does not say when it was created, and there is a grace"',
    "return None",
)
def test_grace_without_a_creation(by_policy: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("missing_field", operation="ListPersonalAccessTokens", field="DateCreated"))
    result = by_policy(policy=EXPIRED, grace="1s", as_of=AS_OF, confirm=True, **WIDE)
    assert result["revoked"] == [] and len(result["left"]) == 2


@guards(
    "plugins/module_utils/_revoke/plan.py",
    'not finding["muted"] and finding["severity"] in severities',
    'not finding["muted"]',
)
@guards(
    "plugins/module_utils/_revoke/plan.py",
    'not finding["muted"] and finding["severity"] in severities',
    'finding["severity"] in severities',
)
def test_only_violations_are_revoked(by_policy: Run) -> None:
    exception = {"rules": ["expired"], "match": {"name": "Token 1"}, "reason": "TICKET-1", "expires": "2099-12-31"}
    forever = {"id": "forever", "severity": "low", "when": {"has_expiry": False}}
    policy = {"version": 1, "fail_on": "medium", "rules": [*EXPIRED["rules"], forever], "exceptions": [exception]}
    result = by_policy(policy=policy, as_of=AS_OF, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-3"]
    assert {entry["token"]["personal_access_token_id"]: entry["reason"] for entry in result["left"]} == {
        "pat-1": "muted: TICKET-1",
        "pat-4": "its findings are less severe than fail_on",
    }


@pytest.mark.parametrize("kind", ["access_denied", "truncated", "throttle", "empty_next_token"])
@pytest.mark.parametrize("confirm", [False, True])
def test_an_incomplete_sweep_revokes_nothing(by_policy: Run, emulator: Emulator, kind: str, confirm: bool) -> None:
    emulator.faults.add(Fault(kind, operation="ListPersonalAccessTokens", organization_id=GLOBEX))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=confirm, on_error="continue", **WIDE)
    assert result["error_code"] and result["plan"] == [] and len(held(emulator)) == 6


@guards("plugins/module_utils/_revoke/plan.py", "        if gone:")
def test_a_token_that_no_longer_violates_is_left(by_policy: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-4"))
    policy = {"version": 1, "rules": [{"id": "unused", "severity": "low", "when": {"unused_for": "90d"}}]}
    result = by_policy(policy=policy, as_of="2026-06-01T00:00:00Z", confirm=True, **WIDE)
    assert [(entry["token"]["personal_access_token_id"], entry["reason"]) for entry in result["not_revoked"]] == [
        ("pat-4", "no longer found by unused")
    ]
    assert "pat-4" in held(emulator) and len(held(emulator)) == 1


@guards(
    "plugins/module_utils/_revoke/plan.py",
    '(gone)}"\n        return self.guards.reason_to_leave(fresh)',
    '(gone)}"\n        return None',
)
def test_a_token_that_is_protected_meanwhile_is_left(by_policy: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-3"))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, protected={"not": {"unused_for": "1d"}}, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1"]
    assert [entry["reason"] for entry in result["not_revoked"]] == ["protected"]


@pytest.mark.parametrize(
    ("kind", "outcome"), [("access_denied", "failed"), ("throttle", "failed"), ("reset", "unconfirmed")]
)
def test_a_failure_in_the_middle(by_policy: Run, emulator: Emulator, kind: str, outcome: str) -> None:
    emulator.faults.add(Fault(kind, operation=DELETE, personal_access_token_id="pat-3"))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1"] and result["error_code"]
    assert [line["outcome"] for line in lines(result)][-3:] == ["revoking", outcome, "failed"]


def test_a_token_deleted_by_somebody_else(by_policy: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("deleted_meanwhile", operation=GET, personal_access_token_id="pat-1"))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert result["absent"] == ["pat-1"] and ids(result["revoked"]) == ["pat-3"]


@guards("plugins/module_utils/_revoke/deletion.py", '        note("revoking")\n', "")
def test_a_killed_run_leaves_a_true_record(emulator: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process dies as it waits for the reply to a deletion."""

    class Killed(BaseException):
        pass

    def die(request: Any, **event: Any) -> None:
        if b"pat-3" in request.body:
            raise Killed

    connection = connect(lambda client: client.meta.events.register(f"before-send.workmail.{DELETE}", die))

    options = {**CONFIRMED, "record_dir": str(tmp_path)}
    with pytest.raises(Killed):
        revoke_by_policy(options, connection)
    [record] = tmp_path.iterdir()
    told = [json.loads(line) for line in record.read_text().splitlines()]
    assert [(line["outcome"], line["personal_access_token_id"]) for line in told][-3:] == [
        ("revoking", "pat-1"),
        ("revoked", "pat-1"),
        ("revoking", "pat-3"),
    ]
    assert held(emulator) == {"pat-2", "pat-3", "pat-4", "pat-5", "pat-6"}


@pytest.mark.parametrize("place", ["file", "file/records", "/proc/records"])
@guards(
    "plugins/module_utils/_revoke/journal.py",
    ("            raise RecordError(error) from error\n\n    def note"),
    ("            pass\n\n    def note"),
)
def test_nothing_is_revoked_without_a_record(by_policy: Run, emulator: Emulator, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, record_dir=str(tmp_path / place), **WIDE)
    assert result["error_code"] == "RecordException" and "record_dir: the record cannot be written" in result["msg"]
    assert len(emulator.requests) == 0


@guards(
    "plugins/module_utils/_revoke/journal.py",
    ("        except OSError as error:\n            raise RecordError(error) from error\n\n    def write_plan"),
    ("        except OSError:\n            pass\n\n    def write_plan"),
)
def test_a_record_that_can_no_longer_be_written_ends_it(
    emulator: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The disk is full once the plan is written."""
    options = {**CONFIRMED, "record_dir": str(tmp_path)}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        aws.setattr(journal, "_new_file", lambda directory: (directory, full))
        with pytest.raises(PatrolError, match="record cannot be written") as caught:
            revoke_by_policy(options, connect())
    assert caught.value.error_code == "RecordException" and not asked(emulator)


def findings_of(policy: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    audited = gather_audit({"policy": policy, "organizations": list(ALL), **options}, connect())
    findings: list[dict[str, Any]] = json.loads(json.dumps(audited["findings"]))
    return findings


def test_findings_in_hand(by_policy: Run, emulator: Emulator) -> None:
    findings = findings_of(EXPIRED, as_of=AS_OF, owners=True)
    result = by_policy(findings=findings, organizations=None, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-1", "pat-3"]
    # The percentage is of all tokens of the organization, and only the organizations of the findings are read.
    assert result["summary"]["tokens"] == 5
    again = by_policy(findings=findings, organizations=None, confirm=True, **WIDE)
    assert again["absent"] == ["pat-1", "pat-3"] and not again["changed"] and again["plan"] == []


def test_the_limit_of_findings_is_of_all_tokens(by_policy: Run) -> None:
    findings = findings_of(EXPIRED, as_of=AS_OF)
    result = by_policy(findings=findings, organizations=None, confirm=True, max_percent=39)
    assert "2 of the 5 tokens of acme" in result["msg"]


def test_muted_findings_are_left(by_policy: Run) -> None:
    exception = {"rules": ["expired"], "match": {"name": "Token 1"}, "reason": "TICKET-1", "expires": "2099-12-31"}
    findings = findings_of({**EXPIRED, "exceptions": [exception]}, as_of=AS_OF)
    result = by_policy(findings=findings, organizations=None, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-3"]
    assert [entry["reason"] for entry in result["left"]] == ["muted: TICKET-1"]


def test_a_connection_that_breaks_before_the_deletion(by_policy: Run, emulator: Emulator, tmp_path: Path) -> None:
    """The service may delete the token a moment later, so that it is not reported as merely planned."""
    emulator.faults.add(Fault("reset", operation=DELETE, personal_access_token_id="pat-3"))
    result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert result["unconfirmed"] == ["pat-3"] and "it is not known whether it is gone: pat-3" in result["lines"]
    assert not any("not reached" in line for line in result["lines"])


def test_findings_of_the_future_revoke_only_if_it_is_allowed(by_policy: Run, emulator: Emulator) -> None:
    future = findings_of(EXPIRED, as_of="2100-01-01T00:00:00Z")
    for confirm in (False, True):
        result = by_policy(findings=future, organizations=None, confirm=confirm, **WIDE)
        assert "in the future" in result["msg"] and not emulator.requests
    allowed = by_policy(findings=future, organizations=None, allow_future=True, **WIDE)
    assert len(allowed["plan"]) == len(future) > 2


def test_a_plan_is_carried_out_once_at_a_time(by_policy: Run, emulator: Emulator, tmp_path: Path) -> None:
    path = plan_of(by_policy)
    with journal.RevocationJournal(str(tmp_path / "elsewhere"), {}, path):
        result = by_policy(plan_file=path, organizations=None, confirm=True, record_dir=str(tmp_path / "own"))
    assert result["error_code"] == "RevocationLockedException" and len(held(emulator)) == 6


@pytest.mark.parametrize("when", ["ListPersonalAccessTokens", GET])
@guards(
    "plugins/module_utils/_revoke/plan.py",
    "return _difference(entry.token, fresh) or self.guards",
    "return self.guards",
)
@guards(
    "plugins/module_utils/_revoke/plan.py",
    "            reason = _difference(found[entry.token.key], entry.token)\n",
    "            reason = None\n",
)
def test_a_token_that_changed_since_it_was_found_is_left(by_policy: Run, emulator: Emulator, when: str) -> None:
    findings = findings_of(EXPIRED, as_of=AS_OF)
    if when == GET:
        emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-1"))
    else:
        findings[0]["token"]["date_last_used"] = "2026-01-19T00:00:00+00:00"
    result = by_policy(findings=findings, organizations=None, confirm=True, **WIDE)
    assert ids(result["revoked"]) == ["pat-3"]
    assert [entry["reason"] for entry in result["left"] + result["not_revoked"]] == [
        "it has changed since it was found"
    ]


@guards(
    "plugins/module_utils/_revoke/by_policy.py", "        if not _nothing_to_read(checked):\n", "        if True:\n"
)
def test_no_findings_is_nothing_to_do(by_policy: Run, emulator: Emulator) -> None:
    result = by_policy(findings=[], organizations=None, confirm=True)
    assert result["plan"] == [] and not result["changed"]
    assert [entry.operation for entry in emulator.requests] == ["GetCallerIdentity"]


FINDING = {
    "rule_id": "a",
    "severity": "low",
    "revoke": True,
    "description": "a",
    "message": "a",
    "muted": False,
    "exception": None,
}
RECORD = to_record(Token(ACME, "acme", REGION, "pat-1", ANA, "Token 1", NOW, None, None, None), NOW)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": None}, "policy: expected a mapping, got None"),
        ({"policy": {"version": 1, "rules": [{"id": "a"}]}}, "rules[0]: severity is missing"),
        ({"max_tokens": 0}, "max_tokens: 0 is out of range; expected 1 or more"),
        ({"max_percent": 101}, "max_percent: 101 is out of range; expected 1 to 100"),
        ({"protected": {}}, "protected: expected at least one condition"),
        ({"protected": {"nme": "x"}}, "protected.nme: unknown condition, did you mean name?"),
        ({"grace": ""}, "grace: '' is not a duration"),
        ({"grace": "7"}, "grace: '7' is not a duration"),
        ({"record_dir": " "}, "record_dir: expected the path of a directory, got ' '"),
        ({"organizations": [""]}, "organizations: expected non-empty strings, got ''"),
        ({"findings": {"findings": []}}, "findings: expected a list of findings of an audit"),
        ({"findings": ["pat-1"]}, "findings[0]: expected a finding of an audit, got 'pat-1'"),
        ({"findings": [{"token": RECORD}]}, "findings[0]: not a finding of an audit, it lacks rule_id"),
        ({"findings": [{**FINDING, "token": {}}]}, "findings[0].token: not a record of a personal access token"),
        ({"findings": [{**FINDING, "muted": "no", "token": RECORD}]}, "findings[0].muted: expected true or false"),
        ({"findings": [{**FINDING, "severity": "hi", "token": RECORD}]}, "findings[0].severity: 'hi' is not one of"),
        (
            {"findings": [{**FINDING, "token": {**RECORD, "organization_id": None}}]},
            "findings[0].token.organization_id: expected text, got None",
        ),
        ({"findings": [{**FINDING, "token": RECORD}]}, "organizations: findings say where they are"),
    ],
)
@guards("plugins/module_utils/_revoke/by_policy.py", "            if wanted[option] and saved is None:")
def test_bad_options_of_a_policy(by_policy: Run, emulator: Emulator, options: dict[str, Any], message: str) -> None:
    given_options = {"confirm": True, **({} if "findings" in options else {"policy": EXPIRED}), **options}
    assert message in by_policy(**given_options)["msg"]
    assert len(emulator.requests) == 0


# --- With a plan that was reviewed ------------------------------------------------------------------------------------


def plan_of(by_policy: Run, **options: Any) -> str:
    """The file of a plan, which the run that made it left alone."""
    made = by_policy(**{"policy": EXPIRED, "as_of": AS_OF, "organizations": ["acme"], **WIDE, **options})
    assert "error_code" not in made and not made["changed"], made.get("msg")
    return str(made["plan_file"])


def test_a_plan_is_written_and_carried_out(by_policy: Run, emulator: Emulator, tmp_path: Path) -> None:
    made = by_policy(policy=EXPIRED, as_of=AS_OF, organizations=["acme"], owners=True, **WIDE)
    path = Path(made["plan_file"])
    assert path.parent == tmp_path / "records" and re.fullmatch(r"plan-\d{8}T\d{6}Z\.json", path.name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert made["lines"][-1] == made["command"]
    assert made["command"] == f"ansible-playbook patrol.workmail.revoke -e revoke_plan={path} -e revoke_confirm=true"
    assert lines(made)[-1]["plan_file"] == str(path)
    plan = json.loads(path.read_text())
    assert ids([entry["token"] for entry in plan["tokens"]]) == ["pat-1", "pat-3"]
    assert plan["policy_digest"].startswith("sha256:") and plan["limits"] == {"max_tokens": 1000, "max_percent": 100}
    looked_at = by_policy(plan_file=str(path), organizations=None, record_dir=None)
    assert not looked_at["changed"] and looked_at["plan_file"] == str(path) and looked_at["command"] == made["command"]
    done = by_policy(plan_file=str(path), organizations=None, record_dir=None, confirm=True)
    assert ids(done["revoked"]) == ["pat-1", "pat-3"] and done["command"] is None
    assert Path(done["record_file"]).parent == path.parent and lines(done)[0]["plan_file"] == str(path)
    assert len(list(path.parent.glob("plan-*.json"))) == 1
    again = by_policy(plan_file=str(path), organizations=None, record_dir=None, confirm=True)
    assert again["absent"] == ["pat-1", "pat-3"] and not again["changed"] and "error_code" not in again


@guards("plugins/module_utils/_revoke/by_policy.py", "        if checked.saved is None:", "        if True:")
def test_only_tokens_of_the_plan_are_revoked(by_policy: Run, emulator: Emulator) -> None:
    """A token that expires between the plan and its execution is in no plan that anybody has seen."""
    path = plan_of(by_policy, as_of="2026-02-02T00:00:00Z")
    result = by_policy(plan_file=path, organizations=None, confirm=True)
    assert ids(result["revoked"]) == ["pat-1"] and held(emulator) == {"pat-2", "pat-3", "pat-4", "pat-5", "pat-6"}
    assert ids([entry["token"] for entry in result["not_in_plan"]]) == ["pat-3"]
    assert any(line.startswith("not in the plan: expired: acme, token pat-3") for line in result["lines"])
    assert [line["personal_access_token_id"] for line in lines(result) if line["outcome"] == "not_in_plan"] == ["pat-3"]


@pytest.mark.parametrize("when", ["sweep", "deletion"])
def test_what_the_plan_says_has_to_hold(by_policy: Run, emulator: Emulator, when: str) -> None:
    policy = {"version": 1, "rules": [{"id": "unused", "severity": "low", "when": {"unused_for": "90d"}}]}
    path = plan_of(by_policy, policy=policy, as_of="2026-06-01T00:00:00Z")
    if when == "sweep":
        change_token(emulator, "pat-4", DateLastUsed=format_instant(current_instant()))
    else:
        emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-4"))
    result = by_policy(plan_file=path, organizations=None, confirm=True)
    reasons = [entry["reason"] for entry in result["left"] + result["not_revoked"]]
    assert reasons == ["no longer found by unused"] and held(emulator) == {"pat-4", "pat-6"}


def change_user(emulator: Emulator, user_id: str, **fields: Any) -> None:
    """Change a user, as an administrator may."""
    seed = copy.deepcopy(ESTATE)
    for organization in seed["Organizations"]:
        for each in organization.get("Users", []):
            if each["Id"] == user_id:
                each.pop("DisabledDate", None)
                each.update(fields)
    emulator.reset()
    emulator.load(seed)


ORPHANED = {"version": 1, "rules": [{"id": "orphaned", "severity": "high", "when": {"owner_state": "DISABLED"}}]}


@pytest.mark.parametrize("how", ["plan", "findings", "plan of findings"])
def test_an_owner_who_was_enabled_since_keeps_the_tokens(by_policy: Run, emulator: Emulator, how: str) -> None:
    options: dict[str, Any] = {"organizations": None, "confirm": True}
    findings = findings_of(ORPHANED)
    assert ids([finding["token"] for finding in findings]) == ["pat-3", "pat-4"]
    if how == "plan":
        options["plan_file"] = plan_of(by_policy, policy=ORPHANED)
    elif how == "findings":
        options.update(findings=findings, **WIDE)
    else:
        options["plan_file"] = plan_of(by_policy, policy=None, findings=findings, organizations=None)
    change_user(emulator, BEN, State="ENABLED")
    result = by_policy(**options)
    assert not result["changed"] and len(held(emulator)) == 6
    reason = "no longer found by orphaned" if how == "plan" else "its owner has changed since it was found"
    assert [entry["reason"] for entry in result["left"]] == [reason] * 2


@guards(
    "plugins/module_utils/_revoke/by_policy.py",
    "            return read_owner(client, planned.token.organization_id, user_id, listed)\n",
    "            return listed or Owner(user_id)\n",
)
@pytest.mark.parametrize("how", ["policy", "findings"])
def test_the_owner_is_read_again_just_before_the_deletion(
    emulator: Emulator, aws: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """The owner is enabled between the listing of the users and the first deletion."""

    def enable(**event: Any) -> None:
        change_user(emulator, BEN, State="ENABLED")

    connection = connect(lambda client: client.meta.events.register(f"before-send.workmail.{GET}", enable))

    options = {"confirm": True, "record_dir": str(tmp_path), **WIDE}
    options.update({"policy": ORPHANED} if how == "policy" else {"findings": findings_of(ORPHANED)})
    result = revoke_by_policy(options, connection)
    assert len(result["plan"]) == 2 and len(result["not_revoked"]) == 2 and len(held(emulator)) == 6


@pytest.mark.parametrize("protected", [None, {"owner": "ana"}])
def test_a_token_that_another_user_has_now_is_left(
    by_policy: Run, emulator: Emulator, protected: dict[str, Any] | None
) -> None:
    path = plan_of(by_policy, protected=protected)
    change_token(emulator, "pat-3", UserId=ANA)
    result = by_policy(plan_file=path, organizations=None, confirm=True)
    assert "pat-3" in held(emulator)
    assert [entry["reason"] for entry in result["left"] if entry["token"]["personal_access_token_id"] == "pat-3"] == [
        "it belongs to another user now"
    ]


def test_only_if_reads_each_owner(revoke: Run, emulator: Emulator) -> None:
    revoke("pat-1", "pat-4", only_if={"owner_state": "DISABLED"})
    operations = [entry.operation for entry in emulator.requests if entry.operation in ("DescribeUser", "ListUsers")]
    assert operations == ["DescribeUser"] * 2 and "pat-4" not in held(emulator)
    emulator.requests.clear()
    emulator.faults.add(Fault("access_denied", operation="DescribeUser"))
    assert revoke("pat-3", only_if={"owner_state": "DISABLED"})["operation"] == "DescribeUser"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": EVERY}, "policy: it is not what the plan was made from, its digest differs from sha256:"),
        ({"findings": []}, "findings: it is not what the plan was made from"),
        ({"protected": {"name": "x"}}, "protected: {'name': 'x'} is not what the plan was made with, None"),
        ({"grace": "1d"}, "grace: '1d' is not what the plan was made with, None"),
        ({"as_of": "2026-02-05T00:00:00Z"}, "as_of: '2026-02-05T00:00:00Z' is not what the plan was made with"),
        ({"max_tokens": 5}, "max_tokens: 5 is not what the plan was made with, 1000"),
        ({"organizations": ["globex"]}, "organizations: ['globex'] is not what the plan was made with, ['acme']"),
        ({"plan_file": "/nowhere/plan.json"}, "plan_file: /nowhere/plan.json: cannot be read: No such file"),
        ({"policy": EXPIRED, "as_of": AS_OF, "organizations": ["acme"], **WIDE, "regions": []}, None),
    ],
)
def test_what_is_given_again_has_to_be_that_of_the_plan(
    by_policy: Run, emulator: Emulator, options: dict[str, Any], message: str | None
) -> None:
    path = plan_of(by_policy)
    result = by_policy(**{"plan_file": path, "organizations": None, "confirm": True, **options})
    if message is None:
        assert ids(result["revoked"]) == ["pat-1", "pat-3"]
    else:
        assert message in result["msg"] and result["error_code"] == "InvalidOptionException"
        assert len(emulator.requests) == 0 and len(held(emulator)) == 6


@guards("plugins/module_utils/_revoke/by_policy.py", "    if account != saved.account:")
def test_a_plan_of_another_account_is_refused(by_policy: Run, emulator: Emulator) -> None:
    path = Path(plan_of(by_policy))
    plan = json.loads(path.read_text())
    plan["caller"] = plan["caller"].replace("123456789012", "210987654321")
    del plan["digest"]
    path.write_text(json.dumps({**plan, "digest": digest_of(plan)}))
    result = by_policy(plan_file=str(path), organizations=None, confirm=True)
    assert "is for account 210987654321, and these credentials are of account 123456789012" in result["msg"]
    assert not asked(emulator)


@guards(
    "plugins/module_utils/_revoke/by_policy.py",
    '    if options.get("organizations") is not None and not options["organizations"]:',
)
def test_an_empty_list_of_organizations_is_not_every_organization(by_policy: Run, emulator: Emulator) -> None:
    result = by_policy(policy=EXPIRED, as_of=AS_OF, organizations=[], confirm=True, **WIDE)
    assert "organizations: the list is empty; expected at least one organization" in result["msg"]
    assert len(emulator.requests) == 0


@guards("plugins/module_utils/_revoke/by_policy.py", '    if as_of > now and not options.get("allow_future"):')
def test_the_future_revokes_only_if_it_is_allowed(by_policy: Run, revoke: Run, emulator: Emulator) -> None:
    future = {"as_of": "+36500d", "organizations": ["acme"], **WIDE}
    refused = by_policy(policy=EXPIRED, confirm=True, **future)
    assert "is in the future" in refused["msg"] and "allow_future" in refused["msg"] and len(emulator.requests) == 0
    path = plan_of(by_policy, as_of="+36500d")
    assert "is in the future" in by_policy(plan_file=path, organizations=None, confirm=True)["msg"]
    assert "is in the future" in revoke("pat-2", only_if={"expired": True}, as_of="+36500d")["msg"]
    done = by_policy(plan_file=path, organizations=None, confirm=True, allow_future=True)
    assert ids(done["revoked"]) == ["pat-1", "pat-2", "pat-3", "pat-5"]


@guards("plugins/module_utils/_revoke/deletion.py", "        if self.starter.gone():")
def test_a_run_whose_starter_has_ended_deletes_nothing_more(by_policy: Run, emulator: Emulator) -> None:
    parent = os.getppid()
    answers = iter([parent, parent])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(starter.os, "getppid", lambda: next(answers, 1))
        result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert result["error_code"] == "AbandonedRunException" and ids(result["revoked"]) == ["pat-1"]
    assert asked(emulator) == ["pat-1"] and lines(result)[-1]["outcome"] == "failed"


def test_two_runs_at_once(by_policy: Run, emulator: Emulator, tmp_path: Path) -> None:
    with journal.RevocationJournal(str(tmp_path / "records"), {}):
        result = by_policy(policy=EXPIRED, as_of=AS_OF, confirm=True, **WIDE)
    assert result["error_code"] == "RevocationLockedException" and len(emulator.requests) == 0


def test_a_policy_that_only_reports_is_refused(by_policy: Run, emulator: Emulator) -> None:
    reports = {"version": 1, "rules": [{**EXPIRED["rules"][0], "revoke": False}]}
    for options in ({"policy": reports}, {"findings": findings_of(reports), "organizations": None}):
        result = by_policy(**options, confirm=True, **WIDE)
        assert "revoke: false" in result["msg"] and not emulator.requests


@st.composite
def populations(draw: st.DrawFn) -> list[Token]:
    """Tokens with IDs and owners of their own, and with everything that a condition can need."""
    population = []
    for number, token in enumerate(draw(st.lists(tokens, max_size=8))):
        user_id = f"user-{number}"
        owner = token.owner
        if owner is None or owner.state not in ("ENABLED", "DISABLED", "DELETED"):
            owner = Owner(user_id)
        population.append(
            token._replace(
                organization_alias="acme",
                personal_access_token_id=f"pat-{number}",
                user_id=user_id,
                scopes=token.scopes or [],
                owner=owner._replace(user_id=user_id),
                other=None,
            )
        )
    return population


def seed_of(population: list[Token]) -> dict[str, Any]:
    def known(**fields: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if value is not None}

    return {
        "Organizations": [
            {
                "OrganizationId": ACME,
                "Alias": "acme",
                "Users": [
                    known(
                        Id=token.user_id,
                        Name=token.owner.name,
                        Email=token.owner.email,
                        State=token.owner.state,
                        DisabledDate=format_instant(token.owner.disabled_date),
                        IdentityProviderUserId=token.owner.identity_provider_user_id,
                    )
                    for token in population
                    if token.owner is not None and token.owner.state != "UNKNOWN"
                ],
                "PersonalAccessTokens": [
                    known(
                        PersonalAccessTokenId=token.personal_access_token_id,
                        UserId=token.user_id,
                        Name=token.name,
                        DateCreated=format_instant(token.date_created),
                        DateLastUsed=format_instant(token.date_last_used),
                        ExpiresTime=format_instant(token.expires_time),
                        Scopes=token.scopes,
                    )
                    for token in population
                ],
            },
            {"OrganizationId": GLOBEX, "Alias": "globex"},
        ]
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    policy=policies(),
    population=populations(),
    protected=st.none() | documents.filter(bool),
    grace=st.none() | st.integers(1, 400),
    max_tokens=st.integers(1, 6),
    max_percent=st.sampled_from([25, 50, 100]),
    confirm=st.booleans(),
)
def test_exactly_what_is_to_go_goes(
    by_policy: Run,
    emulator: Emulator,
    policy: dict[str, Any],
    population: list[Token],
    protected: dict[str, Any] | None,
    grace: int | None,
    max_tokens: int,
    max_percent: int,
    confirm: bool,
) -> None:
    """For any population and policy the tokens that are left are those that an independent judgement leaves."""
    emulator.reset()
    emulator.load(seed_of(population))
    now = current_instant() / 1_000_000
    ranks = ["low", "medium", "high", "critical"]
    moment = _moment(NOW)
    doomed = {
        record["personal_access_token_id"]
        for _rule, severity, muting, record in naive(policy, population, True)["findings"]
        if muting is None
        and ranks.index(severity) >= ranks.index(policy.get("fail_on", "low"))
        and (protected is None or not oracle(protected, record, moment))
        and (grace is None or now - _moment_of(record["date_created"]) > grace * 86_400)
    }
    over = len(doomed) > max_tokens or len(doomed) * 100 > max_percent * len(population)
    result = by_policy(
        policy=policy,
        as_of=format_instant(NOW),
        protected=protected,
        grace=None if grace is None else f"{grace}d",
        max_tokens=max_tokens,
        max_percent=max_percent,
        confirm=confirm,
        allow_future=True,
        organizations=["acme"],
    )
    if not any(ranks.index(rule["severity"]) >= ranks.index(policy.get("fail_on", "low")) for rule in policy["rules"]):
        assert "policy: none of its rules can revoke a token" in result["msg"]
        return
    everything = {token.personal_access_token_id for token in population}
    assert set(ids([entry["token"] for entry in result["plan"]])) == doomed
    assert result.get("error_code") == ("RevocationLimitException" if over else None)
    assert held(emulator) == everything - (doomed if confirm and not over else set())


def _moment(instant: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(instant / 1_000_000, datetime.UTC)


def _moment_of(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
