# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""From options to a revocation: of tokens that are named, or of those of a policy, of findings or of a plan."""

from __future__ import annotations

import os
import re
import time
from typing import Any, Mapping, NamedTuple, Sequence

from .._domain.checks import check_plain, integer_option
from .._domain.conditions import Conditions, check_size, parse_conditions
from .._domain.errors import OptionError, PatrolError, attach_details
from .._domain.policy import parse_policy
from .._domain.text import quoted
from .._domain.times import current_instant, format_instant, parse_duration, resolve_as_of
from .._domain.tokens import Owner, Token, TokenKey, key_of, to_record
from .._sweep.facts import organizations_of, tokens_read
from .._sweep.options import SweepOptions, parse_sweep_options
from .._sweep.organizations import connect_to_organization
from .._sweep.sweep import Sweep, sweep
from .._workmail.connection import Connection
from .._workmail.progress import Progress
from .._workmail.session import Session
from .deletion import OwnerOf, Reason, Revocation, Sleep, read_owner
from .journal import RevocationJournal
from .plan import (
    FindingsSelection,
    Limits,
    Plan,
    Planned,
    PolicySelection,
    Protection,
    Selection,
    Skipped,
    beyond,
    check_can_revoke,
    check_findings,
    check_findings_can_revoke,
    check_findings_of_the_past,
    plan_again,
)
from .plan_file import OPTIONS, SavedPlan, digest_of, plan_document, read_plan
from .starter import VARIABLE, Starter
from .summary import command_for, log_lines

_LIMIT = 10
_TOKEN_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_OF_SWEEP = ("organizations", "regions", "as_of", "concurrency", "assume_role_arn", "assume_role_external_id")


