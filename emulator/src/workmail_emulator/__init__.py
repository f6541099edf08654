# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon WorkMail for moto, with AWS accounts, AWS Organizations and faults on demand.

With ``mock_aws``, call ``register`` once. For an endpoint, use ``Emulator``, or the command ``workmail-emulator``.
"""

from __future__ import annotations

from .checks import SeedError
from .faults import Fault
from .registration import register
from .seed import load
from .server import Emulator

__all__ = ["Emulator", "Fault", "SeedError", "load", "register"]
