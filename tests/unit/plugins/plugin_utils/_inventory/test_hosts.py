# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what was fetched to hosts and back through the cache, without a service and without a plugin."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import PurePath
from typing import Any

import ansible.template
import jinja2
import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import AnsibleUnsafe, wrap_var
from ansible.vars.reserved import get_reserved_names
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from token_strategies import ACME, NOW, owners, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import (
    IndeterminateError,
    OptionError,
    PatrolError,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import DAY
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import (
    Organization,
    Owner,
    Token,
    in_order,
    record_of_owner,
    to_record,
    token_from_summary,
)
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.hosts import (
    Host,
    InventoryOptions,
    hosts_of,
    mark_unsafe,
    names_of,
    parse_inventory_options,
    trust_plain_text,
    variables_of,
)
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.snapshot import (
    OrganizationSnapshot,
    Snapshot,
    cache_key,
    from_cache,
    to_cache,
)

GLOBEX = Organization("m-" + "b" * 32, "globex", "eu-west-1", "Active")
KEY = cache_key({"regions": ["us-east-1"]})

# Anything a stranger may write, and what Ansible would take for something else.
hostile = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="ab:,[]*?!&~@./\\{}%-+ \n\u202e0工", max_size=8),
    st.sampled_from(["all", "ungrouped", "localhost", "127.0.0.1", "..", "-l", "@file", "a", "A", "a~", "", " "]),
)


def options(**given: Any) -> InventoryOptions:
    return parse_inventory_options({"hosts": "tokens", "hostvars_prefix": "workmail_", **given}, NOW)


def part(listed: list[Token], users: list[Owner] | None = None, **fields: Any) -> OrganizationSnapshot:
    return OrganizationSnapshot(
        **{"organization": ACME, "complete": True, "settings": None, **fields}, tokens=listed, users=users
    )


def hosts(made: OrganizationSnapshot, **given: Any) -> list[Host]:
    found, errors = hosts_of(Snapshot([made], []), options(**given))
    assert errors == []
    return found


def host(name: str, number: int) -> Host:
    return Host(name, ["tokens", number], {}, [])


def owned(token: Token) -> Token:
    """The owner that the listing of users below knows for the token's user."""
    return token._replace(owner=Owner(token.user_id), organization_alias="acme")


@given(st.lists(hostile))
def test_no_two_hosts_share_a_name_and_each_name_is_one_host_to_ansible(names: list[str]) -> None:
    made = [host(f"acme.{number}", number) for number in range(len(names))]
    wanted = dict(zip((id(each) for each in made), names, strict=True))
    given_names = names_of(made, lambda each: wanted[id(each)])
    assert len(set(given_names)) == len(names)
    manager = InventoryManager(DataLoader(), sources=None)
    for name in given_names:
        manager._inventory.add_host(name)
    for name in given_names:
        assert [found.name for found in manager.get_hosts(name)] == [name]
        assert PurePath(name).name == name and name.isprintable()
        assert name not in ("all", "ungrouped", "localhost") and name[0] not in "-@.+~"


@given(st.lists(hostile), st.randoms(use_true_random=False))
def test_a_name_does_not_depend_on_the_order(names: list[str], random: Any) -> None:
    made = [host(name or "x", number) for number, name in enumerate(names)]
    shuffled = list(made)
    random.shuffle(shuffled)
    ordered = dict(zip((each.identity[1] for each in made), names_of(made), strict=True))
    assert ordered == dict(zip((each.identity[1] for each in shuffled), names_of(shuffled), strict=True))


@given(st.lists(hostile, unique=True))
def test_a_name_of_its_own_is_kept(names: list[str]) -> None:
    legal = [name for name in names if name.isascii() and name.isalnum() and name not in ("all", "ungrouped")]
    made = [host(name, number) for number, name in enumerate(legal) if name != "localhost"]
    assert names_of(made) == [each.name for each in made]


@guards("plugins/plugin_utils/_inventory/hosts.py", "if many[name] > 1 or ", "if ")
def test_what_cannot_be_told_apart_is_counted() -> None:
    names = names_of([host("pat-1", 1), host("pat-1", 1), host("pat-1", 2)])
    assert len(set(names)) == 3 and names[1] == f"{names[0]}-2" and all(name.startswith("pat-1~") for name in names)


