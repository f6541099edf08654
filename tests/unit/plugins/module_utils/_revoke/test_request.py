# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the module workmail_pat_revoke, which are checked before any call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from estate import ACME, ANA
from guarding import guards
from plans import findings_of, rule, selection, token
from revocations import AS_OF, EVERY, EXPIRED, WIDE
from token_strategies import NOW

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, current_instant, parse_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Token, to_record
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan import Limits
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.plan_file import plan_document
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.request import RevocationRequest, parse_request
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.selection import (
    FindingsSelection,
    PolicySelection,
    SavedSelection,
)

REQUEST = "plugins/module_utils/_revoke/request.py"
OPTIONS = "plugins/module_utils/_revoke/options.py"
CALLER = "arn:aws:sts::123456789012:user/moto"
REGION = "us-east-1"
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
MADE = {"policy": EXPIRED, "as_of": AS_OF, "organizations": ["acme"], **WIDE}


def parse(now: int | None = None, **options: Any) -> RevocationRequest:
    return parse_request({"record_dir": "records", **options}, current_instant() if now is None else now)


def save_plan(directory: Path, **options: Any) -> str:
    """Write the plan of a run with options to a file."""
    given = {**MADE, **options}
    planned = selection(rule("expired", {"expired": True})).plan([token()]).planned
    as_of = parse_instant(given["as_of"], "as_of")
    path = directory / "plan.json"
    path.write_text(json.dumps(plan_document(planned, NOW, CALLER, as_of, Limits(1000, 100), [REGION], given)))
    return str(path)


def test_a_request_only_plans_by_default() -> None:
    request = parse(policy=EXPIRED)
    assert request.limits == Limits(10, 10) and not request.confirm
    assert isinstance(request.selection, PolicySelection) and request.saved is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": None}, "policy: expected a mapping, got None"),
        ({"policy": {"version": 1, "rules": [{"id": "a"}]}}, "rules[0]: severity is missing"),
        ({"max_tokens": 0}, "max_tokens: 0 is out of range; expected 1 or more"),
        ({"max_percent": 101}, "max_percent: 101 is out of range; expected 1 to 100"),
        ({"protected": {}}, "protected: expected at least one condition"),
        ({"protected": {"nme": "x"}}, "protected.nme: unknown condition, did you mean name?"),
        ({"grace": ""}, "grace: '' is not a valid duration"),
        ({"grace": "7"}, "grace: '7' is not a valid duration"),
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
        ({"findings": [{**FINDING, "token": RECORD}]}, "organizations: cannot be combined with findings"),
    ],
)
@guards("plugins/module_utils/_revoke/request.py", "        if options.get(option):")
def test_an_option_that_is_not_valid_is_refused(options: dict[str, Any], message: str) -> None:
    given = {"organizations": ["acme", "globex"], **({} if "findings" in options else {"policy": EXPIRED}), **options}
    with pytest.raises(OptionError) as caught:
        parse(confirm=True, **given)
    assert message in caught.value.message


@guards(
    "plugins/module_utils/_revoke/request.py",
    '    if options.get("organizations") is not None and not options["organizations"]:',
)
def test_an_empty_list_of_organizations_does_not_mean_all() -> None:
    with pytest.raises(OptionError, match="organizations: the list is empty; expected at least one organization"):
        parse(policy=EXPIRED, as_of=AS_OF, organizations=[], confirm=True, **WIDE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": EVERY}, "policy: the plan was made from another one; expected the policy with the digest sha256:"),
        ({"findings": []}, "findings: the plan was made from another one; expected the policy with the digest"),
        ({"protected": {"name": "x"}}, "protected: {'name': 'x'} differs from None, which the plan was made with"),
        ({"grace": "1d"}, "grace: '1d' differs from None, which the plan was made with"),
        ({"as_of": "2026-02-05T00:00:00Z"}, "as_of: '2026-02-05T00:00:00Z' differs from "),
        ({"max_tokens": 5}, "max_tokens: 5 differs from 1000, which the plan was made with"),
        (
            {"organizations": ["globex"]},
            "organizations: ['globex'] differs from ['acme'], which the plan",
        ),
        ({"plan_file": "/nowhere/plan.json"}, "plan_file: /nowhere/plan.json: cannot be read: No such file"),
        ({"policy": EXPIRED, "as_of": AS_OF, "organizations": ["acme"], **WIDE, "regions": []}, None),
    ],
)
@guards(
    REQUEST,
    "        if given and digest_of(value, name) != digest_of(planned[name]):",
)
@guards(
    REQUEST,
    "        if value is not None and (name != saved.source or digest_of(value, name) != saved.digest):",
)
def test_an_option_that_differs_from_the_plan_is_refused(
    tmp_path: Path, options: dict[str, Any], message: str | None
) -> None:
    given = {"plan_file": save_plan(tmp_path), "confirm": True, **options}
    if message is None:
        request = parse(**given)
        assert isinstance(request.selection, SavedSelection)
        assert [entry.token.personal_access_token_id for entry in request.selection.entries] == ["pat-1"]
    else:
        with pytest.raises(OptionError) as caught:
            parse(**given)
        assert message in caught.value.message and caught.value.error_code == "InvalidOptionException"


