# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""From options to a revocation: of tokens that are named, or of those that a policy finds."""

from __future__ import annotations

import re
import time
from typing import Any, Mapping, NamedTuple, Sequence

from ._conditions import Conditions, parse_conditions
from ._errors import OptionError, PatrolError, shown, telling
from ._gather import organizations_of, tokens_read
from ._options import SweepOptions, parse_sweep_options, whole_number
from ._organization import open_organization
from ._plan import Findings, Guards, Limits, Plan, Planned, Recheck, check_findings, plan_by_findings, plan_by_policy
from ._policy import Policy, parse_policy
from ._record import Record
from ._revocation import Reason, Revocation, Sleep
from ._sweep import Sweep, sweep
from ._time import current_instant, format_instant, parse_duration, resolve_as_of
from ._tokens import Token, project
from ._workmail import operations
from ._workmail.progress import Progress
from ._workmail.session import Connect, Session

_LIMIT = 10
_TOKEN_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_OF_SWEEP = ("organizations", "regions", "as_of", "concurrency", "assume_role_arn", "assume_role_external_id")


def revoke_tokens(
    options: Mapping[str, Any],
    connect: Connect,
    region: str | None,
    check_mode: bool = False,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """Revoke the tokens that are named.

    Args:
        options: The options by name: C(organization), C(personal_access_token_ids), C(only_if), C(as_of), and those
            of the connection.
        connect, region: As for M(gather_facts).
        check_mode: Whether only to read and to predict.
        sleep: Waits for so many seconds.

    Returns:
        As C(Revocation.result).

    Raises:
        PatrolError: An option is not valid, or something went wrong on the way; then its details have what was done.
    """
    token_ids = _token_ids(options.get("personal_access_token_ids"))
    only_if = _some_conditions(options.get("only_if"), "only_if")
    as_of = resolve_as_of(options.get("as_of"), current_instant())
    revocation = Revocation(as_of, check_mode, sleep=sleep)

    def reason(token: Token) -> str | None:
        return None if only_if is None or only_if.matches(token, as_of) else "it does not match only_if"

    with telling(revocation.result):
        organization, client, _session = open_organization(options, connect, region)
        owners = None
        if only_if is not None and only_if.needs_owners:
            owners = operations.list_users(client, organization.id)
        for token_id in token_ids:
            revocation.revoke(client, organization, token_id, reason, owners)
    return revocation.result()


def difference(result: Mapping[str, Any]) -> dict[str, Any]:
    """The diff of a revocation: by id, the tokens that were there, and those that are left of them."""
    left = {entry["token"]["personal_access_token_id"]: entry["token"] for entry in result["not_revoked"]}
    gone = {record["personal_access_token_id"]: record for record in result["revoked"]}
    return {"before": {**left, **gone}, "after": left}


def revoke_by_policy(
    options: Mapping[str, Any],
    connect: Connect,
    region: str | None,
    check_mode: bool = False,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """Plan to revoke the tokens that violate a policy, or those of findings, and do it if that is confirmed.

    Args:
        options: The options by name: C(policy) or C(findings); C(confirm), C(max_tokens), C(max_percent),
            C(protected), C(grace), C(record_dir); of a sweep C(organizations), C(regions), C(owners), C(as_of) and
            C(concurrency); and those of the connection.
        connect, region: As for M(gather_facts).
        check_mode: Whether only to read and to predict. Then no record is written.
        sleep: Waits for so many seconds.

    Returns:
        As C(Revocation.result), and C(plan), C({rule_ids, message, token}); C(left), the same with a C(reason);
        C(summary), C(organizations), C(as_of), C(confirm), C(record_file), and what it cost as M(gather_facts) does.

    Raises:
        PatrolError: An option is not valid, not everything could be read, the plan is over a limit, or something went
            wrong on the way; once the options were found valid, its details have what was planned and done.
    """
    checked = _check(options, current_instant())
    as_of = checked.sweep.as_of
    common = {"caller": None, "as_of": format_instant(as_of), "confirm": checked.confirm}
    record = Record(None if check_mode else checked.record_dir, common)
    run = _Run(checked, record, Revocation(as_of, check_mode, record, sleep))
    with telling(run.result), record:
        wanted = checked.sweep
        profile, concurrency = options.get("profile"), wanted.concurrency
        session = Session(connect, wanted.regions, region, profile, wanted.role, concurrency, run.progress)
        record.common["caller"] = session.caller()
        record.note("started")
        recheck = run.make_plan(session)
        run.keep_within_limits()
        if checked.confirm:
            run.carry_out(session, recheck)
    return run.result()


class _Checked(NamedTuple):
    """The options of M(revoke_by_policy), checked. One of C(policy) and C(findings) is None."""

    sweep: SweepOptions
    policy: Policy | None
    findings: Findings | None
    guards: Guards
    limits: Limits
    confirm: bool
    record_dir: str


class _Run:
    """One run of M(revoke_by_policy), and how far it has come."""

    def __init__(self, checked: _Checked, record: Record, revocation: Revocation) -> None:
        self._checked = checked
        self._record = record
        self._revocation = revocation
        self._plan = Plan([], [], [])
        self._found: Sweep | None = None
        self.progress = Progress()

    def make_plan(self, session: Session) -> Recheck:
        """Read what there is, and plan; the record has the plan before anything comes of it."""
        policy, findings, guards = self._checked.policy, self._checked.findings, self._checked.guards
        # No findings name no organization, which to a sweep would mean every one.
        tokens: Sequence[Token] = []
        if findings is None or findings:
            self._found = sweep(self._checked.sweep, session)
            tokens = self._found.tokens
        if policy is not None:
            self._plan, recheck = plan_by_policy(policy, tokens, guards)
        else:
            self._plan, recheck = plan_by_findings(findings or [], tokens, guards)
        for left in self._plan.left:
            self._record.note("left", left.token, left.rule_ids, left.reason)
        for planned in self._plan.planned:
            self._record.note("planned", planned.token, planned.rule_ids)
        return recheck

    def keep_within_limits(self) -> None:
        """Let nothing be revoked where the plan is over a limit."""
        totals = {organization["id"]: organization["tokens"] for organization in self._organizations()}
        over = self._checked.limits.broken(self._plan.planned, totals)
        if over:
            raise PatrolError(
                f"nothing was revoked, the plan is over a limit: {'; '.join(over)}",
                error_code="RevocationLimitException",
                hint="Look at the plan; if it is right, raise the limit.",
            )

    def carry_out(self, session: Session, recheck: Recheck) -> None:
        """Revoke what was planned, each token only if it is still to be revoked when it is read again."""
        swept = () if self._found is None else self._found.organizations
        places = {entry.organization.id: entry.organization for entry in swept}
        clients: dict[str, Any] = {}
        for planned in self._plan.planned:
            token = planned.token
            organization = places[token.organization_id]
            if organization.region not in clients:
                clients[organization.region] = session.client(organization.region)
            self._revocation.revoke(
                clients[organization.region],
                organization,
                str(token.personal_access_token_id),
                _bound(recheck, planned),
                None if token.owner is None else {token.user_id or "": token.owner},
                planned.rule_ids,
            )

    def result(self) -> dict[str, Any]:
        """As M(revoke_by_policy) returns it, as far as it has come."""
        as_of = self._checked.sweep.as_of
        outcome = self._revocation.result()
        outcome["absent"] = [*self._plan.absent, *outcome["absent"]]
        lists = {
            "plan": [{**entry._asdict(), "token": project(entry.token, as_of)} for entry in self._plan.planned],
            "left": [{**entry._asdict(), "token": project(entry.token, as_of)} for entry in self._plan.left],
            **{name: outcome.pop(name) for name in ("revoked", "not_revoked", "absent", "unconfirmed")},
        }
        organizations = self._organizations()
        return {
            **outcome,
            **lists,
            "summary": {
                "organizations": sum(organization["tokens"] is not None for organization in organizations),
                "tokens": 0 if self._found is None else tokens_read(self._found),
                **{name: len(entries) for name, entries in lists.items()},
            },
            "organizations": organizations,
            "as_of": format_instant(as_of),
            "confirm": self._checked.confirm,
            "record_file": self._record.path,
            **self.progress.as_result(),
        }

    def _organizations(self) -> list[dict[str, Any]]:
        return [] if self._found is None else organizations_of(self._found)


def _bound(recheck: Recheck, planned: Planned) -> Reason:
    return lambda token: recheck(planned, token)


def _check(options: Mapping[str, Any], now: int) -> _Checked:
    given = options.get("findings")
    findings = None if given is None else check_findings(given)
    policy = parse_policy(options.get("policy")) if findings is None else None
    protected = _some_conditions(options.get("protected"), "protected")
    grace = None if options.get("grace") is None else parse_duration(options["grace"], "grace")
    wanted = {name: options.get(name) for name in _OF_SWEEP}
    if findings is not None:
        for option in ("organizations", "regions"):
            if wanted[option]:
                raise OptionError(f"{option}: findings say where they are, so it cannot be given with them")
        wanted["organizations"] = sorted({finding["token"]["organization_id"] for finding in findings})
        wanted["regions"] = sorted({finding["token"]["region"] for finding in findings})
    wanted["owners"] = (
        bool(options.get("owners"))
        or (policy is not None and policy.needs_owners)
        or (protected is not None and protected.needs_owners)
    )
    checked = parse_sweep_options(wanted, now)
    select = policy.when if policy is not None else _among(findings or [])
    record_dir = options.get("record_dir")
    if not isinstance(record_dir, str) or not record_dir.strip():
        raise OptionError(f"record_dir: expected the path of a directory, got {shown(record_dir)}")
    return _Checked(
        checked._replace(select=select),
        policy,
        findings,
        Guards(protected, grace, checked.as_of, now),
        Limits(whole_number(options, "max_tokens", _LIMIT, None), whole_number(options, "max_percent", _LIMIT, 100)),
        bool(options.get("confirm")),
        record_dir,
    )


def _among(findings: Findings) -> Conditions:
    """Conditions that the tokens of findings meet."""
    keys = {(finding["token"]["organization_id"], finding["token"]["personal_access_token_id"]) for finding in findings}
    return Conditions(
        lambda token, as_of: (token.organization_id, token.personal_access_token_id) in keys, needs_owners=False
    )


def _token_ids(value: object) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not items:
        raise OptionError(f"personal_access_token_ids: expected a list of at least one id, got {shown(value)}")
    for item in items:
        if not isinstance(item, str) or not _TOKEN_ID.fullmatch(item):
            raise OptionError(
                f"personal_access_token_ids: {shown(item)} is no id of a token, which is 1 to 64 letters, digits and "
                "characters of _-"
            )
    return list(dict.fromkeys(str(item) for item in items))


def _some_conditions(value: object, option: str) -> Conditions | None:
    if value is None:
        return None
    if isinstance(value, Mapping) and not value:
        # An empty one, of a variable that was never set, would protect nothing.
        raise OptionError(f"{option}: expected at least one condition")
    return parse_conditions(value, option)
