# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of reports, and the extension of each."""

from __future__ import annotations

FILES = {
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
