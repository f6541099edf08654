# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that fail in a playbook: the output, the log and the reports contain no secret."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from broken_credentials import CODES, MARK, ROLE, SECRET_ENVIRONMENT, break_provider, check_message
from report_files import FILES
from workmail_emulator import Emulator

from ansible_collections.patrol.workmail.plugins.module_utils._workmail.credentials import PROVIDERS

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

INFO = "patrol.workmail.workmail_pat_info"
# Each of these is refused before any call, and shown by Ansible with its arguments.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "endpoint": ({INFO: {"endpoint_url": f"http://user:{MARK}@host"}}, "endpoint_url: the URL contains a user name"),
    "proxy": (
        {INFO: {"endpoint_url": "nonsense", "aws_config": {"proxies": {"https": f"http://user:{MARK}@proxy"}}}},
        "endpoint_url: 'nonsense' is not a URL",
    ),
    "audit": (
        {
            "ansible.builtin.include_role": {"name": "patrol.workmail.audit"},
            "vars": {"audit_connect_timeout": 601, "audit_on_error": "fail"},
        },
        "connect_timeout: 601 is out of range; expected 1 to 600",
    ),
    "revoke": (
        {
            "ansible.builtin.include_role": {"name": "patrol.workmail.revoke"},
            "vars": {"revoke_read_timeout": 601, "revoke_policy": "default"},
        },
        "read_timeout: 601 is out of range; expected 1 to 600",
    ),
}


def test_no_failing_provider_shows_a_secret_in_a_playbook(
    emulator: Emulator,
    environment: dict[str, str],
    ansible_playbook: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    refusing: str,
) -> None:
    """The module and the role audit with everything that Ansible shows and logs."""
    cases = {provider: break_provider(provider, tmp_path / provider, refusing) for provider in PROVIDERS}
    role = {"assume_role_arn": ROLE, "assume_role_external_id": f"{MARK}-external"}
    kept = {f"{kind} {provider}" for kind in ("module", "role") for provider in PROVIDERS} | REFUSED.keys()
    variables_of = {name: re.sub(r"\W", "_", name) for name in kept}
    tasks: list[dict[str, Any]] = []
    for provider, (variables, _named) in cases.items():
        given: dict[str, Any] = {f"audit_{name}": value for name, value in role.items()}
        if provider == "env":
            given |= {"audit_report_dir": str(tmp_path / "reports"), "audit_report_formats": list(FILES)}
        include = {"name": "patrol.workmail.audit", "apply": {"environment": variables}}
        failed = {variables_of[f"role {provider}"]: "{{ audit_result }}"}
        tasks += [
            {
                INFO: role,
                "environment": variables,
                "register": variables_of[f"module {provider}"],
                "ignore_errors": True,
            },
            {
                "block": [{"ansible.builtin.include_role": include, "vars": given}],
                "rescue": [{"ansible.builtin.set_fact": failed}],
            },
        ]
    for name, (task, _message) in REFUSED.items():
        failed = {variables_of[name]: "{{ ansible_failed_result }}"}
        tasks.append({"block": [task], "rescue": [{"ansible.builtin.set_fact": failed}]})
    results_of = ", ".join(f"'{name}': {variable}" for name, variable in variables_of.items())
    keep = {"content": f"{{{{ {{{results_of}}} | to_json }}}}", "dest": str(tmp_path / "results.json"), "mode": "0600"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [*tasks, {"ansible.builtin.copy": keep}],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    del environment["AWS_ACCESS_KEY_ID"]
    secret = {**SECRET_ENVIRONMENT, "ANSIBLE_LOG_PATH": str(tmp_path / "logs" / "ansible.log")}
    (tmp_path / "logs").mkdir()
    run = ansible_playbook(str(tmp_path / "play.yml"), "-vvvv", env=secret)
    assert run.returncode == 0, run.stdout + run.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    for provider, (_variables, named) in cases.items():
        module, audit = results[f"module {provider}"], results[f"role {provider}"]
        assert (module["error_code"], module["operation"]) == (CODES[provider], None)
        check_message(module["msg"], provider, named)
        assert audit["outcome"] == "incomplete"
        assert [error["error_code"] for error in audit["errors"]] == [CODES[provider]]
        check_message(audit["errors"][0]["msg"], provider, named)
    for name, (_task, message) in REFUSED.items():
        assert message in results[name]["msg"]
    inputs = (tmp_path, *(tmp_path / provider for provider in PROVIDERS))
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent not in inputs]
    written.append(tmp_path / "results.json")
    assert {path.suffix for path in written} >= {".json", ".csv", ".xml", ".sarif", ".md", ".html", ".txt", ".log"}
    texts = [run.stdout, run.stderr, *(path.read_text(errors="replace") for path in written)]
    assert not any(MARK in text for text in texts)
    assert "Traceback" not in run.stdout + run.stderr
