# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters on audits and facts: what was changed since it was made is refused, and never a pass."""

from __future__ import annotations

from typing import Any

import audits
import pytest
from ansible.errors import AnsibleFilterError
from guarding import guards

from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_findings import workmail_pat_findings
from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_merged import workmail_pat_merged
from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_report import workmail_pat_report


@guards("plugins/filter/workmail_pat_report.py", "        if isinstance(format, str) and format in FORMATS:")
@pytest.mark.parametrize("name", ["json", "csv", "junit", "sarif", "markdown", "html", "text"])
def test_no_report_of_an_audit_that_was_changed(name: str) -> None:
    audit = audits.mixed()
    with pytest.raises(AnsibleFilterError, match=r"^workmail_pat_report: audit\.summary\.findings: it is 7, and"):
        workmail_pat_report({**audit, "findings": []}, name)
    assert workmail_pat_report(audit, name)


@pytest.mark.parametrize("name", ["jsn", ["json"], None, {}])
def test_an_unknown_format_is_reported_first(name: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="^workmail_pat_report: format: .* is not a format of reports"):
        workmail_pat_report({}, name)


def test_a_list_that_is_complete() -> None:
    assert workmail_pat_findings([], "no_expired")["outcome"] == "incomplete"
    assert workmail_pat_findings([], "no_expired", complete=False)["outcome"] == "incomplete"
    assert workmail_pat_findings([], "no_expired", complete=True)["outcome"] == "pass"
    with pytest.raises(AnsibleFilterError, match="^workmail_pat_findings: complete: expected true or false, got 'yes'"):
        workmail_pat_findings([], "no_expired", complete="yes")
    with pytest.raises(AnsibleFilterError, match="complete: it is for a list of records"):
        workmail_pat_findings({"personal_access_tokens": []}, "no_expired", complete=True)


def test_an_unknown_outcome_is_never_merged_to_a_pass() -> None:
    merged = workmail_pat_merged({"a": audits.clean(), "b": {**audits.clean(), "outcome": "fine"}}, ["a", "b"])
    assert merged["outcome"] == "incomplete" and merged["errors"][0]["host"] == "b"
