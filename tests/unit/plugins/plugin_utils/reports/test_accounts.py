# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit of many accounts in every format: which account a finding is of, and which one was not read."""

from __future__ import annotations

import pytest
from audits import NOW, ORGANIZATIONS, audit_of, merged, token

from ansible_collections.patrol.workmail.plugins.module_utils._merge import merge_audits
from ansible_collections.patrol.workmail.plugins.module_utils._time import DAY
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports import FORMATS, render

DENIED = {"failed": True, "msg": "AssumeRole: AccessDenied: not you", "error_code": "AccessDenied"}


@pytest.mark.parametrize("report_format", FORMATS)
def test_what_was_not_read_is_told(report_format: str) -> None:
    sales = audit_of([token(1, expires_time=NOW - DAY)], organizations=ORGANIZATIONS[:1])
    text = render(merge_audits({"sales": sales, "legal": DENIED}, ["sales", "legal", "support"]), report_format)
    assert "incomplete" in text.lower() or report_format == "junit"
    assert "legal: AssumeRole: AccessDenied: not you" in text
    assert "support: it was not audited" in text
    assert ("<bdi>sales</bdi>/<bdi>acme</bdi>" if report_format == "html" else "sales: The token has expired") in text


def test_names_of_organizations_have_the_account() -> None:
    reports = {report_format: render(merged(), report_format) for report_format in FORMATS}
    assert "production/acme" in reports["junit"] and "`production/acme`" in reports["markdown"]
    assert '"name": "production/acme"' in reports["sarif"] and "archive/initech" in reports["markdown"]
    assert "<bdi>production</bdi>/<bdi>acme</bdi>" in reports["html"] and "Accounts read" in reports["html"]
    assert " of 2 organizations in 2 accounts, " in reports["text"]


def test_an_account_that_was_not_read_is_a_suite_of_its_own() -> None:
    text = render(merge_audits({"sales": audit_of([]), "legal": DENIED}, ["sales", "legal"]), "junit")
    assert '<testsuite name="legal"' in text and '<property name="account" value="legal" />' in text


@pytest.mark.parametrize("report_format", FORMATS)
def test_an_audit_of_one_account_has_none(report_format: str) -> None:
    audit = audit_of([token(1, expires_time=NOW - DAY)])
    text = render(audit, report_format)
    assert "account" not in text.lower().replace('"account",', "") and "/acme" not in text.replace("m-", "")
