# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation as a site of HTML pages, without a network. Warnings are errors."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from .environment import VENV, Environment


def build_site(environment: Environment, collection: Path, site: Path) -> None:
    """Build the guides, and a page for each plugin and role, into a new directory.

    Args:
        environment: An environment whose collections path has the collection.
        collection: The root of the collection.
        site: The directory for the site, which is replaced.
    """
    with tempfile.TemporaryDirectory(dir=VENV, prefix="site-sources.") as directory:
        sources = Path(directory)
        environment.run(
            *("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"),
            *("--cleanup", "everything", "--dest-dir", sources, "patrol.workmail"),
        )
        index = sources / "index.rst"
        index.write_text(index.read_text().replace("\nPatrol.Workmail\n", "\npatrol.workmail\n", 1))
        # antsibull-docs takes the pages only, and not their pictures.
        for file in (collection / "docs/docsite/rst").rglob("*"):
            if file.is_file() and file.suffix != ".rst":
                shutil.copy2(file, sources / "docsite")
        shutil.rmtree(site, ignore_errors=True)
        environment.run(
            *("sphinx-build", "-b", "html", "-c", collection / "docs/docsite", "-d", sources / ".doctrees"),
            *("-W", "--keep-going", "-q", sources, site),
        )
