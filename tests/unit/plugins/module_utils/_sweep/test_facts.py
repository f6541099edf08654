# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.accounts import Account
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Organization
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.facts import coverage_of, was_read
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.sweep import Sweep, SweptOrganization, Tally

ACME = Organization("m-1", "acme", "us-east-1", "Active")
GLOBEX = Organization("m-2", "globex", "us-east-1", "Impaired")
CLOSING = Organization("m-3", "initech", "us-east-1", "Deleting")


def swept(*organizations: SweptOrganization, errors: tuple[PatrolError, ...] = ()) -> Sweep:
    return Sweep([Account(None)], organizations, [], errors, [], None, {})


def test_the_tokens_of_organizations_that_were_read_in_part_are_counted() -> None:
    error = PatrolError("denied", "AccessDeniedException", "m-2")
    read, in_part = SweptOrganization(ACME, Tally(3), True), SweptOrganization(GLOBEX, Tally(2), False)
    coverage = coverage_of(swept(read, in_part, SweptOrganization(CLOSING, None, False), errors=(error,)))
    assert (coverage.tokens_read, coverage.organizations_read, coverage.complete) == (5, 1, False)
    assert [organization["tokens"] for organization in coverage.organizations] == [3, None, None]
    assert coverage.errors == [error.as_result()]


@guards(
    "plugins/module_utils/_sweep/facts.py",
    "        if entry.organization.readable and not entry.complete and entry.organization.id not in named",
    "        if False",
)
def test_an_organization_that_was_not_read_is_never_without_an_error() -> None:
    coverage = coverage_of(swept(SweptOrganization(ACME, None, False), SweptOrganization(GLOBEX, Tally(1), True)))
    assert not coverage.complete
    assert [(error["error_code"], error["organization_id"]) for error in coverage.errors] == [
        ("IncompleteSweepException", "m-1")
    ]


def test_an_organization_that_is_not_active_needs_no_error() -> None:
    coverage = coverage_of(swept(SweptOrganization(CLOSING, None, False)))
    assert coverage.complete and coverage.organizations_read == 0 and coverage.organizations[0]["tokens"] is None


@guards(
    "plugins/module_utils/_sweep/facts.py",
    "error.account_id in (None, account.id)",
    "error.account_id == account.id",
)
def test_an_error_that_names_no_account_applies_to_every_account() -> None:
    shop = Account("111111111111", state="ACTIVE")
    assert was_read(shop, []) and was_read(shop, [PatrolError("denied", account_id="222222222222")])
    assert not was_read(shop, [PatrolError("denied", account_id="111111111111")])
    assert not was_read(shop, [PatrolError("no client", region="eu-west-1")])
    assert not was_read(shop._replace(state="SUSPENDED"), [])
