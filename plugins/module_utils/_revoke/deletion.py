# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Delete one token: read it, decide, delete it, and read it again."""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping, Optional, Sequence

from .._domain.errors import PatrolError
from .._domain.tokens import Organization, Owner, Token, to_record, token_from_summary
from .._workmail import operations
from .._workmail.confirm import UnconfirmedError, confirmed
from .journal import RevocationJournal
from .starter import Starter

# Returns the reason why a token that was just read must not be deleted, or None if it may be deleted.
ReasonToSkip = Callable[[Token], Optional[str]]
Sleep = Callable[[float], None]


class Deletion:
    """The deletion of tokens, one after another, and the outcome of each.

    Args:
        as_of: The instant of the derived fields in the records of tokens, in microseconds since the epoch.
        check_mode: Whether to predict the result without a deletion.
        journal: Records a line before and after each deletion.
        sleep: Waits for a number of seconds.
        starter: The processes that started the run. After one of them has ended, no more tokens are deleted.
    """

    def __init__(
        self,
        as_of: int,
        check_mode: bool = False,
        journal: RevocationJournal | None = None,
        sleep: Sleep = time.sleep,
        starter: Starter | None = None,
    ) -> None:
        self._as_of = as_of
        self._starter = starter or Starter()
        self._check_mode = check_mode
        self._journal = journal or RevocationJournal(None, {})
        self._sleep = sleep
        self._revoked: list[Token] = []
        self._not_revoked: list[tuple[Token, str]] = []
        self._absent: list[str] = []
        self._unconfirmed: list[str] = []

    def revoke(
        self,
        client: Any,
        organization: Organization,
        token_id: str,
        reason_to_skip: ReasonToSkip,
        needs_owner: bool,
        owner: Owner | None = None,
        rule_ids: Sequence[str] = (),
    ) -> None:
        """Read a token, delete it unless there is a reason to skip it, and read it again to confirm the deletion.

        Args:
            client: A WorkMail client in the region of the organization.
            organization: The organization of the token.
            token_id: The token ID.
            reason_to_skip: Called with the token that was just read.
            needs_owner: Whether ``reason_to_skip`` needs the owner, which is then read again.
            owner: The owner in the listing; None if owners were not listed.
            rule_ids: The IDs of the rules that require the deletion, for the journal.

        Raises:
            PatrolError: A call failed, the deletion could not be confirmed, or the process that started the run has
                ended. ``result`` returns the outcome of the tokens so far.
        """

        def note(outcome: str, reason: str | None = None) -> None:
            self._journal.note(outcome, token, rule_ids, reason)

        summary = operations.get_personal_access_token(client, organization.id, token_id)
        if summary is None:
            token = token_from_summary({"PersonalAccessTokenId": token_id}, organization)
            self._absent.append(token_id)
            note("absent")
            return
        user_id = summary.get("UserId")
        if needs_owner:
            owner = read_owner(client, organization.id, user_id, owner)
        elif owner is not None and owner.user_id != user_id:
            owner = None
        token = token_from_summary(summary, organization, owner)
        reason = reason_to_skip(token)
        if reason is not None:
            self._not_revoked.append((token, reason))
            note("not_revoked", reason)
            return
        if self._check_mode:
            self._revoked.append(token)
            return
        if self._starter.gone():
            raise PatrolError(
                "the process that started this run has ended, so no more tokens are revoked",
                error_code="AbandonedRunException",
                organization_id=organization.id,
                hint="Read the record of this run, then plan again.",
            )
        note("revoking")
        try:
            self._delete(client, organization.id, token)
        except PatrolError as error:
            note("unconfirmed" if token_id in self._unconfirmed else "failed", str(error))
            raise
        note("revoked")

    def _delete(self, client: Any, organization_id: str, token: Token) -> None:
        token_id = str(token.personal_access_token_id)
        try:
            confirmed(
                lambda: operations.delete_personal_access_token(client, organization_id, token_id),
                lambda: operations.get_personal_access_token(client, organization_id, token_id),
                lambda found: found is None,
                self._sleep,
            )
        except UnconfirmedError as unconfirmed:
            self._unconfirmed.append(token_id)
            error = unconfirmed.error or PatrolError(
                f"token {token_id} still exists although the service accepted its deletion",
                error_code="RevocationNotConfirmedException",
                organization_id=organization_id,
                region=token.region,
                hint="Check again later.",
            )
            raise error from None
        self._revoked.append(token)

    def result(self) -> dict[str, Any]:
        """Return the outcome of the tokens so far.

        Returns:
            ``changed``; ``revoked``, the records of the tokens that were deleted, or would be in check mode;
            ``not_revoked``, a list of ``{reason, token}``; ``absent``, the IDs of the tokens that did not exist;
            ``unconfirmed``, the IDs of the tokens of which it is not known whether they were deleted.
        """
        return {
            "changed": bool(self._revoked),
            "revoked": [to_record(token, self._as_of) for token in self._revoked],
            # Do not name this "skipped": Ansible mistakes a task with this key in its result for a skipped task.
            "not_revoked": [
                {"reason": reason, "token": to_record(token, self._as_of)} for token, reason in self._not_revoked
            ],
            "absent": list(self._absent),
            "unconfirmed": list(self._unconfirmed),
        }


def diff_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the diff of a revocation: the records of the tokens before and after, by token ID.

    Args:
        result: The result of ``Deletion.result``.
    """
    after = {entry["token"]["personal_access_token_id"]: entry["token"] for entry in result["not_revoked"]}
    gone = {record["personal_access_token_id"]: record for record in result["revoked"]}
    return {"before": {**after, **gone}, "after": after}


def read_owner(client: Any, organization_id: str, user_id: str | None, listed: Owner | None = None) -> Owner:
    """Read the owner of a token just before its deletion.

    Args:
        client: A WorkMail client in the region of the organization.
        organization_id: The ID of the organization.
        user_id: The user ID of the token that was just read.
        listed: The owner in the listing; None if owners were not listed.

    Returns:
        The owner. AWS does not document whether a deleted user can be read. Therefore, if the user cannot be found,
        this is ``listed`` if it has the state ``DELETED``, otherwise an owner in the state ``UNKNOWN``.

    Raises:
        PatrolError: The owner could not be read.
    """
    if user_id is None:
        return Owner(None)
    owner = operations.read_user(client, organization_id, user_id)
    if owner is not None:
        return owner
    if listed is not None and listed.user_id == user_id and listed.state == "DELETED":
        return listed
    return Owner(user_id)