@guards("plugins/plugin_utils/_inventory/hosts.py", " or taken(name, host):", ":")
def test_what_the_inventory_has_under_a_name_is_kept_apart() -> None:
    made = [host("web", 1), host("db", 2)]
    names = names_of(made, taken=lambda name, each: name == "db" and each.identity[1] == 2)
    assert names[0] == "web" and names[1].startswith("db~")


@given(st.lists(tokens))
def test_hosts_of_tokens_are_the_records(listed: list[Token]) -> None:
    listed = [token._replace(organization_alias="acme") for token in listed]
    made = hosts(part(listed))
    expected = [to_record(token, NOW) for token in in_order(listed)]
    assert [{**each.variables} for each in made] == [{**record, "complete": True} for record in expected]
    for each, record in zip(made, expected, strict=True):
        assert ("workmail_expired" in each.groups) == record["expired"]
        assert ("workmail_never_used" in each.groups) == record["never_used"]
        assert each.name == f"acme.{record['personal_access_token_id'] or 'unknown'}"
        state = record["owner"]["state"]
        assert [name for name in each.groups if "_owner_" in name] == (
            [f"workmail_owner_{state.lower()}"] if state else []
        )


@given(st.lists(tokens), st.booleans(), st.booleans())
def test_hosts_of_users_hold_every_token_once(listed: list[Token], include: bool, expired: bool) -> None:
    listed = [owned(token) for token in listed]
    users = [Owner("u-1", "ana", state="ENABLED"), Owner("u-3", "eve", state="DELETED")]
    select = {"expired": True} if expired else {}
    made = hosts(part(listed, users), hosts="users", include_without_tokens=include, select=select)
    chosen = [token for token in in_order(listed) if not expired or token.expired(NOW)]
    held: list[Any] = [record for each in made for record in each.variables["personal_access_tokens"]]
    assert Counter(map(str, held)) == Counter(str(to_record(token, NOW)) for token in chosen)
    wanted = {token.user_id for token in (listed if include else chosen)} | ({"u-1", "u-3"} if include else set())
    assert [each.variables["user_id"] for each in made] == sorted(wanted, key=lambda user_id: user_id or "")
    for each in made:
        of_user = [token for token in listed if token.user_id == each.variables["user_id"]]
        to_come = [token.expires_time for token in of_user if token.expires_time and token.expires_time > NOW]
        assert each.variables["tokens"] == len(of_user)
        assert each.variables["selected"] == len(each.variables["personal_access_tokens"])
        assert each.variables["expired"] == sum(token.expired(NOW) for token in of_user)
        assert (each.variables["next_expiry"] is None) == (not to_come)
        assert (each.variables["last_use"] is None) == all(token.date_last_used is None for token in of_user)
        known = {user.user_id: user for user in users}.get(each.variables["user_id"])
        assert each.variables["owner"] == record_of_owner(known or Owner(each.variables["user_id"]))


def test_hosts_of_organizations_count() -> None:
    made = [
        token_from_summary({"PersonalAccessTokenId": "a", "ExpiresTime": NOW, "DateLastUsed": NOW - DAY}, ACME),
        token_from_summary({"PersonalAccessTokenId": "b", "ExpiresTime": NOW + DAY}, ACME),
        token_from_summary({"PersonalAccessTokenId": "c", "ExpiresTime": NOW + 2 * DAY}, ACME),
    ]
    settings = {"configured": True, "status": "ACTIVE"}
    [acme] = hosts(part(made, settings=settings), hosts="organizations", select={"expires_within": "1d"})
    assert acme.name == "acme"
    assert acme.variables == {
        "organization_id": ACME.id,
        "organization_alias": "acme",
        "region": "us-east-1",
        "state": "Active",
        "complete": True,
        "errors": [],
        "settings": settings,
        "tokens": 3,
        "selected": 1,
        "expired": 1,
        "never_used": 2,
        "next_expiry": "2027-01-16T08:00:00+00:00",
        "last_use": "2027-01-14T08:00:00+00:00",
    }
    assert acme.groups == [
        "workmail_pat",
        "workmail_organization_acme",
        "workmail_region_us_east_1",
        "workmail_expired",
        "workmail_never_used",
    ]


