# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from audits import NOW, ORGANIZATIONS, account, token
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY, format_instant
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import to_record
from ansible_collections.patrol.workmail.plugins.plugin_utils._facts_changes import KINDS, compare_facts

FILE = "plugins/plugin_utils/_facts_changes.py"
IDS = [organization.id for organization in ORGANIZATIONS]
DENIED = {"account_id": None, "msg": "denied", "error_code": "AccessDeniedException"}

Population = dict[tuple[int, int], dict[str, Any]]


def facts(
    population: Population, as_of: int = NOW, listed: str = "+++", state: str = "Active", **fields: Any
) -> dict[str, Any]:
    """Return facts as the module does, through a file.

    Args:
        population: The fields of each token, by the indexes of its organization and of itself.
        as_of: The instant.
        listed: For each organization ``+`` if it was read, ``-`` if not, and a space if the facts do not have it.
        state: The state of the organizations.
        fields: Other values of the result.
    """
    read = [place for place, sign in enumerate(listed) if sign == "+"]
    tokens = [
        token(number, ORGANIZATIONS[place], **values) for (place, number), values in population.items() if place in read
    ]
    unread = [IDS[place] for place, sign in enumerate(listed) if sign == "-"] if state == "Active" else []
    result = {
        "personal_access_tokens": [to_record(entry, as_of) for entry in tokens],
        "summary": {"tokens": len(tokens), "selected": len(tokens), "organizations": len(read)},
        "accounts": [account(None if unread else len(read), None if unread else len(tokens))],
        "organizations": [
            {
                **ORGANIZATIONS[place]._asdict(),
                "state": state if sign == "-" else "Active",
                "tokens": sum(entry.organization_id == IDS[place] for entry in tokens) if sign == "+" else None,
            }
            for place, sign in enumerate(listed)
            if sign != " "
        ],
        "users": [],
        "as_of": format_instant(as_of),
        "complete": not unread,
        "errors": [{**DENIED, "organization_id": organization_id} for organization_id in unread],
    }
    loaded: dict[str, Any] = json.loads(json.dumps({**result, **fields}))
    return loaded


def names(records: list[dict[str, Any]]) -> set[str]:
    return {record["personal_access_token_id"] for record in records}


populations = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(1, 6)),
    st.fixed_dictionaries(
        {
            "date_last_used": st.sampled_from([None, NOW - 20 * DAY, NOW - 10 * DAY]),
            "expires_time": st.sampled_from([None, NOW - DAY, NOW - 3 * DAY, NOW + DAY]),
            "name": st.sampled_from(["phone", "laptop", None]),
        }
    ),
)
listings = st.lists(st.sampled_from("++- "), min_size=3, max_size=3).map("".join).filter(lambda signs: "+" in signs)


@given(populations, populations, listings, listings)
def test_changes_are_those_between_the_organizations_that_were_read_twice(
    before: Population, after: Population, listed_before: str, listed_after: str
) -> None:
    then = NOW - 2 * DAY
    # The numbers of tokens differ between organizations, so that their IDs do.
    before, after = (
        {
            (place, number + 10 * place): {**fields, "date_created": NOW - 60 * DAY}
            for (place, number), fields in one.items()
        }
        for one in (before, after)
    )
    changes = compare_facts(facts(after, listed=listed_after), facts(before, then, listed_before))
    compared = {
        place
        for place in range(3)
        if listed_after[place] == "+"
        and (listed_before[place] == "+" or (listed_before[place] == " " and "-" not in listed_before))
    }
    listed = {place for place in range(3) if (listed_before[place], listed_after[place]) != (" ", " ")}
    assert {entry["organization_id"] for entry in changes["not_compared"]} == {
        IDS[place] for place in listed - compared
    }
    old = {key: fields for key, fields in before.items() if key[0] in compared and listed_before[key[0]] == "+"}
    new = {key: fields for key, fields in after.items() if key[0] in compared}

    def ids(keys: Any) -> set[str]:
        return {f"pat-{number:05}" for _place, number in keys}

    both = old.keys() & new.keys()
    assert names(changes["appeared"]) == ids(new.keys() - old.keys())
    assert names(changes["gone"]) == ids(old.keys() - new.keys())
    assert names(changes["first_used"]) == ids(
        key for key in both if old[key]["date_last_used"] is None and new[key]["date_last_used"] is not None
    )

    def expired(fields: dict[str, Any], as_of: int) -> bool:
        return fields["expires_time"] is not None and fields["expires_time"] <= as_of

    assert names(changes["expired"]) == ids(
        key
        for key in new
        if expired(new[key], NOW)
        and (key not in old or not expired(old[key], then) or old[key]["expires_time"] != new[key]["expires_time"])
    )
    assert {
        (entry["personal_access_token"]["personal_access_token_id"], field)
        for entry in changes["changed"]
        for field in entry["changes"]
    } == {
        (f"pat-{key[1]:05}", field)
        for key in both
        for field in ("expires_time", "name")
        if old[key][field] != new[key][field]
    }
    assert changes["summary"] == {name: len(changes[name]) for name in (*KINDS, "not_compared")}
    assert changes["complete"] is ("-" not in listed_before + listed_after and listed == compared)


