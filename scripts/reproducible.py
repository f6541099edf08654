# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the artifact SOURCE anew as DEST, so that it depends on its files and on TIME (seconds since the epoch) alone.

ansible-galaxy lists files as the file system has them, and the archive keeps their times and its own.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
import tarfile
from io import BytesIO
from pathlib import Path


def read(source: Path) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    """The members of an archive and their content, by name."""
    with tarfile.open(source) as archive:
        found = {}
        for member in archive.getmembers():
            if not (member.isfile() or member.isdir()):
                sys.exit(f"{source}: {member.name} is neither a file nor a directory")
            content = archive.extractfile(member)
            found[member.name] = (member, content.read() if content else b"")
    return found


def dumped(document: object) -> bytes:
    """JSON as ansible-galaxy writes it."""
    return json.dumps(document, indent=True).encode()


def main() -> None:
    source, dest, time = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    members = read(source)
    files = json.loads(members["FILES.json"][1])
    files["files"].sort(key=lambda entry: entry["name"])
    manifest = json.loads(members["MANIFEST.json"][1])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(dumped(files)).hexdigest()
    content = {"MANIFEST.json": dumped(manifest), "FILES.json": dumped(files)}
    names = [*content, *(entry["name"] for entry in files["files"] if entry["name"] != ".")]
    if sorted(names) != sorted(members):
        sys.exit(f"{source}: FILES.json does not list what the archive holds")
    with (
        dest.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=time) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for name in names:
            member, data = members[name][0], content.get(name, members[name][1])
            member.size, member.mtime, member.pax_headers = len(data), time, {}
            archive.addfile(member, BytesIO(data))


if __name__ == "__main__":
    main()