def revoke_tokens(
    options: Mapping[str, Any],
    connection: Connection,
    check_mode: bool = False,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """Revoke the tokens that are named.

    Args:
        options: The options by name: ``organization``, ``personal_access_token_ids``, ``only_if``, ``as_of``,
            ``allow_future``, and those of the connection.
        connection: Makes the clients.
        check_mode: Whether only to read and to predict.
        sleep: Waits for so many seconds.

    Returns:
        As ``Revocation.result``.

    Raises:
        PatrolError: An option is not valid, or something went wrong on the way; then its details have what was done.
    """
    token_ids = _token_ids(options.get("personal_access_token_ids"))
    only_if = _some_conditions(options.get("only_if"), "only_if")
    now = current_instant()
    as_of = resolve_as_of(options.get("as_of"), now)
    _check_future(options, as_of, now)
    revocation = Revocation(as_of, check_mode, sleep=sleep, starter=Starter(os.environ.get(VARIABLE)))

    def reason(token: Token) -> str | None:
        return None if only_if is None or only_if.matches(token, as_of) else "it does not match only_if"

    with attach_details(revocation.result):
        organization, client = connect_to_organization(options, connection)

        def owner_of(user_id: str | None) -> Owner | None:
            if only_if is None or not only_if.needs_owners:
                return None
            return read_owner(client, organization.id, user_id)

        for token_id in token_ids:
            revocation.revoke(client, organization, token_id, reason, owner_of)
    return revocation.result()


def difference(result: Mapping[str, Any]) -> dict[str, Any]:
    """Give the diff of a revocation: by ID, the tokens that were there, and those of them that are still there."""
    left = {entry["token"]["personal_access_token_id"]: entry["token"] for entry in result["not_revoked"]}
    gone = {record["personal_access_token_id"]: record for record in result["revoked"]}
    return {"before": {**left, **gone}, "after": left}


def revoke_by_policy(
    options: Mapping[str, Any],
    connection: Connection,
    check_mode: bool = False,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """Plan to revoke the tokens that violate a policy, those of findings or those of a plan, and do it if confirmed.

    Args:
        options: The options by name: ``policy``, ``findings`` or ``plan_file``; ``confirm``, ``allow_future``,
            ``max_tokens``, ``max_percent``, ``protected``, ``grace``, ``record_dir``; of a sweep ``organizations``,
            ``regions``, ``owners``, ``as_of`` and ``concurrency``; and those of the connection.
        connection: Makes the clients.
        check_mode: Whether only to read and to predict. Then neither a record nor a plan is written.
        sleep: Waits for so many seconds.

    Returns:
        As ``Revocation.result``, and ``plan``, ``{rule_ids, message, token}``; ``left``, the same with a ``reason``;
        ``not_in_plan``, as ``plan``; ``summary``, ``organizations``, ``as_of``, ``confirm``, ``record_file``,
        ``plan_file``, ``command``, ``lines``, and what it cost as ``gather_facts`` does.

    Raises:
        PatrolError: An option is not valid, not everything could be read, the plan is over a limit, or something went
            wrong on the way; once the options were found valid, its details have what was planned and done.
    """
    starter = Starter(os.environ.get(VARIABLE))
    checked = _check(options, current_instant())
    as_of = checked.selection.guards.as_of
    saved = checked.saved
    common: dict[str, Any] = {
        "caller": None,
        "as_of": format_instant(as_of),
        "confirm": checked.confirm,
        "plan_file": None if saved is None else saved.path,
    }
    record = RevocationJournal(None if check_mode else checked.record_dir, common, common["plan_file"])
    run = _Run(checked, record, Revocation(as_of, check_mode, record, sleep, starter), check_mode)
    with attach_details(run.result), record:
        session = Session.open(connection, checked.sweep, run.progress)
        caller = session.caller()
        record.common["caller"] = caller
        record.note("started")
        if saved is not None:
            _check_account(saved, caller)
        run.make_plan(session)
        run.keep_within_limits()
        if checked.confirm:
            run.carry_out(session)
        elif saved is None:
            run.write_plan(options, caller, session.regions)
    return run.result()


class _Checked(NamedTuple):
    """The options of ``revoke_by_policy``, checked.

    ``latest`` selects what would be planned by now, if the plan is one that was ``saved``.
    """

    sweep: SweepOptions
    selection: Selection
    latest: PolicySelection | None
    saved: SavedPlan | None
    limits: Limits
    now: int
    confirm: bool
    record_dir: str


class _Run:
    """One run of ``revoke_by_policy``, and how far it has come."""

    def __init__(self, checked: _Checked, record: RevocationJournal, revocation: Revocation, check_mode: bool) -> None:
        self._checked = checked
        self._record = record
        self._revocation = revocation
        self._check_mode = check_mode
        self._plan = Plan([], [], [])
        self._found: Sweep | None = None
        self._plan_file = None if checked.saved is None else checked.saved.path
        self.progress = Progress()

    def make_plan(self, session: Session) -> None:
        """Read the tokens, and plan. The plan is in the record before any token of it is deleted."""
        checked = self._checked
        tokens: Sequence[Token] = []
        if not _nothing_to_read(checked):
            self._found = sweep(checked.sweep, session)
            tokens = self._found.tokens
        if checked.saved is None:
            self._plan = checked.selection.plan(tokens)
        else:
            self._plan = plan_again(checked.saved.entries, checked.selection, tokens)
            if checked.latest is not None:
                more = beyond(checked.saved.entries, checked.latest.plan(tokens))
                self._plan = self._plan._replace(not_in_plan=more)
        for left in self._plan.left:
            self._record.note("left", left.token, left.rule_ids, left.reason)
        for entry in self._plan.not_in_plan:
            self._record.note("not_in_plan", entry.token, entry.rule_ids)
        for planned in self._plan.planned:
            self._record.note("planned", planned.token, planned.rule_ids)

    def keep_within_limits(self) -> None:
        """Revoke nothing if the plan is over a limit."""
        totals = {organization["id"]: organization["tokens"] for organization in self._organizations()}
        over = self._checked.limits.broken(self._plan.planned, totals)
        if over:
            raise PatrolError(
                f"nothing was revoked, the plan is over a limit: {'; '.join(over)}",
                error_code="RevocationLimitException",
                hint="Look at the plan; if it is right, raise the limit.",
            )

    def write_plan(self, options: Mapping[str, Any], caller: str, regions: Sequence[str]) -> None:
        """Write the plan to a file, for its review and for the run that carries it out."""
        checked = self._checked
        document = plan_document(
            self._plan.planned,
            created=checked.now,
            caller=caller,
            as_of=checked.selection.guards.as_of,
            policy=options.get("policy"),
            findings=options.get("findings"),
            max_tokens=checked.limits.tokens,
            max_percent=checked.limits.percent,
            regions=regions,
            options=options,
        )
        self._plan_file = self._record.write_plan(document)
        self._record.common["plan_file"] = self._plan_file

    def carry_out(self, session: Session) -> None:
        """Revoke what was planned, each token only if it is still to be revoked when it is read again."""
        swept = () if self._found is None else self._found.organizations
        places = {entry.organization.id: entry.organization for entry in swept}
        selection = self._checked.selection
        for planned in self._plan.planned:
            token = planned.token
            organization = places[token.organization_id]
            client = session.client(organization.region)
            self._revocation.revoke(
                client,
                organization,
                str(token.personal_access_token_id),
                _reason_of(selection, planned),
                _owner_of(selection, planned, client),
                planned.rule_ids,
            )

    def result(self) -> dict[str, Any]:
        """Return the result of ``revoke_by_policy``, as far as the run has come."""
        as_of = self._checked.selection.guards.as_of
        outcome = self._revocation.result()
        outcome["absent"] = [*self._plan.absent, *outcome["absent"]]

        def shown_entries(entries: Sequence[Planned] | Sequence[Skipped]) -> list[dict[str, Any]]:
            return [{**entry._asdict(), "token": to_record(entry.token, as_of)} for entry in entries]

        lists = {
            "plan": shown_entries(self._plan.planned),
            "left": shown_entries(self._plan.left),
            "not_in_plan": shown_entries(self._plan.not_in_plan),
            **{name: outcome.pop(name) for name in ("revoked", "not_revoked", "absent", "unconfirmed")},
        }
        organizations = self._organizations()
        to_review = self._plan_file is not None and not self._checked.confirm and bool(self._plan.planned)
        result = {
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
            "plan_file": self._plan_file,
            "command": command_for(self._plan_file) if to_review and self._plan_file is not None else None,
            **self.progress.as_result(),
        }
        return {**result, "lines": log_lines(result, self._check_mode)}

    def _organizations(self) -> list[dict[str, Any]]:
        return [] if self._found is None else organizations_of(self._found)


def _nothing_to_read(checked: _Checked) -> bool:
    """No findings name no organization, which to a sweep would mean every one."""
    return isinstance(checked.selection, FindingsSelection) and not checked.selection.findings


def _reason_of(selection: Selection, planned: Planned) -> Reason:
    return lambda token: selection.recheck(planned, token)


def _owner_of(selection: Selection, planned: Planned, client: Any) -> OwnerOf:
    listed = planned.token.owner

    def owner_of(user_id: str | None) -> Owner | None:
        if selection.needs_owners:
            return read_owner(client, planned.token.organization_id, user_id, listed)
        return listed if user_id == planned.token.user_id else None

    return owner_of


def _check(options: Mapping[str, Any], now: int) -> _Checked:
    if options.get("organizations") is not None and not options["organizations"]:
        # A list that was computed, or of a variable that was never set, is not to stand for every organization.
        raise OptionError(
            "organizations: the list is empty; expected at least one organization",
            hint="For every organization of the account, leave the option out.",
        )
    saved = None if options.get("plan_file") is None else read_plan(options["plan_file"])
    if saved is not None:
        options = _with_plan(options, saved)
    record_dir = options.get("record_dir")
    if not isinstance(record_dir, str) or not record_dir.strip():
        raise OptionError(f"record_dir: expected the path of a directory, got {quoted(record_dir)}")
    wanted = {name: options.get(name) for name in _OF_SWEEP}
    protected = _some_conditions(options.get("protected"), "protected")
    grace = None if options.get("grace") is None else parse_duration(options["grace"], "grace")
    as_of = resolve_as_of(options.get("as_of"), now) if saved is None else saved.as_of
    wanted["as_of"] = format_instant(as_of)
    guards = Protection(protected, grace, as_of, now)
    selection, latest = _selection(options, saved, guards)
    if isinstance(selection, FindingsSelection):
        for option in ("organizations", "regions"):
            if wanted[option] and saved is None:
                raise OptionError(f"{option}: findings say where they are, so it cannot be given with them")
            field = "organization_id" if option == "organizations" else "region"
            wanted[option] = sorted({finding["token"][field] for finding in selection.findings})
        if saved is None and not options.get("allow_future"):
            check_findings_of_the_past(selection.findings, now)
    confirm = bool(options.get("confirm"))
    wanted["owners"] = bool(options.get("owners")) or selection.needs_owners
    checked = parse_sweep_options(wanted, now)
    if confirm:
        _check_future(options, as_of, now)
    return _Checked(
        checked._replace(as_of=as_of, select=_sweep_conditions(selection, latest, saved)),
        selection,
        latest,
        saved,
        Limits(
            integer_option(options, "max_tokens", _LIMIT, None), integer_option(options, "max_percent", _LIMIT, 100)
        ),
        now,
        confirm,
        record_dir,
    )


def _selection(
    options: Mapping[str, Any], saved: SavedPlan | None, guards: Protection
) -> tuple[Selection, PolicySelection | None]:
    """How tokens are selected, and how they would be by now if the plan is one that was saved."""
    if saved is not None and saved.policy is not None:
        latest = guards._replace(as_of=max(guards.as_of, guards.now))
        return PolicySelection(saved.policy, guards), PolicySelection(saved.policy, latest)
    if saved is not None:
        found = [{"token": to_record(entry.token, guards.as_of)} for entry in saved.entries]
        return FindingsSelection(found, guards), None
    if options.get("findings") is not None:
        findings = check_findings(options["findings"])
        check_findings_can_revoke(findings)
        return FindingsSelection(findings, guards), None
    policy = parse_policy(options.get("policy"))
    check_can_revoke(policy)
    return PolicySelection(policy, guards), None


def _sweep_conditions(selection: Selection, latest: PolicySelection | None, saved: SavedPlan | None) -> Conditions:
    """Conditions that every token meets that the plan has to know."""
    keys: set[TokenKey] = set()
    if saved is not None:
        keys = {entry.token.key for entry in saved.entries}
    elif isinstance(selection, FindingsSelection):
        keys = {key_of(finding["token"]) for finding in selection.findings}
    current = latest or selection
    policy = current.policy if isinstance(current, PolicySelection) else None
    as_of = current.guards.as_of

    def matches(token: Token, _as_of: int) -> bool:
        if token.key in keys:
            return True
        return policy is not None and policy.when.matches(token, as_of)

    return Conditions(matches, selection.needs_owners)


def _with_plan(options: Mapping[str, Any], saved: SavedPlan) -> dict[str, Any]:
    """Take the options of a plan. One that is given again is to have the same value."""
    made = {**saved.options, "max_tokens": saved.max_tokens, "max_percent": saved.max_percent}
    for name in OPTIONS:
        value = options.get(name)
        check_size(value, name)
        if value is not None and value != [] and name != "owners" and digest_of(value, name) != digest_of(made[name]):
            raise OptionError(
                f"{name}: {quoted(value)} is not what the plan was made with, {quoted(made[name])}",
                hint="Leave it out, or plan again.",
            )
    for name in ("policy", "findings"):
        value = options.get(name)
        if name == "policy":
            check_size(value, name)
        else:
            check_plain(value, name)
        if value is not None and (
            (name == "policy") is (saved.policy is None) or digest_of(value, name) != saved.digest
        ):
            raise OptionError(
                f"{name}: it is not what the plan was made from, its digest differs from {saved.digest}",
                hint="Leave it out, or plan again.",
            )
    own_directory = os.path.dirname(os.path.abspath(saved.path))
    record_dir = own_directory if options.get("record_dir") is None else options["record_dir"]
    return {
        **options,
        **made,
        "organizations": made["organizations"] or None,
        "regions": saved.regions,
        "record_dir": record_dir,
    }


def _check_account(saved: SavedPlan, caller: str) -> None:
    account = caller.split(":")[4] if caller.count(":") >= 5 else caller
    if account != saved.account:
        raise OptionError(
            f"plan_file: {saved.path}: the plan is for account {saved.account}, and these credentials are of account "
            f"{account}",
            hint="Use the credentials that the plan was made with.",
        )


def _check_future(options: Mapping[str, Any], as_of: int, now: int) -> None:
    """Refuse to revoke tokens for what they will be one day."""
    if as_of > now and not options.get("allow_future"):
        raise OptionError(
            f"as_of: {format_instant(as_of)} is in the future, so tokens would be revoked that are still valid",
            hint="Leave as_of out, or set allow_future to true.",
        )


def _token_ids(value: object) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not items:
        raise OptionError(f"personal_access_token_ids: expected a list of at least one id, got {quoted(value)}")
    for item in items:
        if not isinstance(item, str) or not _TOKEN_ID.fullmatch(item):
            raise OptionError(
                f"personal_access_token_ids: {quoted(item)} is no id of a token, which is 1 to 64 letters, digits and "
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