@guards(FILE, "        if organization_id in facts.organizations and organization_id not in facts.tokens:")
@guards(FILE, "    if organization_id not in now.organizations:")
@guards(FILE, "    if organization_id not in earlier.organizations and not earlier.complete:")
@pytest.mark.parametrize(
    ("listed", "listed_before", "reason"),
    [
        ("-++", "+++", "it was not read completely now"),
        ("+++", "-++", "it was not read completely before"),
        (" ++", "+++", "it is not in the later facts."),
        ("+++", " +-", "it is not in the earlier facts, which are incomplete"),
    ],
)
def test_nothing_of_an_organization_that_was_not_read_twice_is_gone_or_appears(
    listed: str, listed_before: str, reason: str
) -> None:
    everything: Population = {(0, 1): {}, (1, 2): {}}
    changes = compare_facts(facts(everything, listed=listed), facts(everything, NOW - DAY, listed_before))
    assert not changes["gone"] and not changes["appeared"] and changes["complete"] is False
    assert changes["not_compared"][0]["organization_id"] == IDS[0]
    assert changes["not_compared"][0]["msg"].startswith(reason)


def test_tokens_of_an_organization_that_is_being_deleted_are_gone() -> None:
    changes = compare_facts(facts({}, listed="-++", state="Deleting"), facts({(0, 1): {}}, NOW - DAY))
    assert names(changes["gone"]) == {"pat-00001"} and changes["complete"] is True


@guards(FILE, "        if any(not token.personal_access_token_id for token in facts.tokens.get(organization_id, ())):")
def test_an_organization_whose_tokens_have_no_id_is_not_compared() -> None:
    nameless: Population = {(0, 1): {"personal_access_token_id": None}, (1, 2): {}}
    changes = compare_facts(facts(nameless), facts({}, NOW - DAY))
    assert [entry["msg"] for entry in changes["not_compared"]] == ["a token of it had no ID now"]
    assert names(changes["appeared"]) == {"pat-00002"}


SELECTED = {"summary": {"tokens": 3, "selected": 1, "organizations": 3}}


@guards(FILE, "    if now.as_of < earlier.as_of:")
@guards(FILE, "    if sorted(now.users) != sorted(earlier.users):")
@guards(FILE, '        if error["error_code"] == INCOMPLETE_FACTS and (entry is None or entry["tokens"] is not None):')
@pytest.mark.parametrize(
    ("now", "before", "problem"),
    [
        (None, facts({}), "facts: expected the result of workmail_pat_info, got None"),
        (facts({}), [], "before: expected the result of workmail_pat_info, got []"),
        (facts({}), {"personal_access_tokens": []}, "before: not a result of workmail_pat_info, it lacks"),
        (facts({}), {"findings": []}, "before: expected the result of workmail_pat_info, got {'findings': []}"),
        (facts({}), facts({}, NOW + DAY), "before: its as_of 2026-11-22T00:00:00+00:00 is later than 2026-11-21"),
        (facts({}, users=["ana"]), facts({}), "before: the facts are about different users"),
        (facts({(0, 1): {}}, **SELECTED), facts({}), "facts: the facts are incomplete: select omitted 2 of 3 tokens"),
        (facts({}), facts({}, next_token="x"), "before: the facts are incomplete: the listing has more pages"),
        (facts({}), facts({}, personal_access_tokens=[{}]), "before.personal_access_tokens[0]: not a record"),
    ],
    ids=range(9),
)
def test_facts_that_cannot_be_compared_are_refused(now: object, before: object, problem: str) -> None:
    with pytest.raises(OptionError) as caught:
        compare_facts(now, before)
    text = str(caught.value)
    assert text.startswith(problem)
    assert text.count(". Pass on the result") <= 1
