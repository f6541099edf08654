# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test plugin in playbooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from workmail_emulator import Emulator

pytestmark = pytest.mark.ansible

RunTasks = Callable[..., dict[str, Any]]

INFO = "patrol.workmail.workmail_pat_info"


@pytest.mark.smoke
def test_the_test_plugin_judges_records(emulator: Emulator, run_tasks: RunTasks) -> None:
    def ids(chosen: str) -> str:
        chosen = chosen.format("patrol.workmail.workmail_pat_matching")
        return f"{{{{ tokens | {chosen} | map(attribute='personal_access_token_id') }}}}"

    results = run_tasks(
        [
            {INFO: {"organization": "acme", "owners": True, "as_of": "2026-02-02T00:00:00Z"}, "register": "facts"},
            {
                "ansible.builtin.set_fact": {
                    "expired": ids("select('{}', expired=true, as_of=facts.as_of)"),
                    "later": ids("select('{}', expired=true, as_of='2026-02-04T00:00:00Z')"),
                    "orphans": ids("reject('{}', owner_state='ENABLED')"),
                    "nested": ids("select('{}', nested)"),
                    "all": ids("select('{}')"),
                },
                "vars": {
                    "tokens": "{{ facts.personal_access_tokens }}",
                    "nested": {"not": {"any": [{"has_expiry": False}, {"owner": "ana"}]}},
                },
                "register": "judged",
            },
        ]
    )
    judged = results["judged"]["ansible_facts"]
    assert judged["expired"] == ["pat-1"]
    assert judged["later"] == ["pat-1", "pat-3"]
    assert judged["orphans"] == ["pat-3", "pat-4", "pat-5"]
    assert judged["nested"] == ["pat-3", "pat-5"]
    assert len(judged["all"]) == 5
