# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of WorkMail and the class that answers them, as moto looks for them."""

from __future__ import annotations

from .responses import WorkMailResponse

url_bases = [r"https?://workmail\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": WorkMailResponse.dispatch}
