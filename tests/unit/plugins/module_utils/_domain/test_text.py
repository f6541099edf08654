# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.text import (
    join_sentences,
    named,
    nearest,
    printable,
    quoted,
    shortened,
)


def test_nearest_suggests_only_names_that_are_near() -> None:
    assert nearest("expird", ["expired", "owner"]) == ", did you mean expired?"
    assert nearest("zzz", ["expired", "owner"]) == ""


@guards(
    "plugins/module_utils/_domain/text.py",
    ' if x.bit_length() <= 1_000 else f"an integer of {x.bit_length()} bits"',
    "",
)
def test_quoted_values_are_short_even_if_python_cannot_write_them() -> None:
    class Text(str):
        """Ansible tags text with subclasses."""

    assert quoted({"a": [16**6_000]}) == "{'a': [an integer of 24001 bits]}" and named(16**6_000).startswith(
        "an integer"
    )
    doubled: list[object] = []
    for _level in range(100):
        doubled = [doubled, doubled]
    assert len(quoted(doubled)) < 100
    assert quoted(Text("x" * 1_000)) == f"'{'x' * 57}...{'x' * 58}'"
    assert named("a.b") == "a.b" and named("a\nb") == "'a\\nb'" and named("") == "''" and named(None) == "None"


@guards("plugins/module_utils/_domain/text.py", "character if character.isprintable() else replacement", "character")
def test_printable_text_cannot_forge_a_line_or_turn_its_direction() -> None:
    assert printable("a\nb\x1b[31m\u202ec\ud800 é 工作") == "a?b?[31m?c? é 工作"
    assert printable("a\nb", "\ufffd") == "a\ufffdb"


def test_shortened_text_has_at_most_the_given_length() -> None:
    assert shortened("x" * 10, 10) == "x" * 10 and shortened("x" * 11, 10) == "x" * 7 + "..."


def test_joined_sentences_have_one_mark_between_them() -> None:
    assert join_sentences("a") == "a"
    assert join_sentences("a", "B.", "C?", "D...", "e") == "a. B. C? D... e"
