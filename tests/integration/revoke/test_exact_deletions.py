# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly the tokens that violate a policy are revoked."""

from __future__ import annotations

import datetime
from typing import Any

from condition_oracle import documents, oracle
from estate import ACME, GLOBEX
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_oracle import naive, policies
from revocations import Run, held, ids
from token_strategies import NOW, tokens
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import current_instant, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Owner, Token


@st.composite
def populations(draw: st.DrawFn) -> list[Token]:
    """Tokens with IDs and owners of their own, and with everything that a condition can need."""
    population = []
    for number, token in enumerate(draw(st.lists(tokens, max_size=8))):
        user_id = f"user-{number}"
        owner = token.owner
        if owner is None or owner.state not in ("ENABLED", "DISABLED", "DELETED"):
            owner = Owner(user_id)
        population.append(
            token._replace(
                organization_alias="acme",
                personal_access_token_id=f"pat-{number}",
                user_id=user_id,
                scopes=token.scopes or [],
                account_id="123456789012",
                account_name="sandbox",
                owner=owner._replace(user_id=user_id),
                other=None,
            )
        )
    return population


def seed_of(population: list[Token]) -> dict[str, Any]:
    def known(**fields: Any) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if value is not None}

    account = {"Id": "123456789012", "Name": "sandbox"}
    return {
        "AwsOrganization": {"ManagementAccountId": account["Id"]},
        "Accounts": [account],
        "Organizations": [
            {
                "OrganizationId": ACME,
                "Alias": "acme",
                "Users": [
                    known(
                        Id=token.user_id,
                        Name=token.owner.name,
                        Email=token.owner.email,
                        State=token.owner.state,
                        DisabledDate=format_instant(token.owner.disabled_date),
                        IdentityProviderUserId=token.owner.identity_provider_user_id,
                    )
                    for token in population
                    if token.owner is not None and token.owner.state != "UNKNOWN"
                ],
                "PersonalAccessTokens": [
                    known(
                        PersonalAccessTokenId=token.personal_access_token_id,
                        UserId=token.user_id,
                        Name=token.name,
                        DateCreated=format_instant(token.date_created),
                        DateLastUsed=format_instant(token.date_last_used),
                        ExpiresTime=format_instant(token.expires_time),
                        Scopes=token.scopes,
                    )
                    for token in population
                ],
            },
            {"OrganizationId": GLOBEX, "Alias": "globex"},
        ],
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    policy=policies(),
    population=populations(),
    protected=st.none() | documents.filter(bool),
    grace=st.none() | st.integers(1, 400),
    max_tokens=st.integers(1, 6),
    max_percent=st.sampled_from([25, 50, 100]),
    confirm=st.booleans(),
)
def test_deletes_exactly_the_planned_tokens(
    by_policy: Run,
    emulator: Emulator,
    policy: dict[str, Any],
    population: list[Token],
    protected: dict[str, Any] | None,
    grace: int | None,
    max_tokens: int,
    max_percent: int,
    confirm: bool,
) -> None:
    """For any tokens and policy, an independent implementation of policies expects the same tokens to remain."""
    emulator.reset()
    emulator.load(seed_of(population))
    now = current_instant() / 1_000_000
    ranks = ["low", "medium", "high", "critical"]
    moment = _moment(NOW)
    doomed = {
        record["personal_access_token_id"]
        for _rule, severity, muting, record in naive(policy, population, True)["findings"]
        if muting is None
        and ranks.index(severity) >= ranks.index(policy.get("fail_on", "low"))
        and (protected is None or not oracle(protected, record, moment))
        and (grace is None or now - _moment_of(record["date_created"]) > grace * 86_400)
    }
    over = len(doomed) > max_tokens or len(doomed) * 100 > max_percent * len(population)
    result = by_policy(
        policy=policy,
        as_of=format_instant(NOW),
        protected=protected,
        grace=None if grace is None else f"{grace}d",
        max_tokens=max_tokens,
        max_percent=max_percent,
        confirm=confirm,
        allow_future=True,
        organizations=["acme"],
        accounts=["all"],
        assume_role_name="workmail-auditor",
    )
    if not any(ranks.index(rule["severity"]) >= ranks.index(policy.get("fail_on", "low")) for rule in policy["rules"]):
        assert "policy: none of its rules can revoke a token" in result["msg"]
        return
    everything = {token.personal_access_token_id for token in population}
    assert set(ids([entry["token"] for entry in result["plan"]])) == doomed
    assert result.get("error_code") == ("RevocationLimitException" if over else None)
    assert held(emulator) == everything - (doomed if confirm and not over else set())


def _moment(instant: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(instant / 1_000_000, datetime.UTC)


def _moment_of(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
