# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration of WorkMail with moto, which changes none of moto's files."""

from __future__ import annotations

import importlib
import re
import sys

from moto import backend_index

from . import organizations

_URL_PATTERN = re.compile(r"https?://workmail\.(.+)\.amazonaws\.com")


def register() -> None:
    """Add WorkMail to moto's services in this process, and replace the listings of AWS Organizations.

    It applies to ``mock_aws`` and to moto's server. A second call changes nothing.

    moto imports a service as ``moto.<service>`` and finds it by the URL patterns of its backend index.
    """
    sys.modules["moto.workmail"] = importlib.import_module("workmail_emulator.workmail")
    organizations.register()
    if ("workmail", _URL_PATTERN) not in backend_index.backend_url_patterns:
        backend_index.backend_url_patterns.append(("workmail", _URL_PATTERN))