@guards("plugins/plugin_utils/_inventory/hosts.py", "        figures = dict.fromkeys(figures)\n", "        pass\n")
def test_an_organization_that_was_not_read_whole_is_marked_and_counts_nothing() -> None:
    error = PatrolError("denied", organization_id=ACME.id, region=ACME.region)
    elsewhere = PatrolError("denied", region="eu-west-1")
    estate = Snapshot([part([], complete=False), part([], organization=GLOBEX)], [error, elsewhere])
    made, errors = hosts_of(estate, options(hosts="organizations", on_error="continue"))
    assert errors == [error, elsewhere]
    acme, globex = made
    assert acme.variables["complete"] is False and acme.variables["errors"] == [error.as_result()]
    assert acme.variables["tokens"] is None and "workmail_incomplete" in acme.groups
    assert globex.variables["complete"] is True and globex.variables["tokens"] == 0 and not globex.variables["errors"]


@guards("plugins/plugin_utils/_inventory/hosts.py", "            part = part._replace(complete=False)\n", "")
def test_a_condition_that_cannot_be_judged_is_an_error_or_marks_the_organization() -> None:
    undated = token_from_summary({"PersonalAccessTokenId": "a"}, ACME)
    estate = Snapshot([part([undated]), part([], organization=GLOBEX)], [])
    with pytest.raises(IndeterminateError, match=ACME.id):
        hosts_of(estate, options(select={"older_than": "1d"}))
    marking = options(hosts="organizations", select={"older_than": "1d"}, on_error="continue")
    made, errors = hosts_of(estate, marking)
    assert [each.variables["complete"] for each in made] == [False, True]
    assert [error.organization_id for error in errors] == [ACME.id]


def test_an_alias_that_aws_would_not_give_does_not_pass_for_another_organization() -> None:
    odd = ACME._replace(alias="glo/bex")
    [token] = hosts(part([token_from_summary({"PersonalAccessTokenId": "../x"}, odd)], organization=odd))
    assert token.name == f"{ACME.id}..._x"
    assert f"workmail_organization_{ACME.id.replace('-', '_')}" in token.groups


def test_a_new_field_is_kept_under_a_name_that_a_variable_can_have() -> None:
    token = token_from_summary({"user-id": "forged", "new field": 1, "UserId": "u-1"}, ACME)
    variables = variables_of(hosts(part([token]))[0], "workmail_")
    assert variables["workmail_new_field"] == 1 and variables["workmail_user_id"] == "u-1"
    assert all(name.isidentifier() for name in variables)


@guards("plugins/plugin_utils/_inventory/hosts.py", "if (reserved := _reserved_name(prefix)) is not None:")
@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("ansible", "ansible_"),
        ("ansible_", "ansible_"),
        ("ansible_become_", "ansible_become_"),
        ("a", "action"),
        ("group_", "group_names"),
        ("inventory_host", "inventory_hostname"),
        ("with_", "with_"),
        ("t", "tags"),
    ],
)
@guards("plugins/plugin_utils/_inventory/hosts.py", 'if prefix.startswith("ansible_"):')
def test_a_prefix_with_which_the_service_could_set_a_variable_of_ansible(prefix: str, name: str) -> None:
    with pytest.raises(OptionError, match=f"^hostvars_prefix: '{prefix}' is not allowed.* own variable {name}"):
        options(hostvars_prefix=prefix)


@given(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), st.from_regex(r"[A-Za-z_ -]{1,20}", fullmatch=True))
def test_no_field_of_the_service_sets_a_variable_of_ansible(prefix: str, field: str) -> None:
    reserved = [name for name in [*get_reserved_names(), "ansible_connection", "hostvars"] if name.startswith(prefix)]
    fields = [field, *(name.removeprefix(prefix) for name in reserved)]
    token = token_from_summary(dict.fromkeys(fields, "ssh"), ACME)
    try:
        options(hostvars_prefix=prefix)
    except OptionError:
        return
    [host] = hosts(part([token]))
    names = variables_of(host, prefix)
    assert not names.keys() & {*get_reserved_names(), "hostvars", "groups", "inventory_hostname"}
    assert not any(name.startswith("ansible_") for name in names)


