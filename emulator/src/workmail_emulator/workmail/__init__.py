# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon WorkMail as a moto service, in moto's own layout."""

from __future__ import annotations

from .models import workmail_backends

__all__ = ["workmail_backends"]
