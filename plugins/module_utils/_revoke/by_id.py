# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""Revoke the tokens with given IDs: the module ``workmail_pat``."""

from __future__ import annotations

import re
import time
from typing import Any, Mapping

from .._domain.errors import OptionError, attach_details
from .._domain.text import quoted
from .._domain.times import current_instant, resolve_as_of
from .._domain.tokens import Token
from .._sweep.organizations import connect_to_organization
from .._workmail.connection import Connection
from .deletion import Deletion, Sleep
from .options import check_future, optional_conditions
from .starter import Starter

_TOKEN_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def revoke_by_id(
    options: Mapping[str, Any],
    connection: Connection,
    check_mode: bool = False,
    sleep: Sleep = time.sleep,
) -> dict[str, Any]:
    """Revoke the tokens with given IDs.

    Args:
        options: The options by name: ``organization``, ``personal_access_token_ids``, ``only_if``, ``as_of``,
            ``allow_future``, and those of the connection.
        connection: Makes the clients.
        check_mode: Whether to predict the result without a deletion.
        sleep: Waits for a number of seconds.

    Returns:
        The result of ``Deletion.result``.

    Raises:
        PatrolError: An option is not valid, or a call failed. If a call failed, the details of the error contain the
            result so far.
    """
    token_ids = _token_ids(options.get("personal_access_token_ids"))
    only_if = optional_conditions(options.get("only_if"), "only_if")
    now = current_instant()
    as_of = resolve_as_of(options.get("as_of"), now)
    check_future(options, as_of, now)
    deletion = Deletion(as_of, check_mode, sleep=sleep, starter=Starter.from_environment())

    def reason_to_skip(token: Token) -> str | None:
        return None if only_if is None or only_if.matches(token, as_of) else "it does not match only_if"

    with attach_details(deletion.result):
        organization, client = connect_to_organization(options, connection)
        needs_owner = only_if is not None and only_if.needs_owners
        for token_id in token_ids:
            deletion.revoke(client, organization, token_id, reason_to_skip, needs_owner)
    return deletion.result()


def _token_ids(value: object) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not items:
        raise OptionError(f"personal_access_token_ids: expected a list of at least one ID, got {quoted(value)}")
    for item in items:
        if not isinstance(item, str) or not _TOKEN_ID.fullmatch(item):
            raise OptionError(
                f"personal_access_token_ids: {quoted(item)} is not a token ID; expected 1 to 64 letters, digits, "
                "hyphens and underscores"
            )
    return list(dict.fromkeys(str(item) for item in items))
