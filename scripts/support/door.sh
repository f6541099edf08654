# shellcheck shell=bash
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Finds a Python and runs a module of scripts/support with it: door PROGRAM [ARGS...]
# The interpreter that .venv was made with comes first, then the newest. A name on PATH proves nothing: version managers put
# shims there for versions that are not installed.
door() {
  local root name check='import ensurepip, sys, venv; assert (3, 11) <= sys.version_info[:2] <= (3, 15)'
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
  for name in "$root/.venv/bin/python" python3.15 python3.14 python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c "$check" 2>/dev/null; then
      cd "$root" || exit
      PYTHONPATH='' PYTHONDONTWRITEBYTECODE=1 exec "$name" -m "scripts.support.$1" "${@:2}"
    fi
  done
  echo 'Error: Python 3.11 to 3.15 with its venv module is needed, and none that works is on PATH.' >&2
  exit 1
}
