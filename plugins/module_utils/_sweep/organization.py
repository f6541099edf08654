# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection and may change without notice.

"""The one organization that a module works on."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from .._domain.errors import OptionError
from .._domain.times import current_instant
from .._domain.tokens import Organization
from .._workmail.session import Connect, Session
from .concurrency import WorkerPool
from .options import parse_sweep_options
from .organizations import discover


class OrganizationClient(NamedTuple):
    """An organization, a client for its region, and the session that the client is of."""

    organization: Organization
    client: Any
    session: Session


def connect_to_organization(options: Mapping[str, Any], connect: Connect, region: str | None) -> OrganizationClient:
    """Find the organization that the option C(organization) names, by id or alias, in the connection's region.

    Args:
        options: The options by name, those of the connection and the role among them.
        connect: Makes a boto3 client, called as C(connect(service, region=…, config=…)).
        region: The connection's own region, if it has one.

    Raises:
        PatrolError: An option is not valid, there is no such organization, or it is not Active.
    """
    wanted = {
        "organizations": [options.get("organization")],
        "assume_role_arn": options.get("assume_role_arn"),
        "assume_role_external_id": options.get("assume_role_external_id"),
    }
    try:
        checked = parse_sweep_options(wanted, current_instant())
    except OptionError as error:
        # Here the option is named in the singular.
        raise OptionError(error.message.replace("organizations: ", "organization: ", 1)) from error
    session = Session(connect, [], region, options.get("profile"), checked.role)
    clients = {name: session.client(name) for name in session.regions}
    found, _missing = discover(checked, clients, WorkerPool(1, keep_going=False))
    return OrganizationClient(found[0], clients[found[0].region], session)
