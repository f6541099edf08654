# shellcheck shell=bash
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# What becomes of a collection on its way to Galaxy. Source it after workmail_setup:
#
#   artifact_version DIR                 the version in its galaxy.yml
#   artifact_prepare DIR VERSION         give it this version, and make a release of its changelog fragments; DIR has to end
#                                        with ansible_collections/patrol/workmail
#   artifact_build DIR TIME WORK         build it in WORK as of TIME, and leave its path in ARTIFACT
#   artifact_check FILE                  check it as Galaxy does

artifact_version() { sed -nE 's/^version: *"?([^"]*)"?$/\1/p' "$1/galaxy.yml"; }

artifact_prepare() {  # DIR VERSION
  sed -i "s/^version: .*/version: $2/" "$1/galaxy.yml"
  sed -i "s/^COLLECTION_VERSION = .*/COLLECTION_VERSION = \"$2\"/" "$1/plugins/module_utils/_audit.py"
  (cd "$1" && antsibull-changelog release --version "$2" --date "$(date -u +%F)")
}

artifact_build() {  # DIR TIME WORK
  local name
  name=patrol-workmail-$(artifact_version "$1").tar.gz
  mkdir "$3/raw"
  ansible-galaxy collection build --output-path "$3/raw" "$1"
  python "$WORKMAIL_ROOT/scripts/reproducible.py" "$3/raw/$name" "$3/$name" "$2"
  export ARTIFACT=$3/$name
}

artifact_check() {  # FILE
  local directory
  directory=$(dirname "$1")
  (
    cd "$directory" || exit
    GALAXY_IMPORTER_CHECK_REQUIRED_TAGS=True python -m galaxy_importer.main "$(basename "$1")" 2>&1 | tee importer.txt
  )
  if grep -qE '^(ERROR|WARNING)' "$directory/importer.txt"; then  # it never fails by itself
    workmail_die "galaxy-importer found the errors and warnings above."
  fi
}
