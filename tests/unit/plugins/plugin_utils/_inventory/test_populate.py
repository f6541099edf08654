# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks on the text of variables, which decide whether Ansible evaluates it."""

from __future__ import annotations

from typing import Any

import ansible.template
import jinja2
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import AnsibleUnsafe, wrap_var
from guarding import guards
from hypothesis import given
from hypothesis import strategies as st
from inventories import hostile

from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.hosts import Host
from ansible_collections.patrol.workmail.plugins.plugin_utils._inventory.populate import (
    mark_unsafe,
    prefixed_variables,
    trust_plain_text,
)


@given(
    st.recursive(hostile | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(hostile, inner))
)
def test_marked_variables_equal_the_values(value: Any) -> None:
    assert prefixed_variables(Host("x", [], {"name": value}, []), "p_") == {"p_name": value}


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
    "plugins/plugin_utils/_inventory/populate.py",
    '_TEMPLATE = re.compile(r"[{}#(|]")',
    '_TEMPLATE = re.compile(r"[{}#]")',
)
@pytest.mark.parametrize("text", EVALUATED)
@guards(
    "plugins/plugin_utils/_inventory/populate.py",
    "wrap_var(text) if _TEMPLATE.search(text) else _trust(text)",
    "_trust(text)",
)
def test_text_from_the_service_is_never_evaluated(text: str) -> None:
    assert may_be_evaluated(trust(text))
    nested = prefixed_variables(Host("x", [], {"name": [{trust(text): trust(text)}]}, []), "p_")["p_name"]
    [[key, value]] = nested[0].items()
    assert not may_be_evaluated(key) and not may_be_evaluated(value) and value == text
    assert not may_be_evaluated(trust_plain_text({"a": [wrap_var(text)]})["a"][0])


@given(st.text(alphabet="ab1'._~[]()|{}%# ", max_size=12) | st.sampled_from(EVALUATED) | hostile)
def test_only_text_without_templates_and_calls_is_trusted(text: str) -> None:
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
def test_ordinary_text_is_listed_unchanged(text: str) -> None:
    # Otherwise, ansible-inventory lists it as {"__ansible_unsafe": TEXT}.
    [[key, value]] = prefixed_variables(Host("x", [], {"name": [{text: text}]}, []), "p_")["p_name"][0].items()
    composed = trust_plain_text({"a": [str(text)]})["a"][0]
    assert may_be_evaluated(key) and may_be_evaluated(value) and may_be_evaluated(composed)
