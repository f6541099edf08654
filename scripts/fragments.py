# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fail where the checkout in the working directory changes what users have, and has no changelog fragment for it.

What has changed is told from where the branch left origin/main. On main itself, what is not committed is told from the
last commit; where all is committed, what has changed is told from the last release.
"""

from __future__ import annotations

import subprocess
import sys

# What users have.
SEEN = ("extensions/", "galaxy.yml", "meta/", "playbooks/", "plugins/", "policies/", "requirements.txt", "roles/")
FRAGMENTS = "changelogs/fragments/"
# What a release changes, in the place of its fragments.
RELEASED = "changelogs/changelog.yaml"


def git(*arguments: str) -> str:
    """What git prints; nothing where it fails."""
    run = subprocess.run(["git", "-c", "safe.directory=*", *arguments], capture_output=True, text=True, check=False)
    return run.stdout.strip() if run.returncode == 0 else ""


def base() -> str:
    """The commit that changes are told from; without any, the tree that is empty."""
    head = git("rev-parse", "HEAD")
    fork = git("merge-base", "HEAD", "origin/main")
    if fork and fork != head:
        return fork
    if git("status", "--porcelain"):
        return head
    release = git("describe", "--tags", "--abbrev=0", "--match", "[0-9]*", "HEAD^")
    return release or git("hash-object", "-t", "tree", "/dev/null")


def main() -> None:
    if not git("rev-parse", "--verify", "HEAD"):
        print("There is no history here, so fragments were not looked for.")
        return
    since = base()
    untracked = git("ls-files", "-z", "--others", "--exclude-standard").split("\0")
    changed = [*git("diff", "--name-only", "-z", since).split("\0"), *untracked]
    # One that was taken away says nothing.
    told = [*git("diff", "--name-only", "--diff-filter=d", "-z", since).split("\0"), *untracked]
    seen = sorted(name for name in changed if name.startswith(SEEN))
    if not seen or any(
        name == RELEASED or (name.startswith(FRAGMENTS) and name.endswith((".yml", ".yaml"))) for name in told
    ):
        return
    print(f"Since {since[:12]}, what users have has changed, and there is no fragment for it in {FRAGMENTS}:")
    print("\n".join(f"  {name}" for name in seen))
    print("Add one, with the section trivial where no user would notice; CONTRIBUTING.md says how.")
    sys.exit(1)


if __name__ == "__main__":
    main()
