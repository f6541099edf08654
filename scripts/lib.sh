# shellcheck shell=bash
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# The environment that the scripts beside this file share. Source it, then:
#
#   workmail_setup demo|test   make or refresh .venv: `demo` has Ansible, amazon.aws and the emulator, `test` adds every
#                              tool; says in one line each what takes time, and nothing where all is in place
#   workmail_setup_matrix NAME PYTHON COMMUNITY PACKAGE...
#                              after workmail_setup test: make or refresh .venv/matrix/NAME, with PYTHON such as 3.13, what
#                              requirements/matrix.txt lists, amazon.aws of COMMUNITY such as ansible==13.8.0, and PACKAGEs
#   workmail_requires_python PACKAGE    say what a release such as ansible-core==2.20.10 asks of Python
#   workmail_tree [DIR]        make or refresh a collections tree in DIR (default .venv/tree), with patrol.workmail as it
#                              is in the checkout and amazon.aws beside it, and have Ansible use it
#   workmail_chromium          have WORKMAIL_CHROMIUM name a Chromium that runs: the machine's own, or Debian's, which is
#                              unpacked into .venv without touching the system
#   workmail_site DIR          build the documentation of the last tree made as a site of HTML pages in DIR, without network;
#                              warnings are errors
#   workmail_say TEXT, workmail_die TEXT    a line for the person who runs the script, and one before giving up
#
# Afterwards PATH starts with the environment's bin, HOME is .venv/home, no variable of Ansible or AWS from outside is left, and
#   WORKMAIL_ROOT   the checkout          WORKMAIL_VENV         its .venv
#   WORKMAIL_LOGS   .venv/logs            WORKMAIL_COLLECTION   the copy of the checkout in the last tree made
#   WORKMAIL_PREFIX the virtual environment that was set up last: .venv, or one in .venv/matrix
# Nothing is written outside .venv, but for pip's own cache where there is one.

WORKMAIL_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
WORKMAIL_VENV=$WORKMAIL_ROOT/.venv
WORKMAIL_LOGS=$WORKMAIL_VENV/logs

workmail_say() { printf '%s\n' "$*" >&2; }

workmail_die() {
  printf 'Error: %s\n' "$*" >&2
  exit 1
}

