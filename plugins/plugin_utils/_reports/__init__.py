# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Reports: an audit result as text in one of several formats. A format is one entry of C(FORMATS)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.patrol.workmail.plugins.module_utils._audit import KEYS
from ansible_collections.patrol.workmail.plugins.module_utils._errors import OptionError, nearest, shown
from ansible_collections.patrol.workmail.plugins.plugin_utils._reports import (
    _csv,
    _html,
    _json,
    _junit,
    _markdown,
    _sarif,
    _text,
)

FORMATS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "json": _json.render,
    "csv": _csv.render,
    "junit": _junit.render,
    "sarif": _sarif.render,
    "markdown": _markdown.render,
    "html": _html.render,
    "text": _text.render,
}


def render(audit: object, report_format: object) -> str:
    """Write an audit result as a report.

    Args:
        audit: The result of M(patrol.workmail.workmail_pat_audit) or P(patrol.workmail.workmail_pat_findings#filter).
        report_format: A name in C(FORMATS).

    Raises:
        OptionError: There is no such format, or it is no audit result.
    """
    if not isinstance(report_format, str) or report_format not in FORMATS:
        near = nearest(report_format, FORMATS) or f", expected {', '.join(FORMATS)}"
        raise OptionError(f"format: {shown(report_format)} is not a format of reports{near}")
    missing = [key for key in KEYS if not isinstance(audit, Mapping) or key not in audit]
    if not isinstance(audit, Mapping) or missing:
        raise OptionError(f"audit: not the result of an audit, it lacks {', '.join(missing)}")
    return FORMATS[report_format](audit)
