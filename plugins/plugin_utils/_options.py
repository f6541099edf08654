# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Options of controller-side plugins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.patrol.workmail.plugins.module_utils._errors import OptionError, nearest


def reject_unknown_options(plugin: Any, given: Iterable[str]) -> None:
    """Refuse options that a plugin does not have; Ansible itself passes over them, and with them a misspelt filter.

    Args:
        plugin: The plugin, whose documentation says what it has.
        given: The names given directly.

    Raises:
        OptionError: Names the option and the nearest one.
    """
    known = {name for name in plugin.option_definitions if not name.startswith("_")}
    for definition in plugin.option_definitions.values():
        known.update(definition.get("aliases") or [])
    for name in given:
        if name not in known:
            near = nearest(name, known) or f", the options are {', '.join(sorted(known))}"
            raise OptionError(f"{name}: unknown option{near}")
