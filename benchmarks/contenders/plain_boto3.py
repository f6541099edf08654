# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script that one would write with boto3 alone: every token of the named organizations, or of all, one by one."""

import datetime
import json
import sys

import boto3

client = boto3.client("workmail")
organizations = sys.argv[2:] or [
    organization["OrganizationId"]
    for page in client.get_paginator("list_organizations").paginate()
    for organization in page["OrganizationSummaries"]
]
tokens = []
for organization in organizations:
    for page in client.get_paginator("list_personal_access_tokens").paginate(OrganizationId=organization):
        tokens.extend(page["PersonalAccessTokenSummaries"])
if sys.argv[1] == "expired":
    now = datetime.datetime.now(datetime.UTC)
    tokens = [token for token in tokens if token.get("ExpiresTime") and token["ExpiresTime"] <= now]
json.dump(tokens, sys.stderr, default=str)
print(f"tokens={len(tokens)}")
