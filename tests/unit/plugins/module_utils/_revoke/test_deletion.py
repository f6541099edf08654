# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One token after the other is read, deleted and read again, against the emulator over HTTP."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from connecting import REGION, connect, connect_and_break
from estate import ACME, ANA, BEN
from guarding import guards
from revocations import AS_OF, DELETE, GET, Run, asked, change_user, check_against_emulator, held, ids, reasons_of
from workmail_emulator import Emulator, Fault

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import parse_conditions
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import parse_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization, Owner, Token
from ansible_collections.patrol.workmail.plugins.module_utils._revoke import starter
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.deletion import Deletion, read_owner
from ansible_collections.patrol.workmail.plugins.module_utils._revoke.journal import RevocationJournal
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.options import parse_sweep_options
from ansible_collections.patrol.workmail.plugins.module_utils._workmail.session import Session

DELETION = "plugins/module_utils/_revoke/deletion.py"
ORGANIZATION = Organization(ACME, "acme", REGION, "Active")
CONFIRM = "plugins/module_utils/_workmail/confirm.py"
NOW = parse_instant(AS_OF, "now")


def strict_client(connection: Any) -> Any:
    return Session.open(connection, parse_sweep_options({}, NOW)).client(REGION)


@pytest.fixture
def waits() -> list[float]:
    """The seconds of each wait."""
    return []


@pytest.fixture
def revoke(emulator: Emulator, aws: pytest.MonkeyPatch, waits: list[float]) -> Run:
    """Revokes tokens of acme. A failure is in ``msg`` and ``error_code``."""
    client = strict_client(connect())

    def call(
        *token_ids: str,
        check_mode: bool = False,
        only_if: Any = None,
        as_of: str = AS_OF,
        journal: RevocationJournal | None = None,
        needs_owner: bool = False,
        owner: Owner | None = None,
    ) -> dict[str, Any]:
        before = held(emulator)
        instant = parse_instant(as_of, "as_of")
        conditions = parse_conditions(only_if or {}, "only_if")
        deletion = Deletion(instant, check_mode, journal, waits.append)

        def reason_to_skip(token: Token) -> str | None:
            return None if conditions.matches(token, instant) else "it does not match only_if"

        failure = {}
        for token_id in token_ids:
            try:
                deletion.revoke(
                    client, ORGANIZATION, token_id, reason_to_skip, needs_owner or conditions.needs_owners, owner
                )
            except PatrolError as error:
                failure = error.as_result()
                break
        result = {**deletion.result(), **failure}
        if check_mode:
            assert held(emulator) == before and not asked(emulator)
        else:
            check_against_emulator(emulator, before, result)
            assert set(asked(emulator)) <= set(token_ids)
        return result

    return call


@guards(
    DELETION,
    "        if summary is None:\n            token",
    ('        summary = summary or {"PersonalAccessTokenId": token_id}\n        if False:\n            token'),
)
def test_only_the_given_tokens_are_deleted(revoke: Run, emulator: Emulator) -> None:
    result = revoke("pat-3", "pat-1", "pat-none")
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
    DELETION,
    ("        if self._check_mode:\n            self._revoked.append(token)\n            return\n"),
    "",
)
def test_check_mode_predicts_the_result(revoke: Run, emulator: Emulator) -> None:
    predicted = revoke("pat-1", "pat-2", "pat-none", check_mode=True, only_if={"expired": True}, as_of=AS_OF)
    assert predicted == revoke("pat-1", "pat-2", "pat-none", only_if={"expired": True}, as_of=AS_OF)
    assert ids(predicted["revoked"]) == ["pat-1"] and predicted["changed"]


@guards(DELETION, "        reason = reason_to_skip(token)\n", "        reason = None\n")
def test_a_token_is_read_again_before_its_deletion(revoke: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("used_meanwhile", operation=GET, personal_access_token_id="pat-4", times=1))
    result = revoke("pat-3", "pat-4", "pat-5", only_if={"unused_for": "90d"}, as_of="2026-06-01T00:00:00Z")
    assert ids(result["revoked"]) == ["pat-3", "pat-5"]
    assert ids([entry["token"] for entry in result["not_revoked"]]) == ["pat-4"]


def test_a_token_deleted_by_others_is_not_an_error(revoke: Run, emulator: Emulator) -> None:
    emulator.faults.add(Fault("deleted_meanwhile", operation=GET, personal_access_token_id="pat-1", times=1))
    emulator.faults.add(Fault("deleted_meanwhile", operation=DELETE, personal_access_token_id="pat-2", times=1))
    result = revoke("pat-1", "pat-2", "pat-3")
    assert result["absent"] == ["pat-1"] and ids(result["revoked"]) == ["pat-2", "pat-3"]


