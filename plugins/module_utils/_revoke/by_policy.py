# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Revoke the tokens of a policy, of findings or of a plan: the module ``workmail_pat_revoke``."""

from __future__ import annotations

import time
from typing import Any, Mapping, Sequence

from .._domain.coverage import Coverage
from .._domain.errors import OptionError, PatrolError, attach_details
from .._domain.times import current_instant, format_instant
from .._domain.tokens import Token, to_record
from .._sweep.facts import coverage_of
from .._sweep.sweep import Sweep, sweep
from .._workmail.connection import Connection
from .._workmail.progress import Progress
from .._workmail.session import Session
from .deletion import Deletion, ReasonToSkip, Sleep
from .journal import RevocationJournal
from .plan import Plan, Planned, Skipped
from .plan_file import plan_document
from .request import RevocationRequest, parse_request
from .selection import Selection
from .starter import Starter
from .summary import command_for, log_lines


def revoke_by_policy(
    options: Mapping[str, Any],
    connection: Connection,
    check_mode: bool = False,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """Plan to revoke tokens, and revoke them if ``confirm`` is set.

    Args:
        options: The options by name: ``policy``, ``findings`` or ``plan_file``; ``confirm``, ``allow_future``,
            ``max_tokens``, ``max_percent``, ``protected``, ``grace`` and ``record_dir``; the options of a sweep
            ``organizations``, ``regions``, ``owners``, ``as_of`` and ``concurrency``; and the options of the
            connection.
        connection: Makes the clients.
        check_mode: Whether to predict the result without a deletion. In this mode, neither a record nor a plan is
            written.
        sleep: Waits for a number of seconds.

    Returns:
        The result of ``Deletion.result``; ``plan`` and ``not_in_plan``, lists of ``{rule_ids, message, token}``;
        ``left``, the skipped tokens as a list of ``{rule_ids, message, token, reason}``; ``summary``, ``accounts``,
        ``organizations``, ``as_of``, ``confirm``, ``record_file``, ``plan_file``, ``command`` and ``lines``; and the
        cost, as in the result of ``gather_facts``.

    Raises:
        PatrolError: An option is not valid, a part could not be read, the plan exceeds a limit, or a call failed. If
            the options are valid, the details of the error contain the result so far.
    """
    starter = Starter.from_environment()
    request = parse_request(options, current_instant())
    common: dict[str, Any] = {
        "caller": None,
        "as_of": format_instant(request.as_of),
        "confirm": request.confirm,
        "plan_file": request.plan_file,
    }
    journal = RevocationJournal(None if check_mode else request.record_dir, common, request.plan_file)
    run = _Run(request, journal, Deletion(request.as_of, check_mode, journal, sleep, starter), check_mode)
    with attach_details(run.result), journal:
        session = Session.open(connection, request.sweep, run.progress)
        caller = session.caller()
        journal.common["caller"] = caller
        journal.note("started")
        run.check_account(caller)
        run.make_plan(session)
        run.check_limits()
        if request.confirm:
            run.carry_out(session)
        elif request.saved is None:
            run.write_plan(options, caller, session.regions)
    return run.result()


class _Run:
    """One run of ``revoke_by_policy``, with its state so far."""

    def __init__(
        self, request: RevocationRequest, journal: RevocationJournal, deletion: Deletion, check_mode: bool
    ) -> None:
        self._request = request
        self._journal = journal
        self._deletion = deletion
        self._check_mode = check_mode
        self._plan = Plan([], [], [])
        self._found: Sweep | None = None
        self._plan_file = request.plan_file
        self.progress = Progress()

    def check_account(self, caller: str) -> None:
        """Refuse a plan that was made for another AWS account."""
        saved = self._request.saved
        if saved is None:
            return
        account = caller.split(":")[4] if caller.count(":") >= 5 else caller
        if account != saved.account:
            raise OptionError(
                f"plan_file: {saved.path}: the plan is for account {saved.account}, and these credentials are of "
                f"account {account}",
                hint="Use the credentials that the plan was made with.",
            )

    def make_plan(self, session: Session) -> None:
        """Read the tokens, make the plan, and write it to the journal before any token is deleted."""
        tokens: Sequence[Token] = ()
        if not self._request.selection.is_empty:
            self._found = sweep(self._request.sweep, session)
            tokens = self._found.tokens
        self._plan = self._request.selection.plan(tokens)
        for skipped in self._plan.skipped:
            self._journal.note("left", skipped.token, skipped.rule_ids, skipped.reason)
        for entry in self._plan.not_in_plan:
            self._journal.note("not_in_plan", entry.token, entry.rule_ids)
        for planned in self._plan.planned:
            self._journal.note("planned", planned.token, planned.rule_ids)

    def check_limits(self) -> None:
        """Refuse to revoke anything if the plan exceeds a limit."""
        totals = {organization["id"]: organization["tokens"] for organization in self._coverage().organizations}
        exceeded = self._request.limits.exceeded(self._plan.planned, totals)
        if exceeded:
            raise PatrolError(
                f"nothing was revoked, because a limit is exceeded: {'; '.join(exceeded)}",
                error_code="RevocationLimitException",
                hint="Review the plan; if it is correct, raise the limit.",
            )

    def write_plan(self, options: Mapping[str, Any], caller: str, regions: Sequence[str]) -> None:
        """Write the plan to a file, which a later run can carry out after a review."""
        request = self._request
        document = plan_document(
            self._plan.planned, request.now, caller, request.as_of, request.limits, regions, options
        )
        self._plan_file = self._journal.write_plan(document)
        self._journal.common["plan_file"] = self._plan_file

    def carry_out(self, session: Session) -> None:
        """Revoke the planned tokens. Each token is read again first, and skipped if there is a reason to skip it."""
        swept = () if self._found is None else self._found.organizations
        organizations = {entry.organization.id: entry.organization for entry in swept}
        selection = self._request.selection
        for planned in self._plan.planned:
            organization = organizations[planned.token.organization_id]
            self._deletion.revoke(
                session.client(organization.region, organization.account_id),
                organization,
                str(planned.token.personal_access_token_id),
                _reason_to_skip(selection, planned),
                selection.needs_owners,
                planned.token.owner,
                planned.rule_ids,
            )

    def result(self) -> dict[str, Any]:
        """Return the result of ``revoke_by_policy`` so far."""
        as_of = self._request.as_of
        outcome = self._deletion.result()
        outcome["absent"] = [*self._plan.absent, *outcome["absent"]]

        def shown_entries(entries: Sequence[Planned] | Sequence[Skipped]) -> list[dict[str, Any]]:
            return [{**entry._asdict(), "token": to_record(entry.token, as_of)} for entry in entries]

        lists = {
            "plan": shown_entries(self._plan.planned),
            "left": shown_entries(self._plan.skipped),
            "not_in_plan": shown_entries(self._plan.not_in_plan),
            **{name: outcome.pop(name) for name in ("revoked", "not_revoked", "absent", "unconfirmed")},
        }
        coverage = self._coverage()
        to_review = self._plan_file is not None and not self._request.confirm and bool(self._plan.planned)
        result = {
            **outcome,
            **lists,
            "summary": {
                "accounts": coverage.accounts_read,
                "organizations": coverage.organizations_read,
                "tokens": coverage.tokens_read,
                **{name: len(entries) for name, entries in lists.items()},
            },
            "accounts": list(coverage.accounts),
            "organizations": list(coverage.organizations),
            "as_of": format_instant(as_of),
            "confirm": self._request.confirm,
            "record_file": self._journal.path,
            "plan_file": self._plan_file,
            "command": command_for(self._plan_file) if to_review and self._plan_file is not None else None,
            **self.progress.as_result(),
        }
        return {**result, "lines": log_lines(result, self._check_mode)}

    def _coverage(self) -> Coverage:
        return Coverage((), (), 0, ()) if self._found is None else coverage_of(self._found)


def _reason_to_skip(selection: Selection, planned: Planned) -> ReasonToSkip:
    return lambda token: selection.reason_to_skip(planned, token)
