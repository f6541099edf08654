# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show a plan of patrol.workmail.revoke: python demo/review.py PLAN"""

from __future__ import annotations

import json
import sys
from pathlib import Path

plan = json.loads(Path(sys.argv[1]).read_text())
print(f"Policy {plan['policy_digest']}, as of {plan['as_of']}, limits {plan['limits']}")
for entry in plan["tokens"]:
    print(f"{', '.join(entry['rule_ids'])} | {entry['message']}")
