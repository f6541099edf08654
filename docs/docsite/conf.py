# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's configuration for the site. scripts/docs has antsibull-docs make the pages that it builds."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

to_record = "patrol.workmail"
copyright = "The patrol.workmail contributors"
html_title = "patrol.workmail: Amazon WorkMail personal access tokens in Ansible"
html_short_title = "patrol.workmail"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
default_role = "any"
nitpicky = True

html_theme = "sphinx_ansible_theme"
html_theme_options = {
    "topbar_links": {
        "Repository": "https://github.com/patrol-collections/workmail",
        "Issues": "https://github.com/patrol-collections/workmail/issues",
    }
}
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_copy_source = False
html_show_sphinx = False
html_show_sourcelink = False
html_use_index = False

# Ansible's own pages that ours refer to. To take the list from its site would make the build depend on the network.
ANSIBLE = "https://docs.ansible.com/projects/ansible/devel/"
LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
VARIABLES = (
    "ANSIBLE_CACHE_PLUGIN",
    "ANSIBLE_CACHE_PLUGIN_CONNECTION",
    "ANSIBLE_CACHE_PLUGIN_PREFIX",
    "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
)
INVENTORY = "ansible.inv"
intersphinx_mapping = {"ansible": (ANSIBLE, INVENTORY)}


def setup(app: Any) -> None:
    """Write the inventory of Ansible's pages beside the sources, where intersphinx looks for it."""
    entries = [f"{label} std:label -1 {page}#{label.replace('_', '-')} {label}\n" for label, page in LABELS.items()]
    entries += [f"{name} std:envvar 1 reference_appendices/config.html#envvar-$ -\n" for name in VARIABLES]
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n# The rest is compressed using zlib.\n"
    (Path(app.srcdir) / INVENTORY).write_bytes(head.encode() + zlib.compress("".join(entries).encode()))
