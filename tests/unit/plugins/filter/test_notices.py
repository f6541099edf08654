# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter of notices: errors about its options."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.patrol.workmail.plugins.filter.workmail_pat_notices import workmail_pat_notices


def test_a_missing_template_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="^workmail_pat_notices: text_template: expected the text of a templ"):
        workmail_pat_notices([])
    with pytest.raises(AnsibleFilterError, match="html_template: expected the text of a template, got None$"):
        workmail_pat_notices([], text_template="x")
