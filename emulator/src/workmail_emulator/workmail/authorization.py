# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The refusals of moto's IAM in the words of AWS JSON services."""

from __future__ import annotations

from moto.core.exceptions import AccessDeniedError, InvalidClientTokenIdError, JsonRESTError, SignatureDoesNotMatchError
from moto.core.responses import BaseResponse


class JsonAuthorization(BaseResponse):
    """Lets moto's IAM decide about a request, and refuses it as AWS JSON services do."""

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        try:
            super()._authenticate_and_authorize_normal_action(resource)
        except AccessDeniedError as error:
            action = f"{self.service_name}:{self._get_action()}"
            raise JsonRESTError(
                "AccessDeniedException",
                f"{error.message} on resource: {resource} because no identity-based policy allows the {action} action",
            ) from error
        except InvalidClientTokenIdError as error:
            raise JsonRESTError("UnrecognizedClientException", error.message) from error
        except SignatureDoesNotMatchError as error:
            raise JsonRESTError("InvalidSignatureException", error.message) from error
