# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._domain.errors import PatrolError


def test_an_error_says_what_where_and_what_to_do() -> None:
    error = PatrolError("it broke", hint="Correct it.").at("m-1", "us-east-1", "ListUsers", 2, "111111111111")
    assert (
        str(error)
        == "ListUsers: it broke (account 111111111111, organization m-1, region us-east-1, page 2). Correct it."
    )
    assert error.as_result() == {
        "msg": str(error),
        "error_code": "PatrolException",
        "account_id": "111111111111",
        "organization_id": "m-1",
        "region": "us-east-1",
        "operation": "ListUsers",
        "page": 2,
        "hint": "Correct it.",
    }


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("it broke", "it broke. Correct it."),
        ("The service is down.", "The service is down. Correct it."),
        ("unknown option, did you mean users?", "unknown option, did you mean users? Correct it."),
    ],
)
def test_a_hint_is_a_sentence_of_its_own(message: str, text: str) -> None:
    assert str(PatrolError(message, hint="Correct it.")) == text


def test_a_message_cannot_flood_a_log() -> None:
    assert len(str(PatrolError("x" * 100_000))) < 1_000


def test_a_known_place_is_not_replaced() -> None:
    assert PatrolError("x", organization_id="m-1").at("m-2", "us-east-1").organization_id == "m-1"


def test_a_place_cannot_forge_a_line() -> None:
    assert str(PatrolError("x", region="us-east-1\n::error::")) == "x (region us-east-1?::error::)"


@guards("plugins/module_utils/_domain/text.py", '_COMMAND_WITHIN_A_LINE.sub("# ", printable(text))', "printable(text)")
def test_no_error_is_a_command_of_a_pipeline() -> None:
    """Azure and GitHub read these commands anywhere in a line."""
    name = "##vso[task.complete result=Succeeded;]"
    assert str(PatrolError("a##b", region="###c")) == "a# #b (region # # #c)"
    error = PatrolError(name, organization_id=name, hint=name)
    for text in (str(error), error.as_result()["hint"]):
        assert "##" not in text and "# #vso[task.complete result=Succeeded;]" in text
    arn = "arn:aws:iam::123456789012:role/audit"
    assert str(PatrolError(arn)) == arn


def test_text_of_the_service_cannot_forge_a_line() -> None:
    assert str(PatrolError("a\n::error::b\x1b[31m\u202ec 工作")) == "a?::error::b?[31m?c 工作"
