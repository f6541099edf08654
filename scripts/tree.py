# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make DEST hold the files of the checkout SOURCE that git does not ignore, as they are now, and no others.

Only what differs is written, so that a run which is using DEST is not disturbed.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# What the tools leave behind in DEST, and would have to make anew each time.
OUTPUTS = {".ansible", ".git", ".mypy_cache", ".ruff_cache", "__pycache__", "node_modules"}


def git(*arguments: str) -> list[str]:
    output = subprocess.run(["git", "-c", "safe.directory=*", *arguments], check=True, capture_output=True).stdout
    return [name for name in os.fsdecode(output).split("\0") if name]


def listed(source: Path) -> set[str]:
    """Return the files that are not ignored, as git sees them, also where the checkout is an unpacked archive."""
    if (source / ".git").exists():
        return set(git("-C", str(source), "ls-files", "-z", "--cached", "--others", "--exclude-standard"))
    with tempfile.TemporaryDirectory() as directory:
        git("init", "--quiet", "--bare", directory)
        options = (f"--git-dir={directory}", "--work-tree=.")
        return set(git("-C", str(source), *options, "ls-files", "-z", "--others", "--exclude-standard"))


def same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and os.readlink(one) == os.readlink(other)
    return other.is_file() and one.stat().st_mode == other.stat().st_mode and filecmp.cmp(one, other, shallow=False)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def prune(directory: Path, root: Path, wanted: set[str]) -> None:
    for path in sorted(directory.iterdir()):
        name = path.relative_to(root).as_posix()
        if path.name in OUTPUTS or name == "tests/output":
            continue
        if path.is_dir() and not path.is_symlink():
            if not any(other.startswith(f"{name}/") for other in wanted):
                remove(path)
            else:
                prune(path, root, wanted)
        elif name not in wanted:
            remove(path)


def main() -> None:
    source, dest = Path(sys.argv[1]), Path(sys.argv[2])
    dest.mkdir(parents=True, exist_ok=True)
    wanted = {name for name in listed(source) if not name.endswith("/") and os.path.lexists(source / name)}
    prune(dest, dest, wanted)
    for name in sorted(wanted):
        if same(source / name, dest / name):
            continue
        if os.path.lexists(dest / name):
            remove(dest / name)
        (dest / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, dest / name, follow_symlinks=False)


if __name__ == "__main__":
    main()
