# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else does just before a request is answered."""

from __future__ import annotations

import time

from .faults import Fault
from .request import ApiRequest
from .workmail.models import workmail_backends


def interfere(fault: Fault, request: ApiRequest) -> None:
    """Delete or use the token that the request asks for, if the fault is of that sort and there is such a token."""
    if fault.kind not in ("deleted_meanwhile", "used_meanwhile") or request.region is None:
        return
    organization = workmail_backends[request.account_id][request.region].organizations.get(
        request.organization_id or ""
    )
    token_id = request.personal_access_token_id or ""
    token = organization.personal_access_tokens.get(token_id) if organization else None
    if organization is None or token is None:
        return
    if fault.kind == "deleted_meanwhile":
        organization.personal_access_tokens.remove(token_id)
    else:
        token["DateLastUsed"] = time.time()
