# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time, CPU time and peak memory of writing the reports of a large audit, their sizes, and how fast the page opens.

``scripts/bench reports`` makes the requirements and runs it. A process of its own reads the audit and writes one
format. Then one process writes all formats, and one task of a playbook does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from side_by_side import CONTENDERS, Cost, Run, measure, play, show

LIMITS = "limits: 60 s for all formats; 100 MB and 600 MiB for each; 40 MB and 3 s to open for html"


def writing(audit: Path, reports: Path, *formats: str) -> Run:
    """Write reports in one process.

    Args:
        audit: The file with the audit.
        reports: The directory for the reports.
        formats: The formats, or none to read the audit only.

    Returns:
        The command.
    """
    return Run([sys.executable, str(CONTENDERS / "write_reports.py"), str(audit), str(reports), *formats], None)


def by_module(folder: Path, audit: Path, *formats: str) -> Run:
    """Write reports in one task of a playbook.

    Args:
        folder: The directory for the playbook and the reports.
        audit: The file with the audit.
        formats: The formats, or none to read the audit only.

    Returns:
        The command.
    """
    value = "{{ lookup('ansible.builtin.file', '" + str(audit) + "') | from_json }}"
    tasks = [{"ansible.builtin.set_fact": {"audit": value}}]
    if formats:
        options = {"audit": "{{ audit }}", "dest": str(folder / "by_module"), "formats": list(formats)}
        tasks.append({"patrol.workmail.workmail_pat_report": options})
    return Run(play(folder, "write", tasks), None)


def opening(page: Path, javascript: bool) -> float:
    """Open a page in Chromium.

    Args:
        page: The file.
        javascript: Whether its script runs.

    Returns:
        The time until the page is complete and drawn, in seconds.
    """
    # Import it late, because the options are parsed before the requirements are installed.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        with playwright.chromium.launch(executable_path=os.environ["WORKMAIL_CHROMIUM"], args=arguments) as browser:
            tab = browser.new_context(java_script_enabled=javascript).new_page()
            start = time.perf_counter()
            tab.goto(page.as_uri())
            tab.screenshot()
            return time.perf_counter() - start


def parse_options(arguments: list[str]) -> argparse.Namespace:
    """Read the arguments of the command line.

    Args:
        arguments: The arguments.

    Returns:
        The options. Arguments that are not valid end the process.
    """
    parser = argparse.ArgumentParser(prog="scripts/bench reports", description="Measure the reports of a large audit.")
    parser.add_argument("--findings", type=int, default=50_000, help="the number of findings (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure, and print the tables."""
    from ansible_collections.patrol.workmail.plugins.plugin_utils._reports._formats import EXTENSIONS

    options = parse_options(sys.argv[1:])
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        audit, reports = folder / "audit-as-made.json", folder / "reports"
        # A process begins with the peak memory of the one that starts it, so none of the work is done in this one.
        command = [sys.executable, str(CONTENDERS / "large_audit.py"), str(options.findings), str(audit)]
        subprocess.run(command, check=True, env=environment)
        costs: dict[str, Cost] = {"reading the audit": measure(writing(audit, reports), environment)}
        for name in EXTENSIONS:
            costs[name] = measure(writing(audit, reports, name), environment)
        costs["all formats"] = measure(writing(audit, folder / "together", *EXTENSIONS), environment)
        costs["playbook, audit only"] = measure(by_module(folder, audit), environment)
        costs["playbook, all formats"] = measure(by_module(folder, audit, *EXTENSIONS), environment)
        show(f"{options.findings:,} findings; {LIMITS}", costs)
        sizes = {name: (reports / f"audit.{EXTENSIONS[name]}").stat().st_size / 1e6 for name in EXTENSIONS}
        print("\nsizes in MB: " + ", ".join(f"{name} {size:.1f}" for name, size in sizes.items()))
        opened = {
            name: opening(reports / "audit.html", javascript)
            for name, javascript in (("with JavaScript", True), ("without JavaScript", False))
        }
        print("seconds to open the page: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in opened.items()))
    if options.json:
        results = {name: cost._asdict() for name, cost in costs.items()}
        options.json.write_text(json.dumps({"costs": results, "sizes": sizes, "opened": opened}, indent=2) + "\n")


if __name__ == "__main__":
    main()
