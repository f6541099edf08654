# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The formats of reports by name. A format is one entry of ``FORMATS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import TemplateError

from ...module_utils._audit.result import KEYS
from ...module_utils._domain.errors import OptionError
from ...module_utils._domain.text import nearest, quoted
from . import (
    _csv,
    _html,
    _json,
    _junit,
    _markdown,
    _ocsf,
    _openmetrics,
    _sarif,
    _text,
)

EXTENSIONS = {
    "json": "json",
    "csv": "csv",
    "junit": "xml",
    "sarif": "sarif",
    "markdown": "md",
    "html": "html",
    "text": "txt",
    "ocsf": "ocsf.jsonl",
    "openmetrics": "prom",
}
FORMATS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "json": _json.render,
    "csv": _csv.render,
    "junit": _junit.render,
    "sarif": _sarif.render,
    "markdown": _markdown.render,
    "html": _html.render,
    "text": _text.render,
    "ocsf": _ocsf.render,
    "openmetrics": _openmetrics.render,
}


def render(audit: object, report_format: object, base: str | None = None) -> str:
    """Write an audit result as a report.

    Args:
        audit: The result of the module ``workmail_pat_audit`` or of the filters ``workmail_pat_findings`` and
            ``workmail_pat_merged``.
        report_format: A name in ``FORMATS``.
        base: The root of the repository, for the format ``sarif``.

    Returns:
        The text.

    Raises:
        OptionError: The format does not exist, or the audit is not the result of an audit.
    """
    check_format(report_format, "format")
    missing = [key for key in KEYS if not isinstance(audit, Mapping) or key not in audit]
    if not isinstance(audit, Mapping) or missing:
        raise OptionError(f"audit: not the result of an audit, it lacks {', '.join(missing)}")
    try:
        if report_format == "sarif":
            return _sarif.render(audit, base)
        return FORMATS[str(report_format)](audit)
    except (AttributeError, LookupError, RecursionError, TemplateError, TypeError, ValueError) as error:
        raise OptionError(
            "audit: not the result of an audit, a value in it is missing or of another type: "
            f"{type(error).__name__} {quoted(str(error))} in the format {report_format}"
        ) from error


def check_format(report_format: object, option: str) -> None:
    """Check the name of a format.

    Args:
        report_format: The name.
        option: The option that contains it, for the error.

    Raises:
        OptionError: The format does not exist.
    """
    if not isinstance(report_format, str) or report_format not in FORMATS:
        near = nearest(report_format, FORMATS) or f", expected {', '.join(FORMATS)}"
        raise OptionError(f"{option}: {quoted(report_format)} is not a report format{near}")
