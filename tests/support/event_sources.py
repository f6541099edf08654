# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source as ansible-rulebook loads it, and a queue that keeps its events."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2] / "extensions/eda/plugins/event_source/workmail_pat.py"


def load_by_path() -> dict[str, Any]:
    """Load the file as ansible-rulebook does: outside of any package.

    Returns:
        The definitions of the file by name.
    """
    spec = importlib.util.spec_from_file_location("workmail_pat", SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


class Events(list[dict[str, Any]]):
    """A queue that keeps its events."""

    async def put(self, event: dict[str, Any]) -> None:
        """Keep an event."""
        self.append(event)

    def kinds(self) -> list[tuple[str, str | None]]:
        """Return the kind and the token of each event."""
        return [
            (event["kind"], event.get("personal_access_token", {}).get("personal_access_token_id")) for event in self
        ]
