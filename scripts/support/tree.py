# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collections trees: a copy of the checkout as a collection, with amazon.aws beside it.

A copy contains the files that git does not ignore, as they are now, and no others. Only differing files are written,
which does not disturb a run that uses the copy. It is a real directory, because ansible-test refuses a link, and a
repository of its own, because the tools honor ``.gitignore`` only in one.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from .environment import ROOT, Environment, download

# The files that the tools leave in a copy and use again.
_OUTPUTS = {".ansible", ".git", ".mypy_cache", ".ruff_cache", "__pycache__", "node_modules"}


def make_tree(environment: Environment, directory: Path) -> Path:
    """Make or refresh a collections tree.

    Args:
        environment: Its amazon.aws is linked into the tree.
        directory: The tree, for ``ANSIBLE_COLLECTIONS_PATH``.

    Returns:
        The directory of patrol.workmail in the tree.
    """
    collection = directory / "ansible_collections/patrol/workmail"
    _copy_checkout(ROOT, collection)
    link = directory / "ansible_collections/amazon"
    link.unlink(missing_ok=True)
    link.symlink_to(_site_packages(environment) / "ansible_collections/amazon")
    _git("-C", str(collection), "init", "--quiet")
    _git("-C", str(collection), "add", "--all")
    return collection


def take_collections(environment: Environment, community: Sequence[str]) -> None:
    """Unpack amazon.aws from the Ansible community package into an environment, which needs no collection server.

    community.general, which the role notify can use, is kept apart in ``community``.

    Args:
        environment: The environment to unpack it into.
        community: The release of the package, as arguments of pip.
    """
    downloads = environment.prefix / "downloads"
    download(environment, downloads, *community)
    apart = environment.prefix / "community"
    site = _site_packages(environment)
    shutil.rmtree(site / "ansible_collections/amazon", ignore_errors=True)
    shutil.rmtree(apart, ignore_errors=True)
    [wheel] = downloads.glob("ansible-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for target, folder in ((site, "amazon/aws"), (apart, "community/general")):
            prefix = f"ansible_collections/{folder}/"
            archive.extractall(target, [name for name in archive.namelist() if name.startswith(prefix)])
    shutil.rmtree(downloads)


def _site_packages(environment: Environment) -> Path:
    return Path(environment.output("python", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"))


def _git(*arguments: str) -> list[str]:
    output = subprocess.run(["git", "-c", "safe.directory=*", *arguments], check=True, capture_output=True).stdout
    return [name for name in os.fsdecode(output).split("\0") if name]


def _list_files(source: Path) -> set[str]:
    """List the files that git does not ignore, even if the checkout is an unpacked archive."""
    if (source / ".git").exists():
        return set(_git("-C", str(source), "ls-files", "-z", "--cached", "--others", "--exclude-standard"))
    with tempfile.TemporaryDirectory() as directory:
        _git("init", "--quiet", "--bare", directory)
        options = (f"--git-dir={directory}", "--work-tree=.")
        return set(_git("-C", str(source), *options, "ls-files", "-z", "--others", "--exclude-standard"))


def _is_same_file(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and os.readlink(one) == os.readlink(other)
    return other.is_file() and one.stat().st_mode == other.stat().st_mode and filecmp.cmp(one, other, shallow=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _prune(directory: Path, root: Path, wanted: set[str]) -> None:
    for path in sorted(directory.iterdir()):
        name = path.relative_to(root).as_posix()
        if path.name in _OUTPUTS or name == "tests/output":
            continue
        if path.is_dir() and not path.is_symlink():
            if not any(other.startswith(f"{name}/") for other in wanted):
                _remove(path)
            else:
                _prune(path, root, wanted)
        elif name not in wanted:
            _remove(path)


def _copy_checkout(source: Path, destination: Path) -> None:
    destination.mkdir(parents=True, exist_ok=True)
    wanted = {name for name in _list_files(source) if not name.endswith("/") and os.path.lexists(source / name)}
    _prune(destination, destination, wanted)
    for name in sorted(wanted):
        if _is_same_file(source / name, destination / name):
            continue
        if os.path.lexists(destination / name):
            _remove(destination / name)
        (destination / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, destination / name, follow_symlinks=False)
