# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import boto3
from botocore.stub import Stubber

from ansible_collections.patrol.workmail.plugins.module_utils._workmail.progress import Progress

ORGANIZATION = "m-0123456789abcdef0123456789abcdef"


def test_progress_is_counted_and_shown_from_time_to_time() -> None:
    now, told = [100.0], []
    progress = Progress(told.append, lambda: now[0])
    client = boto3.client("workmail", "us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    progress.watch(client)
    with Stubber(client) as stubber:
        for _page in range(5):
            stubber.add_response("list_personal_access_tokens", {"PersonalAccessTokenSummaries": [{}, {}]})
        stubber.add_response("describe_organization", {"OrganizationId": ORGANIZATION})
        for _page in range(5):
            now[0] += 1.25
            client.list_personal_access_tokens(OrganizationId=ORGANIZATION)
        client.describe_organization(OrganizationId=ORGANIZATION)
    assert told == ["6 personal access tokens read in 3.8 s: 3 pages, 3 calls, 0 retries"]
    assert progress.as_result() == {"elapsed": 6.25, "pages": 5, "calls": 6, "retries": 0}


def test_progress_is_shown_while_a_call_is_repeated() -> None:
    now, told = [100.0], []
    client = boto3.client("workmail", "us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    Progress(told.append, lambda: now[0]).watch(client)
    model = client.meta.service_model.operation_model("ListUsers")
    client.meta.events.emit("before-parameter-build.workmail.ListUsers", params={}, model=model, context={})
    for _attempt in range(3):
        now[0] += 2.0
        client.meta.events.emit("before-send.workmail.ListUsers", request=None)
    assert told == ["0 personal access tokens read in 4.0 s: 0 pages, 1 calls, 1 retries"]


def test_progress_needs_no_display() -> None:
    assert Progress(None, lambda: 1.0).as_result() == {"elapsed": 0.0, "pages": 0, "calls": 0, "retries": 0}
