# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""WorkMail's operations over AWS JSON 1.1, on moto's response machinery."""

from __future__ import annotations

import json
from typing import Any

from moto.core.utils import get_service_model

from ..shapes import reply_shape
from .authorization import JsonAuthorization
from .models import WorkMailBackend, workmail_backends
from .validation import validate

OPERATIONS = frozenset(
    {
        "ListOrganizations",
        "DescribeOrganization",
        "ListUsers",
        "DescribeUser",
        "ListPersonalAccessTokens",
        "GetPersonalAccessTokenMetadata",
        "DeletePersonalAccessToken",
        "DescribeIdentityProviderConfiguration",
        "PutIdentityProviderConfiguration",
        "DeleteIdentityProviderConfiguration",
    }
)

_CONTENT_TYPE = "application/x-amz-json-1.1"


class WorkMailResponse(JsonAuthorization):
    """Answers one request, with one method per WorkMail operation, in moto's naming."""

    def __init__(self) -> None:
        super().__init__(service_name="workmail")

    def setup_class(self, *args: Any, **kwargs: Any) -> None:
        """Read the request as moto does, with the body as bytes, because a body that is not UTF-8 is not an error of
        the server.

        Args:
            args, kwargs: The arguments of moto.
        """
        super().setup_class(*args, **{**kwargs, "use_raw_body": True})
        self.response_headers["Content-Type"] = _CONTENT_TYPE

    @property
    def backend(self) -> WorkMailBackend:
        """The backend of the account and the region of the request."""
        return workmail_backends[self.current_account][self.region]

    def call_action(self) -> Any:
        """Answer the operation. If moto would fail with HTML and status 500, the reply is a JSON error with status 400.

        Returns:
            The reply, in the form that moto expects.
        """
        operation = self._get_action()
        if operation not in OPERATIONS:
            return self._refusal("UnknownOperationException", f"The operation {operation} is not emulated.")
        if self.region not in workmail_backends[self.current_account]:
            return self._refusal("UnrecognizedClientException", f"Amazon WorkMail is not in region {self.region}.")
        try:
            self.parameters = json.loads(self.body or b"{}")
        except ValueError:
            return self._refusal("SerializationException", "The body of the request is not JSON.")
        return super().call_action()

    def _refusal(self, code: str, message: str) -> tuple[int, dict[str, str], str]:
        return 400, self.response_headers, json.dumps({"__type": code, "message": message})

    def _determine_resource(self) -> str:
        if self._get_action() == "ListOrganizations" or not isinstance(self.parameters, dict):
            return "*"
        return self.backend.organization_arn(self.parameters.get("OrganizationId", ""))

    def _validated(self) -> dict[str, Any]:
        """Return the parameters of the request, checked against the service model."""
        validate(self.parameters, get_service_model("workmail").operation_model(self._get_action()).input_shape)
        return {name: value for name, value in self.parameters.items() if value is not None}

    def _reply(self, document: dict[str, Any]) -> str:
        """Return the reply as JSON, with what the service model has for it, and without what is None.

        moto's own serializer takes ten times as long for a page, and cuts times to milliseconds, older ones to seconds.
        """
        shape = reply_shape("workmail", self._get_action())
        if shape.list_key is None:
            return json.dumps({name: value for name, value in document.items() if name in shape.members})
        items = [{n: v for n, v in item.items() if n in shape.members} for item in document[shape.list_key]]
        rest = {name: value for name, value in document.items() if value is not None}
        return json.dumps({**rest, shape.list_key: items})

    def list_organizations(self) -> str:
        """Answer ``ListOrganizations``.

        Returns:
            The body of the reply.
        """
        parameters = self._validated()
        organizations, next_token = self.backend.list_organizations(
            parameters.get("NextToken"), parameters.get("MaxResults")
        )
        return self._reply({"OrganizationSummaries": organizations, "NextToken": next_token})

    def describe_organization(self) -> str:
        """Answer ``DescribeOrganization``.

        Returns:
            The body of the reply.
        """
        organization_id = self._validated()["OrganizationId"]
        description = self.backend.organization(organization_id).description
        return self._reply({"ARN": self.backend.organization_arn(organization_id), **description})

    def list_users(self) -> str:
        """Answer ``ListUsers``.

        Returns:
            The body of the reply.
        """
        parameters = self._validated()
        users, next_token = self.backend.list_users(
            parameters["OrganizationId"],
            parameters.get("Filters"),
            parameters.get("NextToken"),
            parameters.get("MaxResults"),
        )
        return self._reply({"Users": users, "NextToken": next_token})

    def describe_user(self) -> str:
        """Answer ``DescribeUser``.

        Returns:
            The body of the reply.
        """
        parameters = self._validated()
        return self._reply(self.backend.describe_user(parameters["OrganizationId"], parameters["UserId"]))

    def list_personal_access_tokens(self) -> str:
        """Answer ``ListPersonalAccessTokens``.

        Returns:
            The body of the reply.
        """
        parameters = self._validated()
        tokens, next_token = self.backend.list_personal_access_tokens(
            parameters["OrganizationId"],
            parameters.get("UserId"),
            parameters.get("NextToken"),
            parameters.get("MaxResults"),
        )
        return self._reply({"PersonalAccessTokenSummaries": tokens, "NextToken": next_token})

    def get_personal_access_token_metadata(self) -> str:
        """Answer ``GetPersonalAccessTokenMetadata``.

        Returns:
            The body of the reply.
        """
        parameters = self._validated()
        return self._reply(
            self.backend.get_personal_access_token_metadata(
                parameters["OrganizationId"], parameters["PersonalAccessTokenId"]
            )
        )

    def delete_personal_access_token(self) -> str:
        """Answer ``DeletePersonalAccessToken``.

        Returns:
            The body of the reply.
        """
        parameters = self._validated()
        self.backend.delete_personal_access_token(parameters["OrganizationId"], parameters["PersonalAccessTokenId"])
        return "{}"

    def describe_identity_provider_configuration(self) -> str:
        """Answer ``DescribeIdentityProviderConfiguration``.

        Returns:
            The body of the reply.
        """
        organization_id = self._validated()["OrganizationId"]
        return self._reply(self.backend.describe_identity_provider_configuration(organization_id))

    def put_identity_provider_configuration(self) -> str:
        """Answer ``PutIdentityProviderConfiguration``.

        Returns:
            The body of the reply.
        """
        parameters = self._validated()
        organization_id = parameters.pop("OrganizationId")
        self.backend.put_identity_provider_configuration(organization_id, parameters)
        return "{}"

    def delete_identity_provider_configuration(self) -> str:
        """Answer ``DeleteIdentityProviderConfiguration``.

        Returns:
            The body of the reply.
        """
        self.backend.delete_identity_provider_configuration(self._validated()["OrganizationId"])
        return "{}"
