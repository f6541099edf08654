# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any input returns a result, or raises a PatrolError that names the place."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from condition_oracle import documents, flat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from malformed import Malformed, anything, mutations, scalars
from policy_oracle import policies
from token_strategies import NOW, tokens

from ansible_collections.patrol.workmail.plugins.module_utils._domain.conditions import parse_conditions
from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import (
    IndeterminateError,
    MistakesError,
    PatrolError,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.judge import judge
from ansible_collections.patrol.workmail.plugins.module_utils._domain.policy import parse_policy
from ansible_collections.patrol.workmail.plugins.module_utils._domain.text import named, quoted
from ansible_collections.patrol.workmail.plugins.module_utils._domain.times import (
    format_instant,
    parse_duration,
    parse_instant,
    resolve_as_of,
)
from ansible_collections.patrol.workmail.plugins.module_utils._domain.tokens import Token
from ansible_collections.patrol.workmail.plugins.module_utils._sweep.options import parse_sweep_options
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.options import parse_inventory_options
from ansible_collections.patrol.workmail.plugins.plugin_utils._plugin_options import check_options
from ansible_collections.patrol.workmail.plugins.plugin_utils._policy_files import load_policy
from ansible_collections.patrol.workmail.plugins.plugin_utils._watch.options import parse_watch_options

thorough = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


def check_error(error: PatrolError, *names: str) -> None:
    """An error has a text of one line that is not endless, and begins with one of the names."""
    text = str(error)
    assert text.isprintable() and len(text) < 16_000
    assert any(text.startswith(name) for name in names), text
    json.dumps({**error.details, **error.as_result()})


@thorough
@given(mutations(policies()), tokens)
def test_a_malformed_policy_is_judged_or_refused(document: Malformed, token: Token) -> None:
    try:
        policy = parse_policy(document.value)
    except MistakesError as error:
        assert error.mistakes and all(found.path and found.problem for found in error.mistakes)
        check_error(error, *{str(found) for found in error.mistakes[:1]}, f"{len(error.mistakes)} mistakes: (1) ")
        return
    try:
        json.dumps(judge(policy, [token], NOW)._asdict(), allow_nan=False)
    except IndeterminateError as error:
        assert "cannot be evaluated: token " in str(error)


@thorough
@given(mutations(documents), tokens)
def test_malformed_conditions_are_judged_or_refused(document: Malformed, token: Token) -> None:
    try:
        parse_conditions(document.value, "select").matches(token, NOW)
    except MistakesError as error:
        check_error(error, "select", f"{len(error.mistakes)} mistakes: (1) select")
    except IndeterminateError as error:
        assert "cannot be evaluated: token " in str(error)


KINDS = ("list", "dict", "str", "int", "bool")
SWEEP = st.fixed_dictionaries(
    {
        "organizations": st.just(["acme"]),
        "users": st.just(["ana"]),
        "regions": st.just(["us-east-1"]),
        "select": flat,
        "as_of": st.sampled_from([None, "+1d", "2027-01-01"]),
        "owners": st.just(True),
        "page_size": st.just(50),
        "max_items": st.none() | st.just(5),
        "next_token": st.none() | st.just("x"),
        "on_error": st.sampled_from(["fail", "continue"]),
        "on_missing": st.none() | st.just("skip"),
        "concurrency": st.just(8),
        "assume_role_arn": st.none() | st.just("arn:aws:iam::123456789012:role/x"),
        "assume_role_external_id": st.none(),
    }
)


def replaced(valid: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Malformed]:
    """Options of which some have another value."""
    return valid.flatmap(
        lambda options: st.fixed_dictionaries(
            {}, optional={name: st.just(value) | st.just(value) | anything for name, value in options.items()}
        )
    ).map(Malformed)


@thorough
@given(replaced(SWEEP))
def test_malformed_options_of_a_sweep_are_read_or_refused(options: Malformed) -> None:
    try:
        parse_sweep_options(options.value, NOW)
    except PatrolError as error:
        check_error(error, *options.value, *(f"{number} mistakes: (1) select" for number in range(2, 20)))


INVENTORY = st.builds(
    lambda sweep, own: {**sweep, **own},
    SWEEP,
    st.fixed_dictionaries(
        {
            "hosts": st.sampled_from(["users", "tokens", "organizations"]),
            "include_without_tokens": st.just(False),
            "hostnames": st.just(["workmail_name"]),
            "hostvars_prefix": st.just("workmail_"),
            "builtin_groups": st.just(True),
        }
    ),
)


@thorough
@given(replaced(INVENTORY))
def test_malformed_options_of_an_inventory_are_read_or_refused(options: Malformed) -> None:
    try:
        parse_inventory_options({"hosts": "users", **options.value}, NOW)
    except PatrolError as error:
        check_error(
            error, *options.value, "hostvars_prefix", *(f"{number} mistakes: (1) select" for number in range(2, 20))
        )


WATCH = st.fixed_dictionaries(
    {
        "region": st.just("us-east-1"),
        "organizations": st.just(["acme"]),
        "interval": st.just("1h"),
        "jitter": st.just(0.1),
        "warn": st.just(["30d"]),
        "state_file": st.just("~/state.json"),
        "report_existing": st.just(True),
        "owners": st.just(True),
        "access_key": st.just("a"),
    }
)


@thorough
@given(replaced(WATCH) | mutations(WATCH))
def test_malformed_options_of_the_event_source_are_read_or_refused(options: Malformed) -> None:
    try:
        parse_watch_options(options.value)
    except PatrolError as error:
        assert str(error).isprintable() and ": " in str(error)


@thorough
@given(st.dictionaries(st.sampled_from([*KINDS, "choice"]) | st.text(max_size=3), anything).map(Malformed))
def test_options_of_a_wrong_type_are_refused(options: Malformed) -> None:
    definitions: dict[str, Any] = {kind: {"type": kind} for kind in KINDS}
    plugin = SimpleNamespace(option_definitions={**definitions, "choice": {"choices": ["a", "b"]}})
    try:
        check_options(plugin, options.value)
    except PatrolError as error:
        check_error(error, *(named(name) for name in options.value))


@thorough
@given(anything.map(Malformed))
def test_malformed_times_are_read_or_refused(value: Malformed) -> None:
    for read in (parse_duration, parse_instant, lambda text, path: resolve_as_of(text, NOW, path)):
        try:
            found = read(value.value, "option")
        except PatrolError as error:
            check_error(error, "option: ")
        else:
            assert format_instant(found % 10**16) is not None


@thorough
@given((anything | scalars).map(Malformed))
def test_values_in_errors_are_short(value: Malformed) -> None:
    assert len(quoted(value.value)) < 4_000 and len(named(value.value)) < 4_000


YAML = Path(__file__).parents[2].joinpath("support/malformed.yml").read_text(encoding="utf-8")
PIECES = st.sampled_from(
    [
        *(
            "&a ",
            "*a",
            "<<: *a",
            "!!python/object:os.system ",
            "!unsafe ",
            "!vault |\n  x",
            "!!binary ",
            "!!set ",
            "!!omap ",
        ),
        *(
            "!!bool ",
            "!!int ",
            "!!float ",
            "!!null ",
            "!!timestamp ",
            "!!str ",
            "!!pairs ",
            "!!map ",
            "!!seq ",
            "!x!y ",
        ),
        *(
            "0o17",
            "0x_",
            "0b_",
            "1_0",
            "190:20:30",
            "~",
            ".nan",
            ".inf",
            "2026-12-31",
            "2026-12-31T12:00:00Z",
            "yes",
            "=",
            "1e999",
        ),
        *(
            "---\n",
            "...\n",
            "\t",
            "%YAML 9.9\n",
            "%TAG ! x\n",
            "? ",
            ": ",
            "- ",
            "|",
            ">",
            "[",
            "]",
            "{",
            "}",
            ",",
            "#",
            "'",
            '"',
        ),
        *(
            "\0",
            "\ufeff",
            "\x85",
            "\u2028",
            "\r",
            "\n",
            "  ",
            "@",
            "`",
            "\\",
            '"\\ud800"',
            '"\\x00"',
            "version: 1\n",
            "rules: []\n",
        ),
    ]
)


@settings(thorough, max_examples=150)
@given(st.data())
def test_an_edited_policy_file_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    text = YAML
    for _edit in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.sampled_from([0, 0, 1, 3, 30])))
        text = text[:start] + data.draw(PIECES | st.text(max_size=3)) + text[end:]
    file = tmp_path / "policy.yml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load_policy(file)
    except PatrolError as error:
        check_error(error, f"{file}: ")


@thorough
@given(mutations(policies()))
def test_a_file_of_a_malformed_policy_is_read_or_refused(tmp_path: Path, document: Malformed) -> None:
    try:
        text = yaml.dump(document.value)
    except Exception:
        return
    file = tmp_path / "policy.yml"
    file.write_text(text, errors="surrogateescape")
    try:
        load_policy(file)
    except PatrolError as error:
        check_error(error, f"{file}: ")
