# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Misspelled role variables are found, with the nearest name."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_unknown_variables import (
    workmail_pat_unknown_variables,
)

KNOWN = ["audit_fail", "audit_regions", "audit_result"]


def test_unknown_names_are_sorted_and_get_the_nearest_name() -> None:
    unknown = workmail_pat_unknown_variables(["audit_regoins", "audit_fail", "audit_fial", "audit_xyzxyz"], KNOWN)
    assert unknown == [
        "audit_fial (did you mean audit_fail?)",
        "audit_regoins (did you mean audit_regions?)",
        "audit_xyzxyz",
    ]


def test_known_names_are_not_returned() -> None:
    assert workmail_pat_unknown_variables(KNOWN, KNOWN) == []
    assert workmail_pat_unknown_variables([], KNOWN) == []


@pytest.mark.parametrize(
    ("names", "known"), [("audit_fail", KNOWN), (None, KNOWN), ([1], KNOWN), (KNOWN, "audit_fail")]
)
def test_values_that_are_not_lists_of_names_are_refused(names: Any, known: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="expected a list of names"):
        workmail_pat_unknown_variables(names, known)
