# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Deleting personal access tokens one by one, so that what is told of it is true."""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping, Optional, Sequence

from .._domain.errors import PatrolError
from .._domain.tokens import Organization, Owner, Token, to_record, token_from_summary
from .._workmail import operations
from .journal import RevocationJournal
from .starter import Starter

# Seconds between readings of a token that is still there once the service has taken its deletion.
_WAITS = (1, 2, 4)

_SERVER_ERROR = 500

# Why a token, as it was read just now, is not to be deleted; None if it is.
Reason = Callable[[Token], Optional[str]]
OwnerOf = Callable[[Optional[str]], Optional[Owner]]
Sleep = Callable[[float], None]


class Revocation:
    """Deletes tokens one by one and knows what became of each.

    Args:
        as_of: The instant that tokens are told of, in microseconds since the epoch.
        dry: Whether only to read, and to tell what would be deleted.
        record: Takes a line before and after each deletion.
        sleep: Waits for so many seconds.
        starter: Whoever started the run. Nothing is deleted any more once it has ended.
    """

    def __init__(
        self,
        as_of: int,
        dry: bool = False,
        record: RevocationJournal | None = None,
        sleep: Sleep = time.sleep,
        starter: Starter | None = None,
    ) -> None:
        self._as_of = as_of
        self._starter = starter or Starter()
        self._dry = dry
        self._record = record or RevocationJournal(None, {})
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
        reason: Reason,
        owner_of: OwnerOf,
        rule_ids: Sequence[str] = (),
    ) -> None:
        """Read a token, delete it unless there is a reason not to, and read whether it is gone.

        Args:
            client: A WorkMail client of the organization's region.
            organization, token_id: Which one.
            reason: Called with the token as it was just read.
            owner_of: Called with the user ID of the token as it was just read; returns the owner that ``reason`` sees.
            rule_ids: Recorded.

        Raises:
            PatrolError: The token could not be read, deleted, or read again. M(result) has what was done before.
        """

        def note(outcome: str, why: str | None = None) -> None:
            self._record.note(outcome, token, rule_ids, why)

        summary = operations.get_personal_access_token(client, organization.id, token_id)
        if summary is None:
            token = token_from_summary({"PersonalAccessTokenId": token_id}, organization)
            self._absent.append(token_id)
            note("absent")
            return
        token = token_from_summary(summary, organization, owner_of(summary.get("UserId")))
        why = reason(token)
        if why is not None:
            self._not_revoked.append((token, why))
            note("not_revoked", why)
            return
        if self._dry:
            self._revoked.append(token)
            return
        if self._starter.gone():
            raise PatrolError(
                "the process that started this run has ended, so nothing more is revoked",
                error_code="AbandonedRunException",
                organization_id=organization.id,
                hint="Read the record, and plan again.",
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
        refused: PatrolError | None = None
        try:
            operations.delete_personal_access_token(client, organization_id, token_id)
        except PatrolError as error:
            refused = error
        # A connection can break after the service has done its work, and a reply says nothing: only reading tells.
        for wait in (*_WAITS, 0):
            try:
                left = operations.get_personal_access_token(client, organization_id, token_id)
            except PatrolError as error:
                self._unconfirmed.append(token_id)
                if refused is not None:
                    raise refused from error
                raise
            if left is None:
                self._revoked.append(token)
                return
            if refused is not None and not _may_be_done_yet(refused):
                raise refused
            if wait:
                self._sleep(wait)
        self._unconfirmed.append(token_id)
        if refused is not None:
            raise refused
        raise PatrolError(
            f"token {token_id} is still there, though the service took its deletion",
            error_code="RevocationNotConfirmedException",
            organization_id=organization_id,
            region=token.region,
            hint="Look at it again later.",
        )

    def result(self) -> dict[str, Any]:
        """What became of the tokens so far.

        Returns:
            C(changed); C(revoked), records of those that were read before and are gone, or would be; C(not_revoked),
            C({reason, token}); C(absent), ids that were not there; C(unconfirmed), ids of which it is not known whether
            they are gone.
        """
        return {
            "changed": bool(self._revoked),
            "revoked": [to_record(token, self._as_of) for token in self._revoked],
            # Not as "skipped": with that, Ansible takes the task for one that did not run.
            "not_revoked": [
                {"reason": reason, "token": to_record(token, self._as_of)} for token, reason in self._not_revoked
            ],
            "absent": list(self._absent),
            "unconfirmed": list(self._unconfirmed),
        }


def _may_be_done_yet(error: PatrolError) -> bool:
    """Whether the service may do what failed with this error, because it did not refuse the request itself."""
    metadata = error.details.get("response_metadata")
    status = metadata.get("http_status_code") if isinstance(metadata, Mapping) else None
    return not isinstance(status, int) or status >= _SERVER_ERROR


def read_owner(client: Any, organization_id: str, user_id: str | None, listed: Owner | None = None) -> Owner:
    """Read the owner of a token just before its deletion.

    Args:
        client: A WorkMail client of the organization's region.
        organization_id: The organization.
        user_id: The user ID of the token as it was just read.
        listed: The owner as it was listed, if owners were.

    Returns:
        The owner, in the state ``UNKNOWN`` if the organization does not know it. AWS does not document whether a user
        who was deleted can still be read, so one who was listed as deleted stays as listed.

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
