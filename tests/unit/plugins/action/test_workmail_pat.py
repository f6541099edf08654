# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of ``workmail_pat`` in this process, up to the module that it cannot start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import action_loader, connection_loader
from ansible.template import Templar
from guarding import guards

from ansible_collections.patrol.workmail.plugins.plugin_utils._lookup import cache

NAME = "patrol.workmail.workmail_pat"
ARGUMENTS = {"state": "absent", "personal_access_token_ids": ["pat-1"], "organization": "acme"}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Runs the plugin on a host without a directory for its module, so that the module is not started."""
    (tmp_path / "file").write_text("")

    def call(**task: Any) -> Any:
        loader = DataLoader()
        context = PlayContext()
        connection = connection_loader.get("ansible.builtin.local", context)
        action = action_loader.get(
            NAME,
            task=Task.load({NAME: ARGUMENTS, **task}),
            connection=connection,
            play_context=context,
            loader=loader,
            templar=Templar(loader),
            shared_loader_obj=None,
        )
        action._connection._shell.set_options({"remote_tmp": str(tmp_path / "file" / "tmp")})
        return action.run(task_vars={"ansible_python_interpreter": "/usr/bin/python3"})

    return call


@pytest.fixture
def answers() -> Iterator[Path]:
    """The directory of this process with the answers of lookups, and one answer in it."""
    folder = cache._FOLDER
    folder.mkdir(exist_ok=True)
    (folder / "answer.json").write_text("[[], []]")
    yield folder
    cache._refusal_file(folder).unlink(missing_ok=True)
    (folder / "answer.json").unlink(missing_ok=True)


@guards("plugins/action/workmail_pat.py", "ongoing=bool(self._task.async_val)", "")
def test_lookups_keep_no_answer_while_the_module_runs_in_the_background(run: Callable[..., Any], answers: Path) -> None:
    with pytest.raises(AnsibleError):
        run()
    assert not (answers / "answer.json").exists() and not cache._refusal_file(answers).exists()
    with pytest.raises(AnsibleError):
        run(**{"async": 60, "poll": 0})
    assert cache._refusal_file(answers).exists()


@pytest.mark.parametrize("option", ["only_if", "as_of"])
def test_an_option_that_protects_is_not_null(run: Callable[..., Any], answers: Path, option: str) -> None:
    result = run(**{NAME: {**ARGUMENTS, option: None}})
    assert result["failed"] and str(result["msg"]).startswith(f"{option}: it has no value")
    assert (answers / "answer.json").exists()
