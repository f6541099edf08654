# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/test wording`` finds what it should, in files of every kind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from scripts.support.prose import Passage, as_markdown, find_passages
from scripts.support.wording import find_words


@pytest.mark.parametrize(
    "text",
    [
        "The module tells why it failed.",
        "An owner is told by e-mail.",
        "It holds every token against the policy.",
        "The answer is whole or an error.",
        "Use the facts in hand.",
        "The list is sorted anew.",
        "This is no organization.",
        "The page, where it is known.",
        "Everything but for the last page.",
        "A row a finding.",
        "It keeps tokens from looking expired.",
        "Ansible passes over the host.",
        "Return the page; there is none at the end.",
    ],
)
def test_a_sentence_with_a_word_of_the_old_style_is_found(text: str) -> None:
    assert list(find_words([Passage("a.md", 1, "page", text)]))


@pytest.mark.parametrize(
    "text",
    [
        "Expected a whole number of at least 0.",
        "The token is no longer valid.",
        "There is no token.",
        "Return None; the value is None.",
        'The message is `told` or "anew".',
        "The region where the organization was found.",
    ],
)
def test_a_sentence_in_plain_words_is_not_found(text: str) -> None:
    assert not list(find_words([Passage("a.md", 1, "page", text)]))


FILES = {
    "README.md": "# A title\n\nOne `code` sentence here.\n\n```yaml\nname: not this text\n```\n",
    "docs/docsite/rst/guide.rst": (
        "Title\n=====\n\nUse :ansplugin:`patrol.workmail.x#module` for it.\n\n"
        ".. code-block:: yaml\n\n   not: this text\n\n.. note::\n\n   This is a note.\n"
    ),
    "plugins/modules/x.py": (
        'DOCUMENTATION = r"""\ndescription:\n  - Reads C(this) and that.\n"""\n'
        'def f():\n    """Return the thing.\n\n    Args:\n        a: The first of them.\n    """\n'
        '    raise ValueError(f"{f}: the value is wrong")\n'
    ),
    "tests/unit/test_x.py": "def test_that_it_works():\n    assert 'not this text either'\n",
    "roles/x/tasks/main.yml": "- name: Check the variables here\n  debug:\n    msg: The outcome is good\n",
    "roles/x/templates/x.j2": '{# not this text #}<p class="a b c">Your tokens are here</p>\n',
    "changelogs/fragments/x.yml": "bugfixes:\n  - lookup - a fault is fixed.\n",
}
EXPECTED = [
    ("README.md", 1, "page", "A title"),
    ("README.md", 3, "page", "One `code` sentence here."),
    ("changelogs/fragments/x.yml", 2, "bugfixes", "lookup - a fault is fixed."),
    ("docs/docsite/rst/guide.rst", 1, "page", "Title"),
    ("docs/docsite/rst/guide.rst", 4, "page", "Use `patrol.workmail.x#module` for it."),
    ("docs/docsite/rst/guide.rst", 12, "page", "This is a note."),
    ("plugins/modules/x.py", 3, "description", "Reads `this` and that."),
    ("plugins/modules/x.py", 6, "docstring", "Return the thing."),
    ("plugins/modules/x.py", 9, "docstring", "The first of them."),
    ("plugins/modules/x.py", 11, "message", "`value`: the value is wrong"),
    ("roles/x/tasks/main.yml", 1, "name", "Check the variables here"),
    ("roles/x/tasks/main.yml", 3, "msg", "The outcome is good"),
    ("roles/x/templates/x.j2", 1, "template", "Your tokens are here"),
    ("tests/unit/test_x.py", 1, "test", "that it works"),
]


def test_passages_of_every_kind_of_file_are_found(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    passages = list(find_passages(tmp_path))
    assert sorted(passages) == sorted(Passage(*expected) for expected in EXPECTED)
    lines = as_markdown(passages).split("\n")
    assert [lines[2 * number] for number in range(len(passages))] == [passage.text for passage in passages]