@guards("plugins/plugin_utils/_inventory/hosts.py", 'other.pop("owner", None)', "pass")
def test_a_new_field_never_takes_a_name_of_ours() -> None:
    ours = hosts(part([token_from_summary({"PersonalAccessTokenId": "a"}, ACME)]))[0].variables
    names = [*ours, "owner", *(name.replace("_", "-") for name in ours)]
    forged = token_from_summary({**dict.fromkeys(names, "forged"), "PersonalAccessTokenId": "a"}, ACME)
    assert hosts(part([forged]))[0].variables == ours


@given(
    st.recursive(hostile | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(hostile, inner))
)
def test_variables_say_what_the_values_say(value: Any) -> None:
    assert variables_of(Host("x", [], {"name": value}, []), "p_") == {"p_name": value}


# ansible-core marks what may be evaluated from 2.19 on, and what may not before.
may_be_evaluated = getattr(
    ansible.template, "is_trusted_as_template", lambda value: not isinstance(value, AnsibleUnsafe)
)
trust = getattr(ansible.template, "trust_as_template", str)
EVALUATED = [
    "{{ 1 }}",
    "{% if %}",
    "{# #}",
    "#jinja2: variable_start_string:'[%'\n[% 1 %]",
    # Without braces: what `when: "{{ workmail_name }}"` would evaluate once more.
    "lookup('ansible.builtin.pipe', 'echo owned')",
    "'/etc/*' | fileglob",
]


@guards(
    "plugins/plugin_utils/_inventory/hosts.py", '_TEMPLATE = re.compile(r"[{}#(|]")', '_TEMPLATE = re.compile(r"[{}#]")'
)
@pytest.mark.parametrize("text", EVALUATED)
@guards(
    "plugins/plugin_utils/_inventory/hosts.py",
    "wrap_var(text) if _TEMPLATE.search(text) else _trust(text)",
    "_trust(text)",
)
def test_text_of_strangers_is_never_evaluated(text: str) -> None:
    assert may_be_evaluated(trust(text))
    nested = variables_of(Host("x", [], {"name": [{trust(text): trust(text)}]}, []), "p_")["p_name"]
    [[key, value]] = nested[0].items()
    assert not may_be_evaluated(key) and not may_be_evaluated(value) and value == text
    assert not may_be_evaluated(trust_plain_text({"a": [wrap_var(text)]})["a"][0])


@given(st.text(alphabet="ab1'._~[]()|{}%# ", max_size=12) | st.sampled_from(EVALUATED) | hostile)
def test_only_text_that_does_nothing_is_trusted(text: str) -> None:
    marked = mark_unsafe(text)
    composed = trust_plain_text(wrap_var(text))
    for value in (marked, composed):
        assert value == text
        if may_be_evaluated(value):
            assert not Templar(DataLoader()).is_template(trust(text))
            try:
                expression = jinja2.Environment().parse("{{ " + text + " }}")
            except jinja2.TemplateSyntaxError:
                continue
            assert not [*expression.find_all((jinja2.nodes.Call, jinja2.nodes.Filter))]


@pytest.mark.parametrize("text", ["Outlook laptop", "工作", "ana@acme.example", "arn:aws:sso:::instance/x", "local"])
def test_ordinary_text_is_listed_as_it_is(text: str) -> None:
    # Otherwise, ansible-inventory lists it as {"__ansible_unsafe": TEXT}.
    [[key, value]] = variables_of(Host("x", [], {"name": [{text: text}]}, []), "p_")["p_name"][0].items()
    composed = trust_plain_text({"a": [str(text)]})["a"][0]
    assert may_be_evaluated(key) and may_be_evaluated(value) and may_be_evaluated(composed)


