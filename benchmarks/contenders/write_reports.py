# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read an audit, and write reports of it.

Usage: write_reports.py AUDIT DIRECTORY [FORMAT...]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._files import parse_report_options, write_reports


def main() -> None:
    """Write the reports."""
    file, directory, *formats = sys.argv[1:]
    audit = json.loads(Path(file).read_text())
    if formats:
        write_reports(parse_report_options({"audit": audit, "dest": directory, "formats": formats}), check=False)


if __name__ == "__main__":
    main()
