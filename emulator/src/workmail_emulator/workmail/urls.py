# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where moto finds WorkMail: the endpoints it has and what answers there."""

from __future__ import annotations

from .responses import WorkMailResponse

url_bases = [r"https?://workmail\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": WorkMailResponse.dispatch}