@guards(
    CONFIRM,
    "        if failure is not None and _is_refusal(failure):",
    "        if failure is not None:",
)
@guards(DELETION, "            error = unconfirmed.error or PatrolError(", "            error = PatrolError(")
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
def test_a_deletion_that_fails_is_an_error(
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
def test_a_token_that_cannot_be_read_is_not_deleted(revoke: Run, emulator: Emulator, kind: str) -> None:
    emulator.faults.add(Fault(kind, operation=GET, personal_access_token_id="pat-2"))
    result = revoke("pat-1", "pat-2", "pat-3", only_if={"organization": "*"})
    assert result["operation"] == GET and ids(result["revoked"]) == ["pat-1"]
    assert asked(emulator) == ["pat-1"]


@guards("plugins/module_utils/_workmail/operations.py", '            if reply["PersonalAccessTokenId"] != token_id:')
def test_a_reply_about_another_token_is_an_error(revoke: Run, emulator: Emulator) -> None:
    """A proxy that mixes up replies must not have one token judged by another's expiry."""
    other = json.dumps({"PersonalAccessTokenId": "pat-1", "ExpiresTime": 1.0})
    emulator.faults.add(Fault("body", operation=GET, personal_access_token_id="pat-2", body=other))
    result = revoke("pat-2", only_if={"expired": True})
    assert result["error_code"] == "MalformedResponseException" and not asked(emulator)


def test_a_deletion_is_confirmed_after_its_connection_breaks(emulator: Emulator, aws: pytest.MonkeyPatch) -> None:
    client = strict_client(connect_and_break(DELETE))
    deletion = Deletion(NOW)
    for token_id in ("pat-1", "pat-2"):
        deletion.revoke(client, ORGANIZATION, token_id, lambda token: None, needs_owner=False)
    result = deletion.result()
    assert ids(result["revoked"]) == ["pat-1", "pat-2"] and not result["unconfirmed"]
    assert held(emulator) == {"pat-3", "pat-4", "pat-5", "pat-6"}


@guards(DELETION, "            self._unconfirmed.append(token_id)\n", "")
def test_a_deletion_that_cannot_be_read_back_is_unconfirmed(revoke: Run, emulator: Emulator) -> None:
    """The first reading succeeds; from the deletion on, the token cannot be read."""
    emulator.faults.add(Fault("delay", operation=GET, personal_access_token_id="pat-2", seconds=0, times=1))
    emulator.faults.add(Fault("access_denied", operation=GET, personal_access_token_id="pat-2"))
    result = revoke("pat-1", "pat-2", "pat-3")
    assert ids(result["revoked"]) == ["pat-1"] and result["unconfirmed"] == ["pat-2"]
    assert result["error_code"] == "AccessDeniedException"
    assert "pat-3" in held(emulator)


@guards(DELETION, "                lambda found: found is None,\n", "                lambda found: True,\n")
def test_an_empty_reply_does_not_confirm_a_deletion(revoke: Run, emulator: Emulator, waits: list[float]) -> None:
    """Something between answers in the place of the service, and nothing is deleted."""
    emulator.faults.add(Fault("empty_object", operation=DELETE, personal_access_token_id="pat-2"))
    result = revoke("pat-1", "pat-2")
    assert result["error_code"] == "RevocationNotConfirmedException"
    assert ids(result["revoked"]) == ["pat-1"] and result["unconfirmed"] == ["pat-2"]
    assert waits == [1, 2, 4]


@guards(DELETION, '        note("revoking")\n', "")
def test_the_journal_has_a_line_before_each_deletion(
    revoke: Run, emulator: Emulator, tmp_path: Path, aws: pytest.MonkeyPatch
) -> None:
    """The process may be killed while it waits for the reply to a deletion."""
    lines = []

    def note(journal: RevocationJournal, outcome: str, token: Token, *more: Any) -> None:
        lines.append((outcome, token.personal_access_token_id, len(asked(emulator)), "pat-1" in held(emulator)))

    aws.setattr(RevocationJournal, "note", note)
    assert ids(revoke("pat-1")["revoked"]) == ["pat-1"]
    assert lines == [("revoking", "pat-1", 0, True), ("revoked", "pat-1", 1, False)]


@guards(DELETION, "        if self._starter.gone():")
def test_a_run_whose_starter_has_ended_deletes_nothing_more(
    revoke: Run, emulator: Emulator, aws: pytest.MonkeyPatch
) -> None:
    parent = os.getppid()
    answers = iter([parent, parent])
    aws.setattr(starter.os, "getppid", lambda: next(answers, 1))
    result = revoke("pat-1", "pat-3")
    assert result["error_code"] == "AbandonedRunException" and ids(result["revoked"]) == ["pat-1"]
    assert asked(emulator) == ["pat-1"]


@guards(DELETION, "        if needs_owner:\n", "        if needs_owner and owner is None:\n")
def test_the_owner_is_read_again_just_before_the_deletion(revoke: Run, emulator: Emulator) -> None:
    listed = Owner(BEN, "ben", "ben@acme.example", "Ben", "DISABLED")
    change_user(emulator, BEN, State="ENABLED")
    result = revoke("pat-3", only_if={"owner_state": "DISABLED"}, owner=listed)
    assert reasons_of(result["not_revoked"]) == [("pat-3", "it does not match only_if")]
    assert result["not_revoked"][0]["token"]["owner"]["state"] == "ENABLED"


@guards(DELETION, "        elif owner is not None and owner.user_id != user_id:")
def test_the_owner_of_another_user_is_not_reused(revoke: Run, emulator: Emulator) -> None:
    listed = Owner(BEN, "ben", "ben@acme.example", "Ben", "DISABLED")
    assert revoke("pat-3", owner=listed)["revoked"][0]["owner"]["name"] == "ben"
    emulator.requests.clear()
    assert "owner" not in revoke("pat-1", owner=listed)["revoked"][0]


def test_an_owner_who_was_listed_as_deleted_stays_deleted(emulator: Emulator, aws: pytest.MonkeyPatch) -> None:
    """AWS does not document whether a user who was deleted can still be read."""
    client, gone = strict_client(connect()), "99999999-9999-9999-9999-999999999999"
    assert read_owner(client, ACME, ANA).name == "ana"
    assert read_owner(client, ACME, None) == Owner(None)
    assert read_owner(client, ACME, gone) == Owner(gone)
    deleted = Owner(gone, "eva", state="DELETED")
    assert read_owner(client, ACME, gone, deleted) == deleted
    assert read_owner(client, ACME, gone, deleted._replace(state="ENABLED")) == Owner(gone)
    assert read_owner(client, ACME, gone, deleted._replace(user_id=BEN)) == Owner(gone)
