# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugins of the modules that revoke, in this process, up to the module that they cannot start."""

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

from ansible_collections.patrol.workmail.plugins.module_utils._revoke.starter import VARIABLE, starter_of_worker
from ansible_collections.patrol.workmail.plugins.plugin_utils._lookup import cache

NAME = "patrol.workmail.workmail_pat"
VARIABLES = {"ansible_python_interpreter": "/usr/bin/python3"}
ARGUMENTS = {"state": "absent", "personal_access_token_ids": ["pat-1"], "organization": "acme"}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Any]:
    """Makes the plugin for a host without a directory for its module, so the module does not start."""
    (tmp_path / "file").write_text("")

    def call(name: str, **task: Any) -> Any:
        loader = DataLoader()
        context = PlayContext()
        connection = connection_loader.get("ansible.builtin.local", context)
        action = action_loader.get(
            name,
            task=Task.load({name: ARGUMENTS, **task}),
            connection=connection,
            play_context=context,
            loader=loader,
            templar=Templar(loader),
            shared_loader_obj=None,
        )
        action._connection._shell.set_options({"remote_tmp": str(tmp_path / "file" / "tmp")})
        return action

    return call


@pytest.fixture
def run(make: Callable[..., Any]) -> Callable[..., Any]:
    """Runs the plugin of ``workmail_pat``."""
    return lambda **task: make(NAME, **task).run(task_vars=VARIABLES)


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


@pytest.mark.parametrize("name", [NAME, f"{NAME}_revoke"])
@guards("plugins/action/workmail_pat.py", "        describe_starter(self._task)\n", "")
@guards("plugins/action/workmail_pat_revoke.py", "        describe_starter(self._task)\n", "")
def test_the_module_receives_its_starter_unless_it_runs_in_the_background(
    make: Callable[..., Any], answers: Path, name: str
) -> None:
    for task, expected in (({}, [{VARIABLE: starter_of_worker()}]), ({"async": 60, "poll": 0}, [])):
        action = make(name, **task)
        with pytest.raises(AnsibleError):
            action.run(task_vars=VARIABLES)
        assert (action._task.environment or []) == expected


@pytest.mark.parametrize("option", ["only_if", "as_of"])
def test_an_option_that_protects_is_not_null(run: Callable[..., Any], answers: Path, option: str) -> None:
    result = run(**{NAME: {**ARGUMENTS, option: None}})
    assert result["failed"] and str(result["msg"]).startswith(f"{option}: it has no value")
    assert (answers / "answer.json").exists()