@pytest.mark.parametrize("option", ["accounts", "exclude_accounts"])
@guards(REQUEST, "    reject_empty_lists(options)\n", "")
def test_an_empty_list_of_accounts_is_an_error_with_a_plan_too(tmp_path: Path, option: str) -> None:
    """The value of the plan would replace it before the options of the sweep are checked."""
    with pytest.raises(OptionError, match=f"^{option}: the list is empty; expected at least one account"):
        parse(plan_file=save_plan(tmp_path), confirm=True, **{option: []})


def test_a_plan_has_the_options_of_the_run_that_made_it(tmp_path: Path) -> None:
    path = save_plan(tmp_path, protected={"name": "phone"}, grace="2d", owners=True)
    request = parse_request({"plan_file": path}, current_instant())
    assert request.as_of == parse_instant(AS_OF, "as_of") == request.sweep.as_of
    assert request.limits == Limits(1000, 100) and request.record_dir == str(tmp_path)
    assert list(request.sweep.organizations) == ["acme"] and list(request.sweep.regions) == [REGION]
    assert request.sweep.owners and request.plan_file == path
    protection = request.selection.protection
    assert protection.grace == 2 * DAY and protection.reason_to_skip(token()) == "protected"
    latest = request.selection.latest if isinstance(request.selection, SavedSelection) else None
    assert latest is not None and latest.protection.as_of == request.now


@guards(OPTIONS, '    if as_of > now and not options.get("allow_future"):')
@guards(REQUEST, "    if confirm:\n        check_future")
def test_an_instant_in_the_future_needs_to_be_allowed(tmp_path: Path) -> None:
    future = {"policy": EXPIRED, "as_of": "2100-01-01T00:00:00Z", "organizations": ["acme"], **WIDE}
    with pytest.raises(OptionError, match="is in the future, so valid tokens would be revoked") as caught:
        parse(confirm=True, **future)
    assert caught.value.hint is not None and "allow_future" in caught.value.hint
    assert not parse(**future).confirm and parse(confirm=True, allow_future=True, **future).confirm
    path = save_plan(tmp_path, as_of="2100-01-01T00:00:00Z")
    with pytest.raises(OptionError, match="is in the future"):
        parse(plan_file=path, confirm=True)
    assert parse(plan_file=path, confirm=True, allow_future=True).confirm


@guards(REQUEST, '    if not options.get("allow_future"):')
def test_findings_of_the_future_need_to_be_allowed() -> None:
    """Also for a plan: a finding does not say which instant it is of."""
    future = findings_of(token())
    for confirm in (False, True):
        with pytest.raises(OptionError, match="in the future"):
            parse(NOW - 30 * DAY, findings=future, confirm=confirm, **WIDE)
    allowed = parse(NOW - 30 * DAY, findings=future, allow_future=True, **WIDE)
    assert isinstance(allowed.selection, FindingsSelection) and len(allowed.selection.findings) == 1


@guards(REQUEST, "        check_can_revoke(policy)\n", "")
@guards(REQUEST, "    check_findings_can_revoke(findings)\n", "")
def test_a_policy_that_only_reports_is_refused() -> None:
    reports = rule("expired", {"expired": True}, revoke=False)
    for options in (
        {"policy": {"version": 1, "rules": [reports]}},
        {"findings": findings_of(token(), rules=(reports,))},
    ):
        with pytest.raises(OptionError, match="revoke: false"):
            parse(**options, confirm=True, **WIDE)


def test_owners_are_read_if_the_selection_has_conditions_on_them() -> None:
    assert not parse(policy=EXPIRED).sweep.owners
    assert parse(policy=EXPIRED, owners=True).sweep.owners
    assert parse(policy=EXPIRED, protected={"owner": "ana"}).sweep.owners
