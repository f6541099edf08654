# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artifact: the file that is published."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from .environment import Environment, Failure


def read_version(collection: Path) -> str:
    """Read the version in ``galaxy.yml``.

    Args:
        collection: The root of the collection.

    Returns:
        The version, such as ``1.2.3``.

    Raises:
        Failure: The file has no version.
    """
    found = re.search(r"^version: *\"?([^\"\n]*)\"?$", (collection / "galaxy.yml").read_text(), re.MULTILINE)
    if found is None:
        raise Failure("galaxy.yml has no version")
    return found[1]


# The files that contain the version, and the line of each.
VERSIONED = {
    "galaxy.yml": "version: {}",
    "plugins/module_utils/_audit/result.py": 'COLLECTION_VERSION = "{}"',
}


def prepare_release(environment: Environment, collection: Path, version: str) -> None:
    """Write a version into the files that contain it, and move the changelog fragments into its release.

    Args:
        environment: The environment with antsibull-changelog.
        collection: A copy that is in ``ansible_collections/patrol/workmail``.
        version: Such as ``1.2.3``.
    """
    for name, line in VERSIONED.items():
        file = collection / name
        pattern = "^" + re.escape(line).replace(r"\{\}", ".*") + "$"
        file.write_text(re.sub(pattern, line.format(version), file.read_text(), flags=re.MULTILINE))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    environment.run("antsibull-changelog", "release", "--version", version, "--date", today, cwd=collection)


def build_artifact(environment: Environment, collection: Path, directory: Path) -> Path:
    """Build the artifact in a directory and check it with Galaxy's importer.

    Args:
        environment: An environment of the profile ``test``.
        collection: The root of the collection.
        directory: The directory for the artifact.

    Returns:
        The path of the artifact.

    Raises:
        Failure: The importer reports an error or a warning.
    """
    environment.run("ansible-galaxy", "collection", "build", "--force", "--output-path", directory, collection)
    artifact = directory / f"patrol-workmail-{read_version(collection)}.tar.gz"
    importer = environment._replace(variables={**environment.variables, "GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "True"})
    # It always exits with 0, and writes its findings to standard error.
    output = importer.output("sh", "-c", f"python -m galaxy_importer.main {artifact.name} 2>&1", cwd=directory)
    print(output)
    if re.search(r"^(ERROR|WARNING)", output, re.MULTILINE):
        raise Failure("galaxy-importer reports the errors and warnings above")
    return artifact
