# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A valid policy, of which tests change one part."""

from __future__ import annotations

from typing import Any

VALID: dict[str, Any] = {
    "version": 1,
    "fail_on": "medium",
    "rules": [
        {"id": "expired", "severity": "high", "when": {"expired": True}, "description": "Expired"},
        {"id": "stale", "severity": "low", "when": {"unused_for": "90d"}},
        {"id": "forever", "severity": "low", "when": {"has_expiry": False}},
    ],
    "exceptions": [
        {"rules": ["stale"], "match": {"name": ["backup"]}, "reason": "TICKET-1", "expires": "2026-12-31"},
    ],
}
