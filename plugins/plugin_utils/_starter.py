# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection and may change without notice.

"""Information for a module about the run of Ansible that started it."""

from __future__ import annotations

from typing import Any

from ..module_utils._revoke.starter import VARIABLE, starter_of_worker


def describe_starter(task: Any) -> None:
    """Set the environment variable by which a module detects that the run of Ansible that started it has ended.

    Args:
        task: The task of the module. If it is asynchronous, it may outlive the run, and nothing is set.
    """
    described = starter_of_worker()
    if described is not None and not task.async_val:
        task.environment = [*(task.environment or []), {VARIABLE: described}]