@given(
    st.lists(
        st.tuples(st.sampled_from([ACME, GLOBEX]), st.lists(tokens), st.none() | st.lists(owners)),
        unique_by=lambda each: each[0].id,
    )
)
def test_the_cache_gives_back_what_was_fetched(made: list[Any]) -> None:
    parts = []
    for organization, listed, users in made:
        # A listing without the ID of a user is refused.
        known = {user.user_id: user for user in users or [] if user.user_id}
        listed = [
            token._replace(
                organization_id=organization.id,
                organization_alias=organization.alias,
                region=organization.region,
                owner=None if users is None else known.get(token.user_id) or Owner(token.user_id),
            )
            for token in listed
        ]
        listed_users = None if users is None else list(known.values())
        parts.append(OrganizationSnapshot(organization, True, listed, listed_users, {"configured": False}))
    estate = Snapshot(parts, [])
    assert from_cache(json.loads(json.dumps(to_cache(estate, KEY))), KEY) == estate


@guards(
    "plugins/plugin_utils/_inventory/snapshot.py",
    "    if estate.errors or not all(part.complete for part in estate.parts):",
)
def test_nothing_that_is_not_whole_is_cached() -> None:
    assert to_cache(Snapshot([part([])], []), KEY) is not None
    assert to_cache(Snapshot([part([])], [PatrolError("x")]), KEY) is None
    assert to_cache(Snapshot([part([], complete=False)], []), KEY) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: None,
        lambda record: [],
        lambda record: "text",
        lambda record: {},
        lambda record: {**record, "key": "another"},
        lambda record: {**record, "fetched": None},
        lambda record: {**record, "fetched": "[]"},
        lambda record: {**record, "fetched": record["fetched"][:-1]},
        lambda record: {**record, "fetched": record["fetched"].replace("pat-1", "pat-2")},
        lambda record: {**record, "digest": None},
        lambda record: {key: value for key, value in record.items() if key != "digest"},
    ],
)
@guards("plugins/plugin_utils/_inventory/snapshot.py", 'record.get("key") != key', "False")
@guards(
    "plugins/plugin_utils/_inventory/snapshot.py", '    if record.get("digest") != _digest(key, record["fetched"]):'
)
def test_a_record_that_is_not_what_was_written_is_not_taken(spoil: Any) -> None:
    record = to_cache(Snapshot([part([token_from_summary({"PersonalAccessTokenId": "pat-1"}, ACME)])], []), KEY)
    assert from_cache(record, KEY) is not None
    assert from_cache(spoil(record), KEY) is None


def test_a_key_depends_on_everything_and_tells_nothing() -> None:
    whence = {"access_key": "AKIA1", "regions": ["us-east-1"]}
    keys = {cache_key(whence), cache_key({**whence, "access_key": "AKIA2"}), cache_key({**whence, "regions": []})}
    assert len(keys) == 3 and all(len(key) == 64 and "AKIA" not in key for key in keys)
    assert cache_key(dict(reversed(whence.items()))) == cache_key(whence)


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"include_without_tokens": True}, "^include_without_tokens: needs hosts: users, got hosts: 'tokens'$"),
        (
            {"hosts": "users", "include_without_tokens": True, "users": ["ana"]},
            "^include_without_tokens: asks for every user, and cannot stand beside users$",
        ),
        ({"hostvars_prefix": ""}, "^hostvars_prefix: '' is not a valid prefix; expected a letter or an underscore"),
        ({"hostvars_prefix": None}, "^hostvars_prefix: None is not a valid"),
        ({"hostvars_prefix": "1x"}, "^hostvars_prefix: '1x' is not a valid"),
        ({"hostvars_prefix": "x-"}, "^hostvars_prefix: 'x-' is not a valid"),
        ({"hostnames": [""]}, "^hostnames: expected non-empty Jinja expressions or templates, got ''$"),
        ({"hostnames": [{"name": "x"}]}, "^hostnames: expected non-empty Jinja"),
        ({"organizations": ["m-XYZ"]}, "^organizations: 'm-XYZ' is no organization id"),
        ({"select": {"expird": True}}, r"^select\.expird: unknown condition, did you mean expired\?"),
        ({"select": {"owner_state": "DISABLED"}}, "need owners: true$"),
    ],
)
def test_bad_options(given_options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        options(**given_options)


def test_users_know_their_owners_without_being_asked() -> None:
    assert options(hosts="users").sweep.owners and options(hosts="users", select={"owner_state": "DELETED"})
    assert not options(hosts="tokens").sweep.owners
