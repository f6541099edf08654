# Copyright (c) The patrol.workmail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.patrol.workmail.plugins.module_utils._conditions import parse_conditions
from ansible_collections.patrol.workmail.plugins.module_utils._errors import OptionError, PatrolError
from ansible_collections.patrol.workmail.plugins.module_utils._time import current_instant, resolve_as_of
from ansible_collections.patrol.workmail.plugins.module_utils._tokens import token_from_record


def workmail_pat_matching(token, conditions=None, *, as_of=None, **named):
    """Whether a token's record meets conditions; see the documentation of the test."""
    try:
        if conditions is not None and named:
            raise OptionError("conditions: give one dict or keyword arguments, not both")
        ready = parse_conditions(named if conditions is None else conditions, "conditions")
        instant = resolve_as_of(as_of, current_instant())
        return ready.matches(token_from_record(token), instant)
    except PatrolError as error:
        raise AnsibleFilterError(f"workmail_pat_matching: {error}") from error


class TestModule:
    """The tests on personal access tokens."""

    def tests(self):
        """Tests by name."""
        return {"workmail_pat_matching": workmail_pat_matching}