# A name on PATH proves nothing: the shims of version managers are there for versions that are not. The interpreter that made .venv
# comes first, so that another PATH does not make .venv again.
_workmail_find_python() {
  local name
  for name in "$WORKMAIL_VENV/bin/python" python3 python3.13 python3.12 python3.11; do
    command -v "$name" >/dev/null || continue
    # The base interpreter, since a virtual environment may be active, and may be ours.
    if WORKMAIL_PYTHON=$("$name" - 2>/dev/null <<'PYTHON'
import os, sys
import ensurepip, venv
assert (3, 11) <= sys.version_info[:2] <= (3, 13)
print(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
PYTHON
    ); then
      return
    fi
  done
  workmail_die "Python 3.11, 3.12 or 3.13 with its venv module is needed, and none that works is on PATH."
}

_workmail_hash() {  # of words and of the content of files and directories among them
  "$WORKMAIL_PYTHON" - "$@" <<'PYTHON'
import hashlib, pathlib, sys
digest = hashlib.sha256()
for word in sys.argv[1:]:
    path = pathlib.Path(word)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    digest.update(word.encode() + b"\0")
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
print(digest.hexdigest())
PYTHON
}

_workmail_stamp() { cat "$WORKMAIL_PREFIX/stamps/$1" 2>/dev/null || true; }

_workmail_quietly() {  # MESSAGE COMMAND...
  local message=$1 log=$WORKMAIL_LOGS/setup.log
  shift
  workmail_say "$message"
  set +e  # and not a condition, inside which the shell would go on after errors
  (set -euo pipefail; "$@") >"$log" 2>&1
  local rc=$?
  set -e
  if [ "$rc" -ne 0 ]; then
    tail -n 30 "$log" >&2
    workmail_die "this did not work: ${message%...}. The whole output is in $log."
  fi
}

_workmail_pip_install() {
  python -m pip install --quiet --no-input --disable-pip-version-check "$@"
}

_workmail_pip_download() {  # DIRECTORY PACKAGE OPTIONS...
  rm -rf "$1"
  python -m pip download --quiet --no-input --disable-pip-version-check --no-deps --only-binary :all: --dest "$@"
}

_workmail_environment() {
  local name home=$WORKMAIL_VENV/home
  local pip_cache=${PIP_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pip}
  local pip_config=${XDG_CONFIG_HOME:-$HOME/.config}/pip

  for name in $(compgen -e | grep -E '^(ANSIBLE|AWS|BOTO|GALAXY_IMPORTER|HYPOTHESIS|MOTO|MYPY|PYTEST|REUSE|RUFF|XDG)_?'); do
    unset "$name"
  done
  unset PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX FORCE_COLOR PY_COLORS CDPATH
  unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX  # a hook that calls this has them
  export PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8 NO_COLOR=1

  # Tools keep caches in the home directory; give them one, with the user's package settings in it.
  mkdir -p "$home/.config" "$home/.cache" "$WORKMAIL_LOGS" "$WORKMAIL_VENV/pythons"
  _workmail_link "$pip_cache" "$home/.cache/pip"
  _workmail_link "$pip_config" "$home/.config/pip"
  _workmail_link "$HOME/.pip" "$home/.pip"
  _workmail_link "$HOME/.npmrc" "$home/.npmrc"
  _workmail_path
  WORKMAIL_USER_HOME=$HOME
  export HOME=$home PIP_CACHE_DIR=$home/.cache/pip

  : >"$WORKMAIL_VENV/ansible.cfg"  # without it, /etc/ansible/ansible.cfg would count
  export ANSIBLE_CONFIG=$WORKMAIL_VENV/ansible.cfg ANSIBLE_HOME=$WORKMAIL_VENV/ansible-home
  # Modules on localhost look for the home directory in the user database, whatever HOME is.
  export ANSIBLE_LOCAL_TEMP=$ANSIBLE_HOME/tmp ANSIBLE_REMOTE_TMP=$ANSIBLE_HOME/tmp ANSIBLE_ASYNC_DIR=$ANSIBLE_HOME/async
  export AWS_CONFIG_FILE=$home/no-aws-config AWS_SHARED_CREDENTIALS_FILE=$home/no-aws-credentials
  export AWS_EC2_METADATA_DISABLED=true
  export NO_PROXY=${NO_PROXY:+$NO_PROXY,}127.0.0.1,localhost
  export no_proxy=${no_proxy:+$no_proxy,}127.0.0.1,localhost
}

_workmail_link() {  # TARGET LINK
  [ ! -L "$2" ] || rm -f "$2"
  if [ -e "$1" ] && [ ! -e "$2" ]; then ln -s "$1" "$2"; fi
}

# Real interpreters only: ansible-test tries every python3.N that PATH shows, and gives up at a shim for none.
_workmail_path() {
  local version found directory outside=''
  local -a directories
  IFS=: read -ra directories <<<"$PATH"
  for directory in "${directories[@]}"; do
    case $directory in
      */shims | "$WORKMAIL_VENV"/*) ;;
      *) outside=$outside:$directory ;;
    esac
  done
  for version in 3.8 3.9 3.10 3.11 3.12 3.13; do
    for found in "$(PATH=${outside#:} command -v "python$version" || true)" \
      "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
      if [ -x "$found" ] && "$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        ln -sfn "$found" "$WORKMAIL_VENV/pythons/python$version"
        continue 2
      fi
    done
    rm -f "$WORKMAIL_VENV/pythons/python$version"
  done
  WORKMAIL_PATH=$WORKMAIL_VENV/pythons$outside
}

_workmail_make_venv() {  # PYTHON
  (cd "$WORKMAIL_PREFIX" && rm -rf bin include lib lib64 share pyvenv.cfg stamps home/.ansible)
  mkdir -p "$WORKMAIL_PREFIX/stamps"
  "$1" -m venv "$WORKMAIL_PREFIX"
}

# No collection server is needed: the community package holds amazon.aws, and community.general, which is kept apart because
# the collection works without it. Its release N goes with ansible-core 2.(N+7).
_workmail_take_collections() {  # [COMMUNITY]
  local core community=${1:-} downloads=$WORKMAIL_PREFIX/downloads
  core=$(python -c 'import ansible.release; print(ansible.release.__version__.split(".")[1])')
  _workmail_pip_download "$downloads" "${community:-ansible==$((core - 7)).*}"
  python - "$downloads"/ansible-*.whl "$WORKMAIL_PREFIX/community" <<'PYTHON'
import shutil, sys, sysconfig, zipfile
site, apart = sysconfig.get_paths()["purelib"], sys.argv[2]
shutil.rmtree(f"{site}/ansible_collections/amazon", ignore_errors=True)
shutil.rmtree(apart, ignore_errors=True)
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for target, folder in ((site, "amazon/aws"), (apart, "community/general")):
        wheel.extractall(target, [name for name in wheel.namelist() if name.startswith(f"ansible_collections/{folder}/")])
PYTHON
  rm -rf "$downloads"
}

# From a copy, because a build writes beside the sources.
_workmail_install_emulator() {
  local copy=$WORKMAIL_PREFIX/emulator
  rm -rf "$copy"
  mkdir -p "$copy"
  (cd "$WORKMAIL_ROOT/emulator" && tar -cf - --exclude=./tests --exclude=build --exclude='*.egg-info' .) | tar -xf - -C "$copy"
  _workmail_pip_install "$copy"
  rm -rf "$copy"
}

_workmail_lock() {
  WORKMAIL_LOCK=''
  mkdir -p "$WORKMAIL_VENV"
  command -v flock >/dev/null || return 0
  exec {WORKMAIL_LOCK}>"$WORKMAIL_VENV/lock"
  if ! flock --nonblock "$WORKMAIL_LOCK"; then
    workmail_say "Waiting for another run that is setting up .venv..."
    flock "$WORKMAIL_LOCK"
  fi
}

_workmail_unlock() { [ -z "$WORKMAIL_LOCK" ] || exec {WORKMAIL_LOCK}>&-; }

# Makes PREFIX what it is to be. PROFILE names a stamp that holds WANTED once its packages are there; where it holds anything
# else, all starts anew. COLLECTIONS stands for what decides which collections are taken.
_workmail_provide() {  # PREFIX PYTHON PROFILE WANTED COLLECTIONS COMMUNITY PIP_ARGS...
  local python=$2 profile=$3 wanted=$4 collections=$5 community=$6 name made installed emulator
  WORKMAIL_PREFIX=$1
  shift 6
  name=.venv${WORKMAIL_PREFIX#"$WORKMAIL_VENV"}
  export PATH=$WORKMAIL_PREFIX/bin:$WORKMAIL_PATH
  mkdir -p "$WORKMAIL_PREFIX"
  made=$(_workmail_hash "in $WORKMAIL_PREFIX" "$python" "$("$python" -V)")
  installed=$(_workmail_stamp "$profile")
  if [ "$(_workmail_stamp python)" != "$made" ] || ! "$WORKMAIL_PREFIX/bin/python" -c '' 2>/dev/null ||
    { [ -n "$installed" ] && [ "$installed" != "$wanted" ]; }; then
    _workmail_quietly "Making $name with $("$python" -V)..." _workmail_make_venv "$python"
    printf '%s\n' "$made" >"$WORKMAIL_PREFIX/stamps/python"
    installed=''
  fi
  hash -r
  if [ -z "$installed" ]; then
    _workmail_quietly "Installing the packages of requirements/$profile.txt (about a minute, once)..." _workmail_pip_install "$@"
    printf '%s\n' "$wanted" >"$WORKMAIL_PREFIX/stamps/$profile"
  fi
  if [ "$(_workmail_stamp collections)" != "$collections" ]; then
    _workmail_quietly "Taking amazon.aws and community.general from the Ansible community package..." \
      _workmail_take_collections "$community"
    printf '%s\n' "$collections" >"$WORKMAIL_PREFIX/stamps/collections"
  fi
  emulator=$(_workmail_hash "$WORKMAIL_ROOT/emulator/pyproject.toml" "$WORKMAIL_ROOT/emulator/src")
  if [ "$(_workmail_stamp emulator)" != "$emulator" ]; then
    _workmail_quietly "Installing the emulator..." _workmail_install_emulator
    printf '%s\n' "$emulator" >"$WORKMAIL_PREFIX/stamps/emulator"
  fi
}

workmail_setup() {  # demo|test
  local profile=$1 demo wanted
  local requirements=$WORKMAIL_ROOT/requirements

  [ "${BASH_VERSINFO[0]}" -ge 5 ] || workmail_die "bash 5 or newer is needed, and this is $BASH_VERSION."
  command -v git >/dev/null || workmail_die "git is needed, and is not on PATH."
  : "${HOME:=/nonexistent}"
  _workmail_find_python
  _workmail_lock
  _workmail_environment

  demo=$(_workmail_hash "$requirements/demo.txt" "$requirements/emulator.txt")
  wanted=$demo
  [ "$profile" = demo ] || wanted=$(_workmail_hash "$requirements"/{demo,emulator,matrix,test}.txt)
  _workmail_provide "$WORKMAIL_VENV" "$WORKMAIL_PYTHON" "$profile" "$wanted" "$demo" '' \
    --requirement "$requirements/$profile.txt"
  printf '%s\n' "$demo" >"$WORKMAIL_VENV/stamps/demo"
  _workmail_unlock
}

workmail_setup_matrix() {  # NAME PYTHON COMMUNITY PACKAGE...
  local name=$1 python=$2 community=$3 wanted
  local requirements=$WORKMAIL_ROOT/requirements
  shift 3
  python=$(readlink -f "$WORKMAIL_VENV/pythons/python$python")
  wanted=$(_workmail_hash "$requirements"/{emulator,matrix}.txt "$@")
  _workmail_lock
  _workmail_provide "$WORKMAIL_VENV/matrix/$name" "$python" matrix "$wanted" "$wanted $community" "$community" \
    --requirement "$requirements/matrix.txt" "$@"
  _workmail_unlock
}

_workmail_take_metadata() {  # PACKAGE FILE
  local downloads=$WORKMAIL_VENV/downloads
  _workmail_pip_download "$downloads" "$1" --ignore-requires-python
  python - "$downloads"/*.whl >"$2" <<'PYTHON'
import email, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    print(email.message_from_bytes(wheel.read(name))["Requires-Python"])
PYTHON
  rm -rf "$downloads"
}

workmail_requires_python() {  # PACKAGE
  local file=$WORKMAIL_VENV/stamps/$1
  if [ ! -s "$file" ]; then
    _workmail_quietly "Looking up which Python $1 needs..." _workmail_take_metadata "$1" "$file.new"
    mv "$file.new" "$file"
  fi
  cat "$file"
}

# With lists and a cache of its own, apt needs no root, and fetches what the system lacks.
_workmail_take_chromium() {
  local directory=$WORKMAIL_VENV/chromium package libraries
  local -a apt
  rm -rf "$directory"
  mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial" "$directory/root"
  apt=(apt-get --quiet -o "Dir::State::lists=$directory/lists" -o "Dir::Cache=$directory/cache"
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none)
  "${apt[@]}" update
  "${apt[@]}" install --yes --no-install-recommends --download-only chromium fonts-dejavu-core
  for package in "$directory"/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$directory/root"
  done
  rm -rf "$directory/lists" "$directory/cache"
  libraries=$(find "$directory/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)
  {
    printf '#!/bin/sh\n'
    printf 'export LD_LIBRARY_PATH=%q XDG_DATA_HOME=%q\n' "$libraries" "$directory/root/usr/share"
    [ -e /etc/fonts/fonts.conf ] || printf 'export FONTCONFIG_PATH=%q\n' "$directory/root/etc/fonts"
    printf 'exec %q "$@"\n' "$directory/root/usr/lib/chromium/chromium"
  } >"$directory/chromium"
  chmod +x "$directory/chromium"
  "$directory/chromium" --version
}

workmail_chromium() {
  local name
  export WORKMAIL_CHROMIUM=$WORKMAIL_VENV/chromium/chromium
  for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1; then
      WORKMAIL_CHROMIUM=$(command -v "$name")
      return
    fi
  done
  if ! "$WORKMAIL_CHROMIUM" --version >/dev/null 2>&1; then
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
      workmail_die "chromium is needed to look at the report in a browser, and is not on PATH."
    fi
    _workmail_quietly "Taking Debian's chromium into .venv (120 MB, once)..." _workmail_take_chromium
  fi
}

workmail_tree() {  # [DIR]
  local tree=${1:-$WORKMAIL_VENV/tree}
  WORKMAIL_COLLECTION=$tree/ansible_collections/patrol/workmail
  # A real directory: ansible-test refuses a link. And a repository of its own: each tool then honours .gitignore.
  HOME=$WORKMAIL_USER_HOME python "$WORKMAIL_ROOT/scripts/tree.py" "$WORKMAIL_ROOT" "$WORKMAIL_COLLECTION"
  ln -sfn "$(python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/ansible_collections/amazon" \
    "$tree/ansible_collections/amazon"
  git -C "$WORKMAIL_COLLECTION" init --quiet
  git -C "$WORKMAIL_COLLECTION" add --all
  export ANSIBLE_COLLECTIONS_PATH=$tree
}

workmail_site() {  # DIR
  local site=$1 sources
  sources=$(mktemp -d "$WORKMAIL_VENV/site-sources.XXXXXX")
  # shellcheck disable=SC2064  # the directory of now
  trap "rm -rf '$sources'" EXIT
  antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --cleanup everything \
    --dest-dir "$sources" patrol.workmail
  sed -i 's/^Patrol\.Workmail$/patrol.workmail/' "$sources/index.rst"
  # It takes the pages only, and not their pictures.
  find "$WORKMAIL_COLLECTION/docs/docsite/rst" -type f ! -name '*.rst' -exec cp -t "$sources/docsite" {} +
  rm -rf "$site"
  sphinx-build -b html -c "$WORKMAIL_COLLECTION/docs/docsite" -d "$sources/.doctrees" -W --keep-going -q "$sources" "$site"
}
