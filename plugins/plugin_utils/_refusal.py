# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""The refusal of a role to run with invalid variables, before any of its tasks changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..module_utils._domain.errors import OptionError


def refusal(action: Any, task_vars: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the reason why a role refuses to run, if any.

    A separate task for each check would make the log longer.

    Args:
        action: The action plugin.
        task_vars: The variables of the task. A role has the reason, if any, in ``__workmail_refused``.

    Returns:
        A failed result with the reason; an empty dict if nothing is refused.
    """
    reason = action._templar.template((task_vars or {}).get("__workmail_refused"))
    if not reason:
        return {}
    # Do not raise an OptionError, which shortens its text: a list of all variables of a role is longer.
    return {"failed": True, "msg": str(reason), "error_code": OptionError.error_code}
