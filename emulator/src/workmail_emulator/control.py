# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's own HTTP interface, under /_workmail/."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

from .faults import Fault, Faults
from .log import RequestLog
from .reply import Reply, json_reply
from .request import Environ, read_body
from .seed import load, parse
from .workmail.behaviors import behave, chosen_behaviors

PREFIX = "/_workmail/"


class Control:
    """A handler of requests to set faults, choose behaviors, read the log, add seeds and reset."""

    def __init__(self, faults: Faults, log: RequestLog, reset: Callable[[], None]) -> None:
        self._faults = faults
        self._log = log
        self._reset = reset

    def answer(self, environ: Environ) -> Reply:
        """Answer a request to the control interface.

        Args:
            environ: The WSGI environment of the request.

        Returns:
            The reply: JSON with status 200, or an error with status 400 for an invalid body, 404 for an unknown path
            and 405 for another method.
        """
        name = environ["PATH_INFO"].removeprefix(PREFIX)
        actions = {
            "faults": {"GET": self._get_faults, "POST": self._add_fault, "DELETE": self._clear_faults},
            "behaviors": {"GET": self._get_behaviors, "POST": self._choose_behaviors},
            "requests": {"GET": self._get_requests, "DELETE": self._clear_requests},
            "seed": {"POST": self._add_seed},
            "reset": {"POST": self._reset_all},
        }.get(name)
        if actions is None:
            return json_reply(404, {"error": f"{PREFIX}{name} does not exist"})
        action = actions.get(environ["REQUEST_METHOD"])
        if action is None:
            return json_reply(405, {"error": f"{PREFIX}{name} takes {', '.join(actions)}"})
        try:
            return json_reply(200, action(read_body(environ).decode()))
        except ValueError as error:
            return json_reply(400, {"error": str(error)})

    def _get_faults(self, body: str) -> object:
        return {"faults": [fault.to_dict() for fault in self._faults]}

    def _add_fault(self, body: str) -> object:
        self._faults.add(Fault.from_dict(json.loads(body)))
        return {}

    def _clear_faults(self, body: str) -> object:
        self._faults.clear()
        return {}

    def _get_behaviors(self, body: str) -> object:
        return chosen_behaviors()

    def _choose_behaviors(self, body: str) -> object:
        behaviors = json.loads(body)
        if not isinstance(behaviors, dict):
            raise ValueError("behaviors are an object with a value for each name")
        behave(**behaviors)
        return {}

    def _get_requests(self, body: str) -> object:
        return {"requests": [asdict(entry) for entry in self._log], "peak_in_flight": self._log.peak_in_flight}

    def _clear_requests(self, body: str) -> object:
        self._log.clear()
        return {}

    def _add_seed(self, body: str) -> object:
        load(parse(body))
        return {}

    def _reset_all(self, body: str) -> object:
        self._reset()
        return {}
