# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""An audit result as JSON, in the form of ``docs/audit.v1.schema.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...module_utils._audit.result import KEYS
from ...module_utils._domain.errors import OptionError


def render(audit: Mapping[str, Any]) -> str:
    """The audit result itself, without what Ansible adds to a result of a module.

    Returns:
        ASCII, so that no text of users can turn the direction of what follows it; a lone surrogate, which is no text,
        becomes U+FFFD.
    """
    try:
        text = json.dumps({key: audit[key] for key in KEYS}, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise OptionError("audit: it contains NaN or Infinity, which JSON does not have") from error
    valid = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return json.dumps(json.loads(valid), indent=2) + "\n"
