# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from guarding import guards

from ansible_collections.patrol.workmail.plugins.module_utils._errors import OptionError
from ansible_collections.patrol.workmail.plugins.module_utils._module import TARGET_ARGUMENTS, reject_aliases

WARNINGS = ["Both option region and its alias aws_region are set.", "Something else"]


@guards("plugins/module_utils/_module.py", "        if both and both[1] in argument_spec:")
def test_an_option_and_its_alias_are_not_both_accepted() -> None:
    reject_aliases(TARGET_ARGUMENTS, WARNINGS)
    both = "Both option organizations and its alias organization are set."
    with pytest.raises(OptionError, match="^organizations, organization: are two names of one option; give one of"):
        reject_aliases(TARGET_ARGUMENTS, [*WARNINGS, both])
